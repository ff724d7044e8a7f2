//! What two cohorts have in common, and where they differ.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::vcf::{Cohort, Counts, Variant};

/// The share of false alarms that is accepted, over all variants together (Bonferroni).
const SIGNIFICANCE: f64 = 0.05;
/// How many of the strongest variants the summary names.
const STRONGEST: usize = 10;

/// A variant in both cohorts.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The variant.
    pub variant: Variant,
    /// Its alleles in each cohort.
    pub counts: [Counts; 2],
    /// Its share among all called alleles of both.
    pub frequency: f64,
    /// Pearson's statistic of the table cohort × allele, without continuity correction: 0 where the
    /// cohorts do not differ.
    pub chi_square: f64,
    /// How probable such a difference is by chance.
    pub p_value: f64,
}

/// All variants that both cohorts have, in the order of the first one.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Those with enough calls.
    pub variants: Vec<Compared>,
    /// How many had too few calls in one of the cohorts to be shown.
    pub hidden: usize,
    owners: [String; 2],
    alone: [usize; 2],
}

/// What is said of all variants together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    variants: usize,
    hidden: usize,
    only_in: BTreeMap<String, usize>,
    alternate_alleles: BTreeMap<String, u64>,
    without_variation: usize,
    significant: usize,
    strongest: Vec<Strong>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Strong {
    chrom: String,
    pos: u64,
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "alt")]
    alternate: String,
    frequency: f64,
    chi2: f64,
    p: f64,
}

impl Comparison {
    /// Compares. A variant with fewer than `minimum` called alleles in one of the cohorts is hidden:
    /// of few people, counts tell genotypes.
    #[must_use]
    pub fn of(first: &Cohort, second: &Cohort, minimum: u64) -> Self {
        let mut variants = Vec::new();
        let (mut hidden, mut shared) = (0, 0);
        for (variant, counts) in &first.variants {
            let Some(other) = second.counts(variant) else {
                continue;
            };
            shared += 1;
            if counts.called.min(other.called) < minimum {
                hidden += 1;
            } else {
                variants.push(Compared::of(variant.clone(), [*counts, other]));
            }
        }
        Self {
            variants,
            hidden,
            owners: [first.owner.clone(), second.owner.clone()],
            alone: [
                first.variants.len() - shared,
                second.variants.len() - shared,
            ],
        }
    }

    /// The owners of the cohorts, in their order.
    #[must_use]
    pub fn owners(&self) -> &[String; 2] {
        &self.owners
    }

    /// What is said of all variants together.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of variants")]
    pub fn summary(&self) -> Summary {
        let alleles = |cohort: usize| {
            let counts = self
                .variants
                .iter()
                .filter_map(move |v| v.counts.get(cohort));
            counts.map(|counts| counts.alternate).sum::<u64>()
        };
        let mut strongest: Vec<&Compared> = self.variants.iter().collect();
        strongest.sort_by(|left, right| {
            let by_strength = right.chi_square.total_cmp(&left.chi_square);
            by_strength.then_with(|| left.variant.cmp(&right.variant))
        });
        let limit = SIGNIFICANCE / self.variants.len() as f64;
        let named = |numbers: [usize; 2]| self.owners.iter().cloned().zip(numbers).collect();
        Summary {
            variants: self.variants.len(),
            hidden: self.hidden,
            only_in: named(self.alone),
            alternate_alleles: self
                .owners
                .iter()
                .cloned()
                .zip([0, 1].map(alleles))
                .collect(),
            without_variation: self.variants.iter().filter(|v| !v.varies()).count(),
            significant: self.variants.iter().filter(|v| v.p_value < limit).count(),
            strongest: strongest
                .into_iter()
                .take(STRONGEST)
                .map(Strong::of)
                .collect(),
        }
    }
}

impl Compared {
    #[expect(clippy::cast_precision_loss, reason = "counts of alleles")]
    fn of(variant: Variant, counts: [Counts; 2]) -> Self {
        let [a, b] = counts;
        let [a_alternate, a_called, b_alternate, b_called] =
            [a.alternate, a.called, b.alternate, b.called].map(|count| count as f64);
        let (alternate, called) = (a_alternate + b_alternate, a_called + b_called);
        // n (ad - bc)² / (product of the margins), of the table [[a, b], [c, d]].
        let difference =
            a_alternate * (b_called - b_alternate) - b_alternate * (a_called - a_alternate);
        let margins = a_called * b_called * alternate * (called - alternate);
        let chi_square = if margins > 0.0 {
            called * difference * difference / margins
        } else {
            0.0
        };
        Self {
            variant,
            counts,
            frequency: if called > 0.0 {
                alternate / called
            } else {
                0.0
            },
            chi_square,
            // The upper tail of chi-square with one degree of freedom.
            p_value: libm::erfc((chi_square / 2.0).sqrt()),
        }
    }

    /// Whether both alleles were seen.
    fn varies(&self) -> bool {
        let [a, b] = self.counts;
        let alternate = a.alternate + b.alternate;
        alternate > 0 && alternate < a.called + b.called
    }
}

impl Strong {
    fn of(compared: &Compared) -> Self {
        let variant = &compared.variant;
        Self {
            chrom: variant.chromosome.clone(),
            pos: variant.position,
            reference: variant.reference.clone(),
            alternate: variant.alternate.clone(),
            frequency: compared.frequency,
            chi2: compared.chi_square,
            p: compared.p_value,
        }
    }
}
