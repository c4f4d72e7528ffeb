// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the kernel and the file are not the same, as the doctor tells it.

use super::current::{has, Current};
use super::parse::{parse, Problem};
use super::{Line, Setting, FILE};
use crate::check::finding::Finding;
use crate::check::Privilege;
use crate::system::files::Root;

const SUBJECT: &str = "conf";

/// What there is to say; nothing where there is no file. `now` is what the kernel has,
/// `None` while SMC is not in it.
#[must_use]
pub fn findings(root: &Root, now: Option<&Current>, privilege: Privilege) -> Vec<Finding> {
    let Some(text) = root.text(FILE) else {
        return Vec::new();
    };
    match parse(&text) {
        Err(problems) => problems.into_iter().map(unreadable).collect(),
        Ok(lines) => compared(&lines, now, privilege),
    }
}

fn unreadable(Problem { line, what }: Problem) -> Finding {
    let why = "nothing of a file with an error is applied";
    Finding::warning(SUBJECT, format!("{FILE}:{line}: {what}"), why)
}

fn compared(lines: &[Line], now: Option<&Current>, privilege: Privilege) -> Vec<Finding> {
    let apply = privilege.command("smcctl apply");
    let Some(now) = now else {
        let what = format!(
            "{FILE}: nothing of it is in force, smc is not loaded ({} to set)",
            settings(lines.len())
        );
        let why = "what the file says is set by smcctl apply, and by smc-shim.service at boot";
        return vec![Finding::warning(SUBJECT, what, why).fixed_by(apply)];
    };
    let mut findings = Vec::new();
    for Line { number, setting } in lines {
        if !has(now, setting) {
            let what = format!("{FILE}:{number}: not so in the kernel: {setting}");
            let why = "somebody changed it, or it has not been applied yet";
            findings.push(Finding::warning(SUBJECT, what, why).fixed_by(&apply));
        }
    }
    for setting in now.settings().0 {
        if setting != Setting::Load && !lines.iter().any(|line| covers(line, &setting)) {
            let what = format!("set in the kernel, not in {FILE}: {setting}");
            let why = "it is forgotten with the next boot";
            let save = privilege.command("smcctl save");
            findings.push(Finding::note(SUBJECT, what, why).fixed_by(save));
        }
    }
    if findings.is_empty() {
        let what = format!("all is as {FILE} says ({})", settings(lines.len()));
        let why = "smc-shim.service sets it again at boot, where it is enabled";
        findings.push(Finding::ok(SUBJECT, what, why));
    }
    findings
}

/// Whether the file speaks of a setting; if it says otherwise, that has been told.
fn covers(line: &Line, setting: &Setting) -> bool {
    line.setting.is_about_the_same(setting)
}

fn settings(count: usize) -> String {
    format!("{count} setting{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::Level;
    use crate::system::fixtures::Tree;

    fn found(file: &str, now: Option<&Current>) -> Vec<Finding> {
        let tree = Tree::new();
        tree.write("etc/smc-shim.conf", file);
        findings(&tree.root(), now, Privilege::Root)
    }

    #[test]
    fn nothing_is_said_where_there_is_no_file() {
        let root = Tree::new();
        assert!(findings(&root.root(), Some(&Current::default()), Privilege::Root).is_empty());
    }

    #[test]
    fn a_difference_names_its_line_and_which_side_has_it() {
        let now = Current {
            ueids: vec!["A".to_owned(), "C".to_owned()],
            sysctls: vec![("net.smc.wmem".to_owned(), "70000".to_owned())],
            ..Current::default()
        };
        let file = "ueid A\nueid B\nnet.smc.wmem = 80000\n";
        let said = found(file, Some(&now));
        let whats: Vec<_> = said.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(
            whats,
            [
                "/etc/smc-shim.conf:3: not so in the kernel: net.smc.wmem = 80000",
                "/etc/smc-shim.conf:2: not so in the kernel: ueid B",
                "set in the kernel, not in /etc/smc-shim.conf: ueid C",
            ]
        );
        assert_eq!(said[0].fix, ["smcctl apply"]);
        assert_eq!(said[2].level, Level::Note);
    }

    #[test]
    fn the_same_is_the_same() {
        let now = Current {
            loaded: true,
            ueids: vec!["A".to_owned()],
            ..Current::default()
        };
        let said = found("load\nueid A\n", Some(&now));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].level, Level::Ok);
        assert!(said[0].what.contains("(2 settings)"), "{said:?}");
    }

    #[test]
    fn without_smc_the_file_is_read_all_the_same() {
        let said = found("load\n", None);
        assert_eq!(said[0].fix, ["smcctl apply"]);
        let said = found("\nlaod\n", None);
        assert!(said[0].what.starts_with("/etc/smc-shim.conf:2: \"laod\""));
    }
}
