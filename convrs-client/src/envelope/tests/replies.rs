use super::*;

#[test]
fn the_documented_replies_decode_and_encode_back() {
    let user = decode::<GetUser>(USER).unwrap();
    assert_eq!(user.bot_id, Some(BotId::new(73)));
    assert_eq!(user.last_name.as_deref(), Some("Bob"));
    assert!(user.extra.is_empty());
    assert_eq!(value(&encode_reply::<GetUser>(&user)), value(USER));

    let receipt = decode::<SendWhatsAppTemplate>(RECEIPT).unwrap();
    assert_eq!(receipt.mid, Mid::from("6462d3d8c8b0b08fddc34ca8"));
    assert_eq!(receipt.phone_number, PhoneNumber::from("+44151999999"));
    assert!(receipt.extra.is_empty());
    assert_eq!(value(&encode_reply::<SendWhatsAppTemplate>(&receipt)), value(RECEIPT));

    let details = decode::<GetMessageDetails>(DETAILS).unwrap();
    assert_eq!(details, MessageDetails::new("3941-wa3-44151999999", 3941, Ack::Read));
    assert_eq!(value(&encode_reply::<GetMessageDetails>(&details)), value(DETAILS));
}

#[test]
fn the_shortest_documented_user_decodes() {
    let user = decode::<GetUser>(
        r#"{"cmd": "GetUser", "ok": 1, "data": {
            "uid": "73-tel-615940546", "name": "Billy Bob", "email": "billy@example.com"}}"#,
    );
    let mut expected = User::new("73-tel-615940546");
    expected.name = Some("Billy Bob".to_owned());
    expected.email = Some("billy@example.com".to_owned());
    assert_eq!(user.unwrap(), expected);
}

#[test]
fn fields_that_are_not_documented_survive_in_every_reply() {
    let reply = r#"{"ok":1,"cmd":"SendWhatsAppTemplate","phoneNumber":"","countryIso2":"",
        "uid":"","mid":"6462","credits":{"left":1.50}}"#;
    let receipt = decode::<SendWhatsAppTemplate>(reply).unwrap();
    assert_eq!(receipt.extra.get("credits"), Some(json!({"left": 1.5})));
    assert_eq!(value(&encode_reply::<SendWhatsAppTemplate>(&receipt)), value(reply));
}

#[test]
fn unknown_user_is_error_1005() {
    let error = decode::<GetUser>(UNKNOWN_USER).unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UnknownUser));
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert_eq!(api(&error).message, "unknown user");
    assert_eq!(value(&encode_error(api(&error))), value(UNKNOWN_USER));
}

