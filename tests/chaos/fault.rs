//! What can go wrong between a client and its server.

macro_rules! faults {
    ($($fault:ident $weight:literal $name:literal;)*) => {
        /// What the server makes of a connection or a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fault {
            $($fault,)*
        }

        impl Fault {
            /// Every fault, its share of the attempts, and what the table calls it.
            pub(crate) const ALL: &[(Self, u32, &str)] = &[$((Self::$fault, $weight, $name),)*];
        }
    };
}

faults! {
    // None: the yes comes whole, in one form or another.
    Plain 100 "none";
    Chunked 50 "none, chunked";
    Unframed 40 "none, ends with the connection";
    Dripped 40 "none, byte by byte";
    // No connection comes about.
    Refused 60 "connection refused";
    Unanswered 5 "connection not answered";
    TlsClosed 15 "TLS: closed";
    TlsReset 15 "TLS: reset";
    TlsGarbage 15 "TLS: garbage";
    TlsSilent 5 "TLS: silence";
    TlsUntrusted 15 "TLS: unknown certificate";
    // A connection, but nothing is carried out.
    ClosedUnread 40 "closed before reading";
    ResetUnread 40 "reset before reading";
    ClosedAt 50 "closed after k bytes read";
    ResetAt 50 "reset after k bytes read";
    StalledAt 15 "silent after k bytes read";
    Limited 30 "429 or 425";
    Unavailable 30 "5xx, 408, 409, not done";
    BareStatus 30 "4xx, 501, 505";
    EarlyStatus 20 "4xx before the body is read";
    Redirect 25 "307 or 308";
    Refusal 70 "ok:0, not done";
    // The server itself may not know.
    Doubtful 50 "ok:0, done or not";
    // It is carried out, and the answer is lost or spoilt.
    ClosedAfter 50 "done, then closed";
    ResetAfter 50 "done, then reset";
    Silent 15 "done, then silent";
    Cut 70 "done, answer cut at byte k";
    Stalled 15 "done, answer stalls at byte k";
    Garbage 40 "done, then no HTTP";
    Html 25 "done, 200 with a page";
    BadGateway 30 "done, 5xx with a page";
    SeeOther 20 "done, 301, 302 or 303";
    WrongLength 30 "done, wrong length announced";
    Trailing 25 "done, bytes behind the JSON";
    Compressed 15 "done, answer compressed";
    TooLarge 15 "done, answer too large";
    OtherCommand 15 "done, another command's yes";
    BadFlag 20 "done, ok neither yes nor no";
    YesUnder500 30 "done, ok:1 under 4xx, 5xx";
}

impl Fault {
    /// A fault, each as often as its share says.
    pub(crate) fn random(rng: &mut fastrand::Rng) -> Self {
        let all: u32 = Self::ALL.iter().map(|(_, weight, _)| weight).sum();
        let mut left = rng.u32(..all);
        for (fault, weight, _) in Self::ALL {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *fault,
            }
        }
        Self::Plain
    }

    /// Its place in [`ALL`](Self::ALL).
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Whether the client can prove that nothing was sent.
    pub(crate) fn precedes_connection(self) -> bool {
        matches!(self, Self::Refused | Self::Unanswered) || self.is_tls()
    }

    /// Whether there was a connection, nothing was carried out, and no answer says so: what the client
    /// makes of it is what it can prove.
    pub(crate) fn is_ambiguous(self) -> bool {
        matches!(
            self,
            Self::ClosedUnread
                | Self::ResetUnread
                | Self::ClosedAt
                | Self::ResetAt
                | Self::StalledAt
        )
    }

    /// Whether it needs a client that speaks TLS.
    pub(crate) fn is_tls(self) -> bool {
        matches!(
            self,
            Self::TlsClosed
                | Self::TlsReset
                | Self::TlsGarbage
                | Self::TlsSilent
                | Self::TlsUntrusted
        )
    }

    /// Whether only the call's deadline ends it.
    pub(crate) fn lasts(self) -> bool {
        matches!(self, Self::StalledAt | Self::Silent | Self::Stalled)
    }
}
