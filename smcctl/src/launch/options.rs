// SPDX-License-Identifier: MIT OR Apache-2.0
//! The options of `smc_run`.

use super::Refusal;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{value_parser, Arg, ArgAction, ArgMatches, Command};
use std::ffi::{OsStr, OsString};

const HELP: &str = "\
Usage: smc_run [options] [--] command [arguments]

Starts the command with its TCP connections over SMC where the kernel and the
peer support it, and over TCP otherwise. The command needs no change.

Connections (default: all):
  -p, --ports LIST      ports: 6379, 8000-8999, in:80 (listening only),
                        out:5432 (connecting only), * (any), !22 (not 22)
  -P, --processes LIST  programs by name or path: nginx, python3*, !curl
  -H, --hosts LIST      addresses or networks: 192.0.2.0/24, 2001:db8::/32, !::1

Sockets:
  -r, --rcvbuf SIZE     receive buffer in bytes, optionally with suffix k or m
  -t, --sndbuf SIZE     transmit buffer, likewise
      --socket KIND     auto (default), af_smc or ipproto_smc
      --require         fail instead of using TCP if SMC is not available

Output:
  -d, --debug           log for each connection what it uses and why
      --log-file PATH   append the log to this file [default: standard error]
  -n, --dry-run         print the environment and the command, do not start it
      --report          at the end print on standard error which connections
                        were SMC, and why others were not
  -h, --help            print this help
  -v, --version         print the version

Examples:
  smc_run redis-server
  smc_run -p 6379 redis-cli -h 192.0.2.1 ping
  smc_run -p in:80,in:443 -P nginx nginx -g 'daemon off;'
  smc_run -d -r 1m -t 1m iperf3 -c 192.0.2.1

Exit status: that of the command; or 1 the library is missing or does not load,
2 invalid option or value, 3 the command cannot use SMC and --require is given,
126 the command cannot be executed, 127 it is not found. See also: man smc_run
";

/// An option with a value: its variable, its forms, and what its value is.
struct Valued {
    variable: &'static str,
    forms: &'static [&'static str],
    expected: &'static str,
}

const PORTS: &str = "a list of ports, such as 6379,8000-8999";
const PROGRAMS: &str = "a list of programs, such as nginx,redis-*";
const HOSTS: &str = "a list of addresses or networks, such as 192.0.2.0/24";
const SIZE: &str = "a size, such as 512k";

#[rustfmt::skip]
const VALUED: [Valued; 7] = [
    Valued { variable: "SMC_PORTS", forms: &["-p", "--ports"], expected: PORTS },
    Valued { variable: "SMC_PROCESSES", forms: &["-P", "--processes"], expected: PROGRAMS },
    Valued { variable: "SMC_HOSTS", forms: &["-H", "--hosts"], expected: HOSTS },
    Valued { variable: "SMC_RCVBUF", forms: &["-r", "--rcvbuf"], expected: SIZE },
    Valued { variable: "SMC_SNDBUF", forms: &["-t", "--sndbuf"], expected: SIZE },
    Valued { variable: "SMC_SOCKET", forms: &["--socket"], expected: "auto, af_smc or ipproto_smc" },
    Valued { variable: "SMC_LOG_FILE", forms: &["--log-file"], expected: "the path of a file" },
];

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// A variable that an option sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub variable: &'static str,
    /// The option, as it was given.
    pub option: &'static str,
    /// The value.
    pub value: OsString,
}

/// What is on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What the options set.
    pub settings: Vec<Setting>,
    /// Print what would be started.
    pub is_dry_run: bool,
    /// Report the connections at the end.
    pub report: Option<Format>,
    /// The user's `LD_PRELOAD`, which smc_run keeps from this process.
    pub preload: Option<OsString>,
    /// The command and its arguments; not empty.
    pub command: Vec<OsString>,
}

/// What to do instead of starting a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Start a command.
    Start(Options),
    /// Print this text.
    Print(String),
}

