use std::time::Duration;

use jiff::Timestamp;

use super::pause::later;
use crate::{Channel, DateTime, FlatMessage, Message, MessageKind, Sender, Uid};

/// How long any text may be sent to a person after that person's last message: 24 hours.
///
/// Source: Convrs API > Understanding WhatsApp Message Templates > What Are WhatsApp Templates?
pub const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether any text may be sent to a person over WhatsApp, or only a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// Any text may be sent.
    Open {
        /// Before this time; at this time it is closed.
        until: Timestamp,
    },
    /// A template is needed.
    Closed,
}

impl Window {
    /// The window at `now` after a message that the person sent at `sent_at`. A message after `now`
    /// opens none.
    #[must_use]
    pub fn after(sent_at: Timestamp, now: Timestamp) -> Self {
        let until = later(sent_at, WINDOW);
        if sent_at <= now && now < until { Self::Open { until } } else { Self::Closed }
    }

    /// Whether only a template may be sent.
    #[must_use]
    pub fn needs_template(self) -> bool {
        self == Self::Closed
    }

    /// Until when any text may be sent, `None` when only a template may.
    #[must_use]
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Open { until } => Some(until),
            Self::Closed => None,
        }
    }
}

/// The window for the user `uid` at `now`, from messages in any order: a reply of GetConversation,
/// an event, or the mixed list of GetConversationsFlat.
///
/// In doubt it is closed, for a text outside the window is lost and a template is not. Only what
/// the user wrote over WhatsApp counts, and only with a time that can be read; a time without zone
/// is UTC. A time after `now` does not count: a clock or a zone is wrong, and nobody knows by how
/// much. Where the clocks differ by seconds, pass a `now` that is as much later; that never opens a
/// window that is closed, and it leaves time for the sending too.
///
/// Assumed: the window begins with the time of the message on the wire, `dt`.
///
/// ```
/// # use convrs_client::{Message, MessageKind, Sender, template::{Window, window}};
/// let mut message = Message::new("6462", MessageKind::Text, Sender::Client);
/// message.sent_at = Some("2025-03-01T09:00:00".into());
/// let messages = [message];
/// let uid = "3941-wa3-44151999999".into();
///
/// let open = window(&uid, &messages, "2025-03-02T08:59:59Z".parse()?);
/// assert_eq!(open, Window::Open { until: "2025-03-02T09:00:00Z".parse()? });
/// assert!(window(&uid, &messages, "2025-03-02T09:00:00Z".parse()?).needs_template());
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn window<'a, M: ConversationMessage + 'a>(
    uid: &Uid,
    messages: impl IntoIterator<Item = &'a M>,
    now: Timestamp,
) -> Window {
    let times = messages.into_iter().filter_map(|message| message.sent_by(uid));
    match times.filter(|time| *time <= now).max() {
        Some(last) => Window::after(last, now),
        None => Window::Closed,
    }
}

/// A message that may open a window. Implement it for the messages in your own store.
pub trait ConversationMessage {
    /// When the user `uid` sent this over WhatsApp; `None` when somebody else did, when it came by
    /// another channel, or when the time is not known.
    fn sent_by(&self, uid: &Uid) -> Option<Timestamp>;
}

/// A message without uid is one of the user whose conversation was asked for.
impl ConversationMessage for Message {
    fn sent_by(&self, uid: &Uid) -> Option<Timestamp> {
        let its_own = self.uid.as_ref().is_none_or(|own| own == uid);
        let time = sent(&self.sender, &self.kind, self.channel.as_ref(), self.sent_at.as_ref());
        time.filter(|_| its_own)
    }
}

impl ConversationMessage for FlatMessage {
    fn sent_by(&self, uid: &Uid) -> Option<Timestamp> {
        let time = sent(&self.sender, &self.kind, self.channel.as_ref(), self.sent_at.as_ref());
        time.filter(|_| self.uid == *uid)
    }
}

