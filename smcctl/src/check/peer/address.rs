// SPDX-License-Identifier: MIT OR Apache-2.0
//! The address of a peer as the user writes it.

use super::PORT;
use crate::failure::Failure;
use std::net::{SocketAddr, ToSocketAddrs};

/// Resolves `HOST`, `HOST:PORT`, `[ADDRESS]:PORT` or an IPv6 address. Prefers IPv4, since
/// SMC-R version 2 needs it.
///
/// # Errors
/// When the host is not found.
pub fn resolve(peer: &str) -> Result<SocketAddr, Failure> {
    let (host, port) = split(peer).ok_or_else(|| {
        Failure::new(format!(
            "--peer: invalid address {peer:?}: expected HOST or HOST:PORT"
        ))
    })?;
    let found: Vec<_> = (host, port)
        .to_socket_addrs()
        .map_err(|error| {
            let said = error.to_string();
            let said = said.rsplit(": ").next().unwrap_or_default().to_lowercase();
            Failure::new(format!("cannot resolve {host}: {said}"))
        })?
        .collect();
    found
        .iter()
        .find(|address| address.is_ipv4())
        .or_else(|| found.first())
        .copied()
        .ok_or_else(|| Failure::new(format!("cannot resolve {host}: it has no address")))
}

fn split(peer: &str) -> Option<(&str, u16)> {
    if let Some(rest) = peer.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => after.is_empty().then_some((host, PORT)),
        };
    }
    match peer.split_once(':') {
        Some((host, port)) if !port.contains(':') => {
            (!host.is_empty()).then_some((host, port.parse().ok()?))
        }
        _ => (!peer.is_empty()).then_some((peer, PORT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_split() {
        assert_eq!(split("server"), Some(("server", PORT)));
        assert_eq!(split("server:80"), Some(("server", 80)));
        assert_eq!(split("2001:db8::1"), Some(("2001:db8::1", PORT)));
        assert_eq!(split("[2001:db8::1]:80"), Some(("2001:db8::1", 80)));
        assert_eq!(split("[2001:db8::1]"), Some(("2001:db8::1", PORT)));
        for wrong in ["", ":80", "server:http", "server:70000", "[::1", "[::1]80"] {
            assert_eq!(split(wrong), None, "{wrong:?}");
        }
    }
}
