// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_HOSTS`: addresses, networks, both families, and the special addresses.

use std::net::{SocketAddr, SocketAddrV6};

use smc_policy::Lists;

use crate::{address, lists, problem, said};

fn hosts(list: &str) -> Lists {
    lists(&[("SMC_HOSTS", list)])
}

/// A list, hosts that it allows, hosts that it does not.
const MEANINGS: &[(&str, &[&str], &[&str])] = &[
    ("", &["192.0.2.1", "2001:db8::1", "127.0.0.1"], &[]),
    (
        "192.0.2.1",
        &["192.0.2.1", "::ffff:192.0.2.1"],
        &["192.0.2.2", "192.0.2.0", "::192.0.2.1", "::1"],
    ),
    (
        "::ffff:192.0.2.1",
        &["192.0.2.1", "::ffff:192.0.2.1"],
        &["192.0.2.2", "::192.0.2.1"],
    ),
    (
        "2001:db8::1",
        &["2001:db8::1", "2001:0db8:0:0::0001"],
        &["2001:db8::2", "192.0.2.1", "::1"],
    ),
    ("192.0.2.1/32", &["192.0.2.1"], &["192.0.2.0", "192.0.2.2"]),
    (
        "192.0.2.0/31",
        &["192.0.2.0", "192.0.2.1"],
        &["192.0.2.2", "192.0.1.255"],
    ),
    (
        "10.0.0.0/8",
        &["10.0.0.0", "10.255.255.255", "::ffff:10.9.8.7"],
        &["9.255.255.255", "11.0.0.0", "::10.0.0.1"],
    ),
    (
        "10.1.2.3/8",
        &["10.0.0.0", "10.255.255.255"],
        &["9.255.255.255", "11.0.0.0"],
    ),
    (
        "172.16.0.0/12",
        &["172.16.0.0", "172.31.255.255"],
        &["172.15.255.255", "172.32.0.0"],
    ),
    (
        "128.0.0.0/1",
        &["128.0.0.0", "255.255.255.255"],
        &["127.255.255.255", "::1"],
    ),
    (
        "0.0.0.0/0",
        &["192.0.2.1", "255.255.255.255", "::ffff:1.2.3.4"],
        &["::1", "2001:db8::1", "::1.2.3.4"],
    ),
    (
        "::/0",
        &["::1", "2001:db8::1", "::1.2.3.4"],
        &["192.0.2.1", "::ffff:192.0.2.1"],
    ),
    (
        "2001:db8::/32",
        &["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
        &["2001:db7:ffff::", "2001:db9::"],
    ),
    (
        "2001:db8::1/127",
        &["2001:db8::", "2001:db8::1"],
        &["2001:db8::2"],
    ),
    ("2001:db8::1/128", &["2001:db8::1"], &["2001:db8::"]),
    ("8000::/1", &["8000::", "fe80::1"], &["7fff::", "::1"]),
    // IPv4-mapped networks are IPv4 from a prefix of 96 on.
    (
        "::ffff:10.0.0.0/104",
        &["10.0.0.1", "10.255.255.255", "::ffff:10.0.0.1"],
        &["11.0.0.1", "::10.0.0.1"],
    ),
    (
        "::ffff:1.2.3.4/96",
        &["192.0.2.1", "::ffff:192.0.2.1"],
        &["::1", "::1.2.3.4"],
    ),
    ("::ffff:1.2.3.4/128", &["1.2.3.4"], &["1.2.3.5"]),
    // ::ffff:0:0/95 is ::fffe:0:0 and on; what of it is IPv4-mapped is IPv4 and not in it.
    (
        "::ffff:1.2.3.4/95",
        &["::fffe:1.2.3.4"],
        &["1.2.3.4", "::ffff:1.2.3.4", "::1"],
    ),
    // Negative items.
    (
        "!192.0.2.1",
        &["192.0.2.2", "::1"],
        &["192.0.2.1", "::ffff:192.0.2.1"],
    ),
    ("!10.0.0.0/8", &["11.0.0.1", "::1"], &["10.1.2.3"]),
    (
        "10.0.0.0/8,!10.1.0.0/16",
        &["10.0.0.1", "10.2.0.1"],
        &["10.1.2.3", "192.0.2.1"],
    ),
    (
        "! 10.1.0.0/16 , 10.0.0.0/8",
        &["10.0.0.1"],
        &["10.1.2.3", "192.0.2.1", "::1"],
    ),
    ("!::/0", &["192.0.2.1"], &["::1", "2001:db8::1"]),
    (
        "10.0.0.0/8,2001:db8::/32",
        &["10.1.2.3", "2001:db8::1"],
        &["192.0.2.1", "2001:db9::1"],
    ),
];

#[test]
fn peers_and_local_addresses() {
    for &(list, allowed, refused) in MEANINGS {
        let lists = hosts(list);
        let probes = allowed
            .iter()
            .map(|host| (host, true))
            .chain(refused.iter().map(|host| (host, false)));
        for (host, smc) in probes {
            let there = address(host, 80);
            assert_eq!(
                lists.at_connect(there).is_smc(),
                smc,
                "SMC_HOSTS={list}: to {host}"
            );
            assert_eq!(
                lists.at_listen(there).is_smc(),
                smc,
                "SMC_HOSTS={list}: on {host}"
            );
        }
    }
}

/// Each prefix length, tried with the last address inside and the first
/// outside, and with every single bit of the address turned.
#[test]
fn every_prefix_length() {
    let base: u128 = 0x2001_0db8_a5a5_5a5a_c3c3_3c3c_9696_6969;
    for prefix in 0..=128_u32 {
        let v6 = std::net::Ipv6Addr::from(base);
        let lists = hosts(&format!("{v6}/{prefix}"));
        assert!(lists.at_connect(SocketAddr::new(v6.into(), 1)).is_smc());
        for bit in 0..128 {
            let turned = std::net::Ipv6Addr::from(base ^ (1 << (127 - bit)));
            let verdict = lists.at_connect(SocketAddr::new(turned.into(), 1));
            assert_eq!(verdict.is_smc(), bit >= prefix, "{v6}/{prefix}: bit {bit}");
        }
    }
    let base: u32 = 0xc633_6455;
    for prefix in 0..=32_u32 {
        let v4 = std::net::Ipv4Addr::from(base);
        let mapped = format!("{}/{}", v4.to_ipv6_mapped(), prefix + 96);
        for list in [format!("{v4}/{prefix}"), mapped] {
            let lists = hosts(&list);
            for bit in 0..32 {
                let turned = std::net::Ipv4Addr::from(base ^ (1 << (31 - bit)));
                let verdict = lists.at_connect(SocketAddr::new(turned.into(), 1));
                assert_eq!(verdict.is_smc(), bit >= prefix, "{list}: bit {bit}");
            }
        }
    }
}

#[test]
fn connecting_to_the_unspecified_address_is_loopback() {
    let v4 = hosts("127.0.0.1");
    let v6 = hosts("::1");
    for peer in ["0.0.0.0", "::ffff:0.0.0.0", "127.0.0.1"] {
        assert!(v4.at_connect(address(peer, 80)).is_smc(), "{peer}");
        assert_eq!(
            said(v6.at_connect(address(peer, 80))),
            "host 127.0.0.1 not in SMC_HOSTS",
            "{peer}"
        );
    }
    for peer in ["::", "::1"] {
        assert!(v6.at_connect(address(peer, 80)).is_smc(), "{peer}");
        assert_eq!(
            said(v4.at_connect(address(peer, 80))),
            "host ::1 not in SMC_HOSTS",
            "{peer}"
        );
    }
    // An item that is the unspecified address speaks of nothing one can reach.
    assert!(!hosts("0.0.0.0").at_connect(address("0.0.0.0", 80)).is_smc());
    assert!(hosts("!0.0.0.0")
        .at_connect(address("0.0.0.0", 80))
        .is_smc());
}

#[test]
fn listening_on_the_wildcard_address_is_always_allowed() {
    for list in [
        "192.0.2.1",
        "2001:db8::1",
        "!0.0.0.0/0,!::/0",
        "!0.0.0.0",
        "!::",
    ] {
        for local in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
            assert!(
                hosts(list).at_listen(address(local, 80)).is_smc(),
                "{list} {local}"
            );
        }
        assert!(!hosts("!0.0.0.0/0,!::/0")
            .at_listen(address("127.0.0.1", 80))
            .is_smc());
    }
    let ports_too = lists(&[("SMC_HOSTS", "192.0.2.1"), ("SMC_PORTS", "80")]);
    assert!(!ports_too.at_listen(address("0.0.0.0", 81)).is_smc());
}

