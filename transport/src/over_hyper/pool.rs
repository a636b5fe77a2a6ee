use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderValue, Uri};
use tokio::time::Instant;

use super::connect::Link;
use crate::TransportError;

/// How long an idle connection is kept. Servers close theirs after 60 s and more, mostly.
const IDLE: Duration = Duration::from_secs(90);
/// How many idle connections are kept for an origin.
const MOST: usize = 64;

/// What a connection is to: it serves no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) tls: bool,
    /// Without the brackets of IPv6.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    pub(super) fn of(uri: &Uri) -> Result<Self, TransportError> {
        let tls = uri.scheme_str() == Some("https");
        let host = host_of(uri).trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_number = host.split('.').all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if host.is_empty() || (is_number && host.parse::<Ipv4Addr>().is_err()) {
            return Err(TransportError::invalid("the URL cannot be used: its host is no address"));
        }
        let usual = if tls { 443 } else { 80 };
        // A port that is none reads as if there was none.
        let given =
            uri.authority().is_some_and(|authority| !authority.as_str().ends_with(host_of(uri)));
        let port = match uri.port_u16() {
            None if given => return Err(TransportError::invalid("the port of the URL is none")),
            port => port.unwrap_or(usual),
        };
        Ok(Self { tls, host, port })
    }

    pub(super) fn host_header(&self) -> Result<HeaderValue, TransportError> {
        let usual = self.port == if self.tls { 443 } else { 80 };
        let v6 = self.host.contains(':');
        let host = if v6 { format!("[{}]", self.host) } else { self.host.clone() };
        let host = if usual { host } else { format!("{host}:{}", self.port) };
        HeaderValue::try_from(host).map_err(|_| TransportError::invalid("the URL cannot be used"))
    }
}

fn host_of(uri: &Uri) -> &str {
    uri.host().unwrap_or_default()
}

/// The idle connections. Nobody watches them: whether one is still open is looked at when it is taken.
#[derive(Default)]
pub(super) struct Pool(Mutex<BTreeMap<Origin, Vec<(Instant, Link)>>>);

impl Pool {
    /// The connection that was used last, of those that are open.
    pub(super) fn take(&self, origin: &Origin) -> Option<Link> {
        let now = Instant::now();
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let links = idle.get_mut(origin)?;
        while let Some((since, mut link)) = links.pop() {
            if now.duration_since(since) < IDLE && link.is_open() {
                return Some(link);
            }
        }
        None
    }

    pub(super) fn put(&self, origin: Origin, mut link: Link) {
        if !link.is_open() {
            return;
        }
        let now = Instant::now();
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|_, links| {
            links.retain(|(since, _)| now.duration_since(*since) < IDLE);
            !links.is_empty()
        });
        let links = idle.entry(origin).or_default();
        if links.len() >= MOST {
            links.remove(0);
        }
        links.push((now, link));
    }
}
