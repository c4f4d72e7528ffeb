// SPDX-License-Identifier: MIT OR Apache-2.0
use super::filter::{Filter, Kind};
use super::list::List;
use super::*;
use crate::kernel::diag::{Link, Rings};
use crate::kernel::endpoints::Endpoints;
use std::path::PathBuf;

fn connection(mode: Mode, local: &str, peer: &str, program: &str) -> Connection {
    let is_tcp = mode == Mode::Tcp;
    let endpoints = Endpoints {
        local: local.parse().unwrap(),
        peer: peer.parse().unwrap(),
    };
    let socket = Socket {
        state: diag::State::Active,
        mode,
        endpoints,
        uid: 0,
        inode: 7,
        cookie: 1,
        rings: (!is_tcp).then_some(Rings {
            send: 65536,
            receive: 65504,
            peer: 65504,
            sent: 1_300_000,
            received: 7,
        }),
        link: (mode == Mode::SmcR).then(|| Link {
            id: 1,
            device: "rxe0".to_owned(),
            port: 1,
            gid: String::new(),
            peer_gid: String::new(),
            is_server: false,
        }),
        ism_group: (mode == Mode::SmcD).then_some(0x100),
        fallback: is_tcp.then_some(Fallback {
            own: 0x0500_0000,
            peer: 0x0303_0008,
        }),
    };
    let found = Match {
        endpoints: Some(endpoints),
        tcp: None,
    };
    let (owners, groups) = (Owners::default(), LinkGroups::default());
    let mut connection = Connection::new(&socket, &found, &owners, &groups);
    let (pid, file) = (4711, PathBuf::from("/usr/bin").join(program));
    connection.processes = vec![Process {
        pid,
        program: program.to_owned(),
        file: file.to_string_lossy().into_owned(),
    }];
    connection
}

fn plain(connections: &[Connection]) -> String {
    anstream::adapter::strip_str(&show::text(connections)).to_string()
}

#[test]
fn details_are_below_the_line() {
    let text = plain(&[
        connection(Mode::SmcD, "192.0.2.1:80", "192.0.2.2:40000", "nginx"),
        connection(Mode::Tcp, "192.0.2.1:80", "192.0.2.2:40001", "nginx"),
    ]);
    let reason = codes::in_words(0x0303_0008);
    assert_eq!(
        text,
        format!(
            "\
MODE   STATE      LOCAL         PEER             PROGRAM
SMC-D  connected  192.0.2.1:80  192.0.2.2:40000  nginx/4711
       link group 00000100, buffers 64K/63K, 1.2M sent, 7 received
TCP    connected  192.0.2.1:80  192.0.2.2:40001  nginx/4711
       bytes n/a
       why: the peer declined (0x05000000 PEERDECL)
       peer: {reason}
"
        )
    );
}

#[test]
fn the_text_fits_with_any_addresses_and_names() {
    let v6 = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
    let name = "n".repeat(300);
    for (local, peer, name) in [
        (
            "255.255.255.255:65535",
            "255.255.255.254:65535",
            "redis-server",
        ),
        (v6, v6, "nginx"),
        (v6, "192.0.2.1:80", name.as_str()),
    ] {
        let all: Vec<_> = [Mode::SmcR, Mode::SmcD, Mode::Smc, Mode::Tcp]
            .map(|mode| connection(mode, local, peer, name))
            .into();
        let text = plain(&all);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let count = |words: &str| text.matches(words).count();
        assert!(count(local) >= 4 && count(peer) >= 4, "{text}");
        assert_eq!(count("/4711"), 4, "{text}");
    }
}

