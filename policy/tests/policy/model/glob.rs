// SPDX-License-Identifier: MIT OR Apache-2.0
//! Globs for the naive model: every position that can be reached, part by part.

use std::collections::BTreeSet;

/// A part of a glob.
#[derive(Debug, Clone)]
pub enum Part {
    /// This character.
    One(char),
    /// `?`
    Any,
    /// `[abc]`, `[!abc]`: the set, and whether it is negated.
    Set(Vec<(char, char)>, bool),
    /// `*`
    Star,
    /// `**/`: any number of whole components.
    Components,
    /// `**` at the end: anything at all.
    Rest,
}

/// The parts of a glob, none where it is not one.
pub fn parse(glob: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = glob;
    let mut at_component = true;
    while let Some(c) = rest.chars().next() {
        let stars = rest.chars().take_while(|&c| c == '*').count();
        let next = &rest[c.len_utf8()..];
        let (part, behind) = match c {
            '*' if stars == 1 => (Part::Star, next),
            '*' if stars == 2 && at_component && rest == "**" => (Part::Rest, ""),
            '*' if stars == 2 && at_component => (Part::Components, rest.strip_prefix("**/")?),
            '*' => return None,
            '?' => (Part::Any, next),
            '[' => {
                let (inside, negated) = match next.strip_prefix('!') {
                    Some(inside) => (inside, true),
                    None => (next, false),
                };
                // A ] that comes first is in the set.
                let first = inside.chars().next()?;
                let end = first.len_utf8() + inside[first.len_utf8()..].find(']')?;
                (
                    Part::Set(ranges(&inside[..end]), negated),
                    &inside[end + 1..],
                )
            }
            c => (Part::One(c), next),
        };
        at_component = matches!(part, Part::One('/') | Part::Components);
        parts.push(part);
        rest = behind;
    }
    Some(parts)
}

fn ranges(inside: &str) -> Vec<(char, char)> {
    let mut ranges = Vec::new();
    let mut chars = inside.chars().peekable();
    while let Some(first) = chars.next() {
        let mut ahead = chars.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) => {
                ranges.push((first, last));
                chars = ahead;
            }
            _ => ranges.push((first, first)),
        }
    }
    ranges
}

/// Whether the parts make up all of the text.
pub fn matches(parts: &[Part], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = BTreeSet::from([0]);
    for part in parts {
        reached = reached
            .iter()
            .flat_map(|&from| ends(part, &text, from))
            .collect();
    }
    reached.contains(&text.len())
}

/// Where a part can end that begins here.
fn ends(part: &Part, text: &[char], from: usize) -> Vec<usize> {
    let here = text.get(from).copied();
    let one_more = |takes: bool| if takes { vec![from + 1] } else { vec![] };
    match part {
        Part::One(c) => one_more(here == Some(*c)),
        Part::Any => one_more(here.is_some_and(|c| c != '/')),
        Part::Set(ranges, negated) => one_more(here.is_some_and(|c| {
            let inside = ranges.iter().any(|&(first, last)| first <= c && c <= last);
            c != '/' && inside != *negated
        })),
        Part::Star => {
            let component = text[from..].iter().take_while(|&&c| c != '/').count();
            (from..=from + component).collect()
        }
        Part::Components => {
            let starts = (from..text.len())
                .filter(|&at| text[at] == '/')
                .map(|at| at + 1);
            std::iter::once(from).chain(starts).collect()
        }
        Part::Rest => (from..=text.len()).collect(),
    }
}
