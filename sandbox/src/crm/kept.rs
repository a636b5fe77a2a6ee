//! What of the state outlasts the process: all but faults, which tests make.

use bytes::Bytes;

use super::{
    State,
    contacts::Contact,
    delivery::Job,
    groups::Group,
    messages::Message,
    provider::CrmSent,
    state::{Media, Reply},
    statuses::Status,
};
use crate::data::{Record, Stored, Table};

impl Stored for State {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Table)> {
        vec![
            ("crm_settings", &mut self.settings),
            ("crm_contacts", &mut self.contacts),
            ("crm_groups", &mut self.groups),
            ("crm_messages", &mut self.messages),
            ("crm_statuses", &mut self.statuses),
            ("crm_media", &mut self.media),
            ("crm_replies", &mut self.replies),
            ("crm_wordpress", &mut self.landing_rows),
            ("crm_sent", &mut self.sent),
        ]
    }

    /// What was under way begins once more: the provider has not taken it.
    fn restore(&mut self) {
        let contacts = self.contacts.iter();
        self.by_phone = contacts.map(|(id, contact)| (contact.phone_number.clone(), *id)).collect();
        let messages = self.messages.iter().map(|(id, m)| (m.stage, Job::Message(*id)));
        let statuses = self.statuses.iter().map(|(id, s)| (s.stage, Job::Status(*id)));
        let import = (self.settings.wordpress.pull, Job::Import);
        let jobs = messages.chain(statuses).chain([import]);
        self.due = jobs.filter_map(|(stage, job)| Some((stage.unfinished()?, job))).collect();
    }
}

impl Record for Contact {}
impl Record for Group {}
impl Record for Message {}
impl Record for Status {}
impl Record for Reply {}
impl Record for CrmSent {}

impl Record for Media {
    fn content(&mut self) -> Option<&mut Bytes> {
        Some(&mut self.content)
    }
}
