//! Nitro enclaves: documents of the Nitro Secure Module, `/dev/nsm` (AWS `nsm-api`: requests and
//! responses in CBOR, by one ioctl of the Linux driver `drivers/misc/nsm.c`).
#![allow(unsafe_code, reason = "one ioctl of the device")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use veracruz_evidence::cbor::Writer;
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{Measurement, PolicyHash, Sha384};

use super::{EvidenceError, EvidenceSource};

/// The most bytes of a response: `NSM_RESPONSE_MAX_SIZE`.
const MAX_RESPONSE_BYTES: usize = 0x3000;

/// The register that holds the policy's hash, extended once and locked. The first sixteen belong
/// to the platform.
const POLICY_REGISTER: u64 = 16;

/// The module of this enclave.
pub(crate) struct Nsm<Device = DevNsm>(Device);

impl Nsm {
    /// The module of the enclave in which this process runs; `None` where it runs in none.
    pub(crate) fn here() -> Option<Self> {
        let device = File::options().read(true).write(true).open("/dev/nsm");
        device.ok().map(|device| Self(DevNsm(device)))
    }
}

impl<Device: Exchange> Nsm<Device> {
    /// The response to a request: an answer to it, an error (`{"Error": …}`), or nonsense. Whoever
    /// asked takes nothing but the answer.
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, EvidenceError> {
        self.0
            .exchange(request)
            .map_err(|_| EvidenceError("the security module does not answer"))
    }
}

impl<Device: Exchange> EvidenceSource for Nsm<Device> {
    fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
        let refused = "the security module refuses to attest";
        let request = request("Attestation", |w| {
            w.map(|m| {
                m.text("user_data", |w| w.bytes(report_data.as_bytes()));
                m.text("nonce", Writer::null);
                m.text("public_key", Writer::null);
            });
        });
        let response = self.ask(&request)?;
        let document = field(&response, "Attestation", "document").ok_or(EvidenceError(refused))?;
        Ok(Evidence::new(Technology::Nitro, document))
    }

    fn fix_policy(&self, policy: &PolicyHash) -> Result<(), EvidenceError> {
        let refused = "the security module refuses the policy's register";
        let extend = request("ExtendPCR", |w| {
            w.map(|m| {
                m.text("index", |w| w.unsigned(POLICY_REGISTER));
                m.text("data", |w| w.bytes(policy.as_bytes()));
            });
        });
        // What it holds now, which is right only where nobody has extended it before.
        let fresh = [[0; 48].as_slice(), policy.as_bytes()].concat();
        let extended = field(&self.ask(&extend)?, "ExtendPCR", "data");
        if extended.as_deref() != Some(Sha384::of(&fresh).as_bytes()) {
            return Err(EvidenceError(refused));
        }
        let lock = request("LockPCR", |w| {
            w.map(|m| m.text("index", |w| w.unsigned(POLICY_REGISTER)));
        });
        if self.ask(&lock)? != Writer::encode(|w| w.text("LockPCR")) {
            return Err(EvidenceError(refused));
        }
        Ok(())
    }

    fn measurement(&self) -> Result<Measurement, EvidenceError> {
        let request = request("DescribePCR", |w| {
            w.map(|m| m.text("index", |w| w.unsigned(0)));
        });
        let register = field(&self.ask(&request)?, "DescribePCR", "data");
        register
            .and_then(|register| Measurement::from_slice(&register))
            .ok_or(EvidenceError("the security module does not describe PCR 0"))
    }
}

/// `{name: {…}}`: an enum of the module's API, as serde writes it.
fn request(name: &str, fields: impl FnOnce(&mut Writer)) -> Vec<u8> {
    Writer::encode(|w| w.map(|m| m.text(name, fields)))
}

