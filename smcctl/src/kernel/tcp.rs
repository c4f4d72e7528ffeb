// SPDX-License-Identifier: MIT OR Apache-2.0
//! The TCP sockets of this network namespace. Every SMC socket contains one, which has the
//! addresses that SMC_DIAG does not report for IPPROTO_SMC sockets, and carries the data
//! of fallbacks.

use super::attributes::{u32_at, u64_at, Attributes};
use super::diag::{BY_FAMILY, SOCK_DIAG};
use super::endpoints::Endpoints;
use super::netlink;
use foldhash::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
/// `INET_DIAG_INFO` and `INET_DIAG_SKMEMINFO`.
const INFO: u16 = 2;
const MEMORY: u16 = 7;
/// All states but those without a full socket (SYN_RECV, TIME_WAIT, NEW_SYN_RECV).
const STATES: u32 = 0xfff & !(1 << 3) & !(1 << 6);
/// `struct inet_diag_req_v2` and `struct inet_diag_msg`.
const REQUEST: usize = 56;
const HEAD: usize = 72;

/// `TCP_ESTABLISHED`, `TCP_SYN_SENT` and `TCP_LISTEN`.
pub const ESTABLISHED: u8 = 1;
/// See [`ESTABLISHED`].
pub const SYN_SENT: u8 = 2;
/// See [`ESTABLISHED`].
pub const CLOSE: u8 = 7;
/// See [`ESTABLISHED`].
pub const LISTEN: u8 = 10;

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// The endpoints.
    pub endpoints: Endpoints,
    /// The number of the state.
    pub state: u8,
    /// The inode. That of an inner socket of SMC belongs to no process.
    pub inode: u64,
    /// The byte counts, if the kernel reports them.
    pub counts: Option<Counts>,
    /// The sizes of the send and receive buffers, if the kernel reports them.
    pub buffers: Option<(u32, u32)>,
}

/// Byte counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Bytes sent, without retransmissions.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
}

/// TCP sockets by their ports.
pub type ByPorts = HashMap<(u16, u16), Vec<Tcp>>;

/// Reads the sockets whose ports (local, peer) are wanted, over netlink or else from
/// procfs.
#[must_use]
pub fn sockets(is_wanted: impl Fn((u16, u16)) -> bool) -> ByPorts {
    let mut found = ByPorts::default();
    let mut add = |tcp: Tcp| {
        let ports = tcp.endpoints.ports();
        if is_wanted(ports) {
            found.entry(ports).or_default().push(tcp);
        }
    };
    for (family, table) in [(AF_INET, "/proc/net/tcp"), (AF_INET6, "/proc/net/tcp6")] {
        if dump(family, &mut add).is_err() {
            let lines = File::open(table).map(|file| BufReader::new(file).lines());
            let lines = lines.into_iter().flatten().map_while(Result::ok);
            lines
                .filter_map(|line| from_line(&line))
                .filter(|tcp| {
                    1_u32
                        .checked_shl(tcp.state.into())
                        .is_some_and(|bit| STATES & bit != 0)
                })
                .for_each(&mut add);
        }
    }
    found
}

fn dump(family: u8, add: &mut impl FnMut(Tcp)) -> io::Result<()> {
    let wanted = [INFO, MEMORY].map(|attribute| 1_u8 << (attribute - 1));
    let mut request = vec![family, IPPROTO_TCP, wanted.iter().sum(), 0];
    request.extend(STATES.to_ne_bytes());
    request.resize(REQUEST, 0);
    netlink::dump(SOCK_DIAG, BY_FAMILY, &request, |answer| {
        parse(answer).into_iter().for_each(&mut *add);
    })
}

/// Parses the socket in an answer.
#[must_use]
pub fn parse(answer: &[u8]) -> Option<Tcp> {
    let (head, rest) = answer.split_at_checked(HEAD)?;
    let attributes = Attributes::new(rest);
    Some(Tcp {
        endpoints: Endpoints::parse(head.get(4..52)?, Some(*head.first()? == AF_INET))?,
        state: *head.get(1)?,
        inode: u32_at(head, 68)?.into(),
        counts: attributes.get(INFO).and_then(Counts::parse),
        buffers: attributes
            .get(MEMORY)
            .and_then(|memory| Some((u32_at(memory, 12)?, u32_at(memory, 4)?))),
    })
}

impl Counts {
    /// Parses a `struct tcp_info`: `tcpi_bytes_sent` without `tcpi_bytes_retrans`
    /// (`tcpi_bytes_acked` counts SYN and FIN, too), and `tcpi_bytes_received`.
    fn parse(info: &[u8]) -> Option<Self> {
        Some(Self {
            sent: u64_at(info, 200)?.saturating_sub(u64_at(info, 208)?),
            received: u64_at(info, 128)?,
        })
    }
}

/// Parses a line of `/proc/net/tcp` or `tcp6`.
#[must_use]
pub fn from_line(line: &str) -> Option<Tcp> {
    let mut fields = line.split_whitespace().skip(1);
    let endpoints = Endpoints {
        local: endpoint(fields.next()?)?,
        peer: endpoint(fields.next()?)?,
    };
    Some(Tcp {
        endpoints,
        state: u8::from_str_radix(fields.next()?, 16).ok()?,
        inode: fields.nth(5)?.parse().ok()?,
        counts: None,
        buffers: None,
    })
}

/// Parses `0100007F:1F90`: words in host byte order, the port as a number.
fn endpoint(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let mut bytes = [0; 16];
            for (index, to) in bytes.chunks_exact_mut(4).enumerate() {
                to.copy_from_slice(&word(index * 8)?);
            }
            IpAddr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"twelve bytes").unwrap();
        let endpoints = Endpoints {
            local: client.local_addr().unwrap(),
            peer: client.peer_addr().unwrap(),
        };
        let found = sockets(|ports| ports == endpoints.ports());
        assert_eq!(found.len(), 1, "{found:?}");
        let [tcp] = found[&endpoints.ports()].as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!((tcp.endpoints, tcp.state), (endpoints, ESTABLISHED));
        // Without tcp_diag, procfs has no counts.
        if let Some(counts) = tcp.counts {
            assert_eq!((counts.sent, counts.received), (12, 0));
            assert!(tcp.buffers.unwrap().0 > 0);
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_of_procfs() {
        let line = "   1: 0100007F:1F90 020200C0:0016 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0";
        let tcp = from_line(line).unwrap();
        assert_eq!(tcp.endpoints.local, ([127, 0, 0, 1], 8080).into());
        assert_eq!(tcp.endpoints.peer, ([192, 0, 2, 2], 22).into());
        assert_eq!((tcp.state, tcp.inode), (LISTEN, 4711));
        let line = "0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 5";
        let tcp = from_line(line).unwrap();
        assert_eq!(tcp.endpoints.local, "[::1]:80".parse().unwrap());
    }

    #[test]
    fn invalid_input_is_ignored() {
        for line in [
            "",
            "sl local_address rem_address st",
            "0: 0:0 0:0 0A",
            "0: é000007F:1 0:0",
        ] {
            assert_eq!(from_line(line), None, "{line}");
        }
        let whole = [0xff; HEAD + 4];
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]).is_some(), end >= HEAD, "{end}");
        }
    }

    #[test]
    fn counts_have_the_offsets_of_the_kernel() {
        let mut info = vec![0_u8; 240];
        for (at, value) in [(128, 5_u64), (200, 70), (208, 30)] {
            info[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        }
        let counts = Counts::parse(&info).unwrap();
        assert_eq!((counts.sent, counts.received), (40, 5));
        assert_eq!(Counts::parse(&info[..215]), None);
    }
}
