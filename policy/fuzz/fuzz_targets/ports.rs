// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PORTS`, a NUL, and ports of two bytes each: accepted exactly if the
//! model accepts it, and then it means what the model says.

#![no_main]

mod common;
#[path = "../../tests/policy/model/mod.rs"]
#[allow(dead_code)]
mod model;

use std::net::{IpAddr, SocketAddr};

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (value, probes) = common::value_and_probes(input);
    let result = common::read("SMC_PORTS", value);
    let Ok(list) = std::str::from_utf8(value) else {
        return assert!(result.is_err());
    };
    let lists = result.as_ref().ok().map(|config| &config.lists);
    let probes = probes
        .chunks_exact(2)
        .take(16)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    // Those that the list itself names, and their neighbours.
    let named = list
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse::<u16>().ok())
        .take(8)
        .flat_map(|port| [port.wrapping_sub(1), port, port.wrapping_add(1)]);
    for port in probes.chain(named).chain([0, 1, u16::MAX]) {
        let here = SocketAddr::new(IpAddr::from([192, 0, 2, 1]), port);
        let connecting = lists.map(|lists| lists.at_connect(here).is_smc());
        let listening = lists.map(|lists| lists.at_listen(here).is_smc());
        assert_eq!(
            connecting,
            model::port(list, false, port),
            "connecting to {port}: {list:?}"
        );
        assert_eq!(
            listening,
            model::port(list, true, port),
            "listening on {port}: {list:?}"
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
