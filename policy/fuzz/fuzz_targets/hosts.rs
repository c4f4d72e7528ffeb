// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_HOSTS`, a NUL, and addresses of sixteen bytes each: accepted exactly if
//! the model accepts it, and then it means what the model says.

#![no_main]

mod common;
#[path = "../../tests/policy/model/mod.rs"]
#[allow(dead_code)]
mod model;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (value, probes) = common::value_and_probes(input);
    let result = common::read("SMC_HOSTS", value);
    let Ok(list) = std::str::from_utf8(value) else {
        return assert!(result.is_err());
    };
    let lists = result.as_ref().ok().map(|config| &config.lists);
    let probes = probes.chunks(16).take(4).flat_map(|bytes| {
        let mut all = [0; 16];
        all[..bytes.len()].copy_from_slice(bytes);
        let v6 = Ipv6Addr::from(all);
        let v4 = Ipv4Addr::from([all[0], all[1], all[2], all[3]]);
        [
            IpAddr::from(v6),
            IpAddr::from(v4),
            IpAddr::from(v4.to_ipv6_mapped()),
        ]
    });
    // Those that the list itself names, and what differs from them in one bit.
    let named = list
        .split(['!', ',', '/', ' '])
        .filter_map(|host| host.parse::<IpAddr>().ok())
        .take(4)
        .flat_map(|host| {
            (0..128)
                .step_by(3)
                .map(move |bit| turned(host, bit))
                .chain([host])
        });
    let special = [
        IpAddr::from(Ipv4Addr::UNSPECIFIED),
        IpAddr::from(Ipv6Addr::UNSPECIFIED),
        IpAddr::from(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped()),
    ];
    for host in probes.chain(named).chain(special) {
        let there = SocketAddr::new(host, 80);
        let connecting = lists.map(|lists| lists.at_connect(there).is_smc());
        let listening = lists.map(|lists| lists.at_listen(there).is_smc());
        assert_eq!(
            connecting,
            model::host(list, false, host),
            "connecting to {host}: {list:?}"
        );
        assert_eq!(
            listening,
            model::host(list, true, host),
            "listening on {host}: {list:?}"
        );
        if let Some(lists) = lists {
            assert!(
                lists.judges_connect() || connecting == Some(true),
                "{list:?}"
            );
            assert!(lists.judges_listen() || listening == Some(true), "{list:?}");
        }
    }
});

fn turned(host: IpAddr, bit: u32) -> IpAddr {
    match host {
        IpAddr::V4(host) => Ipv4Addr::from(host.to_bits() ^ 1 << (bit % 32)).into(),
        IpAddr::V6(host) => Ipv6Addr::from(host.to_bits() ^ 1 << bit).into(),
    }
}
