//! The software root of trust, from inside a virtual machine: the attester that measured and started
//! it is at the other end of a port of a virtio console.

use rustix::event::{PollFd, PollFlags, poll};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use veracruz_evidence::channel::{self, LENGTH_BYTES, MAX_REPLY_BYTES};
use veracruz_evidence::{Evidence, ReportData};

use super::attester::{PATIENCE, STALE, answer_to};
use super::files::{MAX_WORD_BYTES, read, word};
use super::{EvidenceError, EvidenceSource};

/// What the port is called.
const NAME: &str = "veracruz.evidence";

/// The attester behind a port: a stream of frames (`veracruz_evidence::channel`).
pub(crate) struct Port(Mutex<Stream>);

/// The port and what has arrived of the next reply. A reply that comes too late is finished before
/// the next one begins.
struct Stream {
    port: File,
    arrived: Vec<u8>,
}

impl Port {
    /// The port of this machine, if it has one and nobody else has opened it.
    pub(crate) fn here() -> Option<Self> {
        Self::among(Path::new("/sys/class/virtio-ports"), Path::new("/dev"))
    }

    /// `ports` has a folder for each port, with its name in it; `devices` the device of each.
    fn among(ports: &Path, devices: &Path) -> Option<Self> {
        let entries = std::fs::read_dir(ports).ok()?;
        let named = |folder: &Path| word(read(&folder.join("name"), MAX_WORD_BYTES));
        let found = entries
            .flatten()
            .find(|entry| named(&entry.path()).is_ok_and(|name| name == NAME))?;
        let port = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(devices.join(found.file_name()))
            .ok()?;
        Some(Self::of(port))
    }

    fn of(port: File) -> Self {
        let arrived = Vec::new();
        Self(Mutex::new(Stream { port, arrived }))
    }
}

impl EvidenceSource for Port {
    fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError> {
        // One question at a time. A poisoned lock may guard half a frame, which then cannot be
        // read: no evidence, and nothing worse.
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = Deadline(Instant::now());
        let question = channel::frame(&channel::encode_request(report_data))
            .ok_or(EvidenceError("the question is too long"))?;
        stream.write(&question, &end)?;
        for _ in 0..STALE {
            let reply = stream.reply(&end)?;
            if let Some(evidence) = answer_to(report_data, &reply)? {
                return Ok(evidence);
            }
        }
        Err(EvidenceError("the attester answers other questions"))
    }
}

/// When the whole exchange began.
struct Deadline(Instant);

impl Deadline {
    /// Waits until the port is ready, as long as there is time.
    fn wait(&self, port: &File, wanted: PollFlags) -> Result<(), EvidenceError> {
        const LATE: EvidenceError = EvidenceError("the attester did not answer in time");
        let left = PATIENCE.saturating_sub(self.0.elapsed());
        if left == Duration::ZERO {
            return Err(LATE);
        }
        let mut ready = [PollFd::new(port, wanted)];
        match poll(&mut ready, left.try_into().ok().as_ref()) {
            Ok(0) => Err(LATE),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(_) => Err(EvidenceError("its port cannot be waited for")),
        }
    }
}

