// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every program, and every way to fail, once without the shim and once under
//! `smc_run`: the same exit status and the same words from server and client.

use crate::COUNT;
use kit::machine::Output;
use kit::scene::Scene;

/// Exit status, output and errors, with `#` for each number: times, process ids,
/// speeds and ports of the kernel's choice differ from run to run.
fn words(output: &Output) -> String {
    let text = format!("{}\n{}\n{}", output.status, output.out, output.err);
    let mut words = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_ascii_digit() {
            while characters
                .next_if(|next| next.is_ascii_digit() || *next == '.')
                .is_some()
            {}
            words.push('#');
        } else {
            words.push(character);
        }
    }
    format!("{} {words}", output.status)
}

/// Plays it twice, `RUN` being nothing and `smc_run`, and compares; what the
/// client wrote.
fn same(name: &str, port: u16, server: &str, client: &str) -> String {
    let play = |run: &str| {
        let scene = Scene::new(COUNT);
        let mut serving = scene.serve(name, &[port], &server.replace("RUN", run));
        let client = serving.ask(&client.replace("RUN", run));
        (words(&client), words(&serving.end()), client.out)
    };
    let (client, server, _) = play("");
    let (client_shim, server_shim, out) = play("./smc_run");
    assert_eq!(client_shim, client, "client of {name}");
    assert_eq!(server_shim, server, "server of {name}");
    out
}

#[test]
fn redis() {
    let out = same(
        "redis",
        6379,
        "exec RUN redis-server --bind $SERVER --port 6379 --save '' --appendonly no",
        "RUN redis-benchmark -h $SERVER -n 500 -c 8 -t set,get --csv | cut -d , -f 1
         RUN redis-cli -h $SERVER set key value
         RUN redis-cli -h $SERVER get key
         RUN redis-cli -h $SERVER no-such-command; echo $?
         RUN redis-cli -h $SERVER -p 6380 ping; echo $?
         RUN redis-server --bind $SERVER --port 6379 --save '' | grep -v '^$' | tail -n 2",
    );
    assert!(out.contains("\"GET\"\nOK\nvalue\nERR"), "{out}");
    assert!(out.contains("Failed listening on port 6379"), "{out}");
}

#[test]
fn nginx_and_curl() {
    let out = same(
        "nginx",
        8080,
        "echo page > $SCRATCH/page; touch -d 2020-02-02 $SCRATCH/page; chmod 755 $SCRATCH
         cat > $SCRATCH/conf <<END
         daemon off; pid $SCRATCH/pid; error_log stderr notice; events { }
         http { access_log /dev/stdout; client_body_temp_path $SCRATCH/b;
                proxy_temp_path $SCRATCH/p; fastcgi_temp_path $SCRATCH/f;
                uwsgi_temp_path $SCRATCH/u; scgi_temp_path $SCRATCH/s;
                server { listen $SERVER:8080; root $SCRATCH;
                         location /quiet { access_log off; } } }
END
         exec RUN nginx -e stderr -c $SCRATCH/conf 2>/dev/null",
        "RUN curl -sSi http://$SERVER:8080/page; echo $?
         RUN curl -sSfI http://$SERVER:8080/nothing; echo $?
         RUN curl -sS http://$SERVER:8081/; echo $?
         RUN curl -sS --max-time 1 telnet://$SERVER:8080; echo $?
         RUN curl -sS http://[$SERVER]/; echo $?
         RUN wrk -t 1 -c 4 -d 1s http://$SERVER:8080/quiet | grep -c 'requests in'
         RUN nginx -e stderr -c $SCRATCH/conf -g 'worker_shutdown_timeout 1s;' 2>&1 |
             grep -o 'Address already in use' | head -n 1",
    );
    for sign in [
        "\n\r\npage\n0\n",
        "\n22\n",
        "\n7\n",
        "\n28\n",
        "Address already",
    ] {
        assert!(out.contains(sign), "{sign:?} in {out}");
    }
}

