//! How connections are lost, as the seed has it.

use std::time::Duration;

use convrs_client::ErrorCode;
use http::StatusCode;
use replykit_sandbox::SocketFault;

/// How a connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Close,
    CloseThrice,
    Fin,
    Reset,
    HalfOpen,
    Stall,
    CutFrame,
    CutUtf8,
    Garbage,
    TooLarge,
    RefusedUpgrade,
    RefusedConnect,
    SilentConnect,
    TakenOver,
    TokenReset,
    WrongPath,
    Restart,
    Crash,
}

impl Kind {
    /// The kinds, how many of 64 they are, and what the table calls them. One that takes 10 s is rare.
    pub(crate) const ALL: [(Self, u32, &'static str); 18] = [
        (Self::Close, 5, "close frame"),
        (Self::CloseThrice, 3, "close frame, three times"),
        (Self::Fin, 5, "FIN"),
        (Self::Reset, 8, "RST"),
        (Self::HalfOpen, 3, "half-open"),
        (Self::Stall, 3, "no heartbeat answered"),
        (Self::CutFrame, 5, "a frame cut"),
        (Self::CutUtf8, 5, "a character cut"),
        (Self::Garbage, 4, "no frame"),
        (Self::TooLarge, 4, "a frame too large"),
        (Self::RefusedUpgrade, 3, "FIN, and 502 to the upgrade"),
        (Self::RefusedConnect, 3, "FIN, and 2004 to connect"),
        (Self::SilentConnect, 0, "FIN, and no answer to connect"),
        (Self::TakenOver, 3, "1018, and a restart"),
        (Self::TokenReset, 2, "1001, and a restart"),
        (Self::WrongPath, 2, "404, and a restart"),
        (Self::Restart, 4, "a restart"),
        (Self::Crash, 2, "a crash, and a restart"),
    ];

    /// A kind at random, and not twice in a row the one that means a long wait at the third time.
    fn random(before: Option<Self>, rng: &mut fastrand::Rng) -> Self {
        let all: u32 = Self::ALL.iter().map(|(_, weight, _)| weight).sum();
        let mut left = rng.u32(..all);
        for (kind, weight, _) in Self::ALL {
            if left < weight && (kind, before) != (Self::TooLarge, Some(Self::TooLarge)) {
                return kind;
            }
            if left < weight {
                break;
            }
            left -= weight;
        }
        Self::Close
    }

    /// What is let happen, in this order.
    pub(crate) fn faults(self) -> Vec<SocketFault> {
        let refused = SocketFault::RefuseUpgrade;
        match self {
            Self::Close => vec![SocketFault::Close],
            Self::CloseThrice => vec![SocketFault::Close; 3],
            Self::Fin => vec![SocketFault::Drop],
            Self::Reset => vec![SocketFault::Reset],
            Self::HalfOpen => vec![SocketFault::HalfOpen],
            Self::Stall => vec![SocketFault::Stall],
            Self::CutFrame => vec![SocketFault::CutFrame],
            Self::CutUtf8 => vec![SocketFault::CutUtf8],
            Self::Garbage => vec![SocketFault::Garbage],
            Self::TooLarge => vec![SocketFault::TooLarge(2 << 20)],
            Self::RefusedUpgrade => vec![refused(StatusCode::BAD_GATEWAY), SocketFault::Drop],
            Self::RefusedConnect => {
                vec![SocketFault::ConnectError(ErrorCode::Internal), SocketFault::Drop]
            }
            Self::SilentConnect => vec![SocketFault::SilentConnect, SocketFault::Drop],
            Self::TakenOver => vec![SocketFault::TakenOver],
            Self::WrongPath => vec![refused(StatusCode::NOT_FOUND), SocketFault::Drop],
            Self::TokenReset | Self::Restart | Self::Crash => Vec::new(),
        }
    }

    /// How many connections come of it.
    pub(crate) fn connections(self) -> u64 {
        if self == Self::CloseThrice { 3 } else { 1 }
    }
}

/// The kinds of so many losses.
pub(crate) fn plan(losses: usize, mut rng: fastrand::Rng) -> Vec<Kind> {
    let mut kinds = Vec::with_capacity(losses);
    for loss in 0..losses {
        // Two of a thousand take 10 s each.
        let kind = match loss % 500 {
            250 => Kind::SilentConnect,
            _ => Kind::random(kinds.last().copied(), &mut rng),
        };
        kinds.push(kind);
    }
    kinds
}

/// How far the clock of the sandbox moves: often not at all, at times further than any list overlaps.
pub(crate) fn step(rng: &mut fastrand::Rng) -> Duration {
    Duration::from_millis(match rng.u8(..20) {
        0..8 => 0,
        8..16 => rng.u64(1..2000),
        16..19 => rng.u64(10_000..60_000),
        _ => rng.u64(120_000..900_000),
    })
}
