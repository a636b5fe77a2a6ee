//! What the server sees of a request.

use replykit_transport::{Body, HttpTransport};

use crate::{
    Transport,
    support::{OK, Server, header, patient, transport},
};

#[tokio::test]
async fn a_request_arrives_as_it_was_given() {
    let server = Server::answering(OK).await;
    let request = http::Request::put(format!("{}/a%2Fb/c?x=1&y=%20", server.url()))
        .header("X-Secret-Key", "k")
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .body(Body::from("body"))
        .unwrap();
    transport().send(request, &patient()).await.unwrap();
    let seen = &server.requests()[0];
    assert!(seen.starts_with("PUT /a%2Fb/c?x=1&y=%20 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\nbody"), "{seen}");
    assert_eq!(header(seen, "x-secret-key"), ["k"]);
    assert_eq!(header(seen, "x-twice"), ["1", "2"]);
    assert_eq!(header(seen, "content-length"), ["4"]);
}

#[tokio::test]
async fn a_request_without_a_body_announces_none() {
    let server = Server::answering(OK).await;
    let request = http::Request::get(server.url()).body(Body::empty()).unwrap();
    transport().send(request, &patient()).await.unwrap();
    let seen = &server.requests()[0];
    assert!(header(seen, "content-length").is_empty(), "{seen}");
    assert!(header(seen, "transfer-encoding").is_empty(), "{seen}");
}

#[tokio::test]
async fn h09_identity_is_the_one_encoding_that_is_asked_for() {
    let server = Server::answering(OK).await;
    let request = http::Request::get(server.url())
        .header("Accept-Encoding", "gzip")
        .header("Accept-Encoding", "br")
        .body(Body::empty())
        .unwrap();
    transport().send(request, &patient()).await.unwrap();
    let request = http::Request::get(server.url()).body(Body::empty()).unwrap();
    transport().send(request, &patient()).await.unwrap();
    for seen in server.requests() {
        assert_eq!(header(&seen, "accept-encoding"), ["identity"], "{seen}");
    }
}

#[tokio::test]
async fn the_user_agent_is_the_default_or_the_set_one_or_that_of_the_request() {
    let server = Server::answering(OK).await;
    let get = || http::Request::get(server.url());
    let named = Transport::builder().no_proxy().user_agent("shop/2").build().unwrap();
    let own = get().header("User-Agent", "mine").body(Body::empty()).unwrap();

    transport().send(get().body(Body::empty()).unwrap(), &patient()).await.unwrap();
    named.send(get().body(Body::empty()).unwrap(), &patient()).await.unwrap();
    named.send(own, &patient()).await.unwrap();

    let seen: Vec<_> = server.requests().iter().flat_map(|r| header(r, "user-agent")).collect();
    assert_eq!(seen, [concat!("replykit/", env!("CARGO_PKG_VERSION")), "shop/2", "mine"]);
}
