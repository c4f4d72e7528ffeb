// SPDX-License-Identifier: MIT OR Apache-2.0
//! This program as a keeper: of whoever has started it, or of whoever connects.

use super::keeper::{Heard, Keeper, Orders};
use super::processes::{becomes_keeper, on_ending_signals};
use super::protocol::receive;
use crate::failure::{words, Failure};
use socket2::{SockRef, TcpKeepalive};
use std::io::{stderr, stdin, stdout, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Keeps a command for the parent, who speaks by standard input and output.
pub fn keeper(orders: Orders) {
    becomes_keeper();
    let (tell, heard) = channel();
    let ends = tell.clone();
    on_ending_signals(move |_| {
        let _ = ends.send(Heard::Gone);
    });
    receive(stdin(), tell.clone(), Heard::Asked, Heard::Gone);
    Keeper::new(orders, (tell, &heard), Box::new(stdout())).serve();
}

/// Keeps a command for whoever connects to this address, one after the other, until
/// it is interrupted; the signal that did.
///
/// # Errors
/// When nobody can connect.
pub fn server(orders: &Orders, address: &str) -> Result<i32, Failure> {
    enum Came {
        Somebody(std::net::TcpStream),
        Signal(i32),
    }
    let listener = TcpListener::bind(address)
        .map_err(|error| Failure::new(format!("cannot listen on {address}: {}", words(&error))))?;
    becomes_keeper();
    let (arrive, arrivals) = channel();
    let (tell, heard) = channel();
    let (signalled, ends) = (arrive.clone(), tell.clone());
    on_ending_signals(move |signal| {
        let _ = signalled.send(Came::Signal(signal));
        let _ = ends.send(Heard::Gone);
    });
    let _ = writeln!(
        stderr(),
        "smcctl: waiting for the client's side on {address}"
    );
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if arrive.send(Came::Somebody(stream)).is_err() {
                return;
            }
        }
    });
    loop {
        match arrivals.recv() {
            Ok(Came::Somebody(stream)) => {
                let _ = stream.set_nodelay(true);
                // A client's side that is cut off must not keep the server for ever.
                let alive = TcpKeepalive::new()
                    .with_time(Duration::from_secs(10))
                    .with_interval(Duration::from_secs(5))
                    .with_retries(3);
                let _ = SockRef::from(&stream).set_tcp_keepalive(&alive);
                // What was heard of the one before does not matter any more.
                while heard.try_recv().is_ok() {}
                if let Ok(from) = stream.try_clone() {
                    receive(from, tell.clone(), Heard::Asked, Heard::Gone);
                    let tell = tell.clone();
                    Keeper::new(orders.clone(), (tell, &heard), Box::new(stream)).serve();
                }
            }
            Ok(Came::Signal(signal)) => return Ok(signal),
            Err(_) => return Ok(0),
        }
    }
}
