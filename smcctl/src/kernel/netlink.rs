// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests over a netlink socket.

use super::message::{messages, request, Message};
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::{Socket, SocketAddr};
use std::io;

/// The maximum size of a datagram in a dump.
const MAX_DATAGRAM: usize = 64 * 1024;

/// Sends a dump request and calls `each` for each answer.
///
/// # Errors
/// That of the kernel.
pub fn dump(protocol: isize, kind: u16, payload: &[u8], each: impl FnMut(&[u8])) -> io::Result<()> {
    let bytes = request(kind, NLM_F_REQUEST | NLM_F_DUMP, payload);
    request_and_receive(protocol, &bytes, kind, each)
}

/// Sends a dump request whose answers have another type, as in `NETLINK_ROUTE`.
///
/// # Errors
/// That of the kernel.
pub fn dump_typed(
    protocol: isize,
    (kind, answers): (u16, u16),
    payload: &[u8],
    each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let bytes = request(kind, NLM_F_REQUEST | NLM_F_DUMP, payload);
    request_and_receive(protocol, &bytes, answers, each)
}

/// Sends a request and waits for the acknowledgement.
///
/// # Errors
/// That of the kernel.
pub fn call(protocol: isize, kind: u16, payload: &[u8], each: impl FnMut(&[u8])) -> io::Result<()> {
    let bytes = request(kind, NLM_F_REQUEST | NLM_F_ACK, payload);
    request_and_receive(protocol, &bytes, kind, each)
}

fn request_and_receive(
    protocol: isize,
    request: &[u8],
    kind: u16,
    mut each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut socket = Socket::new(protocol)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(request, 0)?;
    let mut datagram = Vec::with_capacity(MAX_DATAGRAM);
    loop {
        datagram.clear();
        if socket.recv(&mut datagram, 0)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for message in messages(&datagram) {
            match message {
                Message::Answer(answer, payload) if answer == kind => each(payload),
                Message::Answer(..) => {}
                Message::Done(0) | Message::Error(0) => return Ok(()),
                Message::Done(errno) | Message::Error(errno) => {
                    return Err(io::Error::from_raw_os_error(errno));
                }
            }
        }
    }
}
