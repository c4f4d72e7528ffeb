// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl compare`: is a workload faster on SMC?

use crate::compare::against::Against;
use crate::compare::link::Stop;
use crate::compare::metrics::custom::Custom;
use crate::compare::program::open_input;
use crate::compare::report::ComparisonReport;
use crate::compare::result::Comparing;
use crate::compare::runner::Orders;
use crate::compare::session::{Place, Session, Task};
use crate::compare::side::Side;
use crate::compare::tune::{tune, Tuned, FEWEST_RUNS};
use crate::compare::{plot, roles, saved};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  smcctl compare --server 'redis-server --port 6379' -- redis-benchmark -q -t set
  smcctl compare -n 20 --plot web.svg --server 'nginx -g \"daemon off;\"' -- \\
      wrk -d 2 http://127.0.0.1/
  smcctl compare --server-host db1 --server 'iperf3 -s' -- iperf3 -c db1 -t 2
  smcctl compare --server 'redis-server' --stdin commands.txt -- redis-cli --pipe
  smcctl compare --metric 'rate=did ([0-9.]+) a second:ops/s' -- ./my-client

Exit status:
  0    it was compared, whatever came out
  1    something failed: standard error says what, and nothing is left running
  2    a wrong command line
  3    it was compared with something that is not SMC: the result says why
  128 + N  ended by signal N (130: Ctrl-C), and nothing is left running";

/// Not SMC.
const NOT_SMC: u8 = 3;

/// What to compare, and how.
#[derive(Debug, Args)]
#[command(
    override_usage = "smcctl compare [OPTIONS] [--server COMMAND] -- CLIENT [ARGUMENTS]\n       \
                      smcctl compare --show FILE\n       smcctl compare --against OLD NEW",
    after_help = EXAMPLES
)]
pub struct Arguments {
    /// The server's command, started anew for each run, as a shell would split it
    #[arg(long, value_name = "COMMAND", value_parser = split, help_heading = "What is run")]
    server: Option<Words>,
    /// The port on which the server listens [default: the first that it opens]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), help_heading = "What is run")]
    port: Option<u16>,
    /// A command to run before the client each time, when the server listens
    #[arg(long, value_name = "COMMAND", value_parser = split, help_heading = "What is run")]
    prepare: Option<Words>,
    /// The client's standard input, read anew in each run [default: it is empty]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What is run")]
    stdin: Option<String>,
    /// Options of smc_run for both programs: '-t 1m -r 1m'
    #[arg(long, value_name = "OPTIONS", value_parser = split, allow_hyphen_values = true, help_heading = "What is run")]
    smc_run: Option<Words>,
    /// How many pairs of runs are measured
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10, value_parser = count, help_heading = "How it is measured")]
    pairs: usize,
    /// How many pairs of runs before that
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = count, help_heading = "How it is measured")]
    warm_up: usize,
    /// No run takes longer than so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..), help_heading = "How it is measured")]
    timeout: u64,
    /// A number in what the client prints: the group of REGEX
    #[arg(
        long,
        value_name = "NAME=REGEX[:UNIT][:higher|lower]",
        help_heading = "How it is measured"
    )]
    metric: Vec<Custom>,
    /// Find the buffers, and as root the kernel's settings, that serve this workload
    /// best over SMC, within so many runs
    #[arg(long, value_name = "RUNS", num_args = 0..=1, default_missing_value = "40", value_parser = tuning_runs, conflicts_with_all = ["csv", "markdown"], help_heading = "How it is measured")]
    tune: Option<usize>,
    /// Every sample as comma-separated values
    #[arg(long, conflicts_with_all = ["json", "markdown"], help_heading = "The result")]
    csv: bool,
    /// The table in Markdown
    #[arg(long, conflicts_with = "json", help_heading = "The result")]
    markdown: bool,
    /// A picture of it: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE", help_heading = "The result")]
    plot: Option<PathBuf>,
    /// Keep the result in this file [default: one below ~/.local/state/smcctl/compare]
    #[arg(long, value_name = "FILE", help_heading = "The result")]
    save: Option<PathBuf>,
    /// Keep no result
    #[arg(long, conflicts_with = "save", help_heading = "The result")]
    no_save: bool,
    /// Show a result that was kept, instead of running anything
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "command"], help_heading = "The result")]
    show: Option<PathBuf>,
    /// What has changed from one result that was kept to another
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["server", "command", "show"], help_heading = "The result")]
    against: Vec<PathBuf>,
    /// The server runs on this host, reached by ssh, where smcctl is installed
    #[arg(
        long,
        value_name = "HOST",
        requires = "server",
        help_heading = "Two hosts"
    )]
    server_host: Option<String>,
    /// The server runs behind this command: 'ip netns exec other'
    #[arg(long, value_name = "COMMAND", requires = "server", conflicts_with = "server_host", value_parser = split, help_heading = "Two hosts")]
    server_prefix: Option<Words>,
    /// How smcctl is called there
    #[arg(long, value_name = "PATH", help_heading = "Two hosts")]
    server_smcctl: Option<String>,
    /// This is one side alone, the other is started by hand on the other host
    #[arg(long, value_enum, help_heading = "Two hosts")]
    role: Option<Role>,
    /// Where the server's side waits for the client's: whoever reaches it can have the
    /// server started and ended, and nothing else
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        required_if_eq("role", "server"),
        help_heading = "Two hosts"
    )]
    listen: Option<String>,
    /// Where the client's side finds the server's
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        required_if_eq("role", "client"),
        conflicts_with = "server",
        help_heading = "Two hosts"
    )]
    connect: Option<String>,
    /// One side of the comparison: tcp, smc, or a command to put before the others.
    #[arg(long, hide = true, default_value = "tcp")]
    a: Side,
    /// The other.
    #[arg(long, hide = true, default_value = "smc")]
    b: Side,
    /// The client
    #[arg(last = true, value_name = "CLIENT")]
    command: Vec<String>,
}

