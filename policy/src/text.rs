// SPDX-License-Identifier: MIT OR Apache-2.0
//! Showing text that somebody else wrote: on one line, harmless on a terminal,
//! of bounded length, and without allocating.

use std::fmt::{self, Write};

/// The most bytes that shown text takes, the `…` of a cut not counted.
///
/// Keeps every message well under 400 bytes, so that it is written at once
/// even where the log is a pipe.
const ROOM: usize = 96;

/// Bytes as a person may see them: quotes, backslashes, control characters,
/// invisible characters and what is not UTF-8 are escaped, and a long text is cut.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = ROOM;
        let mut take = |bytes: usize| {
            room = room.checked_sub(bytes)?;
            Some(())
        };
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                let escape = Escape::of(c);
                if take(escape.len(c)).is_none() {
                    return f.write_char('…');
                }
                match escape {
                    Escape::No => f.write_char(c)?,
                    Escape::Backslash(shown) => {
                        f.write_char('\\')?;
                        f.write_char(shown)?;
                    }
                    Escape::CodePoint => write!(f, "\\u{{{:06x}}}", u32::from(c))?,
                }
            }
            for byte in chunk.invalid() {
                if take(4).is_none() {
                    return f.write_char('…');
                }
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// How a character is shown.
enum Escape {
    /// As it is.
    No,
    /// A backslash and this character.
    Backslash(char),
    /// Its number: `\u{00001b}`.
    CodePoint,
}

impl Escape {
    fn of(c: char) -> Self {
        match c {
            '"' | '\\' => Escape::Backslash(c),
            '\n' => Escape::Backslash('n'),
            '\r' => Escape::Backslash('r'),
            '\t' => Escape::Backslash('t'),
            // Line separators, characters without width, and those that turn
            // the direction of what follows: a message must read as it is.
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => Escape::CodePoint,
            c if c.is_control() => Escape::CodePoint,
            _ => Escape::No,
        }
    }

    /// How many bytes `c` takes when shown so.
    fn len(&self, c: char) -> usize {
        match self {
            Escape::No => c.len_utf8(),
            Escape::Backslash(_) => 2,
            Escape::CodePoint => 10,
        }
    }
}
