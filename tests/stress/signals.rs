// SPDX-License-Identifier: MIT OR Apache-2.0
//! A signal handler that makes socket calls while the main code is in the
//! same calls: neither waits for the other, and the main code's errno is what
//! its own calls made it.

use crate::calls::{self, errno, set_errno};
use crate::children::server;
use crate::traffic::{exchange, greeted, listener, Kinds};
use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::OnceLock;

/// No call sets errno to this.
const UNTOUCHED: i32 = 4000;
/// More rounds of the main code than any number of interruptions needs.
const TOO_MANY: usize = 1_000_000;

static SERVER: OnceLock<SocketAddr> = OnceLock::new();
static INTERRUPTIONS: AtomicUsize = AtomicUsize::new(0);
static FAILURES: AtomicUsize = AtomicUsize::new(0);

/// Goes on until the handler has run so many times.
pub fn run(interruptions: usize) -> io::Result<()> {
    let (_server, address) = server(listener()?)?;
    let _ = SERVER.set(address);
    let before = calls::descriptors()?;
    install()?;
    set_timer();
    let mut kinds = Kinds::default();
    let mut rounds = 0;
    while INTERRUPTIONS.load(Relaxed) < interruptions {
        round(address, rounds, &mut kinds)?;
        rounds += 1;
        if rounds > TOO_MANY {
            return Err(io::Error::other("the signal does not come"));
        }
    }
    // SAFETY: SIG_IGN is a valid disposition; a timer still running is ignored.
    unsafe { libc::signal(libc::SIGALRM, libc::SIG_IGN) };
    let left = calls::descriptors()?.abs_diff(before);
    let failures = FAILURES.load(Relaxed);
    // How many rounds there were is a matter of chance.
    let kinds = kinds.to_string();
    let roles = kinds.lines().filter_map(|line| line.rsplit_once(' '));
    roles.for_each(|(kind, _)| println!("{kind}"));
    println!("failures in the handler: {failures}\ndescriptors left behind: {left}");
    Ok(())
}

/// Each call that succeeds leaves errno alone; each that fails sets its own.
fn round(address: SocketAddr, seed: usize, kinds: &mut Kinds) -> io::Result<()> {
    set_errno(UNTOUCHED);
    let socket = calls::socket(libc::SOCK_NONBLOCK)?;
    calls::set(
        &socket,
        libc::SOL_SOCKET,
        libc::SO_KEEPALIVE,
        &1_i32.to_ne_bytes(),
    )?;
    calls::set(&socket, libc::IPPROTO_IP, libc::IP_TOS, &[0x10])?;
    calls::get(&socket, libc::SOL_SOCKET, libc::SO_DOMAIN)?;
    expect("calls that succeed", UNTOUCHED)?;

    // Not to block: SMC gives up a blocking connect that a signal interrupts.
    match calls::connect(&socket, address) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        other => other?,
    }
    calls::wait_writable(&socket)?;
    set_errno(UNTOUCHED);
    let failed = calls::get(&socket, libc::SOL_SOCKET, libc::SO_ERROR)?;
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    let mut stream = TcpStream::from(socket);
    stream.set_nonblocking(false)?;
    greeted(&mut stream, "main", kinds)?;
    exchange(&mut stream, seed, 400)?;
    // SAFETY: the call takes any integers; -1 is no descriptor.
    unsafe { libc::listen(-1, 1) };
    expect("listen(-1)", libc::EBADF)?;
    // SAFETY: the call takes any integers.
    unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_UDP) };
    expect("socket(UDP stream)", libc::EPROTONOSUPPORT)
}

fn expect(what: &str, expected: i32) -> io::Result<()> {
    let found = errno();
    if found == expected {
        return Ok(());
    }
    Err(io::Error::other(format!("errno after {what}: {found}")))
}

fn install() -> io::Result<()> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: zeroes are a valid sigaction, and only this field differs.
    unsafe {
        (*action.as_mut_ptr()).sa_sigaction = handler as *const () as usize;
        (*action.as_mut_ptr()).sa_flags = libc::SA_RESTART;
    }
    // SAFETY: a complete sigaction whose handler does what handlers may.
    if unsafe { libc::sigaction(libc::SIGALRM, action.as_ptr(), ptr::null_mut()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// One signal, soon; the handler asks for the next, so that the main code gets
/// on however slow the machine is.
fn set_timer() {
    let timer = libc::itimerval {
        it_interval: libc::timeval {
            tv_sec: 0,
            tv_usec: 0,
        },
        it_value: libc::timeval {
            tv_sec: 0,
            tv_usec: 700,
        },
    };
    // SAFETY: a complete itimerval.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
}

extern "C" fn handler(_signal: i32) {
    let before = errno();
    if connection().is_none() {
        FAILURES.fetch_add(1, Relaxed);
    }
    INTERRUPTIONS.fetch_add(1, Relaxed);
    set_timer();
    set_errno(before);
}

/// A connection that receives the server's greeting; no memory is allocated.
fn connection() -> Option<()> {
    let socket = calls::socket(libc::SOCK_CLOEXEC).ok()?;
    calls::set(
        &socket,
        libc::IPPROTO_TCP,
        libc::TCP_NODELAY,
        &1_i32.to_ne_bytes(),
    )
    .ok()?;
    calls::connect(&socket, *SERVER.get()?).ok()?;
    let mut greeting = [0_u8; 8];
    // SAFETY: `greeting` is valid for the kernel to fill.
    let count = unsafe { libc::read(socket.as_raw_fd(), greeting.as_mut_ptr().cast(), 8) };
    (count == 8).then_some(())
}
