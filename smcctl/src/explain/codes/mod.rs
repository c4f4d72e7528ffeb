// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every decline and fallback code of the kernel, with causes and advice.

mod devices;
mod establishment;
mod link_group;
mod negotiation;

/// The prefix of the kernel's names.
pub const PREFIX: &str = "SMC_CLC_DECL_";

/// A code: the reason why a connection is not SMC.
#[derive(Debug)]
pub struct Code {
    /// The number in netlink and in CLC messages.
    pub value: u32,
    /// The kernel's name, without `SMC_CLC_DECL_`.
    pub name: &'static str,
    /// Whether Linux sends it, or only other systems do.
    pub produced: bool,
    /// The meaning in half a line, for tables.
    pub brief: &'static str,
    /// The meaning in a sentence or two.
    pub meaning: &'static str,
    /// The usual causes, most frequent first.
    pub causes: &'static [&'static str],
    /// What to do, in the order of trying.
    pub advice: &'static [&'static str],
}

/// All codes, in the order of their numbers.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [
        establishment::CODES,
        devices::CODES,
        negotiation::CODES,
        link_group::CODES,
    ]
    .into_iter()
    .flatten()
}

/// Returns the code with this number.
#[must_use]
pub fn by_value(value: u32) -> Option<&'static Code> {
    all().find(|code| code.value == value)
}

/// Describes a reason, for tables: `no usable SMC device (0x03030000 NOSMCDEV)`.
#[must_use]
pub fn in_words(value: u32) -> String {
    match by_value(value) {
        Some(code) => format!("{} ({value:#010x} {})", code.brief, code.name),
        None if value == 0 => "no fallback".to_owned(),
        None => format!("unknown reason ({value:#010x})"),
    }
}

/// Finds a code by number or name, in upper or lower case: `0x03030000`, `03030000`,
/// `NOSMCDEV`, `SMC_CLC_DECL_NOSMCDEV`.
#[must_use]
pub fn find(written: &str) -> Option<&'static Code> {
    let written = written.trim().to_ascii_uppercase();
    let name = written.strip_prefix(PREFIX).unwrap_or(&written);
    all()
        .find(|code| code.name == name)
        .or_else(|| by_value(number(&written)?))
}

/// Parses a number. It is hexadecimal also without `0x`, as smcss and the kernel's
/// sources display these codes.
#[must_use]
pub fn number(written: &str) -> Option<u32> {
    let digits = written
        .strip_prefix("0X")
        .or_else(|| written.strip_prefix("0x"))
        .unwrap_or(written);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// The names and numbers of the kernel's own header (net/smc/smc_clc.h, 6.12).
    const KERNEL: &str = include_str!("kernel-codes.txt");

    fn kernel() -> Vec<(u32, &'static str)> {
        KERNEL
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let (value, name) = line.split_once(' ').unwrap();
                (number(value).unwrap(), name)
            })
            .collect()
    }

    #[test]
    fn every_code_of_the_kernel_is_explained() {
        let kernel = kernel();
        assert_eq!(kernel.len(), 36);
        for (value, name) in kernel {
            let code = by_value(value).unwrap_or_else(|| panic!("{value:#010x} {name}: no line"));
            assert_eq!(code.name, name);
            assert!(code.brief.len() <= 44, "{name}: its brief is too long");
            assert!(code.meaning.ends_with('.'), "{name}: no sentence");
            assert!(!code.causes.is_empty(), "{name}: no cause");
            assert!(!code.advice.is_empty(), "{name}: no advice");
        }
    }

    #[test]
    fn every_code_is_one_of_the_kernel() {
        let ours: Vec<_> = all().map(|code| (code.value, code.name)).collect();
        assert_eq!(ours, kernel(), "the same codes in the same order");
    }

    #[test]
    fn a_code_is_found_by_number_or_name() {
        for written in [
            "0x03030000",
            "0X03030000",
            "03030000",
            "3030000",
            "NOSMCDEV",
            "nosmcdev",
            "SMC_CLC_DECL_NOSMCDEV",
            "smc_clc_decl_nosmcdev",
            " NOSMCDEV ",
        ] {
            let code = find(written).unwrap_or_else(|| panic!("{written:?} is not found"));
            assert_eq!(code.value, 0x0303_0000, "{written:?}");
        }
        for written in [
            "",
            "0x",
            "NOSUCH",
            "SMC_CLC_DECL_",
            "0x103030000",
            "-3",
            "+3030000",
        ] {
            assert!(find(written).is_none(), "{written:?} is no code");
        }
    }

    #[test]
    fn a_description_includes_the_number() {
        assert_eq!(
            in_words(0x0303_0008),
            "no user EID at the peer (0x03030008 NOUEID)"
        );
        assert_eq!(in_words(0), "no fallback");
        assert_eq!(in_words(0x1234), "unknown reason (0x00001234)");
    }
}
