//! A folder with what participants have, and calls of the binary in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A folder of its own for each test, gone when it is dropped.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    /// With three identities, the second under the passphrase in `passphrase`; a policy between
    /// them; a program, a runtime and a receipt.
    pub(crate) fn new() -> Self {
        // Made once, since deriving keys of passphrases takes its time.
        static MADE: OnceLock<Desk> = OnceLock::new();
        let made = MADE.get_or_init(Self::make);
        let desk = Self::empty();
        for entry in fs::read_dir(made.path()).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, desk.path().join(from.file_name().unwrap())).unwrap();
        }
        desk
    }

    /// With nothing in it.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn make() -> Self {
        let desk = Self::empty();
        desk.write("passphrase", b"correct horse\n");
        desk.write("other-passphrase", b"battery staple\n");
        for file in ["passphrase", "other-passphrase"] {
            desk.set_mode(file, 0o600);
        }
        desk.write("runtime", b"abc");
        let program =
            wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
        desk.write("program.wasm", &program.unwrap());
        desk.write("broken.json", b"{\n  \"veracruz\": 1,\n  \"nmae\": 3\n}\n");
        desk.write("broken.toml", b"[client]\nidentiy = \"acme.pem\"\n");
        desk.write(
            "good.toml",
            b"color = \"never\"\n[client]\nidentity = \"acme.pem\"\npolicy = \"policy.json\"\n",
        );
        for (from, to) in [
            (
                "../../common/policy/tests/data/overlap.json",
                "overlap.json",
            ),
            (
                "../../common/receipt/tests/fixtures/policy.json",
                "receipt-policy.json",
            ),
        ] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
            fs::copy(from, desk.path().join(to)).unwrap();
        }
        let receipt = include_str!("../../../../common/receipt/tests/fixtures/receipt-v1.hex");
        let receipt: String = receipt.split_whitespace().collect();
        let receipt = from_hex(&receipt);
        desk.write("receipt.cose", &receipt);
        for line in [
            "identity new --name acme --out acme.pem",
            "identity new --name globex --out globex.pem --new-passphrase-file passphrase",
            "identity new --name lab --out lab.pem",
            "policy new psi --name overlap --data acme=acme.crt --data globex=globex.crt \
             --program-by lab=lab.crt --program program.wasm --runtime runtime --expires never \
             --attester fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9 \
             --out policy.json",
        ] {
            let output = desk.call(line);
            assert!(output.status.success(), "{line}: {output:?}");
        }
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.file(name), content).unwrap();
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.file(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The binary, in this folder, with nothing of the caller's environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veracruz"));
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    /// What a line of words does.
    pub(crate) fn call(&self, line: &str) -> Output {
        let words = line.split_whitespace();
        self.command().args(words).output().unwrap()
    }
}

/// Bytes from hexadecimal.
fn from_hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap();
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap())
        .collect()
}

/// Standard output and standard error output as text.
pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}
