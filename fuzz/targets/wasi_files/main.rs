//! Reading, writing and naming files by WASI preview 1, against a model that is too simple to be
//! wrong: the same answer to each call, and the same files at the end.
#![no_main]

mod model;

use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use model::{Answer, FIRST_FILE, Model, NAMES, OPEN_FILES, QUOTA_BYTES, QUOTA_FILES};
use veracruz_vfs::{EXTENT_BYTES, Quotas, Rights, Rules, Vfs};
use veracruz_wasi::{Config, Errno, Wasi, flags};

/// A call of a program, as it makes sense often enough.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Call {
    Open(Opening),
    Close {
        fd: Fd,
    },
    Renumber {
        fd: Fd,
        to: Fd,
    },
    Read {
        fd: Fd,
        lengths: Lengths,
    },
    ReadAt {
        fd: Fd,
        lengths: Lengths,
        offset: Offset,
    },
    Write {
        fd: Fd,
        lengths: Lengths,
        fill: u8,
    },
    WriteAt {
        fd: Fd,
        lengths: Lengths,
        fill: u8,
        offset: Offset,
    },
    Seek {
        fd: Fd,
        offset: i64,
        #[arbitrary(with = |u: &mut arbitrary::Unstructured| u.int_in_range(0..=3))]
        whence: u32,
    },
    Tell {
        fd: Fd,
    },
    Size {
        fd: Fd,
    },
    SetAppend {
        fd: Fd,
        append: bool,
    },
    SetSize {
        fd: Fd,
        size: Offset,
    },
    Allocate {
        fd: Fd,
        offset: Offset,
        length: u16,
    },
    Unlink {
        name: Name,
    },
    Rename {
        from: Name,
        to: Name,
    },
    Link {
        from: Name,
        to: Name,
    },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Opening {
    name: Name,
    create: bool,
    exclusive: bool,
    truncate: bool,
    read: bool,
    write: bool,
    append: bool,
}

/// A descriptor of a file, open or not.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Fd(u8);

/// One of [`NAMES`].
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Name(u8);

/// Lengths of two buffers.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Lengths(u16, u8);

/// Near the start, near where pieces of files meet, or near the end of all numbers.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Offset {
    Start(u16),
    Before(u8),
    After(u8),
    End(u8),
}

impl Fd {
    fn index(self) -> usize {
        usize::from(self.0) % (OPEN_FILES - FIRST_FILE)
    }

    fn number(self) -> u32 {
        (self.index() + FIRST_FILE) as u32
    }
}

impl Name {
    fn text(self) -> &'static str {
        NAMES[usize::from(self.0) % NAMES.len()].0
    }

    fn rights(self) -> Rights {
        NAMES[usize::from(self.0) % NAMES.len()].1
    }
}

impl Lengths {
    fn each(self) -> [usize; 2] {
        [usize::from(self.0 % 20_000), self.1.into()]
    }

    fn total(self) -> usize {
        self.each().iter().sum()
    }
}

impl Offset {
    fn value(self) -> u64 {
        match self {
            Self::Start(offset) => offset.into(),
            Self::Before(less) => EXTENT_BYTES - u64::from(less),
            Self::After(more) => EXTENT_BYTES + u64::from(more),
            Self::End(less) => u64::MAX - u64::from(less),
        }
    }
}

/// What was provided: a small file, and one of two pieces.
static INPUT: LazyLock<Arc<Vec<u8>>> = LazyLock::new(|| Arc::new(b"what was provided".to_vec()));
static SHARED: LazyLock<Arc<Vec<u8>>> = LazyLock::new(|| {
    let bytes = (0..EXTENT_BYTES + 100).map(|n| (n % 251) as u8);
    Arc::new(bytes.collect())
});

fuzz_target!(|calls: Vec<Call>| {
    let (mut program, mut model) = start();
    for call in &calls {
        let (got, expected) = (program.call(call), model.call(call));
        assert!(
            got == expected,
            "{call:?}: {:?}, not {:?}",
            shown(&got),
            shown(&expected)
        );
    }
    let vfs = program.wasi.finish().vfs;
    model.close_all();
    assert_eq!(vfs.used_bytes(), model.used_bytes());
    assert_eq!(vfs.used_files(), model.used_files());
    assert_eq!(vfs.files().count(), model.names.len());
    for name in model.names.keys() {
        let file = vfs.file(&format!("/{name}")).expect("a file of the model");
        let mut rest = model.file(name).expect("a file").bytes.as_slice();
        for chunk in file.chunks() {
            rest = rest.strip_prefix(chunk).expect("the same bytes");
        }
        assert!(rest.is_empty(), "{name}");
    }
    for name in ["input", "secret"] {
        assert!(
            vfs.file(&format!("/{name}"))
                .is_some_and(|file| file.is_unchanged())
        );
    }
});

fn start() -> (Program, Model) {
    let mut rules = Rules::new();
    for (name, rights) in NAMES {
        rules.grant(&format!("/{name}"), rights).expect("a rule");
    }
    let quotas = Quotas {
        bytes: QUOTA_BYTES,
        files: QUOTA_FILES,
    };
    let mut vfs = Vfs::new(rules, quotas, 0);
    let mut model = Model::default();
    for (name, bytes) in [("input", &*INPUT), ("secret", &INPUT), ("shared", &SHARED)] {
        vfs.provide(&format!("/{name}"), bytes.clone())
            .expect("a place");
        model.provide(name, bytes.clone());
    }
    let mut config = Config::new(vfs, [7; 32]);
    config.limits.open_files = OPEN_FILES as u32;
    let wasi = Wasi::new(config).expect("a root");
    (
        Program {
            wasi,
            memory: vec![0; 1 << 15],
        },
        model,
    )
}

