use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{
    HeaderValue, Uri,
    uri::{Authority, Scheme},
};
use tokio::time::Instant;

use super::connect::Link;
use crate::{TransportError, is_loopback};

/// How long an idle connection is kept. Servers close theirs after 60 s and more, mostly.
const IDLE: Duration = Duration::from_secs(90);
/// How many idle connections are kept for an origin.
const MOST: usize = 64;

/// What a connection is to: it serves no other.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) tls: bool,
    pub(super) is_this_machine: bool,
    /// Without the brackets of IPv6.
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of the header `Host`.
    pub(super) header: HeaderValue,
    /// As the URL has it that was looked at.
    authority: Authority,
}

impl Origin {
    pub(super) fn of(uri: &Uri) -> Result<Self, TransportError> {
        let unusable = |why| TransportError::invalid(format!("the URL cannot be used: {why}"));
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let authority = uri.authority().cloned().ok_or_else(|| unusable("it has no host"))?;
        let host = authority.host();
        let port = match authority.port_u16() {
            Some(port) => Some(port),
            // A port that is none reads as if there was none.
            None if !authority.as_str().ends_with(host) => {
                return Err(TransportError::invalid("the port of the URL is none"));
            }
            None => None,
        };
        let usual = if tls { 443 } else { 80 };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_number = host.split('.').all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if host.is_empty() || (is_number && host.parse::<Ipv4Addr>().is_err()) {
            return Err(unusable("its host is no address"));
        }
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let header = match port.filter(|port| *port != usual) {
            Some(port) => format!("{bracketed}:{port}"),
            None => bracketed,
        };
        let header = HeaderValue::try_from(header).map_err(|_| unusable("its host is no name"))?;
        let is_this_machine = is_loopback(uri);
        Ok(Self { tls, is_this_machine, host, port: port.unwrap_or(usual), header, authority })
    }

    fn is_of(&self, uri: &Uri) -> bool {
        let scheme = if self.tls { Scheme::HTTPS } else { Scheme::HTTP };
        let same = |authority: &Authority| authority.as_str() == self.authority.as_str();
        uri.scheme() == Some(&scheme) && uri.authority().is_some_and(same)
    }

    /// However the URLs are written.
    fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || (self.tls == other.tls && self.port == other.port && self.host == other.host)
    }
}

/// The idle connections. Nobody watches them: whether one is still open is looked at when it is taken.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Idle>>);

/// Those of one origin, the one that was used last at the end.
struct Idle {
    origin: Arc<Origin>,
    links: Vec<(Instant, Link)>,
}

impl Pool {
    /// The origin of a URL, if there are connections to it: it was looked at before.
    pub(super) fn known(&self, uri: &Uri) -> Option<Arc<Origin>> {
        let idle = self.lock();
        idle.iter().find(|idle| idle.origin.is_of(uri)).map(|idle| idle.origin.clone())
    }

    /// The connection that was used last, of those that are open.
    pub(super) fn take(&self, origin: &Origin, now: Instant) -> Option<Link> {
        let mut idle = self.lock();
        let links = &mut idle.iter_mut().find(|idle| idle.origin.is(origin))?.links;
        while let Some((since, mut link)) = links.pop() {
            if now.duration_since(since) < IDLE && link.is_open() {
                return Some(link);
            }
        }
        None
    }

    pub(super) fn put(&self, origin: Arc<Origin>, link: Link) {
        if link.is_closed() {
            return;
        }
        let mut idle = self.lock();
        let now = Instant::now();
        let at = idle.iter().position(|idle| idle.origin.is(&origin));
        match at.and_then(|at| idle.get_mut(at)) {
            Some(Idle { links, .. }) => {
                if links.len() >= MOST {
                    links.remove(0);
                }
                links.push((now, link));
            }
            None => idle.push(Idle { origin, links: vec![(now, link)] }),
        }
        idle.retain_mut(|idle| {
            // The one that has waited longest comes first.
            while idle.links.first().is_some_and(|(since, _)| now.duration_since(*since) >= IDLE) {
                idle.links.remove(0);
            }
            !idle.links.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
