// SPDX-License-Identifier: MIT OR Apache-2.0
//! What all lists share: splitting, negation, and the rule that allows.

use crate::problem::{Complaint, Fault};

const EMPTY_ITEM: Complaint = Complaint {
    fault: "has an empty item",
    expected: "items separated by single commas, none in front or at the end",
};
const BARE_NEGATION: Complaint = Complaint {
    fault: "negates nothing",
    expected: "the item right behind the !",
};
const DOUBLE_NEGATION: Complaint = Complaint {
    fault: "is negated twice",
    expected: "one ! at most",
};

/// A parsed list. The default, without items, allows everything.
#[derive(Debug, Clone)]
pub(crate) struct List<T> {
    items: Vec<Item<T>>,
    /// Whether anything has to be listed to be allowed.
    has_positive: bool,
}

#[derive(Debug, Clone)]
struct Item<T> {
    negated: bool,
    content: T,
}

/// What a list says about one thing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision<'l, T> {
    Allowed,
    /// There are positive items and none of them matches.
    NotListed,
    /// This negative item matches.
    Excluded(&'l T),
}

// Not derived: that would ask for T: Default.
impl<T> Default for List<T> {
    fn default() -> Self {
        List {
            items: Vec::new(),
            has_positive: false,
        }
    }
}

impl<T> List<T> {
    /// Reads a list; `value` is neither empty nor blank.
    pub(crate) fn parse(
        value: &str,
        parse_item: impl Fn(&str) -> Result<T, Complaint>,
    ) -> Result<Self, Fault<'_>> {
        let commas = value.bytes().filter(|&byte| byte == b',').count();
        let mut list = List {
            items: Vec::with_capacity(commas.saturating_add(1)),
            has_positive: false,
        };
        let mut rest = Some(value);
        while let Some(text) = rest {
            let (item, behind) = match split_at_byte(text, b',') {
                Some((item, behind)) => (item, Some(behind)),
                None => (text, None),
            };
            rest = behind;
            let item = item.trim_ascii();
            if item.is_empty() {
                return Err(Fault {
                    item: value,
                    complaint: EMPTY_ITEM,
                });
            }
            let negation = item.strip_prefix("!");
            let negated = negation.is_some();
            let parsed = match negation {
                Some(content) => negated_content(content).and_then(&parse_item),
                None => parse_item(item),
            };
            let content = parsed.map_err(|complaint| Fault { item, complaint })?;
            list.has_positive |= !negated;
            list.items.push(Item { negated, content });
        }
        Ok(list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The rule of every list, in one pass.
    pub(crate) fn decide(&self, matches: impl Fn(&T) -> bool) -> Decision<'_, T> {
        let mut allowed = !self.has_positive;
        for item in &self.items {
            if matches(&item.content) {
                if item.negated {
                    return Decision::Excluded(&item.content);
                }
                allowed = true;
            }
        }
        if allowed {
            Decision::Allowed
        } else {
            Decision::NotListed
        }
    }

    /// Whether no negative item is `relevant`.
    pub(crate) fn excludes_no(&self, relevant: impl Fn(&T) -> bool) -> bool {
        !self
            .items
            .iter()
            .any(|item| item.negated && relevant(&item.content))
    }

    /// Whether nothing has to be listed, or an item that is `everything` is.
    pub(crate) fn admits_all(&self, everything: impl Fn(&T) -> bool) -> bool {
        !self.has_positive
            || self
                .items
                .iter()
                .any(|item| !item.negated && everything(&item.content))
    }
}

/// The text in front of the first such byte, which is ASCII, and behind it.
///
/// Items are short: a plain loop costs a fifth of what the search of
/// [`str::split_once`] does, and each program under the shim pays at its start.
pub(crate) fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.as_bytes().iter().position(|&each| each == byte)?;
    let (front, from_byte) = text.split_at_checked(at)?;
    Some((front, from_byte.get(1..)?))
}

/// What stands behind the `!`.
fn negated_content(behind: &str) -> Result<&str, Complaint> {
    let content = behind.trim_ascii_start();
    if content.is_empty() {
        Err(BARE_NEGATION)
    } else if content.starts_with('!') {
        Err(DOUBLE_NEGATION)
    } else {
        Ok(content)
    }
}
