// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel has counted: connections by kind, fallbacks by reason.
//!
//! Generic netlink family SMC_GEN_NETLINK (`include/uapi/linux/smc.h`); the
//! counts are those of the calling process's network namespace.

use netlink_packet_core::{
    DecodeError, Emitable, NetlinkMessage, NetlinkPayload, NlaBuffer, NlasIterator,
    ParseableParametrized, NLM_F_DUMP, NLM_F_REQUEST,
};
use netlink_packet_generic::ctrl::{nlas::GenlCtrlAttrs, GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};
use netlink_sys::{protocols::NETLINK_GENERIC, Socket, SocketAddr};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::str::FromStr;

const GET_SMCR_GROUPS: u8 = 2;
const GET_SMCD_GROUPS: u8 = 4;
const GET_STATS: u8 = 7;
const GET_FALLBACK_STATS: u8 = 8;
/// Attribute types are 14 bits; the rest are flags.
const TYPE: u16 = 0x3fff;

/// Counts by name (`smc-r client`, `fallback server`, `reason 0x03010000 client`, …);
/// those that are zero are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// The kernel's counts; empty where the kernel has no SMC.
    ///
    /// # Errors
    /// Those of netlink, other than that there is no such family.
    pub fn read() -> io::Result<Self> {
        let mut counters = Self::default();
        let Some(family) = family_id()? else {
            return Ok(counters);
        };
        for stats in dump(family, GET_STATS)? {
            for (kind, value) in attributes(nest(&stats, 7)) {
                match kind {
                    1 => counters.add_technology("smc-d", value),
                    2 => counters.add_technology("smc-r", value),
                    3 => counters.add("handshake error client", number(value)),
                    4 => counters.add("handshake error server", number(value)),
                    _ => {}
                }
            }
        }
        for reason in dump(family, GET_FALLBACK_STATS)? {
            counters.add_fallback(nest(&reason, 8));
        }
        Ok(counters)
    }

    fn add(&mut self, name: &str, count: u64) {
        if count > 0 {
            *self.0.entry(name.to_owned()).or_default() += count;
        }
    }

    fn add_technology(&mut self, name: &str, nested: &[u8]) {
        for (kind, value) in attributes(nested) {
            let role = match kind {
                7 | 8 => "client",
                9 | 10 => "server",
                _ => continue,
            };
            self.add(&format!("{name} {role}"), number(value));
        }
    }

    fn add_fallback(&mut self, nested: &[u8]) {
        let (mut role, mut code, mut count) = ("client", 0, 0);
        for (kind, value) in attributes(nested) {
            match kind {
                1 if number(value) == 1 => role = "server",
                4 => code = number(value),
                5 => count = number(value),
                _ => {}
            }
        }
        self.add(&format!("fallback {role}"), count);
        self.add(&format!("reason {code:#010x} {role}"), count);
    }

    /// The count of that name.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// What has been counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut difference = Self::default();
        for (name, count) in &self.0 {
            difference.add(name, count.saturating_sub(before.of(name)));
        }
        difference
    }
}

/// One `name: count` a line.
impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(name, count)| writeln!(f, "{name}: {count}"))
    }
}

impl FromStr for Counters {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let mut counters = Self::default();
        for line in text.lines() {
            let (name, count) = line
                .split_once(": ")
                .ok_or_else(|| io::Error::other(line.to_owned()))?;
            counters.add(name, count.parse().map_err(io::Error::other)?);
        }
        Ok(counters)
    }
}

/// The link groups that there are now: `smc-r 00000100`.
///
/// # Errors
/// Those of netlink, other than that there is no such family.
pub fn groups() -> io::Result<Vec<String>> {
    const ID: u16 = 1;
    let mut groups = Vec::new();
    let Some(family) = family_id()? else {
        return Ok(groups);
    };
    for (command, nested, kind) in [(GET_SMCR_GROUPS, 2, "smc-r"), (GET_SMCD_GROUPS, 4, "smc-d")] {
        for group in dump(family, command)? {
            let id = number(nest(nest(&group, nested), ID));
            groups.push(format!("{kind} {id:08x}"));
        }
    }
    Ok(groups)
}

fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    NlasIterator::new(bytes)
        .flatten()
        .map(|nla: NlaBuffer<&[u8]>| {
            let value = nla.into_inner();
            let length = usize::from(NlaBuffer::new(value).length());
            (
                NlaBuffer::new(value).kind() & TYPE,
                value.get(4..length).unwrap_or_default(),
            )
        })
}

/// The attributes inside the first attribute of type `wanted`.
fn nest(bytes: &[u8], wanted: u16) -> &[u8] {
    attributes(bytes)
        .find(|(kind, _)| *kind == wanted)
        .map_or(&[], |(_, value)| value)
}

/// A number of 1, 2, 4 or 8 bytes; 0 for anything else.
fn number(value: &[u8]) -> u64 {
    match value.len() {
        1 | 2 | 4 | 8 => {
            let mut native = [0; 8];
            let place = if cfg!(target_endian = "little") {
                0
            } else {
                8 - value.len()
            };
            for (to, from) in native.iter_mut().skip(place).zip(value) {
                *to = *from;
            }
            u64::from_ne_bytes(native)
        }
        _ => 0,
    }
}

/// A message of the family: its command, and its attributes as they are.
#[derive(Clone, Debug)]
struct SmcMessage {
    command: u8,
    attributes: Vec<u8>,
}

impl GenlFamily for SmcMessage {
    fn family_name() -> &'static str {
        "SMC_GEN_NETLINK"
    }

    fn command(&self) -> u8 {
        self.command
    }

    fn version(&self) -> u8 {
        1
    }
}

impl Emitable for SmcMessage {
    fn buffer_len(&self) -> usize {
        self.attributes.len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.attributes);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for SmcMessage {
    fn parse_with_param(bytes: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        Ok(Self {
            command: header.cmd,
            attributes: bytes.to_vec(),
        })
    }
}

/// The attributes of each message that a dump command answers with.
fn dump(family: u16, command: u8) -> io::Result<Vec<Vec<u8>>> {
    let mut request = GenlMessage::from_payload(SmcMessage {
        command,
        attributes: Vec::new(),
    });
    request.set_resolved_family_id(family);
    let answers = ask(request, NLM_F_REQUEST | NLM_F_DUMP)?;
    Ok(answers
        .into_iter()
        .map(|answer| answer.attributes)
        .collect())
}

/// The number that the kernel gave the family; `None` when it has none.
fn family_id() -> io::Result<Option<u16>> {
    let name = SmcMessage::family_name().to_owned();
    let request = GenlCtrl {
        cmd: GenlCtrlCmd::GetFamily,
        nlas: vec![GenlCtrlAttrs::FamilyName(name)],
    };
    let answers = match ask(GenlMessage::from_payload(request), NLM_F_REQUEST) {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
        answers => answers?,
    };
    let ids = answers
        .into_iter()
        .flat_map(|answer| answer.nlas)
        .find_map(|attribute| match attribute {
            GenlCtrlAttrs::FamilyId(id) => Some(id),
            _ => None,
        });
    Ok(ids)
}

/// Sends `request` and collects the answers.
fn ask<F>(mut request: GenlMessage<F>, flags: u16) -> io::Result<Vec<F>>
where
    F: GenlFamily + Emitable + ParseableParametrized<[u8], GenlHeader> + Clone + fmt::Debug,
{
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    request.finalize();
    let mut message = NetlinkMessage::from(request);
    message.header.flags = flags;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0)?;

    let mut answers = Vec::new();
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        let mut rest = datagram.as_slice();
        while !rest.is_empty() {
            let message =
                NetlinkMessage::<GenlMessage<F>>::deserialize(rest).map_err(io::Error::other)?;
            let length = (message.header.length as usize).next_multiple_of(4).max(16);
            match message.payload {
                NetlinkPayload::InnerMessage(answer) => answers.push(answer.into_parts().1),
                NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                _ => return Ok(answers),
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        if flags & NLM_F_DUMP != NLM_F_DUMP {
            return Ok(answers);
        }
    }
}