#[test]
fn python() {
    let out = same(
        "python",
        8000,
        "echo page > $SCRATCH/page
         exec RUN /usr/bin/python3 -m http.server --bind $SERVER --directory $SCRATCH 8000",
        "RUN curl -sS http://$SERVER:8000/page http://$SERVER:8000/nothing; echo $?
         RUN /usr/bin/python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8001))'
         echo $?
         RUN /usr/bin/python3 -c 'import socket; socket.socket().listen(); socket.socket().accept()'
         echo $?
         RUN /usr/bin/python3 -m http.server --bind $SERVER 8000; echo $?
         RUN /usr/bin/python3 -c 'import socket
for family in (socket.AF_INET, socket.AF_INET6):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_STREAM | socket.SOCK_NONBLOCK):
        print(socket.socket(family, kind))
for wrong in ((99, 1, 0), (2, 99, 0), (2, 1, 17), (2, 2, 6), (43, 1, 0), (2, 1, 256)):
    try: print(socket.socket(*wrong))
    except OSError as error: print(error)'",
    );
    assert!(out.starts_with("page\n<!DOCTYPE"), "{out}");
    assert!(out.contains("Address family not supported"), "{out}");
}

#[test]
fn iperf3() {
    let out = same(
        "iperf3",
        5201,
        "exec RUN iperf3 -s -B $SERVER >/dev/null",
        "RUN iperf3 -c $SERVER -n 4M | grep -cE 'sender|receiver|Done'
         RUN iperf3 -c $SERVER -n 4M -R -P 2 | grep -cE 'sender|receiver|Done'
         RUN iperf3 -c $SERVER -p 5202; echo $?
         RUN iperf3 -s -1 -B $SERVER; echo $?",
    );
    assert!(out.starts_with("3\n7\n"), "{out}");
}

#[test]
fn memcached() {
    let out = same(
        "memcached",
        11211,
        "exec RUN memcached -u nobody -l $SERVER -t 4",
        "head -c 900000 /dev/zero > $SCRATCH/key
         RUN memccp --servers=$SERVER $SCRATCH/key; echo $?
         RUN memccat --servers=$SERVER key | cksum
         RUN memccat --servers=$SERVER missing; echo $?
         RUN memcached -u nobody -l $SERVER; echo $?
         RUN memcstat --servers=$SERVER:11212 2>/dev/null; echo $?",
    );
    assert!(out.starts_with("0\n"), "{out}");
}

#[test]
fn postgresql() {
    let out = same(
        "postgresql",
        5432,
        "PATH=$PATH:$(echo /usr/lib/postgresql/*/bin); chown postgres $SCRATCH
         as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups -- \"$@\"; }
         as_postgres initdb --no-sync -A trust -D $SCRATCH/data >&2 &&
         as_postgres mkdir -p $SCRATCH/socket && run='RUN' &&
         cd $SCRATCH && exec setpriv --reuid=postgres --regid=postgres --clear-groups -- \\
             ${run:+$OLDPWD/}RUN postgres -D $SCRATCH/data -F -c listen_addresses=$SERVER \\
             -c unix_socket_directories=$SCRATCH/socket -c logging_collector=off \\
             -c log_min_messages=panic",
        "export PGHOST=$SERVER PGUSER=postgres
         RUN pgbench -i -s 1 -q postgres 2>/dev/null; echo $?
         RUN pgbench -c 4 -j 2 -t 10 postgres 2>/dev/null; echo $?
         RUN psql -Atc 'select count(*) from pgbench_accounts' postgres; echo $?
         RUN psql -c 'select 1/0' postgres; echo $?
         RUN psql -p 5433 -c 'select 1' postgres; echo $?",
    );
    assert!(out.contains("processed: 40/40"), "{out}");
    assert!(out.contains("\n100000\n0\n1\n2\n"), "{out}");
}
