// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers of one kind in one unit, whatever unit a benchmark chose this time.

/// `value` of a `unit` of time, size or rate in microseconds, megabytes per second
/// or as it is.
#[must_use]
pub fn common(value: f64, unit: &str) -> Option<(f64, &'static str)> {
    let (factor, common) = match unit {
        "ns" | "nsec" => (1e-3, "us"),
        "us" | "usec" | "µs" => (1.0, "us"),
        "ms" | "msec" => (1e3, "us"),
        "s" | "sec" => (1e6, "us"),
        "m" | "min" => (6e7, "us"),
        "bytes/sec" | "B" => (1e-6, "MB/s"),
        "KB/sec" | "KB" => (1e-3, "MB/s"),
        "MB/sec" | "MBps" | "MB" => (1.0, "MB/s"),
        "GB/sec" | "GB" => (1e3, "MB/s"),
        "TB/sec" | "TB" => (1e6, "MB/s"),
        "/sec" => (1.0, "/s"),
        "K/sec" => (1e3, "/s"),
        "M/sec" => (1e6, "/s"),
        _ => return None,
    };
    Some((value * factor, common))
}

/// Whether less of this unit is better, as it is with time.
#[must_use]
pub fn is_time(unit: &str) -> bool {
    ["seconds", "milliseconds", "microseconds"].contains(&unit)
        || common(1.0, unit).is_some_and(|(_, common)| common == "us")
}
