// SPDX-License-Identifier: MIT OR Apache-2.0
//! Debian's own units of redis and nginx on SMC, and smc-shim.service.

use super::booted::{Booted, LIBRARY};
use super::COUNT;
use kit::Kernel;
use serde_json::Value;

const REDIS: &str = "/etc/systemd/system/redis-server.service.d";
const NGINX: &str = "/etc/systemd/system/nginx.service.d";

#[test]
fn under_systemd() {
    let kernel = Kernel::expected();
    if kit::skips(
        !matches!(kernel, Kernel::SmcD | Kernel::IpprotoSmc),
        "needs smcd or debian-6.12",
    ) {
        return;
    }
    let booted = Booted::new();
    settings_are_set_at_boot(&booted);
    if kernel == Kernel::SmcD {
        super::readme::transcripts_are_what_happens(&booted);
        redis_is_on_smc(&booted);
        nginx_keeps_what_it_preloads(&booted);
        super::refused::units_that_cannot_be_preloaded(&booted);
    }
}

/// How many connections the server's side of the kernel has counted as SMC-D, and as TCP,
/// since SMC was loaded: this test loads it again, so earlier counts are gone.
fn counted(booted: &Booted) -> (u64, u64) {
    let server = booted.scene.server.counters(COUNT).unwrap();
    (server.of("smc-d server"), server.of("fallback server"))
}

fn listed(booted: &Booted, service: &str) -> Value {
    let list = booted.said("smcctl list --json");
    let list: Value = serde_json::from_str(&list).unwrap();
    let services = list["services"].as_array().unwrap();
    let found = services.iter().find(|one| one["service"] == service);
    found.unwrap_or(&Value::Null).clone()
}

fn redis_is_on_smc(booted: &Booted) {
    booted.said("systemctl start redis-server");
    assert!(booted.said("smcctl list").contains("no enabled services"));
    let shown = booted.said("smcctl enable redis-server --ports in:6379 --dry-run");
    assert!(shown.contains("would be written"), "{shown}");
    assert_eq!(booted.run(&format!("test -e {REDIS}")).status, 1);

    // Written, and not in force before a restart.
    let shown = booted.said("smcctl enable redis-server --ports in:6379");
    let file = booted.said(&format!("cat {REDIS}/50-smc-shim.conf"));
    for line in file.lines() {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let lines: Vec<_> = file.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "[Service]",
            "Environment=\"SMC_PORTS=in:6379\"",
            &format!("Environment=\"LD_PRELOAD={LIBRARY}\""),
        ]
    );
    assert_eq!(listed(booted, "redis-server.service")["state"], "not-yet");

    let shown = booted.said("smcctl enable redis --ports in:6379 --restart");
    assert!(shown.contains("unchanged"), "an alias: {shown}");
    let (before, tcp_before) = counted(booted);
    booted.said("smc_run redis-benchmark -n 50 -c 2 -t set -q >&2");
    let (after, tcp) = counted(booted);
    assert!(after >= before + 2, "{before} {after}");
    assert_eq!(tcp, tcp_before);

    // A connection that goes on is in the list, as in the kernel's.
    let said = booted.said(
        "smc_run redis-cli blpop nothing 60 >/dev/null & client=$!
         for try in $(seq 300); do
             smcctl connections --mode smc-d --port 6379 --state connected --pids \
                 >/tmp/pids 2>/dev/null && grep -qx $client /tmp/pids && break
             sleep 0.1
         done
         smcctl list --json; kill $client",
    );
    let list: Value = serde_json::from_str(&said).unwrap();
    let redis = &list["services"][0];
    assert_eq!(redis["state"], "running", "{redis}");
    assert_eq!(redis["smc_d"], 1, "{redis}");
    assert_eq!(redis["tcp"], 0, "{redis}");
    assert!(redis["listening"].as_u64() >= Some(1), "{redis}");

    // Other options: the file is written anew, not added to.
    booted.said("smcctl enable redis-server --hosts 127.0.0.0/8 >&2");
    let file = booted.said(&format!("cat {REDIS}/50-smc-shim.conf"));
    assert!(
        file.contains("SMC_HOSTS=127.0.0.0/8") && !file.contains("SMC_PORTS"),
        "{file}"
    );
    booted.said("smcctl disable redis-server >&2");
    assert_eq!(
        booted.run(&format!("test -e {REDIS}")).status,
        1,
        "nothing is left"
    );
    let again = booted.run("smcctl disable redis-server");
    assert_eq!(again.status, 1, "{again:?}");
}

