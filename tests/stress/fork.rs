// SPDX-License-Identifier: MIT OR Apache-2.0
//! fork(2): in the middle of traffic, and among threads.

use crate::children::{server, Child};
use crate::traffic::{client, exchange, listener, receive_answer, send, Kinds};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const CONNECTIONS: usize = 8;
const LENGTH: usize = 5000;

/// Requests are on their way in every connection when the process forks: the
/// child receives the answers of one half, the parent those of the other. Both
/// go on, with those connections and with new ones; when the child has ended,
/// the parent uses them all.
pub fn in_traffic() -> io::Result<()> {
    let mut kinds = Kinds::default();
    let listener = listener()?;
    kinds.ask("listener", &listener)?;
    let (_server, address) = server(listener)?;
    let mut connections = (0..CONNECTIONS)
        .map(|_| client(address, "inherited", &mut kinds))
        .collect::<io::Result<Vec<_>>>()?;
    for (number, stream) in connections.iter_mut().enumerate() {
        exchange(stream, number, LENGTH)?;
        send(stream, number, LENGTH)?;
    }

    let (parents, childs) = connections.split_at_mut(CONNECTIONS / 2);
    let child = Child::fork(|| {
        let mut kinds = Kinds::default();
        go_on(childs, CONNECTIONS / 2, address, &mut kinds)?;
        Ok(kinds.to_string())
    })?;
    go_on(parents, 0, address, &mut kinds)?;
    let child = child.said()?;

    // A child that leaves at once takes nothing along either.
    Child::fork(|| Ok(String::new()))?.said()?;
    for (number, stream) in connections.iter_mut().enumerate() {
        exchange(stream, number + 100, LENGTH)?;
        kinds.ask("afterwards", stream)?;
    }
    print!("{kinds}and the child\n{child}");
    Ok(())
}

/// The answers that were on their way, another exchange, new connections.
fn go_on(
    inherited: &mut [TcpStream],
    first: usize,
    address: SocketAddr,
    kinds: &mut Kinds,
) -> io::Result<()> {
    for (number, stream) in inherited.iter_mut().enumerate() {
        receive_answer(stream, first + number, LENGTH)?;
        exchange(stream, first + number + 50, LENGTH)?;
        kinds.ask("kept", stream)?;
        exchange(&mut client(address, "new", kinds)?, number, LENGTH)?;
    }
    Ok(())
}

/// Threads connect, exchange and close all the time; meanwhile the process
/// forks, and each child (in which those threads do not exist) does the same.
pub fn among_threads(children: usize) -> io::Result<()> {
    let (_server, address) = server(listener()?)?;
    let done = AtomicBool::new(false);
    let mut kinds = Kinds::default();
    thread::scope(|scope| {
        let busy: Vec<_> = (0..4)
            .map(|number| {
                let done = &done;
                scope.spawn(move || -> io::Result<()> {
                    let mut first = true;
                    while first || !done.load(Relaxed) {
                        first = false;
                        let mut unused = Kinds::default();
                        exchange(&mut client(address, "", &mut unused)?, number, 700)?;
                    }
                    Ok(())
                })
            })
            .collect();
        let outcome = (0..children).try_for_each(|number| -> io::Result<()> {
            let child = Child::fork(|| {
                let mut kinds = Kinds::default();
                exchange(&mut client(address, "client", &mut kinds)?, number, 700)?;
                Ok(kinds.to_string())
            })?;
            let said = child.said()?;
            for line in said.lines() {
                let (role, kind) = line.rsplit_once(' ').unwrap_or_default();
                let (role, kind) = role.rsplit_once(' ').unwrap_or((role, kind));
                kinds.add(role, kind);
            }
            Ok(())
        });
        done.store(true, Relaxed);
        for thread in busy {
            thread
                .join()
                .map_err(|_| io::Error::other("a thread panicked"))??;
        }
        outcome
    })?;
    print!("{kinds}");
    Ok(())
}
