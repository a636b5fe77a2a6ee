//! What a subscriber of `tracing` sees of a webhook. Without that feature it is nothing.

#[cfg(not(feature = "tracing"))]
mod silent {
    use replykit_inbound::{DeadLetter, Refusal};

    pub(crate) fn refused(_: Refusal) {}
    pub(crate) fn failed(_: &DeadLetter) {}
}

#[cfg(feature = "tracing")]
mod traced {
    use replykit_inbound::{DeadLetter, Refusal};

    /// What the sink did not store has its event already, which comes even when nobody waits for the
    /// answer.
    pub(crate) fn refused(refusal: Refusal) {
        if !matches!(refusal, Refusal::NotStored) {
            let answered = refusal.status().as_u16();
            tracing::warn!(answered, reason = %refusal.code(), "a post to the webhook was refused");
        }
    }

    pub(crate) fn failed(letter: &DeadLetter) {
        tracing::error!(
            reason = %letter.reason,
            bytes = letter.body.len(),
            "a post to the webhook was not stored; Webhook::on_failure gets to see it",
        );
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) use silent::{failed, refused};
#[cfg(feature = "tracing")]
pub(super) use traced::{failed, refused};
