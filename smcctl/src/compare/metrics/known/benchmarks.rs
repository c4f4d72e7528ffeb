// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where each benchmark prints which number.

use super::{less, more, Benchmark};

/// All of them.
pub const ALL: [Benchmark; 8] = [
    Benchmark {
        name: "redis-benchmark",
        rules: &[
            more(
                "$name",
                "requests/s",
                r"^====== (?<name>.+) ======$(?s:.*?)^  throughput summary: (?<value>[\d.]+) requests per second",
            ),
            less(
                "$name p50",
                "ms",
                r"^====== (?<name>.+) ======$(?s:.*?)^\s+avg\s+min\s+p50\s.*\n\s+[\d.]+\s+[\d.]+\s+(?<value>[\d.]+)",
            ),
            less(
                "$name p99",
                "ms",
                r"^====== (?<name>.+) ======$(?s:.*?)^\s+avg\s+min\s+p50\s+p95\s+p99\s.*\n(?:\s+[\d.]+){4}\s+(?<value>[\d.]+)",
            ),
            more(
                "$name",
                "requests/s",
                r"^(?<name>\S[^\n:]*): (?<value>[\d.]+) requests per second",
            ),
            less(
                "$name p50",
                "ms",
                r"^(?<name>\S[^\n:]*): [\d.]+ requests per second, p50=(?<value>[\d.]+) msec",
            ),
            more(
                "$name",
                "requests/s",
                r#"^"(?<name>[^"\n]+)","(?<value>[\d.]+)"(?:,"[\d.]+")*$"#,
            ),
            less(
                "$name p50",
                "ms",
                r#"^"(?<name>[^"\n]+)"(?:,"[\d.]+"){3},"(?<value>[\d.]+)""#,
            ),
            less(
                "$name p99",
                "ms",
                r#"^"(?<name>[^"\n]+)"(?:,"[\d.]+"){5},"(?<value>[\d.]+)""#,
            ),
        ],
        work: Some(("request", r"^\s*(?<value>\d+) requests completed in")),
        one_each: |given, printed| given.contains(" -k 0") || printed.contains("keep alive: 0"),
    },
    Benchmark {
        name: "wrk",
        rules: &[
            more(
                "requests",
                "requests/s",
                r"^Requests/sec:\s+(?<value>[\d.]+)",
            ),
            more(
                "transfer",
                "MB/s",
                r"^Transfer/sec:\s+(?<value>[\d.]+)(?<unit>[KMGT]?B)",
            ),
            less(
                "latency",
                "us",
                r"^\s+Latency\s+(?<value>[\d.]+)(?<unit>us|ms|s|m)\s",
            ),
            less(
                "latency p$name",
                "us",
                r"^\s+(?<name>50|90|99)%\s+(?<value>[\d.]+)(?<unit>us|ms|s|m)$",
            ),
        ],
        work: Some(("request", r"^\s+(?<value>\d+) requests in ")),
        one_each: |given, _| {
            given
                .to_lowercase()
                .replace(' ', "")
                .contains("connection:close")
        },
    },
    Benchmark {
        name: "ab",
        rules: &[
            more(
                "requests",
                "requests/s",
                r"^Requests per second:\s+(?<value>[\d.]+)",
            ),
            less(
                "time per request",
                "ms",
                r"^Time per request:\s+(?<value>[\d.]+) \[ms\] \(mean\)$",
            ),
            more(
                "transfer",
                "KB/s",
                r"^Transfer rate:\s+(?<value>[\d.]+) \[Kbytes/sec\]",
            ),
            less(
                "failed requests",
                "requests",
                r"^Failed requests:\s+(?<value>\d+)",
            ),
        ],
        work: Some(("request", r"^Complete requests:\s+(?<value>\d+)")),
        one_each: |given, _| !given.contains(" -k"),
    },
    Benchmark {
        name: "sockperf",
        rules: &[
            less(
                "latency",
                "us",
                r"^sockperf: Summary: (?:Latency|Round trip) is (?<value>[\d.]+) usec",
            ),
            less(
                "latency p50",
                "us",
                r"^sockperf: ---> percentile 50\.0+\s*=\s+(?<value>[\d.]+)",
            ),
            less(
                "latency p99",
                "us",
                r"^sockperf: ---> percentile 99\.0+\s*=\s+(?<value>[\d.]+)",
            ),
            less(
                "latency p99.9",
                "us",
                r"^sockperf: ---> percentile 99\.90+\s*=\s+(?<value>[\d.]+)",
            ),
            more(
                "messages",
                "messages/s",
                r"^sockperf: Summary: Message Rate is (?<value>\d+)",
            ),
            more(
                "bandwidth",
                "MB/s",
                r"^sockperf: Summary: BandWidth is (?<value>[\d.]+) MBps",
            ),
        ],
        work: Some((
            "message",
            r"^sockperf: (?:\[Total Run\] .*SentMessages=|Total of )(?<value>\d+)",
        )),
        one_each: |_, _| false,
    },
    Benchmark {
        name: "pgbench",
        rules: &[
            more("transactions", "tps", r"^tps = (?<value>[\d.]+)"),
            less("latency", "ms", r"^latency average = (?<value>[\d.]+) ms"),
            less(
                "connection time",
                "ms",
                r"^(?:initial|average) connection time = (?<value>[\d.]+) ms",
            ),
            less(
                "failed transactions",
                "transactions",
                r"^number of failed transactions: (?<value>\d+)",
            ),
        ],
        work: Some((
            "transaction",
            r"^number of transactions actually processed: (?<value>\d+)",
        )),
        one_each: |_, printed| printed.contains("including reconnection"),
    },
    Benchmark {
        name: "memtier_benchmark",
        rules: &[
            more("operations", "ops/s", r"^Totals\s+(?<value>[\d.]+)"),
            less(
                "latency",
                "ms",
                r"^Totals(?:\s+[\d.-]+){3}\s+(?<value>[\d.]+)",
            ),
            less(
                "latency p50",
                "ms",
                r"^Totals(?:\s+[\d.-]+){4}\s+(?<value>[\d.]+)\s+[\d.]+\s",
            ),
            less(
                "latency p99",
                "ms",
                r"^Totals(?:\s+[\d.-]+){5}\s+(?<value>[\d.]+)\s",
            ),
        ],
        work: None,
        one_each: |_, _| false,
    },
    Benchmark {
        name: "qperf",
        rules: &[
            more(
                "$name",
                "MB/s",
                r"^(?<name>\w+):\n\s+bw\s+=\s+(?<value>[\d.]+) (?<unit>[a-zA-Z]+/sec)",
            ),
            less(
                "$name",
                "us",
                r"^(?<name>\w+):\n\s+latency\s+=\s+(?<value>[\d.]+) (?<unit>[a-z]+)$",
            ),
            more(
                "$name messages",
                "/s",
                r"^(?<name>\w+):\n(?:\s+\S.*\n)*?\s+msg_rate\s+=\s+(?<value>[\d.]+) (?<unit>[KM]?/sec)",
            ),
        ],
        work: None,
        one_each: |_, _| false,
    },
    Benchmark {
        name: "iperf3",
        rules: &[],
        work: None,
        one_each: |_, _| false,
    },
];
