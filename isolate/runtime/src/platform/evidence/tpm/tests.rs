//! Against `swtpm`, which is somebody else's TPM, and against devices that fail.

use super::*;
use crate::platform::evidence::tests::{Folder, QUESTION};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command as Program, Stdio};
use std::time::Duration;

/// A TPM in software, without a kernel between: its socket takes commands as a device does.
struct Swtpm {
    process: Child,
    _folder: Folder,
}

impl Swtpm {
    /// `None`, with the reason on the screen, where it is not installed.
    fn start() -> Option<(Self, Tpm<Socket>)> {
        let folder = Folder::new("swtpm");
        let [socket, control] = ["socket", "control"].map(|name| folder.path(name));
        let started = Program::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .arg("--tpmstate")
            .arg(format!("dir={}", folder.root().display()))
            .arg("--server")
            .arg(format!("type=unixio,path={}", socket.display()))
            .arg("--ctrl")
            .arg(format!("type=unixio,path={}", control.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            println!("skipped: swtpm is not installed");
            return None;
        };
        let swtpm = Self {
            process,
            _folder: folder,
        };
        for _ in 0..200 {
            if let Ok(stream) = UnixStream::connect(&socket) {
                return Some((swtpm, Tpm::open(Socket(stream), b"a log".to_vec()).unwrap()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("swtpm did not start");
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

struct Socket(UnixStream);

impl Transmit for Socket {
    fn transmit(&self, command: &[u8]) -> io::Result<Vec<u8>> {
        exchange(&self.0, &self.0, command)
    }
}

#[test]
fn a_quote_is_signed_by_the_key_in_it_and_over_the_question_and_the_registers() {
    let Some((_swtpm, source)) = Swtpm::start() else {
        return;
    };
    let policy = PolicyHash::from_bytes([7; 32]);
    source.fix_policy(&policy).unwrap();
    let evidence = source.evidence(&QUESTION).unwrap();
    let content = tpm::parse(evidence.content()).unwrap();

    // The policy's register, from the definition of extending.
    let extended = Sha256::of(&[[0; 32], *policy.as_bytes()].concat());
    assert_eq!(content.registers.get(&POLICY_REGISTER), Some(&extended));

    // The key's point ends TPMT_PUBLIC: two sized coordinates.
    let point = content.public.last_chunk::<68>().unwrap();
    let sec1 = [&[4], &point[2..34], &point[36..]].concat();
    let key = VerifyingKey::from_sec1_bytes(&sec1).unwrap();
    // TPMT_SIGNATURE: algorithm, hash, two sized numbers.
    let signature = content.signature.last_chunk::<68>().unwrap();
    let (r, s): ([u8; 32], [u8; 32]) = (
        signature[2..34].try_into().unwrap(),
        signature[36..].try_into().unwrap(),
    );
    let signature = Signature::from_scalars(r, s).unwrap();
    key.verify(&content.attest, &signature).unwrap();

    // TPMS_ATTEST: magic, type, the question, and at its end the digest of the registers.
    assert_eq!(content.attest[..6], *b"\xffTCG\x80\x18");
    let question = Sha256::of(QUESTION.as_bytes());
    assert!(content.attest.windows(32).any(|w| w == question.as_bytes()));
    let measurement = source.measurement().unwrap();
    assert!(content.attest.ends_with(measurement.as_bytes()));
    assert_eq!(content.log, b"a log");
}

#[test]
fn the_key_is_the_same_whenever_it_is_made() {
    let Some((swtpm, source)) = Swtpm::start() else {
        return;
    };
    let first = source.public.clone();
    let Socket(stream) = source.device.into_inner().unwrap();
    let again = Tpm::open(Socket(stream), Vec::new()).unwrap();
    assert_eq!(again.public, first);
    drop(swtpm);
}

/// A TPM that answers every command alike.
struct Fixed(Vec<u8>);

impl Transmit for Fixed {
    fn transmit(&self, _: &[u8]) -> io::Result<Vec<u8>> {
        Ok(self.0.clone())
    }
}

fn refusal(code: u32) -> Vec<u8> {
    Bytes::default().u16(0x8001).u32(10).u32(code).done()
}

#[test]
fn a_tpm_that_refuses_errs_or_stays_busy_gives_no_evidence() {
    let opened = |answer: &[u8]| Tpm::open(Fixed(answer.to_vec()), Vec::new()).err();
    let refused = EvidenceError("the TPM refuses a command");
    assert_eq!(opened(&refusal(0x9a2)), Some(refused));
    assert_eq!(
        opened(&refusal(0x922)),
        Some(EvidenceError("the TPM is busy"))
    );
    let malformed = EvidenceError("the TPM's answer is malformed");
    let success = refusal(0);
    for answer in [
        &[][..],
        &[0x80],
        &success,
        &[&success[..], &[0; 20]].concat(),
    ] {
        assert_eq!(opened(answer), Some(EvidenceError(malformed.0)));
    }
}
