//! Every documented example of an implemented type decodes, keeps the rules and encodes back to an
//! equal value.

use std::{fs, path::Path};

use autoreply_server::{ErrorBody, Incoming, Rejection, Reply};
use convrs_client::{
    Command, DeliveryCallback, ErrorKind, GetMessageDetails, GetUser, SendWhatsAppTemplate, Token,
    envelope,
};
use serde_json::Value;

use crate::support::{TOKEN, fixture};

fn examples(of: &str) -> Vec<String> {
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

#[test]
fn every_convrs_example_encodes_back_to_an_equal_value() {
    for name in examples("convrs") {
        let example = fixture(&format!("convrs/{name}"));
        let back = match name.split_once('-').unwrap().1 {
            "GetUser-request" => request::<GetUser>(&example),
            "GetUser-response" => response::<GetUser>(&example),
            "GetUser-error" => error::<GetUser>(&example),
            "SendWhatsAppTemplate-request" => request::<SendWhatsAppTemplate>(&example),
            "SendWhatsAppTemplate-response" => response::<SendWhatsAppTemplate>(&example),
            "SendWhatsAppTemplate-error" => error::<SendWhatsAppTemplate>(&example),
            "GetMessageDetails-request" => request::<GetMessageDetails>(&example),
            "GetMessageDetails-response" => response::<GetMessageDetails>(&example),
            "callback-payload" => {
                let callback = DeliveryCallback::from_json(example.to_string().as_bytes()).unwrap();
                parse(&envelope::encode_callback(&callback))
            }
            unknown => panic!("{unknown} has no type here: add its line"),
        };
        assert_eq!(back, example, "{name}");
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
