// SPDX-License-Identifier: MIT OR Apache-2.0
//! An ordinary TCP program that tells what the kernel made of its sockets.
//!
//! `probe ADDRESS` listens on ADDRESS with a port of the kernel's choice,
//! connects to itself, sends a text through and prints one line:
//! `listener D/P client D/P accepted D/P`, domain and protocol as the kernel
//! says them (a raw system call, so that the shim cannot polish the answer).

use kit::truth::truth;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};

/// What goes through the connection.
const TEXT: &[u8] = b"through the connection and out of it again";

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_default();
    let address: IpAddr = address.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind((address, 0))?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut accepted, _) = listener.accept()?;
    client.write_all(TEXT)?;
    let mut received = vec![0; TEXT.len()];
    accepted.read_exact(&mut received)?;
    if received != TEXT {
        return Err(io::Error::other("the text arrived changed"));
    }
    println!(
        "listener {} client {} accepted {}",
        truth(&listener)?,
        truth(&client)?,
        truth(&accepted)?
    );
    Ok(())
}
