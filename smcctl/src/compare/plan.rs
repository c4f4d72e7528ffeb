// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which side is run when: A B, B A, A B, … so that what changes slowly meanwhile
//! is in both sides alike.

use serde::{Deserialize, Serialize};

/// The first side or the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Which {
    /// What the other is compared with.
    A,
    /// What is of interest.
    B,
}

/// A run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Of which side.
    pub which: Which,
    /// Of which pair, the first being 1; `None` when nothing is measured.
    pub pair: Option<usize>,
    /// With the report: of warm-ups, the first of each side.
    pub is_looked_at: bool,
}

/// All runs. The first of B comes first: if that is not what it should be, there is
/// nothing to compare.
#[must_use]
pub fn plan(pairs: usize, warm_ups: usize) -> Vec<Step> {
    let warm_ups = (0..warm_ups.max(1)).flat_map(|round| {
        [Which::B, Which::A].map(|which| Step {
            which,
            pair: None,
            is_looked_at: round == 0,
        })
    });
    let measured = (1..=pairs).flat_map(|pair| {
        let order = if pair % 2 == 1 {
            [Which::A, Which::B]
        } else {
            [Which::B, Which::A]
        };
        order.map(|which| Step {
            which,
            pair: Some(pair),
            is_looked_at: false,
        })
    });
    warm_ups.chain(measured).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_turn_and_the_other_way_round() {
        let order = |pairs, warm_ups| -> String {
            let steps = plan(pairs, warm_ups).into_iter();
            let letter = |step: Step| match (step.which, step.pair, step.is_looked_at) {
                (Which::A, None, true) => 'x',
                (Which::B, None, true) => 'y',
                (Which::A, None, false) => 'a',
                (Which::B, None, false) => 'b',
                (Which::A, ..) => 'A',
                (Which::B, ..) => 'B',
            };
            steps.map(letter).collect()
        };
        assert_eq!(order(4, 1), "yxABBAABBA");
        assert_eq!(order(1, 0), "yxAB");
        assert_eq!(order(2, 2), "yxbaABBA");
        assert_eq!(plan(3, 1).last().unwrap().pair, Some(3));
    }
}
