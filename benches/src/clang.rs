//! The C compiler: one for both worlds, so that what is compared is the code's way to the
//! processor and not two compilers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The first of these that is there and can do both.
const NAMES: [&str; 5] = ["clang-19", "clang", "clang-18", "clang-16", "clang-14"];

const WASM: [&str; 3] = ["--target=wasm32-wasi", "-msimd128", "-Wl,--strip-all"];

/// A fused multiply-add rounds once instead of twice; the results of both builds must be the same.
const BOTH: [&str; 3] = ["-O3", "-ffp-contract=off", "-Werror"];

/// A compiler, and where it puts what it builds.
pub(crate) struct Clang {
    name: &'static str,
    /// The first line of `--version`.
    pub(crate) version: String,
    folder: PathBuf,
}

/// What a source is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// `clang -O3`: any x86-64 processor. What promises are about.
    Native,
    /// `clang -O3 -march=native`: this processor, with all that it has.
    NativeTuned,
    /// WebAssembly with SIMD.
    Wasm,
}

/// Finds a compiler by letting it compile something. The error says why none will do.
pub(crate) fn find(folder: &Path) -> Result<Clang, String> {
    let mut missing = Vec::new();
    for name in NAMES {
        let clang = Clang {
            name,
            version: version(name).unwrap_or_default(),
            folder: folder.to_path_buf(),
        };
        if clang.version.is_empty() {
            continue;
        }
        match clang.compile("guests/start.c", Flavour::Wasm) {
            Ok(_) => return Ok(clang),
            Err(_) => missing.push(name),
        }
    }
    Err(if missing.is_empty() {
        "there is no clang".to_owned()
    } else {
        format!("{} cannot link for wasm32-wasi", missing.join(", "))
    } + " (Debian: clang-19, lld-19, wasi-libc, libclang-rt-19-dev-wasm32)")
}

impl Clang {
    /// Compiles a file of this crate and returns what was built.
    pub(crate) fn compile(&self, source: &str, flavour: Flavour) -> Result<PathBuf, Failure> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        let mut built = self.folder.join(source.file_stem().unwrap_or_default());
        built.set_extension(match flavour {
            Flavour::Native => "native",
            Flavour::NativeTuned => "tuned",
            Flavour::Wasm => "wasm",
        });
        let mut clang = Command::new(self.name);
        clang.args(BOTH);
        match flavour {
            Flavour::Native => {}
            Flavour::NativeTuned => {
                clang.arg("-march=native");
            }
            Flavour::Wasm => {
                clang.args(WASM);
            }
        }
        let output = clang
            .arg(&source)
            .arg("-o")
            .arg(&built)
            .arg("-lm")
            .stdin(Stdio::null())
            .output()
            .map_err(Failure::during(self.name))?;
        if output.status.success() {
            return Ok(built);
        }
        Err(Failure::new(format!(
            "{} could not compile {}: {}",
            self.name,
            source.display(),
            String::from_utf8_lossy(&output.stderr)
        )))
    }
}

fn version(name: &str) -> Option<String> {
    let output = Command::new(name).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}