#[test]
fn scopes_and_flow_labels_of_peers_do_not_matter() {
    let lists = hosts("fe80::1");
    for (flow, scope) in [(0, 0), (0, 2), (7, 0), (7, 2)] {
        let peer = SocketAddrV6::new("fe80::1".parse().unwrap(), 80, flow, scope);
        assert!(lists.at_connect(peer.into()).is_smc());
        assert!(lists.at_listen(peer.into()).is_smc());
    }
}

#[test]
fn spared_questions() {
    for (list, judges) in [
        ("", false),
        ("0.0.0.0/0,::/0", false),
        ("192.0.2.1,0.0.0.0/0,::/0", false),
        ("::ffff:0:0/96,::/0", false),
        ("0.0.0.0/0", true),
        ("::/0", true),
        ("0.0.0.0/0,::/0,!192.0.2.1", true),
        ("!192.0.2.1", true),
        ("192.0.2.1", true),
    ] {
        assert_eq!(hosts(list).judges_connect(), judges, "{list}");
        assert_eq!(hosts(list).judges_listen(), judges, "{list}");
    }
    // Hosts are judged in both directions, whatever the ports leave open.
    let both = lists(&[("SMC_HOSTS", "192.0.2.1"), ("SMC_PORTS", "!in:80")]);
    assert!(both.judges_connect() && both.judges_listen());
}

