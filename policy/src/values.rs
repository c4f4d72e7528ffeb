// SPDX-License-Identifier: MIT OR Apache-2.0
//! The values that are not lists of things to allow: switches, sizes, the kind
//! of socket, the log filter.

use crate::config::Creation;
use crate::problem::{Complaint, Fault};

const NOT_A_SWITCH: Complaint = Complaint {
    fault: "is neither on nor off",
    expected: "1 or 0",
};
const NOT_A_CREATION: Complaint = Complaint {
    fault: "is not a kind of socket",
    expected: "auto, af_smc or ipproto_smc",
};
const NOT_A_SIZE: Complaint = Complaint {
    fault: "is not a buffer size",
    expected: "1 to 1073741823 bytes, as a whole number; k behind it is KiB, m is MiB",
};
const NOT_SECONDS: Complaint = Complaint {
    fault: "is not a time",
    expected: "0 to 86400 seconds, as a whole number",
};
const EMPTY_FILTER: Complaint = Complaint {
    fault: "has an empty item",
    expected: "items separated by single commas, none in front or at the end",
};
const NOT_A_FILTER: Complaint = Complaint {
    fault: "is not a log filter",
    expected: "off, error, warn, info, debug or trace, or one of them for a part, \
               such as smc_shim=debug",
};

/// The largest buffer size in bytes: the kernel stores twice the size, in an int.
const LARGEST_BUFFER: u32 = i32::MAX.unsigned_abs() / 2;

/// What every log target begins with.
const LOG_ROOT: &str = "smc_shim";

/// The longest time in seconds: a day.
const LONGEST_TIME: u32 = 86_400;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A whole decimal number: digits alone, no sign, no leading zero, so that
/// what is shown later is what was written.
pub(crate) fn decimal(text: &str) -> Option<u32> {
    match text.as_bytes() {
        [] | [b'0', _, ..] => None,
        digits => digits.iter().try_fold(0_u32, |number, &byte| {
            let digit = byte.wrapping_sub(b'0');
            let shifted = number.checked_mul(10)?;
            (digit <= 9).then(|| shifted.checked_add(digit.into()))?
        }),
    }
}

/// The complaint about a value that is one item.
fn whole(value: &str, complaint: Complaint) -> Fault<'_> {
    let item = value;
    Fault { item, complaint }
}

pub(crate) fn switch(value: &str) -> Result<bool, Fault<'_>> {
    match value {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(whole(value, NOT_A_SWITCH)),
    }
}

pub(crate) fn creation(value: &str) -> Result<Creation, Fault<'_>> {
    match value {
        "auto" => Ok(Creation::Auto),
        "af_smc" => Ok(Creation::AfSmc),
        "ipproto_smc" => Ok(Creation::IpprotoSmc),
        _ => Err(whole(value, NOT_A_CREATION)),
    }
}

pub(crate) fn size(value: &str) -> Result<u32, Fault<'_>> {
    let (number, unit) = if let Some(number) = value.strip_suffix(['k', 'K']) {
        (number, 1 << 10)
    } else if let Some(number) = value.strip_suffix(['m', 'M']) {
        (number, 1 << 20)
    } else {
        (value, 1)
    };
    decimal(number)
        .and_then(|number| number.checked_mul(unit))
        .filter(|size| (1..=LARGEST_BUFFER).contains(size))
        .ok_or(whole(value, NOT_A_SIZE))
}

pub(crate) fn seconds(value: &str) -> Result<u32, Fault<'_>> {
    decimal(value)
        .filter(|&seconds| seconds <= LONGEST_TIME)
        .ok_or(whole(value, NOT_SECONDS))
}

/// Checks an `env_logger` filter, and takes the blanks out of it.
///
/// Stricter than `env_logger`, which takes every word that is not a level for
/// the name of a module: `inof` would silence everything without a word.
pub(crate) fn log_filter(value: &str) -> Result<String, Fault<'_>> {
    let mut filter = String::with_capacity(value.len());
    for item in value.split(',') {
        let item = item.trim_ascii();
        if item.is_empty() {
            return Err(whole(value, EMPTY_FILTER));
        }
        if !filter.is_empty() {
            filter.push(',');
        }
        match item.split_once('=') {
            None if is_level(item) || is_target(item) => filter.push_str(item),
            Some((target, level)) => {
                let (target, level) = (target.trim_ascii_end(), level.trim_ascii_start());
                if !(is_target(target) && is_level(level)) {
                    return Err(whole(item, NOT_A_FILTER));
                }
                filter.push_str(target);
                filter.push('=');
                filter.push_str(level);
            }
            None => return Err(whole(item, NOT_A_FILTER)),
        }
    }
    Ok(filter)
}

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

/// `smc_shim` or a module below it.
fn is_target(word: &str) -> bool {
    match word.strip_prefix(LOG_ROOT) {
        Some("") => true,
        Some(below) => below
            .strip_prefix("::")
            .is_some_and(|modules| modules.split("::").all(is_module)),
        None => false,
    }
}

fn is_module(word: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !word.is_empty() && word.bytes().all(part)
}
