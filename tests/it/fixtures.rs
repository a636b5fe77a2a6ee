//! Every documented example of an implemented type decodes, keeps the rules and encodes back to an
//! equal value.

use std::{fs, path::Path};

use autoreply_server::{ErrorBody, Incoming, Rejection, Reply};
use convrs_client::{
    Command, DeliveryCallback, ErrorKind, Event, Token, envelope, for_each_command,
};
use serde_json::Value;

use crate::support::{TOKEN, fixture};

/// The names of the examples of a system, in the order of the document.
pub(crate) fn examples(of: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(of);
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

fn request<C: Command>(example: &Value) -> Value {
    let json = example.to_string();
    let head = envelope::RequestHead::decode(json.as_bytes()).unwrap();
    assert_eq!(head.cmd(), C::NAME);
    head.check_token(&Token::from(TOKEN)).unwrap();
    let command: C = envelope::decode_request(json.as_bytes()).unwrap();
    command.validate().unwrap();
    parse(&envelope::encode_request(&command, &Token::from(TOKEN)).unwrap())
}

fn response<C: Command>(example: &Value) -> Value {
    let output = envelope::decode_reply::<C>(example.to_string().as_bytes()).unwrap();
    parse(&envelope::encode_reply::<C>(&output))
}

fn error<C: Command>(example: &Value) -> Value {
    let Err(error) = envelope::decode_reply::<C>(example.to_string().as_bytes()) else {
        panic!("a refusal is not a success")
    };
    let ErrorKind::Api(error) = error.kind() else { panic!("not an ApiError: {error:?}") };
    parse(&envelope::encode_error(error))
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The kind of an example, `GetUser-response` say, by the command that it names.
fn back<C: Command>(kind: &str, example: &Value) -> Value {
    match kind {
        "request" => request::<C>(example),
        "response" => response::<C>(example),
        "error" => error::<C>(example),
        unknown => panic!("{unknown} is no kind of example"),
    }
}

macro_rules! convrs_example {
    ($($command:ty),* $(,)?) => {
        fn convrs_example(name: &str, kind: &str, example: &Value) -> Value {
            match name {
                $(<$command as Command>::NAME => back::<$command>(kind, example),)*
                "callback" => {
                    let json = example.to_string();
                    let callback = DeliveryCallback::from_json(json.as_bytes()).unwrap();
                    parse(&envelope::encode_callback(&callback))
                }
                event if event.starts_with("onUser") => {
                    let event = Event::parse(example.to_string().as_bytes());
                    assert!(!matches!(event, Event::Unknown(_) | Event::Malformed(_)), "{name}");
                    parse(&envelope::encode_event(&event))
                }
                unknown => panic!("{unknown} has no type"),
            }
        }
    };
}

for_each_command!(convrs_example);

#[test]
fn every_convrs_example_encodes_back_to_an_equal_value() {
    for name in examples("convrs") {
        let example = fixture(&format!("convrs/{name}"));
        let [_, of, kind] = name.splitn(3, '-').collect::<Vec<_>>()[..] else { panic!("{name}") };
        assert_eq!(convrs_example(of, kind, &example), example, "{name}");
    }
}

#[test]
fn every_autoreply_example_encodes_back_to_an_equal_value() {
    for name in examples("autoreply") {
        let example = fixture(&format!("autoreply/{name}"));
        let json = example.to_string();
        let back = match name.split_once('-').unwrap().1 {
            "request" | "curl-request" => {
                serde_json::to_value(Incoming::from_json(json.as_bytes()).unwrap()).unwrap()
            }
            "success" => {
                serde_json::to_value(serde_json::from_str::<Reply>(&json).unwrap()).unwrap()
            }
            rejection => {
                let (status, rejection) = match rejection {
                    "error-401" => (401, Rejection::MissingKey),
                    "error-403" => (403, Rejection::WrongKey),
                    "error-400" => (400, Rejection::InvalidJson),
                    unknown => panic!("{unknown} has no type here: add its line"),
                };
                assert_eq!(rejection.status(), status);
                assert_eq!(parse(&rejection.body()), example, "{name}");
                serde_json::to_value(serde_json::from_str::<ErrorBody>(&json).unwrap()).unwrap()
            }
        };
        assert_eq!(back, example, "{name}");
    }
}
