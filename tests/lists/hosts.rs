// SPDX-License-Identifier: MIT OR Apache-2.0
//! `-H`: addresses and networks of both families, and IPv4 in IPv6 clothes.
//! Each connection is known by its source port.

use crate::{Expected, COUNT};
use kit::capture::Capture;
use kit::scene::Scene;
use kit::Kernel;

/// A server at every address and one at each of two, with the lists `$1` to `$3`.
const SERVERS: &str = "
    mkdir $SCRATCH/www; echo page > $SCRATCH/www/page
    serve() { # HOSTS ADDRESS PORT
        exec ./smc_run -H $1 /usr/bin/python3 -m http.server --bind $2 --directory $SCRATCH/www $3
    }
    serve 203.0.113.7 :: 8000 & serve 203.0.113.7 V4 8001 & serve NET4 V4 8002 &
    serve 203.0.113.7 V6 8003 & serve NET6 V6 8004 & wait
";

#[test]
fn only_listed_hosts_are_smc() {
    let scene = Scene::new(COUNT);
    let (v4, net4, v6, net6) = if scene.is_pair() {
        ("192.0.2.1", "192.0.2.0/24", "2001:db8::1", "2001:db8::/32")
    } else {
        ("127.0.0.1", "127.0.0.0/8", "::1", "::1/128")
    };
    let fill = |text: &str| {
        [("V4", v4), ("NET4", net4), ("V6", v6), ("NET6", net6)]
            .iter()
            .rev() // the longer names first
            .fold(text.to_owned(), |text, (name, value)| {
                text.replace(name, value)
            })
    };
    let (v4, v6, mapped) = ("V4", "[V6]", "[::ffff:V4]");
    // (the client's list, the address it connects to, the port; who offers SMC)
    let cases = [
        ("NET4", v4, 8000, (true, true)),
        ("NET4", mapped, 8000, (true, true)),
        ("NET4", v6, 8000, (false, false)),
        ("NET6", v6, 8000, (true, true)),
        ("NET6", v4, 8000, (false, false)),
        ("NET6", mapped, 8000, (false, false)),
        ("V4,V6", v4, 8000, (true, true)),
        ("V4,V6", v6, 8000, (true, true)),
        ("::ffff:V4", v4, 8000, (true, true)),
        ("'!V4'", v4, 8000, (false, false)),
        ("'!V4'", mapped, 8000, (false, false)),
        ("'!V4'", v6, 8000, (true, true)),
        ("'NET4,!V4'", v4, 8000, (false, false)),
        ("'NET4,!203.0.113.7'", v4, 8000, (true, true)),
        ("203.0.113.0/24", v4, 8000, (false, false)),
        ("2001:db8:1::/48", v6, 8000, (false, false)),
        ("NET4", v4, 8001, (true, false)),
        ("NET4", v4, 8002, (true, true)),
        ("NET6", v6, 8003, (true, false)),
        ("NET6", v6, 8004, (true, true)),
    ];
    let ports = [8000, 8001, 8002, 8003, 8004];
    let mut web = scene.serve("hosts", &ports, &fill(SERVERS));
    let mut clients = String::new();
    for ((list, address, port, _), from) in cases.iter().zip(21_000..) {
        clients += &fill(&format!(
            "./smc_run -H {list} curl -sfg --local-port {from} http://{address}:{port}/page\n"
        ));
    }
    let capture = Capture::start(&scene);
    assert_eq!(web.to(&clients), "page\n".repeat(cases.len()));
    let seen = capture.end();
    let mut counted = Expected {
        listeners: 2,
        ..Expected::default()
    };
    for ((list, address, port, expected), from) in cases.into_iter().zip(21_000..) {
        let offers = seen.offered_from(from).zip(seen.answered_to(from));
        let row = fill(&format!("-H {list} to {address}:{port}"));
        assert_eq!(offers.unwrap_or(expected), expected, "{row}");
        // Before Linux 6.14 IPv6 sockets do not offer SMC-Rv2, not even to IPv4 addresses.
        let capable = Kernel::expected() != Kernel::SmcR || address == v4;
        match expected {
            (true, true) => counted.best += u64::from(capable),
            (true, false) => counted.in_vain += 1,
            (false, _) => {
                counted.demoted += 1;
                counted.unasked += 1; // all of them go to the server at every address
            }
        }
    }
    counted.assert(&scene);
}
