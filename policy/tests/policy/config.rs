// SPDX-License-Identifier: MIT OR Apache-2.0
//! The values that are not lists, the defaults, and precedence.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use smc_policy::{Config, Creation, VARIABLES};

use crate::{address, problem, read};

fn accepted(variables: &[(&str, &str)]) -> Config {
    read(variables).unwrap_or_else(|problem| panic!("{problem}"))
}

fn assert_is_default(config: &Config) {
    assert!(!config.require);
    assert_eq!(config.creation, Creation::Auto);
    assert_eq!(config.sndbuf, None);
    assert_eq!(config.rcvbuf, None);
    assert_eq!(config.log, None);
    assert_eq!(config.log_file, None);
    assert!(!config.lists.has_processes());
    assert!(!config.lists.judges_connect());
    assert!(!config.lists.judges_listen());
    assert!(config.lists.at_connect(address("192.0.2.1", 1)).is_smc());
    assert!(config.lists.at_listen(address("192.0.2.1", 1)).is_smc());
}

#[test]
fn unset_empty_and_blank_are_the_default() {
    for value in [None, Some(""), Some(" "), Some("\t\n ")] {
        let config = Config::from_env(|_| value).unwrap();
        assert!(!config.disabled);
        assert_is_default(&config);
    }
    assert!(!Config::default().disabled);
    assert_is_default(&Config::default());
}

#[test]
fn every_variable_is_looked_up() {
    let looked_up = RefCell::new(BTreeSet::new());
    Config::from_env(|name| {
        looked_up.borrow_mut().insert(name.to_owned());
        None::<OsString>
    })
    .unwrap();
    let variables = VARIABLES.map(str::to_owned).into();
    assert_eq!(looked_up.into_inner(), variables);
}

#[test]
fn disabled_ignores_the_other_variables() {
    let config = Config::from_env(|name| match name {
        "SMC_DISABLE" => Some("1"),
        other => panic!("{other} was looked up"),
    })
    .unwrap();
    assert!(config.disabled);
    assert_is_default(&config);

    assert!(!accepted(&[("SMC_DISABLE", "0")]).disabled);
    assert!(read(&[("SMC_DISABLE", "0"), ("SMC_PORTS", "http")]).is_err());
}

#[test]
fn switches() {
    assert!(accepted(&[("SMC_REQUIRE", "1")]).require);
    assert!(accepted(&[("SMC_REQUIRE", " 1 ")]).require);
    assert!(!accepted(&[("SMC_REQUIRE", "0")]).require);
    for variable in ["SMC_DISABLE", "SMC_REQUIRE", "SMC_DEBUG"] {
        for value in ["2", "yes", "no", "true", "on", "01", "-1", "1,0", "!1"] {
            assert_eq!(
                problem(variable, value),
                format!("{variable}: invalid switch \"{value}\": expected 0 or 1")
            );
        }
    }
}

#[test]
fn kinds_of_socket() {
    for (value, creation) in [
        ("auto", Creation::Auto),
        ("af_smc", Creation::AfSmc),
        ("ipproto_smc", Creation::IpprotoSmc),
        (" af_smc\n", Creation::AfSmc),
    ] {
        assert_eq!(accepted(&[("SMC_SOCKET", value)]).creation, creation);
    }
    for value in ["AF_SMC", "smc", "43", "256", "af_smc,auto", "auto_"] {
        assert_eq!(
            problem("SMC_SOCKET", value),
            format!(
                "SMC_SOCKET: invalid socket kind \"{value}\": expected auto, af_smc or ipproto_smc"
            )
        );
    }
}

#[test]
fn buffer_sizes() {
    type Field = fn(&Config) -> Option<u32>;
    let fields: [(&str, Field); 2] = [("SMC_SNDBUF", |c| c.sndbuf), ("SMC_RCVBUF", |c| c.rcvbuf)];
    for (variable, field) in fields {
        for (value, bytes) in [
            ("1", 1),
            ("65536", 65_536),
            ("64k", 65_536),
            ("64K", 65_536),
            ("1m", 1_048_576),
            (" 4M ", 4_194_304),
            ("1048575k", 1_073_740_800),
            ("1023m", 1_072_693_248),
            ("1073741823", 1_073_741_823),
        ] {
            assert_eq!(
                field(&accepted(&[(variable, value)])),
                Some(bytes),
                "{value}"
            );
        }
        for value in [
            "0",
            "0k",
            "-1",
            "+1",
            "01",
            "k",
            "m",
            "1g",
            "1 k",
            "1kb",
            "1kk",
            "1.5m",
            "1e6",
            "0x10",
            "1,000",
            "1073741824",
            "1048576k",
            "1024m",
            "4096m",
            "4194304k",
            "4294967296",
            "4294967297",
            "4398046511104m",
        ] {
            let expected = "expected 1 to 1073741823 bytes, optionally with suffix k or m";
            assert_eq!(
                problem(variable, value),
                format!("{variable}: invalid buffer size \"{value}\": {expected}")
            );
        }
    }
}

#[test]
fn each_buffer_size_has_its_own_variable() {
    let config = accepted(&[("SMC_SNDBUF", "1k"), ("SMC_RCVBUF", "2k")]);
    assert_eq!((config.sndbuf, config.rcvbuf), (Some(1024), Some(2048)));
}

#[test]
fn times() {
    type Field = fn(&Config) -> Option<u32>;
    let fields: [(&str, Field); 2] = [
        ("SMC_DRAIN_TIMEOUT", |c| c.drain_timeout),
        ("SMC_RETRY_AFTER", |c| c.retry_after),
    ];
    for (variable, field) in fields {
        assert_eq!(field(&accepted(&[])), None);
        for (value, seconds) in [("0", 0), ("1", 1), (" 300\n", 300), ("86400", 86_400)] {
            let config = accepted(&[(variable, value)]);
            assert_eq!(field(&config), Some(seconds), "{variable}={value}");
        }
        for value in [
            "-1",
            "+1",
            "01",
            "1.5",
            "1s",
            "1 0",
            "1k",
            "0x10",
            "inf",
            "86401",
            "4294967296",
            "4294967297",
        ] {
            let expected = "expected whole seconds from 0 to 86400";
            assert_eq!(
                problem(variable, value),
                format!("{variable}: invalid time \"{value}\": {expected}")
            );
        }
    }
}

#[test]
fn each_time_has_its_own_variable() {
    let config = accepted(&[("SMC_DRAIN_TIMEOUT", "5"), ("SMC_RETRY_AFTER", "7")]);
    assert_eq!(
        (config.drain_timeout, config.retry_after),
        (Some(5), Some(7))
    );
}

#[test]
fn the_log_file_is_any_path() {
    for bytes in [
        &b"/var/log/smc.log"[..],
        b"smc.log",
        b" with blanks ",
        b"/tmp/caf\xe9,\n",
    ] {
        let path = OsString::from_vec(bytes.to_vec());
        let config =
            Config::from_env(|name| (name == "SMC_LOG_FILE").then(|| path.clone())).unwrap();
        assert_eq!(config.log_file, Some(path));
    }
}

#[test]
fn the_first_problem_in_the_order_of_the_variables_is_reported() {
    let all_wrong = Config::from_env(|_| Some("nonsense?")).unwrap_err();
    assert_eq!(all_wrong.variable(), "SMC_DISABLE");
    let lists_wrong = read(&[
        ("SMC_PROCESSES", "a**"),
        ("SMC_HOSTS", "x"),
        ("SMC_PORTS", "y"),
    ])
    .unwrap_err();
    assert_eq!(lists_wrong.variable(), "SMC_PORTS");
}
