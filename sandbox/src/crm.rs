//! The open REST API of the WhatsApp automation, its provider and its WordPress.
//!
//! Source: WhatsApp Automation API Documentation; what it leaves open as the running backend, a Django
//! REST framework, was seen to do it.

mod contacts;
mod control;
mod delivery;
mod fields;
mod groups;
mod kept;
mod messages;
mod pages;
mod provider;
mod routes;
mod state;
mod statuses;
mod wordpress;

pub use control::CrmControl;
pub(crate) use delivery::{Job, Outgoing};
use fields::Fields;
use http::{Method, StatusCode, header};
use jiff::Timestamp;
pub use provider::{CrmSent, Provider};
use routes::{Route, Table};
use serde_json::{Value, json};
pub(crate) use state::State;

use crate::rest::{Answer, Request};

/// An answer, or the refusal of a request.
type Done = Result<Answer, Answer>;

impl State {
    /// Answers one request below `/crm/`.
    pub(crate) fn answer(&mut self, request: &Request, now: Timestamp) -> Answer {
        match request.path.as_str() {
            "wordpress" => return self.serve_wordpress(&request.method),
            "360dialog/messages" => return self.serve_provider(request, now),
            _ => {}
        }
        if let Some(name) = request.path.strip_prefix("media/") {
            return self.serve_media(name);
        }
        let Some(fault) = self.faults.take(&request.method) else {
            return self.serve(request, now);
        };
        let done = fault.is_carried_out().then(|| self.serve(request, now));
        fault.answer(done)
    }

    fn serve(&mut self, request: &Request, now: Timestamp) -> Answer {
        let route = routes::of(&request.path);
        let (table, id) = match route {
            Route::Unknown => return pages::not_found(),
            Route::NoSlash => return self.missing_slash(request),
            Route::All(table) => (table, None),
            Route::One(table, id) => (table, Some(id)),
        };
        let shown = match pages::wanted(request.header(header::ACCEPT)) {
            Some(shown) => shown,
            None => return pages::not_acceptable(),
        };
        let answer = match id {
            None => self.serve_all(table, request, now),
            Some(id) => self.serve_one(table, id, request, now),
        };
        shown.of(answer.unwrap_or_else(|refusal| refusal))
    }

    /// Without its last slash a GET is sent to the right address; the rest depends on a setting.
    fn missing_slash(&self, request: &Request) -> Answer {
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        if !is_read && !self.settings.redirects_writes {
            return pages::server_error();
        }
        let query = if request.query.is_empty() { "" } else { "?" };
        let location = format!("/crm/{}/{query}{}", request.path, request.query);
        let moved = Answer::new(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", "");
        moved.with(header::LOCATION, &location)
    }

    fn serve_all(&mut self, table: Table, request: &Request, now: Timestamp) -> Done {
        match request.method {
            Method::GET | Method::HEAD => Ok(ok(&self.list(table))),
            Method::POST => {
                let fields = Fields::read(request, true)?;
                match table {
                    Table::Contacts => self.create_contact(fields, now),
                    Table::Groups => self.create_group(fields, now),
                    Table::Messages => self.create_message(fields, now),
                    Table::Statuses => self.create_status(fields, now),
                }
            }
            _ => Err(pages::not_allowed(&request.method, "GET, POST, HEAD")),
        }
    }

    /// `id` is nothing where the path has a word in its place.
    fn serve_one(
        &mut self,
        table: Table,
        id: Option<u64>,
        request: &Request,
        now: Timestamp,
    ) -> Done {
        let method = &request.method;
        if ![Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE].contains(method)
        {
            return Err(pages::not_allowed(method, "GET, PUT, PATCH, DELETE, HEAD"));
        }
        let found = id.and_then(|id| Some((id, self.show(table, id)?)));
        let (id, shown) = found.ok_or_else(pages::no_such_object)?;
        match *method {
            Method::DELETE => self.delete(table, id),
            Method::PUT | Method::PATCH => {
                let fields = Fields::read(request, *method == Method::PUT)?;
                match table {
                    Table::Contacts => self.update_contact(id, fields)?,
                    Table::Groups => self.update_group(id, fields)?,
                    Table::Messages => self.update_message(id, fields)?,
                    Table::Statuses => self.update_status(id, fields, now)?,
                }
                Ok(ok(&self.show(table, id)))
            }
            _ => Ok(ok(&shown)),
        }
    }

    fn list(&self, table: Table) -> Vec<Value> {
        match table {
            Table::Contacts => self.contacts.iter().map(|(id, c)| c.show(*id)).collect(),
            Table::Groups => self.groups.iter().map(|(id, g)| g.show(*id)).collect(),
            Table::Messages => self.messages.iter().map(|(id, m)| m.show(*id)).collect(),
            Table::Statuses => {
                self.statuses.iter().map(|(id, s)| s.show(*id, &self.base)).collect()
            }
        }
    }

    fn show(&self, table: Table, id: u64) -> Option<Value> {
        match table {
            Table::Contacts => self.contacts.get(&id).map(|contact| contact.show(id)),
            Table::Groups => self.groups.get(&id).map(|group| group.show(id)),
            Table::Messages => self.messages.get(&id).map(|message| message.show(id)),
            Table::Statuses => self.statuses.get(&id).map(|status| status.show(id, &self.base)),
        }
    }

    fn delete(&mut self, table: Table, id: u64) -> Done {
        match table {
            Table::Contacts => self.delete_contact(id),
            Table::Groups => self.delete_group(id)?,
            Table::Messages => self.delete_message(id),
            Table::Statuses => self.delete_status(id),
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// The object that was made, as a 201 shows it.
    fn created(&self, table: Table, id: u64) -> Answer {
        Answer::json(StatusCode::CREATED, &self.show(table, id))
    }
}

fn ok(body: &impl serde::Serialize) -> Answer {
    Answer::json(StatusCode::OK, body)
}

/// A refusal in one text.
fn refusal(status: StatusCode, key: &str, why: &str) -> Answer {
    Answer::json(status, &json!({ key: why }))
}
