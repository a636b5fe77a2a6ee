use std::{borrow::Cow, fmt, iter::FusedIterator, marker::PhantomData};

use bytes::Bytes;
use replykit_inbound::repair_json;
use serde::{
    Deserialize, Deserializer as _,
    de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::head::{Flag, Head};
use crate::{Command, Error, Items, Malformed, ProtocolProblem, ReplyShape};

/// Hands over the items of the reply to `C` one by one, as they are read, and returns how many there
/// were. However long the list is, one item is in memory at a time.
///
/// The list is read once where the reply's `ok` and `cmd` come before it; otherwise they are looked up
/// first. An item that cannot be read is handed over as [`Malformed`], and the next one follows.
///
/// # Errors
/// Those of [`decode_reply`](super::decode_reply). A refusal comes before any item. What is wrong
/// behind an item, such as a reply cut short, is noticed only there: the items before it were handed
/// over by then.
pub fn decode_each<C, T>(
    reply: &[u8],
    each: impl FnMut(Result<T, Malformed>),
) -> Result<usize, Error>
where
    C: Command<Output = Items<T>>,
    T: DeserializeOwned,
{
    decode_items::<C, T>(reply)?.each(each)
}

/// The items of the reply to `C`, read one by one as they are asked for.
///
/// # Errors
/// Those of [`decode_reply`](super::decode_reply), as far as they show before the list; for those
/// behind it see [`ItemsIter`].
pub fn decode_items<C, T>(reply: &[u8]) -> Result<ItemsIter<'_, T>, Error>
where
    C: Command<Output = Items<T>>,
    T: DeserializeOwned,
{
    ItemsIter::open::<C>(repair_json(reply))
}

/// The same, keeping the reply.
pub(crate) fn into_items<C, T>(reply: Bytes) -> Result<ItemsIter<'static, T>, Error>
where
    C: Command<Output = Items<T>>,
    T: DeserializeOwned,
{
    let reply = Vec::from(reply);
    let repaired = match repair_json(&reply) {
        Cow::Borrowed(text) if text.len() == reply.len() => None,
        text => Some(text.into_owned()),
    };
    let text = match repaired {
        Some(text) => text,
        None => String::from_utf8(reply).unwrap_or_default(),
    };
    ItemsIter::open::<C>(Cow::Owned(text))
}

/// The items of a reply, one by one. It holds the reply's text and reads one item at a time.
///
/// An item that cannot be read is an `Err`, and the next one follows. A reply that breaks off, or takes
/// its yes back behind the list, shows as a last `Err`, whose [`json`](Malformed::json) is `null`;
/// [`finish`](Self::finish) has the [`Error`] then. The items before it have been given out by then.
pub struct ItemsIter<'a, T> {
    text: Cow<'a, str>,
    at: usize,
    command: &'static str,
    head: Head<IgnoredAny>,
    seen: usize,
    done: bool,
    error: Option<Error>,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> ItemsIter<'_, T> {
    /// Hands over what is left, faster than one by one, and returns how many items there were.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn each(mut self, mut each: impl FnMut(Result<T, Malformed>)) -> Result<usize, Error> {
        self.in_one_go(&mut each);
        while let Some(item) = self.step()? {
            each(item);
        }
        Ok(self.seen)
    }

    /// Reads what is left, and returns how many items there were, the malformed ones included.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) when the reply breaks off, and whatever
    /// else its end says.
    pub fn finish(mut self) -> Result<usize, Error> {
        self.by_ref().for_each(drop);
        self.error.map_or(Ok(self.seen), Err)
    }
}

impl<T: DeserializeOwned> Iterator for ItemsIter<'_, T> {
    type Item = Result<T, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().unwrap_or_else(|error| {
            self.error = Some(error);
            Some(Err(Malformed::broken_off(self.seen)))
        })
    }
}

impl<T: DeserializeOwned> FusedIterator for ItemsIter<'_, T> {}

