//! A machine's TPM: `swtpm`, one a machine, gone with it. An authority of this machine's own certifies
//! its endorsement key, as makers of TPMs do. *That protects nobody from whoever runs this machine,*
//! who has the authority's key and the TPM's memory.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Tools, User};

/// The daemon's state, in the machine's folder.
const STATE: &str = "tpm";
/// The authority's root certificate and that of the key with which it signs, in its folder.
const AUTHORITY_ROOT: &str = "swtpm-localca-rootca-cert.pem";
const AUTHORITY_ISSUER: &str = "issuercert.pem";

/// What whoever appraises a machine's TPM needs of the authority that certified it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TpmAuthority {
    /// The root's certificate, PEM: its key is what policies name in `ek_roots`.
    pub root: Vec<u8>,
    /// The certificate below it, PEM. TPMs have neither of the two: they are collateral.
    pub issuer: Vec<u8>,
}

impl TpmAuthority {
    /// The authority in this folder. Where there is none yet, one is made, by certifying a TPM that
    /// nobody uses.
    ///
    /// # Errors
    ///
    /// Where a program is missing or fails, or the folder is not this process's own.
    pub fn open(tools: &Tools, folder: &Path) -> io::Result<Self> {
        let root = folder.join(AUTHORITY_ROOT);
        if !root.exists() {
            let configuration =
                configured(folder, required(&tools.swtpm_localca, "swtpm_localca")?)?;
            let nobodys = tempfile::tempdir_in(folder)?;
            certify(tools, &configuration, nobodys.path(), nobodys.path())?;
        }
        Ok(Self {
            root: fs::read(root)?,
            issuer: fs::read(folder.join(AUTHORITY_ISSUER))?,
        })
    }
}

/// A TPM that is ready to start.
pub(crate) struct Tpm {
    /// The daemon.
    pub(crate) command: Command,
    /// What it must inherit.
    pub(crate) theirs: OwnedFd,
    /// What QEMU is given.
    pub(crate) ours: OwnedFd,
}

/// Makes a fresh TPM in the current folder. Where `authority` is a folder, whoever keeps an authority
/// there certifies its endorsement key.
pub(crate) fn prepare(
    tools: &Tools,
    authority: Option<&Path>,
    user: Option<User>,
) -> io::Result<Tpm> {
    let swtpm = required(&tools.swtpm, "swtpm")?;
    DirBuilder::new().mode(0o700).create(STATE)?;
    if let Some(authority) = authority {
        let localca = required(&tools.swtpm_localca, "swtpm_localca")?;
        let here = std::env::current_dir()?;
        let configuration = configured(authority, localca)?;
        certify(tools, &configuration, &here.join(STATE), &here)?;
    }
    if let Some(User { uid, gid }) = user {
        for entry in fs::read_dir(STATE)? {
            chown(entry?.path(), Some(uid), Some(gid))?;
        }
        chown(STATE, Some(uid), Some(gid))?;
    }
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(swtpm);
    command
        .args(["socket", "--tpm2", "--flags", "startup-clear"])
        .args(["--tpmstate", &format!("dir={STATE}")])
        .args([
            "--ctrl",
            &format!("type=unixio,clientfd={}", theirs.as_raw_fd()),
        ]);
    Ok(Tpm {
        command,
        theirs: theirs.into(),
        ours: ours.into(),
    })
}

fn required<'t>(tool: &'t Option<PathBuf>, name: &str) -> io::Result<&'t Path> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no {name} here"));
    tool.as_deref().ok_or_else(missing)
}

/// Makes a TPM in the folder `state`, with an endorsement key and a certificate of it. The
/// authority's key is read by this process's own user, who is not the one that runs the machine.
fn certify(tools: &Tools, configuration: &Path, state: &Path, temporary: &Path) -> io::Result<()> {
    let mut tpm = required(&tools.swtpm, "swtpm")?.as_os_str().to_owned();
    tpm.push(" socket");
    let made = Command::new(required(&tools.swtpm_setup, "swtpm_setup")?)
        .env_clear()
        .env("TMPDIR", temporary)
        .args(["--tpm2", "--create-ek-cert", "--pcr-banks", "sha256"])
        .arg("--tpmstate")
        .arg(state)
        .arg("--config")
        .arg(configuration)
        .arg("--tpm")
        .arg(tpm)
        .stdin(Stdio::null())
        .output()?;
    if made.status.success() {
        return Ok(());
    }
    let said = [made.stdout, made.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(io::Error::other(format!(
        "swtpm_setup made no certificate: {}",
        last.unwrap_or("it said nothing")
    )))
}

/// The settings of the authority in this folder, which are made with it.
fn configured(authority: &Path, localca: &Path) -> io::Result<PathBuf> {
    let here = std::path::absolute(authority)?;
    let shown = |path: &Path| {
        let text = path.to_str().filter(|text| !text.contains(['\n', '"']));
        let refused = || io::Error::other("the path of the TPMs' authority is not plain text");
        text.map(str::to_owned).ok_or_else(refused)
    };
    let (folder, localca) = (shown(&here)?, shown(localca)?);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&here)?;
    let settings = here.join("setup.conf");
    let files = [
        (
            here.join("authority.conf"),
            format!(
                "statedir = {folder}\nsigningkey = {folder}/signkey.pem\n\
                 issuercert = {folder}/{AUTHORITY_ISSUER}\ncertserial = {folder}/certserial\n"
            ),
        ),
        (
            here.join("options"),
            "--platform-manufacturer Veracruz\n--platform-version 1\n--platform-model swtpm\n"
                .to_owned(),
        ),
        (
            settings.clone(),
            format!(
                "create_certs_tool={localca}\n\
                 create_certs_tool_config={folder}/authority.conf\n\
                 create_certs_tool_options={folder}/options\n"
            ),
        ),
    ];
    for (path, content) in files {
        // Whole or not at all: another machine may be starting.
        let mut new = tempfile::NamedTempFile::new_in(&here)?;
        new.write_all(content.as_bytes())?;
        new.persist(path)?;
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::print_stdout, reason = "a test that does not run says so")]
    fn an_authority_is_made_once_and_certifies_each_tpm() {
        let tools = Tools::find();
        if [&tools.swtpm, &tools.swtpm_setup, &tools.swtpm_localca].contains(&&None) {
            println!("skipped: swtpm and swtpm-tools are not installed");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority");
        let made = TpmAuthority::open(&tools, &authority).unwrap();
        assert!(made.root.starts_with(b"-----BEGIN CERTIFICATE-----"));
        assert_ne!(made.root, made.issuer);
        assert_eq!(TpmAuthority::open(&tools, &authority).unwrap(), made);
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        let configuration = configured(&authority, tools.swtpm_localca.as_deref().unwrap());
        certify(&tools, &configuration.unwrap(), &state, folder.path()).unwrap();
        assert!(state.join("tpm2-00.permall").exists());
        assert_eq!(TpmAuthority::open(&tools, &authority).unwrap(), made);
    }

    #[test]
    fn without_its_programs_there_is_no_tpm_and_it_is_said_which() {
        let folder = tempfile::tempdir().unwrap();
        let missing = TpmAuthority::open(&Tools::default(), folder.path()).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!(missing.to_string(), "no swtpm_localca here");
    }
}
