use std::{fmt, sync::Arc};

use replykit_inbound::catch_panic;

use crate::BoxError;

/// Why a handler gave no reply.
///
/// Neither `Display` nor `Debug` shows the handler's own error, because it may quote the message
/// that it was about. Take it out of [`Failure::Handler`] to log it where that is fine.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum Failure {
    /// It returned this error.
    #[error("the reply handler returned an error")]
    Handler(#[source] BoxError),
    /// It panicked. The message of the panic went to the program's panic hook.
    #[error("the reply handler panicked")]
    Panic,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handler(_) => "Handler(..)",
            Self::Panic => "Panic",
        })
    }
}

pub(crate) type FailureHook = Arc<dyn Fn(&Failure) + Send + Sync>;

/// Tells the log that a handler failed, and the user's hook why.
pub(crate) async fn report(failure: Failure, hook: Option<&FailureHook>) {
    tracing::error!(
        answered = 500,
        "{failure}; the phone was told internal_error and sends nothing; \
         AutoReply::on_failure gets to see the error"
    );
    if let Some(hook) = hook
        && catch_panic(|| async { hook(&failure) }).await.is_err()
    {
        tracing::error!("the hook given to AutoReply::on_failure panicked");
    }
    // The error is the handler's own type, so dropping it is the handler's code too.
    if catch_panic(|| async move { drop(failure) }).await.is_err() {
        tracing::error!("the error of the reply handler panicked when it was dropped");
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, panic::panic_any, sync::Mutex};

    use super::*;
    use crate::{
        AutoReply, Incoming,
        testing::{INTERNAL_ERROR, echo, parts, saying},
    };

    #[tokio::test]
    async fn a02_an_error_or_a_panic_is_500_and_the_next_message_is_answered() {
        let bot = echo();
        for message in ["error", "panic", "error", "panic"] {
            assert_eq!(parts(bot.respond(saying(message)).await), (500, INTERNAL_ERROR.into()));
            assert_eq!(parts(bot.respond(saying("fine")).await).0, 200);
        }
    }

    #[tokio::test]
    async fn a02_the_hook_sees_the_error_and_the_panic() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let bot = echo().on_failure({
            let seen = seen.clone();
            move |failure| {
                let error = failure.source().map(ToString::to_string);
                seen.lock().unwrap().push((failure.to_string(), error));
            }
        });
        bot.respond(saying("error")).await;
        bot.respond(saying("panic")).await;
        bot.respond(saying("fine")).await;
        assert_eq!(
            *seen.lock().unwrap(),
            [
                ("the reply handler returned an error".to_owned(), Some("canary".to_owned())),
                ("the reply handler panicked".to_owned(), None),
            ]
        );
    }

    #[tokio::test]
    async fn a02_a_panicking_hook_does_not_take_the_answer_away() {
        let bot = echo().on_failure(|_| panic!("hook"));
        for message in ["error", "panic"] {
            assert_eq!(parts(bot.respond(saying(message)).await), (500, INTERNAL_ERROR.into()));
        }
    }

    #[tokio::test]
    async fn a02_what_panics_when_it_is_dropped_does_not_take_the_answer_away() {
        #[derive(Debug, thiserror::Error)]
        #[error("canary")]
        struct Bomb;

        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("canary");
            }
        }

        let bot = AutoReply::allow_unauthenticated(|message: Incoming| async move {
            match message.message.as_str() {
                "error" => Err(Bomb.into()),
                _ => panic_any(Bomb),
            }
        });
        for bot in [bot.clone(), bot.on_failure(|_| panic_any(Bomb))] {
            for message in ["error", "panic"] {
                assert_eq!(parts(bot.respond(saying(message)).await), (500, INTERNAL_ERROR.into()));
            }
        }
    }

    #[test]
    fn debug_and_display_hide_the_error_of_the_handler() {
        let failure = Failure::Handler("canary".into());
        assert!(!format!("{failure} {failure:?}").contains("canary"));
    }
}