impl Stream {
    fn write(&mut self, mut rest: &[u8], end: &Deadline) -> Result<(), EvidenceError> {
        while !rest.is_empty() {
            match self.port.write(rest) {
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => end.wait(&self.port, PollFlags::OUT)?,
                    ErrorKind::Interrupted => {}
                    _ => return Err(EvidenceError("the attester is gone")),
                },
            }
        }
        Ok(())
    }

    /// The next whole reply.
    fn reply(&mut self, end: &Deadline) -> Result<Vec<u8>, EvidenceError> {
        loop {
            let missing = self.missing()?;
            if missing == 0 {
                let frame = std::mem::take(&mut self.arrived);
                return Ok(frame.get(LENGTH_BYTES..).unwrap_or_default().to_vec());
            }
            let mut chunk = vec![0; missing];
            match self.port.read(&mut chunk) {
                // Nobody has the other end of the port.
                Ok(0) => return Err(EvidenceError("the attester is gone")),
                Ok(length) => {
                    let arrived = chunk.get(..length).unwrap_or_default();
                    self.arrived.extend_from_slice(arrived);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => end.wait(&self.port, PollFlags::IN)?,
                    ErrorKind::Interrupted => {}
                    _ => return Err(EvidenceError("the attester is gone")),
                },
            }
        }
    }

    /// How many bytes the reply lacks; first of all, its length.
    fn missing(&self) -> Result<usize, EvidenceError> {
        let Some(length) = self.arrived.first_chunk() else {
            return Ok(LENGTH_BYTES.saturating_sub(self.arrived.len()));
        };
        let length = channel::parse_length(*length, MAX_REPLY_BYTES)
            .map_err(|_| EvidenceError("the answer is too long"))?;
        let whole = LENGTH_BYTES.saturating_add(length);
        Ok(whole.saturating_sub(self.arrived.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Folder, QUESTION};
    use super::*;
    use p256::ecdsa::SigningKey;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use veracruz_evidence::sw_rot;
    use veracruz_policy::{PolicyHash, Sha256};

    /// A port and the attester's end of it.
    fn port() -> (Port, UnixStream) {
        let (ours, attester) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Port::of(File::from(OwnedFd::from(ours))), attester)
    }

    fn reply(report_data: &ReportData) -> Vec<u8> {
        let claims = sw_rot::SwRotClaims {
            report_data: *report_data,
            measured: sw_rot::Measured::Machine(Sha256::of(b"a machine")),
            launch_policy: PolicyHash::from_bytes([3; 32]),
        };
        let key = SigningKey::from_slice(&[9; 32]).unwrap();
        channel::Reply::Evidence(sw_rot::sign(&claims, &key)).encode()
    }

    #[test]
    fn the_answer_to_this_question_counts_and_none_before_it() {
        let (port, mut attester) = port();
        let late = ReportData::from_bytes([1; 64]);
        for answered in [&late, &QUESTION] {
            let frame = channel::frame(&reply(answered)).unwrap();
            attester.write_all(&frame).unwrap();
        }
        let evidence = port.evidence(&QUESTION).unwrap();
        assert!(answer_to(&QUESTION, &channel::Reply::Evidence(evidence).encode()).is_ok());
        let mut asked = [0; LENGTH_BYTES + channel::REQUEST_BYTES];
        attester.read_exact(&mut asked).unwrap();
        assert_eq!(asked[..LENGTH_BYTES], [0, 0, 0, 64]);
        assert_eq!(asked[LENGTH_BYTES..], *QUESTION.as_bytes());
    }

    #[test]
    fn an_attester_that_refuses_errs_or_is_gone_gives_no_evidence() {
        let frames = [
            channel::frame(&channel::Reply::Refused(7).encode()).unwrap(),
            channel::frame(&[]).unwrap(),
            channel::frame(&[9]).unwrap(),
            vec![0xff; 4],
        ];
        for frame in frames {
            let (port, mut attester) = port();
            attester.write_all(&frame).unwrap();
            assert!(port.evidence(&QUESTION).is_err());
        }
        let (port, attester) = port();
        drop(attester);
        assert!(port.evidence(&QUESTION).is_err());
    }

    #[test]
    fn the_port_is_known_by_its_name() {
        let folder = Folder::new("ports");
        for (device, name) in [("vport1p1", "other"), ("vport1p2", "veracruz.evidence\n")] {
            let entry = folder.path(device);
            std::fs::create_dir(&entry).unwrap();
            std::fs::write(entry.join("name"), name).unwrap();
        }
        let devices = Folder::new("devices");
        assert!(Port::among(&folder.root(), &devices.root()).is_none());
        std::fs::write(devices.path("vport1p2"), "").unwrap();
        assert!(Port::among(&folder.root(), &devices.root()).is_some());
        assert!(Port::among(&devices.path("none"), &devices.root()).is_none());
    }
}
