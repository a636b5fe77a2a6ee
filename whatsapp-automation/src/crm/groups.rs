use std::collections::BTreeMap;

use http::HeaderValue;
use replykit_transport::Body;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DateTime, Invalid,
    crm::{
        GroupId,
        endpoint::{delete, get, list, make, one},
        rules,
    },
    json::json,
    redact, scalar,
};

/// A group of contacts.
///
/// The server fills groups by itself: a new contact joins the newest group of its landing page, and
/// when that is full, the next one is made. Seen on a running backend: the fields, and the name
/// `<landing page> Group <n>`.
///
/// Source: WhatsApp automation, open REST > Group Management API
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name. No two groups have the same.
    #[serde(default, deserialize_with = "scalar::string")]
    pub name: String,
    /// The page whose contacts it takes.
    #[serde(default)]
    pub landing_page: Option<String>,
    /// How many contacts it takes: 250 where nothing else was said.
    #[serde(default, deserialize_with = "scalar::if_any")]
    pub max_capacity: Option<u32>,
    /// How many it has.
    #[serde(default, deserialize_with = "scalar::if_any")]
    pub current_size: Option<u32>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<DateTime>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Group {
    /// A group with nothing but an id and a name.
    pub fn new(id: impl Into<GroupId>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            landing_page: None,
            max_capacity: None,
            current_size: None,
            created_at: None,
            extra: BTreeMap::new(),
        }
    }
}

redact::debug!(Group { id, max_capacity, current_size, created_at }
    hides { name, landing_page, extra });

list! {
    /// Gives all groups. Changes nothing.
    ///
    /// Source: WhatsApp automation, open REST > Group Management API > Get all groups
    ListGroups, "crm.list_groups", "groups/", Group
}

get! {
    /// Gives a group. Changes nothing.
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > Group Management API > Get a group
    GetGroup, "crm.get_group", "groups", GroupId, Group
}

delete! {
    /// Removes an empty group.
    ///
    /// Undocumented: what happens to a group that is not empty. Assumed: 400 with an `error`. Seen on
    /// a running backend: it is removed as well, and its contacts are in no group then.
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > Group Management API > Delete a group
    DeleteGroup, "crm.delete_group", "groups", GroupId
}

/// Creates a WhatsApp group. People can see it, so it counts as a send: it is repeated only when
/// nothing was done.
///
/// # Errors
/// [`Invalid`] for a blank name or a capacity of 0; 400 for a name that another group has.
///
/// Source: WhatsApp automation, open REST > Group Management API > Create a group
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CreateGroup {
    /// Its name. Required.
    pub name: String,
    /// The page whose contacts it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landing_page: Option<String>,
    /// How many contacts it takes, at least 1. Default of the server: 250.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_capacity: Option<u32>,
}

impl CreateGroup {
    /// Creates the group `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), landing_page: None, max_capacity: None }
    }
}

redact::debug!(CreateGroup { max_capacity } hides { name, landing_page });

make!(CreateGroup, "crm.create_group", Send, "groups/", Group, {
    fn validate(&self) -> Result<(), Invalid> {
        rules::present("name", &self.name)?;
        landing_page(self.landing_page.as_ref())?;
        rules::max_capacity(self.max_capacity)
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

/// Replaces what a group says.
///
/// # Errors
/// [`Invalid`] as for [`CreateGroup`]; 404 for an id that the server does not know.
///
/// Undocumented: PUT. Seen on a running backend.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UpdateGroup {
    /// Which one.
    #[serde(skip)]
    pub id: GroupId,
    /// Its name. Required.
    pub name: String,
    /// The page whose contacts it takes. `None` is `null` on the wire.
    pub landing_page: Option<String>,
    /// How many contacts it takes, at least 1. `None` leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_capacity: Option<u32>,
}

impl UpdateGroup {
    /// Gives the group `id` this name, and no landing page.
    pub fn new(id: impl Into<GroupId>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), landing_page: None, max_capacity: None }
    }
}

redact::debug!(UpdateGroup { id, max_capacity } hides { name, landing_page });

one!(UpdateGroup, "crm.update_group", PUT, Write, "groups", Group, {
    fn validate(&self) -> Result<(), Invalid> {
        rules::present("name", &self.name)?;
        landing_page(self.landing_page.as_ref())?;
        rules::max_capacity(self.max_capacity)
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

/// Changes the given fields of a group, and no other.
///
/// # Errors
/// As for [`UpdateGroup`].
///
/// Undocumented: PATCH. Seen on a running backend.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PatchGroup {
    /// Which one.
    #[serde(skip)]
    pub id: GroupId,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The page whose contacts it takes. `Some(None)` takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landing_page: Option<Option<String>>,
    /// How many contacts it takes, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_capacity: Option<u32>,
}

impl PatchGroup {
    /// Changes nothing yet: set the fields to change.
    pub fn new(id: impl Into<GroupId>) -> Self {
        Self { id: id.into(), name: None, landing_page: None, max_capacity: None }
    }
}

redact::debug!(PatchGroup { id, max_capacity } hides { name, landing_page });

one!(PatchGroup, "crm.patch_group", PATCH, Write, "groups", Group, {
    fn validate(&self) -> Result<(), Invalid> {
        rules::if_given(self.name.as_ref(), |name| rules::present("name", name))?;
        landing_page(self.landing_page.iter().flatten().next())?;
        rules::max_capacity(self.max_capacity)
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

fn landing_page(page: Option<&String>) -> Result<(), Invalid> {
    rules::if_given(page, |page| rules::without_nul("landing_page", page))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crm::Endpoint;

    #[test]
    fn a_group_encodes_back_as_it_came() {
        let json = json!({
            "id": 7, "name": "shoes Group 1", "landing_page": null, "max_capacity": 250,
            "current_size": 3, "created_at": "2025-02-20T10:00:00Z", "new": {"a": 1}
        });
        let group: Group = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((group.max_capacity, group.current_size), (Some(250), Some(3)));
        assert_eq!(serde_json::to_value(&group).unwrap(), json);
    }

    #[test]
    fn numbers_may_be_texts_and_an_empty_one_is_none() {
        let group: Group =
            serde_json::from_str(r#"{"id":7,"max_capacity":"250","current_size":""}"#).unwrap();
        assert_eq!((group.max_capacity, group.current_size), (Some(250), None));
        for bad in ["-1", "4294967296", "[]", "true", r#""many""#] {
            let json = format!(r#"{{"id":7,"max_capacity":{bad}}}"#);
            assert!(serde_json::from_str::<Group>(&json).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_group_needs_a_name_and_room_for_one() {
        assert_eq!(CreateGroup::new(" ").validate().unwrap_err().field(), "name");
        assert_eq!(UpdateGroup::new(7, "").validate().unwrap_err().field(), "name");
        let mut create = CreateGroup::new("shoes");
        create.max_capacity = Some(0);
        assert_eq!(create.validate().unwrap_err().field(), "max_capacity");
        create.landing_page = Some("\0".to_owned());
        assert_eq!(create.validate().unwrap_err().field(), "landing_page");
    }

    #[test]
    fn a_patch_may_take_the_landing_page_away() {
        let mut patch = PatchGroup::new(7);
        patch.landing_page = Some(None);
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"landing_page":null}"#);
    }
}
