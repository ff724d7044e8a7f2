//! Reports of confidential virtual machines, through the kernel's configfs-tsm (Linux
//! `Documentation/ABI/testing/configfs-tsm-report`): one interface for SEV-SNP, TDX and CCA guests.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use veracruz_evidence::{Evidence, ReportData, Technology, sev_snp};

use super::files;
use super::{EvidenceError, EvidenceSource};

/// The most bytes of a report, and of the certificates beside it.
const MAX_BLOB_BYTES: usize = 32 * 1024;

/// How often a report is asked for anew where something else in the guest came between.
const ATTEMPTS: usize = 3;

/// The guest kernel's reports.
pub(crate) struct Tsm<Kernel = Configfs> {
    kernel: Kernel,
    technology: Technology,
    asked: AtomicU64,
}

impl Tsm {
    /// The reports of the kernel under which this process runs; `None` where it gives none, or by a
    /// provider that nobody can verify.
    pub(crate) fn here() -> Option<Self> {
        Self::of(Configfs("/sys/kernel/config/tsm/report".into()))
    }
}

impl<Kernel: Reports> Tsm<Kernel> {
    fn of(kernel: Kernel) -> Option<Self> {
        let asked = AtomicU64::new(0);
        let provider = Question::new(&kernel, &asked)
            .and_then(|question| question.word("provider"))
            .ok()?;
        let technology = match provider.as_str() {
            "sev_guest" => Technology::SevSnp,
            "tdx_guest" => Technology::Tdx,
            "arm_cca_guest" => Technology::Cca,
            _ => return None,
        };
        Some(Self {
            kernel,
            technology,
            asked,
        })
    }

    /// A report and what came with it.
    fn report(&self, report_data: &ReportData) -> Result<(Vec<u8>, Vec<u8>), EvidenceError> {
        for _ in 0..ATTEMPTS {
            let question = Question::new(&self.kernel, &self.asked)?;
            question.ask(report_data)?;
            let generation = question.word("generation")?;
            let report = match question.read("outblob", MAX_BLOB_BYTES) {
                Ok(report) => report,
                // Another report is being made, or another attribute was written meanwhile.
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => continue,
                Err(_) => return Err(EvidenceError("the kernel gives no report")),
            };
            // Providers without certificates have no such file, or an empty one.
            let certificates = question.read("auxblob", MAX_BLOB_BYTES).unwrap_or_default();
            if question.word("generation")? == generation {
                return Ok((report, certificates));
            }
        }
        Err(EvidenceError("the kernel is busy with other questions"))
    }
}

impl<Kernel: Reports> EvidenceSource for Tsm<Kernel> {
    fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
        let (report, certificates) = self.report(report_data)?;
        if self.technology == Technology::SevSnp {
            let report = report
                .as_slice()
                .try_into()
                .map_err(|_| EvidenceError("the report has another length"))?;
            return Ok(sev_snp::evidence(report, &certificates));
        }
        Ok(Evidence::new(self.technology, report))
    }
}

/// One question to the kernel: a folder that it fills with attributes. Dropped, it is forgotten.
struct Question<'k, Kernel: Reports> {
    kernel: &'k Kernel,
    name: String,
}

impl<'k, Kernel: Reports> Question<'k, Kernel> {
    fn new(kernel: &'k Kernel, asked: &AtomicU64) -> Result<Self, EvidenceError> {
        let name = format!("veracruz-{}", asked.fetch_add(1, Ordering::Relaxed));
        kernel
            .make(&name)
            .map_err(|_| EvidenceError("the kernel has no reports"))?;
        Ok(Self { kernel, name })
    }

    fn ask(&self, report_data: &ReportData) -> Result<(), EvidenceError> {
        self.kernel
            .write(&self.name, "inblob", report_data.as_bytes())
            .map_err(|_| EvidenceError("the kernel takes no report data"))
    }

    fn read(&self, attribute: &str, limit: usize) -> io::Result<Vec<u8>> {
        self.kernel.read(&self.name, attribute, limit)
    }

    fn word(&self, attribute: &str) -> Result<String, EvidenceError> {
        files::word(self.read(attribute, files::MAX_WORD_BYTES))
    }
}

impl<Kernel: Reports> Drop for Question<'_, Kernel> {
    fn drop(&mut self) {
        self.kernel.remove(&self.name);
    }
}

/// The kernel's folder of reports.
pub(crate) trait Reports: Send + Sync {
    /// Makes a folder, in which the kernel puts attributes.
    fn make(&self, name: &str) -> io::Result<()>;
    /// Writes an attribute, in one call.
    fn write(&self, name: &str, attribute: &str, value: &[u8]) -> io::Result<()>;
    /// Reads an attribute of at most `limit` bytes.
    fn read(&self, name: &str, attribute: &str, limit: usize) -> io::Result<Vec<u8>>;
    /// Removes a folder. Left behind, it costs the kernel some memory, and nobody his secrets.
    fn remove(&self, name: &str);
}

/// configfs, where it is mounted.
pub(crate) struct Configfs(PathBuf);

impl Reports for Configfs {
    fn make(&self, name: &str) -> io::Result<()> {
        fs::create_dir(self.0.join(name))
    }

    fn write(&self, name: &str, attribute: &str, value: &[u8]) -> io::Result<()> {
        files::write(&self.0.join(name).join(attribute), value)
    }

    fn read(&self, name: &str, attribute: &str, limit: usize) -> io::Result<Vec<u8>> {
        files::read(&self.0.join(name).join(attribute), limit)
    }

