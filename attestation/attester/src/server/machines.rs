//! What the desk decides about virtual machines: it is their parent, and vouches for the plain ones.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use veracruz_machine::{Description, Order, Part, Tools, Warden, Word};
use veracruz_policy::Sha256;

use super::desk::{Answer, Desk};
use super::evidence::EvidenceLine;
use super::isolates::{Body, Running};
use crate::Limits;
use crate::image::{Digested, Images};
use crate::machine_image::MachineImage;
use crate::wire::{Exit, IsolateId, MAX_DESCRIPTORS, Refusal, Reply};

/// The folder of the authority that certifies the TPMs of machines, beside the machines' folder.
pub const TPM_AUTHORITY: &str = "tpm-authority";

/// Memory of the emulator and the daemons of a machine, beside that of its guest.
const EMULATOR_BYTES: u64 = 1 << 30;

/// What machines are made with.
pub(super) struct Machines {
    pub(super) images: Images<MachineImage>,
    tools: Tools,
    /// Each machine's folder is in this one.
    folder: PathBuf,
    /// The authority of their TPMs.
    tpm_authority: PathBuf,
}

/// A machine that was started.
pub(super) struct Machine {
    /// What its description calls it.
    pub(super) kind: String,
    pub(super) warden: Warden,
    /// Whether KVM executes its instructions; `None` until it runs.
    kvm: Option<bool>,
    /// How it ended, by its warden's word.
    exit: Option<Exit>,
    /// Its warden has nothing more to say.
    silent: bool,
}

/// What a warden's word means for whoever waits for the machine's start.
pub(super) enum News {
    Runs(Reply),
    Failed(Refusal),
}

impl Machines {
    /// Machines whose folders are in `folder`, with the authority of their TPMs beside it.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            images: Images::default(),
            tools: Tools::find(),
            tpm_authority: folder.with_file_name(TPM_AUTHORITY),
            folder,
        }
    }
}

impl Machine {
    /// What to wait for, if the warden may still say something.
    pub(super) fn words(&self) -> Option<&Warden> {
        (!self.silent).then_some(&self.warden)
    }

    /// How it ended; its warden's own end says little.
    pub(super) fn exit(&mut self) -> Option<Exit> {
        while let Some(word) = self.warden.word() {
            self.note_end(&word);
        }
        self.exit
    }

    fn note_end(&mut self, word: &Word) {
        if let Word::Ended { exit, .. } = word {
            self.exit = Some(match *exit {
                veracruz_machine::Exit::Code(code) => Exit::Code(code),
                veracruz_machine::Exit::Signal(signal) => Exit::Signal(signal),
                veracruz_machine::Exit::Unknown => Exit::Unknown,
            });
        }
    }
}

impl Desk {
    pub(super) fn register_machine(
        &mut self,
        parts: &[Part],
        command_line: String,
        come: Vec<OwnedFd>,
    ) -> Result<Reply, Refusal> {
        let sources = parts.iter().copied().zip(come).collect();
        let image = MachineImage::copy(sources, command_line)?;
        let digest = image.digest();
        tracing::info!(%digest, "machine image registered");
        self.machines.images.keep(image);
        Ok(Reply::Registered(*digest.as_bytes()))
    }

