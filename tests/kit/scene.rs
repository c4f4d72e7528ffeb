// SPDX-License-Identifier: MIT OR Apache-2.0
//! A server program, client programs, and what the kernel has counted of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crate::counters::Counters;
use crate::machine::{Machine, Output, Running};
use crate::Kernel;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The counters are those of the whole kernel: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The machines of a test and what their kernels had counted before it.
#[derive(Debug)]
pub struct Scene {
    /// Where clients run: this machine.
    pub client: Machine,
    /// Where servers run: the other guest of a pair, else this machine.
    pub server: Machine,
    count: &'static str,
    before: (Counters, Counters),
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    /// Waits for its turn; `count` is the program that reads the counters.
    ///
    /// # Panics
    /// When a machine does not answer.
    #[must_use]
    pub fn new(count: &'static str) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (client, server) = (Machine::here().unwrap(), Machine::for_servers().unwrap());
        let before = (
            client.counters(count).unwrap(),
            server.counters(count).unwrap(),
        );
        Self {
            client,
            server,
            count,
            before,
            _turn: turn,
        }
    }

    /// Whether client and server are two machines.
    #[must_use]
    pub fn is_pair(&self) -> bool {
        self.client.address != self.server.address
    }

    /// Serves with `server` on `port` while `client` runs; both scripts find
    /// the server's address in `$SERVER` and a scratch folder in `$SCRATCH`.
    /// What the client wrote.
    ///
    /// # Panics
    /// When the server does not come up or the client fails.
    #[allow(clippy::must_use_candidate, reason = "what it wrote may not matter")]
    pub fn play(&self, name: &str, port: u16, server: &str, client: &str) -> String {
        self.serve(name, &[port], server).to(client)
    }

    /// Runs a script on the client's machine to its end, which must be a good
    /// one, with a scratch folder in `$SCRATCH`. How it ended.
    ///
    /// # Panics
    /// When its exit status is not 0.
    #[must_use]
    pub fn alone(&self, name: &str, script: &str) -> Output {
        let scratch = format!("/tmp/smc-shim-{name}-{}", std::process::id());
        let script = format!("set -e; export SCRATCH={scratch}; mkdir $SCRATCH; {script}");
        let output = self.client.run(&script).unwrap();
        self.client.run(&format!("rm -rf {scratch}")).unwrap();
        assert_eq!(output.status, 0, "{output:?}");
        output
    }

    /// Serves with `script` until dropped; returns when all of `ports` listen.
    ///
    /// # Panics
    /// When one of them does not.
    #[must_use]
    pub fn serve(&self, name: &str, ports: &[u16], script: &str) -> Serving<'_> {
        self.serve_on(self.server, name, ports, script)
    }

    /// The same on the client's machine.
    ///
    /// # Panics
    /// When one of `ports` does not listen.
    #[must_use]
    pub fn serve_here(&self, name: &str, ports: &[u16], script: &str) -> Serving<'_> {
        self.serve_on(self.client, name, ports, script)
    }

    fn serve_on(&self, machine: Machine, name: &str, ports: &[u16], script: &str) -> Serving<'_> {
        let scratch = format!("/tmp/smc-shim-{name}-{}", std::process::id());
        let head = format!(
            "export SERVER={} SCRATCH={scratch}; mkdir -p $SCRATCH; ",
            self.server.address
        );
        let mut running = Some(machine.start(&format!("{head}{script}")).unwrap());
        for &port in ports {
            if let Err(error) = machine.wait_for_listener(port) {
                panic!("{error}; {:?}", running.take().map(Running::end));
            }
        }
        Serving {
            scene: self,
            scratch,
            head,
            running,
        }
    }

    /// What the client's and the server's kernel have counted since the
    /// beginning.
    ///
    /// # Panics
    /// When they cannot be asked.
    #[must_use]
    pub fn counted(&self) -> (Counters, Counters) {
        (
            self.client
                .counters(self.count)
                .unwrap()
                .since(&self.before.0),
            self.server
                .counters(self.count)
                .unwrap()
                .since(&self.before.1),
        )
    }

    /// Asserts that all connections since the beginning were what this kernel
    /// can do at best.
    ///
    /// # Panics
    /// When they were not.
    pub fn assert_all_smc(&self) {
        let (client, server) = self.counted();
        let told = format!("client's kernel:\n{client}server's kernel:\n{server}");
        let Some(kind) = Kernel::expected().best() else {
            assert_eq!(client, Counters::default());
            return;
        };
        for other in ["fallback", "smc-d", "smc-r", "handshake error"] {
            let expected = other == kind;
            for (counters, role) in [(&client, "client"), (&server, "server")] {
                let count = counters.of(&format!("{other} {role}"));
                assert_eq!(count > 0, expected, "{other} {role}: {count}; {told}");
            }
        }
        assert_eq!(
            client.of(&format!("{kind} client")),
            server.of(&format!("{kind} server")),
            "{told}"
        );
    }
}

/// A server that was started; ended when dropped.
#[derive(Debug)]
pub struct Serving<'scene> {
    scene: &'scene Scene,
    scratch: String,
    head: String,
    running: Option<Running>,
}

impl Serving<'_> {
    /// Runs a client's script to its end, which must be a good one; what it
    /// wrote on standard output.
    ///
    /// # Panics
    /// When its exit status is not 0; shows what everybody wrote.
    pub fn to(&mut self, client: &str) -> String {
        let Output { status, out, err } = self.ask(&format!("set -e; {client}"));
        assert!(
            status == 0,
            "client: {status} {out}{err}\nserver: {:?}",
            self.end()
        );
        out
    }

    /// Runs a client's script to its end; how it ended.
    ///
    /// # Panics
    /// When the client's machine does not answer.
    #[must_use]
    pub fn ask(&self, client: &str) -> Output {
        let script = format!("{}{client}", self.head);
        self.scene.client.run(&script).unwrap()
    }

    /// Waits until the server ends of itself; what it wrote.
    ///
    /// # Panics
    /// When it has been ended before.
    pub fn wait(&mut self) -> Output {
        self.running.take().unwrap().wait().unwrap()
    }

    /// Ends the server; what it wrote.
    ///
    /// # Panics
    /// When it has been ended before.
    pub fn end(&mut self) -> Output {
        self.running.take().unwrap().end().unwrap()
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.end();
        }
        for machine in [&self.scene.client, &self.scene.server] {
            let _ = machine.run(&format!("rm -rf {}", self.scratch));
        }
    }
}
