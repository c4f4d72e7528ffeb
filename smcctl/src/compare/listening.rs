// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ports on which processes listen. Their own sockets are asked: lists of the
//! kernel do not show which SMC socket a listening TCP socket belongs to, and are
//! those of one network namespace only.

use crate::kernel::tcp;
use crate::system::process::Process;
use socket2::{SockRef, Socket};
use std::collections::BTreeSet;
use std::fs;

/// The ports on which these processes listen.
#[must_use]
pub fn ports(processes: &BTreeSet<u32>) -> BTreeSet<u16> {
    processes.iter().flat_map(|&process| of(process)).collect()
}

fn of(pid: u32) -> Vec<u16> {
    let Some(process) = Process::of(pid) else {
        return Vec::new();
    };
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"));
    let sockets = descriptors.into_iter().flatten().flatten().filter(|entry| {
        fs::read_link(entry.path()).is_ok_and(|what| what.to_string_lossy().starts_with("socket:"))
    });
    let numbers = sockets.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let held = numbers.filter_map(|number| process.descriptor(number));
    held.filter_map(|descriptor| listening_port(&SockRef::from(&Socket::from(descriptor))))
        .collect()
}

fn listening_port(socket: &Socket) -> Option<u16> {
    if !socket.is_listener().ok()? {
        return None;
    }
    let address = socket.local_addr().ok()?.as_socket()?;
    Some(address.port()).filter(|port| *port != 0)
}

/// Whether anybody listens on this port in this network namespace.
#[must_use]
pub fn is_taken(port: u16) -> bool {
    let lists = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let mut lines = lists.iter().flatten().flat_map(|list| list.lines());
    lines.any(|line| is_listener(line, port))
}

/// Whether this line of `/proc/net/tcp` is a listening socket of that port.
fn is_listener(line: &str, port: u16) -> bool {
    tcp::from_line(line)
        .is_some_and(|socket| socket.state == tcp::LISTEN && socket.endpoints.local.port() == port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_is_found_and_nothing_else() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(port));
        assert!(ports(&BTreeSet::from([std::process::id()])).contains(&port));
        let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        drop(listener);
        assert!(!ports(&BTreeSet::from([std::process::id()])).contains(&port));
        assert!(!is_taken(client.local_addr().unwrap().port()));
    }

    #[test]
    fn lines_of_other_states_are_none() {
        let line =
            "   0: 00000000:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7";
        assert!(is_listener(line, 6379));
        assert!(!is_listener(line, 6380));
        assert!(!is_listener(&line.replace(" 0A ", " 01 "), 6379));
        assert!(!is_listener("", 6379));
    }
}