const ROOT: u32 = 3;
// Where the program keeps what it passes.
const RESULT: u32 = 0;
const VECTORS: u32 = 128;
const PATH: u32 = 256;
const SECOND: u32 = 384;
const DATA: u32 = 512;

struct Program {
    wasi: Wasi,
    memory: Vec<u8>,
}

impl Program {
    fn call(&mut self, call: &Call) -> Answer {
        self.prepare(call);
        let memory = self.memory.as_mut_slice();
        let wasi = &mut self.wasi;
        let length = |name: Name| name.text().len() as u32;
        match *call {
            Call::Open(opening) => {
                let oflags = bits(&[
                    (opening.create, flags::CREAT),
                    (opening.exclusive, flags::EXCL),
                    (opening.truncate, flags::TRUNC),
                ]);
                let read = if opening.read { flags::FD_READ } else { 0 };
                let write = if opening.write { flags::FD_WRITE } else { 0 };
                let fdflags = bits(&[(opening.append, flags::APPEND)]);
                let path = length(opening.name);
                wasi.path_open(
                    memory,
                    ROOT,
                    0,
                    PATH,
                    path,
                    oflags,
                    read | write,
                    0,
                    fdflags,
                    RESULT,
                )?;
            }
            Call::Close { fd } => wasi.fd_close(memory, fd.number())?,
            Call::Renumber { fd, to } => wasi.fd_renumber(memory, fd.number(), to.number())?,
            Call::Read { fd, .. } => wasi.fd_read(memory, fd.number(), VECTORS, 2, RESULT)?,
            Call::ReadAt { fd, offset, .. } => {
                wasi.fd_pread(memory, fd.number(), VECTORS, 2, offset.value(), RESULT)?;
            }
            Call::Write { fd, .. } => wasi.fd_write(memory, fd.number(), VECTORS, 2, RESULT)?,
            Call::WriteAt { fd, offset, .. } => {
                wasi.fd_pwrite(memory, fd.number(), VECTORS, 2, offset.value(), RESULT)?;
            }
            Call::Seek { fd, offset, whence } => {
                wasi.fd_seek(memory, fd.number(), offset, whence, RESULT)?;
            }
            Call::Tell { fd } => wasi.fd_tell(memory, fd.number(), RESULT)?,
            Call::Size { fd } => {
                wasi.fd_filestat_get(memory, fd.number(), RESULT)?;
                return Ok((self.number(RESULT + 32), Vec::new()));
            }
            Call::SetAppend { fd, append } => {
                wasi.fd_fdstat_set_flags(memory, fd.number(), bits(&[(append, flags::APPEND)]))?;
            }
            Call::SetSize { fd, size } => {
                wasi.fd_filestat_set_size(memory, fd.number(), size.value())?;
            }
            Call::Allocate { fd, offset, length } => {
                wasi.fd_allocate(memory, fd.number(), offset.value(), length.into())?;
            }
            Call::Unlink { name } => wasi.path_unlink_file(memory, ROOT, PATH, length(name))?,
            Call::Rename { from, to } => {
                wasi.path_rename(memory, ROOT, PATH, length(from), ROOT, SECOND, length(to))?;
            }
            Call::Link { from, to } => {
                wasi.path_link(
                    memory,
                    ROOT,
                    0,
                    PATH,
                    length(from),
                    ROOT,
                    SECOND,
                    length(to),
                )?;
            }
        }
        let number = self.number(RESULT);
        let read = matches!(call, Call::Read { .. } | Call::ReadAt { .. });
        let bytes = if read {
            self.bytes(DATA, number as usize).to_vec()
        } else {
            Vec::new()
        };
        Ok((number, bytes))
    }

    /// Puts into memory what the call points to. The buffers lie one after another.
    fn prepare(&mut self, call: &Call) {
        self.put(RESULT, &[0; 64]);
        match call {
            Call::Read { lengths, .. } | Call::ReadAt { lengths, .. } => self.vectors(*lengths, 0),
            Call::Write { lengths, fill, .. } | Call::WriteAt { lengths, fill, .. } => {
                self.vectors(*lengths, *fill);
            }
            Call::Open(Opening { name, .. }) | Call::Unlink { name } => {
                self.put(PATH, name.text().as_bytes());
            }
            Call::Rename { from, to } | Call::Link { from, to } => {
                self.put(PATH, from.text().as_bytes());
                self.put(SECOND, to.text().as_bytes());
            }
            _ => {}
        }
    }

    fn vectors(&mut self, lengths: Lengths, fill: u8) {
        let [first, second] = lengths.each().map(|length| length as u32);
        let vectors = [DATA, first, DATA + first, second].map(u32::to_le_bytes);
        self.put(VECTORS, vectors.as_flattened());
        self.memory[DATA as usize..][..lengths.total()].fill(fill);
    }

    fn put(&mut self, address: u32, bytes: &[u8]) {
        self.memory[address as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    fn bytes(&self, address: u32, length: usize) -> &[u8] {
        &self.memory[address as usize..][..length]
    }

    fn number(&self, address: u32) -> u64 {
        let bytes = self.bytes(address, 8).try_into();
        u64::from_le_bytes(bytes.expect("eight bytes"))
    }
}

fn bits(list: &[(bool, u32)]) -> u32 {
    let set = list.iter().filter(|(set, _)| *set);
    set.fold(0, |all, (_, bit)| all | bit)
}

/// An answer in a line: the number and how many bytes came with it.
fn shown(answer: &Answer) -> Result<(u64, usize), Errno> {
    answer
        .as_ref()
        .map(|(number, bytes)| (*number, bytes.len()))
        .map_err(|errno| *errno)
}
