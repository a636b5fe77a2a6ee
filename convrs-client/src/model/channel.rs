use crate::model::open_enum::open_enum;

open_enum! {
    /// A messaging platform, as the field `bot` names it.
    ///
    /// Source: Convrs API > JSON Objects > User Object Fields
    Channel {
        /// Facebook Messenger.
        Messenger = "Messenger",
        /// The chat on a web page.
        Web = "Web",
        /// Line.
        Line = "Line",
        /// Viber.
        Viber = "Viber",
        /// Telegram.
        Telegram = "Telegram",
        /// SMS.
        Sms = "CMS",
        /// WhatsApp.
        WhatsApp = "WA3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_encodes_back_to_its_name() {
        for name in ["Messenger", "Web", "Line", "Viber", "Telegram", "CMS", "WA3"] {
            let channel = Channel::from(name);
            assert!(!matches!(channel, Channel::Other(_)), "{name}");
            assert_eq!(channel.as_str(), name);
        }
        let unknown: Channel = serde_json::from_str("\"Signal\"").unwrap();
        assert_eq!(unknown, Channel::Other("Signal".to_owned()));
        assert_eq!(serde_json::to_string(&unknown).unwrap(), "\"Signal\"");
    }
}
