//! What is known about WhatsApp templates, as code: when one is needed, what is wrong with one, and
//! when a paused one may be used again. Nothing here sends, waits or reads a clock.
//!
//! | Question | Answer |
//! |---|---|
//! | May I write freely to this person, and until when? | [`window()`] |
//! | What should be changed in this template? | [`lint()`] |
//! | Do these parameters fit this template? | [`check_parameters()`] |
//! | When may a paused template be used again? | [`Availability`], [`active_again`] |
//! | Does this kind of template need an opt-in? | [`Category::needs_explicit_opt_in`] |
//!
//! # When a template is needed
//!
//! A message of a person to the business opens a window of 24 hours, in which any text may be sent to
//! that person. Outside of it only a template is taken. Templates are handed in at Meta Business
//! Manager and reviewed; a verified business has the answer mostly at once, and at the latest after
//! about 24 hours.
//!
//! # How to keep an account in good standing
//!
//! - **Ask first.** Whoever gets a message has agreed to WhatsApp messages of this business before.
//!   No other fault costs so many accounts. Marketing needs a consent of its own.
//! - **Write to a person.** Placeholders for the name and for what the message is about: messages
//!   for nobody in particular are read less and reported more.
//! - **Rather few messages that are worth reading.** Businesses whose messages are welcome see 65 to
//!   80 % of them read.
//! - **Show the way out.** Every message says how to get no more of them, marketing above all.
//! - **Keep the form.** Short texts, words between placeholders, and a header and footer without
//!   emoji, formatting and line breaks: [`lint()`] looks for these.
//! - **Watch the quality.** Meta Business Manager shows it; mend a template at
//!   [`Quality::Medium`], before it is paused.
//!
//! # What suspends an account at once
//!
//! - offering what is forbidden, such as adult content, gambling, firearms, or financial services
//!   without a licence;
//! - false information, fraud, or claims that mislead;
//! - mass messages to people who never agreed to them;
//! - wrong statements in the verification of the business.
//!
//! # The rules themselves
//!
//! - [WhatsApp Business Policy](https://business.whatsapp.com/policy): what is allowed
//! - [Meta Business Help Center](https://www.facebook.com/business/help): how to write templates
//!
//! Source: Convrs API > Understanding WhatsApp Message Templates

mod category;
mod finding;
mod fit;
mod lint;
mod pause;
mod placeholder;
mod plain;
mod window;

pub use category::{Category, FEEDBACK_PERIOD, Quality};
pub use finding::{Finding, FindingKind, Place};
pub use fit::check_parameters;
pub use lint::{LETTERS_PER_PLACEHOLDER, OPT_OUT_WORDS, lint};
pub use pause::{Availability, PAUSES, RECOVERY, active_again};
pub use placeholder::{parameter_count, placeholders};
pub use window::{ConversationMessage, WINDOW, Window, window};
