// SPDX-License-Identifier: MIT OR Apache-2.0
//! Unmodified Debian programs, server and client both under `smc_run`: they
//! work, every byte arrives, and the kernel has counted what it should: SMC-R
//! between two guests, SMC-D within one, fallbacks where there is no device.
//!
//! They differ in how they use sockets: an event loop (redis), edge-triggered
//! epoll with several processes (nginx), a thread per connection (python),
//! threads with event loops (memcached), a process per connection (PostgreSQL),
//! one blocking stream (iperf3), non-blocking connects (curl, wrk); and in the runtimes
//! that they were built with (sanitizers).
#![allow(missing_docs)]

use kit::machine::Output;
use kit::scene::Scene;
use kit::Kernel;

const COUNT: &str = env!("CARGO_BIN_EXE_count");

#[test]
fn redis() {
    let scene = Scene::new(COUNT);
    let said = scene.play(
        "redis",
        6379,
        "exec ./smc_run redis-server --bind $SERVER --port 6379 --protected-mode no --save '' --appendonly no",
        "./smc_run redis-benchmark -h $SERVER -n 300 -c 8 -t set,get -q >&2
         head -c 1000000 /dev/urandom > $SCRATCH/in
         ./smc_run redis-cli -h $SERVER -x set bulk < $SCRATCH/in
         ./smc_run redis-cli -h $SERVER --raw get bulk | head -c 1000000 | cmp - $SCRATCH/in && echo same",
    );
    assert!(said.ends_with("OK\nsame\n"), "{said}");
    scene.assert_all_smc();
}

const NGINX: &str = "
    mkdir $SCRATCH/www; head -c 3000000 /dev/urandom > $SCRATCH/www/bulk
    sha256sum < $SCRATCH/www/bulk > $SCRATCH/www/sum; echo small > $SCRATCH/www/small
    cat > $SCRATCH/conf <<END
    daemon off; worker_processes 2; pid $SCRATCH/pid; error_log stderr;
    events { worker_connections 512; }
    http { access_log off; client_body_temp_path $SCRATCH; proxy_temp_path $SCRATCH;
           fastcgi_temp_path $SCRATCH; uwsgi_temp_path $SCRATCH; scgi_temp_path $SCRATCH;
           server { listen $SERVER:8080 LISTEN; root $SCRATCH/www; } }
END
    chmod -R a+rX $SCRATCH
    exec ./smc_run nginx -e stderr -c $SCRATCH/conf";

const FETCH: &str = "
    for round in 1 2 3 4 5; do
        ./smc_run curl -sSf -o $SCRATCH/bulk http://$SERVER:8080/bulk
        ./smc_run curl -sSf -o $SCRATCH/sum http://$SERVER:8080/sum
        sha256sum < $SCRATCH/bulk | cmp - $SCRATCH/sum
    done
    ./smc_run wrk -t 2 -c 8 -d 2s http://$SERVER:8080/small | grep -E 'requests in|Socket errors|Non-2xx'";

#[test]
fn nginx() {
    let scene = Scene::new(COUNT);
    let said = scene.play("nginx", 8080, &NGINX.replace("LISTEN", ""), FETCH);
    assert!(
        said.contains("requests in") && !said.contains("rror"),
        "{said}"
    );
    scene.assert_all_smc();
}

#[test]
fn nginx_reuseport() {
    let scene = Scene::new(COUNT);
    let said = scene.play("nginx", 8080, &NGINX.replace("LISTEN", "reuseport"), FETCH);
    assert!(
        said.contains("requests in") && !said.contains("rror"),
        "{said}"
    );
    // AF_SMC sockets have no SO_REUSEPORT: such listeners are plain TCP.
    if Kernel::expected() != Kernel::AfSmc {
        scene.assert_all_smc();
    }
}

