//! A socket and its events: all that they say of what goes over them.

use convrs_client::{
    BoxError, Cursor, CursorStore, Event, Events, FileCursor, GetOpenConversations, MemoryCursor,
    Reconnect, Socket, SocketEvent, User, transport::TokioWebSockets,
};
use replykit_sandbox::SocketFault;
use replykit_tests::fault_server::{FaultServer, Script, frame};

use super::*;

const UID: &str = "3941-wa3-447911987654";

fn write(shown: &dyn std::fmt::Debug) {
    writeln!(Keep, "{shown:?} {shown:#?}").unwrap();
}

/// A socket whose URL holds the secrets as well.
fn socket(url: &str) -> Socket {
    let mut reconnect = Reconnect::default();
    let wait = Duration::from_millis(4);
    (reconnect.first, reconnect.base, reconnect.most) = (wait, wait, wait);
    let url = format!("{url}?token={TOKEN}&path={PATH}");
    let builder = Socket::builder(url.parse().unwrap(), TOKEN).reconnect(reconnect);
    write(&builder);
    let transport = TokioWebSockets::builder().loopback_only().build().unwrap();
    write(&transport);
    let socket = builder.open_over(transport).unwrap();
    write(&socket);
    let second = Socket::new(url.parse().unwrap(), TOKEN).unwrap_err();
    show(&second);
    socket
}

/// Reads events until this one comes, and shows each of them.
async fn until(events: &mut Events, wanted: fn(&SocketEvent) -> bool) {
    let find = async {
        while let Some(event) = events.next().await {
            write(&event);
            match &event {
                SocketEvent::Gap(gap) => writeln!(Keep, "{gap}").unwrap(),
                SocketEvent::Disconnected(why) => writeln!(Keep, "{why}").unwrap(),
                SocketEvent::Ended(end) => writeln!(Keep, "{end}").unwrap(),
                SocketEvent::BackfillFailed { error, .. } => show(error),
                _ => {}
            }
            if wanted(&event) {
                return;
            }
        }
        panic!("the events ended before");
    };
    tokio::time::timeout(Duration::from_secs(20), find).await.expect("an event in time");
}

fn is_gap(event: &SocketEvent) -> bool {
    matches!(event, SocketEvent::Gap(_))
}

pub(super) async fn run() {
    account().await;
    cursors().await;
    let all: Vec<_> = scripts().into_iter().map(|script| tokio::spawn(play(script))).collect();
    for one in all {
        one.await.unwrap();
    }
}

/// A command and whatever comes, from a server that speaks by this script.
async fn play(script: Script) {
    let server = FaultServer::start([script, Script::connected().hold()]).await;
    let client = client(&server.url());
    let socket = socket(&server.ws_url());
    let mut events = client.events(&socket).open().await.unwrap();
    let command = Client::over_socket(&socket);
    let read = async {
        while let Some(event) = events.next().await {
            write(&event);
        }
    };
    let read = tokio::time::timeout(Duration::from_millis(200), read);
    let _ = tokio::join!(read, super::run(&command, SendTextMessage::new(UID, TEXT)));
}

/// Commands, events, gaps and refusals with the sandbox.
async fn account() {
    let sandbox = Sandbox::builder().token(TOKEN).start().await.unwrap();
    sandbox.convrs().set_rate_limits(1000, 1000);
    let socket = socket(&sandbox.convrs_ws_url());
    let store = MemoryCursor::default();
    let client = client(&sandbox.convrs_url());
    let builder = client.events(&socket).cursor(store.clone());
    write(&builder);
    let mut events = builder.open().await.unwrap();
    write(&events);
    let again = client.events(&socket).open().await.unwrap_err();
    writeln!(Keep, "{again} {again:?}").unwrap();

    let mut user = User::new(UID);
    (user.name, user.phone) = (Some(NAME.to_owned()), Some(NUMBER.into()));
    sandbox.convrs().create_user(user).unwrap();
    sandbox.advance(Duration::ZERO).await;
    let over = Client::over_socket(&socket);
    write(&over);
    everything(&over).await;
    let talk = |uid: &str| {
        sandbox.convrs().user_writes(uid, TEXT).unwrap();
        sandbox.convrs().close_conversation(uid).unwrap();
    };
    talk(UID);
    sandbox.advance(Duration::ZERO).await;
    let closed = |event: &SocketEvent| {
        matches!(event, SocketEvent::Event { event: Event::ConversationClosed { .. }, .. })
    };
    until(&mut events, closed).await;

    for fault in [SocketFault::CutUtf8, SocketFault::CutFrame] {
        sandbox.convrs().socket_fault(fault);
        talk(UID);
        sandbox.advance(Duration::from_secs(1)).await;
        until(&mut events, is_gap).await;
    }
    let broken = Fault::new(ErrorCode::WhatsApp).of::<GetOpenConversations>();
    (0..4).for_each(|_| sandbox.convrs().fail_next(broken.clone()));
    let refusal = http::StatusCode::SERVICE_UNAVAILABLE;
    sandbox.convrs().socket_fault(SocketFault::RefuseUpgrade(refusal));
    sandbox.convrs().socket_fault(SocketFault::Drop);
    until(&mut events, |event| matches!(event, SocketEvent::BackfillFailed { .. })).await;
    write(&store.load().await.unwrap());
    sandbox.convrs().reset_token();
    run_out(&mut events, &over).await;
}

