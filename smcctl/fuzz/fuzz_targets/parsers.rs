// SPDX-License-Identifier: MIT OR Apache-2.0
//! All netlink parsers of smcctl. A new one needs a line in [`ALL`].

use serde::Serialize;
use serde_json::Value;
use smcctl::check::smc_state;
use smcctl::commands::linkgroups::Technologies;
use smcctl::commands::stats::rows;
use smcctl::kernel::attributes::Attributes;
use smcctl::kernel::counts::Counts;
use smcctl::kernel::{devices, diag, generic, link_groups, links, pnet, settings, tcp};
use smcctl::system::interfaces::Interface;

/// Each takes the payload of an answer, after its `nlmsghdr`.
const ALL: &[fn(&[u8])] = &[
    attributes,
    family,
    pnetids,
    eids,
    known,
    linkgroups,
    counted,
    addresses,
    smc_sockets,
    tcp_sockets,
];

/// Runs all parsers on an answer.
pub fn all(answer: &[u8]) {
    for parser in ALL {
        parser(answer);
    }
}

/// Texts of other hosts contain no control characters.
fn assert_printable(parsed: &impl Serialize) {
    fn look(value: &Value) {
        match value {
            Value::String(text) => assert!(!text.chars().any(char::is_control), "{text:?}"),
            Value::Array(all) => all.iter().for_each(look),
            Value::Object(all) => all.values().for_each(look),
            _ => {}
        }
    }
    look(&serde_json::to_value(parsed).expect("every result can be serialized"));
}

/// The attributes after the header of generic netlink.
fn generic_attributes(answer: &[u8]) -> Attributes<'_> {
    Attributes::new(answer.get(4..).unwrap_or_default())
}

/// A truncated sequence is a prefix.
fn attributes(answer: &[u8]) {
    let whole: Vec<_> = Attributes::new(answer).iter().collect();
    let length: usize = whole.iter().map(|(_, value)| 4 + value.len()).sum();
    assert!(length <= answer.len(), "more was read than there is");
    let cut = answer.first().map_or(0, |byte| usize::from(*byte)) % (answer.len() + 1);
    let part: Vec<_> = Attributes::new(&answer[..cut]).iter().collect();
    assert!(whole.starts_with(&part), "{part:?}");
}

fn family(answer: &[u8]) {
    let _ = generic::family_id(answer);
}

fn pnetids(answer: &[u8]) {
    assert_printable(&pnet::parse(generic_attributes(answer)));
}

fn eids(answer: &[u8]) {
    assert_printable(&settings::ueid(generic_attributes(answer)));
    let seid = settings::seid(generic_attributes(answer));
    assert!(!seid.enabled || seid.seid.is_some(), "nothing is enabled");
    assert_printable(&seid);
}

fn known(answer: &[u8]) {
    let device = devices::parse(generic_attributes(answer));
    if let Some(device) = &device {
        assert!(device.name.is_some() || device.bus_id.is_some());
        assert!(device.ports.len() <= 2);
    }
    assert_printable(&device);
    let _ = devices::ism_v2(generic_attributes(answer));
}

fn linkgroups(answer: &[u8]) {
    let group = link_groups::group(generic_attributes(answer));
    let of = group.as_ref().map(|group| group.id);
    let link = links::link(generic_attributes(answer), of);
    assert!(link.as_ref().is_none_or(|link| link.group == of));
    assert_printable(&group);
    assert_printable(&link);
}

/// Counts are stored for a reset and displayed.
fn counted(answer: &[u8]) {
    let mut counts = Counts::default();
    counts.add(generic_attributes(answer));
    if counts == Counts::default() {
        return;
    }
    assert_printable(&counts);
    let stored = serde_json::to_vec(&counts).expect("counts can be serialized");
    let read: Counts = serde_json::from_slice(&stored).expect("stored counts can be read");
    assert_eq!(read, counts);
    assert!(rows::sections(&counts, Technologies::default()).len() >= 3);
}

fn addresses(answer: &[u8]) {
    let mut interfaces = [Interface {
        index: 1,
        ..Interface::default()
    }];
    smc_state::add_address(answer, &mut interfaces);
    assert!(interfaces[0].ipv4.len() <= 1);
}

fn smc_sockets(answer: &[u8]) {
    let socket = diag::parse(answer);
    assert!(socket.is_none() || answer.len() >= 64, "an answer without a header was accepted");
    if let Some(link) = socket.and_then(|socket| socket.link) {
        assert_printable(&[link.device, link.gid, link.peer_gid]);
    }
}

fn tcp_sockets(answer: &[u8]) {
    let socket = tcp::parse(answer);
    assert_eq!(
        socket.is_some(),
        answer.len() >= 72,
        "an answer with a header was rejected"
    );
    if let Ok(line) = std::str::from_utf8(answer) {
        let _ = tcp::from_line(line);
    }
}
