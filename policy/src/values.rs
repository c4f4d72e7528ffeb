// SPDX-License-Identifier: MIT OR Apache-2.0
//! The values that are not lists: switches, sizes, times, the kind of socket,
//! the log filter.

use crate::config::Creation;
use crate::list::EMPTY_ITEM;
use crate::problem::{Invalid, InvalidItem};

const INVALID_SWITCH: Invalid = Invalid {
    what: "invalid switch",
    expected: "0 or 1",
};
const INVALID_CREATION: Invalid = Invalid {
    what: "invalid socket kind",
    expected: "auto, af_smc or ipproto_smc",
};
const INVALID_SIZE: Invalid = Invalid {
    what: "invalid buffer size",
    expected: "1 to 1073741823 bytes, optionally with suffix k or m",
};
const INVALID_TIME: Invalid = Invalid {
    what: "invalid time",
    expected: "whole seconds from 0 to 86400",
};
const INVALID_FILTER: Invalid = Invalid {
    what: "invalid log filter",
    expected: "off, error, warn, info, debug, trace or smc_shim=LEVEL",
};

/// The largest buffer size in bytes: the kernel stores twice the size in an `int`.
const MAX_BUFFER: u32 = i32::MAX.unsigned_abs() / 2;

/// The root of every log target.
const LOG_ROOT: &str = "smc_shim";

/// The longest time in seconds: a day.
const MAX_SECONDS: u32 = 86_400;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Parses a decimal number without sign or leading zeros, so that it is
/// displayed as it was written.
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

/// The error for a whole value, or one item of it.
fn invalid(item: &str, invalid: Invalid) -> InvalidItem<'_> {
    InvalidItem { item, invalid }
}

pub(crate) fn switch(value: &str) -> Result<bool, InvalidItem<'_>> {
    match value {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(invalid(value, INVALID_SWITCH)),
    }
}

pub(crate) fn creation(value: &str) -> Result<Creation, InvalidItem<'_>> {
    match value {
        "auto" => Ok(Creation::Auto),
        "af_smc" => Ok(Creation::AfSmc),
        "ipproto_smc" => Ok(Creation::IpprotoSmc),
        _ => Err(invalid(value, INVALID_CREATION)),
    }
}

pub(crate) fn size(value: &str) -> Result<u32, InvalidItem<'_>> {
    let (number, unit) = if let Some(number) = value.strip_suffix(['k', 'K']) {
        (number, 1 << 10)
    } else if let Some(number) = value.strip_suffix(['m', 'M']) {
        (number, 1 << 20)
    } else {
        (value, 1)
    };
    decimal(number)
        .and_then(|number| number.checked_mul(unit))
        .filter(|size| (1..=MAX_BUFFER).contains(size))
        .ok_or(invalid(value, INVALID_SIZE))
}

pub(crate) fn seconds(value: &str) -> Result<u32, InvalidItem<'_>> {
    decimal(value)
        .filter(|&seconds| seconds <= MAX_SECONDS)
        .ok_or(invalid(value, INVALID_TIME))
}

/// Checks an `env_logger` filter and removes its blanks.
///
/// Stricter than `env_logger`, which takes any word that is not a level for the
/// name of a module: the typo `inof` would silence the log without an error.
pub(crate) fn log_filter(value: &str) -> Result<String, InvalidItem<'_>> {
    let mut filter = String::with_capacity(value.len());
    for item in value.split(',') {
        let item = item.trim_ascii();
        if item.is_empty() {
            return Err(invalid(value, EMPTY_ITEM));
        }
        if !filter.is_empty() {
            filter.push(',');
        }
        match item.split_once('=') {
            None if is_level(item) || is_target(item) => filter.push_str(item),
            Some((target, level)) => {
                let (target, level) = (target.trim_ascii_end(), level.trim_ascii_start());
                if !(is_target(target) && is_level(level)) {
                    return Err(invalid(item, INVALID_FILTER));
                }
                filter.push_str(target);
                filter.push('=');
                filter.push_str(level);
            }
            None => return Err(invalid(item, INVALID_FILTER)),
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
