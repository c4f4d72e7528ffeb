// SPDX-License-Identifier: MIT OR Apache-2.0
//! Findings about differences between the kernel and the configuration file.

use super::current::{has, Current};
use super::parse::{parse, Problem};
use super::{Line, Setting, FILE};
use crate::check::finding::Finding;
use crate::check::Privilege;
use crate::output::plural;
use crate::system::files::Root;

const SUBJECT: &str = "conf";

/// Compares the kernel with the file, if there is one. `current` is what the kernel has,
/// `None` while SMC is not in it.
#[must_use]
pub fn findings(root: &Root, current: Option<&Current>, privilege: Privilege) -> Vec<Finding> {
    let Some(text) = root.text(FILE) else {
        return Vec::new();
    };
    match parse(&text) {
        Err(problems) => problems.into_iter().map(unreadable).collect(),
        Ok(lines) => compared(&lines, current, privilege),
    }
}

fn unreadable(Problem { line, what }: Problem) -> Finding {
    let why = "smcctl apply does not apply a file with an error";
    Finding::warning(SUBJECT, format!("{FILE}:{line}: {what}"), why)
}

fn compared(lines: &[Line], current: Option<&Current>, privilege: Privilege) -> Vec<Finding> {
    let apply = privilege.command("smcctl apply");
    let Some(current) = current else {
        let what = format!(
            "{FILE}: smc is not loaded, so none of {} is set",
            plural(lines.len(), "setting")
        );
        let why = "smcctl apply sets them, and smc-shim.service does so at boot";
        return vec![Finding::warning(SUBJECT, what, why).fixed_by(apply)];
    };
    let mut findings = Vec::new();
    for Line { number, setting } in lines {
        if !has(current, setting) {
            let what = format!("{FILE}:{number}: not set in the kernel: {setting}");
            let why = "it was changed, or not applied yet";
            findings.push(Finding::warning(SUBJECT, what, why).fixed_by(&apply));
        }
    }
    for setting in current.settings().0 {
        if setting != Setting::Load && !lines.iter().any(|line| covers(line, &setting)) {
            let what = format!("set in the kernel, not in {FILE}: {setting}");
            let why = "it is lost at the next boot";
            let save = privilege.command("smcctl save");
            findings.push(Finding::note(SUBJECT, what, why).fixed_by(save));
        }
    }
    if findings.is_empty() {
        let what = format!(
            "the kernel has all of {FILE} ({})",
            plural(lines.len(), "setting")
        );
        let why = "smc-shim.service sets it again at boot if it is enabled";
        findings.push(Finding::ok(SUBJECT, what, why));
    }
    findings
}

/// Whether a line sets the same thing. A different value has its own finding.
fn covers(line: &Line, setting: &Setting) -> bool {
    line.setting.sets_the_same(setting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::Level;
    use crate::system::fixtures::Tree;

    fn found(file: &str, current: Option<&Current>) -> Vec<Finding> {
        let tree = Tree::new();
        tree.write("etc/smc-shim.conf", file);
        findings(&tree.root(), current, Privilege::Root)
    }

    #[test]
    fn without_a_file_there_is_no_finding() {
        let root = Tree::new();
        assert!(findings(&root.root(), Some(&Current::default()), Privilege::Root).is_empty());
    }

    #[test]
    fn a_difference_names_its_line_and_which_side_has_it() {
        let current = Current {
            ueids: vec!["A".to_owned(), "C".to_owned()],
            sysctls: vec![("net.smc.wmem".to_owned(), "70000".to_owned())],
            ..Current::default()
        };
        let file = "ueid A\nueid B\nnet.smc.wmem = 80000\n";
        let findings = found(file, Some(&current));
        let whats: Vec<_> = findings.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(
            whats,
            [
                "/etc/smc-shim.conf:3: not set in the kernel: net.smc.wmem = 80000",
                "/etc/smc-shim.conf:2: not set in the kernel: ueid B",
                "set in the kernel, not in /etc/smc-shim.conf: ueid C",
            ]
        );
        assert_eq!(findings[0].fix, ["smcctl apply"]);
        assert_eq!(findings[2].level, Level::Note);
    }

    #[test]
    fn equal_settings_are_ok() {
        let current = Current {
            loaded: true,
            ueids: vec!["A".to_owned()],
            ..Current::default()
        };
        let findings = found("load\nueid A\n", Some(&current));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].level, Level::Ok);
        assert!(findings[0].what.contains("(2 settings)"), "{findings:?}");
    }

    #[test]
    fn without_smc_the_file_is_parsed() {
        let findings = found("load\n", None);
        assert_eq!(findings[0].fix, ["smcctl apply"]);
        let findings = found("\nlaod\n", None);
        assert!(findings[0]
            .what
            .starts_with("/etc/smc-shim.conf:2: unknown setting \"laod\""));
    }
}
