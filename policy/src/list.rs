// SPDX-License-Identifier: MIT OR Apache-2.0
//! The common part of all lists: splitting, negation and the decision.

use crate::problem::{Invalid, InvalidItem};

pub(crate) const EMPTY_ITEM: Invalid = Invalid {
    what: "empty item in",
    expected: "items separated by single commas",
};
const BARE_NEGATION: Invalid = Invalid {
    what: "missing item after",
    expected: "!ITEM",
};
const DOUBLE_NEGATION: Invalid = Invalid {
    what: "repeated ! in",
    expected: "at most one !",
};

/// A parsed list. The default, without items, allows everything.
#[derive(Debug, Clone)]
pub(crate) struct List<T> {
    items: Vec<Item<T>>,
    /// Only what an item lists is allowed.
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
        parse_item: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Self, InvalidItem<'_>> {
        let commas = value.bytes().filter(|&byte| byte == b',').count();
        let mut list = List {
            items: Vec::with_capacity(commas.saturating_add(1)),
            has_positive: false,
        };
        let mut rest = Some(value);
        while let Some(text) = rest {
            let (item, after) = match split_at_byte(text, b',') {
                Some((item, after)) => (item, Some(after)),
                None => (text, None),
            };
            rest = after;
            let item = item.trim_ascii();
            if item.is_empty() {
                return Err(InvalidItem {
                    item: value,
                    invalid: EMPTY_ITEM,
                });
            }
            let negation = item.strip_prefix("!");
            let negated = negation.is_some();
            let parsed = match negation {
                Some(content) => negated_content(content).and_then(&parse_item),
                None => parse_item(item),
            };
            let content = parsed.map_err(|invalid| InvalidItem { item, invalid })?;
            list.has_positive |= !negated;
            list.items.push(Item { negated, content });
        }
        Ok(list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Applies the rule of every list in one pass.
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
    pub(crate) fn excludes_none(&self, relevant: impl Fn(&T) -> bool) -> bool {
        !self
            .items
            .iter()
            .any(|item| item.negated && relevant(&item.content))
    }

    /// Whether there is no positive item, or one that matches `everything`.
    pub(crate) fn allows_all(&self, everything: impl Fn(&T) -> bool) -> bool {
        !self.has_positive
            || self
                .items
                .iter()
                .any(|item| !item.negated && everything(&item.content))
    }
}

/// Splits at the first `byte`, which is ASCII, like [`str::split_once`].
///
/// Items are short, so a plain loop takes a fifth of the time, at the start of
/// each program that runs with the shim.
pub(crate) fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.as_bytes().iter().position(|&each| each == byte)?;
    let (front, from_byte) = text.split_at_checked(at)?;
    Some((front, from_byte.get(1..)?))
}

/// Returns the item after the `!`.
fn negated_content(after: &str) -> Result<&str, Invalid> {
    let content = after.trim_ascii_start();
    if content.is_empty() {
        Err(BARE_NEGATION)
    } else if content.starts_with('!') {
        Err(DOUBLE_NEGATION)
    } else {
        Ok(content)
    }
}
