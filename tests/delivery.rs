// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a program has written arrives, whatever it does next: the reader, on the
//! other guest of a pair, counts and sums up what the writer has counted and
//! summed up. Without the shim SMC loses some of it.
//!
//! `SMC_TEST_REPEAT` says how often the losses are tried (once), `SMC_TEST_TIMES` how
//! often closing is timed, to be compared with TCP (never, unless set). The whole
//! product of sizes, readers and endings takes an hour on a quiet machine: run with
//! `--ignored`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "delivery/cases.rs"]
mod cases;
#[path = "delivery/outcome.rs"]
mod outcome;
#[path = "delivery/stage.rs"]
mod stage;

use kit::{number, print_ratio, Kernel};
use stage::{on_stage, Preload, Writer};

/// So many writers at once: they wait for readers most of the time.
const AT_ONCE: usize = 40;

fn is_real_smc() -> bool {
    matches!(Kernel::expected(), Kernel::SmcD | Kernel::SmcR)
}

fn losses(times: usize) -> Vec<String> {
    let cases = cases::LOSSES.map(str::to_owned);
    std::iter::repeat_n(cases, times).flatten().collect()
}

#[test]
fn what_the_kernel_loses_arrives() {
    let times = number("SMC_TEST_REPEAT", 1);
    let at_once = number("SMC_TEST_AT_ONCE", AT_ONCE);
    on_stage(|stage| stage.all_arrives(&losses(times), at_once));
}

/// The control: the same tests see the losses of SMC, and none of TCP.
#[test]
fn without_the_shim_smc_loses_and_tcp_does_not() {
    on_stage(|stage| {
        let start = |preload| {
            let cases = losses(1);
            let writers = cases.iter().map(|case| stage.start(preload, case, &[]));
            writers.collect::<Vec<_>>()
        };
        let tcp = start(Preload::Tcp);
        let smc = match Kernel::expected() {
            Kernel::Without => Vec::new(),
            _ => start(Preload::BareSmc),
        };
        for writer in tcp {
            let outcome = writer.finish();
            assert!(outcome.has_arrived(), "{outcome}");
        }
        let mut lost = 0;
        for writer in smc {
            lost += usize::from(!writer.finish().has_arrived());
        }
        assert_eq!(lost > 0, is_real_smc(), "{lost} losses");
    });
}

#[test]
fn every_way_of_ending() {
    on_stage(|stage| stage.all_arrives(&cases::endings(), AT_ONCE));
}

#[test]
fn every_size_and_reader() {
    on_stage(|stage| stage.all_arrives(&cases::sizes(), AT_ONCE));
}

#[test]
fn through_other_hands() {
    on_stage(|stage| stage.all_arrives(&cases::hands(), AT_ONCE));
}

/// `GATE` readers begin when the test says so: the order of events is certain.
const GATE: &str = "reader=0 65536 0 gate";

#[test]
fn closing_does_not_wait_for_the_reader() {
    on_stage(|stage| {
        let start = |preload, (act, count)| {
            let case = format!("count={count} write=fill act={act} then=live {GATE}");
            stage.start(preload, &case, &[])
        };
        // Microseconds that closing took, and the first call of it.
        let finish = |mut writer: Writer| -> (f64, Option<f64>) {
            writer.wait_for("closed");
            writer.open();
            let outcome = writer.finish();
            assert!(outcome.has_arrived(), "{outcome}");
            let first = outcome.first.map(|first| first.parse().unwrap());
            (outcome.closed.unwrap().parse().unwrap(), first)
        };
        let acts = ["close", "shut-wr", "shut-rdwr", "dup2", "close_range"];
        // The first needs a thread, which takes the others.
        let cases = || [1, 32].map(|count| acts.map(|act| (act, count)));
        for writers in cases().map(|cases| cases.map(|case| start(Preload::Shim, case))) {
            for writer in writers {
                finish(writer);
            }
        }
        for case in cases().into_iter().flatten() {
            let (act, count) = case;
            let once = |preload| {
                move || match finish(start(preload, case)) {
                    (all, Some(first)) if count > 1 => (all - first) / f64::from(count - 1),
                    (all, _) => all,
                }
            };
            let name = match (act, count) {
                (_, 1) => format!("{act}, the first"),
                ("close_range", _) => format!("{act} of {count}"),
                _ => format!("{act}, each of {} more", count - 1),
            };
            print_ratio(&name, "us", once(Preload::Tcp), once(Preload::Shim));
        }
    });
}

#[test]
fn a_child_does_not_wait_for_what_its_parent_keeps() {
    on_stage(|stage| {
        let cases = [
            "via=kept write=fill act=none then=_exit",
            "via=kept write=fill act=none then=exit",
            "via=kept write=fill act=none then=exec",
            "via=vfork write=fill act=close then=live",
        ];
        let writers = cases.map(|case| stage.start(Preload::Shim, &format!("{case} {GATE}"), &[]));
        for mut writer in writers {
            writer.wait_for("child ended");
            writer.open();
            let outcome = writer.finish();
            assert!(outcome.has_arrived(), "{outcome}");
        }
    });
}