#[test]
fn ports_come_first_and_both_must_allow() {
    let lists = lists(&[("SMC_HOSTS", "192.0.2.0/24"), ("SMC_PORTS", "80")]);
    assert_eq!(said(lists.at_connect(address("192.0.2.1", 80))), "SMC");
    assert_eq!(
        said(lists.at_connect(address("192.0.2.1", 81))),
        "port 81 not in SMC_PORTS"
    );
    assert_eq!(
        said(lists.at_connect(address("10.1.2.3", 80))),
        "host 10.1.2.3 not in SMC_HOSTS"
    );
    assert_eq!(
        said(lists.at_connect(address("10.1.2.3", 81))),
        "port 81 not in SMC_PORTS"
    );
}

#[test]
fn reasons() {
    let connecting = |list: &str, host: &str| said(hosts(list).at_connect(address(host, 80)));
    assert_eq!(
        connecting("192.0.2.1", "10.1.2.3"),
        "host 10.1.2.3 not in SMC_HOSTS"
    );
    assert_eq!(
        connecting("192.0.2.1", "::ffff:10.1.2.3"),
        "host 10.1.2.3 not in SMC_HOSTS"
    );
    assert_eq!(
        connecting("192.0.2.1", "2001:db8::1"),
        "host 2001:db8::1 not in SMC_HOSTS"
    );
    for (item, host, shown) in [
        ("10.0.0.0/8", "10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3/8", "10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3/32", "10.1.2.3", "10.1.2.3"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "10.0.0.0/8"),
        ("0.0.0.0/0", "10.1.2.3", "0.0.0.0/0"),
        ("2001:DB8::/32", "2001:db8::1", "2001:db8::/32"),
        ("::1", "::1", "::1"),
    ] {
        assert_eq!(
            connecting(&format!("!{item}"), host),
            format!("host {host} excluded by \"!{shown}\" in SMC_HOSTS")
        );
    }
}

#[test]
fn invalid_hosts() {
    for (item, what) in [
        ("localhost", "invalid host"),
        ("*", "invalid host"),
        ("10.0.0", "invalid host"),
        ("010.0.0.1", "invalid host"),
        ("10.0.0.256", "invalid host"),
        ("10.0.0.1:80", "invalid host"),
        ("[::1]", "invalid host"),
        ("2001:db8:::1", "invalid host"),
        ("/8", "invalid host"),
        ("10.0.0.0-10.0.0.9", "invalid host"),
        ("10.0.0.0/", "invalid prefix length in"),
        ("10.0.0.0/33", "invalid prefix length in"),
        ("10.0.0.0/-1", "invalid prefix length in"),
        ("10.0.0.0/+8", "invalid prefix length in"),
        ("10.0.0.0/08", "invalid prefix length in"),
        ("10.0.0.0/255.0.0.0", "invalid prefix length in"),
        ("10.0.0.0/8/8", "invalid prefix length in"),
        ("2001:db8::/129", "invalid prefix length in"),
        ("::ffff:10.0.0.0/129", "invalid prefix length in"),
        ("fe80::1%eth0", "scoped address"),
        ("fe80::%1/64", "scoped address"),
    ] {
        for item in [item.to_owned(), format!("!{item}")] {
            let line = problem("SMC_HOSTS", &format!("192.0.2.1,{item}"));
            let start = format!("SMC_HOSTS: {what} \"{item}\": expected ");
            assert!(line.starts_with(&start), "{line}");
        }
    }
}
