// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--require`: no SMC socket is an error, with the kernel's number and one line.

use crate::COUNT;
use kit::machine::Output;
use kit::scene::Scene;

const WHY: &str =
    "error: socket: this kernel makes no SMC sockets: load the module (modprobe smc), \
                   or boot a kernel that has it (CONFIG_SMC; Debian's are 6.1 and 6.12)";

/// Asserts that `program` has written that line, and no other about it.
#[track_caller]
fn said_why(program: &str, output: &Output) {
    let lines: Vec<_> = output
        .err
        .lines()
        .filter(|line| line.contains("SMC"))
        .collect();
    let [line] = lines[..] else {
        panic!("not one line: {output:?}");
    };
    let (who, why) = line.split_once(": ").unwrap();
    let id = who
        .strip_prefix(program)
        .and_then(|id| id.strip_prefix('['));
    let id = id.and_then(|id| id.strip_suffix(']')).unwrap_or_default();
    assert!(id.parse::<u32>().is_ok(), "{line}");
    assert_eq!(why, WHY);
}

fn run(script: &str) -> Output {
    Scene::new(COUNT).client.run(script).unwrap()
}

#[test]
fn curl_cannot_connect_and_says_why() {
    let output = run("./smc_run --require curl -sS http://127.0.0.1:1/");
    assert_eq!((output.status, output.out.as_str()), (7, ""), "{output:?}");
    said_why("curl", &output);
    // The control: TCP gets as far as the port, where nobody listens.
    let output = run("./smc_run curl -sS http://127.0.0.1:1/");
    assert_eq!(output.status, 7);
    assert!(output.err.contains("port 1"), "{output:?}");
    assert!(!output.err.contains("SMC"), "{output:?}");
}

#[test]
fn the_number_is_the_kernels() {
    // What this kernel itself says to such sockets.
    let program = "import socket
def attempt(*arguments):
    try: return socket.socket(*arguments) and 0
    except OSError as error: return error.errno
";
    let kernel = |family: u8, protocol: u16| {
        let script =
            format!("/usr/bin/python3 -c '{program}print(attempt({family}, 1, {protocol}))'");
        run(&script).out
    };
    for (kind, family, expected) in [
        ("af_smc", 2, kernel(43, 0)),
        ("af_smc", 10, kernel(43, 1)),
        ("ipproto_smc", 2, kernel(2, 256)),
        ("ipproto_smc", 10, kernel(10, 256)),
        ("auto", 2, kernel(43, 0)),
        ("auto", 10, kernel(43, 1)),
    ] {
        assert!(["93\n", "97\n"].contains(&expected.as_str()), "{expected}");
        // Three times, to be told once; and what is not TCP goes on.
        let output = run(&format!(
            "./smc_run --require --socket {kind} /usr/bin/python3 -c '{program}
for time in range(3): print(attempt({family}, 1, 0))
print(attempt({family}, 2, 0), attempt(1, 1, 0))'"
        ));
        assert_eq!(output.out, expected.repeat(3) + "0 0\n", "{kind}");
        said_why("python3", &output);
    }
}

#[test]
fn who_is_not_listed_need_not_have_smc() {
    let script = "/usr/bin/python3 -c 'import socket; print(socket.socket().proto)'";
    let output = run(&format!("./smc_run --require -P other {script}"));
    assert_eq!(
        (output.status, output.out.as_str(), output.err.as_str()),
        (0, "0\n", "")
    );
    let output = run(&format!("./smc_run --require -P 'python3*' {script}"));
    assert_eq!((output.status, output.out.as_str()), (1, ""));
    said_why("python3", &output);
}
