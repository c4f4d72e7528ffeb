// SPDX-License-Identifier: MIT OR Apache-2.0
//! `-P`: of the programs that a shell script starts, only the listed one uses
//! SMC, however it is started. Each connection is known by its source port.

use crate::{Expected, COUNT};
use kit::capture::Capture;
use kit::scene::Scene;

/// Starts curl and python3 in many ways, one source port each, from `$1` on.
const SCRIPT: &str = r#"
    cat > $SCRATCH/connect.py <<'END'
import os, socket, sys
def talk(port):
    peer = (os.environ["SERVER"], 8000)
    with socket.create_connection(peer, source_address=("", port)) as talker:
        talker.sendall(b"GET /page HTTP/1.0\r\n\r\n")
        with talker.makefile("rb") as answer:
            assert answer.read().endswith(b"\r\n\r\npage\n")
first = int(sys.argv[1])
talk(first)
child = os.fork()
if child == 0:
    talk(first + 1)
    os.execvp("curl", ["curl", "-sf", "--local-port", str(first + 2),
                       "http://" + os.environ["SERVER"] + ":8000/page"])
assert os.waitpid(child, 0)[1] == 0
END
    cat > $SCRATCH/app.sh <<'END'
#!/bin/sh
set -e
page=http://$SERVER:8000/page
curl -sf --local-port $(($1 + 0)) $page
sh -c "exec curl -sf --local-port $(($1 + 1)) $page"
nohup curl -sf --local-port $(($1 + 2)) $page 2>/dev/null
setsid -w curl -sf --local-port $(($1 + 3)) $page
env -u NOTHING nice curl -sf --local-port $(($1 + 4)) $page
echo $page | xargs timeout 60 curl -sf --local-port $(($1 + 5))
(cd / && (curl -sf --local-port $(($1 + 6)) $page))
/usr/bin/python3 $SCRATCH/connect.py $(($1 + 7))
END
    chmod 755 $SCRATCH/app.sh
"#;

/// Ports of curl: seven by the shell, one by a child of python.
const CURL: [u16; 8] = [0, 1, 2, 3, 4, 5, 6, 9];
/// Ports of python: of the program and of its child.
const PYTHON: [u16; 2] = [7, 8];

#[test]
fn only_the_listed_program_of_a_script_uses_smc() {
    let scene = Scene::new(COUNT);
    let mut web = scene.serve(
        "processes",
        &[8000],
        "mkdir $SCRATCH/www; echo page > $SCRATCH/www/page
         exec ./smc_run /usr/bin/python3 -m http.server --bind $SERVER --directory $SCRATCH/www 8000",
    );
    // (list, first port, curl is SMC, python is SMC)
    let cases = [
        ("curl", 20_000, true, false),
        ("'python3*'", 20_100, false, true),
        ("'!curl'", 20_200, false, true),
        ("app.sh", 20_300, false, false),
        ("'/usr/bin/*'", 20_400, true, true),
    ];
    let capture = Capture::start(&scene);
    let mut smc = 0;
    for (list, first, curl, python) in cases {
        let said = web.to(&format!(
            "{SCRIPT} ./smc_run -P {list} $SCRATCH/app.sh {first}"
        ));
        assert_eq!(said, "page\n".repeat(CURL.len()), "-P {list}");
        smc += if curl { CURL.len() } else { 0 } + if python { PYTHON.len() } else { 0 };
    }
    let seen = capture.end();
    for (list, first, curl, python) in cases {
        for (ports, expected) in [(&CURL[..], curl), (&PYTHON, python)] {
            for port in ports {
                let offered = seen.offered_from(first + port).unwrap_or(expected);
                assert_eq!(offered, expected, "-P {list}, {first} + {port}");
            }
        }
    }
    // A program that is not listed makes no SMC socket that would have to be
    // turned into TCP later.
    let expected = Expected {
        best: smc as u64,
        unasked: (cases.len() * (CURL.len() + PYTHON.len()) - smc) as u64,
        ..Expected::default()
    };
    expected.assert(&scene);
}
