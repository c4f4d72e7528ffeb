// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sysctls of SMC, `net.smc.NAME`.

use super::parse::invalid;
use super::Setting;
use crate::system::files::Root;

/// Their directory.
const DIRECTORY: &str = "/proc/sys/net/smc";
/// The same setting as `limit-handshakes`.
const LIMIT: &str = "limit_smc_hs";
/// The only one that is not a number: the name of a BPF program.
const BPF_PROGRAM: &str = "hs_ctrl";

/// The defaults of Linux.
const DEFAULTS: [(&str, &str); 9] = [
    ("autocorking_size", "65536"),
    ("rmem", "65536"),
    ("smcr_buf_type", "0"),
    ("smcr_max_conns_per_lgr", "255"),
    ("smcr_max_links_per_lgr", "2"),
    ("smcr_max_recv_wr", "48"),
    ("smcr_max_send_wr", "16"),
    ("smcr_testlink_time", "30"),
    ("wmem", "65536"),
];

/// Reads all but that for `limit-handshakes`: the full names and the values.
pub(super) fn read(root: &Root) -> Vec<(String, String)> {
    root.names(DIRECTORY)
        .into_iter()
        .filter(|name| name != LIMIT)
        .filter_map(|name| {
            let value = root.line(&format!("{DIRECTORY}/{name}"))?;
            Some((format!("net.smc.{name}"), value))
        })
        .collect()
}

/// Whether a value is the default of Linux.
pub(super) fn is_default(name: &str, value: &str) -> bool {
    let own = name.strip_prefix("net.smc.").unwrap_or_default();
    DEFAULTS.contains(&(own, value))
}

/// Returns the name if the line sets a sysctl.
pub(super) fn name(line: &str) -> Option<&str> {
    let end = line.find([' ', '=']).unwrap_or(line.len());
    let name = line.get(..end)?;
    (line.contains('=') || name.contains('.')).then_some(name)
}

/// Parses `net.smc.NAME = VALUE`.
pub(super) fn parse(name: &str, line: &str) -> Result<Setting, String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let own = name.strip_prefix("net.smc.");
    if !own.is_some_and(|own| !own.is_empty() && own.bytes().all(is_plain)) {
        return Err(invalid("unknown setting", name, "net.smc.NAME"));
    }
    if own == Some(LIMIT) {
        return Err(invalid("unknown setting", name, "limit-handshakes on|off"));
    }
    let Some((_, value)) = line.split_once('=') else {
        return Err(invalid("missing value in", line, "net.smc.NAME = VALUE"));
    };
    let value = value.trim();
    let what = format!("invalid value of {name}");
    if line.split_once('=').map(|(name, _)| name.trim()) != Some(name) {
        return Err(invalid("invalid setting", line, "net.smc.NAME = VALUE"));
    }
    if own == Some(BPF_PROGRAM) {
        let is_word = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
        return if is_word {
            Ok(Setting::Sysctl(name.to_owned(), value.to_owned()))
        } else {
            Err(invalid(&what, value, "one word, the name of a BPF program"))
        };
    }
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<u32>() {
        Ok(number) if is_number => Ok(Setting::Sysctl(name.to_owned(), number.to_string())),
        _ => Err(invalid(&what, value, "a decimal number, as for sysctl(8)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::fixtures::Tree;

    #[test]
    fn all_are_read_but_the_limit_on_handshakes() {
        let tree = Tree::new();
        assert!(read(&tree.root()).is_empty());
        for (name, value) in [("wmem", "65536"), ("rmem", "70000"), (LIMIT, "0")] {
            tree.write(&format!("proc/sys/net/smc/{name}"), &format!("{value}\n"));
        }
        let found = read(&tree.root());
        let expected = [("net.smc.rmem", "70000"), ("net.smc.wmem", "65536")];
        assert_eq!(found, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