/// One side alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Has the server started and ended for the client's side
    Server,
    /// Runs the client, and the comparison
    Client,
    /// What this program starts itself as.
    #[value(hide = true)]
    Runner,
}

/// A command line, taken apart.
#[derive(Clone, Debug)]
struct Words(Vec<String>);

fn split(text: &str) -> Result<Words, String> {
    match shell_words::split(text) {
        Ok(words) if words.is_empty() => Err("it is empty".to_owned()),
        Ok(words) => Ok(Words(words)),
        Err(error) => Err(error.to_string()),
    }
}

fn tuning_runs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ FEWEST_RUNS..=10_000) => Ok(count),
        _ => Err(format!(
            "expected a number of runs from {FEWEST_RUNS} to 10000"
        )),
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 0..=10_000) => Ok(count),
        _ => Err("expected a number up to 10000".to_owned()),
    }
}

/// Does it.
///
/// # Errors
/// Why it cannot be done.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let orders = Orders {
        command: match (&arguments.role, &arguments.server) {
            (Some(Role::Server), Some(Words(server))) => server.clone(),
            _ => arguments.command.clone(),
        },
        input: arguments.stdin.as_ref().map(PathBuf::from),
        port: arguments.port,
        timeout: Duration::from_secs(arguments.timeout),
        is_trusted: arguments.role == Some(Role::Runner),
    };
    match (arguments.role, &arguments.listen, &arguments.show) {
        (Some(Role::Runner), ..) => {
            roles::runner(orders);
            Ok(ExitCode::SUCCESS)
        }
        (Some(Role::Server), Some(address), _) => match &arguments.server {
            Some(_) => Ok(by_signal(roles::server(&orders, address)?)),
            None => Ok(wrong("--role server needs --server COMMAND")),
        },
        (.., Some(file)) => show(&saved::load(file)?, arguments, output),
        _ if !arguments.against.is_empty() => against(&arguments.against, output),
        _ if arguments.command.is_empty() => Ok(wrong("which CLIENT? it comes after --")),
        _ if arguments.pairs == 0 => Ok(wrong("-n 0: nothing would be measured")),
        _ => {
            // Not after an hour of runs.
            if let Some(path) = &arguments.plot {
                plot::is_png(path)?;
            }
            if let Some(path) = &arguments.stdin {
                open_input(path.as_ref())?;
            }
            compare(arguments, output)
        }
    }
}

