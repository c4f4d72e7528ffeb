// SPDX-License-Identifier: MIT OR Apache-2.0
//! What movers do: arguments of `mover.c`.

use std::borrow::Cow;

/// A connection whose data goes through a pipe.
#[derive(Clone)]
pub struct Case {
    /// Bytes that come.
    pub bytes: u64,
    /// What the mover does with them.
    pub how: Cow<'static, str>,
    /// Whom the pipe's bytes are for.
    pub reader: Reader,
}

/// Of a pipe.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The mover reads it itself.
    Mover,
    /// A socket of SMC; how the other end reads.
    Smc(&'static str),
    /// A TCP socket.
    Tcp(&'static str),
}

const fn late(bytes: u64, how: &'static str) -> Case {
    on(bytes, how, Reader::Mover)
}

const fn on(bytes: u64, how: &'static str, reader: Reader) -> Case {
    Case {
        bytes,
        how: Cow::Borrowed(how),
        reader,
    }
}

const FAST: &str = "0 65536 0";
const SLOW: &str = "0 8192 5";
const ASLEEP: &str = "1000 65536 0";

/// The pipe is read when the connection has ended in some way, and others may have come.
const LATE: [Case; 11] = [
    late(1, "act=none"),
    late(1000, "act=none others=here"),
    late(1000, "act=close"),
    late(1000, "act=close others=here"),
    late(1000, "act=close others=process"),
    late(1000, "act=shut-rd others=process"),
    late(1000, "act=shut-rdwr others=here"),
    late(1000, "act=reset until=1000 others=here"),
    late(60_000, "act=close others=here"),
    late(60_000, "act=reset until=60000 others=process"),
    late(400_000, "pipe=1048576 act=close others=process"),
];

/// It is read meanwhile.
const MEANWHILE: [Case; 9] = [
    late(1, "reader=0,4096,0"),
    late(65_537, "pipe=4096 reader=0,4096,0 act=close"),
    late(400_000, "reader=1000,4096,0"),
    late(300_000, "pipe=1048576 reader=0,2048,1"),
    late(8 << 20, "reader=0,65536,0 flags=move"),
    late(300_000, "flags=nonblock reader=200,4096,0 length=1000"),
    late(300_000, "flags=nonblock,more socket=poll reader=200,5000,0"),
    late(
        300_000,
        "flags=move,nonblock socket=epoll pipe=4096 reader=0,4096,1",
    ),
    late(1 << 20, "flags=nonblock socket=edge reader=200,65536,0"),
];

/// It goes on into another socket.
const ONWARD: [Case; 8] = [
    on(1, "socket=blocking", Reader::Smc(FAST)),
    on(1 << 20, "socket=blocking", Reader::Smc(FAST)),
    on(1 << 20, "socket=blocking flags=more", Reader::Tcp(FAST)),
    on(
        300_000,
        "socket=poll flags=nonblock,more",
        Reader::Smc(SLOW),
    ),
    on(
        300_000,
        "socket=epoll flags=move,nonblock pipe=4096",
        Reader::Tcp(SLOW),
    ),
    on(
        400_001,
        "socket=edge flags=nonblock pipe=1048576",
        Reader::Smc(ASLEEP),
    ),
    on(400_001, "socket=edge flags=nonblock", Reader::Tcp(ASLEEP)),
    on(8 << 20, "socket=edge flags=nonblock", Reader::Smc(FAST)),
];

/// All of them.
pub fn all() -> Vec<Case> {
    [&LATE[..], &MEANWHILE, &ONWARD].concat()
}

/// Sizes, pipes, sockets, flags and readers, each with each.
pub fn product() -> Vec<Case> {
    let mut cases = Vec::new();
    for bytes in [1, 4095, 65_537, 1 << 20, 8 << 20] {
        for pipe in [4096, 65_536, 1 << 20] {
            for socket in ["blocking", "poll", "epoll", "edge"] {
                for flags in ["", "nonblock", "move,nonblock,more"] {
                    let how = format!("pipe={pipe} socket={socket} flags={flags}");
                    for reader in ["0,65536,0", "0,8192,1", "1000,65536,0"] {
                        cases.push(Case {
                            bytes,
                            how: format!("{how} reader={reader}").into(),
                            reader: Reader::Mover,
                        });
                    }
                    for reader in [Reader::Smc(FAST), Reader::Tcp(FAST), Reader::Smc(ASLEEP)] {
                        let how = how.clone().into();
                        cases.push(Case { bytes, how, reader });
                    }
                }
            }
        }
    }
    cases
}

/// Those that go wrong on bare SMC each time.
pub const CONTROL: [Case; 3] = [
    late(1000, "act=close others=here"),
    late(1000, "act=close others=process"),
    late(400_000, "reader=1000,4096,0"),
];
