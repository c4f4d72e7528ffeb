// SPDX-License-Identifier: MIT OR Apache-2.0
//! Is the shim installed, and can a program be preloaded?
//!
//! smc_run knows both, so it is asked: its dry run does everything but start the
//! program, and refuses what it could not help.

use super::finding::Finding;
use crate::failure::{quoted, words};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Exit status of smc_run when the program cannot be preloaded.
const CANNOT: i32 = 3;

const WHY: &str =
    "smc_run is what puts TCP programs on SMC; programs with SMC of their own need none";

/// What a dry run of smc_run said.
struct Said {
    status: Option<i32>,
    out: String,
    error: String,
}

/// Where smc_run is: beside this program, in the checkout it was built in, in PATH.
pub(crate) fn smc_run() -> Option<PathBuf> {
    let own = env::current_exe().ok()?;
    let folder = own.parent()?;
    let in_checkout = folder
        .ancestors()
        .skip(1)
        .take(4)
        .filter(|up| up.join("Cargo.toml").is_file())
        .map(|up| up.join("smc_run"));
    let path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(folder.join("smc_run"))
        .chain(in_checkout)
        .chain(env::split_paths(&path).map(|folder| folder.join("smc_run")))
        .find(|file| file.is_file())
}

fn dry_run(smc_run: &Path, program: &str) -> Result<Said, String> {
    let mut command = Command::new(smc_run);
    command.args(["--require", "--dry-run", "--", program]);
    // It is the library and the program that are asked about, not these settings.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("SMC_") {
            command.env_remove(name);
        }
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} cannot be run: {}", smc_run.display(), words(&error)))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(Said {
        status: output.status.code(),
        out: text(&output.stdout),
        error: text(&output.stderr)
            .trim_start_matches("smc_run: ")
            .to_owned(),
    })
}

/// About the shim, and about a program when one is named.
#[must_use]
pub fn findings(program: Option<&str>) -> Vec<Finding> {
    let Some(smc_run) = smc_run() else {
        let mut findings = vec![Finding::warning(
            "shim",
            "smc_run is neither beside smcctl nor in PATH",
            WHY,
        )];
        findings.extend(program.map(|program| {
            Finding::problem(
                "program",
                format!("nothing can be said of {program} without smc_run"),
                WHY,
            )
        }));
        return findings;
    };
    let mut findings = vec![judge_shim(&smc_run, dry_run(&smc_run, "true"))];
    if let Some(program) = program {
        findings.push(judge_program(&smc_run, program, dry_run(&smc_run, program)));
    }
    if env::var_os("SMC_DISABLE").is_some_and(|value| value == "1") {
        let why = "the shim does nothing in programs that inherit it";
        let finding = Finding::warning("shim", "SMC_DISABLE is 1 in this environment", why);
        findings.push(finding.fixed_by("unset SMC_DISABLE"));
    }
    findings
}

fn judge_shim(smc_run: &Path, said: Result<Said, String>) -> Finding {
    match said {
        Ok(said) if said.status == Some(0) => {
            let library = said
                .out
                .split_whitespace()
                .find_map(|word| word.strip_prefix("LD_PRELOAD="))
                .and_then(|list| list.split(':').next())
                .unwrap_or_default()
                .to_owned();
            Finding::ok("shim", format!("{} with {library}", smc_run.display()), WHY)
        }
        Ok(said) => Finding::warning("shim", said.error, WHY),
        Err(error) => Finding::warning("shim", error, WHY),
    }
}

fn judge_program(smc_run: &Path, program: &str, said: Result<Said, String>) -> Finding {
    let why = "a program that cannot be preloaded stays on TCP";
    match said {
        Ok(said) if said.status == Some(0) => {
            let command = format!("{} {}", quoted(&smc_run.to_string_lossy()), quoted(program));
            Finding::ok(
                "program",
                format!("{program} can be preloaded: {command}"),
                why,
            )
        }
        Ok(said) if said.status == Some(CANNOT) => {
            let what = said.error.split("; not started").next().unwrap_or_default();
            Finding::problem("program", what, why)
        }
        Ok(said) => Finding::problem("program", said.error, why),
        Err(error) => Finding::problem("program", error, why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn said(status: i32, out: &str, error: &str) -> Said {
        Said {
            status: Some(status),
            out: out.to_owned(),
            error: error.to_owned(),
        }
    }

    #[test]
    fn smc_runs_answers_are_understood() {
        let run = Path::new("/usr/bin/smc_run");
        let found = judge_shim(
            run,
            Ok(said(
                0,
                "SMC_REQUIRE=1 LD_PRELOAD=/usr/lib/libsmc_shim.so true",
                "",
            )),
        );
        assert_eq!(found.what, "/usr/bin/smc_run with /usr/lib/libsmc_shim.so");
        let found = judge_shim(
            run,
            Ok(said(1, "", "there is no libsmc_shim.so in /usr/lib")),
        );
        assert_eq!(found.level, Level::Warning);
        let found = judge_program(
            run,
            "caddy",
            Ok(said(
                3,
                "",
                "caddy is a Go program; not started because of --require",
            )),
        );
        assert_eq!(
            (found.level, found.what.as_str()),
            (Level::Problem, "caddy is a Go program")
        );
        let found = judge_program(
            run,
            "nosuch",
            Ok(said(127, "", "nosuch: command not found")),
        );
        assert_eq!(found.level, Level::Problem);
    }
}
