// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes that must arrive, and a server that answers each of them.
//!
//! The server speaks first: what the kernel says its end of the connection is,
//! in eight bytes. Then every byte comes back with its bits inverted.

use kit::truth::truth;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;

/// How long the server's greeting is.
const GREETING: usize = 8;

/// What the kernel says of sockets, counted by role. `client 2/6 x8` a line.
#[derive(Default)]
pub struct Kinds(BTreeMap<(String, String), usize>);

impl Kinds {
    /// Asks the kernel about `socket`.
    pub fn ask(&mut self, role: &str, socket: &impl AsRawFd) -> io::Result<()> {
        self.add(role, &truth(socket)?);
        Ok(())
    }

    /// Counts an answer that somebody else got.
    pub fn add(&mut self, role: &str, kind: &str) {
        *self.0.entry((role.into(), kind.into())).or_default() += 1;
    }

    /// Adds what another part of the program has counted.
    pub fn merge(&mut self, other: Self) {
        for (key, count) in other.0 {
            *self.0.entry(key).or_default() += count;
        }
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|((role, kind), count)| writeln!(f, "{role} {kind} x{count}"))
    }
}

/// A listener on a port of the kernel's choice.
pub fn listener() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

/// Serves whoever connects, a thread for each, until the process ends.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        thread::spawn(move || attend(stream));
    }
}

/// The server's side of one connection, until the client closes it.
pub fn attend(mut stream: TcpStream) -> io::Result<()> {
    greet(&mut stream)?;
    let mut bytes = [0; 4096];
    loop {
        let count = match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let received = bytes.get_mut(..count).unwrap_or_default();
        invert(received);
        stream.write_all(received)?;
    }
}

fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

/// What the server says first.
pub fn greet(stream: &mut TcpStream) -> io::Result<()> {
    // In one piece, so that one read finds it whole.
    let kind = format!("{:GREETING$}", truth(stream)?);
    stream.write_all(kind.as_bytes())
}

/// A connection to the server, both ends of it asked.
pub fn client(address: SocketAddr, role: &str, kinds: &mut Kinds) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    greeted(&mut stream, role, kinds)?;
    Ok(stream)
}

/// Reads the greeting on a new connection: both ends of it are counted.
pub fn greeted(stream: &mut TcpStream, role: &str, kinds: &mut Kinds) -> io::Result<()> {
    let mut greeting = [0; GREETING];
    stream.read_exact(&mut greeting)?;
    let kind = String::from_utf8_lossy(&greeting);
    kinds.add(&format!("{role}'s peer"), kind.trim());
    kinds.ask(role, stream)
}

/// A request of its own and the answer to it.
pub fn exchange(stream: &mut TcpStream, seed: usize, length: usize) -> io::Result<()> {
    send(stream, seed, length)?;
    receive_answer(stream, seed, length)
}

/// The request alone: the answer is on its way while something else happens.
pub fn send(stream: &mut TcpStream, seed: usize, length: usize) -> io::Result<()> {
    stream.write_all(&message(seed, length))
}

/// The answer to [`send`], checked.
pub fn receive_answer(stream: &mut TcpStream, seed: usize, length: usize) -> io::Result<()> {
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    invert(&mut answer);
    if answer == message(seed, length) {
        Ok(())
    } else {
        Err(io::Error::other(format!("answer {seed} arrived changed")))
    }
}

/// Bytes that are different for each seed.
pub fn message(seed: usize, length: usize) -> Vec<u8> {
    let mut state = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    bytes.flatten().take(length).collect()
}

/// One connection of a process with itself.
pub fn pair() -> io::Result<()> {
    let mut kinds = Kinds::default();
    let listener = listener()?;
    kinds.ask("listener", &listener)?;
    let address = listener.local_addr()?;
    thread::spawn(move || serve(&listener));
    exchange(&mut client(address, "client", &mut kinds)?, 1, 3000)?;
    print!("{kinds}");
    Ok(())
}