/// A byte string of `{name: {…, field: bytes, …}}`.
fn field(response: &[u8], name: &str, field: &str) -> Option<Vec<u8>> {
    let mut decoder = minicbor::Decoder::new(response);
    (decoder.map().ok()?? == 1).then_some(())?;
    (decoder.str().ok()? == name).then_some(())?;
    let fields = decoder.map().ok()??;
    // A map has at most as many fields as bytes, and each step below takes some or fails.
    for _ in 0..fields {
        if decoder.str().ok()? == field {
            return match decoder.datatype().ok()? {
                minicbor::data::Type::Bytes => decoder.bytes().ok().map(<[u8]>::to_vec),
                // serde writes a plain vector of bytes as a list of numbers.
                minicbor::data::Type::Array => numbers(&mut decoder),
                _ => None,
            };
        }
        decoder.skip().ok()?;
    }
    None
}

fn numbers(decoder: &mut minicbor::Decoder<'_>) -> Option<Vec<u8>> {
    let numbers = decoder.array_iter::<u8>().ok()?;
    numbers
        .take(MAX_RESPONSE_BYTES)
        .collect::<Result<_, _>>()
        .ok()
}

/// Requests to the module.
pub(crate) trait Exchange: Send + Sync {
    /// Sends a request and returns the response.
    fn exchange(&self, request: &[u8]) -> io::Result<Vec<u8>>;
}

/// `/dev/nsm`.
pub(crate) struct DevNsm(File);

/// `struct nsm_raw` of the kernel's `include/uapi/linux/nsm.h`: two I/O vectors.
#[repr(C)]
struct Raw {
    request: libc::iovec,
    response: libc::iovec,
}

/// `NSM_IOCTL_RAW`: `_IOWR(0x0A, 0x0, struct nsm_raw)`, with a structure of 32 bytes.
const IOCTL_RAW: libc::Ioctl = 0xc020_0a00_u32 as libc::Ioctl;

