// SPDX-License-Identifier: MIT OR Apache-2.0
//! The variables of a drop-in, and what in the unit overrides them.

use super::drop_in;
use super::dry_run::{self, is_smc_variable};
use super::unit::{self, Unit};
use crate::failure::Failure;
use crate::preload::{Libraries, SHIM, VARIABLE as PRELOAD};
use crate::smc_run::Variables;
use std::fs;
use std::path::PathBuf;

const REQUIRE: &str = "SMC_REQUIRE";

/// Returns the variables for all programs of the unit, with these options of `smc_run`.
/// `before` is the text of the existing drop-in.
///
/// # Errors
/// When a program cannot be preloaded, or the unit overrides a variable.
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
        return Err(Failure::new(format!("{} has no ExecStart=", unit.name())));
    }
    let mut variables = Variables::new();
    for program in programs {
        for (name, value) in dry_run::variables(unit, &program, options, &own)? {
            let is_requested = name != REQUIRE || is_required;
            let is_own = own.contains(&(name.clone(), value.clone()));
            let is_set = variables.iter().any(|(other, _)| *other == name);
            // A list that contains the library already is not from this drop-in.
            if is_requested && !is_own && !is_set {
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

/// Returns the path of the shim in `LD_PRELOAD`.
#[must_use]
pub fn library(variables: &[(String, String)]) -> Option<PathBuf> {
    let (_, list) = variables.iter().find(|(name, _)| name == PRELOAD)?;
    let libraries = Libraries::parse(list.as_ref());
    libraries.find(SHIM).map(PathBuf::from)
}

/// Returns the variables without those of the existing drop-in. The other libraries in its
/// `LD_PRELOAD` are kept.
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

/// Adds the variables of the manager that the unit does not set.
fn with_manager_variables(mut own: Variables, manager: Variables) -> Variables {
    for (name, value) in manager {
        let is_known = name == PRELOAD || is_smc_variable(&name);
        if is_known && !own.iter().any(|(other, _)| *other == name) {
            own.push((name, value));
        }
    }
    own
}

/// Why the unit overrides a variable of the drop-in.
fn overridden(unit: &Unit, name: &str) -> Option<Failure> {
    let unset = unit.words("UnsetEnvironment");
    let is_unset = |word: &&str| word.split('=').next() == Some(name);
    if unset.iter().any(is_unset) {
        return Some(Failure::new(format!(
            "UnsetEnvironment= of {} removes {name}",
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
        "{file} (EnvironmentFile= of {}) overrides {name}: expected it in Environment=",
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
    fn other_libraries_are_kept_when_enabled_again() {
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
    fn variables_of_the_manager_are_kept() {
        let manager = list(&[
            ("LD_PRELOAD", "/m.so"),
            ("PATH", "/bin"),
            ("SMC_PORTS", "1"),
        ]);
        let own = with_manager_variables(list(&[("SMC_PORTS", "2")]), manager);
        assert_eq!(own, list(&[("SMC_PORTS", "2"), ("LD_PRELOAD", "/m.so")]));
    }

    #[test]
    fn what_overrides_a_variable_is_named() {
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
