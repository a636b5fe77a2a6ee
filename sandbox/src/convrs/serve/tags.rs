use convrs_client::{CreateUserTag, DeleteUserTag, GetUserTags, Items, SetUserTag};
use jiff::Timestamp;
use serde_json::Value;

use super::{Refusal, Serve, State};

impl Serve for GetUserTags {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Items<String>, Refusal> {
        state.user(&self.uid)?;
        Ok(state.tags_of.get(&self.uid).cloned().unwrap_or_default().into())
    }
}

impl Serve for SetUserTag {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<(), Refusal> {
        state.user(&self.uid)?;
        state.check_tag(&self.tag)?;
        let tags = state.tags_of.entry(self.uid).or_default();
        if !tags.contains(&self.tag) {
            tags.push(self.tag);
        }
        Ok(())
    }
}

impl Serve for DeleteUserTag {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<(), Refusal> {
        state.user(&self.uid)?;
        state.check_tag(&self.tag)?;
        state.tags_of.entry(self.uid).or_default().retain(|tag| *tag != self.tag);
        Ok(())
    }
}

impl Serve for CreateUserTag {
    fn serve(self, state: &mut State, _now: Timestamp) -> Result<Value, Refusal> {
        state.tags.insert(self.tag);
        Ok(1.into())
    }
}
