// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_LOG` and `SMC_DEBUG`.

use crate::{problem, read};

fn log(variables: &[(&str, &str)]) -> Option<String> {
    read(variables)
        .unwrap_or_else(|problem| panic!("{problem}"))
        .log
}

#[test]
fn filters() {
    for (value, filter) in [
        ("info", "info"),
        ("off", "off"),
        ("error", "error"),
        ("warn", "warn"),
        ("debug", "debug"),
        ("trace", "trace"),
        ("DEBUG", "DEBUG"),
        (" Info ", "Info"),
        ("smc_shim", "smc_shim"),
        ("smc_shim::hooks", "smc_shim::hooks"),
        ("smc_shim=debug", "smc_shim=debug"),
        ("smc_shim::smc=TRACE", "smc_shim::smc=TRACE"),
        ("smc_shim = debug", "smc_shim=debug"),
        (
            "warn, smc_shim::hooks=trace ,smc_shim",
            "warn,smc_shim::hooks=trace,smc_shim",
        ),
    ] {
        assert_eq!(
            log(&[("SMC_LOG", value)]).as_deref(),
            Some(filter),
            "{value}"
        );
    }
}

#[test]
fn debug_is_a_filter_unless_there_is_one() {
    assert_eq!(log(&[]), None);
    assert_eq!(log(&[("SMC_DEBUG", "0")]), None);
    assert_eq!(log(&[("SMC_DEBUG", "1")]).as_deref(), Some("debug"));
    assert_eq!(
        log(&[("SMC_DEBUG", "1"), ("SMC_LOG", "")]).as_deref(),
        Some("debug")
    );
    assert_eq!(
        log(&[("SMC_DEBUG", "1"), ("SMC_LOG", "warn")]).as_deref(),
        Some("warn")
    );
    assert_eq!(
        log(&[("SMC_DEBUG", "0"), ("SMC_LOG", "warn")]).as_deref(),
        Some("warn")
    );
}

#[test]
fn what_is_not_a_filter() {
    for item in [
        "inof",
        "debugg",
        "1",
        "4",
        "*",
        "smc_shi",
        "smc_shim2",
        "smc-shim",
        "Smc_shim",
        "smc_shim:hooks",
        "smc_shim::",
        "smc_shim::hooks::",
        "smc_shim::::hooks",
        "smc_shim::ho oks",
        "smc_shim.hooks",
        "smc_shim/connect",
        "info/connect",
        "smc_shim=",
        "=debug",
        "=",
        "smc_shim=loud",
        "smc_shim=debug=info",
        "hyper=debug",
        "redis",
        "debug=smc_shim",
        "info warn",
        "!info",
    ] {
        for value in [
            item.to_owned(),
            format!("warn,{item}"),
            format!("{item},warn"),
        ] {
            let line = problem("SMC_LOG", &value);
            let start =
                format!("SMC_LOG: invalid log filter \"{item}\": expected off, error, warn");
            assert!(line.starts_with(&start), "{line}");
        }
    }
    for value in [",", "info,", ",info", "info,,smc_shim", "info, ,smc_shim"] {
        let line = problem("SMC_LOG", value);
        assert!(
            line.starts_with(&format!("SMC_LOG: empty item in \"{value}\": expected ")),
            "{line}"
        );
    }
}
