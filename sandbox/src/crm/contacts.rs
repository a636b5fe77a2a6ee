use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Done, State, fields::Fields, ok, pages, routes::Table, state::next};
use crate::rest::{Answer, time};

/// Characters of a phone number. A POST of a contact does not look at it (seen).
pub(super) const MAX_PHONE: usize = 20;

const TAKEN: &str = "contact with this phone number already exists.";

#[derive(Serialize, Deserialize)]
pub(super) struct Contact {
    pub(super) name: String,
    pub(super) phone_number: String,
    pub(super) landing_page: String,
    pub(super) group: Option<u64>,
    pub(super) created_at: Timestamp,
}

impl Contact {
    pub(super) fn show(&self, id: u64) -> Value {
        json!({
            "id": id,
            "name": self.name,
            "phone_number": self.phone_number,
            "landing_page": self.landing_page,
            "group": self.group,
            "created_at": time::write(self.created_at),
        })
    }
}

/// What became of a new contact.
pub(super) enum Added {
    New(u64),
    Existing(u64),
    /// The number belongs to another name.
    Taken,
}

impl State {
    /// Undocumented: when a contact is the same. Assumed: with the same name and number, whatever the
    /// landing page.
    pub(super) fn add_contact(
        &mut self,
        name: String,
        phone_number: String,
        landing_page: String,
        now: Timestamp,
    ) -> Added {
        let known = self.by_phone.get(&phone_number).copied();
        if let Some(id) = known {
            let same = self.contacts.get(&id).is_some_and(|contact| contact.name == name);
            return if same { Added::Existing(id) } else { Added::Taken };
        }
        let group = self.group_for(&landing_page, now);
        let id = next(&mut self.settings.last_ids.contact);
        self.by_phone.insert(phone_number.clone(), id);
        let group = Some(group);
        let contact = Contact { name, phone_number, landing_page, group, created_at: now };
        self.contacts.insert(id, contact);
        Added::New(id)
    }

    pub(super) fn create_contact(&mut self, mut fields: Fields, now: Timestamp) -> Done {
        fields.alias("name", "Name");
        fields.alias("phone_number", "tel-463");
        let name = fields.required("name", usize::MAX);
        let phone = fields.required("phone_number", usize::MAX);
        let page = fields.required("landing_page", usize::MAX);
        fields.check()?;
        let (name, phone) = (name.unwrap_or_default(), phone.unwrap_or_default());
        match self.add_contact(name, phone, page.unwrap_or_default(), now) {
            Added::New(id) => Ok(self.created(Table::Contacts, id)),
            Added::Existing(id) => Ok(ok(&self.show(Table::Contacts, id))),
            Added::Taken => Err(pages::server_error()),
        }
    }

    /// A contact stays in its group, whatever the landing page (seen).
    pub(super) fn update_contact(&mut self, id: u64, mut fields: Fields) -> Result<(), Answer> {
        let name = fields.required("name", usize::MAX);
        let phone = fields.required("phone_number", MAX_PHONE);
        let page = fields.required("landing_page", usize::MAX);
        let other = phone.as_ref().and_then(|phone| self.by_phone.get(phone));
        if other.is_some_and(|other| *other != id) {
            fields.wrong("phone_number", TAKEN);
        }
        fields.check()?;
        let Some(contact) = self.contacts.get_mut(&id) else { return Ok(()) };
        if let Some(phone) = phone {
            self.by_phone.remove(&contact.phone_number);
            self.by_phone.insert(phone.clone(), id);
            contact.phone_number = phone;
        }
        contact.name = name.unwrap_or_else(|| std::mem::take(&mut contact.name));
        contact.landing_page = page.unwrap_or_else(|| std::mem::take(&mut contact.landing_page));
        Ok(())
    }

    pub(super) fn delete_contact(&mut self, id: u64) {
        let Some(contact) = self.contacts.remove(&id) else { return };
        self.by_phone.remove(&contact.phone_number);
        if let Some(group) = contact.group.and_then(|group| self.groups.get_mut(&group)) {
            group.current_size = group.current_size.saturating_sub(1);
        }
    }
}
