//! VCF files (versions 4.x), as text or compressed by gzip or bgzip: of each variant, how often its
//! alternate allele was called, and how many alleles were.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{BufRead, BufReader};

use flate2::bufread::MultiGzDecoder;
use veracruz_guest::{Failure, Input, Line, Lines};

/// Columns before those of samples: CHROM POS ID REF ALT QUAL FILTER INFO FORMAT.
const FIXED: usize = 9;

/// A change at one place of the genome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variant {
    /// The chromosome, as the file names it.
    pub chromosome: String,
    /// The position of the first base, counted from 1.
    pub position: u64,
    /// What stands there in the reference.
    pub reference: String,
    /// What may stand there instead: one of the alleles of a record that has several.
    pub alternate: String,
}

/// Alleles of a variant in a cohort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many are the alternate one.
    pub alternate: u64,
    /// How many were called at all: two a person, or fewer where a genotype is missing or haploid.
    pub called: u64,
}

/// A party's cohort.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// Who provided it.
    pub owner: String,
    /// How many people are in it.
    pub samples: usize,
    /// The variants in the file's order.
    pub variants: Vec<(Variant, Counts)>,
    positions: HashMap<Variant, usize>,
}

impl Cohort {
    /// Counts alleles, one record at a time. A record with several alternate alleles is one variant
    /// for each.
    ///
    /// # Errors
    /// In which line the file is malformed, and why.
    pub fn read<R: BufRead>(input: Input<R>) -> Result<Self, Failure> {
        let (origin, mut reader) = input.into_parts();
        let compressed = reader
            .fill_buf()
            .is_ok_and(|start| start.starts_with(&[0x1f, 0x8b]));
        if compressed {
            let reader = BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(reader));
            Self::of_lines(Input::new(origin, reader).lines())
        } else {
            Self::of_lines(Input::new(origin, reader).lines())
        }
    }

    /// How often a variant was seen, if the file has it.
    #[must_use]
    pub fn counts(&self, variant: &Variant) -> Option<Counts> {
        let position = self.positions.get(variant)?;
        self.variants.get(*position).map(|(_, counts)| *counts)
    }

    fn of_lines<R: BufRead>(mut lines: Lines<R>) -> Result<Self, Failure> {
        let mut cohort = Self {
            owner: lines.origin().owner().to_owned(),
            samples: header(&mut lines)?,
            variants: Vec::new(),
            positions: HashMap::new(),
        };
        let mut alleles = Vec::new();
        while let Some(line) = lines.next_line()? {
            if !line.text.is_empty() {
                cohort.record(line, &mut alleles)?;
            }
        }
        Ok(cohort)
    }

    /// `alleles` is room to count in.
    fn record(&mut self, line: Line<'_>, alleles: &mut Vec<u64>) -> Result<(), Failure> {
        let mut fields = line.text.split('\t');
        let mut next = || {
            let field = fields.next().filter(|field| !field.is_empty());
            field.ok_or_else(|| line.failure("expected nine columns and one for each sample"))
        };
        let (chromosome, position, _id) = (next()?, next()?, next()?);
        let (reference, alternates) = (next()?, next()?);
        let (_quality, _filter, _info, format) = (next()?, next()?, next()?, next()?);
        let position = position
            .parse()
            .map_err(|_| line.failure("POS should be a whole number"))?;
        // `.` says that no sample differs from the reference.
        let alternates: Vec<&str> = alternates
            .split(',')
            .filter(|allele| *allele != ".")
            .collect();
        let genotype = format.split(':').position(|key| key == "GT");

        alleles.clear();
        alleles.resize(1 + alternates.len(), 0);
        let mut samples = 0;
        for sample in fields {
            samples += 1;
            let called = genotype.and_then(|index| sample.split(':').nth(index));
            count(called.unwrap_or("."), alleles).map_err(|reason| line.failure(reason))?;
        }
        if samples != self.samples {
            let expected = self.samples;
            return Err(line.failure(format!(
                "expected {expected} samples, as in the header, found {samples}"
            )));
        }
        let called = alleles.iter().sum();
        for (alternate, count) in alternates.into_iter().zip(alleles.iter().skip(1)) {
            let variant = Variant {
                chromosome: chromosome.to_owned(),
                position,
                reference: reference.to_owned(),
                alternate: alternate.to_owned(),
            };
            let Entry::Vacant(entry) = self.positions.entry(variant.clone()) else {
                return Err(line.failure("this variant was there before"));
            };
            entry.insert(self.variants.len());
            let alternate = *count;
            self.variants.push((variant, Counts { alternate, called }));
        }
        Ok(())
    }
}

/// Reads up to the line of column names, and returns how many samples there are.
fn header<R: BufRead>(lines: &mut Lines<R>) -> Result<usize, Failure> {
    let mut first = true;
    while let Some(line) = lines.next_line()? {
        if first && !line.text.starts_with("##fileformat=VCFv4") {
            return Err(line.failure("expected `##fileformat=VCFv4…`: this is no VCF file"));
        }
        first = false;
        if line.text.starts_with("##") {
            continue;
        }
        let names: Vec<&str> = line.text.split('\t').collect();
        if names.first() != Some(&"#CHROM") || names.len() <= FIXED {
            return Err(line.failure("expected the header: `#CHROM` to `FORMAT` and samples"));
        }
        return Ok(names.len() - FIXED);
    }
    Err(lines
        .origin()
        .failure("there is no header: `#CHROM` to `FORMAT` and samples"))
}

/// Adds the alleles of one genotype: `0/1`, `1|2`, `./.`, `1` (haploid), `/0|1` (from 4.4 on, the
/// first separator may be written too).
fn count(genotype: &str, alleles: &mut [u64]) -> Result<(), &'static str> {
    let genotype = genotype.strip_prefix(['/', '|']).unwrap_or(genotype);
    for allele in genotype.split(['/', '|']) {
        if allele == "." {
            continue;
        }
        let index = allele.parse::<usize>();
        let index =
            index.map_err(|_| "a genotype should be numbers or `.`, with `/` or `|` between")?;
        let count = alleles
            .get_mut(index)
            .ok_or("a genotype has an allele that is not in ALT")?;
        *count += 1;
    }
    Ok(())
}
