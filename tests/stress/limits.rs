// SPDX-License-Identifier: MIT OR Apache-2.0
//! No descriptor left: the same call fails that would fail on TCP, with the
//! same errno, and when there is room again it works.

use crate::calls;
use crate::children::server;
use crate::traffic::{attend, client, exchange, greeted, listener, Kinds};
use std::io;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::thread;

/// How many descriptors this process may have.
const LIMIT: usize = 40;

/// Socket and accept are refused and granted in turn, beside a connection
/// that goes on.
pub fn run() -> io::Result<()> {
    let mut kinds = Kinds::default();
    let (_server, address) = server(listener()?)?;
    let own = listener()?;
    let mut steady = client(address, "steady", &mut kinds)?;
    set_limit()?;

    let others = (0..LIMIT).filter(|&fd| is_open(fd)).count();
    let (mut full, refusal) = fill()?;
    println!("{} and then {refusal}", others + full.len());
    let mut kept = Vec::new();
    for round in 1..4 {
        exchange(&mut steady, round, 5000)?;
        full.pop();
        let mut again = client(address, "again", &mut kinds)?;
        exchange(&mut again, round, 5000)?;
        kept.push(again);
        println!("socket: {}", refusal_of(calls::socket(0)));
    }

    full.pop();
    let mut connected = TcpStream::connect(own.local_addr()?)?;
    println!("accept: {}", refusal_of(own.accept()));
    full.pop();
    let (accepted, _) = own.accept()?;
    println!("socket: {}", refusal_of(calls::socket(0)));
    let attending = thread::spawn(move || attend(accepted));
    greeted(&mut connected, "own", &mut kinds)?;
    exchange(&mut connected, 5, 5000)?;
    drop(connected);
    attending
        .join()
        .map_err(|_| io::Error::other("the server panicked"))??;
    print!("{kinds}");
    Ok(())
}

fn set_limit() -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: LIMIT as libc::rlim_t,
        rlim_max: LIMIT as libc::rlim_t,
    };
    // SAFETY: a complete rlimit.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn is_open(fd: usize) -> bool {
    let fd = i32::try_from(fd).unwrap_or(-1);
    // SAFETY: the call only asks.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Sockets until there are no more, and why.
fn fill() -> io::Result<(Vec<OwnedFd>, String)> {
    let mut sockets = Vec::new();
    for _ in 0..=LIMIT {
        match calls::socket(0) {
            Ok(socket) => sockets.push(socket),
            Err(error) => return Ok((sockets, refusal_of::<()>(Err(error)))),
        }
    }
    Err(io::Error::other("the limit is none"))
}

fn refusal_of<T>(result: io::Result<T>) -> String {
    match result {
        Ok(_) => "granted".to_owned(),
        Err(error) => format!("errno {}", error.raw_os_error().unwrap_or(0)),
    }
}
