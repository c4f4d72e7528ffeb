// SPDX-License-Identifier: MIT OR Apache-2.0
//! The output of each benchmark, as it prints it.

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
            include_str!("../samples/redis-benchmark.txt"),
            "+SET 46296.3 requests/s\n+GET 44642.86 requests/s\n-SET p50 0.127 ms\n-GET p50 0.103 ms\n-SET p99 0.471 ms\n-GET p99 0.327 ms\n10000 request\n",
        ),
        (
            "taskset -c 1 /usr/bin/redis-benchmark -q -k 0",
            include_str!("../samples/redis-benchmark-q.txt"),
            "+SET 45871.56 requests/s\n+GET 43859.65 requests/s\n-SET p50 0.103 ms\n-GET p50 0.103 ms\n+connections 45871.56 connections/s\n",
        ),
        (
            "redis-benchmark --csv",
            include_str!("../samples/redis-benchmark-csv.txt"),
            "+SET 46296.3 requests/s\n+GET 46296.3 requests/s\n-SET p50 0.103 ms\n-GET p50 0.103 ms\n-SET p99 0.367 ms\n-GET p99 0.343 ms\n",
        ),
        (
            "wrk -H Connection:\u{20}close http://192.0.2.1/",
            include_str!("../samples/wrk.txt"),
            "+requests 60774.66 requests/s\n+transfer 8.87 MB/s\n-latency 49.93 us\n-latency p50 46 us\n-latency p90 58 us\n-latency p99 83 us\n+connections 60774.66 connections/s\n121565 request\n",
        ),
        (
            "ab -n 2000 http://192.0.2.1/",
            include_str!("../samples/ab.txt"),
            "+requests 14327.06 requests/s\n-time per request 0.279 ms\n+transfer 2070.71 KB/s\n-failed requests 0 requests\n+connections 14327.06 connections/s\n2000 request\n",
        ),
        (
            "sockperf ping-pong --tcp",
            include_str!("../samples/sockperf-ping-pong.txt"),
            "-latency 6.924 us\n-latency p50 6.689 us\n-latency p99 9.138 us\n-latency p99.9 22.628 us\n143970 message\n",
        ),
        (
            "sockperf throughput --tcp",
            include_str!("../samples/sockperf-throughput.txt"),
            "+messages 521679 messages/s\n+bandwidth 6.965 MB/s\n1043611 message\n",
        ),
        (
            "pgbench -C",
            include_str!("../samples/pgbench-C.txt"),
            "+transactions 26.111774 tps\n-latency 76.594 ms\n-connection time 37.855 ms\n-failed transactions 0 transactions\n+connections 26.111774 connections/s\n100 transaction\n",
        ),
        (
            "memtier_benchmark -s 192.0.2.1",
            include_str!("../samples/memtier_benchmark.txt"),
            "+operations 89457.05 ops/s\n-latency 2.21847 ms\n-latency p50 2.207 ms\n-latency p99 3.423 ms\n",
        ),
        (
            "qperf 192.0.2.1 tcp_bw tcp_lat",
            include_str!("../samples/qperf.txt"),
            "+tcp_bw 2850 MB/s\n-tcp_lat 7.7 us\n",
        ),
        (
            "iperf3 -J -c 192.0.2.1",
            include_str!("../samples/iperf3.json"),
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