#[test]
fn filters_combine() {
    let mode = Mode::SmcD;
    let nginx = connection(mode, "192.0.2.1:80", "192.0.2.2:40000", "nginx");
    let selects = |change: fn(&mut Filter)| {
        let mut filter = Filter::default();
        change(&mut filter);
        filter.matches(&nginx)
    };
    let glob = |glob: &str| Filter {
        program: vec![glob.parse().unwrap()],
        ..Filter::default()
    };
    assert!(selects(|_| {}));
    assert!(selects(|filter| filter.port = vec![80]));
    assert!(selects(|filter| filter.port = vec![1, 40000]));
    assert!(!selects(|filter| filter.port = vec![8080]));
    assert!(selects(|filter| filter.local_port = vec![80]));
    assert!(!selects(|filter| filter.local_port = vec![40000]));
    assert!(selects(
        |filter| filter.state = vec![State::Listening, State::Connected]
    ));
    assert!(!selects(|filter| filter.state = vec![State::Listening]));
    assert!(selects(|filter| filter.pid = vec![4711]));
    assert!(!selects(|filter| filter.pid = vec![4712]));
    assert!(selects(|filter| filter.mode = vec![Kind::Tcp, Kind::SmcD]));
    assert!(selects(|filter| filter.mode = vec![Kind::Smc]));
    assert!(!selects(|filter| filter.mode = vec![Kind::SmcR]));
    assert!(!selects(|filter| {
        filter.port = vec![80];
        filter.mode = vec![Kind::Tcp];
    }));
    for fitting in ["nginx", "ng*", "/usr/bin/*"] {
        assert!(glob(fitting).matches(&nginx), "{fitting}");
    }
    for other in ["redis*", "inx", "/opt/*"] {
        assert!(!glob(other).matches(&nginx), "{other}");
    }
}

/// Two sockets of nginx, one of them also of redis, one of a hidden process, and one that
/// has not been accepted yet.
fn list(hides_owners: bool) -> List {
    let mode = Mode::SmcD;
    let mut connections: Vec<_> = ["nginx", "nginx", "hidden", "queued"]
        .map(|program| connection(mode, "192.0.2.1:80", "192.0.2.2:40000", program))
        .into();
    let mut redis = connections[0].processes[0].clone();
    redis.pid = 12;
    connections[1].processes.insert(0, redis);
    for one in &mut connections[2..] {
        one.processes.clear();
    }
    connections[3].inode = 0;
    List {
        connections,
        hides_owners,
    }
}

#[test]
fn pids_are_unique_and_hidden_counts_only_matches() {
    let all = list(true).select(&Filter::default());
    assert_eq!(all.pids(), [12, 4711]);
    assert_eq!((all.ownerless, all.hidden), (1, 1));
    assert_eq!(list(false).select(&Filter::default()).hidden, 0);
    let other = Filter {
        local_port: vec![81],
        ..Filter::default()
    };
    let none = list(true).select(&other);
    assert_eq!((none.pids().len(), none.ownerless, none.hidden), (0, 0, 0));
    // The hidden process may be the one with this PID.
    let redis = Filter {
        pid: vec![12],
        ..Filter::default()
    };
    let selection = list(true).select(&redis);
    assert_eq!((selection.connections.len(), selection.hidden), (1, 1));
}

#[test]
fn unknown_values_are_null_in_json() {
    let fallback = connection(Mode::Tcp, "192.0.2.1:80", "192.0.2.2:40001", "nginx");
    let json = serde_json::to_value(&fallback).unwrap();
    assert_eq!(json["mode"], "TCP");
    assert_eq!(json["state"], "connected");
    assert_eq!(json["peer"]["address"], "192.0.2.2");
    assert_eq!(json["bytes"], serde_json::Value::Null);
    assert_eq!(json["fallback"]["peer_code"], "0x03030008");
    let smc = connection(Mode::SmcD, "192.0.2.1:80", "192.0.2.2:40001", "nginx");
    let json = serde_json::to_value(&smc).unwrap();
    assert_eq!(json["fallback"], serde_json::Value::Null);
    assert_eq!(json["link_group"], "00000100");
    assert_eq!(json["bytes"]["received_wraps_at"], 65504_u64 * 65536);
}
