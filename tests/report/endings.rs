// SPDX-License-Identifier: MIT OR Apache-2.0
//! What programs do with connections: threads, signals, fork, vfork, exec, daemons,
//! descriptors closed by the hundred. A client that notices fails by itself.

use crate::told::Told;
use crate::COUNT;
use kit::counters::Counters;
use kit::scene::Scene;
use kit::Kernel;

/// What these programs are to be called with on both machines.
fn endings(scene: &Scene) -> String {
    let program = format!("/tmp/smc-shim-endings-{}", std::process::id());
    for machine in [&scene.client, &scene.server] {
        let compiled = machine
            .run(&format!(
                "[ -e {program} ] || cc -O1 -o {program} tests/report/endings.c -pthread"
            ))
            .unwrap();
        assert_eq!(compiled.status, 0, "{compiled:?}");
    }
    program
}

fn kind() -> &'static str {
    match Kernel::expected() {
        Kernel::SmcD => "SMC-D",
        Kernel::SmcR => "SMC-R",
        _ => "TCP",
    }
}

/// Plays clients `(what it does, how many connections it makes, options of smc_run)`
/// at one server, and looks at each report.
/// Those who may make fewer say how many they were.
fn play(port: u16, clients: &[(&str, u64, &str)], each: impl Fn(&str, &Told, u64, &Counters)) {
    let scene = Scene::new(COUNT);
    let program = endings(&scene);
    let server = format!("exec ./smc_run --report=json {program} serves $SERVER {port}");
    let mut serving = scene.serve("endings", &[port], &server);
    let mut made = 0;
    for (how, count, options) in clients {
        let before = scene.counted().0;
        let (name, number) = how.split_once(' ').unwrap_or((how, ""));
        let said = serving.ask(&format!(
            "ulimit -n 20000; ./smc_run --report=json {options} {program} {name} $SERVER {port} {number}"
        ));
        assert_eq!(said.status, 0, "{how}: {said:?}");
        let counted = scene.counted().0.since(&before);
        let count = said.out.trim().parse().unwrap_or(*count);
        made += count;
        each(how, &Told::read(&said.err), count, &counted);
    }
    let server = Told::read(&serving.end().err);
    let accepted = server.count("accepted", |_| true);
    assert!(accepted >= made, "{accepted} of {made}: {server:?}");
    server.assert_agrees("accepted", "server", &scene.counted().1);
}

#[test]
fn whatever_a_program_does() {
    let all = [
        ("threads 10", 80, ""),
        ("signals 30", 30, ""),
        ("errno", 1, ""),
        ("fork", 1, ""),
        ("vfork", 1, ""),
        ("left-to-a-child", 1, ""),
        ("cancelled", 1, ""),
        ("closes-all", 15, ""),
        ("executes", 3, ""),
        ("daemonized", 3, ""),
        ("many 200", 200, ""),
    ];
    play(7130, &all, |how, told, count, counted| {
        assert_eq!(told.all(), count, "{how}: {told:?}\n{counted}");
        assert_eq!(told.of("connected", 7130, kind()), count, "{how}: {told:?}");
        told.assert_agrees("connected", "client", counted);
        if let Some(best) = Kernel::expected().best() {
            let kernel = counted.of(&format!("{best} client"));
            assert_eq!(kernel, count, "{how}: {counted}");
        }
    });
}

/// The same when the lists say TCP: then nobody but the program knows when a
/// connection is there.
#[test]
fn whatever_a_program_does_on_tcp() {
    let all = [
        ("threads 10", 80, "-p 1"),
        ("fork", 1, "-p 1"),
        ("vfork", 1, "-p 1"),
        ("left-to-a-child", 1, "-p 1"),
        // What was closed behind the library's back is not known, and takes no room.
        ("closes-raw 5000", 1, "-p 1"),
        ("closes-all", 15, "-p 1"),
        ("executes", 3, "-p 1"),
        ("daemonized", 3, "-p 1"),
        ("taken-back", 0, "-p 1"),
        ("many 200", 200, "-p 1"),
    ];
    play(7131, &all, |how, told, count, _| {
        assert_eq!(told.all(), count, "{how}: {told:?}");
        assert_eq!(told.of("connected", 7131, "TCP"), count, "{how}: {told:?}");
    });
}

/// Thousands that are open at one time, thousands that are being made. Of more than
/// there is room for some are counted, though not told about.
#[test]
fn thousands_at_one_time() {
    let open = match Kernel::expected() {
        Kernel::SmcR => 200,
        _ => 2000,
    };
    // A handshake that waits too long for its turn fails.
    let (holds, many) = (format!("holds {open}"), format!("many {}", open / 4));
    let clients = [
        (holds.as_str(), open, ""),
        (many.as_str(), open / 4, ""),
        ("many 6000", 6000, "-p 1"),
    ];
    play(7132, &clients, |how, told, count, counted| {
        assert_eq!(told.all(), count, "{how}: {told:?}\n{counted}");
        let lost = told.count("connected", |line| line["port"].is_null());
        assert_eq!(lost > 0, count > 4096, "{how}: {lost} {told:?}");
        if count < 4096 {
            assert_eq!(told.of("connected", 7132, kind()), count, "{how}: {told:?}");
            told.assert_agrees("connected", "client", counted);
        } else {
            let known = told.of("connected", 7132, "TCP");
            assert_eq!(known + lost, count, "{how}: {told:?}");
        }
    });
}
