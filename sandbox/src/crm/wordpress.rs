use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Job, State, pages};
use crate::rest::Answer;

/// Undocumented: how often the backend pulls. Assumed: this.
const PERIOD: Duration = Duration::from_secs(5 * 60);

/// The landing pages, and how often the backend looks at them.
pub(super) struct WordPress {
    rows: Vec<Value>,
    pub(super) url: String,
    built_in: bool,
    period: Duration,
    /// Pulls are whole periods after this.
    since: Timestamp,
}

impl WordPress {
    pub(super) fn built_in(base: &str, now: Timestamp) -> Self {
        let url = format!("{base}/crm/wordpress");
        Self { rows: Vec::new(), url, built_in: true, period: PERIOD, since: now }
    }

    /// Answers as the built-in WordPress.
    pub(super) fn serve(&self, method: &Method) -> Answer {
        match *method {
            Method::GET | Method::HEAD => Answer::json(StatusCode::OK, &self.rows),
            _ => pages::not_allowed(method, "GET, HEAD"),
        }
    }

    fn next_pull(&self, now: Timestamp) -> Timestamp {
        let passed = now.duration_since(self.since).as_secs().max(0);
        let period = i64::try_from(self.period.as_secs()).unwrap_or(i64::MAX).max(1);
        let next = (passed / period).saturating_add(1).saturating_mul(period);
        self.since.saturating_add(SignedDuration::from_secs(next)).unwrap_or(Timestamp::MAX)
    }
}

impl State {
    /// Pulls from `url`, or from the built-in WordPress, every `period` from now on.
    pub(super) fn set_wordpress(&mut self, url: Option<&str>, period: Duration, now: Timestamp) {
        let built_in = format!("{}/crm/wordpress", self.base);
        self.wordpress.built_in = url.is_none_or(|url| url == built_in);
        self.wordpress.url = url.map_or(built_in, str::to_owned);
        self.wordpress.period = period;
        self.wordpress.since = now;
        self.due.retain(|(_, job)| *job != Job::Import);
        self.plan_import(now);
    }

    /// Somebody fills in the form of a landing page.
    pub(super) fn add_row(&mut self, row: [&str; 3], now: Timestamp) {
        let [name, phone, page] = row;
        let row = json!({"Name": name, "tel-463": phone, "landing_page": page});
        self.wordpress.rows.push(row);
        if !self.due.iter().any(|(_, job)| *job == Job::Import) {
            self.plan_import(now);
        }
    }

    fn plan_import(&mut self, now: Timestamp) {
        self.due.insert((self.wordpress.next_pull(now), Job::Import));
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
        if !self.wordpress.built_in {
            self.plan_import(now);
        }
    }
}