impl Exchange for DevNsm {
    fn exchange(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut request = request.to_vec();
        let mut response = vec![0; MAX_RESPONSE_BYTES];
        let mut raw = Raw {
            request: libc::iovec {
                iov_base: request.as_mut_ptr().cast(),
                iov_len: request.len(),
            },
            response: libc::iovec {
                iov_base: response.as_mut_ptr().cast(),
                iov_len: response.len(),
            },
        };
        // SAFETY: `raw` is the structure that this request takes, its vectors point to buffers of
        // the lengths they say, and all three live until the call returns. The driver reads the
        // first, writes at most the second, and says in `raw` how much it wrote.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), IOCTL_RAW, &raw mut raw) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        response.truncate(raw.response.iov_len);
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::evidence::tests::QUESTION;
    use std::sync::Mutex;

    /// A module that answers as told, and remembers what it was asked.
    struct Fake {
        answers: Mutex<Vec<io::Result<Vec<u8>>>>,
        requests: Mutex<Vec<Vec<u8>>>,
    }

    impl Exchange for Fake {
        fn exchange(&self, request: &[u8]) -> io::Result<Vec<u8>> {
            self.requests.lock().unwrap().push(request.to_vec());
            self.answers.lock().unwrap().remove(0)
        }
    }

    fn module(answers: Vec<io::Result<Vec<u8>>>) -> Nsm<Fake> {
        Nsm(Fake {
            answers: Mutex::new(answers),
            requests: Mutex::default(),
        })
    }

    /// `hashlib.sha384(bytes(48) + b"\7" * 32)`.
    const EXTENDED: [u8; 48] = [
        0x5f, 0x07, 0xb4, 0xfb, 0x7a, 0xc6, 0x15, 0x03, 0x89, 0x86, 0xed, 0xfa, 0xa6, 0x56, 0x19,
        0xb7, 0xc5, 0x70, 0x6d, 0x36, 0x92, 0xbc, 0x15, 0xe1, 0x8f, 0xff, 0x7f, 0xf3, 0xc7, 0x86,
        0x93, 0xcc, 0x59, 0xae, 0x8b, 0x4a, 0x6f, 0xd3, 0xe8, 0xb3, 0x35, 0xf1, 0xdb, 0x40, 0x74,
        0x3f, 0xfc, 0xcf,
    ];

    fn extended(register: &[u8]) -> Vec<u8> {
        request("ExtendPCR", |w| {
            w.map(|m| m.text("data", |w| w.bytes(register)));
        })
    }

    fn error(kind: &str) -> Vec<u8> {
        Writer::encode(|w| w.map(|m| m.text("Error", |w| w.text(kind))))
    }

    #[test]
    fn a_document_is_asked_for_with_the_report_data_as_user_data() {
        let answer = request("Attestation", |w| {
            w.map(|m| m.text("document", |w| w.bytes(b"signed")));
        });
        let module = module(vec![Ok(answer)]);
        let evidence = module.evidence(&QUESTION).unwrap();
        assert_eq!(evidence.technology(), Technology::Nitro);
        assert_eq!(evidence.content(), b"signed");
        let asked = module.0.requests.lock().unwrap().concat();
        assert_eq!(
            field(&asked, "Attestation", "user_data").unwrap(),
            QUESTION.as_bytes()
        );
    }

    #[test]
    fn the_policy_is_extended_once_and_locked() {
        let policy = PolicyHash::from_bytes([7; 32]);
        let locked = Writer::encode(|w| w.text("LockPCR"));
        let module = module(vec![Ok(extended(&EXTENDED)), Ok(locked)]);
        module.fix_policy(&policy).unwrap();
        let requests = module.0.requests.lock().unwrap();
        let [extend, lock] = requests.as_slice() else {
            panic!("{requests:?}")
        };
        assert_eq!(
            field(extend, "ExtendPCR", "data").unwrap(),
            policy.as_bytes()
        );
        // {"LockPCR": {"index": 16}}
        assert_eq!(
            lock.as_slice(),
            b"\xa1\x67LockPCR\xa1\x65index\x10".as_slice()
        );
    }

    #[test]
    fn a_module_that_refuses_or_is_gone_fixes_no_policy() {
        let policy = PolicyHash::from_bytes([7; 32]);
        let refused = Err(EvidenceError(
            "the security module refuses the policy's register",
        ));
        let locked_before = module(vec![Ok(error("ReadOnlyIndex"))]);
        assert_eq!(locked_before.fix_policy(&policy), refused);
        for answer in [error("InvalidIndex"), extended(&EXTENDED), vec![]] {
            let not_locked = module(vec![Ok(extended(&EXTENDED)), Ok(answer)]);
            assert_eq!(not_locked.fix_policy(&policy), refused);
        }
        for answer in [extended(&[1; 48]), vec![], vec![0xff; 64]] {
            let extended_before = module(vec![Ok(answer)]);
            assert_eq!(extended_before.fix_policy(&policy), refused);
        }
        let gone = module(vec![Err(io::ErrorKind::BrokenPipe.into())]);
        assert!(gone.fix_policy(&policy).is_err());
    }

    #[test]
    fn errors_and_nonsense_are_no_evidence() {
        for answer in [
            error("InvalidOperation"),
            vec![],
            vec![0xff; 64],
            request("Attestation", |w| w.map(|_| {})),
            request("GetRandom", |w| {
                w.map(|m| m.text("document", |w| w.bytes(b"x")));
            }),
        ] {
            let refused = EvidenceError("the security module refuses to attest");
            assert_eq!(module(vec![Ok(answer)]).evidence(&QUESTION), Err(refused));
        }
    }

    #[test]
    fn the_measurement_is_the_first_register() {
        for data in [true, false] {
            let answer = request("DescribePCR", |w| {
                w.map(|m| {
                    m.text("lock", |w| w.boolean(true));
                    m.text("data", |w| {
                        if data {
                            w.bytes(&[0xcd; 48]);
                        } else {
                            w.array(48);
                            (0..48).for_each(|_| w.unsigned(0xcd));
                        }
                    });
                });
            });
            let measurement = module(vec![Ok(answer)]).measurement().unwrap();
            assert_eq!(measurement.as_bytes(), [0xcd; 48]);
        }
    }
}
