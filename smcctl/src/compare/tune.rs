// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--tune`: which buffers, and where root asks which settings of the kernel, serve
//! this workload best, within a number of runs.
//!
//! All candidates are run once, the better half of them twice, and so on; the best is
//! then compared with what SMC does by itself, in pairs as everything is compared. The
//! runner that changes a setting puts it back when it ends, however it ends.

mod tuned;

use super::link::Stop;
use super::metrics::{Better, Metric};
use super::plan::{Step, Which};
use super::session::Session;
use super::side::Side;
use super::statistics::{median, Comparison, FEWEST};
use serde::Serialize;

pub use tuned::Tuned;

/// Sizes of both buffers.
const SIZES: [&str; 6] = ["128k", "256k", "512k", "1m", "2m", "4m"];
/// Settings of the kernel and values to try. Only those that act on a connection at once:
/// `smcr_buf_type`, `smcr_max_send_wr` and `smcr_max_recv_wr` are for new link groups, and a
/// link group outlives its last connection by ten minutes.
const SETTINGS: [(&str, &str); 2] = [
    ("net.smc.autocorking_size", "0"),
    ("net.smc.autocorking_size", "262144"),
];
/// So many runs it takes at least.
pub const FEWEST_RUNS: usize = 2 * FEWEST + 12;

/// What is tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Candidate {
    /// Options of `smc_run`.
    pub options: Vec<String>,
    /// A variable of the kernel, and its value.
    pub setting: Option<(String, String)>,
    /// What came of it.
    pub samples: Vec<f64>,
    /// Why it is of no use.
    pub problem: Option<String>,
}

impl Candidate {
    fn name(&self) -> String {
        let setting = self.setting.iter();
        let setting = setting.map(|(name, value)| format!("{name}={value}"));
        let words: Vec<String> = self.options.iter().cloned().chain(setting).collect();
        if words.is_empty() {
            "as it is".to_owned()
        } else {
            words.join(" ")
        }
    }

    fn middle(&self) -> Option<f64> {
        median(self.samples.clone()).filter(|_| self.problem.is_none())
    }
}

struct Tuning<'a> {
    session: &'a mut Session,
    given: Vec<String>,
    metric: Option<Metric>,
    runs: usize,
}

/// Finds it. `given` are the options of `smc_run` that all have.
///
/// # Errors
/// When a run fails, or it is interrupted.
pub fn tune(session: &mut Session, given: &[String], most: usize) -> Result<Tuned, Stop> {
    let mut tuning = Tuning {
        session,
        given: given.to_vec(),
        metric: None,
        runs: 0,
    };
    let mut plain = Candidate::default();
    tuning.run(&mut plain, true)?;
    plain.samples.clear();
    if let Some(problem) = plain.problem.clone() {
        return Ok(tuning.report(Vec::new(), plain, Comparison::default(), Some(problem)));
    }
    let search = most.saturating_sub(2 * FEWEST + 1);
    let sizes = SIZES.iter().map(|size| Candidate {
        options: ["-t", size, "-r", size].map(str::to_owned).to_vec(),
        ..Candidate::default()
    });
    let (candidates, settings) = (
        std::iter::once(plain).chain(sizes).collect(),
        tuning.settings(),
    );
    let first = if settings.is_empty() {
        search
    } else {
        search * 2 / 3
    };
    let mut tried = tuning.tournament(candidates, first)?;
    let best = best_of(tuning.better(), &tried);
    if !settings.is_empty() {
        let with = settings.into_iter().map(|setting| Candidate {
            options: best.options.clone(),
            setting: Some(setting),
            ..Candidate::default()
        });
        let left = search.saturating_sub(tuning.runs.saturating_sub(1));
        tried.extend(tuning.tournament(with.collect(), left)?);
    }
    let best = best_of(tuning.better(), &tried);
    let mut compared = Comparison::default();
    if !best.options.is_empty() || best.setting.is_some() {
        compared = tuning.duel(&best)?;
    }
    Ok(tuning.report(tried, best, compared, None))
}

