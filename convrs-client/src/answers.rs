use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{
    Command, DeliveryState, Error, ErrorCode, Items, ItemsIter, Mid,
    envelope::{self, items::into_items},
};

/// What a call makes of what the server says.
pub(crate) trait Answers<T>: Send + Sync {
    fn read(&self, reply: Bytes) -> Result<T, Error>;

    /// The result, where a refusal of a repeat says that an earlier attempt was carried out.
    fn done_before(&self, code: ErrorCode) -> Option<T> {
        let _ = code;
        None
    }

    /// The result, where a callback proves that the message went out.
    fn proven(&self, state: &DeliveryState) -> Option<T> {
        let _ = state;
        None
    }

    /// The message that the result names.
    fn message_of<'a>(&self, output: &'a T) -> Option<&'a Mid> {
        let _ = output;
        None
    }
}

/// The reply read as a whole.
pub(crate) struct Whole<C>(pub(crate) C);

impl<C: Command> Answers<C::Output> for Whole<C> {
    fn read(&self, reply: Bytes) -> Result<C::Output, Error> {
        envelope::decode_reply::<C>(&reply)
    }

    fn done_before(&self, code: ErrorCode) -> Option<C::Output> {
        self.0.done_before(code)
    }

    fn proven(&self, state: &DeliveryState) -> Option<C::Output> {
        self.0.proven(state)
    }

    fn message_of<'a>(&self, output: &'a C::Output) -> Option<&'a Mid> {
        C::message_of(output)
    }
}

/// The reply read item by item.
pub(crate) struct InItems<C>(PhantomData<fn(C)>);

impl<C> InItems<C> {
    pub(crate) fn of(_: C) -> Self {
        Self(PhantomData)
    }
}

impl<C, T> Answers<ItemsIter<'static, T>> for InItems<C>
where
    C: Command<Output = Items<T>>,
    T: DeserializeOwned,
{
    fn read(&self, reply: Bytes) -> Result<ItemsIter<'static, T>, Error> {
        into_items::<C, T>(reply)
    }
}
