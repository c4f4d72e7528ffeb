// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads that create, connect, use and close sockets as fast as they can: on
//! one port and on another (of which one may be kept off SMC), to a listener
//! of their own, and not at all. Every answer is checked, and no descriptor is
//! left behind.

use crate::calls;
use crate::children::server;
use crate::traffic::{attend, exchange, greeted, listener, Kinds};
use libc::{IPPROTO_IP, IPPROTO_TCP, SOL_SOCKET};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 32;

/// Each thread makes so many rounds.
pub fn rounds(one_port: u16, other_port: u16, rounds: usize) -> io::Result<()> {
    all_threads(one_port, other_port, &|done| done < rounds)
}

/// Each thread goes on for a minute.
pub fn for_a_minute(one_port: u16, other_port: u16) -> io::Result<()> {
    let end = Instant::now() + Duration::from_secs(60);
    all_threads(one_port, other_port, &|_| Instant::now() < end)
}

fn all_threads(
    one_port: u16,
    other_port: u16,
    goes_on: &(dyn Fn(usize) -> bool + Sync),
) -> io::Result<()> {
    let serving = |port| server(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?);
    let (one_server, one) = serving(one_port)?;
    let (other_server, other) = serving(other_port)?;
    let before = calls::descriptors()?;
    let mut kinds = Kinds::default();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| scope.spawn(move || one_thread(number, one, other, goes_on)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            let joined = thread.join();
            kinds.merge(joined.map_err(|_| io::Error::other("a thread panicked"))??);
            Ok::<(), io::Error>(())
        })
    })?;
    let left = calls::descriptors()?.abs_diff(before);
    drop((one_server, other_server));
    println!("{kinds}descriptors left behind: {left}");
    Ok(())
}

fn one_thread(
    number: usize,
    one: SocketAddr,
    other: SocketAddr,
    goes_on: &(dyn Fn(usize) -> bool + Sync),
) -> io::Result<Kinds> {
    let mut kinds = Kinds::default();
    let mut round = 0;
    while goes_on(round) {
        let seed = number * 1_000_000 + round;
        kinds.ask("unused", &calls::socket(libc::SOCK_CLOEXEC)?)?;
        for (role, address) in [("one", one), ("other", other)] {
            let mut stream = configured(address, seed)?;
            greeted(&mut stream, role, &mut kinds)?;
            exchange(&mut stream, seed, 900)?;
        }
        own_listener(seed, &mut kinds)?;
        round += 1;
    }
    Ok(kinds)
}

/// A connection whose options were set before connecting, and are in force
/// after it.
fn configured(address: SocketAddr, seed: usize) -> io::Result<TcpStream> {
    let on = 1_i32.to_ne_bytes();
    let socket = calls::socket(libc::SOCK_CLOEXEC)?;
    calls::set(&socket, SOL_SOCKET, libc::SO_KEEPALIVE, &on)?;
    calls::set(&socket, IPPROTO_TCP, libc::TCP_NODELAY, &on)?;
    let size = 65_536 + i32::try_from(seed % 7).unwrap_or(0) * 1024;
    calls::set(&socket, SOL_SOCKET, libc::SO_SNDBUF, &size.to_ne_bytes())?;
    calls::set(&socket, IPPROTO_IP, libc::IP_TOS, &[0x10])?;
    calls::connect(&socket, address)?;
    let stream = TcpStream::from(socket);
    for (level, name, expected) in [
        (SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (IPPROTO_TCP, libc::TCP_NODELAY, 1),
        (IPPROTO_IP, libc::IP_TOS, 0x10),
    ] {
        let value = calls::get(&stream, level, name)?;
        if value != expected {
            return Err(io::Error::other(format!(
                "option {level}/{name} is {value}"
            )));
        }
    }
    Ok(stream)
}

/// Both ends in one thread: this one accepts what it has connected.
fn own_listener(seed: usize, kinds: &mut Kinds) -> io::Result<()> {
    let listener = listener()?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (accepted, _) = listener.accept()?;
    let attending = thread::spawn(move || attend(accepted));
    greeted(&mut client, "own", kinds)?;
    exchange(&mut client, seed, 300)?;
    drop(client);
    attending
        .join()
        .map_err(|_| io::Error::other("a server panicked"))?
}
