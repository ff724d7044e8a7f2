//! Reads both cohorts, writes the counts of each variant and a summary.

use std::process::ExitCode;

use genomics::{Cohort, Comparison};
use veracruz_guest::{Arguments, Failure, Input, Output, quoted};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let minimum = arguments.parse("minimum", 100)?;
    arguments.finish()?;
    let cohorts = Input::all_in("/input")?.into_iter().map(Cohort::read);
    let cohorts = cohorts.collect::<Result<Vec<_>, _>>()?;
    let [first, second] = cohorts.as_slice() else {
        return Err(Failure::usage("/input: expected two files"));
    };
    let comparison = Comparison::of(first, second, minimum);
    let mut output = Output::create("/output/variants.csv")?;
    let [a, b] = comparison.owners();
    writeln!(
        output,
        "chrom,pos,ref,alt,ac_{a},an_{a},ac_{b},an_{b},frequency,chi2,p"
    )?;
    for compared in &comparison.variants {
        let variant = &compared.variant;
        let [a, b] = compared.counts;
        writeln!(
            output,
            "{},{},{},{},{},{},{},{},{:.6},{:.4},{:.6e}",
            quoted(&variant.chromosome),
            variant.position,
            quoted(&variant.reference),
            quoted(&variant.alternate),
            a.alternate,
            a.called,
            b.alternate,
            b.called,
            compared.frequency,
            compared.chi_square,
            compared.p_value
        )?;
    }
    output.finish()?;
    Output::json("/output/summary.json", &comparison.summary())
}
