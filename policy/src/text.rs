// SPDX-License-Identifier: MIT OR Apache-2.0
//! Displays untrusted text on one line: escaped, of bounded length, without
//! allocation.

use std::fmt::{self, Write};

/// The maximum number of bytes displayed, not counting the `…` of a truncation.
///
/// Every message stays well under 400 bytes, so that one write to a pipe is
/// atomic.
const MAX_LEN: usize = 96;

/// Displays bytes with quotes, backslashes, control characters, invisible
/// characters and invalid UTF-8 escaped, truncated to [`MAX_LEN`].
#[derive(Clone, Copy)]
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = MAX_LEN;
        let mut take = |bytes: usize| {
            left = left.checked_sub(bytes)?;
            Some(())
        };
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                let escape = Escape::of(c);
                if take(escape.len(c)).is_none() {
                    return f.write_char('…');
                }
                match escape {
                    Escape::None => f.write_char(c)?,
                    Escape::Backslash(letter) => {
                        f.write_char('\\')?;
                        f.write_char(letter)?;
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

/// How a character is displayed.
enum Escape {
    /// Unchanged.
    None,
    /// A backslash and this letter.
    Backslash(char),
    /// The code point: `\u{00001b}`.
    CodePoint,
}

impl Escape {
    fn of(c: char) -> Self {
        match c {
            '"' | '\\' => Escape::Backslash(c),
            '\n' => Escape::Backslash('n'),
            '\r' => Escape::Backslash('r'),
            '\t' => Escape::Backslash('t'),
            // Line separators, zero-width characters and changes of direction
            // would make a message look like another one.
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => Escape::CodePoint,
            c if c.is_control() => Escape::CodePoint,
            _ => Escape::None,
        }
    }

    /// The number of bytes displayed for `c`.
    fn len(&self, c: char) -> usize {
        match self {
            Escape::None => c.len_utf8(),
            Escape::Backslash(_) => 2,
            Escape::CodePoint => 10,
        }
    }
}
