//! Faults of a session, played by servers over real connections.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use whatsapp_automation::{LoginProblem, Media, Outcome, session::*};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

async fn logged_in(server: &MockServer) -> Client {
    let cookie = "connect.sid=s%3Afirst; Path=/; HttpOnly";
    let answer = ResponseTemplate::new(200).append_header("set-cookie", cookie);
    let login = Mock::given(path("/api/auth/login"));
    login.respond_with(answer.set_body_string("{}")).up_to_n_times(1).mount(server).await;
    let client = crate::session_client(&server.uri());
    client.execute(Login::new("johndoe", "canary").keep_password()).await.unwrap();
    client
}

fn again() -> ResponseTemplate {
    let cookie = "connect.sid=s%3Asecond; Path=/; HttpOnly";
    ResponseTemplate::new(200).append_header("set-cookie", cookie).set_body_string("{}")
}

fn accepted() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(r#"{"success":true,"messageId":"msg_1"}"#)
}

#[tokio::test]
async fn k01_an_upload_that_finds_the_session_over_goes_up_once_more() {
    let server = MockServer::start().await;
    let client = logged_in(&server).await;
    Mock::given(header("cookie", "connect.sid=s%3Afirst"))
        .respond_with(ResponseTemplate::new(401).set_body_string(r#"{"message":"no"}"#))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/auth/login")).respond_with(again()).expect(1).mount(&server).await;
    Mock::given(header("cookie", "connect.sid=s%3Asecond"))
        .respond_with(accepted())
        .expect(1)
        .mount(&server)
        .await;
    let picture = Media::new("cat.png", "image/png", vec![7; 3 * 1024 * 1024]);
    client.execute(SendMessage::new("+1", "Hi").media(picture)).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let uploads: Vec<_> = requests.iter().filter(|r| r.url.path().ends_with("/send")).collect();
    assert_eq!(uploads.len(), 2);
    assert!(uploads[0].body == uploads[1].body);
}

#[tokio::test]
async fn k01_a_redirect_is_not_followed_and_no_secret_goes_elsewhere() {
    let (server, elsewhere) = (MockServer::start().await, MockServer::start().await);
    let client = logged_in(&server).await;
    let login_page = format!("{}/login", elsewhere.uri());
    let redirect = ResponseTemplate::new(302).append_header("location", login_page.as_str());
    Mock::given(path("/api/messages/send")).respond_with(redirect).expect(1).mount(&server).await;
    let error = client.execute(SendMessage::new("+1", "Hi")).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn k02_concurrent_calls_share_one_login() {
    let server = MockServer::start().await;
    let client = logged_in(&server).await;
    Mock::given(header("cookie", "connect.sid=s%3Afirst"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    Mock::given(path("/api/auth/login")).respond_with(again()).expect(1).mount(&server).await;
    let profile = ResponseTemplate::new(200).set_body_string(r#"{"id":1}"#);
    Mock::given(header("cookie", "connect.sid=s%3Asecond"))
        .respond_with(profile)
        .expect(10)
        .mount(&server)
        .await;
    let calls = (0..10).map(|_| client.execute(GetProfile::new()).into_future());
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
}

#[tokio::test]
async fn k02_a_login_that_is_refused_is_tried_once_for_all() {
    let server = MockServer::start().await;
    let client = logged_in(&server).await;
    Mock::given(path("/api/auth/login"))
        .respond_with(ResponseTemplate::new(401).set_body_string(r#"{"message":"canary"}"#))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let calls = (0..10).map(|_| client.execute(SendMessage::new("+1", "Hi")).into_future());
    for result in futures_util::future::join_all(calls).await {
        let error = result.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.login_problem().is_some_and(|p| p != LoginProblem::Expired), "{error}");
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
}

#[tokio::test]
async fn k04_of_many_cookies_one_goes_back_to_its_own_server() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let mut answer = ResponseTemplate::new(200).set_body_string("{}");
    // An answer with more than 100 headers is none for the transport.
    for number in 0..80 {
        answer = answer.append_header("set-cookie", format!("c{number}=x; Path=/").as_str());
    }
    for hostile in [
        "connect.sid=evil; Domain=example.org",
        "connect.sid=evil; Path=/elsewhere",
        "connect.sid=s%3Amine; Path=/; HttpOnly; Secure",
        "connect.sid.sig=evil",
    ] {
        answer = answer.append_header("set-cookie", hostile);
    }
    Mock::given(path("/api/auth/login")).respond_with(answer).mount(&server).await;
    let profile = ResponseTemplate::new(200).set_body_string(r#"{"id":1}"#);
    Mock::given(path("/api/users/me")).respond_with(profile).mount(&server).await;
    let client = crate::session_client(&server.uri());
    client.execute(Login::new("johndoe", "canary")).await.unwrap();
    client.execute(GetProfile::new()).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let cookies: Vec<_> = requests[1].headers.get_all("cookie").iter().collect();
    assert_eq!(cookies, ["connect.sid=s%3Amine"]);
    // The same host, but another port.
    let error = crate::session_client(&other.uri()).restore(&client.save().unwrap()).unwrap_err();
    assert_eq!(error.field(), "origin");
}

#[tokio::test]
async fn k04_a_cookie_never_goes_over_a_plain_connection_to_another_machine() {
    let transport = whatsapp_automation::transport::ReqwestTransport::builder().build().unwrap();
    let error = Client::over(transport, "http://wa.example.com/".parse().unwrap()).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
}

/// Reads a request up to this many bytes of its body, then hands the connection on.
async fn take(listener: &TcpListener, body: usize) -> TcpStream {
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut seen = Vec::new();
    loop {
        let head = seen.windows(4).position(|end| end == b"\r\n\r\n");
        if head.is_some_and(|head| seen.len() >= head + 4 + body) {
            return connection;
        }
        assert_ne!(connection.read_buf(&mut seen).await.unwrap(), 0);
    }
}

fn with_session(listener: &TcpListener) -> Client {
    let base = format!("http://{}", listener.local_addr().unwrap());
    let client = crate::session_client(&base);
    let saved = format!(r#"{{"origin":"{base}","cookie":"s%3Afirst"}}"#);
    client.restore(&serde_json::from_str(&saved).unwrap()).unwrap();
    client
}

#[tokio::test]
async fn k05_an_upload_that_breaks_is_unknown_and_not_repeated() {
    for body in [0, 1000, 1024 * 1024] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = with_session(&listener);
        let picture = Media::new("cat.png", "image/png", vec![7; 4 * 1024 * 1024]);
        let call = client.execute(SendMessage::new("+1", "Hi").media(picture));
        let (error, _) =
            tokio::join!(call.into_future(), async { drop(take(&listener, body).await) });
        let error = error.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{body}");
    }
}

#[tokio::test]
async fn k05_a_file_that_is_too_large_is_refused_by_the_server_in_its_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = with_session(&listener);
    let picture = Media::new("cat.png", "image/png", vec![7; 1024 * 1024]);
    let call = client.execute(SendMessage::new("+1", "Hi").media(picture));
    let serve = async {
        let mut connection = take(&listener, 1000).await;
        let body = r#"{"message":"File too large"}"#;
        let length = body.len();
        let head = format!("HTTP/1.1 413 Payload Too Large\r\nContent-Length: {length}\r\n\r\n");
        connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        // Reads on, as a server does that wants its answer to arrive.
        let mut rest = vec![0; 64 * 1024];
        while connection.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    let error = tokio::select! {
        error = call.into_future() => error.unwrap_err(),
        () = serve => panic!("the client went on to the end"),
    };
    assert_eq!((error.outcome(), error.status().unwrap().as_u16()), (Outcome::Rejected, 413));
}

#[tokio::test]
async fn k01_the_whole_of_it_ends_at_the_deadline() {
    let server = MockServer::start().await;
    let client = logged_in(&server).await;
    Mock::given(path("/api/auth/login"))
        .respond_with(again().set_delay(Duration::from_secs(60)))
        .mount(&server)
        .await;
    Mock::given(path("/api/messages/send"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    let send = client.execute(SendMessage::new("+1", "Hi")).deadline(Duration::from_millis(500));
    let error = send.await.unwrap_err();
    assert_eq!(error.login_problem(), Some(LoginProblem::Failed));
    assert_eq!(error.outcome(), Outcome::NotSent);
}
