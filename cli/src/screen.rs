//! What people see. Colours appear on a terminal only.

use std::{
    error::Error,
    fmt::Display,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};

const TITLE: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

pub(crate) fn line(text: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout(), "{text}")
}

pub(crate) fn title(text: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout(), "{TITLE}{text}{TITLE:#}")
}

/// A name and what belongs to it, in columns.
pub(crate) fn fact(name: &str, value: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout(), "   {name:<22} {value}")
}

pub(crate) fn good_fact(name: &str, value: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout(), "   {name:<22} {GOOD}{value}{GOOD:#}")
}

/// The error and everything behind it, on standard error. There is nothing left to do if that fails.
pub(crate) fn error(error: &(dyn Error + 'static)) {
    let mut out = anstream::stderr();
    let _ = writeln!(out, "{BAD}error:{BAD:#} {error}");
    let mut source = error.source();
    while let Some(error) = source {
        let _ = writeln!(out, "  because: {error}");
        source = error.source();
    }
}
