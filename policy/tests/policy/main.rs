// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the lists and values mean, through the public interface alone: a table
//! for each rule, and random lists against a naive model.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod config;
mod hosts;
mod log_filter;
mod model;
mod ports;
mod problems;
mod processes;
mod properties;

use std::net::{IpAddr, SocketAddr};

use smc_policy::{Config, Lists, Problem, Verdict};

/// Reads a configuration from these variables.
fn read(variables: &[(&str, &str)]) -> Result<Config, Problem> {
    Config::from_env(|name| {
        variables
            .iter()
            .find_map(|&(variable, value)| (variable == name).then_some(value))
    })
}

/// Lists that are known to parse.
fn lists(variables: &[(&str, &str)]) -> Lists {
    match read(variables) {
        Ok(config) => config.lists,
        Err(problem) => panic!("{problem}"),
    }
}

/// The problem with a value that is known not to parse, as it is shown.
fn problem(variable: &str, value: &str) -> String {
    match read(&[(variable, value)]) {
        Ok(config) => panic!("{variable}={value:?} was accepted: {config:?}"),
        Err(problem) => problem.to_string(),
    }
}

/// `SMC`, or the reason.
fn said(verdict: Verdict<'_>) -> String {
    match verdict {
        Verdict::Smc => String::from("SMC"),
        Verdict::Tcp(reason) => reason.to_string(),
    }
}

fn address(host: &str, port: u16) -> SocketAddr {
    SocketAddr::new(host.parse::<IpAddr>().unwrap(), port)
}
