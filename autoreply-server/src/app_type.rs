open_enum! {
    /// The app on the phone that a message came in by; in JSON the field `type`.
    ///
    /// The document ends its list with "etc.", so any other text is a type too.
    ///
    /// Undocumented: whether the case of the letters may differ. Assumed: it does not.
    ///
    /// Source: AutoReply Mate Server API > Request Format > Field Descriptions
    pub enum AppType {
        /// A text message of the phone itself.
        Sms = "SMS",
        /// WhatsApp.
        Whatsapp = "WHATSAPP",
        /// Telegram.
        Telegram = "TELEGRAM",
        /// Facebook Messenger.
        FacebookMessenger = "FACEBOOK_MESSENGER",
        /// Instagram.
        Instagram = "INSTAGRAM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_types_are_read_and_written() {
        for (text, value) in [
            ("SMS", AppType::Sms),
            ("WHATSAPP", AppType::Whatsapp),
            ("TELEGRAM", AppType::Telegram),
            ("FACEBOOK_MESSENGER", AppType::FacebookMessenger),
            ("INSTAGRAM", AppType::Instagram),
        ] {
            assert_eq!(AppType::from(text), value);
            assert_eq!(value.as_str(), text);
        }
    }

    #[test]
    fn an_unknown_type_is_kept_and_written_back() {
        for text in ["SIGNAL", "sms", "", "\u{1f600}"] {
            let json = serde_json::to_string(text).unwrap();
            let value: AppType = serde_json::from_str(&json).unwrap();
            assert_eq!(value, AppType::Other(text.to_owned()));
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
    }

    #[test]
    fn debug_names_the_documented_and_hides_any_other_text() {
        assert_eq!(format!("{:?}", AppType::FacebookMessenger), "FacebookMessenger");
        for text in ["CANARY", "John D", "407123"] {
            assert_eq!(format!("{:?}", AppType::from(text)), "Other(<6 chars>)");
        }
    }
}