#[test]
fn a_whatsapp_code_tells_that_nothing_went_out() {
    let error = failure(WHATSAPP_ERROR);
    let whatsapp = api(&error).whatsapp.as_ref().unwrap();
    assert_eq!(whatsapp, &WhatsAppError::new(131_047, "Re-engagement message"));
    assert_eq!(error.outcome(), Outcome::Rejected);
    assert_eq!(value(&encode_error(api(&error))), value(WHATSAPP_ERROR));

    let bare = failure(r#"{"ok":0,"errorCode":3002}"#);
    assert_eq!(bare.outcome(), Outcome::Unknown);
    let text = failure(r#"{"ok":0,"errorCode":"3002","whatsappErrorCode":"131047"}"#);
    assert_eq!(text.outcome(), Outcome::Rejected);
}

#[test]
fn a_refusal_without_a_code_encodes_back_without_one() {
    let reply = r#"{"ok":0,"cmd":"GetUser","error":"unknown user"}"#;
    let error = decode::<GetUser>(reply).unwrap_err();
    assert_eq!(value(&encode_error(api(&error))), value(reply));
}

#[test]
fn the_documented_callback_decodes_and_encodes_back() {
    let callback = decode_callback(CALLBACK.as_bytes()).unwrap();
    assert_eq!(callback.ack, Ack::Delivered);
    assert_eq!(callback.uid, Uid::from("3941-wa3-44151999999"));
    assert!(callback.extra.is_empty());
    assert_eq!(value(&encode_callback(&callback)), value(CALLBACK));
}

#[test]
fn a_callback_with_ack_minus_1_carries_the_whatsapp_error() {
    let callback = decode_callback(
        br#"{"ok":1,"mid":"6462","ack":"-1","whatsappErrorCode":"131026","whatsappErrorDesc":"x",
            "webhookPayload":"","timestamp":null,"attempt":2}"#,
    )
    .unwrap();
    assert_eq!(callback.ack, Ack::Failed);
    assert_eq!(callback.whatsapp_error_code, Some(131_026));
    assert_eq!(callback.webhook_payload, None);
    assert_eq!(callback.extra.get("attempt"), Some(json!(2)));
}

#[test]
fn what_is_no_callback_says_so() {
    for body in [
        "",
        "<html>",
        "[1]",
        r#"{"ok":1,"ack":2}"#,
        r#"{"ok":1,"mid":"","ack":2}"#,
        r#"{"ok":1,"mid":"6462"}"#,
        r#"{"ok":1,"mid":"6462","ack":null}"#,
        r#"{"cmd":"onUserDelete","ok":1,"uid":"73-tel-615940546"}"#,
    ] {
        let error = decode_callback(body.as_bytes()).unwrap_err();
        assert_eq!(problem(&error), &ProtocolProblem::Callback, "{body}");
    }
}

#[test]
fn a_reply_that_names_no_command_is_the_answer() {
    for cmd in ["", r#""cmd":null,"#, r#""cmd":"","#] {
        let reply = format!(r#"{{{cmd}"ok":1,"mid":"6462"}}"#);
        assert!(decode::<SendWhatsAppTemplate>(&reply).is_ok(), "{reply}");
    }
    let error = failure(r#"{"ok":0,"errorCode":1000}"#);
    assert_eq!(error.code(), Some(ErrorCode::MissingToken));
    assert_eq!(api(&error).command, "SendWhatsAppTemplate");
}

#[test]
fn a_yes_with_unreadable_data_is_unknown_and_keeps_the_mid() {
    for (reply, mid) in [
        (r#"{"ok":1,"mid":"6462","uid":[]}"#, Some("6462")),
        (r#"{"ok":1,"mid":6462,"phoneNumber":{}}"#, Some("6462")),
        (r#"{"ok":1,"mid":"6462","mid":"6463"}"#, Some("6463")),
        (r#"{"ok":1}"#, None),
        (r#"{"ok":1,"mid":null}"#, None),
        (r#"{"ok":1,"mid":""}"#, None),
        (r#"{"ok":1,"mid":{}}"#, None),
    ] {
        let error = failure(reply);
        assert_eq!(problem(&error), &ProtocolProblem::Data, "{reply}");
        assert_eq!(evidence(&error), mid, "{reply}");
    }
    for data in ["", r#","data":null"#, r#","data":[]"#, r#","data":{}"#, r#","data":{"uid":""}"#] {
        let error = decode::<GetUser>(format!(r#"{{"ok":1{data}}}"#)).unwrap_err();
        assert_eq!(problem(&error), &ProtocolProblem::Data, "{data}");
    }
    let error = decode::<GetMessageDetails>(r#"{"ok":1,"ack":null}"#).unwrap_err();
    assert_eq!(problem(&error), &ProtocolProblem::Data);
}

#[test]
fn a_refusal_counts_whatever_its_data_look_like() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for data in ["1", "[]", "\"\"", r#"{"uid":{}}"#, r#"{"uid":"73-tel-1"}"#, &deep] {
        let reply = format!(r#"{{"ok":0,"data":{data},"errorCode":1005}}"#);
        let error = decode::<GetUser>(&reply).unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::UnknownUser), "{reply}");
    }
}

#[test]
fn an_update_that_names_no_change_is_an_update() {
    for update in ["", r#","update":null"#, r#","update":{}"#] {
        let json =
            format!(r#"{{"cmd":"onUserUpdate","ok":1,"data":{{"user":{{"uid":"1"}}{update}}}}}"#);
        let event = decode_event(json.as_bytes());
        assert!(matches!(event, crate::Event::UserUpdated { update, .. } if update.is_empty()));
    }
}
