// SPDX-License-Identifier: MIT OR Apache-2.0
//! Creates a configuration file from the current settings.

use super::current::Current;
use std::fmt::Write;

const HEAD: &str = "\
# The SMC settings of this host, one per line. smcctl apply sets them,
# smc-shim.service does so at boot, smcctl check shows differences, smcctl save
# replaces this file. See CONFIGURATION in smcctl(8).
";

const FORMS: &str = "
# load                              the modules smc and smc_diag
# ueid NAME                         a user EID (at most 4)
# seid on|off                       the system EID (IBM Z)
# pnetid PNETID net INTERFACE       or: ib DEVICE [PORT], ism BUS-ID
# limit-handshakes on|off           whether a busy server uses TCP
# net.smc.NAME = VALUE              wmem, rmem, autocorking_size, ...
";

/// Returns the text of the file. Defaults of Linux are comments.
#[must_use]
pub fn text(current: &Current) -> String {
    let (set, default) = current.settings();
    let mut text = format!("{HEAD}{FORMS}\n");
    for setting in set {
        let _ = writeln!(text, "{setting}");
    }
    if !default.is_empty() {
        text.push_str("\n# Defaults of Linux:\n");
    }
    for setting in default {
        let _ = writeln!(text, "#{setting}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::current;
    use super::super::parse::parse;
    use super::*;
    use crate::kernel::pnet::{Device, Entry};
    use crate::kernel::settings::Seid;

    #[test]
    fn the_written_file_is_parsed_as_the_same_settings() {
        let entry = |pnetid: &str, device| Entry {
            pnetid: pnetid.to_owned(),
            device,
        };
        let ib = |name: &str, port| Device::Ib {
            name: name.to_owned(),
            port,
        };
        let name = "eth0.7".to_owned();
        let set = Current {
            loaded: true,
            sysctls: vec![
                ("net.smc.hs_ctrl".to_owned(), "mine".to_owned()),
                ("net.smc.rmem".to_owned(), "262144".to_owned()),
                ("net.smc.wmem".to_owned(), "65536".to_owned()),
            ],
            ueids: vec!["A".to_owned(), "B.2-3".to_owned()],
            pnetids: vec![
                entry("NET1", ib("mlx5_0", 2)),
                entry("NET1", ib("0001:00:00.0", 1)),
                entry("NET1", Device::Net { name }),
            ],
            seid: Seid {
                seid: Some("IBM-SYSZ-ISMSEID00000000ABCD2964".to_owned()),
                enabled: false,
            },
            limits_handshakes: true,
        };
        let written = text(&set);
        let lines = parse(&written).unwrap();
        assert_eq!(lines.len(), 10, "{written}");
        for line in &lines {
            assert!(current::has(&set, &line.setting), "{line:?}");
        }
        assert!(written.contains("\n#net.smc.wmem = 65536\n"), "{written}");
        assert!(written.lines().all(|line| line.len() <= 80), "{written}");
    }
}
