// SPDX-License-Identifier: MIT OR Apache-2.0
//! Results in files.

use super::result::{Comparing, VERSION};
use crate::failure::{words, Failure};
use std::fs;
use std::path::{Path, PathBuf};

/// Where results are kept unless something else is said.
#[must_use]
pub fn default_place(comparing: &Comparing) -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).map(PathBuf::from);
    let state = named("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| Some(named("HOME")?.join(".local/state")))?;
    let client = comparing.client.first().map(Path::new);
    let name = client.and_then(Path::file_name).unwrap_or_default();
    let name = name.to_string_lossy();
    let file = format!("{}-{name}.json", compact(comparing.begun));
    Some(state.join("smcctl/compare").join(file))
}

/// `20260131T235959Z`: seconds since 1970 by the calendar.
fn compact(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March have their odd day at the end.
    let since = days + 719_468;
    let (era, day) = (since / 146_097, since % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + later;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Writes it.
///
/// # Errors
/// When the file cannot be written.
pub fn save(comparing: &Comparing, path: &Path) -> Result<(), Failure> {
    let cannot = |error| {
        let path = path.display();
        Failure::new(format!(
            "cannot save the result in {path}: {}",
            words(&error)
        ))
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    let text = serde_json::to_string(comparing)
        .map_err(|error| Failure::new(format!("cannot say this in JSON: {error}")))?;
    fs::write(path, text + "\n").map_err(cannot)
}

/// Reads it.
///
/// # Errors
/// When it is no result of this version.
pub fn load(path: &Path) -> Result<Comparing, Failure> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read {shown}: {}", words(&error))))?;
    let result: Comparing = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("{shown} is no result of a comparison: {error}")))?;
    if result.version != VERSION {
        return Err(Failure::new(format!(
            "{shown} is of another version of smcctl"
        )));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(compact(0), "19700101T000000Z");
        assert_eq!(compact(951_782_399), "20000228T235959Z");
        assert_eq!(compact(951_782_400), "20000229T000000Z");
        assert_eq!(compact(1_798_761_599), "20261231T235959Z");
    }
}
