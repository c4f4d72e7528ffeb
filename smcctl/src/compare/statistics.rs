// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two rows of samples, and how much larger the second is: the ratio of the
//! medians, and the interval in which it lies with 95 % confidence.
//!
//! The interval is a bootstrap: samples are drawn again from those that are there,
//! ten thousand times, and the middle 95 % of the ratios are kept. Of samples that
//! were taken in turn, pairs are drawn: what slowed the machine down for a while
//! was in both. Draws are the same for the same samples, so that a saved result
//! says what it said before.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use statrs::statistics::{Data, OrderStatistics};

/// So many times samples are drawn again.
const DRAWS: usize = 10_000;
/// With fewer samples of each side an interval would promise more than it holds.
pub const FEWEST: usize = 6;
/// Larger numbers are mistakes, and would make infinite ones of their sums.
const LARGEST: f64 = 1e150;
/// Smaller ones are nothing.
const SMALLEST: f64 = 1e-150;

/// How two rows of samples compare. No number in here is NaN or infinite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The median of the first row.
    pub a: Option<f64>,
    /// The median of the second.
    pub b: Option<f64>,
    /// How many times the first the second is.
    pub ratio: Option<f64>,
    /// Where that lies with 95 % confidence.
    pub interval: Option<(f64, f64)>,
}

impl Comparison {
    /// Of pairs of samples; a pair in which one is no number is left out.
    #[must_use]
    pub fn of_pairs(pairs: &[(f64, f64)]) -> Self {
        let usable = pairs.iter().filter_map(|&(a, b)| usable(a).zip(usable(b)));
        let (a, b): (Vec<f64>, Vec<f64>) = usable.unzip();
        Self::new(&a, &b, true)
    }

    /// Of samples that have nothing to do with each other.
    #[must_use]
    pub fn of(a: &[f64], b: &[f64]) -> Self {
        let [a, b]: [Vec<f64>; 2] =
            [a, b].map(|row| row.iter().filter_map(|&one| usable(one)).collect());
        Self::new(&a, &b, false)
    }

    fn new(a: &[f64], b: &[f64], are_pairs: bool) -> Self {
        let (a_median, b_median) = (median(a.to_vec()), median(b.to_vec()));
        let ratio = a_median.zip(b_median).and_then(|(a, b)| divided(b, a));
        Self {
            a: a_median,
            b: b_median,
            ratio,
            interval: ratio.and_then(|_| interval(a, b, are_pairs)),
        }
    }

    /// Whether the samples show a difference.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.interval
            .is_some_and(|(low, high)| low > 1.0 || high < 1.0)
    }
}

fn usable(sample: f64) -> Option<f64> {
    let is_usable = sample.is_finite() && sample.abs() <= LARGEST;
    is_usable.then_some(if sample.abs() < SMALLEST { 0.0 } else { sample })
}

/// The middle of them.
#[must_use]
pub fn median(samples: Vec<f64>) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    Some(Data::new(samples).median()).filter(|found| found.is_finite())
}

/// The value that so much of them is below.
fn quantile(samples: Vec<f64>, share: f64) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    Some(Data::new(samples).quantile(share)).filter(|found| found.is_finite())
}

fn divided(b: f64, a: f64) -> Option<f64> {
    // A ratio says something of amounts only.
    (a > 0.0 && b >= 0.0)
        .then(|| b / a)
        .filter(|ratio| ratio.is_finite())
}

