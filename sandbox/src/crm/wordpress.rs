use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Job, State, delivery::Stage, pages};
use crate::rest::Answer;

/// Undocumented: how often the backend pulls. Assumed: this.
const PERIOD: Duration = Duration::from_secs(5 * 60);

/// Where the landing pages are, and how often the backend looks at them.
#[derive(Serialize, Deserialize)]
pub(super) struct WordPress {
    /// Nothing for the built-in one.
    url: Option<String>,
    period: Duration,
    /// Pulls are whole periods after this.
    since: Timestamp,
    pub(super) pull: Stage,
}

impl WordPress {
    pub(super) fn built_in(now: Timestamp) -> Self {
        Self { url: None, period: PERIOD, since: now, pull: Stage::Over }
    }

    fn next_pull(&self, now: Timestamp) -> Timestamp {
        let passed = now.duration_since(self.since).as_secs().max(0);
        let period = i64::try_from(self.period.as_secs()).unwrap_or(i64::MAX).max(1);
        let next = (passed / period).saturating_add(1).saturating_mul(period);
        self.since.saturating_add(SignedDuration::from_secs(next)).unwrap_or(Timestamp::MAX)
    }
}

impl State {
    /// Answers as the built-in WordPress.
    pub(super) fn serve_wordpress(&self, method: &Method) -> Answer {
        match *method {
            Method::GET | Method::HEAD => {
                Answer::json(StatusCode::OK, &self.landing_rows.values().collect::<Vec<_>>())
            }
            _ => pages::not_allowed(method, "GET, HEAD"),
        }
    }

    pub(super) fn wordpress_url(&self) -> String {
        let url = self.settings.wordpress.url.clone();
        url.unwrap_or_else(|| format!("{}/crm/wordpress", self.base))
    }

    /// Pulls from `url`, or from the built-in WordPress, every `period` from now on.
    pub(super) fn set_wordpress(&mut self, url: Option<&str>, period: Duration, now: Timestamp) {
        let built_in = format!("{}/crm/wordpress", self.base);
        let wordpress = &mut self.settings.wordpress;
        if let Some(due) = wordpress.pull.due() {
            self.due.remove(&(due, Job::Import));
        }
        wordpress.url = url.filter(|url| *url != built_in).map(str::to_owned);
        wordpress.period = period;
        wordpress.since = now;
        self.plan_import(now);
    }

    /// Somebody fills in the form of a landing page.
    pub(super) fn add_row(&mut self, row: [&str; 3], now: Timestamp) {
        let [name, phone, page] = row;
        let row = json!({"Name": name, "tel-463": phone, "landing_page": page});
        self.landing_rows.push(row);
        if self.settings.wordpress.pull.due().is_none() {
            self.plan_import(now);
        }
    }

    fn plan_import(&mut self, now: Timestamp) {
        let due = self.settings.wordpress.next_pull(now);
        self.settings.wordpress.pull = Stage::Due(due);
        self.due.insert((due, Job::Import));
    }

    /// Takes over the rows that make a contact. A number that is taken by another name is left out.
    pub(super) fn import(&mut self, rows: Vec<Value>, now: Timestamp) {
        for row in rows {
            let field = |name| {
                row.get(name).and_then(Value::as_str).map(str::trim).filter(|v| !v.is_empty())
            };
            if let (Some(name), Some(phone), Some(page)) =
                (field("Name"), field("tel-463"), field("landing_page"))
            {
                let _ = self.add_contact(name.to_owned(), phone.to_owned(), page.to_owned(), now);
            }
        }
        // The built-in one says when it has something new, so that a clock may be moved by years.
        let wordpress = &self.settings.wordpress;
        if wordpress.url.is_some() && wordpress.pull.due().is_none() {
            self.plan_import(now);
        }
    }
}
