//! The table of what is assumed tells the truth.

use lead_reply::WireFormat;

const README: &str = include_str!("../../README.md");

#[test]
fn every_piece_of_the_wire_format_is_in_the_table_with_what_is_assumed() {
    let wire = serde_json::to_value(WireFormat::default()).unwrap();
    for (piece, _) in wire.as_object().unwrap() {
        let rows = README.lines().filter(|line| line.contains(&format!("| `{piece}`")));
        assert_eq!(rows.count(), 1, "{piece}");
    }
    assert!(README.contains("curl -i -X POST \"$SOURCE_URL\""));
}