impl<T> fmt::Debug for ItemsIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemsIter").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl<'a, T: DeserializeOwned> ItemsIter<'a, T> {
    fn open<C: Command>(text: Cow<'a, str>) -> Result<Self, Error> {
        let mut items = Self {
            text,
            at: 0,
            command: C::NAME,
            head: Head::default(),
            seen: 0,
            done: false,
            error: None,
            item: PhantomData,
        };
        let field = match C::REPLY {
            ReplyShape::Field(name) => Some(name),
            ReplyShape::TopLevel | ReplyShape::Empty => None,
        };
        let found = items.token(b'{') && items.fields(field, false) == Some(Stop::Field);
        let cmd = items.head.cmd.as_ref().and_then(Value::as_str);
        if items.head.ok != Flag::Yes || cmd != Some(C::NAME) {
            // It may still say no behind the list.
            Head::of_yes(C::NAME, &items.text)?;
        }
        if found && items.token(b'[') { Ok(items) } else { Err(items.broken()) }
    }

    /// The next item, or the end.
    fn step(&mut self) -> Result<Option<Result<T, Malformed>>, Error> {
        if self.done {
            return Ok(None);
        }
        if self.token(b']') {
            self.done = true;
            if self.fields(None, true) != Some(Stop::End) {
                return Err(self.broken());
            }
            return self.head.check(self.command, &self.text).map(|()| None);
        }
        if self.seen > 0 && !self.token(b',') {
            return Err(self.broken());
        }
        let item = match self.value() {
            Ok(item) => Ok(item),
            Err(error) => match self.value::<Box<RawValue>>() {
                Ok(raw) => Err(Malformed::new(self.seen, &error, raw)),
                Err(_) => return Err(self.broken()),
            },
        };
        self.seen += 1;
        Ok(Some(item))
    }

    /// Hands over the items up to the first that cannot be read, or the end of the list: without
    /// stopping at each one, which takes less time.
    fn in_one_go(&mut self, each: &mut impl FnMut(Result<T, Malformed>)) {
        let start = self.at;
        let list = self.text.get(start - 1..).unwrap_or_default();
        let mut json = serde_json::Deserializer::from_str(list);
        let each = Each { each, seen: &mut self.seen, item: PhantomData };
        if json.deserialize_seq(each).is_ok() {
            // Before the bracket that closes the list.
            self.at = start + json.into_iter::<IgnoredAny>().byte_offset() - 2;
            return;
        }
        for index in 0..self.seen {
            if index > 0 {
                self.token(b',');
            }
            let _ = self.value::<IgnoredAny>();
        }
    }

    /// What is wrong with the reply, as it shows to one who reads the whole of it.
    fn broken(&mut self) -> Error {
        self.done = true;
        match Head::of_yes(self.command, &self.text) {
            Err(error) => error,
            Ok(head) => Error::protocol(ProtocolProblem::Data, self.text.as_bytes())
                .with_evidence(head.mid()),
        }
    }
}

struct Each<'a, T, F> {
    each: &'a mut F,
    seen: &'a mut usize,
    item: PhantomData<fn() -> T>,
}

impl<'de, T, F> Visitor<'de> for Each<'_, T, F>
where
    T: Deserialize<'de>,
    F: FnMut(Result<T, Malformed>),
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            (self.each)(Ok(item));
            *self.seen += 1;
        }
        Ok(())
    }
}

/// Where [`ItemsIter::fields`] stops.
#[derive(PartialEq, Eq)]
enum Stop {
    /// Before the value of the field.
    Field,
    /// At the end of the text.
    End,
}

/// Reading the envelope, which stays open while the list is read.
impl<T> ItemsIter<'_, T> {
    /// Reads fields of the envelope; `None` when it is broken.
    fn fields(&mut self, until: Option<&str>, mut comma: bool) -> Option<Stop> {
        loop {
            if self.token(b'}') {
                self.blanks();
                return (self.at == self.text.len()).then_some(Stop::End);
            }
            if comma && !self.token(b',') {
                return None;
            }
            let name: String = self.value().ok()?;
            if !self.token(b':') {
                return None;
            }
            if Some(name.as_str()) == until {
                return Some(Stop::Field);
            }
            if name == "ok" {
                let ok = self.value().ok()?;
                self.head.say(&ok);
            } else if self.head.slot(&name).is_some() {
                let value = self.value().ok()?;
                self.head.slot(&name)?.replace(value);
            } else {
                self.value::<IgnoredAny>().ok()?;
            }
            comma = true;
        }
    }

    /// Reads a value; one that fails is not passed.
    fn value<V: DeserializeOwned>(&mut self) -> Result<V, serde_json::Error> {
        self.blanks();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut json = serde_json::Deserializer::from_str(rest);
        let value = V::deserialize(&mut json)?;
        self.at += json.into_iter::<IgnoredAny>().byte_offset();
        Ok(value)
    }

    /// Passes a character of the JSON grammar, where it comes next.
    fn token(&mut self, token: u8) -> bool {
        self.blanks();
        let found = self.text.as_bytes().get(self.at) == Some(&token);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        let rest = self.text.as_bytes().iter().skip(self.at);
        self.at += rest.take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    }
}

#[cfg(test)]
mod tests;
