// SPDX-License-Identifier: MIT OR Apache-2.0
//! The variables of a unit's drop-in, and what else in the unit has a say in them.

use super::drop_in;
use super::dry_run::{self, is_smc_variable};
use super::unit::{self, Unit};
use crate::failure::Failure;
use crate::preload::{Libraries, SHIM, VARIABLE as PRELOAD};
use crate::smc_run::Variables;
use std::fs;
use std::path::PathBuf;

const REQUIRE: &str = "SMC_REQUIRE";

/// What the drop-in is to set for all programs of the unit, with these options of
/// `smc_run`. `before` is the text of the drop-in that is there.
///
/// # Errors
/// When a program cannot be preloaded, or something else sets these variables.
pub fn variables(
    unit: &Unit,
    options: &[String],
    before: Option<&str>,
) -> Result<Variables, Failure> {
    let own = without_drop_in(unit.variables()?, before);
    let own = with_manager_variables(own, unit::manager_variables()?);
    let is_required = options.iter().any(|option| option == "--require");
    let programs = unit.programs();
    if programs.is_empty() {
        return Err(Failure::new(format!(
            "{} starts no program: it has no ExecStart=",
            unit.name()
        )));
    }
    let mut variables = Variables::new();
    for program in programs {
        for (name, value) in dry_run::variables(unit, &program, options, &own)? {
            let is_asked_for = name != REQUIRE || is_required;
            let is_own = own.contains(&(name.clone(), value.clone()));
            let is_there = variables.iter().any(|(other, _)| *other == name);
            // A list that has the library already was not made by this drop-in.
            if is_asked_for && !is_own && !is_there {
                variables.push((name, value));
            }
        }
    }
    for (name, _) in &variables {
        if let Some(why) = overridden(unit, name) {
            return Err(why);
        }
    }
    Ok(variables)
}

/// The library among those that are preloaded.
#[must_use]
pub fn library(variables: &[(String, String)]) -> Option<PathBuf> {
    let (_, list) = variables.iter().find(|(name, _)| name == PRELOAD)?;
    let libraries = Libraries::parse(list.as_ref());
    libraries.find(SHIM).map(PathBuf::from)
}

/// What the unit has without the drop-in that is there: a variable that both set cannot be
/// seen, but the libraries that others preload are in our list, too.
fn without_drop_in(own: Variables, before: Option<&str>) -> Variables {
    let ours = before.map(drop_in::names).unwrap_or_default();
    own.into_iter()
        .filter_map(|(name, value)| match name.as_str() {
            PRELOAD if ours.contains(&PRELOAD) => {
                let others = Libraries::parse(value.as_ref()).without(SHIM).value()?;
                Some((name, others.to_string_lossy().into_owned()))
            }
            other if ours.contains(&other) => None,
            _ => Some((name, value)),
        })
        .collect()
}

/// systemd's own variables, which those of the unit replace.
fn with_manager_variables(mut own: Variables, manager: Variables) -> Variables {
    for (name, value) in manager {
        let is_known = name == PRELOAD || is_smc_variable(&name);
        if is_known && !own.iter().any(|(other, _)| *other == name) {
            own.push((name, value));
        }
    }
    own
}

/// What in the unit counts more than a variable of a drop-in.
fn overridden(unit: &Unit, name: &str) -> Option<Failure> {
    let unset = unit.words("UnsetEnvironment");
    let is_unset = |word: &&str| word.split('=').next() == Some(name);
    if unset.iter().any(is_unset) {
        return Some(Failure::new(format!(
            "UnsetEnvironment= of {} takes {name} away again",
            unit.name()
        )));
    }
    let file = unit
        .environment_files()
        .into_iter()
        .flat_map(|pattern| glob::glob(&pattern.to_string_lossy()).into_iter().flatten())
        .flatten()
        .find(|file| sets(&fs::read_to_string(file).unwrap_or_default(), name))?;
    let file = file.display();
    Some(Failure::new(format!(
        "{file} (EnvironmentFile= of {}) sets {name}, which counts more than a drop-in: \
         expected it in Environment= of the unit",
        unit.name()
    )))
}

/// Whether a file for `EnvironmentFile=` sets a variable.
fn sets(text: &str, name: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim_start().split_once('='))
        .any(|(other, _)| other.trim_end() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::fixtures::Tree;

    fn list(variables: &[(&str, &str)]) -> Variables {
        let owned = |(name, value): &(&str, &str)| (String::from(*name), String::from(*value));
        variables.iter().map(owned).collect()
    }

    #[test]
    fn what_others_preload_stays_when_a_service_is_enabled_again() {
        let ours = list(&[
            ("LD_PRELOAD", "/usr/lib/libsmc_shim.so:/x.so"),
            ("SMC_PORTS", "80"),
        ]);
        let before = drop_in::text(&ours);
        let seen = [ours, list(&[("LANG", "C")])].concat();
        let own = list(&[("LD_PRELOAD", "/x.so"), ("LANG", "C")]);
        assert_eq!(without_drop_in(seen.clone(), Some(&before)), own);
        assert_eq!(without_drop_in(seen.clone(), None), seen);
        assert_eq!(library(&seen), Some("/usr/lib/libsmc_shim.so".into()));
        assert_eq!(library(&own), None);
    }

    #[test]
    fn what_systemd_gives_to_all_is_kept_unless_the_unit_says_otherwise() {
        let manager = list(&[
            ("LD_PRELOAD", "/m.so"),
            ("PATH", "/bin"),
            ("SMC_PORTS", "1"),
        ]);
        let own = with_manager_variables(list(&[("SMC_PORTS", "2")]), manager);
        assert_eq!(own, list(&[("SMC_PORTS", "2"), ("LD_PRELOAD", "/m.so")]));
    }

    #[test]
    fn what_counts_more_than_a_drop_in_is_named() {
        let tree = Tree::new();
        tree.write("default", "# LD_PRELOAD=/no.so\nA=1\n LD_PRELOAD=/x.so\n");
        let file = tree.root().path("/default");
        let unit = Unit::parse(&format!(
            "Id=web.service\nEnvironmentFiles={} (ignore_errors=yes)\nUnsetEnvironment=SMC_HOSTS\n",
            file.display()
        ));
        let why = |name| overridden(&unit, name).map(|failure| failure.what().to_owned());
        assert!(why("LD_PRELOAD").is_some_and(|why| why.contains("/default (Env")));
        assert!(why("SMC_HOSTS").is_some_and(|why| why.contains("UnsetEnvironment=")));
        assert_eq!(why("SMC_PORTS"), None);
    }
}
