// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connects to a peer.

use super::{Connection, ECHO_TIMEOUT, GREETING, SAMPLE};
use crate::failure::{words, Failure};
use crate::kernel::smc_socket;
use socket2::{SockAddr, Socket};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A broken RDMA path takes 5 s, a silent peer 6 s, a lost SYN some seconds more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait for a greeting; other servers send none.
const GREETING_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects over SMC, and exchanges data if the peer is `smcctl check --listen`.
///
/// # Errors
/// When the connection fails.
pub fn connect(address: SocketAddr) -> Result<Connection, Failure> {
    let socket = smc_socket::create(address.is_ipv6())?;
    let to = SockAddr::from(address);
    let (done, outcome) = mpsc::channel();
    // A blocking connect reports the best error, but has no time limit.
    thread::spawn(move || {
        let connected = socket.connect(&to);
        let _ = done.send(connected.map(|()| socket));
    });
    let socket = match outcome.recv_timeout(CONNECT_TIMEOUT) {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => {
            return Err(Failure::new(format!(
                "cannot connect to {address}: {}; start there: smcctl check --listen {}",
                words(&error),
                address.port()
            )))
        }
        Err(_) => {
            return Err(Failure::new(format!(
                "cannot connect to {address}: no answer within {} s",
                CONNECT_TIMEOUT.as_secs()
            )))
        }
    };
    let mut connection = Connection::new(&socket, address);
    if let Some(mode) = greeting(&socket) {
        connection.peer_mode = Some(mode);
        connection.echoed = Some(echo(&socket).is_ok());
    }
    Ok(connection)
}

/// The mode in the greeting of `smcctl check --listen`.
fn greeting(socket: &Socket) -> Option<String> {
    socket.set_read_timeout(Some(GREETING_TIMEOUT)).ok()?;
    let mut line = String::new();
    BufReader::new(socket.take(80)).read_line(&mut line).ok()?;
    Some(line.strip_prefix(GREETING)?.trim().to_owned())
}

/// Sends a sample and compares what the peer sends back.
fn echo(mut socket: &Socket) -> io::Result<()> {
    let sample: Vec<u8> = (0..=250).cycle().take(SAMPLE).collect();
    socket.set_read_timeout(Some(ECHO_TIMEOUT))?;
    socket.set_write_timeout(Some(ECHO_TIMEOUT))?;
    socket.write_all(&sample)?;
    let mut back = vec![0; SAMPLE];
    socket.read_exact(&mut back)?;
    if back == sample {
        Ok(())
    } else {
        Err(io::Error::other("the data that came back differs"))
    }
}
