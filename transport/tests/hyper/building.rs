//! What a transport cannot be built of.

use replykit_transport::{HyperTransport, Outcome, TransportErrorKind as Kind};

use crate::support::{assert_passed, is_alone, run_alone};

fn assert_refused(built: Result<HyperTransport, replykit_transport::TransportError>, hint: &str) {
    let error = built.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Invalid, Outcome::NotSent));
    assert!(error.to_string().contains(hint), "{error}");
}

#[test]
fn a_damaged_certificate_or_user_agent_is_refused() {
    for pem in
        ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let builder = HyperTransport::builder().no_proxy().root_certificate_pem(pem);
        assert_refused(builder.build(), "root certificate");
    }
    let builder = HyperTransport::builder().no_proxy().user_agent("a\nb");
    assert_refused(builder.build(), "user agent");
}

/// A process has one environment, so this runs in one of its own.
#[test]
fn a_proxy_in_the_environment_is_refused_unless_no_proxy_is_wanted() {
    if is_alone() {
        assert_refused(HyperTransport::new(), "no_proxy()");
        let proxy = "http://proxy.example:3128".parse().unwrap();
        HyperTransport::builder().proxy(proxy).build().unwrap();
        HyperTransport::builder().no_proxy().build().unwrap();
        HyperTransport::builder().loopback_only().build().unwrap();
        return;
    }
    let name = "building::a_proxy_in_the_environment_is_refused_unless_no_proxy_is_wanted";
    for variable in ["HTTPS_PROXY", "all_proxy"] {
        assert_passed(&run_alone(name, &[(variable, "http://proxy.example:3128")]));
    }
}
