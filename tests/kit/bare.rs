// SPDX-License-Identifier: MIT OR Apache-2.0
//! The positive control: programs on SMC by a preload that swaps the socket
//! family and does nothing else.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::machine::Machine;

/// Compiles the preload on these machines; what to write before a command.
///
/// # Panics
/// When a machine does not answer or has no compiler.
#[must_use]
pub fn smc(machines: &[Machine]) -> String {
    let library = format!("/tmp/smc-shim-bare-{}.so", std::process::id());
    for machine in machines {
        let compiled = machine
            .run(&format!(
                "[ -e {library} ] || cc -shared -fPIC -o {library} tests/kit/bare.c"
            ))
            .unwrap();
        assert_eq!(compiled.status, 0, "{compiled:?}");
    }
    format!("env LD_PRELOAD={library}")
}
