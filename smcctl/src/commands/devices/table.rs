// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table: that of pnetctl, with state and rate at the end of the lines and the GIDs
//! of RDMA ports below them.

use super::{Device, Devices, Kind};
use crate::output::{styled, Report, BAD, DOUBTFUL, FAINT, GOOD, STRONG};
use crate::system::ports::Roce;
use std::fmt::Write;

/// The ends of the columns.
const ENDS: [usize; 8] = [15, 22, 38, 45, 51, 68, 74, 80];

impl Report for Devices {
    fn text(&self) -> String {
        let double = format!("{}\n", "=".repeat(80));
        let single = format!("{}\n", "-".repeat(80));
        let names = [
            "Pnetid:", "Type:", "Name:", "Port:", "Bus:", "Bus-ID:", "Link:", "Rate:",
        ];
        let mut text = format!("{double}{}\n{double}", styled(line(names), STRONG));
        let mut last: Option<&Option<String>> = None;
        for device in &self.devices {
            if last != Some(&device.pnetid) {
                if last.is_some() {
                    text.push_str(&single);
                }
                let name = device.pnetid.as_deref().unwrap_or("n/a");
                let _ = write!(text, "{}\n{single}", styled(name, STRONG));
                last = Some(&device.pnetid);
            }
            text.push_str(&device.text());
        }
        text
    }
}

impl Device {
    fn text(&self) -> String {
        let kind = match self.kind {
            Kind::Ib => "ib",
            Kind::Ism => "ism",
            Kind::Net => "net",
        };
        let port = self.port.map(|port| port.to_string()).unwrap_or_default();
        let bus = self.bus.as_deref().unwrap_or("n/a");
        let bus_id = self.bus_id.as_deref().unwrap_or("n/a");
        let (state, style) = match self.state.as_str() {
            "up" => ("up", GOOD),
            // The interface has no carrier.
            "no carrier" => ("wait", DOUBTFUL),
            state => (state, BAD),
        };
        let place = line(["", kind, &self.name, &port, bus, bus_id]);
        let state = styled(format!("{:>5}", shortened(state, 5)), style);
        let speed = self.speed_mbit.map(rate).unwrap_or_default();
        let mut text = format!("{place} {state} {speed:>5}").trim_end().to_owned();
        text.push('\n');
        for line in self.addresses() {
            let _ = writeln!(text, "{:23}{}", "", styled(line, FAINT));
        }
        text
    }

    /// The GIDs of an RDMA port, else its interface.
    fn addresses(&self) -> Vec<String> {
        let interface = self.interface.as_deref();
        if self.gids.is_empty() && self.kind == Kind::Ib {
            let interface = interface.map(|name| format!("no GID, of interface {name}"));
            return interface.into_iter().collect();
        }
        self.gids
            .iter()
            .map(|gid| {
                let roce = match gid.roce {
                    Roce::V1 => "v1",
                    Roce::V2 => "v2",
                };
                // IPv4-mapped GIDs are displayed as IPv4; JSON has the GID.
                let address = gid.address.to_canonical().to_string();
                let interface = gid.interface.as_deref().unwrap_or_default();
                format!("{roce} {address} {interface}")
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}

/// A line of the table: the first cell is left-aligned, the others right-aligned. A cell
/// may be wider than its column if the next one is short (`virtio`).
fn line<const COLUMNS: usize>(cells: [&str; COLUMNS]) -> String {
    let mut line = String::new();
    for (place, (cell, end)) in cells.iter().zip(ENDS).enumerate() {
        let taken = line.chars().count();
        let spare = match (cells.get(place + 1), ENDS.get(place + 1)) {
            (Some(next), Some(later)) => (later - end).saturating_sub(next.chars().count() + 1),
            _ => 0,
        };
        let width_left = (end + spare).saturating_sub(taken + usize::from(place > 0));
        let cell = shortened(cell, width_left);
        let width = end.saturating_sub(taken);
        let padded = if place == 0 {
            format!("{cell:width$}")
        } else {
            format!("{:>width$}", format!(" {cell}"))
        };
        line.push_str(&padded);
    }
    line
}

/// Truncates a name that is too long for its column; JSON has the full name.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let start: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{start}…")
}

/// Formats megabits per second: `100G`.
fn rate(megabits: u64) -> String {
    match megabits {
        0..1000 => format!("{megabits}M"),
        _ if megabits % 1000 == 0 || megabits > 100_000 => format!("{}G", megabits / 1000),
        _ => format!("{}.{}G", megabits / 1000, megabits % 1000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_bus_uses_the_space_of_a_short_bus_id() {
        assert!(line(["", "net", "eth0", "", "virtio", "virtio2"])
            .ends_with("  eth0        virtio         virtio2"));
    }

    #[test]
    fn rates_fit_their_column() {
        for (megabits, text) in [
            (100, "100M"),
            (2500, "2.5G"),
            (53_125, "53.1G"),
            (400_000, "400G"),
        ] {
            assert_eq!(rate(megabits), text);
        }
    }
}