    /// Starts a machine. Its warden says later what became of it: nobody is kept waiting.
    pub(super) fn launch_machine(
        &mut self,
        image: &Sha256,
        policy: &[u8],
        description: &Description,
        limits: &Limits,
    ) -> Result<Answer, Refusal> {
        limits.check()?;
        let policy = self.admit(policy)?;
        // Hardware states in all evidence for which policy a machine was built.
        let mut description = description.clone();
        if let Some(confidential) = &mut description.confidential {
            confidential.fix_policy(policy.as_bytes());
        }
        let description = &description;
        let id = self.fresh_id()?;
        let unknown = Refusal::UnknownImage {
            digest: *image.as_bytes(),
        };
        let found = self.machines.images.find(image).ok_or(unknown)?;
        let (ours, theirs) = match description.evidence {
            true => {
                let flags = SocketFlags::CLOEXEC;
                let (ours, theirs) =
                    socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)
                        .map_err(Refusal::internal)?;
                (Some(ours), Some(theirs))
            }
            false => (None, None),
        };
        // This checks the description, and so that a machine with an evidence channel is a plain
        // one: that is all that this attester vouches for.
        let order = Order {
            description,
            parts: &found.parts(),
            tools: &self.machines.tools,
            folder: &self.machines.folder.join(id.to_string()),
            tpm_authority: Some(&self.machines.tpm_authority),
            evidence: theirs.as_ref().map(AsFd::as_fd),
            user: self.sandbox.machine_user(id),
        };
        let limits = Limits {
            memory: limits.memory.saturating_add(EMULATOR_BYTES),
            ..limits.clone()
        };
        let (group, warden) = self.sandbox.in_group(id, &limits, |_, group| {
            let bound = |pid| group.enter(pid).map_err(std::io::Error::from);
            Ok(Warden::start(&order, bound)?)
        })?;
        tracing::info!(isolate = %id, pid = warden.pid, %policy, %image, kind = description.kind, "machine started");
        let process = rustix::io::fcntl_dupfd_cloexec(&warden.process, 0);
        let isolate = Running {
            image: *image,
            policy,
            pid: warden.pid,
            group,
            note: Vec::new(),
            process: process.map_err(Refusal::internal)?,
            evidence: ours.map(EvidenceLine::stream),
            body: Body::Machine(Machine {
                kind: description.kind.clone(),
                warden,
                kvm: None,
                exit: None,
                silent: false,
            }),
        };
        self.isolates.insert(id, isolate);
        Ok(Answer::WhenStarted(id))
    }

    /// Hears what the warden of a machine has to say.
    pub(super) fn hear(&mut self, id: IsolateId) -> Option<News> {
        let isolate = self.isolates.get_mut(id)?;
        let (pid, note) = (isolate.pid, isolate.note.clone());
        let Body::Machine(machine) = &mut isolate.body else {
            return None;
        };
        let Some(word) = machine.warden.word() else {
            machine.silent = true;
            return None;
        };
        machine.note_end(&word);
        match word {
            Word::Ready { kvm } => {
                tracing::info!(isolate = %id, kvm, "machine runs");
                machine.kvm = Some(kvm);
                Some(News::Runs(machine_reply(id, pid, kvm, note, machine)))
            }
            Word::Failed { stage, detail } => {
                tracing::warn!(isolate = %id, %stage, detail, "machine did not start");
                Some(News::Failed(Refusal::MachineFailed { stage, detail }))
            }
            Word::Ended { stage, said, .. } => {
                tracing::info!(isolate = %id, %stage, said, "machine ended");
                None
            }
            _ => None,
        }
    }

    /// The answer about a machine that runs.
    pub(super) fn attach_machine(
        id: IsolateId,
        isolate: &Running,
        machine: &Machine,
    ) -> Result<Answer, Refusal> {
        // One that is not running yet has an owner that waits for it.
        let kvm = machine.kvm.ok_or(Refusal::UnknownIsolate { id })?;
        let reply = machine_reply(id, isolate.pid, kvm, isolate.note.clone(), machine);
        Ok(Answer::Now(reply, Vec::new()))
    }
}

fn machine_reply(id: IsolateId, pid: u32, kvm: bool, note: Vec<u8>, machine: &Machine) -> Reply {
    let folder = machine.warden.folder.as_os_str().as_bytes().to_vec();
    Reply::Machine {
        id,
        pid,
        kvm,
        note,
        folder,
    }
}

/// How many descriptors come with these parts.
pub(super) fn descriptors_of(parts: &[Part]) -> Result<u8, Refusal> {
    match u8::try_from(parts.len()) {
        Ok(count @ 1..) if usize::from(count) <= MAX_DESCRIPTORS => Ok(count),
        _ => Err(Refusal::internal(Errno::TOOBIG)),
    }
}
