// SPDX-License-Identifier: MIT OR Apache-2.0
//! The names of the variables, the whole interface of the shim.

pub(crate) const DISABLE: &str = "SMC_DISABLE";
pub(crate) const REQUIRE: &str = "SMC_REQUIRE";
pub(crate) const SOCKET: &str = "SMC_SOCKET";
pub(crate) const SNDBUF: &str = "SMC_SNDBUF";
pub(crate) const RCVBUF: &str = "SMC_RCVBUF";
pub(crate) const DRAIN_TIMEOUT: &str = "SMC_DRAIN_TIMEOUT";
pub(crate) const RETRY_AFTER: &str = "SMC_RETRY_AFTER";
pub(crate) const DEBUG: &str = "SMC_DEBUG";
pub(crate) const LOG: &str = "SMC_LOG";
pub(crate) const LOG_FILE: &str = "SMC_LOG_FILE";
pub(crate) const PORTS: &str = "SMC_PORTS";
pub(crate) const HOSTS: &str = "SMC_HOSTS";
pub(crate) const PROCESSES: &str = "SMC_PROCESSES";

/// Every variable that [`Config::from_env`](crate::Config::from_env) looks up.
pub const VARIABLES: [&str; 13] = [
    PORTS,
    PROCESSES,
    HOSTS,
    SOCKET,
    REQUIRE,
    SNDBUF,
    RCVBUF,
    DRAIN_TIMEOUT,
    RETRY_AFTER,
    LOG,
    LOG_FILE,
    DEBUG,
    DISABLE,
];
