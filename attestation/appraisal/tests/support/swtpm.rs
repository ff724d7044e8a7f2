//! Machines with a TPM in software, and the authority that certifies their endorsement keys.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use veracruz_appraisal::Collateral;
use veracruz_evidence::ReportData;
use veracruz_evidence::tpm::{Credential, Endorsement, TpmContent};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256};
use x509_cert::der::{DecodePem as _, Encode as _};

/// What the quote is over.
const REGISTERS: [u8; 3] = [0, 4, 15];
const SELECTION: &str = "sha256:0,4,15";
/// Where `swtpm_setup` keeps the endorsement key, and its certificate.
const EK: &str = "0x81010001";
const EK_CERTIFICATE: &str = "0x1c00002";

/// The first program that these tests need and that is not here.
pub(crate) fn missing_tools() -> Option<&'static str> {
    ["swtpm", "swtpm_setup", "swtpm_localca", "tpm2"]
        .into_iter()
        .find(|name| {
            let run = Command::new(name).arg("--version").output();
            run.is_err()
        })
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("veracruz-{name}-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// An authority with a root of its own.
pub(crate) struct Maker(Folder);

impl Maker {
    pub(crate) fn new() -> Self {
        let folder = Folder::new("maker");
        let path = folder.0.display();
        fs::write(
            folder.0.join("authority.conf"),
            format!(
                "statedir = {path}\nsigningkey = {path}/signkey.pem\n\
                 issuercert = {path}/issuercert.pem\ncertserial = {path}/certserial\n"
            ),
        )
        .unwrap();
        fs::write(
            folder.0.join("options"),
            "--platform-manufacturer Test\n--platform-version 1\n--platform-model Test\n",
        )
        .unwrap();
        fs::write(
            folder.0.join("setup.conf"),
            format!(
                "create_certs_tool=swtpm_localca\n\
                 create_certs_tool_config={path}/authority.conf\n\
                 create_certs_tool_options={path}/options\n"
            ),
        )
        .unwrap();
        Self(folder)
    }

    fn certificates(&self) -> [Vec<u8>; 2] {
        ["swtpm-localca-rootca-cert.pem", "issuercert.pem"].map(|name| {
            // The root is made with the first TPM.
            if !self.0.0.join(name).exists() {
                self.setup(&Folder::new("first").0);
            }
            fs::read(self.0.0.join(name)).unwrap()
        })
    }

    /// Both certificates: TPMs have only that of their own key.
    pub(crate) fn collateral(&self) -> Collateral {
        let mut collateral = Collateral::none();
        for certificate in self.certificates() {
            collateral.add(&certificate).unwrap();
        }
        collateral
    }

    pub(crate) fn root(&self) -> KeyDigest {
        key_of(&self.certificates()[0])
    }

    pub(crate) fn authority(&self) -> KeyDigest {
        key_of(&self.certificates()[1])
    }

    fn setup(&self, state: &Path) {
        let made = Command::new("swtpm_setup")
            .args(["--tpm2", "--create-ek-cert", "--overwrite"])
            .args(["--pcr-banks", "sha256", "--tpmstate"])
            .arg(state)
            .arg("--config")
            .arg(self.0.0.join("setup.conf"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }
}

fn key_of(pem: &[u8]) -> KeyDigest {
    let certificate = x509_cert::Certificate::from_pem(pem).unwrap();
    let spki = certificate.tbs_certificate().subject_public_key_info();
    KeyDigest::of_spki(&spki.to_der().unwrap())
}

/// A machine that was started with a policy, and whose TPM has an attestation key and a quote.
pub(crate) struct Machine {
    process: Child,
    folder: Folder,
    port: u16,
    content: TpmContent,
}

impl Machine {
    pub(crate) fn start(maker: &Maker, bound_to: &ReportData, policy: &PolicyHash) -> Self {
        let folder = Folder::new("machine");
        maker.setup(&folder.0);
        let (process, port) = swtpm(&folder.0);
        let mut machine = Self {
            process,
            folder,
            port,
            content: TpmContent::default(),
        };
        machine.content = machine.quote(bound_to, policy);
        machine
    }

    pub(crate) fn content(&self) -> TpmContent {
        self.content.clone()
    }

    fn quote(&self, bound_to: &ReportData, policy: &PolicyHash) -> TpmContent {
        let policy: Sha256 = Sha256::from_bytes(*policy.as_bytes());
        let question = Sha256::of(bound_to.as_bytes()).to_string();
        let lines = [
            format!("pcrextend 15:sha256={policy}"),
            format!("createak -C {EK} -c ak.ctx -G ecc -g sha256 -s ecdsa -u ak.pub"),
            format!("quote -c ak.ctx -l {SELECTION} -q {question} -g sha256 -m quote -s signature"),
            format!("pcrread {SELECTION} -o registers"),
            format!("readpublic -c {EK} -o ek.pub"),
            format!("nvread {EK_CERTIFICATE} -o ek.der"),
        ];
        for line in lines {
            assert!(self.tool(&line), "{line}");
        }
        let registers = self.read("registers");
        let values = registers.chunks(32).map(|value| value.try_into().unwrap());
        TpmContent {
            attest: self.read("quote"),
            signature: self.read("signature"),
            public: self.read("ak.pub"),
            registers: REGISTERS
                .into_iter()
                .zip(values.map(Sha256::from_bytes))
                .collect(),
            endorsement: Some(Endorsement {
                // The file has the length before it.
                public: self.read("ek.pub")[2..].to_vec(),
                certificates: vec![self.read("ek.der")],
            }),
            ..TpmContent::default()
        }
    }

    /// What this TPM gives out for a credential and the key in a context file, if anything.
    pub(crate) fn activate(&self, key: &str, credential: &Credential) -> Option<Vec<u8>> {
        // The form of tpm2-tools: a magic number, a version, and both parts with their lengths.
        let mut file = [0xbadc_c0de_u32, 1].map(u32::to_be_bytes).concat();
        for part in [&credential.blob, &credential.secret] {
            file.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            file.extend(part);
        }
        fs::write(self.folder.0.join("credential"), file).unwrap();
        assert!(self.tool("startauthsession --policy-session -S session.ctx"));
        assert!(self.tool("policysecret -S session.ctx -c e"));
        let opened = self.tool(&format!(
            "activatecredential -c {key} -C {EK} -i credential -o secret -P session:session.ctx"
        ));
        assert!(self.tool("flushcontext -l"));
        opened.then(|| self.read("secret"))
    }

    /// Loads the public half of a key, which its TPM gives to anybody.
    pub(crate) fn load_public(&self, public: &[u8], context: &str) {
        fs::write(self.folder.0.join("loaded.pub"), public).unwrap();
        let loaded = self.tool(&format!("loadexternal -C e -u loaded.pub -c {context}"));
        assert!(loaded);
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.0.join(name)).unwrap()
    }

    /// Runs a tool, and frees the TPM's few places for keys after it.
    fn tool(&self, line: &str) -> bool {
        let run = |line: &str| {
            Command::new("tpm2")
                .args(line.split(' '))
                .env(
                    "TPM2TOOLS_TCTI",
                    format!("swtpm:host=127.0.0.1,port={}", self.port),
                )
                .current_dir(&self.folder.0)
                .output()
                .unwrap()
        };
        let done = run(line).status.success();
        drop(run("flushcontext -t"));
        done
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// On a port and, as the tools want it, the one after it.
fn swtpm(state: &Path) -> (Child, u16) {
    for _ in 0..50 {
        let (Some(port), Some(control)) = free_ports() else {
            continue;
        };
        let mut process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .arg("--tpmstate")
            .arg(format!("dir={}", state.display()))
            .arg("--server")
            .arg(format!("type=tcp,port={port}"))
            .arg("--ctrl")
            .arg(format!("type=tcp,port={control}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..200 {
            if process.try_wait().unwrap().is_some() {
                break;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return (process, port);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(process.kill());
        drop(process.wait());
    }
    panic!("swtpm did not start")
}

fn free_ports() -> (Option<u16>, Option<u16>) {
    let free = |port: u16| {
        let listener = TcpListener::bind(("127.0.0.1", port)).ok()?;
        Some(listener.local_addr().ok()?.port())
    };
    let port = free(0);
    let next = port.and_then(|port| port.checked_add(1)).and_then(free);
    (port, next)
}