fn interval(a: &[f64], b: &[f64], are_pairs: bool) -> Option<(f64, f64)> {
    if a.len() < FEWEST || b.len() < FEWEST {
        return None;
    }
    let mut random = SmallRng::seed_from_u64(0x5_3c);
    let mut places = |count: usize| -> Vec<usize> {
        (0..count).map(|_| random.random_range(0..count)).collect()
    };
    let drawn = |samples: &[f64], places: &[usize]| {
        let again = places.iter().filter_map(|&place| samples.get(place));
        median(again.copied().collect())
    };
    let ratio = |_| {
        let a_places = places(a.len());
        let b_places = if are_pairs {
            a_places.clone()
        } else {
            places(b.len())
        };
        divided(drawn(b, &b_places)?, drawn(a, &a_places)?)
    };
    let ratios = (0..DRAWS).map(ratio).collect::<Option<Vec<f64>>>()?;
    let (low, high) = (quantile(ratios.clone(), 0.025)?, quantile(ratios, 0.975)?);
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert, prop_oneof, proptest, Just, ProptestConfig};

    #[test]
    fn the_ratio_is_in_its_interval() {
        let a = [10.0, 11.0, 9.0, 10.5, 9.5, 10.0];
        let b = a.map(|sample| sample * 1.8);
        let compared = Comparison::of(&a, &b);
        assert_eq!(compared.a, Some(10.0));
        assert!((compared.ratio.unwrap() - 1.8).abs() < 1e-9);
        let (low, high) = compared.interval.unwrap();
        assert!((1.6..1.8).contains(&low) && (1.8..2.1).contains(&high));
        assert!(compared.is_clear());
        assert_eq!(compared, Comparison::of(&a, &b));
    }

    #[test]
    fn the_same_is_not_clearly_different() {
        let a = [10.0, 11.0, 9.0, 10.5, 9.5, 10.0];
        let compared = Comparison::of(&a, &[9.6, 11.2, 9.3, 10.4, 9.7, 10.3]);
        assert!(!compared.is_clear(), "{compared:?}");
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        assert_eq!(Comparison::of(&[], &[]), Comparison::default());
        let few = Comparison::of(&[1.0, 1.0], &[2.0, 2.0]);
        assert_eq!((few.ratio, few.interval), (Some(2.0), None));
        let nothing = Comparison::of(&[0.0; 6], &[1.0; 6]);
        assert_eq!((nothing.ratio, nothing.interval), (None, None));
        let strange = Comparison::of(&[f64::NAN, 4.0], &[f64::INFINITY, 2.0]);
        assert_eq!((strange.a, strange.ratio), (Some(4.0), Some(0.5)));
    }

    #[test]
    fn what_slows_both_of_a_pair_is_no_difference_and_hides_none() {
        let pairs: Vec<(f64, f64)> = (1..=10)
            .map(|slow| (100.0 * f64::from(slow), 110.0 * f64::from(slow)))
            .collect();
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        assert!(Comparison::of_pairs(&pairs).is_clear());
        assert!(!Comparison::of(&a, &b).is_clear());
    }

    /// Of what is the same, the interval excludes 1 as often as 95 % promises.
    #[test]
    fn it_is_wrong_no_more_often_than_it_says() {
        let mut random = SmallRng::seed_from_u64(7);
        for count in [FEWEST, 10] {
            let mut wrong = 0;
            for _ in 0..60 {
                let mut sample = || 100.0 + random.random_range(0.0..20.0_f64).powi(2);
                let pairs: Vec<_> = (0..count).map(|_| (sample(), sample())).collect();
                wrong += u32::from(Comparison::of_pairs(&pairs).is_clear());
            }
            assert!((1..=7).contains(&wrong), "{wrong} of 60 with {count}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn whatever_the_samples_numbers_are_numbers(
            a in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..10.0, Just(0.0), Just(f64::MIN_POSITIVE)], 0..12),
            b in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..10.0, Just(f64::MAX)], 0..12),
        ) {
            let pairs: Vec<_> = a.iter().copied().zip(b.iter().copied()).collect();
            for compared in [Comparison::of(&a, &b), Comparison::of_pairs(&pairs)] {
                for number in [compared.a, compared.b, compared.ratio].into_iter().flatten() {
                    prop_assert!(number.is_finite(), "{compared:?}");
                }
                if let Some((low, high)) = compared.interval {
                    prop_assert!(low.is_finite() && high.is_finite() && low <= high, "{compared:?}");
                }
                prop_assert!(!serde_json::to_string(&compared).unwrap().contains("NaN"));
            }
        }
    }
}
