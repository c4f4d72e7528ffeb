// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is compared: TCP, SMC with options of `smc_run`, or, to try the comparison
//! itself out, any command to put before the others; and what a program is started
//! with for that.

use crate::failure::{words, Failure};
use crate::preload::{self, Libraries};
use crate::smc_run;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::process::{Command, Stdio};
use std::str::FromStr;

/// One of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// As it is.
    Tcp,
    /// By `smc_run` with these options.
    Smc(Vec<String>),
    /// With these words before the command.
    Prefix(Vec<String>),
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = shell_words::split(text).map_err(|error| error.to_string())?;
        match words.first().map(String::as_str) {
            None => Err("expected tcp, smc or a command".to_owned()),
            Some("tcp") if words.len() == 1 => Ok(Self::Tcp),
            Some("smc") => Ok(Self::Smc(words.split_off(1))),
            _ => Ok(Self::Prefix(words)),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("TCP"),
            Self::Smc(options) if options.is_empty() => f.write_str("SMC"),
            Self::Smc(options) => write!(f, "SMC {}", shell_words::join(options)),
            Self::Prefix(words) => f.write_str(&shell_words::join(words)),
        }
    }
}

/// What is executed, and with which variables (`None`: without).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The command.
    pub words: Vec<String>,
    /// What is different in its environment.
    pub variables: BTreeMap<String, Option<OsString>>,
}

impl Side {
    /// Whether it is to be SMC.
    #[must_use]
    pub fn is_smc(&self) -> bool {
        matches!(self, Self::Smc(_))
    }

    /// Whether lists say what is SMC and what is TCP.
    #[must_use]
    pub fn has_lists(&self) -> bool {
        const LISTS: [&str; 6] = ["-p", "-P", "-H", "--ports", "--processes", "--hosts"];
        let is_given = |option: &String| LISTS.iter().any(|list| option.starts_with(list));
        matches!(self, Self::Smc(options) if options.iter().any(is_given))
            || ["SMC_PORTS", "SMC_PROCESSES", "SMC_HOSTS"]
                .iter()
                .any(|list| std::env::var_os(list).is_some())
    }

    /// Whether it may be asked for by whoever can reach this host's port: it runs no
    /// command but the one that was named here, and writes to no file.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        let is_size = |word: &str| {
            let digits = word.trim_end_matches(['k', 'm', 'K', 'M']);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        match self {
            Self::Tcp => true,
            Self::Prefix(_) => false,
            Self::Smc(options) => options.chunks(2).all(|option| match option {
                [name, size] => ["-t", "-r"].contains(&name.as_str()) && is_size(size),
                _ => false,
            }),
        }
    }

    /// How `command` is started on this side.
    ///
    /// # Errors
    /// What `smc_run` has against it.
    pub fn prepare(&self, command: &[String]) -> Result<Prepared, Failure> {
        let mut words = command.to_vec();
        let variables = match self {
            Self::Tcp => without_shim(),
            Self::Smc(options) => by_smc_run(options, command)?,
            Self::Prefix(prefix) => {
                words.splice(0..0, prefix.iter().cloned());
                without_shim()
            }
        };
        Ok(Prepared { words, variables })
    }
}

fn without_shim() -> BTreeMap<String, Option<OsString>> {
    let list = std::env::var_os(preload::VARIABLE).unwrap_or_default();
    let others = Libraries::parse(&list).without(preload::SHIM);
    BTreeMap::from([(preload::VARIABLE.to_owned(), others.value())])
}

/// `smc_run` itself takes time that no connection needs: it is asked once, before,
/// what it would start the command with.
fn by_smc_run(
    options: &[String],
    command: &[String],
) -> Result<BTreeMap<String, Option<OsString>>, Failure> {
    let smc_run = smc_run::find_own()?;
    let output = Command::new(&smc_run)
        .args(options)
        .arg("--dry-run")
        .arg("--")
        .args(command)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::new(format!("{}: {}", smc_run.display(), words(&error))))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("smc_run failed").to_owned();
        return Err(Failure::new(said));
    }
    Ok(variables(&String::from_utf8_lossy(&output.stdout)))
}

/// The variables in what `smc_run --dry-run` prints.
fn variables(line: &str) -> BTreeMap<String, Option<OsString>> {
    let words = shell_words::split(line).unwrap_or_default();
    let variables = words.iter().map_while(|word| {
        let (name, value) = word.split_once('=')?;
        let is_one = ["LD_PRELOAD", "ASAN_OPTIONS"].contains(&name) || name.starts_with("SMC_");
        is_one.then(|| (name.to_owned(), Some(value.into())))
    });
    variables.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_by_name() {
        assert_eq!("tcp".parse(), Ok(Side::Tcp));
        assert_eq!("smc".parse(), Ok(Side::Smc(Vec::new())));
        let large: Side = "smc -t 1m -r 1m".parse().unwrap();
        assert_eq!(large.to_string(), "SMC -t 1m -r 1m");
        assert!(large.is_smc() && large.is_harmless());
        let slow: Side = "sh -c 'sleep 1; exec \"$@\"' -".parse().unwrap();
        assert!(!slow.is_smc() && !slow.is_harmless());
        assert!(!"smc --log-file x".parse::<Side>().unwrap().is_harmless());
        assert!("".parse::<Side>().is_err() && "'".parse::<Side>().is_err());
    }

    #[test]
    fn the_environment_is_what_smc_run_says() {
        let line = "SMC_SNDBUF=1m ASAN_OPTIONS='a=0:b=1' LD_PRELOAD='/opt/a b.so' \
                    redis-server --x=y";
        let found = variables(line);
        assert_eq!(found.len(), 3);
        assert_eq!(found["ASAN_OPTIONS"], Some("a=0:b=1".into()));
        assert_eq!(found["SMC_SNDBUF"], Some("1m".into()));
        assert_eq!(found["LD_PRELOAD"], Some("/opt/a b.so".into()));
    }
}
