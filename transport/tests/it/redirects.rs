//! No redirect is followed: header and body carry the secrets.

use replykit_transport::{HttpTransport, Outcome};

use crate::support::{Server, Untouched, patient, secret_request, transport};

#[tokio::test]
async fn h20_a_redirect_is_returned_and_its_target_gets_no_byte() {
    let target = Untouched::new();
    for (status, outcome) in [
        (301, Outcome::Unknown),
        (302, Outcome::Unknown),
        (303, Outcome::Unknown),
        (307, Outcome::Rejected),
        (308, Outcome::Rejected),
    ] {
        let elsewhere = format!("{}/elsewhere", target.url());
        let server = Server::answering(format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let answer = transport().send(secret_request(&server.url()), &patient()).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["location"], elsewhere);
        assert_eq!(Outcome::of_status(answer.status()), outcome, "{status}");
        target.assert_untouched();
    }
}

#[tokio::test]
async fn h20_a_redirect_within_the_same_server_is_not_followed_either() {
    let server =
        Server::answering("HTTP/1.1 307 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
            .await;
    let answer = transport().send(secret_request(&server.url()), &patient()).await.unwrap();
    assert_eq!(answer.status(), 307);
    assert_eq!(server.requests().len(), 1);
}
