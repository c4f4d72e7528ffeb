// SPDX-License-Identifier: MIT OR Apache-2.0
//! This program as a runner: of whoever has started it, or of whoever connects.

use super::processes::{become_subreaper, on_ending_signals};
use super::protocol::receive;
use super::runner::{Message, Orders, Runner};
use crate::failure::{words, Failure};
use socket2::{SockRef, TcpKeepalive};
use std::io::{stderr, stdin, stdout, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Runs a command for the parent, who speaks by standard input and output.
pub fn runner(orders: Orders) {
    become_subreaper();
    let (sender, messages) = channel();
    let ends = sender.clone();
    on_ending_signals(move |_| {
        let _ = ends.send(Message::Closed);
    });
    receive(stdin(), sender.clone(), Message::Request, Message::Closed);
    Runner::new(orders, (sender, &messages), Box::new(stdout())).serve();
}

/// Runs a command for whoever connects to this address, one after the other, until
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
    become_subreaper();
    let (arrive, arrivals) = channel();
    let (sender, messages) = channel();
    let (signalled, ends) = (arrive.clone(), sender.clone());
    on_ending_signals(move |signal| {
        let _ = signalled.send(Came::Signal(signal));
        let _ = ends.send(Message::Closed);
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
                // Messages of the one before do not matter any more.
                while messages.try_recv().is_ok() {}
                if let Ok(from) = stream.try_clone() {
                    receive(from, sender.clone(), Message::Request, Message::Closed);
                    let sender = sender.clone();
                    Runner::new(orders.clone(), (sender, &messages), Box::new(stream)).serve();
                }
            }
            Ok(Came::Signal(signal)) => return Ok(signal),
            Err(_) => return Ok(0),
        }
    }
}
