//! Runs under the example's policy, against scipy's answers.

use veracruz_example::Example;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const A: &str = "/input/biobank_a.vcf.gz";
const B: &str = "/input/biobank_b.vcf.gz";
const HEADER: &str = "##fileformat=VCFv4.2\n##source=test\n\
    #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tann\tben\tcat\n";

#[test]
fn every_variant_has_the_expected_counts_and_statistic() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.run().succeeded();
    example.assert_answers(&run);
    let found = run.text("/output/variants.csv");
    let expected = include_str!("../data/expected_counts.csv");
    assert_eq!(found.lines().count(), expected.lines().count());
    for (found, expected) in found.lines().zip(expected.lines()).skip(1) {
        let found: Vec<&str> = found.split(',').collect();
        let expected: Vec<&str> = expected.split(',').collect();
        assert_eq!(found[..8], expected[..8]);
        let close = |left: &str, right: &str, tolerance: f64| {
            let distance = left.parse::<f64>().unwrap() - right.parse::<f64>().unwrap();
            assert!(distance.abs() <= tolerance, "{left} {right}");
        };
        close(found[8], expected[10], 1e-6);
        close(found[9], expected[11], 1e-4);
    }
}

#[test]
fn missing_phased_haploid_and_several_alleles_are_counted() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let a = "1\t5\trs1\tA\tG,T\t9\tPASS\tX=1\tDP:GT:GQ\t7:0|1:1\t8:1/2\t.\n\
             1\t6\t.\tC\t<DEL>\t.\t.\t.\tGT\t./.\t1\t0/.\n\
             1\t7\t.\tC\t.\t.\t.\t.\tGT\t0/0\t0/0\t0/0\n\
             1\t8\t.\tC\tA\t.\t.\t.\tDP\t1\t2\t3\n";
    let b = "1\t6\t.\tC\t<DEL>\t.\t.\t.\tGT\t|0|1\t1/1\t0\n\
             1\t5\t.\tA\tT\t.\t.\t.\tGT:DP\t1:1\t./.\t1/1\n";
    let example = example
        .input(A, HEADER.to_owned() + a)
        .input(B, HEADER.replace('\n', "\r\n") + &b.replace('\n', "\r\n"))
        .arguments(["--minimum", "1"]);
    let run = example.run().succeeded();
    let counts: Vec<String> = run
        .text("/output/variants.csv")
        .lines()
        .skip(1)
        .map(|line| line.split(',').take(8).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(counts, ["1 5 A T 1 4 3 3", "1 6 C <DEL> 1 2 3 5"]);
    let summary = run.json("/output/summary.json");
    // In A alone: A>G at 5, and the one at 8, of which nothing was called.
    assert_eq!(summary["only_in"]["biobank_a"], 2);
    assert_eq!(summary["only_in"]["biobank_b"], 0);
}

#[test]
fn a_variant_with_few_calls_is_hidden() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let vcf = HEADER.to_owned() + "1\t5\t.\tA\tG\t.\t.\t.\tGT\t0/1\t./.\t0/0\n";
    let example = example.input(A, vcf.clone()).input(B, vcf);
    let run = example.arguments(["--minimum", "5"]).run().succeeded();
    assert_eq!(run.text("/output/variants.csv").lines().count(), 1);
    assert_eq!(run.json("/output/summary.json")["hidden"], 1);
}

#[test]
fn refuses_malformed_records_of_either_party_and_names_them() {
    let record = |sample: &str| format!("{HEADER}1\t5\t.\tA\tG\t.\t.\t.\tGT\t0/0\t0/1\t{sample}\n");
    for (path, text, failure) in [
        (
            A,
            record("0/2"),
            ", line 4: a genotype has an allele that is not in ALT",
        ),
        (
            B,
            record("0/x"),
            ", line 4: a genotype should be numbers or `.`, with `/` or `|` between",
        ),
        (
            B,
            record("0/0\t0/0"),
            ", line 4: expected 3 samples, as in the header, found 4",
        ),
        (
            A,
            record("0/0").replace("\t5\t", "\tfive\t"),
            ", line 4: POS should be a whole number",
        ),
        (
            A,
            format!("{HEADER}1\t5\t.\tA\n"),
            ", line 4: expected nine columns and one for each sample",
        ),
        (
            A,
            record("0/0") + "1\t5\t.\tA\tG\t.\t.\t.\tGT\t0\t0\t0\n",
            ", line 5: this variant was there before",
        ),
        (
            A,
            "chrom,pos\n".to_owned(),
            ", line 1: expected `##fileformat=VCFv4…`: this is no VCF file",
        ),
        (
            B,
            "##fileformat=VCFv4.2\n#CHROM\tPOS\n".to_owned(),
            ", line 2: expected the header: `#CHROM` to `FORMAT` and samples",
        ),
        (
            B,
            String::new(),
            ": there is no header: `#CHROM` to `FORMAT` and samples",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(path, text, failure);
    }
}

#[test]
fn a_compressed_file_that_is_cut_is_refused() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let whole = std::fs::read(format!("{FOLDER}/data/biobank_a.vcf.gz")).unwrap();
    let run = example.input(A, &whole[..whole.len() / 2]).run();
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with(A) && run.stderr.contains("could not be read"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_published_file_with_many_missing_genotypes_is_read() {
    // Its answers: 381 records, 19,100 alternate alleles of 266,784, 15 records without a call.
    let Some(path) = veracruz_example::shared("genomics/extra_1kg_2010_chr2_629samples.vcf.gz")
    else {
        return;
    };
    let origin = veracruz_guest::Origin::at("/input/extra.vcf.gz");
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let cohort = genomics::Cohort::read(veracruz_guest::Input::new(origin, file)).unwrap();
    assert_eq!((cohort.samples, cohort.variants.len()), (629, 381));
    let counts = || cohort.variants.iter().map(|(_, counts)| counts);
    assert_eq!(counts().map(|counts| counts.alternate).sum::<u64>(), 19_100);
    assert_eq!(counts().map(|counts| counts.called).sum::<u64>(), 266_784);
    assert_eq!(counts().filter(|counts| counts.called == 0).count(), 15);
}
