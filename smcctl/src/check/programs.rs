// SPDX-License-Identifier: MIT OR Apache-2.0
//! Is the shim installed, and can a program be preloaded?
//!
//! A dry run of smc_run shows both: it does everything but start the program, and
//! fails for a program that cannot be preloaded.

use super::finding::Finding;
use crate::failure::{quoted, words};
use crate::preload::{Libraries, SHIM, VARIABLE};
use crate::smc_run::{self, parse_dry_run, CANNOT_PRELOAD};
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

const WHY: &str = "smc_run makes TCP programs use SMC; programs that use SMC themselves need none";

/// The result of a dry run of smc_run.
struct DryRun {
    status: Option<i32>,
    out: String,
    error: String,
}

fn dry_run(smc_run: &Path, program: &str) -> Result<DryRun, String> {
    let mut command = Command::new(smc_run);
    command.args(["--require", "--dry-run", "--", program]);
    // The user's settings do not matter for the library and the program.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("SMC_") {
            command.env_remove(name);
        }
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {}: {}", smc_run.display(), words(&error)))?;
    Ok(DryRun {
        status: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        error: smc_run::error(&String::from_utf8_lossy(&output.stderr)).to_owned(),
    })
}

/// Checks the shim, and the program if one is named.
#[must_use]
pub fn findings(program: Option<&str>) -> Vec<Finding> {
    let smc_run = match smc_run::find() {
        Ok(path) => path,
        Err(failure) => {
            let mut findings = vec![Finding::warning("shim", failure.what(), WHY)];
            findings.extend(program.map(|program| {
                let what = format!("cannot check {program} without smc_run");
                Finding::problem("program", what, WHY)
            }));
            return findings;
        }
    };
    let mut findings = vec![shim_finding(&smc_run, dry_run(&smc_run, "true"))];
    if let Some(program) = program {
        findings.push(program_finding(
            &smc_run,
            program,
            dry_run(&smc_run, program),
        ));
    }
    if env::var_os("SMC_DISABLE").is_some_and(|value| value == "1") {
        let why = "the shim does nothing in programs that inherit this";
        let finding = Finding::warning("shim", "SMC_DISABLE=1 is set in this environment", why);
        findings.push(finding.fixed_by("unset SMC_DISABLE"));
    }
    findings
}

fn shim_finding(smc_run: &Path, run: Result<DryRun, String>) -> Finding {
    match run {
        Ok(run) if run.status == Some(0) => {
            let variables = parse_dry_run(&run.out).unwrap_or_default();
            let list = variables.into_iter().find(|(name, _)| name == VARIABLE);
            let libraries = Libraries::parse(list.unwrap_or_default().1.as_ref());
            let library = libraries.find(SHIM).unwrap_or(Path::new(SHIM)).display();
            Finding::ok("shim", format!("{} with {library}", smc_run.display()), WHY)
        }
        Ok(run) => Finding::warning("shim", run.error, WHY),
        Err(error) => Finding::warning("shim", error, WHY),
    }
}

fn program_finding(smc_run: &Path, program: &str, run: Result<DryRun, String>) -> Finding {
    let why = "a program that cannot be preloaded stays on TCP";
    match run {
        Ok(run) if run.status == Some(0) => {
            let command = format!("{} {}", quoted(&smc_run.to_string_lossy()), quoted(program));
            Finding::ok(
                "program",
                format!("{program} can be preloaded: {command}"),
                why,
            )
        }
        Ok(run) if run.status == Some(CANNOT_PRELOAD) => {
            Finding::problem("program", run.error, why)
        }
        Ok(run) => Finding::problem("program", run.error, why),
        Err(error) => Finding::problem("program", error, why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn run(status: i32, out: &str, error: &str) -> DryRun {
        DryRun {
            status: Some(status),
            out: out.to_owned(),
            error: error.to_owned(),
        }
    }

    #[test]
    fn the_result_of_a_dry_run_becomes_a_finding() {
        let smc_run = Path::new("/usr/bin/smc_run");
        let found = shim_finding(
            smc_run,
            Ok(run(
                0,
                "SMC_REQUIRE=1 LD_PRELOAD=/usr/lib/libsmc_shim.so true",
                "",
            )),
        );
        assert_eq!(found.what, "/usr/bin/smc_run with /usr/lib/libsmc_shim.so");
        let found = shim_finding(
            smc_run,
            Ok(run(1, "", "cannot find libsmc_shim.so in /usr/lib")),
        );
        assert_eq!(found.level, Level::Warning);
        let found = program_finding(smc_run, "caddy", Ok(run(3, "", "caddy is a Go program")));
        assert_eq!(
            (found.level, found.what.as_str()),
            (Level::Problem, "caddy is a Go program")
        );
        let found = program_finding(
            smc_run,
            "nosuch",
            Ok(run(127, "", "nosuch: command not found")),
        );
        assert_eq!(found.level, Level::Problem);
    }
}
