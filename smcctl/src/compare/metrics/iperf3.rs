// SPDX-License-Identifier: MIT OR Apache-2.0
//! What iperf3 -J says.

use super::{Metric, Read};
use serde_json::Value;

/// The words to add so that it answers in JSON, where they are missing.
#[must_use]
pub fn wants_json(client: &[String]) -> bool {
    let has = |words: &[&str]| client.iter().any(|word| words.contains(&word.as_str()));
    !has(&["-J", "--json", "--json-stream"]) && has(&["-c", "--client"])
}

/// Reads it.
#[must_use]
pub fn read(output: &str) -> Read {
    let mut read = Read::default();
    let json = output.find('{').and_then(|at| output.get(at..));
    let json: Option<Value> = json.and_then(|json| {
        let mut values = serde_json::Deserializer::from_str(json).into_iter();
        values.next()?.ok()
    });
    let Some(end) = json.as_ref().and_then(|json| json.get("end")) else {
        return read;
    };
    let number = |sum: &str, name: &str| end.get(sum)?.get(name)?.as_f64();
    for (sum, name) in [
        ("sum_received", "throughput"),
        ("sum_received_bidir_reverse", "throughput back"),
    ] {
        if let Some(rate) = number(sum, "bits_per_second") {
            read.add(Metric::more(name, "Mbit/s"), rate / 1e6);
        }
        if let Some(bytes) = number(sum, "bytes") {
            read.did(bytes / 1e9, "GB");
        }
    }
    read
}
