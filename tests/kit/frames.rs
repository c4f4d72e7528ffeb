// SPDX-License-Identifier: MIT OR Apache-2.0
//! The frames that an agent is spoken to with: those of `scripts/lab.d/frames.h`.
//! docs/lab.md says when which is sent.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// From the agent: it waits for a command.
pub const READY: u8 = b'R';
/// What the command wrote to standard output.
pub const STDOUT: u8 = b'O';
/// What it wrote to standard error.
pub const STDERR: u8 = b'E';
/// How it ended: one byte, the exit status or 128 + the signal.
pub const EXIT: u8 = b'X';
/// None of its processes is left.
pub const ALL_GONE: u8 = b'G';
/// To the agent: what to run, see [`start`].
pub const START: u8 = b'S';
/// End every process of it.
pub const TERM: u8 = b'T';

/// Type and length.
pub const HEAD: usize = 5;
/// An agent sends no more at once (bytes).
const DATA_MAX: u32 = 16 << 10;

/// Sends a frame.
///
/// # Errors
/// When it cannot be sent.
pub fn write(to: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(HEAD + payload.len());
    frame.push(kind);
    frame.extend(length.to_le_bytes());
    frame.extend(payload);
    to.write_all(&frame)
}

/// Receives an agent's next frame: its type and payload.
///
/// # Errors
/// When there is none, or it is longer than an agent's frames are.
pub fn read(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let (mut kind, mut length) = ([0; 1], [0; 4]);
    from.read_exact(&mut kind)?;
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > DATA_MAX {
        let why = format!("a frame of {length} bytes; expected {DATA_MAX} at most");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    from.read_exact(&mut payload)?;
    let [kind] = kind;
    Ok((kind, payload))
}

/// The payload of [`START`].
pub fn start(
    directory: &Path,
    variables: impl Iterator<Item = (OsString, OsString)>,
    command: &[&str],
) -> Vec<u8> {
    let mut count = 0;
    let mut environment = Vec::new();
    for (name, value) in variables {
        count += 1;
        environment.extend([name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat());
    }
    let mut payload = Vec::new();
    put(&mut payload, directory.as_os_str());
    put(&mut payload, count.to_string().as_ref());
    payload.extend(environment);
    for word in command {
        put(&mut payload, word.as_ref());
    }
    payload
}

fn put(payload: &mut Vec<u8>, string: &OsStr) {
    payload.extend(string.as_bytes());
    payload.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn frames_are_read_as_written() -> io::Result<()> {
        let mut stream = Vec::new();
        write(&mut stream, STDOUT, b"\0\xff\n")?;
        write(&mut stream, ALL_GONE, b"")?;
        assert_eq!(stream.get(..HEAD), Some(b"O\x03\0\0\0".as_slice()));
        let mut from = stream.as_slice();
        assert_eq!(read(&mut from)?, (STDOUT, b"\0\xff\n".to_vec()));
        assert_eq!(read(&mut from)?, (ALL_GONE, Vec::new()));
        Ok(())
    }

    #[test]
    fn a_frame_that_is_cut_off_is_none() -> io::Result<()> {
        let mut stream = Vec::new();
        write(&mut stream, STDERR, b"words")?;
        for length in 0..stream.len() {
            let mut from = stream.get(..length).unwrap_or_default();
            let error = read(&mut from).map_err(|error| error.kind());
            assert_eq!(error, Err(ErrorKind::UnexpectedEof), "{length}");
        }
        Ok(())
    }

    #[test]
    fn no_memory_is_taken_for_nonsense() {
        let mut from = b"O\xff\xff\xff\xff".as_slice();
        let error = read(&mut from).map_err(|error| error.to_string());
        let why = "a frame of 4294967295 bytes; expected 16384 at most";
        assert_eq!(error, Err(why.to_owned()));
    }

    #[test]
    fn a_command_with_its_directory_and_variables() {
        let variables = [("A", "1"), ("B", "")].map(|(name, value)| (name.into(), value.into()));
        let payload = start("/tmp".as_ref(), variables.into_iter(), &["echo", "a b"]);
        assert_eq!(payload, b"/tmp\x002\0A=1\0B=\0echo\0a b\0");
    }
}
