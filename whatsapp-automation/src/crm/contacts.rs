use std::collections::BTreeMap;

use http::{HeaderValue, Method, StatusCode};
use replykit_transport::Body;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DateTime, Invalid, OperationClass, ProtocolProblem,
    crm::{
        ContactId, Endpoint, GroupId,
        endpoint::{delete, get, list, one},
        rules,
    },
    json::{json, read_object},
    redact, scalar,
};

/// A contact.
///
/// Source: WhatsApp automation, open REST > Contacts API. Seen on a running backend: its fields.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// The person's name.
    #[serde(default, deserialize_with = "scalar::string")]
    pub name: String,
    /// The phone number, as it was written. No two contacts have the same.
    #[serde(default, deserialize_with = "scalar::string")]
    pub phone_number: String,
    /// The page where the person left the number.
    #[serde(default, deserialize_with = "scalar::string")]
    pub landing_page: String,
    /// The group that the server chose, of those of the landing page.
    #[serde(default, deserialize_with = "scalar::if_any")]
    pub group: Option<GroupId>,
    /// When the server took it in.
    #[serde(default)]
    pub created_at: Option<DateTime>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Contact {
    /// A contact with nothing but its id and what [`CreateContact`] needs.
    pub fn new(
        id: impl Into<ContactId>,
        name: impl Into<String>,
        phone_number: impl Into<String>,
        landing_page: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            phone_number: phone_number.into(),
            landing_page: landing_page.into(),
            group: None,
            created_at: None,
            extra: BTreeMap::new(),
        }
    }
}

redact::debug!(Contact { id, group, created_at } hides { name, phone_number, landing_page, extra });

list! {
    /// Gives all contacts. Changes nothing.
    ///
    /// Source: WhatsApp automation, open REST > Contacts API > Get all contacts
    ListContacts, "crm.list_contacts", "contacts/", Contact
}

get! {
    /// Gives a contact. Changes nothing.
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > Contacts API > Get a contact
    GetContact, "crm.get_contact", "contacts", ContactId, Contact
}

delete! {
    /// Removes a contact.
    ///
    /// # Errors
    /// 404 for an id that the server does not know.
    ///
    /// Source: WhatsApp automation, open REST > Contacts API > Delete a contact
    DeleteContact, "crm.delete_contact", "contacts", ContactId
}

/// Adds a contact, which joins the newest group of its landing page.
///
/// # Errors
/// [`Invalid`] for a blank field, and for a phone number of more than 20 characters: the server would
/// take it, but refuse every later change of the contact.
///
/// Seen on a running backend: the same number under another name is 500 with a page of HTML, so the
/// outcome is `Unknown`; [`ListContacts`] shows whose number it is. Where the outcome is `Unknown` the
/// call may be made again: if the contact is there by then, the answer says so.
///
/// Source: WhatsApp automation, open REST > Contacts API > Create a contact
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CreateContact {
    /// The person's name. Required.
    pub name: String,
    /// The phone number. Required, at most 20 characters.
    pub phone_number: String,
    /// The page where the person left the number. Required.
    pub landing_page: String,
}

impl CreateContact {
    /// Adds `name` with `phone_number`, who came by `landing_page`.
    pub fn new(
        name: impl Into<String>,
        phone_number: impl Into<String>,
        landing_page: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            phone_number: phone_number.into(),
            landing_page: landing_page.into(),
        }
    }
}

redact::debug!(CreateContact {} hides { name, phone_number, landing_page });

/// What became of a [`CreateContact`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ContactCreated {
    /// The contact, as the server has it.
    pub contact: Contact,
    /// Whether it was there before, so that nothing was created. Seen on a running backend: the
    /// status is then 200, otherwise 201.
    pub existed: bool,
}

impl Endpoint for CreateContact {
    const NAME: &'static str = "crm.create_contact";
    const METHOD: Method = Method::POST;
    const CLASS: OperationClass = OperationClass::Create;
    type Output = ContactCreated;

    fn path(&self) -> String {
        "contacts/".to_owned()
    }

    fn validate(&self) -> Result<(), Invalid> {
        all(&self.name, &self.phone_number, &self.landing_page)
    }

    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }

    fn read(&self, status: StatusCode, body: &[u8]) -> Result<ContactCreated, ProtocolProblem> {
        let contact = read_object(body)?;
        match status {
            StatusCode::CREATED => Ok(ContactCreated { contact, existed: false }),
            StatusCode::OK => Ok(ContactCreated { contact, existed: true }),
            _ => Err(ProtocolProblem::Status),
        }
    }
}

