// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every decline and fallback code of the kernel: the table and how to find a
//! line of it. The texts live in `table.rs`.

use super::table::TABLE;

/// What all of the kernel's names begin with.
pub const PREFIX: &str = "SMC_CLC_DECL_";

/// One code: why a connection is not SMC.
#[derive(Debug)]
pub struct Code {
    /// The number, as in netlink and on the wire.
    pub value: u32,
    /// The kernel's name, without `SMC_CLC_DECL_`.
    pub name: &'static str,
    /// Whether Linux produces it, or it is only known from other systems.
    pub produced: bool,
    /// What it says, in half a line: for tables.
    pub brief: &'static str,
    /// What it says, in a sentence or two.
    pub meaning: &'static str,
    /// What usually leads to it, most frequent first.
    pub causes: &'static [&'static str],
    /// What to do about it, in the order of trying.
    pub advice: &'static [&'static str],
}

/// All of them, in the order of their numbers.
#[must_use]
pub fn all() -> &'static [Code] {
    TABLE
}

/// The line of a number.
#[must_use]
pub fn by_value(value: u32) -> Option<&'static Code> {
    TABLE
        .binary_search_by_key(&value, |code| code.value)
        .ok()
        .and_then(|index| TABLE.get(index))
}

/// A reason in words, for tables: `no usable SMC device (0x03030000 NOSMCDEV)`.
#[must_use]
pub fn in_words(value: u32) -> String {
    match by_value(value) {
        Some(code) => format!("{} ({value:#010x} {})", code.brief, code.name),
        None if value == 0 => "no fallback".to_owned(),
        None => format!("a reason that Linux does not know ({value:#010x})"),
    }
}

/// Finds a code as people write it: `0x03030000`, `03030000`, `NOSMCDEV`,
/// `SMC_CLC_DECL_NOSMCDEV`, in upper or lower case.
#[must_use]
pub fn find(written: &str) -> Option<&'static Code> {
    let written = written.trim().to_ascii_uppercase();
    let name = written.strip_prefix(PREFIX).unwrap_or(&written);
    TABLE
        .iter()
        .find(|code| code.name == name)
        .or_else(|| by_value(number(&written)?))
}

/// A number as people write it. Without `0x` it is hexadecimal too: that is how
/// smcss and the kernel's sources show these codes.
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
    fn nothing_is_explained_that_the_kernel_does_not_know() {
        let ours: Vec<_> = all().iter().map(|code| (code.value, code.name)).collect();
        assert_eq!(ours, kernel(), "the same codes in the same order");
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
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
    fn words_name_the_number_too() {
        assert_eq!(
            in_words(0x0303_0008),
            "no user EID at the other side (0x03030008 NOUEID)"
        );
        assert_eq!(in_words(0), "no fallback");
        assert_eq!(
            in_words(0x1234),
            "a reason that Linux does not know (0x00001234)"
        );
    }
}
