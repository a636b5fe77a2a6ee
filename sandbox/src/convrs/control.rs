//! What happens on the other side of the API: in the dashboard, among people, and by misfortune.

mod people;
mod sockets;

use convrs_client::{AgentId, BotId, Channel, ErrorCode, PhoneNumber, Template, TemplateStatus};
use jiff::Timestamp;

use super::{
    CallbackDelivery, EventDelivery, Fault, Recipient,
    sockets::of_session,
    state::{Agent, State},
};
use crate::Shared;

/// The dashboard of the Convrs account, the people behind it, and faults at will.
///
/// What it sets off, such as events, falls due at once: it happens with the next
/// [`advance`](crate::Sandbox::advance), or by itself where the clock runs. Outside Rust, `POST
/// /convrs/control` does the same.
///
/// ```
/// use convrs_client::{ErrorCode, GetUser, User};
/// use replykit_sandbox::Sandbox;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let client = sandbox.convrs_client()?;
/// sandbox.convrs().create_user(User::new("73-tel-1"))?;
/// assert!(client.execute(GetUser::new("73-tel-1")).await.is_ok());
///
/// sandbox.convrs().reset_token();
/// let error = client.execute(GetUser::new("73-tel-1")).await.unwrap_err();
/// assert_eq!(error.code(), Some(ErrorCode::InvalidToken));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct ConvrsControl<'a> {
    shared: &'a Shared,
}

/// Why the sandbox cannot do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The user does not exist.
    #[error("the sandbox has no such user: create it, or send it a first message by a command")]
    UnknownUser,
    /// The user exists already.
    #[error("the sandbox has that user already")]
    UserExists,
    /// No conversation of the user is open.
    #[error("the user has no open conversation: let the user write first")]
    NoOpenConversation,
    /// The bot does not exist.
    #[error("the sandbox has no such bot: add it first")]
    UnknownBot,
    /// The template does not exist.
    #[error("the bot has no template of this name and language: put it first")]
    UnknownTemplate,
    /// The tag does not exist.
    #[error("the sandbox has no such tag: create it with CreateUserTag")]
    UnknownTag,
    /// It is no phone number.
    #[error("write the number with its country code, as in +447922021419")]
    InvalidPhone,
    /// The account does not exist.
    #[error("the sandbox has no such account: register it first")]
    UnknownAccount,
    /// No QR code of the account waits to be scanned.
    #[error("the account has no QR code, or an old one: ask for one first")]
    NoQrCode,
    /// The source does not exist.
    #[error("the sandbox has the sources main and main-north")]
    UnknownSource,
    /// The source has no parent to inherit from.
    #[error("the source has no parent: only main-north inherits")]
    NoParent,
    /// The source has its parent's secret, which is generated there.
    #[error("the source has its parent's secret: generate it there, or end the inheritance")]
    Inherited,
    /// The source has no secret.
    #[error("the source has no secret: generate one first")]
    NoSecret,
    /// The source has no such lead.
    #[error("the source has no such lead: let it write first")]
    UnknownLead,
    /// The conversation with the lead is closed.
    #[error("the conversation with the lead is closed: reopen it, or let the lead write")]
    ConversationClosed,
    /// The source has no URL to post to.
    #[error("the source has no webhook: set its URL and its secret first")]
    NoWebhook,
    /// No header could carry the secret.
    #[error("use a secret of visible ASCII characters, with no blank before or after it")]
    InvalidSecret,
    /// A name, a text or a contact is empty, or only blanks.
    #[error("write something that is not blank")]
    Blank,
    /// It is no URL that could be posted to.
    #[error("use a URL such as http://127.0.0.1:8080/events")]
    InvalidUrl,
}