/// Replaces what a contact says. It stays in its group, whatever the landing page.
///
/// # Errors
/// [`Invalid`] as for [`CreateContact`]; 404 for an id that the server does not know; 400 for a number
/// that another contact has.
///
/// Source: WhatsApp automation, open REST > Contacts API > Update a contact
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UpdateContact {
    /// Which one.
    #[serde(skip)]
    pub id: ContactId,
    /// The person's name. Required.
    pub name: String,
    /// The phone number. Required, at most 20 characters.
    pub phone_number: String,
    /// The page where the person left the number. Required.
    pub landing_page: String,
}

impl UpdateContact {
    /// Gives the contact `id` these values.
    pub fn new(
        id: impl Into<ContactId>,
        name: impl Into<String>,
        phone_number: impl Into<String>,
        landing_page: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            phone_number: phone_number.into(),
            landing_page: landing_page.into(),
        }
    }
}

redact::debug!(UpdateContact { id } hides { name, phone_number, landing_page });

one!(UpdateContact, "crm.update_contact", PUT, Write, "contacts", Contact, {
    fn validate(&self) -> Result<(), Invalid> {
        all(&self.name, &self.phone_number, &self.landing_page)
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

/// Changes the given fields of a contact, and no other.
///
/// # Errors
/// As for [`UpdateContact`].
///
/// Undocumented: PATCH. Seen on a running backend.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PatchContact {
    /// Which one.
    #[serde(skip)]
    pub id: ContactId,
    /// The person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The phone number, at most 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The page where the person left the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landing_page: Option<String>,
}

impl PatchContact {
    /// Changes nothing yet: set the fields to change.
    pub fn new(id: impl Into<ContactId>) -> Self {
        Self { id: id.into(), name: None, phone_number: None, landing_page: None }
    }
}

redact::debug!(PatchContact { id } hides { name, phone_number, landing_page });

one!(PatchContact, "crm.patch_contact", PATCH, Write, "contacts", Contact, {
    fn validate(&self) -> Result<(), Invalid> {
        rules::if_given(self.name.as_ref(), |name| rules::present("name", name))?;
        rules::if_given(self.phone_number.as_ref(), rules::phone_number)?;
        rules::if_given(self.landing_page.as_ref(), |page| rules::present("landing_page", page))
    }
    fn body(&self) -> Result<Option<(HeaderValue, Body)>, Invalid> {
        json(self)
    }
});

fn all(name: &str, phone_number: &str, landing_page: &str) -> Result<(), Invalid> {
    rules::present("name", name)?;
    rules::phone_number(phone_number)?;
    rules::present("landing_page", landing_page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_contact_keeps_what_it_does_not_know() {
        let json = json!({
            "id": 7, "name": "Billy", "phone_number": "+40712345678", "landing_page": "shoes",
            "group": null, "created_at": "2025-02-20T10:00:00.123456Z", "new": [1]
        });
        let contact: Contact = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((contact.id, contact.group), (ContactId::new(7), None));
        assert_eq!(contact.extra["new"], json!([1]));
        assert_eq!(serde_json::to_value(&contact).unwrap(), json);
    }

    #[test]
    fn what_is_missing_costs_no_contact_but_its_id() {
        let contact: Contact =
            serde_json::from_str(r#"{"id":"7","name":null,"group":"3"}"#).unwrap();
        assert_eq!((contact.name.as_str(), contact.group), ("", Some(GroupId::new(3))));
        let contact: Contact = serde_json::from_str(r#"{"id":7,"group":""}"#).unwrap();
        assert_eq!(contact.group, None);
        assert!(serde_json::from_str::<Contact>(r#"{"name":"Billy"}"#).is_err());
    }

    #[test]
    fn a_patch_names_what_it_changes() {
        let mut patch = PatchContact::new(7);
        patch.name = Some("Bob".to_owned());
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"name":"Bob"}"#);
        patch.landing_page = Some(" ".to_owned());
        assert_eq!(patch.validate().unwrap_err().field(), "landing_page");
    }

    #[test]
    fn each_blank_or_long_field_is_refused_by_its_name() {
        let field = |name, phone, page| {
            CreateContact::new(name, phone, page).validate().unwrap_err().field()
        };
        assert_eq!(field(" ", "+1", "shoes"), "name");
        assert_eq!(field("Billy", "", "shoes"), "phone_number");
        assert_eq!(field("Billy", "123456789012345678901", "shoes"), "phone_number");
        assert_eq!(field("Billy", "+1", ""), "landing_page");
        let update = UpdateContact::new(7, "Billy", "123456789012345678901", "shoes");
        assert_eq!(update.validate().unwrap_err().field(), "phone_number");
    }
}