#[test]
fn python_http_server() {
    let scene = Scene::new(COUNT);
    let said = scene.play(
        "python",
        8000,
        "head -c 2000000 /dev/urandom > $SCRATCH/bulk; sha256sum < $SCRATCH/bulk > $SCRATCH/sum
         exec ./smc_run /usr/bin/python3 -m http.server --bind $SERVER --directory $SCRATCH 8000",
        "for round in 1 2 3; do
             ./smc_run curl -sSf -o $SCRATCH/got http://$SERVER:8000/bulk
             ./smc_run curl -sSf -o $SCRATCH/sum http://$SERVER:8000/sum
             sha256sum < $SCRATCH/got | cmp - $SCRATCH/sum
             echo same
         done",
    );
    assert_eq!(said, "same\n".repeat(3));
    scene.assert_all_smc();
}

#[test]
fn iperf3() {
    let scene = Scene::new(COUNT);
    let said = scene.play(
        "iperf3",
        5201,
        "exec ./smc_run iperf3 -s -B $SERVER",
        "./smc_run iperf3 -c $SERVER -n 4M; ./smc_run iperf3 -c $SERVER -n 4M -R -P 2",
    );
    assert_eq!(said.matches("iperf Done.").count(), 2, "{said}");
    scene.assert_all_smc();
}

#[test]
fn memcached() {
    let scene = Scene::new(COUNT);
    let said = scene.play(
        "memcached",
        11211,
        "exec ./smc_run memcached -u nobody -l $SERVER -t 4",
        "head -c 900000 /dev/urandom > $SCRATCH/key
         ./smc_run memccp --servers=$SERVER $SCRATCH/key
         ./smc_run memccat --servers=$SERVER key | head -c 900000 | cmp - $SCRATCH/key && echo same
         ./smc_run memcslap --servers=$SERVER --concurrency=4 --execute-number=20 --initial-load=50 >&2",
    );
    assert_eq!(said, "same\n");
    scene.assert_all_smc();
}

#[test]
fn postgresql() {
    let scene = Scene::new(COUNT);
    let said = scene.play(
        "postgresql",
        5432,
        "PATH=$PATH:$(echo /usr/lib/postgresql/*/bin); chown postgres $SCRATCH
         as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups -- \"$@\"; }
         as_postgres initdb --no-sync -A trust -D $SCRATCH/data >&2 &&
         echo 'host all all 0.0.0.0/0 trust' >> $SCRATCH/data/pg_hba.conf &&
         as_postgres mkdir -p $SCRATCH/socket &&
         cd $SCRATCH && exec setpriv --reuid=postgres --regid=postgres --clear-groups -- \\
             $OLDPWD/smc_run postgres -D $SCRATCH/data -F -c listen_addresses=$SERVER \\
             -c unix_socket_directories=$SCRATCH/socket",
        "./smc_run pgbench -h $SERVER -U postgres -i -s 1 -q postgres
         ./smc_run pgbench -h $SERVER -U postgres -c 4 -j 2 -t 10 postgres |
             grep -E 'actually processed|failed'",
    );
    assert!(said.contains("processed: 40/40"), "{said}");
    scene.assert_all_smc();
}

/// Built with a sanitizer, whose runtime wants to be the first library: the kernel counts
/// SMC, and the runtime finds nothing wrong, neither in the program nor in the library.
#[test]
fn with_a_sanitizer() {
    for sanitizer in ["address", "thread"] {
        let scene = Scene::new(COUNT);
        let build = format!(
            "cc -g -O1 -pthread -fsanitize={sanitizer} -o $SCRATCH/ROLE tests/programs/threads.c &&
             exec ./smc_run $SCRATCH/ROLE ROLE $SERVER 7070 8"
        );
        let server = build.replace("ROLE", "server");
        let mut serving = scene.serve("sanitizer", &[7070], &server);
        assert_eq!(
            serving.to(&build.replace("ROLE", "client")),
            "8 connections\n"
        );
        let Output { status, out, err } = serving.wait();
        assert_eq!(
            (status, out.as_str(), err.as_str()),
            (0, "8 connections\n", "")
        );
        scene.assert_all_smc();
    }
}
