// SPDX-License-Identifier: MIT OR Apache-2.0
//! An ordinary TCP program as C has them: nothing runs before its `main`, so
//! that standard input, output and error stay closed when it is started so, and
//! its sockets get those numbers. `bare FILE` writes into FILE what happened.
#![no_main]

use kit::truth::truth;
use std::ffi::{c_char, c_int, CStr, OsStr};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

/// What goes through the connection, there and back.
const TEXT: &[u8] = b"nothing but this may be in the stream";

#[no_mangle]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    if count != 2 {
        return 2;
    }
    // SAFETY: the C library passes `count` strings.
    let file = unsafe { CStr::from_ptr(*arguments.add(1)) };
    let told = tell().unwrap_or_else(|error| format!("{error}\n"));
    let file = OsStr::from_bytes(file.to_bytes());
    i32::from(std::fs::write(file, told).is_err())
}

fn tell() -> io::Result<String> {
    let mut told = String::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut accepted, _) = listener.accept()?;
    for (name, fd, kind) in [
        ("listener", listener.as_raw_fd(), truth(&listener)?),
        ("client", client.as_raw_fd(), truth(&client)?),
        ("accepted", accepted.as_raw_fd(), truth(&accepted)?),
    ] {
        writeln!(told, "{name} {kind} fd {fd}").map_err(io::Error::other)?;
    }
    // Another socket while these are there: the shim may have something to say.
    drop(TcpStream::connect(listener.local_addr()?)?);
    pass(&mut client, &mut accepted)?;
    pass(&mut accepted, &mut client)?;
    Ok(told)
}

/// Sends the text and the end, and expects just these on the other side.
fn pass(from: &mut TcpStream, to: &mut TcpStream) -> io::Result<()> {
    from.write_all(TEXT)?;
    from.shutdown(Shutdown::Write)?;
    let mut received = Vec::new();
    to.read_to_end(&mut received)?;
    if received == TEXT {
        return Ok(());
    }
    let received = String::from_utf8_lossy(&received);
    Err(io::Error::other(format!("received {received:?}")))
}