/// The socket ends, and whoever asks it is told why.
async fn run_out(events: &mut Events, over: &Client) {
    until(events, |event| matches!(event, SocketEvent::Ended(_))).await;
    super::run(over, SendTextMessage::new(UID, TEXT)).await;
}

/// A cursor that cannot be read, and one that cannot be kept.
async fn cursors() {
    struct Broken;

    #[async_trait::async_trait]
    impl CursorStore for Broken {
        async fn load(&self) -> Result<Option<Cursor>, BoxError> {
            Ok(None)
        }

        async fn save(&self, cursor: &Cursor) -> Result<(), BoxError> {
            write(cursor);
            Err("the disk is full".into())
        }
    }

    let sandbox = Sandbox::builder().token(TOKEN).start().await.unwrap();
    let socket = socket(&sandbox.convrs_ws_url());
    let client = client(&sandbox.convrs_url());
    let path = std::env::temp_dir().join(format!("replykit-secrecy-{}", std::process::id()));
    for damaged in [format!("{{\"position\":\"{UID}\"}}"), format!("\"{NAME}\""), TEXT.to_owned()] {
        std::fs::write(&path, damaged).unwrap();
        let builder = client.events(&socket).cursor(FileCursor::new(&path));
        let error = builder.open().await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        writeln!(Keep, "{error} {error:?} {source} {source:?}").unwrap();
    }
    std::fs::remove_file(path).unwrap();
    let mut events = client.events(&socket).cursor(Broken).open().await.unwrap();
    until(&mut events, |event| matches!(event, SocketEvent::CursorNotSaved(_))).await;
}

/// What a server may say on a socket, with what it was sent in its words.
fn scripts() -> Vec<Script> {
    let echo = format!("{TOKEN} {NAME} {NUMBER} {EMAIL} {TEXT}");
    let refusal = |cmd: &str, code: i64| {
        format!(r#"{{"ok":0,"cmd":"{cmd}","error":"{echo}","errorCode":{code}}}"#)
    };
    let close = [&1008_u16.to_be_bytes()[..], b"c4n4ry mess4ge text"].concat();
    let mut scripts = vec![
        Script::reply(403, &echo),
        Script::reply_with(302, &format!("Location: ws://x.example/{TOKEN}\r\n"), &echo),
        Script::answer(format!("HTTP/9 {echo}\r\n\r\n")),
        Script::answer(format!("HTTP/1.1 101 {echo}\r\nX-Echo: {echo}\r\n\r\n")),
        Script::upgrade().text(&refusal("connect", 1001)).fin(),
        Script::upgrade().text(&refusal("connect", 2004)).fin(),
        Script::connected().write(frame(0x88, &close)).fin(),
        Script::connected()
            .write([&frame(0x81, echo.as_bytes())[..40], b"\xff\xff"].concat())
            .fin(),
    ];
    for text in [
        echo.clone(),
        format!(r#"{{"cmd":"{TEXT}","ok":1,"data":"{echo}"}}"#),
        format!(r#"{{"cmd":"onUserCreate","ok":1,"data":"{echo}"}}"#),
        format!(
            r#"{{"cmd":"onUserConversation","ok":1,"uid":"{UID}","data":[{{"mid":"{echo}"}}]}}"#
        ),
        refusal("connect", 1018),
        refusal("connect", 1001),
        refusal("SendTextMessage", 2004),
        refusal(NAME, 2004),
        refusal("", 2004),
    ] {
        let binary = Script::connected().write(frame(0x82, text.as_bytes())).hold();
        scripts.extend([Script::connected().text(&text).hold(), binary]);
    }
    scripts
}
