// SPDX-License-Identifier: MIT OR Apache-2.0
//! The naive model: what the lists mean, read anew from the documentation, item
//! by item and character by character at every question, without a thought for
//! speed and without a line of the crate.
//!
//! Every function answers none where the list is not valid. Used by the
//! property tests and by the fuzz targets.

mod glob;

use std::net::IpAddr;

/// What an item is: `None` is not valid, else whether it matches.
type Item = Option<bool>;

/// The rule of every list. `item` judges an item without its `!`.
fn allowed(list: &str, item: impl Fn(&str) -> Item) -> Option<bool> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
    let list = list.trim_matches(blank);
    if list.is_empty() {
        return Some(true);
    }
    let mut positive_items = Vec::new();
    let mut negative_items = Vec::new();
    for text in list.split(',').map(|text| text.trim_matches(blank)) {
        if let Some(rest) = text.strip_prefix('!') {
            let rest = rest.trim_matches(blank);
            if rest.is_empty() || rest.starts_with('!') {
                return None;
            }
            negative_items.push(item(rest)?);
        } else if text.is_empty() {
            return None;
        } else {
            positive_items.push(item(text)?);
        }
    }
    let wanted = positive_items.is_empty() || positive_items.contains(&true);
    Some(wanted && !negative_items.contains(&true))
}

/// A number as a person would write it.
fn number(text: &str, largest: u64) -> Option<u64> {
    let number = text.parse::<u64>().ok()?;
    (number <= largest && number.to_string() == text).then_some(number)
}

/// Whether `SMC_PORTS` allows this port.
pub fn port(list: &str, listening: bool, port: u16) -> Option<bool> {
    allowed(list, |item| {
        let (speaks, ports) = match item.split_once(':') {
            None => (true, item),
            Some(("in", ports)) => (listening, ports),
            Some(("out", ports)) => (!listening, ports),
            Some(_) => return None,
        };
        if ports == "*" {
            return Some(speaks);
        }
        let bounds: Vec<u64> = ports
            .split('-')
            .map(|bound| number(bound, 65535).filter(|&bound| bound > 0))
            .collect::<Option<_>>()?;
        let port = u64::from(port);
        match bounds[..] {
            [only] => Some(speaks && port == only),
            [first, last] if first <= last => Some(speaks && port >= first && port <= last),
            _ => None,
        }
    })
}

/// An address as its family and a string of zeros and ones.
fn bits(host: IpAddr) -> String {
    match host {
        IpAddr::V4(host) => {
            let octets = host.octets().map(|octet| format!("{octet:08b}"));
            format!("v4 {}", octets.concat())
        }
        IpAddr::V6(host) => {
            let segments = host.segments().map(|segment| format!("{segment:016b}"));
            let bits = segments.concat();
            let mapped = format!("{}{}", "0".repeat(80), "1".repeat(16));
            match bits.strip_prefix(&mapped) {
                Some(v4) => format!("v4 {v4}"),
                None => format!("v6 {bits}"),
            }
        }
    }
}

/// Whether `SMC_HOSTS` allows this address, which is neither resolved to
/// loopback nor let through as the wildcard.
fn plain_host(list: &str, host: IpAddr) -> Option<bool> {
    let host_bits = bits(host);
    allowed(list, |item| {
        let (text, prefix) = match item.split_once('/') {
            None => (item, None),
            Some((text, prefix)) => (text, Some(prefix)),
        };
        let address: IpAddr = text.parse().ok()?;
        let longest = if text.contains(':') { 128 } else { 32 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => number(prefix, longest)?,
        };
        let prefix = usize::try_from(prefix).ok()?;
        let item_bits = bits(address);
        let behind_family = 3;
        let beginning = if item_bits.len() == behind_family + 128 || longest == 32 {
            item_bits[..behind_family + prefix].to_owned()
        } else if prefix >= 96 {
            item_bits[..behind_family + prefix - 96].to_owned()
        } else {
            // An IPv4-mapped address with the prefix of an IPv6 network that
            // is larger than all of IPv4.
            let all = format!("{}{}", "0".repeat(80), "1".repeat(16));
            format!("v6 {}", &all[..prefix])
        };
        Some(host_bits.starts_with(&beginning))
    })
}

/// Whether `SMC_HOSTS` allows connecting to, or listening on, this address.
pub fn host(list: &str, listening: bool, host: IpAddr) -> Option<bool> {
    let zeros = bits(host);
    let unspecified = !zeros[3..].contains('1');
    if unspecified && listening {
        return plain_host(list, host).map(|_| true);
    }
    if unspecified {
        let loopback = if zeros.starts_with("v4") {
            "127.0.0.1"
        } else {
            "::1"
        };
        return plain_host(list, loopback.parse().ok()?);
    }
    plain_host(list, host)
}

/// Whether `SMC_PROCESSES` allows the program with these two paths.
pub fn program(list: &str, executable: &[u8], invoked_as: &[u8]) -> Option<bool> {
    let executable = String::from_utf8_lossy(executable);
    let executable = executable.strip_suffix(" (deleted)").unwrap_or(&executable);
    let invoked_as = String::from_utf8_lossy(invoked_as);
    allowed(list, |item| {
        if item.matches('*').count() > 16 || item.ends_with('/') {
            return None;
        }
        let for_paths = item.contains('/');
        if for_paths && !item.starts_with('/') && !item.starts_with("**/") {
            return None;
        }
        let parts = glob::parse(item)?;
        let matches = |path: &str| {
            let name = path.split('/').next_back().unwrap_or_default();
            let subject = if for_paths { path } else { name };
            !subject.is_empty() && glob::matches(&parts, subject)
        };
        Some(matches(executable) || matches(&invoked_as))
    })
}