    fn remove(&self, name: &str) {
        drop(fs::remove_dir(self.0.join(name)));
    }
}

#[cfg(test)]
mod in_a_guest;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::evidence::{measurement, tests::QUESTION};
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use veracruz_policy::{Measurement, Sha384};

    /// A kernel as the documentation describes it: a generation counts writes, `outblob` needs an
    /// `inblob` of at most 64 bytes, and an unfinished report is `EBUSY`.
    struct Fake {
        provider: &'static str,
        /// Answers this many questions for a report with `EBUSY` first.
        busy: Mutex<usize>,
        /// Another process of the guest writes to this many folders first.
        disturbed: Mutex<usize>,
        length: usize,
        certificates: &'static [u8],
        folders: Mutex<BTreeMap<String, (Vec<u8>, u64)>>,
    }

    impl Fake {
        fn new(provider: &'static str) -> Self {
            Self {
                provider,
                busy: Mutex::new(0),
                disturbed: Mutex::new(0),
                length: sev_snp::REPORT_BYTES,
                certificates: b"",
                folders: Mutex::default(),
            }
        }
    }

    /// Counts down, and says whether there was something left.
    fn take(left: &Mutex<usize>) -> bool {
        let mut left = left.lock().unwrap();
        let some = *left > 0;
        *left = left.saturating_sub(1);
        some
    }

    impl Reports for Fake {
        fn make(&self, name: &str) -> io::Result<()> {
            let mut folders = self.folders.lock().unwrap();
            assert!(folders.is_empty(), "a question was not forgotten");
            folders.insert(name.to_owned(), (Vec::new(), 0));
            Ok(())
        }

        fn write(&self, name: &str, attribute: &str, value: &[u8]) -> io::Result<()> {
            assert_eq!((attribute, value.len()), ("inblob", 64));
            let mut folders = self.folders.lock().unwrap();
            let folder = folders.get_mut(name).unwrap();
            *folder = (value.to_vec(), folder.1 + 1);
            Ok(())
        }

        fn read(&self, name: &str, attribute: &str, limit: usize) -> io::Result<Vec<u8>> {
            let mut folders = self.folders.lock().unwrap();
            let (inblob, generation) = folders.get_mut(name).unwrap();
            let value = match attribute {
                "provider" => format!("{}\n", self.provider).into_bytes(),
                "generation" => format!("{generation}\n").into_bytes(),
                "auxblob" => self.certificates.to_vec(),
                "outblob" if take(&self.busy) => {
                    return Err(io::Error::from_raw_os_error(libc::EBUSY));
                }
                "outblob" => {
                    let mut report = vec![0; self.length];
                    report[0x50..0x90].copy_from_slice(inblob);
                    report[0x90..0xc0].copy_from_slice(&[0xab; 48]);
                    if take(&self.disturbed) {
                        *generation += 1;
                    }
                    report
                }
                _ => return Err(io::ErrorKind::NotFound.into()),
            };
            assert!(value.len() <= limit);
            Ok(value)
        }

        fn remove(&self, name: &str) {
            self.folders.lock().unwrap().remove(name).unwrap();
        }
    }

    #[test]
    fn a_report_is_over_the_report_data_and_comes_with_its_certificates() {
        let mut kernel = Fake::new("sev_guest");
        kernel.certificates = b"a table";
        let evidence = Tsm::of(kernel).unwrap().evidence(&QUESTION).unwrap();
        assert_eq!(evidence.technology(), Technology::SevSnp);
        let content = sev_snp::parse(evidence.content()).unwrap();
        assert_eq!(content.report[0x50..0x90], *QUESTION.as_bytes());
        assert_eq!(content.certificates, b"a table");
        let expected = Measurement::from(Sha384::from_bytes([0xab; 48]));
        assert_eq!(measurement::of(&evidence), Some(expected));
    }

    #[test]
    fn the_provider_says_which_technology_it_is() {
        for (provider, technology) in [
            ("sev_guest", Technology::SevSnp),
            ("tdx_guest", Technology::Tdx),
            ("arm_cca_guest", Technology::Cca),
        ] {
            let source = Tsm::of(Fake::new(provider)).unwrap();
            let evidence = source.evidence(&QUESTION).unwrap();
            assert_eq!(evidence.technology(), technology);
        }
        for unknown in ["", "veracruz_test", "sev_guest2"] {
            assert!(Tsm::of(Fake::new(unknown)).is_none(), "{unknown}");
        }
        assert!(Tsm::of(Configfs("/nonexistent".into())).is_none());
    }

    #[test]
    fn a_busy_kernel_is_asked_again_and_not_for_ever() {
        for (busy, disturbed, gives) in [(2, 0, true), (0, 2, true), (3, 0, false), (0, 3, false)] {
            let kernel = Fake::new("tdx_guest");
            *kernel.busy.lock().unwrap() = busy;
            *kernel.disturbed.lock().unwrap() = disturbed;
            let source = Tsm::of(kernel).unwrap();
            let evidence = source.evidence(&QUESTION);
            assert_eq!(evidence.is_ok(), gives, "{busy} {disturbed}");
        }
    }

    #[test]
    fn a_report_of_another_length_is_no_report() {
        let mut kernel = Fake::new("sev_guest");
        kernel.length = sev_snp::REPORT_BYTES + 1;
        let evidence = Tsm::of(kernel).unwrap().evidence(&QUESTION);
        assert_eq!(
            evidence,
            Err(EvidenceError("the report has another length"))
        );
    }
}
