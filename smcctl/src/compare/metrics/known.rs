// SPDX-License-Identifier: MIT OR Apache-2.0
//! The benchmarks whose output is understood, and where in it which number is.

use super::{iperf3, plain, units, Better, Metric, Read};
use regex::{Captures, Regex, RegexBuilder};
use std::path::Path;

/// A benchmark.
#[derive(Clone, Copy, Debug)]
pub struct Benchmark {
    /// The name of its program.
    pub name: &'static str,
    rules: &'static [Rule],
    /// What a request is called: the unit of CPU time per piece of work.
    work: Option<(&'static str, &'static str)>,
    /// Whether every request has a connection of its own, so that requests are
    /// connections: by the command line and by the output.
    one_each: fn(&str, &str) -> bool,
}

/// A number: its name (`$name` is what the pattern's group of that name has found),
/// its unit where the pattern has no group `unit`, and the pattern, whose group
/// `value` it is.
#[derive(Clone, Copy, Debug)]
struct Rule {
    name: &'static str,
    unit: &'static str,
    better: Better,
    pattern: &'static str,
}

const fn more(name: &'static str, unit: &'static str, pattern: &'static str) -> Rule {
    Rule {
        name,
        unit,
        better: Better::Higher,
        pattern,
    }
}

const fn less(name: &'static str, unit: &'static str, pattern: &'static str) -> Rule {
    Rule {
        better: Better::Lower,
        ..more(name, unit, pattern)
    }
}

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

/// The benchmark that a command line runs, also behind `taskset` and the like.
#[must_use]
pub fn of(client: &[String]) -> Option<&'static Benchmark> {
    let names = client
        .iter()
        .filter_map(|word| Path::new(word).file_name()?.to_str());
    let mut known = names.filter_map(|name| ALL.iter().find(|known| known.name == name));
    known.next()
}

impl Benchmark {
    /// Reads what the command line `client` has printed.
    #[must_use]
    pub fn read(&self, client: &[String], output: &str) -> Read {
        let output = plain(output);
        if self.name == "iperf3" {
            return iperf3::read(&output);
        }
        let mut read = Read::default();
        for rule in self.rules {
            for found in multiline(rule.pattern)
                .iter()
                .flat_map(|one| one.captures_iter(&output))
            {
                if let Some((metric, value)) = rule.metric(&found) {
                    read.add(metric, value);
                }
            }
        }
        if let Some((unit, pattern)) = self.work {
            let pattern = multiline(pattern);
            let found = pattern.iter().flat_map(|one| one.captures_iter(&output));
            for amount in found.filter_map(|found| found.name("value")?.as_str().parse().ok()) {
                read.did(amount, unit);
            }
        }
        if (self.one_each)(&client.join(" "), &output) {
            let mut rates = read.values.iter();
            let rate = rates.find(|one| one.metric.better == Better::Higher);
            if let Some(rate) = rate.map(|rate| rate.value) {
                read.add(Metric::more("connections", "connections/s"), rate);
            }
        }
        read
    }
}

impl Rule {
    fn metric(&self, found: &Captures) -> Option<(Metric, f64)> {
        let value: f64 = found.name("value")?.as_str().parse().ok()?;
        let (value, unit) = match found.name("unit") {
            Some(unit) => units::common(value, unit.as_str())?,
            None => (value, self.unit),
        };
        let name = found.name("name").map_or("", |name| name.as_str());
        Some((
            Metric {
                name: self.name.replace("$name", name),
                unit: unit.to_owned(),
                better: self.better,
            },
            value,
        ))
    }
}

