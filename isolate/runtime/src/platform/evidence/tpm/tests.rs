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
    folder: Folder,
}

impl Swtpm {
    /// `None`, with the reason on the screen, where it is not installed.
    fn start() -> Option<(Self, Tpm<Socket>)> {
        Self::in_folder(Folder::new("swtpm"))
    }

    /// With an endorsement key, and a certificate of it by an authority that is made with it.
    fn certified() -> Option<(Self, Tpm<Socket>)> {
        let folder = Folder::new("swtpm");
        let path = folder.root().display().to_string();
        let files = [
            (
                "authority.conf",
                format!(
                    "statedir = {path}\nsigningkey = {path}/signkey.pem\n\
                     issuercert = {path}/issuercert.pem\ncertserial = {path}/certserial\n"
                ),
            ),
            (
                "options",
                "--platform-manufacturer T\n--platform-version 1\n--platform-model T\n".into(),
            ),
            (
                "setup.conf",
                format!(
                    "create_certs_tool=swtpm_localca\n\
                     create_certs_tool_config={path}/authority.conf\n\
                     create_certs_tool_options={path}/options\n"
                ),
            ),
        ];
        for (name, content) in files {
            std::fs::write(folder.path(name), content).unwrap();
        }
        let made = Program::new("swtpm_setup")
            .args(["--tpm2", "--create-ek-cert", "--pcr-banks", "sha256"])
            .args([
                "--tpmstate",
                &path,
                "--config",
                &format!("{path}/setup.conf"),
            ])
            .output();
        let Ok(made) = made else {
            println!("skipped: swtpm_setup is not installed");
            return None;
        };
        assert!(made.status.success(), "{made:?}");
        Self::in_folder(folder)
    }

    fn in_folder(folder: Folder) -> Option<(Self, Tpm<Socket>)> {
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
        let swtpm = Self { process, folder };
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

/// `TPM2_MakeCredential` by tpm2-tools, offline: for the evidence's key and endorsement key.
fn credential(swtpm: &Swtpm, content: &TpmContent, secret: &[u8]) -> Option<Credential> {
    let public = &content.endorsement.as_ref().unwrap().public;
    let length = u16::try_from(public.len()).unwrap().to_be_bytes();
    let name = Sha256::of(&content.public).to_string();
    let [ek, input, output] =
        ["ek.pub", "secret", "credential"].map(|name| swtpm.folder.path(name));
    std::fs::write(&ek, [&length[..], public].concat()).unwrap();
    std::fs::write(&input, secret).unwrap();
    let made = Program::new("tpm2")
        .args([
            "makecredential",
            "-T",
            "none",
            "-n",
            &format!("000b{name}"),
            "-u",
        ])
        .arg(ek)
        .arg("-s")
        .arg(input)
        .arg("-o")
        .arg(&output)
        .output();
    let Ok(made) = made else {
        println!("skipped: tpm2-tools is not installed");
        return None;
    };
    assert!(made.status.success(), "{made:?}");
    let file = std::fs::read(output).unwrap();
    // A magic number and a version, then both parts with their lengths.
    let (length, rest) = file[8..].split_at(2);
    let (blob, rest) = rest.split_at(usize::from(u16::from_be_bytes(length.try_into().unwrap())));
    Some(Credential {
        blob: blob.to_vec(),
        secret: rest[2..].to_vec(),
    })
}

fn content(source: &Tpm<Socket>) -> TpmContent {
    let evidence = source.evidence(&QUESTION).unwrap();
    tpm::parse(evidence.content()).unwrap()
}

#[test]
fn evidence_names_the_tpm_by_its_endorsement_key_and_the_certificate_of_that() {
    let Some((_swtpm, source)) = Swtpm::certified() else {
        return;
    };
    let endorsement = content(&source).endorsement.unwrap();
    // The modulus ends TPMT_PUBLIC, and stands in the certificate.
    let modulus = endorsement.public.last_chunk::<256>().unwrap();
    let [certificate] = endorsement.certificates.try_into().unwrap();
    assert!(certificate.windows(256).any(|window| window == modulus));
    assert_eq!(certificate[..2], [0x30, 0x82]);
}

#[test]
fn the_endorsement_key_is_that_of_the_template_where_it_was_not_kept() {
    let Some((_swtpm, source)) = Swtpm::certified() else {
        return;
    };
    let endorsement = content(&source).endorsement.unwrap();
    let device = source.device.into_inner().unwrap();
    let made = endorsement::made_anew(&device).unwrap();
    assert_eq!(made, endorsement.public);
}

#[test]
fn a_credential_that_others_made_is_opened() {
    let Some((swtpm, source)) = Swtpm::certified() else {
        return;
    };
    let content = content(&source);
    for secret in [&b"a secret of as many bytes as 32."[..], b"short"] {
        let Some(credential) = credential(&swtpm, &content, secret) else {
            return;
        };
        assert_eq!(source.activate(&credential).unwrap(), secret);
    }
}

#[test]
fn credentials_that_do_not_fit_are_refused_and_leave_nothing_behind() {
    let Some((swtpm, source)) = Swtpm::certified() else {
        return;
    };
    let content = content(&source);
    let Some(good) = credential(&swtpm, &content, &[7; 32]) else {
        return;
    };
    let refused = |blob: &[u8], secret: &[u8]| {
        let credential = Credential {
            blob: blob.to_vec(),
            secret: secret.to_vec(),
        };
        source.activate(&credential).unwrap_err()
    };
    let unopened = EvidenceError("the TPM does not open the credential");
    for length in (0..good.blob.len()).step_by(7) {
        assert_eq!(
            refused(&good.blob[..length], &good.secret),
            unopened,
            "{length} bytes"
        );
    }
    for length in (0..good.secret.len()).step_by(31) {
        assert_eq!(
            refused(&good.blob, &good.secret[..length]),
            unopened,
            "{length} bytes"
        );
    }
    for index in [0, 3, 40] {
        let mut changed = good.blob.clone();
        changed[index] ^= 1;
        assert_eq!(refused(&changed, &good.secret), unopened, "byte {index}");
    }
    let too_long = EvidenceError("the credential is too long");
    assert_eq!(refused(&[0; 133], &good.secret), too_long);
    assert_eq!(refused(&good.blob, &[0; 513]), too_long);
    // For a key of another name.
    let other = TpmContent {
        public: content.public[1..].to_vec(),
        ..content
    };
    let other = credential(&swtpm, &other, &[7; 32]).unwrap();
    assert_eq!(refused(&other.blob, &other.secret), unopened);
    // A TPM has room for three sessions or so.
    assert_eq!(source.activate(&good).unwrap(), [7; 32]);
}

#[test]
fn a_tpm_without_a_certificate_gives_evidence_and_opens_nothing() {
    let Some((_swtpm, source)) = Swtpm::start() else {
        return;
    };
    assert_eq!(content(&source).endorsement, None);
    assert_eq!(
        source.activate(&Credential::default()),
        Err(EvidenceError(
            "the TPM has no certificate of its endorsement key"
        ))
    );
}
