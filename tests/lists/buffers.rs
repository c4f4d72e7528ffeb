// SPDX-License-Identifier: MIT OR Apache-2.0
//! `-r` and `-t`: the sizes that the kernel gives to a program's sockets, asked
//! for inside the program behind the shim's back. The kernel answers twice what
//! was wanted.

use crate::COUNT;
use kit::scene::Scene;
use kit::Kernel;

/// A program that prints `name send receive` for each of its three sockets.
const PROGRAM: &str = r#"
cat > $SCRATCH/sizes.py <<'END'
import ctypes, os, socket
GETSOCKOPT = {"x86_64": 55, "aarch64": 209, "s390x": 365}[os.uname().machine]
kernel = ctypes.CDLL(None, use_errno=True).syscall
def size(which, option):
    value, length = ctypes.c_int(), ctypes.c_int(4)
    arguments = (which.fileno(), socket.SOL_SOCKET, option)
    assert kernel(GETSOCKOPT, *arguments, ctypes.byref(value), ctypes.byref(length)) == 0
    return value.value
listener = socket.create_server(("127.0.0.1", 8000))
client = socket.create_connection(listener.getsockname())
accepted, _ = listener.accept()
for name in ("listener", "client", "accepted"):
    print(name, size(globals()[name], socket.SO_SNDBUF), size(globals()[name], socket.SO_RCVBUF))
END
"#;

/// What the program prints, run by `prefix`.
fn sizes(scene: &Scene, prefix: &str) -> String {
    let script = format!("{PROGRAM} {prefix} /usr/bin/python3 $SCRATCH/sizes.py");
    scene.alone("buffers", &script).out
}

#[test]
fn sizes_of_options_are_the_kernels() {
    let scene = Scene::new(COUNT);
    let plain = sizes(&scene, "");
    let sized = sizes(&scene, "./smc_run -t 64k -r 32k");
    let expected = match Kernel::expected() {
        Kernel::Without => plain, // they are for SMC sockets only
        // Over loopback-ism the sender writes into the receiver's buffer, and
        // has none of its own.
        Kernel::SmcD => "listener 131072 65536\nclient 32768 65536\naccepted 32768 65536\n".into(),
        Kernel::AfSmc | Kernel::IpprotoSmc | Kernel::SmcR => {
            "listener 131072 65536\nclient 131072 65536\naccepted 131072 65536\n".into()
        }
    };
    assert_eq!(sized, expected);
}

#[test]
fn sockets_that_become_tcp_keep_the_sizes_of_tcp() {
    let scene = Scene::new(COUNT);
    let plain = sizes(&scene, "");
    assert_eq!(sizes(&scene, "./smc_run -t 64k -r 32k -p 1"), plain);
    assert_eq!(sizes(&scene, "./smc_run -t 64k -r 32k -P other"), plain);
}
