// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `smcctl compare`.

use crate::compare::metrics::custom::Custom;
use crate::compare::side::Side;
use crate::compare::tune::FEWEST_RUNS;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  smcctl compare --server 'redis-server --port 6379' -- redis-benchmark -q -t set
  smcctl compare -n 20 --plot web.svg --server 'nginx -g \"daemon off;\"' -- \\
      wrk -d 2 http://127.0.0.1/
  smcctl compare --server-host db1 --server 'iperf3 -s' -- iperf3 -c db1 -t 2
  smcctl compare --server 'redis-server' --stdin commands.txt -- redis-cli --pipe
  smcctl compare --metric 'rate=did ([0-9.]+) a second:ops/s' -- ./my-client

Exit status:
  0    compared, whatever the result
  1    failed; no process is left running
  2    usage error
  3    some connections were not SMC; the result says why
  128 + N  ended by signal N (130: Ctrl-C); no process is left running";

/// Arguments of `smcctl compare`.
#[derive(Debug, Args)]
#[command(
    override_usage = "smcctl compare [OPTIONS] [--server COMMAND] -- CLIENT [ARGUMENTS]\n       \
                      smcctl compare --show FILE\n       smcctl compare --against OLD NEW",
    after_help = EXAMPLES
)]
pub struct Arguments {
    /// The server's command line, started for each run
    #[arg(long, value_name = "COMMAND", value_parser = split, help_heading = "What is run")]
    pub server: Option<Words>,
    /// The port of the server [default: the first on which it listens]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), help_heading = "What is run")]
    pub port: Option<u16>,
    /// A command to run before each run of the client
    #[arg(long, value_name = "COMMAND", value_parser = split, help_heading = "What is run")]
    pub prepare: Option<Words>,
    /// The client's standard input in each run [default: empty]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What is run")]
    pub stdin: Option<String>,
    /// Options of smc_run for both programs, such as '-t 1m -r 1m'
    #[arg(long, value_name = "OPTIONS", value_parser = split, allow_hyphen_values = true, help_heading = "What is run")]
    pub smc_run: Option<Words>,
    /// Number of measured pairs of runs
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10, value_parser = count, help_heading = "How it is measured")]
    pub pairs: usize,
    /// Number of pairs of runs before these
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = count, help_heading = "How it is measured")]
    pub warm_up: usize,
    /// Time limit of each run
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..), help_heading = "How it is measured")]
    pub timeout: u64,
    /// A number in the output of the client: the group of REGEX
    #[arg(
        long,
        value_name = "NAME=REGEX[:UNIT][:higher|lower]",
        help_heading = "How it is measured"
    )]
    pub metric: Vec<Custom>,
    /// Find the best buffer sizes and (as root) kernel settings for this workload over
    /// SMC, in at most RUNS runs
    #[arg(long, value_name = "RUNS", num_args = 0..=1, default_missing_value = "40", value_parser = tuning_runs, conflicts_with_all = ["csv", "markdown"], help_heading = "How it is measured")]
    pub tune: Option<usize>,
    /// Print every sample as comma-separated values
    #[arg(long, conflicts_with_all = ["json", "markdown"], help_heading = "The result")]
    pub csv: bool,
    /// Print the table in Markdown
    #[arg(long, conflicts_with = "json", help_heading = "The result")]
    pub markdown: bool,
    /// Draw a picture: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE", help_heading = "The result")]
    pub plot: Option<PathBuf>,
    /// Save the result in this file [default: one in ~/.local/state/smcctl/compare]
    #[arg(long, value_name = "FILE", help_heading = "The result")]
    pub save: Option<PathBuf>,
    /// Do not save the result
    #[arg(long, conflicts_with = "save", help_heading = "The result")]
    pub no_save: bool,
    /// Show a saved result
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "command"], help_heading = "The result")]
    pub show: Option<PathBuf>,
    /// Compare two saved results
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["server", "command", "show"], help_heading = "The result")]
    pub against: Vec<PathBuf>,
    /// Run the server on this host, by ssh; smcctl must be installed there
    #[arg(
        long,
        value_name = "HOST",
        requires = "server",
        help_heading = "Two hosts"
    )]
    pub server_host: Option<String>,
    /// Prefix for the server's command, such as 'ip netns exec other'
    #[arg(long, value_name = "COMMAND", requires = "server", conflicts_with = "server_host", value_parser = split, help_heading = "Two hosts")]
    pub server_prefix: Option<Words>,
    /// The path of smcctl there
    #[arg(long, value_name = "PATH", help_heading = "Two hosts")]
    pub server_smcctl: Option<String>,
    /// Be one side only; start the other side on the other host
    #[arg(long, value_enum, help_heading = "Two hosts")]
    pub role: Option<Role>,
    /// The address of the server's side. Whoever connects can start and stop the server,
    /// and nothing else
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        required_if_eq("role", "server"),
        help_heading = "Two hosts"
    )]
    pub listen: Option<String>,
    /// The address to connect to, that of the server's side
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        required_if_eq("role", "client"),
        conflicts_with = "server",
        help_heading = "Two hosts"
    )]
    pub connect: Option<String>,
    /// One side of the comparison: tcp, smc, or a prefix for the commands.
    #[arg(long, hide = true, default_value = "tcp")]
    pub a: Side,
    /// The other side.
    #[arg(long, hide = true, default_value = "smc")]
    pub b: Side,
    /// The client's command line
    #[arg(last = true, value_name = "CLIENT")]
    pub command: Vec<String>,
}

/// The side that this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Starts and stops the server for the client's side
    Server,
    /// Runs the client and compares
    Client,
    /// The internal role of the processes that smcctl starts.
    #[value(hide = true)]
    Runner,
}

/// A command line, split as by a shell.
#[derive(Clone, Debug)]
pub struct Words(pub Vec<String>);

fn split(text: &str) -> Result<Words, String> {
    match shell_words::split(text) {
        Ok(words) if words.is_empty() => Err("expected a command line".to_owned()),
        Ok(words) => Ok(Words(words)),
        Err(error) => Err(error.to_string()),
    }
}

fn tuning_runs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ FEWEST_RUNS..=10_000) => Ok(count),
        _ => Err(format!("expected {FEWEST_RUNS} to 10000 runs")),
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 0..=10_000) => Ok(count),
        _ => Err("expected 0 to 10000".to_owned()),
    }
}