/// When the user sent a message. One without channel is taken for WhatsApp's.
fn sent(
    sender: &Sender,
    kind: &MessageKind,
    channel: Option<&Channel>,
    sent_at: Option<&DateTime>,
) -> Option<Timestamp> {
    let by_user = *sender == Sender::Client
        && !matches!(kind, MessageKind::Note | MessageKind::System | MessageKind::Transfer);
    let on_whatsapp = channel.is_none_or(|channel| *channel == Channel::WhatsApp);
    sent_at.filter(|_| by_user && on_whatsapp)?.timestamp()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UID: &str = "3941-wa3-44151999999";
    const NOW: &str = "2025-03-01T12:00:00Z";

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn message(sender: Sender, time: &str) -> Message {
        let mut message = Message::new("6462", MessageKind::Text, sender);
        message.sent_at = Some(time.into());
        message
    }

    fn of(messages: &[Message]) -> Window {
        window(&UID.into(), messages, at(NOW))
    }

    #[test]
    fn the_last_message_of_the_client_opens_24_hours() {
        let messages = [
            message(Sender::Client, "2025-03-01T09:00:00Z"),
            message(Sender::Client, "2025-03-01T10:00:00Z"),
            message(Sender::Client, "2025-03-01T08:00:00Z"),
        ];
        assert_eq!(of(&messages).until(), Some(at("2025-03-02T10:00:00Z")));
        assert!(!of(&messages).needs_template());
    }

    #[test]
    fn what_agents_and_the_system_send_opens_nothing() {
        for sender in [Sender::Agent, Sender::System, Sender::Other("bot".to_owned())] {
            assert_eq!(of(&[message(sender, "2025-03-01T10:00:00Z")]), Window::Closed);
        }
        for kind in [MessageKind::Note, MessageKind::System, MessageKind::Transfer] {
            let mut note = message(Sender::Client, "2025-03-01T10:00:00Z");
            note.kind = kind;
            assert_eq!(of(&[note]), Window::Closed);
        }
    }

    #[test]
    fn the_window_closes_on_the_second() {
        assert!(of(&[message(Sender::Client, "2025-02-28T12:00:00Z")]).needs_template());
        assert!(!of(&[message(Sender::Client, "2025-02-28T12:00:01Z")]).needs_template());
        assert!(!of(&[message(Sender::Client, NOW)]).needs_template());
    }

    #[test]
    fn a_time_without_zone_is_utc_and_an_offset_counts() {
        let until = |time| of(&[message(Sender::Client, time)]).until();
        assert_eq!(until("2025-03-01T10:00:00"), Some(at("2025-03-02T10:00:00Z")));
        assert_eq!(until("2025-03-01T10:00:00+02:00"), Some(at("2025-03-02T08:00:00Z")));
    }

    #[test]
    fn a_missing_an_unreadable_and_a_future_time_open_nothing() {
        let mut timeless = message(Sender::Client, "");
        timeless.sent_at = None;
        for message in [
            timeless,
            message(Sender::Client, ""),
            message(Sender::Client, "this morning"),
            message(Sender::Client, "2025-03-01T12:00:00.001Z"),
            message(Sender::Client, "2999-01-01T00:00:00Z"),
        ] {
            assert_eq!(of(std::slice::from_ref(&message)), Window::Closed, "{message:?}");
            let earlier = self::message(Sender::Client, "2025-03-01T09:00:00Z");
            assert_eq!(of(&[message, earlier]).until(), Some(at("2025-03-02T09:00:00Z")));
        }
        assert_eq!(of(&[]), Window::Closed);
    }

    #[test]
    fn a_message_by_another_channel_or_of_another_user_opens_nothing() {
        let mut sms = message(Sender::Client, "2025-03-01T10:00:00Z");
        sms.channel = Some(Channel::Sms);
        assert_eq!(of(&[sms]), Window::Closed);

        let mut own = message(Sender::Client, "2025-03-01T10:00:00Z");
        own.channel = Some(Channel::WhatsApp);
        own.uid = Some(UID.into());
        assert!(!of(std::slice::from_ref(&own)).needs_template());
        own.uid = Some("3941-wa3-44792202".into());
        assert_eq!(of(&[own]), Window::Closed);
    }

    #[test]
    fn a_flat_list_opens_the_windows_of_its_own_users_only() {
        let mut message = FlatMessage::new("1", UID, "6462", MessageKind::Image, Sender::Client);
        message.sent_at = Some("2025-03-01T10:00:00Z".into());
        let messages = [message];
        let of = |uid: &str| window(&uid.into(), &messages, at(NOW));
        assert_eq!(of(UID).until(), Some(at("2025-03-02T10:00:00Z")));
        assert_eq!(of("3941-wa3-44792202"), Window::Closed);
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        assert_eq!(Window::after(Timestamp::MIN, Timestamp::MAX), Window::Closed);
        assert_eq!(Window::after(Timestamp::MAX, Timestamp::MIN), Window::Closed);
        assert!(!Window::after(Timestamp::MIN, Timestamp::MIN).needs_template());
        assert!(Window::after(Timestamp::MAX, Timestamp::MAX).needs_template());
    }

    proptest! {
        #[test]
        fn a_window_open_now_was_open_ever_since_the_message(
            sent in prop::collection::vec(-200_000_i64..200_000, 1..5),
            (now, before) in (-200_000_i64..200_000, 0_i64..200_000),
        ) {
            let time = |second: i64| Timestamp::from_second(1_740_000_000 + second).unwrap();
            let messages: Vec<_> =
                sent.iter().map(|second| message(Sender::Client, &time(*second).to_string())).collect();
            let of = |second| window(&UID.into(), &messages, time(second));
            if let Some(until) = of(now).until() {
                prop_assert!(time(now) < until);
                let last = sent.iter().copied().filter(|second| *second <= now).max().unwrap();
                prop_assert_eq!(until, later(time(last), WINDOW));
                prop_assert!(!of((now - before).max(last)).needs_template());
            }
        }

        #[test]
        fn any_times_are_no_panic(
            text in ".*",
            sent in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
            now in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
        ) {
            let time = |second| Timestamp::from_second(second).unwrap();
            let open = Window::after(time(sent), time(now)).until();
            prop_assert_eq!(open.is_some(), sent <= now && now - sent < 24 * 60 * 60);
            let _ = window(&UID.into(), &[message(Sender::Client, &text)], time(now));
        }
    }
}
