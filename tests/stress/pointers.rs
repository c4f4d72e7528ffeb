// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every pointer of every hook, and memory that is not there, not to be read, or not to be
//! written: a line with the answer and errno for each, to be compared with TCP's.

use crate::calls::{errno, in_c, set_errno, V4_LENGTH};
use libc::{c_int, c_void, iovec, mmsghdr, msghdr, socklen_t, MSG_DONTWAIT};
use std::fs::File;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const PAGE: usize = 4096;
/// What a call that leaves errno alone leaves there.
const BEFORE: c_int = 4000;

/// The last four bytes before memory that cannot be read.
static HALF: AtomicUsize = AtomicUsize::new(0);

/// Where pointers point to.
struct Places([(&'static str, usize); 7]);

impl Places {
    fn new() -> io::Result<Self> {
        let half = map(2 * PAGE, libc::PROT_READ | libc::PROT_WRITE)?;
        // SAFETY: the second page of a mapping of two.
        unsafe { libc::mprotect(at(half + PAGE), PAGE, libc::PROT_NONE) };
        HALF.store(half + PAGE - 4, Relaxed);
        Ok(Self([
            ("NULL", 0),
            ("1", 1),
            ("-1", usize::MAX),
            // Below all programs and above what may not be mapped.
            ("unmapped", 0x10000),
            ("unreadable", map(PAGE, libc::PROT_NONE)?),
            ("half", half + PAGE - 4),
            ("read-only", map(PAGE, libc::PROT_READ)?),
        ]))
    }
}

fn map(length: usize, access: c_int) -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, nobody's memory.
    let pages = unsafe { libc::mmap(null_mut(), length, access, flags, -1, 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(pages.addr())
}

fn at<T>(address: usize) -> *mut T {
    without_provenance_mut(address)
}

/// Makes a call and prints what it answers: 0 for a descriptor, which is of no interest.
fn line(call: &str, place: &str, make: impl FnOnce() -> isize) -> isize {
    // Earlier calls may have written there.
    // SAFETY: four bytes that can be written.
    unsafe { at::<c_int>(HALF.load(Relaxed)).write(16) };
    set_errno(BEFORE);
    let answer = make();
    println!("{call} {place}: {} errno {}", answer.min(0), errno());
    answer
}

/// A connection within this process: the end that connected, and the one that was accepted.
fn pair(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let client = TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept()?.0))
}

fn close(fd: isize) {
    if let Ok(fd) = c_int::try_from(fd) {
        if fd >= 0 {
            // SAFETY: what a call has just opened.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
}

/// Prints the table.
pub fn run() -> io::Result<()> {
    let places = Places::new()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let SocketAddr::V4(address) = listener.local_addr()? else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    for (place, to) in places.0 {
        addresses(&listener, address, place, to)?;
        options(&listener, place, to)?;
        messages(&listener, place, to)?;
        others(&listener, place, to)?;
    }
    Ok(())
}

fn fresh() -> c_int {
    // SAFETY: the call takes any integers.
    unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) }
}

// In all that follows the kernel looks whether there is memory, or the memory is there.

fn addresses(
    listener: &TcpListener,
    address: SocketAddrV4,
    place: &str,
    to: usize,
) -> io::Result<()> {
    for length in [2, 16, 128] {
        let fd = fresh();
        // SAFETY: as said above.
        line(&format!("connect length {length}"), place, || unsafe {
            libc::connect(fd, at(to), length) as isize
        });
        // SAFETY: as said above.
        line(&format!("bind length {length}"), place, || unsafe {
            libc::bind(fd, at(to), length) as isize
        });
        close(fd as isize);
    }
    let number = listener.as_raw_fd();
    let mut peer = in_c(address);
    let mut length = V4_LENGTH;
    for address_is_bad in [true, false] {
        let _client = TcpStream::connect(address)?;
        let peer: *mut libc::sockaddr = if address_is_bad {
            at(to)
        } else {
            (&raw mut peer).cast()
        };
        let length = if address_is_bad {
            &raw mut length
        } else {
            at(to)
        };
        // With no address the length is not looked at.
        let what = format!("accept address {address_is_bad}");
        // SAFETY: as said above.
        close(line(&what, place, || unsafe {
            libc::accept4(number, peer, length, libc::SOCK_CLOEXEC) as isize
        }));
    }
    Ok(())
}

fn options(listener: &TcpListener, place: &str, to: usize) -> io::Result<()> {
    let (client, _server) = pair(listener)?;
    let fd = client.as_raw_fd();
    for (name, level, option) in [
        ("SO_DOMAIN", libc::SOL_SOCKET, libc::SO_DOMAIN),
        ("SO_ERROR", libc::SOL_SOCKET, libc::SO_ERROR),
        ("TCP_INFO", libc::IPPROTO_TCP, libc::TCP_INFO),
        ("TCP_NODELAY", libc::IPPROTO_TCP, libc::TCP_NODELAY),
    ] {
        let mut length: socklen_t = 4;
        let mut value = 0_u32;
        let value = (&raw mut value).cast::<c_void>();
        // SAFETY: as said above.
        line(&format!("getsockopt {name} into"), place, || unsafe {
            libc::getsockopt(fd, level, option, at(to), &raw mut length) as isize
        });
        // SAFETY: as said above.
        line(&format!("getsockopt {name} length at"), place, || unsafe {
            libc::getsockopt(fd, level, option, value, at(to)) as isize
        });
    }
    for (name, level, option) in [
        ("SO_LINGER", libc::SOL_SOCKET, libc::SO_LINGER),
        ("SO_RCVTIMEO", libc::SOL_SOCKET, libc::SO_RCVTIMEO),
        ("SO_ATTACH_FILTER", libc::SOL_SOCKET, libc::SO_ATTACH_FILTER),
        ("TCP_CONGESTION", libc::IPPROTO_TCP, libc::TCP_CONGESTION),
        ("TCP_FASTOPEN_KEY", libc::IPPROTO_TCP, 33),
        ("IP_TOS", libc::IPPROTO_IP, libc::IP_TOS),
    ] {
        for length in [1, 3, 8, 16] {
            let what = format!("setsockopt {name} length {length}");
            // SAFETY: as said above.
            line(&what, place, || unsafe {
                libc::setsockopt(fd, level, option, at::<c_void>(to), length) as isize
            });
        }
    }
    Ok(())
}

fn messages(listener: &TcpListener, place: &str, to: usize) -> io::Result<()> {
    let (client, mut server) = pair(listener)?;
    let fd = client.as_raw_fd();
    server.write_all(b"something to receive")?;
    let mut byte = [0_u8; 1];
    let mut buffer = iovec {
        iov_base: byte.as_mut_ptr().cast(),
        iov_len: 1,
    };
    // SAFETY: plain data, all zeroes.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut buffer;
    message.msg_iovlen = 1;
    let mut bad_buffers = message;
    bad_buffers.msg_iov = at(to);
    let mut bad_control = message;
    bad_control.msg_control = at(to);
    bad_control.msg_controllen = 64;
    for (what, bad) in [("buffers", bad_buffers), ("control", bad_control)] {
        let mut sent = bad;
        // SMC does not look at control data that can be read.
        if (what, place) != ("control", "read-only") {
            // SAFETY: as said above.
            line(&format!("sendmsg {what}"), place, || unsafe {
                libc::sendmsg(fd, &raw const sent, MSG_DONTWAIT)
            });
        }
        // SAFETY: as said above.
        line(&format!("recvmsg {what}"), place, || unsafe {
            libc::recvmsg(fd, &raw mut sent, MSG_DONTWAIT)
        });
    }
    // SAFETY: as said above.
    line("sendmsg", place, || unsafe {
        libc::sendmsg(fd, at(to), MSG_DONTWAIT)
    });
    // SAFETY: as said above.
    line("recvmsg", place, || unsafe {
        libc::recvmsg(fd, at(to), MSG_DONTWAIT)
    });
    // SAFETY: as said above.
    line("sendmmsg", place, || unsafe {
        libc::sendmmsg(fd, at::<mmsghdr>(to), 1, MSG_DONTWAIT) as isize
    });
    // SAFETY: as said above.
    line("recvmmsg", place, || unsafe {
        libc::recvmmsg(fd, at::<mmsghdr>(to), 1, MSG_DONTWAIT, null_mut()) as isize
    });
    // SAFETY: as said above.
    line("writev", place, || unsafe {
        libc::writev(fd, at::<iovec>(to), 1)
    });
    // SAFETY: as said above.
    line("pwritev2", place, || unsafe {
        libc::pwritev2(fd, at::<iovec>(to), 1, -1, 0)
    });
    // SAFETY: as said above.
    line("sendto", place, || unsafe {
        libc::sendto(fd, byte.as_ptr().cast(), 1, MSG_DONTWAIT, at(to), 16)
    });
    Ok(())
}

fn others(listener: &TcpListener, place: &str, to: usize) -> io::Result<()> {
    let (client, mut server) = pair(listener)?;
    let fd = client.as_raw_fd();
    server.write_all(b"something to receive")?;
    // SAFETY: the calls take any integers, and an event that is there.
    let epoll = unsafe { libc::epoll_create1(0) };
    let mut event = libc::epoll_event {
        events: u32::try_from(libc::EPOLLIN).unwrap_or(0),
        u64: 0,
    };
    // SAFETY: as above.
    unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) };
    // SAFETY: as said above.
    line("epoll_wait", place, || unsafe {
        libc::epoll_wait(epoll, at(to), 1, 1000) as isize
    });
    close(epoll as isize);
    let mut ends = [0; 2];
    // SAFETY: there is room for two.
    unsafe { libc::pipe(ends.as_mut_ptr()) };
    let [reads, writes] = ends;
    // SAFETY: as said above.
    line("splice from", place, || unsafe {
        libc::splice(fd, at(to), writes, null_mut(), 4, libc::SPLICE_F_NONBLOCK)
    });
    // SAFETY: as said above.
    line("splice to", place, || unsafe {
        libc::splice(fd, null_mut(), writes, at(to), 4, libc::SPLICE_F_NONBLOCK)
    });
    close(reads as isize);
    close(writes as isize);
    let file = File::open("/proc/self/exe")?;
    // SAFETY: as said above.
    line("sendfile", place, || unsafe {
        libc::sendfile(fd, file.as_raw_fd(), at(to), 4)
    });
    let none: [*const libc::c_char; 1] = [null()];
    // SAFETY: as said above.
    line("execve", place, || unsafe {
        libc::execve(at(to), none.as_ptr(), none.as_ptr()) as isize
    });
    // SAFETY: as said above.
    line("execve arguments", place, || unsafe {
        libc::execve(c"/nowhere".as_ptr(), at(to), none.as_ptr()) as isize
    });
    Ok(())
}