impl<'a> ConvrsControl<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// The token that counts now.
    #[must_use]
    pub fn token(&self) -> String {
        self.shared.convrs().access.token()
    }

    /// Gives access back after [`disable`](Self::disable), with the token that this issues.
    pub fn enable(&self) -> String {
        self.act(|state, _| {
            state.access.enable();
            state.access.token()
        })
    }

    /// Removes access: every token is answered 1001, and a socket that is connected is told so and
    /// closed.
    ///
    /// Undocumented: what becomes of the socket. Assumed: this.
    pub fn disable(&self) {
        self.act(|state, _| {
            state.access.disable();
            state.disconnect(&of_session(ErrorCode::InvalidToken));
        });
    }

    /// Issues a token. The old one fails at once, and a socket that is connected with it is told so
    /// (1001) and closed.
    pub fn reset_token(&self) -> String {
        self.act(|state, _| {
            state.access.reset_token();
            state.disconnect(&of_session(ErrorCode::InvalidToken));
            state.access.token()
        })
    }

    /// Sets where events are posted, or that they are not. An address on another machine is taken,
    /// and its events are listed as not delivered.
    ///
    /// # Errors
    /// [`ControlError::InvalidUrl`].
    pub fn set_webhook_url(&self, url: Option<&str>) -> Result<(), ControlError> {
        let valid = |url: &str| {
            url.parse::<http::Uri>()
                .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
        };
        if url.is_some_and(|url| !valid(url)) {
            return Err(ControlError::InvalidUrl);
        }
        self.act(|state, _| state.webhook_url = url.map(str::to_owned));
        Ok(())
    }

    /// Sets how many messages a second go to one number, and in all. The service does this on
    /// request; it starts with 1 and 10.
    pub fn set_rate_limits(&self, per_number: usize, per_token: usize) {
        self.act(|state, _| {
            state.rates.per_number = per_number;
            state.rates.per_token = per_token;
        });
    }

    /// Adds a bot without templates, or changes the channels of one.
    pub fn add_bot(&self, bot_id: impl Into<BotId>, channels: impl IntoIterator<Item = Channel>) {
        self.act(|state, _| state.bots.insert(bot_id.into(), channels.into_iter().collect()));
    }

    /// Adds an agent. The first agent, whom the sandbox starts with, answers the users.
    pub fn add_agent(
        &self,
        id: impl Into<AgentId>,
        name: impl Into<String>,
        email: impl Into<String>,
    ) {
        let agent = Agent { id: id.into(), name: name.into(), email: email.into() };
        self.act(|state, _| state.agents.push(agent));
    }

    /// Adds a route, which sends by SMS.
    pub fn add_route(&self, route: impl Into<String>) {
        self.act(|state, _| state.routes.insert(route.into()));
    }

    /// Adds a template to a bot, in place of one of the same name and language.
    ///
    /// # Errors
    /// [`ControlError::UnknownBot`].
    pub fn put_template(
        &self,
        bot_id: impl Into<BotId>,
        template: Template,
    ) -> Result<(), ControlError> {
        let bot_id = bot_id.into();
        self.act(|state, _| {
            if !state.bots.contains_key(&bot_id) {
                return Err(ControlError::UnknownBot);
            }
            state.templates.retain(|(bot, old)| {
                *bot != bot_id || old.name != template.name || old.language != template.language
            });
            state.templates.push((bot_id, template));
            Ok(())
        })
    }

    /// Approves, pauses, disables or rejects a template. One that is paused or disabled is refused
    /// with 3002 and WhatsApp's 132015 or 132016, one that is pending or rejected with 3001.
    ///
    /// # Errors
    /// [`ControlError::UnknownTemplate`].
    pub fn set_template_status(
        &self,
        bot_id: impl Into<BotId>,
        name: &str,
        language: &str,
        status: TemplateStatus,
    ) -> Result<(), ControlError> {
        let bot_id = bot_id.into();
        self.act(|state, _| {
            let (_, template) = state
                .templates
                .iter_mut()
                .find(|(bot, t)| *bot == bot_id && t.name == name && t.language == language)
                .ok_or(ControlError::UnknownTemplate)?;
            template.status = status;
            Ok(())
        })
    }

    /// Sets what happens to messages to a number from now on.
    ///
    /// # Errors
    /// [`ControlError::InvalidPhone`].
    pub fn set_recipient(
        &self,
        phone: impl Into<PhoneNumber>,
        recipient: Recipient,
    ) -> Result<(), ControlError> {
        let phone = phone.into().e164().map_err(|_| ControlError::InvalidPhone)?;
        self.act(|state, _| state.recipients.insert(phone, recipient));
        Ok(())
    }

    /// Gives the next request that the fault waits for, and that is valid, the fault's answer. Faults
    /// queue up: the first that fits is taken.
    pub fn fail_next(&self, fault: Fault) {
        self.act(|state, _| state.faults.push(fault));
    }

    /// The delivery callbacks so far, oldest first, with what became of each.
    #[must_use]
    pub fn callbacks(&self) -> Vec<CallbackDelivery> {
        self.shared.convrs().callbacks.clone()
    }

    /// The events that were pushed so far, with what became of each, in the order in which that was
    /// known. One for which nobody was connected, and no URL was set, is not among them.
    #[must_use]
    pub fn events(&self) -> Vec<EventDelivery> {
        self.shared.convrs().events.clone()
    }

    fn act<T>(&self, action: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let result = action(&mut self.shared.convrs(), self.shared.clock.now());
        self.shared.pacing.scheduled.notify_one();
        result
    }
}

impl std::fmt::Debug for ConvrsControl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConvrsControl").finish_non_exhaustive()
    }
}
