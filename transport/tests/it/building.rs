//! Settings that cannot be used.

use replykit_transport::{Outcome, Phase, TransportErrorKind as Kind};

use crate::{
    Builder, Transport,
    support::{assert_passed, assert_silent, facts, is_alone, run_alone},
};

fn assert_refused(builder: Builder, hint: &str) {
    let error = builder.build().unwrap_err();
    assert_silent(&error);
    assert_eq!(facts(&error), (Phase::Prepare, Kind::Invalid, Outcome::NotSent));
    assert!(error.to_string().contains(hint), "{error}");
}

#[test]
fn a_root_certificate_that_is_no_pem_is_an_error() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for pem in ["", "no certificate", &key] {
        let builder = Transport::builder().root_certificate_pem(pem);
        assert_refused(builder, "-----BEGIN CERTIFICATE-----");
    }
}

#[test]
fn a_root_certificate_that_is_damaged_is_an_error() {
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_refused(Transport::builder().root_certificate_pem(pem), "root certificate");
}

#[test]
fn a_user_agent_that_no_header_can_carry_is_an_error() {
    for name in ["a\r\nx-evil: 1", "nul\0", "a\u{7f}"] {
        assert_refused(Transport::builder().user_agent(name), "user agent");
    }
}

#[test]
fn a_machine_without_root_certificates_is_an_error_and_no_panic() {
    if is_alone() {
        assert!(Transport::builder().loopback_only().build().is_ok(), "needs none");
        return assert_refused(Transport::builder().no_proxy(), "ca-certificates");
    }
    assert_passed(&run_alone(
        "building::a_machine_without_root_certificates_is_an_error_and_no_panic",
        &[("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")],
    ));
}