#[test]
fn where_no_thread_can_be_made_closing_waits() {
    /// What the reader's kernel may hold.
    const RING: u64 = 65_536;
    on_stage(|stage| {
        let writers = ["close", "shut-wr", "dup2"].map(|act| {
            let case = format!("limit=threads bytes=400000 write=non-blocking act={act} then=live");
            stage.start(Preload::Shim, &format!("{case} reader=0 8192 20 -"), &[])
        });
        for mut writer in writers {
            writer.wait_for("closed");
            let read = writer.read_so_far();
            let outcome = writer.finish();
            println!("{read} read when closed");
            assert!(outcome.has_arrived(), "{outcome}");
            let (written, _) = outcome.bytes();
            assert!(
                !is_real_smc() || read + RING >= written,
                "{outcome}; {read}"
            );
        }
    });
}

/// These end although nobody reads.
#[test]
fn nobody_waits_for_ever() {
    const ENDS: [(&str, &[(&str, &str)]); 7] = [
        ("act=none then=_exit", &[("SMC_DRAIN_TIMEOUT", "1")]),
        ("act=none then=return", &[("SMC_DRAIN_TIMEOUT", "1")]),
        ("act=none then=exec", &[("SMC_DRAIN_TIMEOUT", "1")]),
        ("act=close then=exit", &[("SMC_DRAIN_TIMEOUT", "1")]),
        ("act=none then=_exit", &[("SMC_DRAIN_TIMEOUT", "0")]),
        ("linger=1,0 act=close then=_exit", &[]),
        ("linger=1,0 act=none then=_exit", &[]),
    ];
    on_stage(|stage| {
        let writers = ENDS.map(|(case, variables)| {
            stage.start(
                Preload::Shim,
                &format!("write=fill {case} {GATE}"),
                variables,
            )
        });
        for mut writer in writers {
            let status = writer.wait();
            assert!(status.success(), "{status}");
            writer.open();
            let outcome = writer.finish();
            let (written, received) = outcome.bytes();
            assert!(received <= written, "{outcome}");
        }
    });
}

/// A program that looks for another in several folders does not wait in each.
#[test]
fn an_exec_of_nothing_does_not_wait() {
    on_stage(|stage| {
        let case = format!("write=fill act=none then=execs {GATE}");
        let mut writer = stage.start(Preload::Shim, &case, &[("SMC_DRAIN_TIMEOUT", "900")]);
        writer.wait_for("not found");
        writer.open();
        let outcome = writer.finish();
        assert!(outcome.has_arrived(), "{outcome}");
    });
}

/// A time limit of the program's own bounds closing and loses nothing, as on TCP.
#[test]
fn lingering_ends_and_what_was_written_still_arrives() {
    on_stage(|stage| {
        let case = format!("linger=1,1 write=fill act=close then=live {GATE}");
        let mut writer = stage.start(Preload::Shim, &case, &[]);
        writer.wait_for("closed");
        writer.open();
        let outcome = writer.finish();
        assert!(outcome.has_arrived(), "{outcome}");
    });
}

/// A difference that remains: what SMC-R has not sent then may be lost. What is
/// fixed of it turns this red, and belongs to the lists above.
#[test]
fn what_the_shim_does_not_hear_of_is_as_without_it() {
    // Whether it is lost is a matter of chance.
    const TRIES: usize = 8;
    on_stage(|stage| {
        let start = |case| stage.start(Preload::Shim, &format!("{case} {GATE}"), &[]);
        let writers = cases::UNHEARD_OF.map(|case| [case; TRIES].map(start));
        for (case, writers) in cases::UNHEARD_OF.iter().zip(writers) {
            let mut lost = 0;
            for mut writer in writers {
                let status = writer.wait();
                assert!(status.success(), "{case}: {status}");
                writer.open();
                lost += usize::from(!writer.finish().has_arrived());
            }
            let may_lose = Kernel::expected() == Kernel::SmcR;
            assert_eq!(lost > 0, may_lose, "{case}: {lost} of {TRIES} lost");
        }
    });
}

/// `SMC_TEST_MOST` bytes at most in one case, and each `SMC_TEST_STRIDE`-th of them
/// from the `SMC_TEST_FIRST`-th (0) on; or only `SMC_TEST_CASE`, which is a line of the
/// output up to the colon. With 64 connections each, a quarter as many cases at once.
#[test]
#[ignore = "takes an hour"]
fn everything_with_everything() {
    let most = number("SMC_TEST_MOST", 16 << 20);
    let (first, stride) = (number("SMC_TEST_FIRST", 0), number("SMC_TEST_STRIDE", 1));
    let cases = match std::env::var("SMC_TEST_CASE") {
        Ok(case) => vec![case; number("SMC_TEST_REPEAT", 1)],
        Err(_) => cases::product(most)
            .into_iter()
            .skip(first)
            .step_by(stride)
            .collect(),
    };
    // Where too many connect at once handshakes take too long, and fall back.
    let (many, few): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .partition(|case| case.contains("count=64"));
    let at_once = number("SMC_TEST_AT_ONCE", 20);
    on_stage(|stage| {
        stage.all_arrives(&few, at_once);
        stage.all_arrives(&many, (at_once / 4).max(1));
    });
}
