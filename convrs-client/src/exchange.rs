use std::{fmt, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use replykit_transport::DEFAULT_MAX_BODY;

use crate::{Error, OperationClass};

/// Carries one frame to the server and its reply frame back: the carrier of a
/// [`Client`](crate::Client).
#[async_trait]
pub trait Exchange: fmt::Debug + Send + Sync + 'static {
    /// Sends the frame at most once. The reply is not read here, so a refusal is `Ok` too.
    ///
    /// # Errors
    /// When no reply frame came back.
    async fn exchange(&self, frame: &Frame) -> Result<Bytes, Error>;
}

/// One command on its way. `Debug` hides the JSON: it holds the token.
#[derive(Clone)]
#[non_exhaustive]
pub struct Frame {
    /// The name of the command.
    pub name: &'static str,
    /// What a repeat of it would do.
    pub class: OperationClass,
    /// The whole frame as compact JSON, token included.
    pub json: Bytes,
    /// When the call ends, answered or not.
    pub deadline: Instant,
    /// The largest reply, in bytes.
    pub max_reply: usize,
}

impl Frame {
    /// A frame with the usual cap on its reply, 1 MiB. The client makes its own; this is for tests of
    /// an [`Exchange`].
    #[must_use]
    pub fn new(
        name: &'static str,
        class: OperationClass,
        json: impl Into<Bytes>,
        deadline: Instant,
    ) -> Self {
        Self { name, class, json: json.into(), deadline, max_reply: DEFAULT_MAX_BODY }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("name", &self.name)
            .field("class", &self.class)
            .field("json", &format_args!("<{} bytes>", self.json.len()))
            .finish_non_exhaustive()
    }
}
