// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets given to a process without the shim (SCM_RIGHTS, unix(7)): a
//! connected one, one that is not connected yet, and a listener.

use crate::calls;
use crate::children::server;
use crate::traffic::{attend, client, exchange, greeted, listener, Kinds};
use kit::truth::truth;
use std::io;
use std::mem::{size_of, MaybeUninit};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::ptr;

/// How many descriptors go in one message.
const HANDED: usize = 3;
/// Bytes that they take in the message.
const PAYLOAD: usize = HANDED * size_of::<i32>();

/// A message's control part, aligned as it must be.
type Control = [u64; 8];

/// Hands the three over and is the client of the listener.
pub fn run() -> io::Result<()> {
    println!("here {}", preloaded()?);
    let (_server, address) = server(listener()?)?;
    let mut kinds = Kinds::default();
    let connected = client(address, "connected", &mut kinds)?;
    let fresh = calls::socket(libc::SOCK_CLOEXEC)?;
    let listener = listener()?;
    let listening_at = listener.local_addr()?;
    println!("{kinds}fresh {}", truth(&fresh)?);

    let (ours, theirs) = UnixStream::pair()?;
    let mut receiver = Command::new("/proc/self/exe")
        .args(["receive", &address.to_string()])
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    send(&ours, [connected.as_fd(), fresh.as_fd(), listener.as_fd()])?;
    drop((connected, fresh, listener));

    let mut kinds = Kinds::default();
    let mut stream = client(listening_at, "its client", &mut kinds)?;
    exchange(&mut stream, 3, 20_000)?;
    drop(stream);
    let status = receiver.wait()?;
    if !status.success() {
        return Err(io::Error::other(format!("the receiver: {status}")));
    }
    print!("{kinds}");
    Ok(())
}

/// The process without the shim: what the kernel says the sockets are, and
/// that they work.
pub fn receive(address: &str) -> io::Result<()> {
    println!("there {}", preloaded()?);
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let [connected, fresh, listener] = take(&io::stdin().as_fd())?;
    let mut kinds = Kinds::default();

    let mut connected = TcpStream::from(connected);
    kinds.ask("received connected", &connected)?;
    exchange(&mut connected, 1, 20_000)?;

    kinds.ask("received fresh", &fresh)?;
    calls::connect(&fresh, address)?;
    let mut fresh = TcpStream::from(fresh);
    greeted(&mut fresh, "received fresh, connected", &mut kinds)?;
    exchange(&mut fresh, 2, 20_000)?;

    let listener = TcpListener::from(listener);
    kinds.ask("received listener", &listener)?;
    let (accepted, _) = listener.accept()?;
    print!("{kinds}");
    attend(accepted)
}

/// Whether the shim is in this process.
fn preloaded() -> io::Result<&'static str> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    Ok(if maps.contains("libsmc_shim.so") {
        "with the shim"
    } else {
        "without the shim"
    })
}

fn send(socket: &impl AsRawFd, sockets: [BorrowedFd; HANDED]) -> io::Result<()> {
    let numbers = sockets.map(|socket| socket.as_raw_fd());
    with_message(|message| {
        // SAFETY: the control part has room for the header and the numbers.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(length(PAYLOAD)) as usize;
            ptr::copy_nonoverlapping(numbers.as_ptr().cast(), libc::CMSG_DATA(header), PAYLOAD);
            libc::sendmsg(socket.as_raw_fd(), message, 0)
        }
    })
    .map(drop)
}

fn take(socket: &impl AsRawFd) -> io::Result<[OwnedFd; HANDED]> {
    let mut numbers = [-1_i32; HANDED];
    with_message(|message| {
        // SAFETY: a complete message; what is copied is what the kernel says
        // that it has written, and no more than there is room for.
        unsafe {
            let count = libc::recvmsg(socket.as_raw_fd(), message, libc::MSG_CMSG_CLOEXEC);
            let header = libc::CMSG_FIRSTHDR(message);
            if count == 1 && !header.is_null() {
                let payload = (*header).cmsg_len - libc::CMSG_LEN(0) as usize;
                ptr::copy_nonoverlapping(
                    libc::CMSG_DATA(header),
                    numbers.as_mut_ptr().cast(),
                    payload.min(PAYLOAD),
                );
            }
            count
        }
    })?;
    if numbers.contains(&-1) {
        return Err(io::Error::other("not all descriptors arrived"));
    }
    // SAFETY: the kernel has just installed them here.
    Ok(numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) }))
}

/// Calls `work` with a message of one byte and a control part.
fn with_message(work: impl FnOnce(*mut libc::msghdr) -> isize) -> io::Result<isize> {
    let (mut byte, mut control): (u8, Control) = (0, [0; 8]);
    let mut part = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    // SAFETY: zeroes are an empty msghdr.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    // SAFETY: it only computes.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(length(PAYLOAD)) } as usize;
    match work(&raw mut message) {
        -1 => Err(io::Error::last_os_error()),
        count => Ok(count),
    }
}

#[allow(clippy::cast_possible_truncation)]
const fn length(bytes: usize) -> libc::c_uint {
    bytes as libc::c_uint
}
