mod clock;

use std::{fmt, time::Duration};

pub(crate) use clock::wall_clock;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::{DeliveryCallback, Invalid, SendId};

/// A secret of yours that proves callbacks. It cannot be printed, compared or serialized.
#[derive(Clone)]
pub struct CallbackKey(Hmac<Sha256>);

impl CallbackKey {
    /// A key of random bytes, at least 32 of them.
    ///
    /// # Errors
    /// For fewer bytes.
    pub fn from_bytes(secret: &[u8]) -> Result<Self, Invalid> {
        Self::new(secret, 32, "it is too short: give at least 32 random bytes")
    }

    /// A key that is a text, such as one from a password generator: at least 16 bytes, blanks around
    /// it not counted. Whoever sees one callback can try guesses at the text, so it must not be one
    /// that people think of.
    ///
    /// # Errors
    /// For a shorter text.
    pub fn from_text(secret: &str) -> Result<Self, Invalid> {
        let rule = "it is too short: give a text of at least 16 bytes that nobody can guess";
        Self::new(secret.trim().as_bytes(), 16, rule)
    }

    fn new(secret: &[u8], least: usize, rule: &'static str) -> Result<Self, Invalid> {
        match Hmac::new_from_slice(secret) {
            Ok(mac) if secret.len() >= least => Ok(Self(mac)),
            _ => Err(Invalid::new("callback key", None, rule)),
        }
    }

    /// The code over all that is proved. Each part has a fixed length but the last one, so that no
    /// two make the same bytes.
    fn mac(&self, id: &SendId, issued: i64) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"replykit callback proof 1\0");
        mac.update(&issued.to_be_bytes());
        mac.update(id.as_str().as_bytes());
        mac
    }
}

/// The keys by which this client's callbacks can be told from forged ones: the API signs none.
///
/// Given to [`Client::callback_keys`](crate::Client::callback_keys), they put a proof into
/// `webhookPayload` of every template with a `webhook_url`: a code over the id of the send and the
/// time. The server gives it back in every callback, where [`verify`](Self::verify) checks it.
///
/// It proves that the callback belongs to a send of yours, and nothing more: the ack, the message
/// and the times in it are not covered, as the server names them later. Whoever sees a genuine
/// callback can post it again with another ack until it is too old, so the URL has to be https.
/// [`Deliveries`](crate::Deliveries) refuses another message for the same send.
///
/// ```
/// use std::time::Duration;
///
/// use convrs_client::{CallbackKey, CallbackKeys, DeliveryCallback, Unproven};
/// use jiff::Timestamp;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // To replace a key: sign with the new one, and accept the former one until its callbacks are in.
/// let keys = CallbackKeys::new(CallbackKey::from_text("kept in the environment, 2026")?)
///     .accept(CallbackKey::from_text("kept in the environment, 2025")?)
///     .max_age(Duration::from_secs(7 * 24 * 60 * 60));
///
/// let forged = DeliveryCallback::from_json(br#"{"ok":1,"mid":"6462","ack":2}"#)?;
/// assert_eq!(keys.verify(&forged, Timestamp::now()), Err(Unproven::Missing));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct CallbackKeys {
    /// The first one signs.
    keys: Vec<CallbackKey>,
    max_age: Duration,
}

/// Why a callback is not proven to be of a send of yours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unproven {
    /// It has no proof, or no send id. So has one of a send without keys.
    Missing,
    /// The proof is of none of the keys, or of another send.
    Forged,
    /// The message was sent too long ago.
    TooOld,
    /// The message will be sent later, by your clock.
    FromFuture,
}

impl CallbackKeys {
    /// Signs and accepts with this key.
    #[must_use]
    pub fn new(key: CallbackKey) -> Self {
        Self { keys: vec![key], max_age: MAX_AGE }
    }

    /// Accepts with this key as well.
    #[must_use]
    pub fn accept(mut self, key: CallbackKey) -> Self {
        self.keys.push(key);
        self
    }

    /// How long after its send a message may have callbacks. Default: 30 days, for a person may read
    /// and answer late.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Checks that a callback belongs to a send of yours. `now` may be 5 minutes behind the clock
    /// that the message was sent by. The codes are compared in constant time.
    ///
    /// # Errors
    /// What is wrong with the proof. Answer such a callback like any other, and do not believe it.
    pub fn verify(&self, callback: &DeliveryCallback, now: Timestamp) -> Result<(), Unproven> {
        let (Some(id), Some(proof)) = (&callback.send_id, &callback.proof) else {
            return Err(Unproven::Missing);
        };
        let (issued, code) = read(proof).ok_or(Unproven::Forged)?;
        if !self.keys.iter().any(|key| key.mac(id, issued).verify_slice(&code).is_ok()) {
            return Err(Unproven::Forged);
        }
        let age = now.as_second().saturating_sub(issued);
        if age < -AHEAD {
            return Err(Unproven::FromFuture);
        }
        let max_age = i64::try_from(self.max_age.as_secs()).unwrap_or(i64::MAX);
        if age > max_age { Err(Unproven::TooOld) } else { Ok(()) }
    }

    /// The proof of a send.
    pub(crate) fn prove(&self, id: &SendId, now: Timestamp) -> Option<String> {
        let issued = now.as_second();
        let code = self.keys.first()?.mac(id, issued).finalize().into_bytes();
        Some(write(issued, &code))
    }
}

/// A proof on the wire: `1.<seconds since 1970>.<64 hexadecimal digits>`.
fn write(issued: i64, code: &[u8]) -> String {
    let mut text = format!("{VERSION}.{issued}.");
    for byte in code {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn read(proof: &str) -> Option<(i64, [u8; 32])> {
    let (issued, digits) = proof.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')?;
    let issued = issued.parse().ok()?;
    let mut code = [0; 32];
    let mut digits_left = digits.as_bytes().chunks_exact(2);
    for (byte, pair) in code.iter_mut().zip(digits_left.by_ref()) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // One proof has one form: no other digits, signs or leading zeros.
    (write(issued, &code) == proof).then_some((issued, code))
}

impl fmt::Debug for CallbackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackKey([redacted])")
    }
}

impl fmt::Debug for CallbackKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackKeys")
            .field("keys", &self.keys.len())
            .field("max_age", &self.max_age)
            .finish()
    }
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the callback has no proof",
            Self::Forged => "the callback's proof is wrong",
            Self::TooOld => "the callback's message was sent too long ago",
            Self::FromFuture => "the callback's message was sent later than now: check the clocks",
        })
    }
}

impl std::error::Error for Unproven {}

const VERSION: &str = "1";
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How far clocks may be apart, in seconds.
const AHEAD: i64 = 5 * 60;

#[cfg(test)]
mod tests;