fn against(files: &[PathBuf], output: &mut Output) -> Outcome {
    let results = files.iter().map(|file| saved::load(file));
    match results.collect::<Result<Vec<_>, _>>()?.as_slice() {
        [old, new] => output.show(&Against::new(old, new)?)?,
        _ => return Ok(wrong("--against OLD NEW")),
    }
    Ok(ExitCode::SUCCESS)
}

fn wrong(words: &str) -> ExitCode {
    let _ = Failure::new(words).report();
    ExitCode::from(2)
}

fn by_signal(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

fn compare(arguments: &Arguments, output: &mut Output) -> Outcome {
    let words = |words: &Option<Words>| words.as_ref().map(|Words(words)| words.clone());
    let own = std::env::current_exe().unwrap_or_default();
    let own = own.to_string_lossy().into_owned();
    let place = match (&arguments.connect, &arguments.server_host) {
        (Some(address), _) => Place::At(address.clone()),
        (_, Some(host)) => Place::Ssh(host.clone()),
        _ => Place::Behind(words(&arguments.server_prefix).unwrap_or_default()),
    };
    let smcctl = match (&arguments.server_smcctl, &place) {
        (Some(smcctl), _) => smcctl.clone(),
        (None, Place::Ssh(_)) => "smcctl".to_owned(),
        _ => own,
    };
    let mut sides = [arguments.a.clone(), arguments.b.clone()];
    let options = words(&arguments.smc_run).unwrap_or_default();
    for side in &mut sides {
        if let Side::Smc(own) = side {
            own.extend(options.iter().cloned());
        }
    }
    let task = Task {
        client: arguments.command.clone(),
        input: arguments.stdin.clone(),
        server: words(&arguments.server),
        place,
        smcctl,
        port: arguments.port,
        timeout: Duration::from_secs(arguments.timeout),
        prepare: words(&arguments.prepare).unwrap_or_default(),
        custom: arguments.metric.clone(),
        warm_ups: arguments.warm_up,
    };
    let found = Session::start(task).and_then(|mut session| {
        if let Some(most) = arguments.tune {
            let tuned = tune(&mut session, &options, most);
            return tuned.map(|tuned| Found::Tuned(Box::new(tuned)));
        }
        let compared = session.compare(&sides, arguments.pairs);
        compared.map(|comparing| Found::Compared(Box::new(comparing)))
    });
    match found {
        Ok(Found::Compared(comparing)) => {
            keep(&comparing, arguments)?;
            show(&comparing, arguments, output)
        }
        Ok(Found::Tuned(tuned)) => {
            output.show(tuned.as_ref())?;
            let status = if tuned.is_smc() { 0 } else { NOT_SMC };
            Ok(ExitCode::from(status))
        }
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Interrupted(signal)) => {
            let _ = Failure::new("interrupted: nothing is left running").report();
            Ok(by_signal(signal))
        }
    }
}

enum Found {
    Compared(Box<Comparing>),
    Tuned(Box<Tuned>),
}

fn keep(comparing: &Comparing, arguments: &Arguments) -> Result<(), Failure> {
    match (&arguments.save, arguments.no_save) {
        (Some(path), _) => saved::save(comparing, path),
        (None, true) => Ok(()),
        (None, false) => {
            let place = saved::default_place(comparing);
            if let Some(Err(failure)) = place.map(|path| saved::save(comparing, &path)) {
                let _ = failure.report();
            }
            Ok(())
        }
    }
}

fn show(comparing: &Comparing, arguments: &Arguments, output: &mut Output) -> Outcome {
    let report = ComparisonReport::new(comparing);
    if let Some(path) = arguments.plot.as_ref().filter(|_| report.is_comparable()) {
        plot::plot(comparing, path)?;
    }
    if arguments.csv {
        output.say(report.csv().trim_end())?;
    } else if arguments.markdown {
        output.say(report.markdown().trim_end())?;
    } else {
        output.show(&report)?;
    }
    Ok(if report.is_comparable() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_SMC)
    })
}
