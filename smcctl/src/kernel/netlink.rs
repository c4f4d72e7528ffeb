// SPDX-License-Identifier: MIT OR Apache-2.0
//! Asks the kernel over a netlink socket.

use super::message::{messages, request, Message};
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::{Socket, SocketAddr};
use std::io;

/// Room for the largest datagram that the kernel makes in answer to a dump.
const LARGEST: usize = 64 * 1024;

/// Asks for everything of a kind; `each` is given the answers one by one.
///
/// # Errors
/// The kernel's.
pub fn dump(protocol: isize, kind: u16, payload: &[u8], each: impl FnMut(&[u8])) -> io::Result<()> {
    let bytes = request(kind, NLM_F_REQUEST | NLM_F_DUMP, payload);
    ask(protocol, &bytes, kind, each)
}

/// The same where answers have a type of their own, as those about the network have.
///
/// # Errors
/// The kernel's.
pub fn dump_typed(
    protocol: isize,
    (kind, answers): (u16, u16),
    payload: &[u8],
    each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let bytes = request(kind, NLM_F_REQUEST | NLM_F_DUMP, payload);
    ask(protocol, &bytes, answers, each)
}

/// Asks for one thing to be done or told, and waits until it is.
///
/// # Errors
/// The kernel's.
pub fn call(protocol: isize, kind: u16, payload: &[u8], each: impl FnMut(&[u8])) -> io::Result<()> {
    let bytes = request(kind, NLM_F_REQUEST | NLM_F_ACK, payload);
    ask(protocol, &bytes, kind, each)
}

fn ask(protocol: isize, request: &[u8], kind: u16, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut socket = Socket::new(protocol)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(request, 0)?;
    let mut datagram = Vec::with_capacity(LARGEST);
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
