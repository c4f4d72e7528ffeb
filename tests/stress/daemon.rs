// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program that becomes a daemon in the old way: closes every descriptor
//! that it did not open, leaves its session and folder, and then serves.

use crate::traffic::{client, exchange, listener, serve, Kinds};
use kit::truth::truth;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

/// Starts the daemon, hears from it where it serves, and is its client.
pub fn run() -> io::Result<()> {
    let name = SocketAddr::from_abstract_name(format!("stress-daemon-{}", std::process::id()))?;
    let reports = UnixListener::bind_addr(&name)?;
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {
            let status = i32::from(daemonize().and_then(|()| daemon(&name)).is_err());
            // SAFETY: it only ends the process.
            unsafe { libc::_exit(status) }
        }
        _ => {}
    }
    crate::calls::wait_readable(&reports)?;
    let mut report = BufReader::new(reports.accept()?.0);
    let mut said = String::new();
    report.read_line(&mut said)?;
    let (port, kind) = said
        .trim()
        .split_once(' ')
        .ok_or_else(|| io::Error::other(format!("the daemon said {said:?}")))?;
    let port: u16 = port.parse().map_err(io::Error::other)?;

    let mut kinds = Kinds::default();
    kinds.add("daemon's listener", kind);
    for number in 0..3 {
        let mut stream: TcpStream = client(([127, 0, 0, 1], port).into(), "client", &mut kinds)?;
        exchange(&mut stream, number, 20_000)?;
    }
    print!("{kinds}");
    // The daemon ends when its report has been read and closed.
    Ok(())
}

fn daemonize() -> io::Result<()> {
    // SAFETY: this process has one thread and owns no descriptor that a
    // destructor would close later: it ends in `_exit`.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0);
        if libc::setsid() == -1 {
            return Err(io::Error::last_os_error());
        }
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            _ => libc::_exit(0),
        }
        libc::chdir(c"/".as_ptr());
        libc::umask(0);
    }
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    for standard in 0..3 {
        // SAFETY: both are open descriptors.
        if unsafe { libc::dup2(nothing.as_raw_fd(), standard) } == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Serves until the one who started it has gone.
fn daemon(name: &SocketAddr) -> io::Result<()> {
    let listener = listener()?;
    let (port, kind) = (listener.local_addr()?.port(), truth(&listener)?);
    let mut report = UnixStream::connect_addr(name)?;
    writeln!(report, "{port} {kind}")?;
    std::thread::spawn(move || serve(&listener));
    let mut answer = String::new();
    BufReader::new(report).read_line(&mut answer).map(drop)
}
