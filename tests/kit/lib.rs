// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the end to end tests share: where things are, and which kernel it is.

pub mod bare;
pub mod capture;
pub mod counters;
pub mod frames;
pub mod job;
pub mod machine;
pub mod notes;
pub mod pcap;
pub mod scene;
pub mod stream;
pub mod transcript;
pub mod truth;

pub use notes::{skips, skips_without_smc};
use std::path::{Path, PathBuf};

/// What the kernel under the tests can do; `SMC_TEST_KERNEL` names it, so that
/// a kernel that cannot do what it should fails its tests instead of changing
/// them. Unset: the build machine, which is taken to have no SMC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// No SMC at all.
    Without,
    /// AF_SMC only; no device, so every connection falls back (Debian 6.1).
    AfSmc,
    /// IPPROTO_SMC too; no device (Debian 6.12, one guest).
    IpprotoSmc,
    /// SMC-D over loopback-ism.
    SmcD,
    /// SMC-R over Soft-RoCE to the other guest of a pair (Debian 6.12).
    SmcR,
}

impl Kernel {
    /// The kernel that the tests were told to expect.
    ///
    /// # Panics
    /// When `SMC_TEST_KERNEL` has a value that is none of `debian-6.1`,
    /// `debian-6.12`, `debian-6.12 pair`, `smcd` and `smcd-next`.
    #[must_use]
    #[allow(clippy::panic, reason = "a test fails by panicking")]
    pub fn expected() -> Self {
        match std::env::var("SMC_TEST_KERNEL").as_deref() {
            Err(_) => Self::Without,
            Ok("debian-6.1") => Self::AfSmc,
            Ok("debian-6.12") => Self::IpprotoSmc,
            Ok("smcd" | "smcd-next") => Self::SmcD,
            Ok("debian-6.12 pair") => Self::SmcR,
            Ok(other) => panic!("SMC_TEST_KERNEL: {other:?} is no kernel of scripts/lab"),
        }
    }

    /// What the counters call a connection that is the best this kernel can
    /// do; `None` where there is nothing to count.
    #[must_use]
    pub fn best(self) -> Option<&'static str> {
        match self {
            Self::Without => None,
            Self::AfSmc | Self::IpprotoSmc => Some("fallback"),
            Self::SmcD => Some("smc-d"),
            Self::SmcR => Some("smc-r"),
        }
    }
}

/// The number that environment variable `name` holds; `otherwise` when it is unset.
///
/// # Panics
/// When it holds something else.
#[must_use]
#[allow(clippy::panic, reason = "a test fails by panicking")]
pub fn number<N: std::str::FromStr>(name: &str, otherwise: N) -> N {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name}: {text:?} is no number")),
        Err(_) => otherwise,
    }
}

/// Prints how many times TCP's the shim's measure is: the medians of `SMC_TEST_TIMES`
/// measurements each (none, unless set), taken in turn.
pub fn print_ratio(
    what: &str,
    unit: &str,
    mut tcp: impl FnMut() -> f64,
    mut shim: impl FnMut() -> f64,
) {
    let times = number("SMC_TEST_TIMES", 0);
    let (tcp, shim): (Vec<_>, Vec<_>) = (0..times).map(|_| (tcp(), shim())).unzip();
    if let Some((tcp, shim)) = median(tcp).zip(median(shim)) {
        let ratio = shim / tcp;
        println!("{what}: {shim:.3} {unit}, TCP {tcp:.3} {unit}: {ratio:.2} times");
    }
}

/// The upper of the middle ones, if there are two.
fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

/// The built `smcctl`, in a script that runs in the checkout.
pub const SMCCTL: &str = "${CARGO_TARGET_DIR:-target}/release/smcctl";

/// Begins a script that runs in the checkout: `smcctl` is in PATH, before all others.
pub const SMCCTL_IN_PATH: &str =
    "export PATH=$(cd ${CARGO_TARGET_DIR:-target}/release && pwd):$PATH; ";

/// Top of the checkout.
#[must_use]
pub fn checkout() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}
