// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs each case in a process of its own, several at a time, so that one that
//! hangs or dies is an outcome and not the end.

use crate::cases::Case;
use crate::scene::{Make, Peers, Scene};
use std::ffi::c_int;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::{Duration, Instant};

/// Cases that run at the same time: most wait more than they work.
const AT_ONCE: usize = 16;

/// How much longer a case may take that has hung once: alone with its like it is
/// not the machine that is slow.
const PATIENCE: u32 = 3;

/// A case with one of its families, under way or done.
struct Play {
    case: Case,
    scene: Scene,
    name: String,
    outcome: Option<String>,
}

struct Running {
    place: usize,
    process: libc::pid_t,
    said: File,
    deadline: Instant,
}

/// Runs all cases whose name contains one of `parts`, or all if there are none; a line for
/// each to standard output.
pub fn run(make: Make, peers: Peers, parts: &[&str], limit: Duration) {
    crate::scene::learn(make);
    // Made once, for all that are forked.
    crate::peer::plenty();
    let mut plays = Vec::new();
    for case in crate::cases::all() {
        for &family in case.families {
            let name = format!("{} ({})", case.name, family.name());
            let is_left_out = make == Make::Smc && (counts_wrongly(&name) || spins(&name));
            let is_wanted = parts.is_empty() || parts.iter().any(|part| name.contains(part));
            if !is_left_out && is_wanted {
                plays.push(Play {
                    case: case.clone(),
                    scene: Scene {
                        make,
                        family,
                        peers,
                    },
                    name,
                    outcome: None,
                });
            }
        }
    }
    run_those(&mut plays, limit, |_| true);
    // Bare SMC may hang for whatever reason: nothing is compared with that.
    run_those(&mut plays, limit * PATIENCE, |play| {
        make == Make::Tcp && play.outcome.as_deref() == Some(HANGS)
    });
    for play in plays {
        println!("{}\t{}", play.name, play.outcome.unwrap_or_default());
    }
}

fn run_those(plays: &mut [Play], limit: Duration, wanted: impl Fn(&Play) -> bool) {
    let mut running: Vec<Running> = Vec::new();
    for place in 0..plays.len() {
        while running.len() >= AT_ONCE {
            collect(plays, &mut running);
        }
        if let Some(play) = plays.get(place).filter(|play| wanted(play)) {
            running.push(start(&play.case, &play.scene, place, limit));
        }
    }
    while !running.is_empty() {
        collect(plays, &mut running);
    }
}

const HANGS: &str = "hangs";

/// When an SMC socket with `SO_TIMESTAMP*` connects, the kernel copies the flag to
/// the inner socket and not the count of those who want times: they end for
/// everyone, and the kernel patches its own code, which can kill an emulated one.
fn counts_wrongly(name: &str) -> bool {
    name.contains("SO_TIMESTAMP") || name.contains("timestamps")
}

/// After a splice(2) out of an SMC socket a receiver may run in the kernel for ever,
/// beyond the reach of SIGKILL (fixed in 6.12.118, still there in 7.3.4).
fn spins(name: &str) -> bool {
    name.starts_with("splice")
}

fn start(case: &Case, scene: &Scene, place: usize, limit: Duration) -> Running {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    crate::call::must(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) });
    // SAFETY: just made, and nobody else's.
    let (said, mut words) = unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: this process has one thread.
    let process = crate::call::must(unsafe { libc::fork() });
    if process == 0 {
        // SAFETY: a group of its own, so that its children end with it.
        unsafe { libc::setpgid(0, 0) };
        let outcome = std::panic::catch_unwind(|| case.play(scene));
        let outcome = outcome.unwrap_or_else(|reason| {
            let text = reason.downcast_ref::<String>().cloned();
            let text = text.or_else(|| reason.downcast_ref::<&str>().map(|&text| text.to_owned()));
            format!("broken: {}", text.unwrap_or_default())
        });
        let _ = words.write_all(outcome.replace('\n', " ").as_bytes());
        // SAFETY: ends this process, as it should.
        unsafe { libc::_exit(0) };
    }
    Running {
        place,
        process,
        said,
        deadline: Instant::now() + limit,
    }
}

/// Waits until something happens to one of `running`, and takes note of those
/// that have ended.
fn collect(plays: &mut [Play], running: &mut Vec<Running>) {
    let mut entries: Vec<_> = running
        .iter()
        .map(|case| libc::pollfd {
            fd: case.said.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let now = Instant::now();
    let next = running.iter().map(|case| case.deadline).min();
    let wait = next.map_or(0, |next| {
        next.saturating_duration_since(now).as_millis() + 1
    });
    let wait = c_int::try_from(wait).unwrap_or(c_int::MAX);
    // SAFETY: as many valid entries as there are.
    unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, wait) };
    let now = Instant::now();
    let mut ready = entries.iter().map(|entry| entry.revents != 0);
    running.retain_mut(|case| {
        let has_spoken = ready.next().unwrap_or(false);
        if !has_spoken && now < case.deadline {
            return true;
        }
        let outcome = end(case, has_spoken);
        if let Some(play) = plays.get_mut(case.place) {
            play.outcome = Some(outcome);
        }
        false
    });
}

/// Ends a case, with all that it started; its outcome.
fn end(case: &mut Running, has_spoken: bool) -> String {
    let mut outcome = String::new();
    if has_spoken {
        let mut text = [0; 4096];
        let length = case.said.read(&mut text).unwrap_or(0);
        outcome = String::from_utf8_lossy(text.get(..length).unwrap_or_default()).into_owned();
    }
    let mut status = 0;
    // SAFETY: the group of a child that has not been waited for. A case that has
    // spoken has nothing left to do; its children may have.
    unsafe { libc::kill(-case.process, libc::SIGKILL) };
    // SAFETY: the same child, which may have been too young for a group.
    unsafe { libc::kill(case.process, libc::SIGKILL) };
    // SAFETY: our child, and room for its status.
    unsafe { libc::waitpid(case.process, &raw mut status, 0) };
    if !has_spoken {
        return HANGS.to_owned();
    }
    if outcome.is_empty() {
        return format!("killed by signal {}", status & 0x7f);
    }
    outcome
}
