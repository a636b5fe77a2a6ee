//! Lead replies: all that the client says of what goes over it.

use lead_reply::{BoxError, Client, Error, ErrorKind, Secret, SecretPlace, WireFormat};

use super::{EMAIL, Keep, NAME, NUMBER, PATH, TEXT, TOKEN, automation::write, http, raw};
use crate::*;

fn show(error: &Error) {
    write(error);
    let mut next = Some(error as &dyn std::error::Error);
    while let Some(error) = next {
        write(&error);
        writeln!(Keep, "{error}").unwrap();
        next = error.source();
    }
    match error.kind() {
        ErrorKind::Refused(refusal) => writeln!(Keep, "{refusal} {refusal:?}").unwrap(),
        kind => write(kind),
    }
}

/// Both calls, with the secret in each place.
async fn everything(url: &str) {
    for place in [
        SecretPlace::Header("X-Secret-Key".to_owned()),
        SecretPlace::Bearer,
        SecretPlace::Field("key".to_owned()),
    ] {
        let client = client(url).wire_format(
            WireFormat::default()
                .secret(place)
                .reply_path("leads/{lead}")
                .field("note", TEXT)
                .header("X-Note", HEADER),
        );
        let client = client.unwrap();
        write(&client);
        for (lead, text) in [(NUMBER, TEXT), (EMAIL, TEXT), ("", TEXT)] {
            let call = client.reply(lead, text).deadline(Duration::from_millis(150));
            write(&call);
            match call.await {
                Ok(replied) => write(&replied),
                Err(error) => show(&error),
            }
        }
        if let Err(error) = client.validate_connection().deadline(Duration::from_millis(150)).await
        {
            show(&error);
        }
    }
}

fn client(url: &str) -> Client {
    let transport = ReqwestTransport::builder()
        .loopback_only()
        .connect_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let mut policy = RetryPolicy::default();
    (policy.base, policy.longest_wait) = (Duration::from_millis(1), Duration::from_millis(50));
    let secret = || async { Ok::<_, BoxError>(Secret::new(TOKEN)?) };
    Client::over(transport, url.parse().unwrap(), secret).unwrap().retry_policy(policy)
}

pub(super) async fn run() {
    let echo = format!("{TOKEN} {NAME} {NUMBER} {EMAIL} {TEXT} {HEADER}");
    let refusal =
        format!(r#"{{"error":{{"code":"{TEXT}","message":"{echo}"}},"{NAME}":"{echo}"}}"#);
    for answer in [
        http("200 OK", &format!(r#"{{"success":true,"message_id":["{echo}"],"x":"{echo}"}}"#)),
        http("200 OK", &refusal),
        http("200 OK", &format!("<html>{echo}</html>")),
        http("401 No", &refusal),
        http("403 No", &echo),
        http("409 No", &refusal),
        http("429 Too Many Requests", &refusal),
        http("500 Oops", &refusal),
        format!(
            "HTTP/1.1 307 There\r\nlocation: https://x.example/{TOKEN}\r\ncontent-length: 0\r\n\r\n"
        ),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{echo}"),
        format!("HTTP/9 {echo}\r\n\r\n"),
        String::new(),
    ] {
        everything(&raw(answer).await).await;
    }
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    everything(&format!("http://{}/{PATH}", closed.local_addr().unwrap())).await;
    write(&Secret::new(TOKEN).unwrap());
    write(&Secret::new(format!("{TOKEN}\n")).unwrap_err());
    let none = || async { Err::<Secret, _>(BoxError::from(TEXT)) };
    let transport = ReqwestTransport::builder().loopback_only().build().unwrap();
    let url = "http://127.0.0.1:1/".parse().unwrap();
    let client = Client::over(transport, url, none).unwrap();
    show(&client.reply(NUMBER, TEXT).await.unwrap_err());
}
