// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs started by a program: they do as they would have done alone, and a
//! socket that they inherit goes on, as a server's under inetd.

use crate::traffic::{attend, client, exchange, greeted, listener, Kinds};
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::thread;

/// A program that makes its own connection; one that serves a connection
/// accepted here; one that serves a connection made here.
pub fn run() -> io::Result<()> {
    let own = this_program("pair").output()?;
    print!("{}", String::from_utf8_lossy(&own.stdout));
    if !own.status.success() {
        return Err(io::Error::other(format!("{own:?}")));
    }

    let mut kinds = Kinds::default();
    let listener = listener()?;
    let address = listener.local_addr()?;
    let accepting = thread::spawn(move || -> io::Result<(Child, TcpStream)> {
        let server = start_server(listener.accept()?.0)?;
        Ok((server, listener.accept()?.0))
    });
    let mut first = client(address, "served after exec", &mut kinds)?;
    exchange(&mut first, 1, 20_000)?;
    let second = TcpStream::connect(address)?;
    let (mut server, mut accepted) = accepting
        .join()
        .map_err(|_| io::Error::other("the acceptor panicked"))??;
    let mut other_server = start_server(second)?;
    greeted(&mut accepted, "served by a client after exec", &mut kinds)?;
    exchange(&mut accepted, 2, 20_000)?;

    drop((first, accepted));
    for server in [&mut server, &mut other_server] {
        let status = server.wait()?;
        if !status.success() {
            return Err(io::Error::other(format!("the server: {status}")));
        }
    }
    print!("{kinds}");
    Ok(())
}

fn this_program(situation: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(situation);
    command
}

/// Hands `stream` over as standard input.
fn start_server(stream: TcpStream) -> io::Result<Child> {
    this_program("inetd")
        .stdin(Stdio::from(OwnedFd::from(stream)))
        .spawn()
}

/// What inetd starts: the connection is standard input.
pub fn serve_standard_input() -> io::Result<()> {
    let stream = io::stdin().as_fd().try_clone_to_owned()?;
    attend(TcpStream::from(stream))
}