fn nginx_keeps_what_it_preloads(booted: &Booted) {
    let own = "$(ls /lib/x86_64-linux-gnu/libdl.so.2)";
    booted.said(&format!(
        "mkdir -p {NGINX}; printf '[Service]\\nEnvironment=LD_PRELOAD=%s MINE=1\\n' {own} \
         >{NGINX}/10-own.conf; systemctl daemon-reload"
    ));
    let before = booted.said(&format!("cat {NGINX}/10-own.conf"));
    booted.said("smcctl enable nginx --restart >&2");
    // nginx writes its title over its environment.
    let environment = "systemctl show -p Environment --value nginx
         cat /proc/$(systemctl show -p MainPID --value nginx)/maps";
    let has = booted.said(environment);
    let list = format!("LD_PRELOAD={LIBRARY}:/lib/x86_64-linux-gnu/libdl.so.2");
    let first = has.lines().next().unwrap();
    assert_eq!(first, format!("{list} MINE=1"));
    let mapped = [LIBRARY, "/libdl.so.2"];
    assert!(mapped.iter().all(|library| maps(&has, library)), "{has}");
    let (smc, tcp) = counted(booted);
    booted.said("smc_run curl -s -o /dev/null http://127.0.0.1/");
    let (now, tcp_now) = counted(booted);
    assert_eq!((now - smc, tcp_now - tcp), (1, 0));
    let nginx = listed(booted, "nginx.service");
    assert_eq!(nginx["state"], "running", "{nginx}");
    assert!(
        nginx["processes"].as_u64() > Some(1),
        "master and workers: {nginx}"
    );

    booted.said("smcctl disable nginx --restart >&2");
    assert_eq!(booted.said(&format!("ls {NGINX}")), "10-own.conf\n");
    assert_eq!(booted.said(&format!("cat {NGINX}/10-own.conf")), before);
    let has = booted.said(environment);
    assert!(
        !has.contains("libsmc_shim.so") && maps(&has, "/libdl.so.2"),
        "{has}"
    );
    booted.said("smc_run curl -s -o /dev/null http://127.0.0.1/");
    let (at_last, _) = counted(booted);
    assert_eq!(at_last, now, "it is off SMC");
    booted.said(&format!("systemctl stop nginx; rm -r {NGINX}"));
}

fn maps(text: &str, library: &str) -> bool {
    text.lines().any(|line| line.ends_with(library))
}

fn settings_are_set_at_boot(booted: &Booted) {
    let unit = "/etc/systemd/system/smc-shim.service";
    booted.said(&format!(
        "cp packaging/systemd/smc-shim.service {unit}; systemctl daemon-reload
         systemctl start smc-shim"
    ));
    let state = booted.run("systemctl is-active smc-shim").out;
    assert_eq!(state, "inactive\n", "there is no file");
    let ueids = "/usr/bin/python3 tests/devices/netlink.py ueids";
    let before = booted.said(ueids);
    // Where SMC is a module, it is loaded now and not before.
    booted.said(
        "rmmod smc_diag smc 2>/dev/null || ! grep '^smc ' /proc/modules
         printf 'load\\nueid AT.BOOT\\nnet.smc.wmem = 140000\\npnetid BOOT net later1\\n' \
         >/etc/smc-shim.conf
         systemctl start smc-shim || { journalctl --no-pager -u smc-shim >&2; exit 1; }",
    );
    if Kernel::expected() == Kernel::IpprotoSmc {
        booted.said("grep '^smc_diag ' /proc/modules");
    }
    assert!(booted.said(ueids).contains("AT.BOOT"));
    assert_eq!(booted.said("cat /proc/sys/net/smc/wmem"), "140000\n");
    assert_eq!(booted.said("systemctl is-active smc-shim"), "active\n");
    booted.said("smcctl ueid remove AT.BOOT >&2; systemctl reload smc-shim");
    assert!(
        booted.said(ueids).contains("AT.BOOT"),
        "reload applies it again"
    );
    // An error in the file is to be seen.
    booted.said("echo laod >>/etc/smc-shim.conf; ! systemctl restart smc-shim 2>/dev/null");
    let told = booted.said("systemctl status --no-pager smc-shim || true");
    let wanted = "/etc/smc-shim.conf:5: unknown setting \"laod\": expected load, ";
    assert!(told.contains(wanted), "{told}");
    booted.said(&format!(
        "rm /etc/smc-shim.conf {unit}; systemctl daemon-reload
         smcctl ueid remove AT.BOOT >&2; smcctl pnetid remove BOOT >&2
         echo 65536 >/proc/sys/net/smc/wmem"
    ));
    // A module that was loaded anew does not have the lab's.
    for ueid in serde_json::from_str::<Vec<String>>(&before).unwrap() {
        booted.said(&format!("smcctl ueid add {ueid} >&2 || true"));
    }
    assert_eq!(booted.said(ueids), before);
}
