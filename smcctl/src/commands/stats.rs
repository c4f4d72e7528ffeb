// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl stats`: the kernel's statistics.

pub mod baseline;
pub mod live;
pub mod rows;

use super::linkgroups::Technologies;
use crate::explain::codes;
use crate::failure::{Failure, Outcome};
use crate::kernel::counts::{self, Counts, Reason, Sides, Technology};
use crate::kernel::link_groups::Kind;
use crate::output::{Output, Report};
use crate::system::files::Root;
use crate::watch::{self, Watch};
use baseline::Baseline;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Arguments of `smcctl stats`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    technologies: Technologies,
    /// Show the counts, and count from zero from now on, for this user
    #[arg(long, conflicts_with = "watch")]
    reset: bool,
    /// Show the counts since SMC was loaded
    #[arg(short, long)]
    absolute: bool,
    #[command(flatten)]
    watch: Watch,
}

#[derive(Serialize)]
struct StatsReport {
    /// The time of the last reset, in seconds since 1970.
    reset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smc_r: Option<Technology>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smc_d: Option<Technology>,
    handshake_errors: Sides,
    fallbacks: Fallbacks,
    #[serde(skip)]
    counts: Counts,
    #[serde(skip)]
    technologies: Technologies,
}

#[derive(Serialize)]
struct Fallbacks {
    #[serde(flatten)]
    sides: Sides,
    reasons: Vec<FallbackReason>,
}

#[derive(Serialize)]
struct FallbackReason {
    side: &'static str,
    code: String,
    name: Option<&'static str>,
    meaning: Option<&'static str>,
    count: u16,
}

impl From<&Reason> for FallbackReason {
    fn from(reason: &Reason) -> Self {
        let known = codes::by_value(reason.code);
        Self {
            side: if reason.is_server { "server" } else { "client" },
            code: format!("{:#010x}", reason.code),
            name: known.map(|code| code.name),
            meaning: known.map(|code| code.brief),
            count: reason.count,
        }
    }
}

impl StatsReport {
    fn new(counts: Counts, reset: Option<u64>, technologies: Technologies) -> Self {
        Self {
            reset,
            smc_r: technologies.has(Kind::SmcR).then_some(counts.smc_r),
            smc_d: technologies.has(Kind::SmcD).then_some(counts.smc_d),
            handshake_errors: counts.handshake_errors,
            fallbacks: Fallbacks {
                sides: counts.fallbacks,
                reasons: counts.reasons.iter().map(FallbackReason::from).collect(),
            },
            counts,
            technologies,
        }
    }
}

impl Report for StatsReport {
    fn text(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let since = match self.reset {
            Some(reset) => format!("since the reset {} ago", age(now.saturating_sub(reset))),
            None => "since SMC was loaded".to_owned(),
        };
        let mut text = format!("In this network namespace, {since}:\n");
        for section in rows::sections(&self.counts, self.technologies) {
            text.push('\n');
            text.push_str(&section.text());
        }
        text
    }
}

/// Formats an age in the largest unit that gives at least 2.
fn age(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7200 => (seconds / 60, "min"),
        7200..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86400, "days"),
    };
    format!("{count} {unit}")
}

/// Runs the command.
///
/// # Errors
/// When the kernel refuses it.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let root = Root::new("/");
    if let Some(interval) = arguments.watch.interval() {
        let view = watch::View {
            title: "SMC statistics (out: connected, sent; in: accepted, received)",
            columns: &live::COLUMNS,
            interval,
        };
        return watch::run(&view, output, || {
            let (counts, _) = read(arguments, &root)?.since_reset;
            Ok(live::rows(&counts, arguments.technologies))
        });
    }
    let Reading {
        absolute,
        since_reset: (counts, reset),
    } = read(arguments, &root)?;
    output.show(&StatsReport::new(counts, reset, arguments.technologies))?;
    if arguments.reset {
        Baseline::new(&root, &absolute).save(&baseline::path(&root)?)?;
        output.say("\nreset: counting from zero for this user; --absolute shows all")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The current counts.
struct Reading {
    absolute: Counts,
    /// The counts to show, and the time of the reset.
    since_reset: (Counts, Option<u64>),
}

fn read(arguments: &Arguments, root: &Root) -> Result<Reading, Failure> {
    let absolute = counts::read()?;
    let since = baseline::path(root)
        .ok()
        .filter(|_| !arguments.absolute)
        .and_then(|path| Baseline::load(root, &path))
        .and_then(|baseline| Some((baseline.since(&absolute)?, Some(baseline.taken))));
    let since_reset = since.unwrap_or_else(|| (absolute.clone(), None));
    Ok(Reading {
        absolute,
        since_reset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_one_unit() {
        for (seconds, text) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7200, "2 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }
}