fn multiline(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).multi_line(true).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(client: &str, output: &str) -> Read {
        let client: Vec<String> = client.split(' ').map(str::to_owned).collect();
        of(&client).unwrap().read(&client, output)
    }

    /// `name value unit` a line, better ones with a plus.
    fn lines(read: &Read) -> String {
        let lines = read.values.iter().map(|one| {
            let sign = if one.metric.better == Better::Higher {
                '+'
            } else {
                '-'
            };
            format!(
                "{sign}{} {} {}\n",
                one.metric.name, one.value, one.metric.unit
            )
        });
        let work = read
            .work
            .iter()
            .map(|work| format!("{} {}\n", work.amount, work.unit));
        lines.chain(work).collect()
    }

    #[test]
    fn every_benchmark_is_read_as_it_prints() {
        for (client, output, expected) in [
            (
                "redis-benchmark -t set,get",
                include_str!("samples/redis-benchmark.txt"),
                "+SET 46296.3 requests/s\n+GET 44642.86 requests/s\n-SET p50 0.127 ms\n-GET p50 0.103 ms\n-SET p99 0.471 ms\n-GET p99 0.327 ms\n10000 request\n",
            ),
            (
                "taskset -c 1 /usr/bin/redis-benchmark -q -k 0",
                include_str!("samples/redis-benchmark-q.txt"),
                "+SET 45871.56 requests/s\n+GET 43859.65 requests/s\n-SET p50 0.103 ms\n-GET p50 0.103 ms\n+connections 45871.56 connections/s\n",
            ),
            (
                "redis-benchmark --csv",
                include_str!("samples/redis-benchmark-csv.txt"),
                "+SET 46296.3 requests/s\n+GET 46296.3 requests/s\n-SET p50 0.103 ms\n-GET p50 0.103 ms\n-SET p99 0.367 ms\n-GET p99 0.343 ms\n",
            ),
            (
                "wrk -H Connection:\u{20}close http://192.0.2.1/",
                include_str!("samples/wrk.txt"),
                "+requests 60774.66 requests/s\n+transfer 8.87 MB/s\n-latency 49.93 us\n-latency p50 46 us\n-latency p90 58 us\n-latency p99 83 us\n+connections 60774.66 connections/s\n121565 request\n",
            ),
            (
                "ab -n 2000 http://192.0.2.1/",
                include_str!("samples/ab.txt"),
                "+requests 14327.06 requests/s\n-time per request 0.279 ms\n+transfer 2070.71 KB/s\n-failed requests 0 requests\n+connections 14327.06 connections/s\n2000 request\n",
            ),
            (
                "sockperf ping-pong --tcp",
                include_str!("samples/sockperf-ping-pong.txt"),
                "-latency 6.924 us\n-latency p50 6.689 us\n-latency p99 9.138 us\n-latency p99.9 22.628 us\n143970 message\n",
            ),
            (
                "sockperf throughput --tcp",
                include_str!("samples/sockperf-throughput.txt"),
                "+messages 521679 messages/s\n+bandwidth 6.965 MB/s\n1043611 message\n",
            ),
            (
                "pgbench -C",
                include_str!("samples/pgbench-C.txt"),
                "+transactions 26.111774 tps\n-latency 76.594 ms\n-connection time 37.855 ms\n-failed transactions 0 transactions\n+connections 26.111774 connections/s\n100 transaction\n",
            ),
            (
                "memtier_benchmark -s 192.0.2.1",
                include_str!("samples/memtier_benchmark.txt"),
                "+operations 89457.05 ops/s\n-latency 2.21847 ms\n-latency p50 2.207 ms\n-latency p99 3.423 ms\n",
            ),
            (
                "qperf 192.0.2.1 tcp_bw tcp_lat",
                include_str!("samples/qperf.txt"),
                "+tcp_bw 2850 MB/s\n-tcp_lat 7.7 us\n",
            ),
            (
                "iperf3 -J -c 192.0.2.1",
                include_str!("samples/iperf3.json"),
                "+throughput 25035.92054000389 Mbit/s\n3.136421888 GB\n",
            ),
        ] {
            assert_eq!(lines(&read(client, output)), expected, "{client}");
        }
    }

    #[test]
    fn whatever_a_benchmark_prints_is_no_reason_to_fail() {
        for benchmark in &ALL {
            let client = [benchmark.name.to_owned()];
            for output in [
                "",
                "{",
                "{\"end\":7}",
                "tps = \n",
                "====== x ======\n",
                "\u{1b}[",
            ] {
                assert!(
                    benchmark.read(&client, output).values.is_empty(),
                    "{}",
                    benchmark.name
                );
            }
            for rule in benchmark.rules {
                assert!(multiline(rule.pattern).is_some(), "{}", rule.pattern);
            }
        }
        assert!(of(&["true".to_owned()]).is_none());
    }
}
