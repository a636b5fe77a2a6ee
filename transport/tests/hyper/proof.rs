//! That what is said to be unwritten was never read.

use replykit_transport::{HyperTransport, Outcome, Phase};
use tokio::{io::AsyncReadExt, net::TcpListener, sync::mpsc};

use crate::support::{failure, patient};

#[tokio::test]
async fn h05_a_connection_that_is_closed_at_once_is_proven_only_where_nothing_was_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut seen) = mpsc::unbounded_channel();
    let server = tokio::spawn(async move {
        for number in 0_u32.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_zero_linger().unwrap();
            // Every other one is read first.
            let mut read = 0;
            if number.is_multiple_of(2) {
                read = stream.read(&mut [0; 64]).await.unwrap();
            }
            drop(stream);
            sender.send(read).unwrap();
        }
    });
    let transport = HyperTransport::builder().loopback_only().build().unwrap();
    let mut proven = 0;
    for _ in 0..200 {
        let error = failure(&transport, &base, &patient()).await;
        let read = seen.recv().await.unwrap();
        match error.phase() {
            Phase::Unwritten => {
                assert_eq!((error.outcome(), read), (Outcome::NotSent, 0));
                proven += 1;
            }
            phase => assert_eq!((phase, error.outcome()), (Phase::Exchange, Outcome::Unknown)),
        }
    }
    server.abort();
    assert!(proven > 0, "not one of 100 that were closed at once");
}
