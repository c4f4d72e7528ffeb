// SPDX-License-Identifier: MIT OR Apache-2.0
//! `-d` and `--log-file`: one line for each decision, and never a byte to where
//! the program has something of its own.

use crate::COUNT;
use kit::scene::Scene;
use kit::Kernel;

/// A program that serves itself at two ports and prints the lines that it
/// expects, but for the verdict.
const DECISIONS: &str = r#"
cat > $SCRATCH/decisions.py <<'END'
import os, socket
def expect(call, port, which):
    print(f"python3[{os.getpid()}]: {call} 127.0.0.1:{port} fd {which.fileno()}: {port}")
for port in (8000, 8001):
    listener = socket.create_server(("127.0.0.1", port))
    expect("listen", port, listener)
    client = socket.socket()
    client.connect(("127.0.0.1", port))
    expect("connect", port, client)
END
"#;

/// What the journal says of the decision `call` about a listed port.
fn verdict(call: &str) -> &'static str {
    const FELL_BACK: &str = "TCP: the kernel says it is no SMC socket";
    match (Kernel::expected(), call) {
        (Kernel::SmcD, _) | (Kernel::AfSmc | Kernel::IpprotoSmc | Kernel::SmcR, "listen") => "SMC",
        // Also in a pair: there is no RDMA device for loopback.
        _ => FELL_BACK,
    }
}

#[test]
fn one_line_for_each_decision() {
    let scene = Scene::new(COUNT);
    for prefix in [
        "./smc_run -d -p 8000 --log-file $SCRATCH/log",
        "exec 2>> $SCRATCH/log; ./smc_run -d -p 8000",
        "exec 2>> $SCRATCH/log; SMC_LOG=smc_shim=debug ./smc_run -p 8000",
    ] {
        let script = format!(
            "{DECISIONS} echo kept > $SCRATCH/log
             ({prefix} /usr/bin/python3 $SCRATCH/decisions.py)
             echo ---; cat $SCRATCH/log"
        );
        let said = scene.alone("journal", &script).out;
        let (expected, journal) = said.split_once("---\n").unwrap();
        let expected: Vec<_> = expected
            .lines()
            .map(|line| {
                let (what, port) = line.rsplit_once(' ').unwrap();
                let call = what.split(' ').nth(1).unwrap();
                match port {
                    "8000" => format!("{what} {}", verdict(call)),
                    other => format!("{what} TCP: port {other} not in SMC_PORTS"),
                }
            })
            .collect();
        assert_eq!(expected.len(), 4, "{said}");
        let mut lines: Vec<_> = journal.lines().collect();
        assert_eq!(lines.remove(0), "kept");
        if Kernel::expected() == Kernel::Without {
            let (program, warning) = lines.remove(0).split_once(": ").unwrap();
            assert!(expected[0].starts_with(&format!("{program}: ")), "{said}");
            assert!(
                warning.starts_with("warning: TCP: this kernel makes no SMC sockets: load the"),
                "{said}"
            );
        }
        assert_eq!(lines, expected, "{prefix}");
    }
}

#[test]
fn errors_only_unless_asked() {
    let scene = Scene::new(COUNT);
    let script = format!("{DECISIONS} ./smc_run -p 8000 /usr/bin/python3 $SCRATCH/decisions.py");
    assert_eq!(scene.alone("journal", &script).err, "");
}

/// A program that makes a decision, closes all descriptors from 3 up, fills the
/// lowest numbers and `$1`, `$2`, … with connections, makes further decisions to
/// write down, and looks what has arrived at either end.
const TAKEN: &str = r#"
cat > $SCRATCH/taken.py <<'END'
import os, socket, sys
socket.create_server(("127.0.0.1", 8001)).close() # something to write down
os.closerange(3, 256)
with socket.create_server(("127.0.0.1", 8001)) as first:
    listener = socket.socket(fileno=os.dup2(first.fileno(), 255))
def connected():
    client = socket.create_connection(listener.getsockname())
    return client, listener.accept()[0]
pairs = [connected() for number in range(10)]
for number in map(int, sys.argv[1:]):
    client, accepted = connected()
    pairs.append((socket.socket(fileno=os.dup2(client.fileno(), number)), accepted))
    client.close()
for round in range(3):
    connected()
for pair in pairs:
    for end in pair:
        end.sendall(b"mine alone")
        end.shutdown(socket.SHUT_WR)
for pair in pairs:
    for end in pair:
        with end.makefile("rb") as arrived:
            assert arrived.read() == b"mine alone", end
print("clean")
END
"#;

#[test]
fn a_socket_in_the_place_of_standard_error_receives_nothing() {
    let scene = Scene::new(COUNT);
    let run = "./smc_run -d /usr/bin/python3 $SCRATCH/taken.py";
    let connects = |numbers: &str| {
        let output = scene.alone("taken", &format!("{TAKEN} {run} {numbers}"));
        assert_eq!(output.out, "clean\n");
        output.err.matches(": connect 127.0.0.1:8001 fd ").count()
    };
    assert_eq!(connects("100"), 14);
    // The three that come after standard error has gone are not written down.
    assert_eq!(connects("2"), 11);
}

#[test]
fn descriptors_of_any_number_are_the_programs() {
    let scene = Scene::new(COUNT);
    let script = format!(
        "{TAKEN} ./smc_run -d --log-file $SCRATCH/log /usr/bin/python3 $SCRATCH/taken.py \
             0 2 $(seq 100 120)
         grep -c ': connect 127.0.0.1:8001 fd ' $SCRATCH/log"
    );
    // Ten connections, one for each number, and three more.
    assert_eq!(scene.alone("taken", &script).out, "clean\n36\n");
}
