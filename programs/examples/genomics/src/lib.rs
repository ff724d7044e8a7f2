//! Allele frequencies and an association test over two cohorts, each in a VCF file. Counts leave,
//! genotypes do not.
//!
//! ```
//! use genomics::{Cohort, Comparison};
//! use veracruz_guest::{Failure, Input, Origin};
//!
//! let vcf = "##fileformat=VCFv4.2\n\
//!            #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tann\tben\n\
//!            22\t100\t.\tA\tG\t.\tPASS\t.\tGT:DP\t0|1:7\t./.:0\n";
//! let cohort = |path| Cohort::read(Input::new(Origin::at(path), vcf.as_bytes()));
//! let comparison = Comparison::of(&cohort("/input/east.vcf")?, &cohort("/input/west.vcf")?, 1);
//! assert_eq!(comparison.variants[0].counts[0].alternate, 1);
//! assert_eq!(comparison.variants[0].counts[0].called, 2);
//! # Ok::<(), Failure>(())
//! ```

mod comparison;
mod vcf;

pub use comparison::{Compared, Comparison, Summary};
pub use vcf::{Cohort, Counts, Variant};
