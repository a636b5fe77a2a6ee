use super::*;

#[test]
fn h08_the_beginning_of_an_answer_names_a_message_once_the_name_is_complete() {
    let mid = |part: &str| mid_in_part("SendWhatsAppTemplate", part.as_bytes());
    let end = RECEIPT.find("6462d3d8c8b0b08fddc34ca8\"").unwrap() + 25;
    for cut in 0..=RECEIPT.len() {
        let named = mid(RECEIPT.get(..cut).unwrap());
        let whole = named.as_ref().is_some_and(|mid| mid.as_str() == "6462d3d8c8b0b08fddc34ca8");
        assert_eq!((named.is_some(), whole), (cut >= end, cut >= end), "{cut}");
    }
    assert_eq!(mid(r#"{"mid":64"#), None, "digits may be missing");
    assert_eq!(mid(r#"{"cmd":"SendSMSMessage","mid":"6462""#), None, "another command's");
    assert!(mid("{\"mid\":\"6462\",\"error\":\"caf\u{e9}").is_some());
    assert!(mid_in_part("SendSMSMessage", b"{\"mid\":\"6462\",\"error\":\"\xe9\xa9").is_some());
}

#[test]
fn h10_what_is_not_one_json_object_is_unknown() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let truncated = RECEIPT.strip_suffix('}').unwrap();
    for reply in [
        "<html><body>It works</body></html>",
        "",
        "\u{feff}",
        "OK",
        "null",
        "1",
        "[]",
        truncated,
        &deep,
        &format!(r#"{{"ok":{deep}}}"#),
        &format!(r#"{{"ok":0,"errorCode":1005,"error":{deep}}}"#),
    ] {
        let error = failure(reply);
        assert_eq!(problem(&error), &ProtocolProblem::NotJson, "{reply}");
        assert_eq!(evidence(&error), None, "{reply}");
    }
    assert_eq!(problem(&failure([0xff, 0x00, 0x7b])), &ProtocolProblem::NotJson);
}

#[test]
fn h10_trailing_bytes_keep_the_mid_of_the_envelope_before_them() {
    for tail in ["<!-- cached -->", "{}", "0", "\0"] {
        let error = failure(format!("{RECEIPT}{tail}"));
        assert_eq!(problem(&error), &ProtocolProblem::NotJson, "{tail}");
        assert_eq!(evidence(&error), Some("6462d3d8c8b0b08fddc34ca8"), "{tail}");
    }
    assert_eq!(evidence(&failure(r#"{"ok":1,"mid":""} x"#)), None);
}

#[test]
fn h10_depth_in_a_field_that_nobody_reads_is_harmless() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let reply = format!(r#"{{"ok":1,"mid":"6462","new":{deep}}}"#);
    let receipt = decode::<SendWhatsAppTemplate>(reply).unwrap();
    assert_eq!(receipt.extra.get("new"), None, "too deep to be a value");
    assert!(encode_reply::<SendWhatsAppTemplate>(&receipt).contains(&deep));
}

#[test]
fn h11_a_byte_order_mark_or_blanks_around_the_envelope_are_accepted() {
    for (before, after) in [("\u{feff}", ""), (" \r\n", "\n"), ("\u{feff}\n", " ")] {
        let receipt = decode::<SendWhatsAppTemplate>(format!("{before}{RECEIPT}{after}")).unwrap();
        assert_eq!(receipt.mid.as_str(), "6462d3d8c8b0b08fddc34ca8");
        assert!(decode::<GetUser>(format!("{before}{USER}{after}")).is_ok());
        assert!(decode_callback(format!("{before}{CALLBACK}{after}").as_bytes()).is_ok());
    }
}

#[test]
fn h13_every_spelling_of_ok_is_read() {
    for yes in ["1", "\"1\"", "true", "\"true\"", "1.0", "1e0"] {
        let reply = format!(r#"{{"ok":{yes},"mid":"6462"}}"#);
        let receipt = decode::<SendWhatsAppTemplate>(&reply);
        assert_eq!(receipt.unwrap(), MessageReceipt::new("6462"), "{yes}");
    }
    for no in ["0", "\"0\"", "false", "\"false\"", "0.0", "-0.0"] {
        let error = failure(format!(r#"{{"ok":{no},"errorCode":2008}}"#));
        assert_eq!(error.code(), Some(ErrorCode::TokenRateLimit), "{no}");
    }
}

#[test]
fn h14_an_ok_that_is_neither_yes_nor_no_is_unknown() {
    for ok in ["null", "2", "-1", "0.5", "[]", "{}", "\"\"", "\"yes\"", "[1]"] {
        let error = failure(format!(r#"{{"ok":{ok},"mid":"6462"}}"#));
        assert_eq!(problem(&error), &ProtocolProblem::BadOk, "{ok}");
        assert_eq!(evidence(&error), Some("6462"), "{ok}");
    }
    for reply in [
        r#"{"mid":"6462"}"#,
        r#"{"ok":1,"mid":"6462","ok":0}"#,
        r#"{"ok":0,"errorCode":1005,"ok":true}"#,
        r#"{"ok":null,"ok":1,"mid":"6462"}"#,
        r#"{"OK":1,"mid":"6462"}"#,
    ] {
        assert_eq!(problem(&failure(reply)), &ProtocolProblem::BadOk, "{reply}");
    }
    assert!(decode::<SendWhatsAppTemplate>(r#"{"ok":1,"ok":"1","mid":"6462"}"#).is_ok());
}

#[test]
fn h15_an_error_code_comes_in_any_spelling() {
    for (code, expected, outcome) in [
        ("2008", Some(ErrorCode::TokenRateLimit), Outcome::Rejected),
        ("\"2008\"", Some(ErrorCode::TokenRateLimit), Outcome::Rejected),
        ("2008.0", Some(ErrorCode::TokenRateLimit), Outcome::Rejected),
        ("2003", Some(ErrorCode::Timeout), Outcome::Unknown),
        ("4711", Some(ErrorCode::Other(4711)), Outcome::Unknown),
        ("null", None, Outcome::Unknown),
        ("\"\"", None, Outcome::Unknown),
        ("\"E2008\"", None, Outcome::Unknown),
        ("2008.5", None, Outcome::Unknown),
        ("{}", None, Outcome::Unknown),
        ("1e300", None, Outcome::Unknown),
    ] {
        let error = failure(format!(r#"{{"ok":0,"error":"why","errorCode":{code}}}"#));
        assert_eq!(api(&error).code, expected, "{code}");
        assert_eq!(error.outcome(), outcome, "{code}");
    }
    let error = failure(r#"{"ok":0}"#);
    assert_eq!((api(&error).code, error.outcome()), (None, Outcome::Unknown));
}

#[test]
fn h22_the_reply_to_another_command_is_not_the_answer() {
    for reply in [
        USER,
        UNKNOWN_USER,
        r#"{"ok":1,"cmd":"SendSMSMessage","mid":"6462"}"#,
        r#"{"ok":1,"cmd":"sendwhatsapptemplate","mid":"6462"}"#,
        r#"{"ok":1,"cmd":"onUserDelete","uid":"73-tel-615940546"}"#,
    ] {
        let error = failure(reply);
        assert_eq!(problem(&error), &ProtocolProblem::Mismatch, "{reply}");
        assert_eq!(evidence(&error), None, "the message is another command's: {reply}");
    }
}