/// The best first.
fn sort(better: Better, candidates: &mut [Candidate]) {
    candidates.sort_by(|one, other| match (one.middle(), other.middle()) {
        (Some(one), Some(other)) if better == Better::Higher => other.total_cmp(&one),
        (Some(one), Some(other)) => one.total_cmp(&other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    });
}

/// Of those that were run most often: luck is in few runs.
fn best_of(better: Better, tried: &[Candidate]) -> Candidate {
    let most = tried.iter().map(|one| one.samples.len()).max().unwrap_or(0);
    let often = |one: &&Candidate| one.samples.len() * 2 > most;
    let mut finalists: Vec<Candidate> = tried.iter().filter(often).cloned().collect();
    sort(better, &mut finalists);
    finalists.into_iter().next().unwrap_or_default()
}

impl Tuning<'_> {
    fn better(&self) -> Better {
        self.metric
            .as_ref()
            .map_or(Better::Lower, |metric| metric.better)
    }

    /// Those that this host has, and that may be set.
    fn settings(&mut self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for (name, value) in SETTINGS {
            let Some(known) = self.session.setting(name) else {
                continue;
            };
            // To what it is: whether it may be set at all.
            if known != value && self.session.set(name, &known).is_ok() {
                settings.push((name.to_owned(), value.to_owned()));
            }
        }
        settings
    }

    fn run(&mut self, candidate: &mut Candidate, is_looked_at: bool) -> Result<(), Stop> {
        self.runs += 1;
        let step = Step {
            which: Which::B,
            pair: (!is_looked_at).then_some(self.runs),
            is_looked_at,
        };
        let mut options = self.given.clone();
        options.extend(candidate.options.iter().cloned());
        let mut before = None;
        if let Some((name, value)) = &candidate.setting {
            before = Some((name.clone(), self.session.set(name, value)?));
        }
        let run = self.session.run(step, &Side::Smc(options));
        if let Some((name, value)) = before {
            self.session.set(&name, &value)?;
        }
        let run = run?;
        candidate.problem = candidate.problem.take().or(run.problem);
        if let Some(first) = run.values.first() {
            self.metric.get_or_insert_with(|| first.metric.clone());
            candidate.samples.push(first.value);
        }
        Ok(())
    }

    /// The better half goes on, with twice as many runs each, as long as runs are left.
    fn tournament(&mut self, all: Vec<Candidate>, most: usize) -> Result<Vec<Candidate>, Stop> {
        let (mut playing, mut out) = (all, Vec::new());
        let (mut each, mut left) = (1, most);
        while !playing.is_empty() && playing.len() * each <= left {
            left -= playing.len() * each;
            for _ in 0..each {
                for candidate in &mut playing {
                    if candidate.problem.is_none() {
                        self.run(candidate, false)?;
                    }
                }
            }
            sort(self.better(), &mut playing);
            if playing.len() == 1 {
                break;
            }
            out.splice(0..0, playing.split_off(playing.len().div_ceil(2)));
            each *= 2;
        }
        playing.extend(out);
        Ok(playing)
    }

    fn duel(&mut self, best: &Candidate) -> Result<Comparison, Stop> {
        let mut pairs = Vec::new();
        for round in 0..FEWEST {
            let mut plain = Candidate::default();
            let mut tuned = Candidate {
                samples: Vec::new(),
                ..best.clone()
            };
            if round % 2 == 0 {
                self.run(&mut plain, false)?;
                self.run(&mut tuned, false)?;
            } else {
                self.run(&mut tuned, false)?;
                self.run(&mut plain, false)?;
            }
            if plain.problem.is_none() && tuned.problem.is_none() {
                pairs.extend(plain.middle().zip(tuned.middle()));
            }
        }
        Ok(Comparison::of_pairs(&pairs))
    }

    fn report(
        self,
        tried: Vec<Candidate>,
        best: Candidate,
        compared: Comparison,
        problem: Option<String>,
    ) -> Tuned {
        let is_more = self.better() == Better::Higher;
        let is_better =
            compared.is_clear() && compared.ratio.is_some_and(|ratio| (ratio > 1.0) == is_more);
        let mut use_it = Vec::new();
        if is_better {
            if let Some((name, value)) = &best.setting {
                use_it.push(format!("sysctl -w {name}={value}"));
            }
            let commands = [
                self.session.server_command(),
                Some(self.session.client_command()),
            ];
            for command in commands.into_iter().flatten() {
                let mut words = vec!["smc_run".to_owned()];
                words.extend(self.given.iter().chain(&best.options).cloned());
                words.extend(command);
                use_it.push(shell_words::join(words));
            }
        }
        Tuned {
            metric: self.metric,
            runs: self.runs,
            tried,
            best,
            compared,
            use_it,
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(size: &str, samples: &[f64]) -> Candidate {
        Candidate {
            options: vec!["-t".to_owned(), size.to_owned()],
            samples: samples.to_vec(),
            ..Candidate::default()
        }
    }

    #[test]
    fn one_lucky_run_does_not_win() {
        let lucky = tried("4m", &[900.0]);
        let steady = tried("1m", &[500.0, 510.0, 505.0]);
        let slow = tried("128k", &[200.0, 210.0, 190.0]);
        let all = [slow.clone(), lucky, steady.clone()];
        assert_eq!(best_of(Better::Higher, &all), steady);
        assert_eq!(best_of(Better::Lower, &all), slow);
    }

    #[test]
    fn what_fell_back_cannot_win() {
        let mut fell_back = tried("4m", &[900.0, 900.0]);
        fell_back.problem = Some("1 of 1 connections fell back".to_owned());
        let steady = tried("1m", &[500.0, 510.0]);
        assert_eq!(
            best_of(Better::Higher, &[fell_back, steady.clone()]),
            steady
        );
        assert_eq!(best_of(Better::Higher, &[]), Candidate::default());
    }
}
