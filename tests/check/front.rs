// SPDX-License-Identifier: MIT OR Apache-2.0
//! `scripts/smc.sh`, over made-up hosts and, in a bare guest, a real one.

use kit::machine::{Machine, Output};
use kit::Kernel;

/// A host's files in `$SMC_ROOT`, and an smc.sh that finds no smcctl.
fn run(files: &str, verb: &str) -> Output {
    let script = format!(
        "SMC_ROOT=$(mktemp -d) && export SMC_ROOT && trap 'rm -rf $SMC_ROOT' EXIT &&
         put() {{ mkdir -p $SMC_ROOT/$(dirname $1) && printf '%s\\n' \"$2\" > $SMC_ROOT/$1; }} &&
         put proc/sys/kernel/osrelease 6.12-test && {files}
         scripts/smc.sh {verb}"
    );
    Machine::here().unwrap().run(&script).unwrap()
}

#[test]
fn kernel_support_is_told() {
    for (files, status, words) in [
        ("", 1, "has no SMC"),
        (
            "put boot/config-6.12-test '# CONFIG_SMC is not set';",
            1,
            "has no SMC",
        ),
        ("put boot/config-6.12-test CONFIG_SMC=m;", 1, "not loaded"),
        (
            "put boot/config-6.12-test CONFIG_SMC=y;",
            0,
            "CONFIG_SMC=y\nsmc is built in",
        ),
        (
            "put proc/config CONFIG_SMC=y; gzip $SMC_ROOT/proc/config;",
            0,
            "built in",
        ),
        (
            "put lib/modules/6.12-test/modules.dep kernel/net/smc/smc.ko.xz:;",
            1,
            "not loaded",
        ),
        (
            "put lib/modules/6.12-test/modules.builtin kernel/net/smc/smc.ko;",
            0,
            "built in",
        ),
        ("put sys/module/smc/initstate live;", 0, "smc is loaded"),
    ] {
        let said = run(files, "check");
        assert_eq!(said.status, status, "{files}: {said:?}");
        assert!(said.out.contains(words), "{files}: {said:?}");
    }
}

#[test]
fn devices_are_listed() {
    let rxe0 = "port=sys/class/infiniband/rxe0/ports/1
        put $port/state '4: ACTIVE'; put $port/link_layer Ethernet
        put $port/gid_attrs/ndevs/0 eth0; put $port/gid_attrs/ndevs/1 eth0;";
    assert_eq!(run(rxe0, "ib ls").out, "rxe0 eth0\n");
    assert_eq!(
        run(rxe0, "ib state").out,
        "rxe0 port 1: 4: ACTIVE, Ethernet\n"
    );
    for verb in ["ib ls", "ib state"] {
        let said = run("", verb);
        assert_eq!(said.status, 1, "{said:?}");
        assert!(said.err.contains("no RDMA device: create one"), "{said:?}");
    }
    for wrong in ["", "ib", "rxe add", "rxe add a b", "check x", "nosuch"] {
        assert_eq!(run("", wrong).status, 2, "{wrong}");
    }
}

/// In a guest: an RDMA device of an interface, and away with it.
#[test]
fn soft_roce_comes_and_goes() {
    if kit::skips(
        !matches!(Kernel::expected(), Kernel::AfSmc | Kernel::IpprotoSmc),
        "needs a kernel with SMC and without devices",
    ) {
        return;
    }
    let here = Machine::here().unwrap();
    let said = here
        .run(
            "set -e; PATH=/usr/sbin:/usr/bin:/sbin:/bin
             ip link add smcfront type dummy; ip link set smcfront up
             scripts/smc.sh rxe load; scripts/smc.sh rxe add smcfront
             scripts/smc.sh ib ls; rdma link show rxe_smcfront/1 | grep -c smcfront
             scripts/smc.sh rxe del smcfront
             test ! -e /sys/class/infiniband/rxe_smcfront; ip link del smcfront; echo gone",
        )
        .unwrap();
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.out.contains("rxe_smcfront smcfront\n1\n"), "{said:?}");
    assert!(said.out.ends_with("gone\n"), "{said:?}");
}
