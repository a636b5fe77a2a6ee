use super::*;

#[test]
fn a_request_is_compact_and_begins_with_token_and_command() {
    let request =
        encode_request(&GetUser::new("73-tel-615940546"), &Token::from("quote\"d")).unwrap();
    assert_eq!(request, r#"{"token":"quote\"d","cmd":"GetUser","uid":"73-tel-615940546"}"#);
}

#[test]
fn a_request_comes_back_from_the_other_side_unchanged() {
    let mut send = SendWhatsAppTemplate::new(3941, "44-792-202-1411", "order", "en");
    send.parameters = Some(vec![TemplateParameter::text("David")]);
    send.header = Some(TemplateParameter::Raw(json!({"type": "image"})));
    send.agent_email = Some("john@example.com".to_owned());
    send.webhook_url = Some("https://yourserver.com/acks".to_owned());
    send.webhook_payload = json!({"orderId": "ORD-12345"}).as_object().cloned();
    send.webhook_headers = Some(vec![WebhookHeader::new("X-Secret", "s3cret")]);
    send.extra.insert("priority", 2);

    let request = encode_request(&send, &Token::from(TOKEN)).unwrap();
    let head = RequestHead::decode(request.as_bytes()).unwrap();
    assert_eq!(head.cmd(), "SendWhatsAppTemplate");
    assert_eq!(head.check_token(&Token::from(TOKEN)), Ok(()));
    let received: SendWhatsAppTemplate = decode_request(request.as_bytes()).unwrap();
    assert_eq!(received, send);
    assert_eq!(received.extra.names().collect::<Vec<_>>(), ["priority"]);
}

#[test]
fn token_and_command_of_a_request_are_no_fields_of_it() {
    let request = r#"{"cmd":"GetUser","uid":"73-tel-1","token":"t","note":1}"#;
    let command: GetUser = decode_request(request.as_bytes()).unwrap();
    assert_eq!(command.extra.names().collect::<Vec<_>>(), ["note"]);
}

#[test]
fn a_missing_field_is_refused_with_its_documented_code() {
    fn refused<C: Command + fmt::Debug>(request: &Value) -> i64 {
        let error = decode_request::<C>(request.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.command, C::NAME);
        error.code.unwrap().number()
    }
    // Each step mends what the one before it was refused for.
    let mut request = json!({"token": TOKEN, "cmd": "SendWhatsAppTemplate"});
    let mut steps = vec![refused::<SendWhatsAppTemplate>(&request)];
    for (field, mended) in [
        ("botID", json!(3941)),
        ("phone", json!("+44 CALL ME")),
        ("templateName", json!("order_update")),
        ("language", json!("en")),
        ("phone", json!("+44151")),
    ] {
        request[field] = mended;
        steps.push(refused::<SendWhatsAppTemplate>(&request));
    }
    // What is missing comes before what is malformed.
    assert_eq!(steps, [1008, 1009, 3003, 3004, 1006, 1007]);

    assert_eq!(refused::<GetUser>(&json!({})), 1025);
    assert_eq!(refused::<GetUser>(&json!({"uid": " "})), 1025);
    assert_eq!(refused::<GetUser>(&json!({"uid": null})), 1025);
    assert_eq!(refused::<GetMessageDetails>(&json!({})), 1020);
}

#[test]
fn a_field_of_the_wrong_json_type_is_refused_with_1017() {
    for request in [
        r#"{"uid": {}}"#,
        r#"{"uid": ["73-tel-1"]}"#,
        r#"{"uid": true}"#,
        r#"{"uid": "1", "uid": "2"}"#,
        r#"["73-tel-1"]"#,
        r#"{"uid": "1"} x"#,
        "",
    ] {
        let error = decode_request::<GetUser>(request.as_bytes()).unwrap_err();
        assert_eq!(error.code, Some(ErrorCode::InvalidJson), "{request}");
    }
    for (field, wrong) in [
        ("botID", json!("x")),
        ("phone", json!([])),
        ("language", json!(1)),
        ("parameters", json!({})),
        ("agentEmail", json!(1)),
        ("webhookURL", json!({})),
        ("webhookPayload", json!("x")),
        ("webhookHeaders", json!("x")),
    ] {
        let mut request = serde_json::to_value(documented::<SendWhatsAppTemplate>()).unwrap();
        request[field] = wrong;
        let request = request.to_string();
        let error = decode_request::<SendWhatsAppTemplate>(request.as_bytes()).unwrap_err();
        assert_eq!(error.code, Some(ErrorCode::InvalidJson), "{field}");
    }
}

#[test]
fn extra_adds_fields_and_replaces_none() {
    fn check<C: Command + Lossless + Clone>(extra: fn(&mut C) -> &mut crate::Extra) {
        let command = documented::<C>();
        assert!(!C::known_fields().is_empty() || C::NAME == "GetOpenConversations", "{}", C::NAME);
        for name in C::known_fields().iter().chain(&["token", "cmd"]) {
            let mut command = command.clone();
            extra(&mut command).insert(*name, 1);
            let invalid = command.validate().expect_err(name);
            assert_eq!(invalid.field(), "extra", "{} {name}", C::NAME);
            assert_eq!(invalid.code(), Some(ErrorCode::InvalidJson));
        }
        let mut command = command;
        extra(&mut command).insert("ok", 1);
        assert_eq!(command.validate(), Ok(()));
    }
    macro_rules! check {
        ($($command:ty),* $(,)?) => { $(check::<$command>(|command| &mut command.extra);)* };
    }
    crate::for_each_command!(check);
}

#[test]
fn a_request_without_a_token_is_1000_and_with_a_wrong_one_1001() {
    let check = |request: &str| {
        let head = RequestHead::decode(request.as_bytes())?;
        head.check_token(&Token::from(TOKEN)).map(|()| head.cmd().to_owned())
    };
    let code = |request| check(request).unwrap_err().code.unwrap().number();
    assert_eq!(check(&format!(r#"{{"cmd":"GetUser","token":"{TOKEN}"}}"#)).unwrap(), "GetUser");
    assert_eq!(check(&format!(r#"{{"token":"{TOKEN}"}}"#)).unwrap(), "");
    for request in [r#"{"cmd":"GetUser"}"#, r#"{"token":null}"#, r#"{"token":""}"#] {
        assert_eq!(code(request), 1000, "{request}");
    }
    for request in [r#"{"token":"x"}"#, r#"{"token":"2730B3490CF32A1C16AC8B91E034AA9F073996F7"}"#] {
        assert_eq!(code(request), 1001, "{request}");
    }
    for request in ["", "[]", "null", r#"{"token":1}"#, r#"{"cmd":1}"#, "{} {}"] {
        assert_eq!(code(request), 1017, "{request}");
    }
}

#[test]
fn a_command_that_is_no_object_is_not_sent() {
    #[derive(Serialize, Deserialize)]
    struct Flush(u8);
    impl Command for Flush {
        const NAME: &'static str = "Flush";
        type Output = Value;
        fn class(&self) -> crate::OperationClass {
            crate::OperationClass::Write
        }
        fn validate(&self) -> Result<(), Invalid> {
            Ok(())
        }
    }
    assert_eq!(encode_request(&Flush(1), &Token::from(TOKEN)).unwrap_err().field(), "cmd");
}

// Replies and callbacks as documented

#[test]
fn an_empty_token_is_not_sent() {
    for token in ["", " ", "\n"] {
        let invalid = encode_request(&GetUser::new("73-tel-1"), &Token::from(token)).unwrap_err();
        assert_eq!(invalid.code(), Some(ErrorCode::MissingToken));
    }
}

#[test]
fn a_refused_request_is_told_where_its_fault_is() {
    let error = decode_request::<GetUser>(br#"{"token":"t","cmd":"GetUser"}"#).unwrap_err();
    assert!(error.message.contains("uid"), "{}", error.message);
    let error = decode_request::<GetUser>(br#"{"uid":{}}"#).unwrap_err();
    assert!(error.message.contains("column"), "{}", error.message);
}

// Faults