fn grammar() -> Command {
    let mut command = Command::new("smc_run")
        .version(concat!("(smc-shim) ", env!("CARGO_PKG_VERSION")))
        .override_help(HELP)
        .no_binary_name(true)
        .args_override_self(true)
        .disable_help_flag(true)
        .disable_version_flag(true);
    // Each form is an argument of its own: messages name the one that was given.
    for Valued { forms, .. } in &VALUED {
        for &form in *forms {
            let others = forms.iter().filter(|other| **other != form).copied();
            let arg = flag(form)
                .action(ArgAction::Set)
                .value_parser(value_parser!(OsString))
                .allow_hyphen_values(true)
                .overrides_with_all(others);
            command = command.arg(arg);
        }
    }
    let switch = |id: &'static str, short: Option<char>| {
        let arg = flag(id).action(ArgAction::SetTrue);
        match short {
            Some(short) => arg.short(short),
            None => arg,
        }
    };
    command
        .arg(switch("--require", None))
        .arg(switch("--debug", Some('d')))
        .arg(switch("--dry-run", Some('n')))
        .arg(
            flag("--report")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("")
                .value_parser(["", "json"]),
        )
        .arg(
            flag("--preload")
                .require_equals(true)
                .value_parser(value_parser!(OsString)),
        )
        .arg(flag("--help").short('h').action(ArgAction::Help))
        .arg(flag("--version").short('v').action(ArgAction::Version))
        .arg(
            Arg::new("command")
                .num_args(0..)
                .trailing_var_arg(true)
                .value_parser(value_parser!(OsString)),
        )
}

/// The argument whose form is `id`.
fn flag(id: &'static str) -> Arg {
    match id.strip_prefix("--") {
        Some(long) => Arg::new(id).long(long),
        None => Arg::new(id).short(id.chars().nth(1)),
    }
}

/// Parses the arguments behind `smc_run`.
///
/// # Errors
/// When an option is unknown, or its value is missing.
pub fn parse(arguments: Vec<OsString>) -> Result<Parsed, Refusal> {
    match grammar().try_get_matches_from(arguments) {
        Ok(mut matches) => options(&mut matches).map(Parsed::Start),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            Ok(Parsed::Print(error.render().to_string()))
        }
        Err(error) => Err(refusal(&error)),
    }
}

fn options(matches: &mut ArgMatches) -> Result<Options, Refusal> {
    let mut settings = Vec::new();
    for valued in &VALUED {
        for &option in valued.forms {
            if let Some(value) = matches.remove_one::<OsString>(option) {
                if value.is_empty() {
                    return Err(missing(option, valued.expected));
                }
                let variable = valued.variable;
                settings.push(Setting {
                    variable,
                    option,
                    value,
                });
            }
        }
    }
    for (option, variable) in [("--require", "SMC_REQUIRE"), ("--debug", "SMC_DEBUG")] {
        if matches.get_flag(option) {
            settings.push(Setting {
                variable,
                option,
                value: OsStr::new("1").to_owned(),
            });
        }
    }
    let report = matches.remove_one::<String>("--report");
    let preload = matches.remove_one("--preload");
    let command: Vec<_> = matches
        .remove_many("command")
        .into_iter()
        .flatten()
        .collect();
    if command.is_empty() {
        return Err(Refusal::new(2, "missing command; see smc_run -h"));
    }
    Ok(Options {
        settings,
        is_dry_run: matches.get_flag("--dry-run"),
        report: report.map(|format| match &*format {
            "json" => Format::Json,
            _ => Format::Text,
        }),
        preload,
        command,
    })
}

fn missing(option: &str, expected: &str) -> Refusal {
    Refusal::new(2, format!("{option}: missing value: expected {expected}"))
}

fn refusal(error: &clap::Error) -> Refusal {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    // `--ports <--ports>`, `--report[=<--report>]`
    let option = context(ContextKind::InvalidArg);
    let option = option.split([' ', '[', '=']).next().unwrap_or_default();
    let value = context(ContextKind::InvalidValue);
    let valued = VALUED.iter().find(|valued| valued.forms.contains(&option));
    match (error.kind(), valued) {
        (ErrorKind::UnknownArgument, _) => {
            Refusal::new(2, format!("{option}: unknown option; see smc_run -h"))
        }
        (ErrorKind::InvalidValue, Some(valued)) if value.is_empty() => {
            missing(option, valued.expected)
        }
        (ErrorKind::InvalidValue, None) => Refusal::new(
            2,
            format!("{option}: invalid value \"{value}\": expected json"),
        ),
        _ => Refusal::new(2, format!("{option}: unexpected value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(arguments: &[&str]) -> String {
        let arguments = arguments.iter().map(OsString::from).collect();
        parse(arguments).unwrap_err().to_string()
    }

    #[test]
    fn the_grammar_is_consistent() {
        grammar().debug_assert();
    }

    #[test]
    fn a_message_names_the_form_that_was_given() {
        assert!(refused(&["-p", "80", "--ports="]).starts_with("--ports: missing value"));
        assert!(refused(&["--ports", "80", "-p", "", "x"]).starts_with("-p: missing value"));
        assert_eq!(refused(&["-x"]), "-x: unknown option; see smc_run -h");
        assert_eq!(refused(&["--debug=1", "x"]), "--debug: unexpected value");
    }
}
