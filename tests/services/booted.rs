// SPDX-License-Identifier: MIT OR Apache-2.0
//! A real systemd, in a guest: with the programs installed as a package would, so that
//! Debian's units, which see only some folders, find them.

use super::{run, COUNT};
use kit::checkout;
use kit::machine::{Output, Running};
use kit::scene::Scene;

/// Where the Debian package has the library.
pub const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/smc-shim/libsmc_shim.so";
/// As the package does it, in the guest's own scratch layer.
const INSTALL: &str = "target=$(readlink -f ${CARGO_TARGET_DIR:-target})/release
    cp smc_run $target/smcctl /usr/bin && chmod 755 /usr/bin/smc_run
    install -D -m 644 -t ${LIBRARY%/*} $target/libsmc_shim.so";

/// systemd, until it is dropped.
pub struct Booted {
    /// What the kernel has counted.
    pub scene: Scene,
    folder: String,
    _systemd: Running,
}

impl Booted {
    /// Waits until it has booted.
    pub fn new() -> Self {
        let scene = Scene::new(COUNT);
        let folder = format!("/tmp/smc-shim-systemd-{}", std::process::id());
        let installed = run(&format!(
            "LIBRARY={LIBRARY}; {INSTALL} && rm -rf {folder} && mkdir {folder}"
        ));
        assert_eq!(installed.status, 0, "{installed:?}");
        let script = format!("exec sh tests/services/systemd.sh {folder}");
        let systemd = scene.client.start(&script).unwrap();
        let waited = run(&format!(
            "for try in $(seq 1200); do [ -e {folder}/pid ] && exit; sleep 0.1; done
             cat {folder}/*; exit 1"
        ));
        assert_eq!(waited.status, 0, "systemd has not booted: {waited:?}");
        Self {
            scene,
            folder,
            _systemd: systemd,
        }
    }

    /// The script that runs `command` beside it, with both streams in one.
    pub fn script(&self, command: &str) -> String {
        let inner = format!("cd {} && exec 2>&1\n{command}", checkout().display());
        format!("{} '{}'", self.enter("sh -c"), inner.replace('\'', r"'\''"))
    }

    /// Runs a script beside it.
    pub fn run(&self, script: &str) -> Output {
        let file = format!("{}/script", self.folder);
        std::fs::write(&file, script).unwrap();
        run(&self.enter(&format!("sh -c \"cd $PWD && exec sh -e {file}\"")))
    }

    /// A script that executes `command` in systemd's namespaces, with what was installed.
    fn enter(&self, command: &str) -> String {
        format!(
            "export PATH=/usr/sbin:/usr/bin:/sbin:/bin
             exec nsenter --target $(cat {}/pid) --mount --pid --cgroup --ipc --uts {command}",
            self.folder
        )
    }

    /// What a script that must end well writes.
    pub fn said(&self, script: &str) -> String {
        let output = self.run(script);
        assert_eq!(output.status, 0, "{script}: {output:?}");
        output.out
    }
}
