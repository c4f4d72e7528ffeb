// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl check --listen`: greets each client and sends back what it sends.

use super::{Connection, ECHO_TIMEOUT, GREETING, SAMPLE};
use crate::failure::{words, Failure};
use crate::kernel::smc_socket;
use socket2::Socket;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread;

/// Accepts connections until it fails. Calls `ready` once it listens and `each` for every
/// connection.
///
/// # Errors
/// When it cannot listen or accept, or a callback fails.
pub fn listen(
    port: u16,
    ready: impl FnOnce() -> Result<(), Failure>,
    mut each: impl FnMut(&Connection) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let cannot =
        |error: io::Error| Failure::new(format!("cannot listen on port {port}: {}", words(&error)));
    let listener = listener(port).map_err(cannot)?;
    ready()?;
    loop {
        let (socket, address) = listener.accept().map_err(cannot)?;
        let Some(address) = address.as_socket() else {
            continue;
        };
        let connection = Connection::new(&socket, canonical(address));
        let mode = connection.mode;
        thread::spawn(move || {
            // The client may disconnect at any time.
            let _ = serve(&socket, mode);
        });
        each(&connection)?;
    }
}

/// Listens on IPv6 and IPv4, or on IPv4 alone where the host has no IPv6.
fn listener(port: u16) -> io::Result<Socket> {
    let listen = |ipv6: bool| {
        let socket = smc_socket::create(ipv6).map_err(io::Error::other)?;
        socket.set_reuse_address(true)?;
        let address: SocketAddr = if ipv6 {
            socket.set_only_v6(false)?;
            (Ipv6Addr::UNSPECIFIED, port).into()
        } else {
            (Ipv4Addr::UNSPECIFIED, port).into()
        };
        socket.bind(&address.into())?;
        socket.listen(16)?;
        Ok(socket)
    };
    listen(true).or_else(|_| listen(false))
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn serve(mut socket: &Socket, mode: &str) -> io::Result<()> {
    socket.set_read_timeout(Some(ECHO_TIMEOUT))?;
    socket.set_write_timeout(Some(ECHO_TIMEOUT))?;
    writeln!(socket, "{GREETING}{mode}")?;
    let mut buffer = vec![0; SAMPLE];
    // A client of `smcctl check` sends one sample.
    let mut left = SAMPLE;
    while left > 0 {
        let got = socket.read(buffer.get_mut(..left).unwrap_or_default())?;
        if got == 0 {
            break;
        }
        socket.write_all(buffer.get(..got).unwrap_or_default())?;
        left -= got;
    }
    // The client closes first, so that nothing sent to it is lost.
    socket.read(&mut buffer).map(|_| ())
}
