//! The kernel of every virtual machine that is measured, built from Debian's source package of
//! Linux. The same inputs give the same bytes: `isolate/images/kernel` has all that is chosen, and
//! the compiler is the machine's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::{self, Scratch};
use crate::debian::Pin;
use crate::process::{self, Failure};
use crate::setup;
use crate::steps::Steps;

/// Which source, relative to the repository's root.
pub(crate) const PINS: &str = "isolate/images/kernel/pins.json";

/// A provider of evidence that proves nothing, for tests.
const TEST_PROVIDER: &str = "isolate/images/kernel/test-provider.c";

/// Where it goes in the tree of Linux, and in what it is named.
const PROVIDERS: &str = "drivers/virt/coco";

/// Part of the name of what is built: to be changed with the steps below.
const RECIPE: &str = "veracruz-kernel-1";

/// Debian packages with what a build of Linux runs and links.
const PACKAGES: [&str; 9] = [
    "bc",
    "binutils",
    "bison",
    "flex",
    "gcc",
    "libelf-dev",
    "make",
    "xz-utils",
    "zstd",
];

/// What `cargo xtask kernel` was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    architecture: Architecture,
    test_provider: bool,
}

impl Options {
    /// With evidence that proves nothing, from the same tree as the images' kernel, which is made
    /// with it: so that tests need not make it twice.
    pub(crate) const FOR_TESTS: Self = Self {
        architecture: Architecture::X86_64,
        test_provider: true,
    };
}

impl Default for Options {
    fn default() -> Self {
        Self {
            architecture: Architecture::X86_64,
            test_provider: false,
        }
    }
}

impl Options {
    /// That of virtual machines for Arm.
    pub(crate) fn for_arm() -> Self {
        Self {
            architecture: Architecture::Aarch64,
            test_provider: false,
        }
    }

    /// `--arch x86_64|aarch64`, `--test-provider`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            match argument {
                "--test-provider" => options.test_provider = true,
                "--arch" => {
                    options.architecture = Architecture::named(arguments.next().unwrap_or(""))?;
                }
                _ => {
                    return Err(Failure::new(format!(
                        "`kernel` takes --arch x86_64|aarch64 and --test-provider, \
                         not `{argument}`"
                    )));
                }
            }
        }
        Ok(options)
    }
}

/// What a kernel runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    X86_64,
    Aarch64,
}

impl Architecture {
    fn named(name: &str) -> Result<Self, Failure> {
        match name {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Aarch64),
            other => Err(Failure::new(format!(
                "no kernel for `{other}`: x86_64 or aarch64"
            ))),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// As Linux calls it.
    const fn in_linux(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "arm64",
        }
    }

    /// What the names of compiler and linker begin with.
    const fn tools(self) -> &'static str {
        match self {
            Self::X86_64 => "",
            Self::Aarch64 => "aarch64-linux-gnu-",
        }
    }

    /// What is booted by firmware or a boot loader: its make target, and where make leaves it.
    const fn image(self) -> (&'static str, &'static str) {
        match self {
            Self::X86_64 => ("bzImage", "arch/x86/boot/bzImage"),
            Self::Aarch64 => ("Image", "arch/arm64/boot/Image"),
        }
    }

    const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::X86_64 => &[],
            Self::Aarch64 => &["gcc-aarch64-linux-gnu", "binutils-aarch64-linux-gnu"],
        }
    }
}

/// Builds what `options` say, unless the cache has it. Returns a folder with `vmlinux` (an ELF file
/// without symbols), `bzImage` or `Image`, and the complete `config`.
///
/// # Errors
/// Where the source cannot be had, or an option did not take effect.
pub(crate) fn kernel(options: Options, steps: &mut Steps) -> Result<PathBuf, Failure> {
    let architecture = options.architecture;
    let title = format!("kernel for {}", architecture.name());
    steps.step(&title, || {
        setup::setup_packages(&[&PACKAGES, architecture.packages()].concat())?;
        let plain = Kernel::of(options, false)?;
        let wanted = Kernel::of(options, options.test_provider)?;
        if wanted.folder.is_dir() {
            println!("in the cache: {}", wanted.folder.display());
            return Ok(wanted.folder);
        }
        let tree = Tree::unpacked(architecture)?;
        tree.configure(&plain.configuration)?;
        tree.build(&plain)?;
        if options.test_provider {
            // The same tree: little is compiled again.
            tree.add_test_provider()?;
            tree.build(&wanted)?;
        }
        println!("built: {}", wanted.folder.display());
        Ok(wanted.folder)
    })
}

/// What is built from which inputs, and where it is kept.
struct Kernel {
    folder: PathBuf,
    configuration: PathBuf,
}

impl Kernel {
    fn of(options: Options, test_provider: bool) -> Result<Self, Failure> {
        let architecture = options.architecture;
        let pin = Pin::read(PINS, "linux-source")?;
        let configuration = crate::root().join(format!(
            "isolate/images/kernel/{}.config",
            architecture.name()
        ));
        let mut inputs = format!(
            "{RECIPE}\n{}\n{}\n{}\n",
            pin.sha256(),
            cache::sha256(&configuration)?,
            compiler(architecture)?
        );
        if test_provider {
            inputs.push_str(&cache::sha256(&crate::root().join(TEST_PROVIDER))?);
        }
        let digest = cache::digest_of_inputs(&inputs)?;
        let folder = format!("kernel-{digest}/{}", architecture.name());
        Ok(Self {
            folder: cache::root()?.join(folder),
            configuration,
        })
    }
}

/// The compiler and the linker, by version: another one may make other bytes.
fn compiler(architecture: Architecture) -> Result<String, Failure> {
    let version = |tool: &str| {
        let program = format!("{}{tool}", architecture.tools());
        process::output(Command::new(&program).arg("--version"))
            .and_then(|text| text.lines().next().map(str::to_owned))
            .ok_or_else(|| Failure::new(format!("`{program} --version` failed")))
    };
    Ok(format!("{}\n{}", version("gcc")?, version("ld")?))
}

/// The source of Linux, for the time of a build.
struct Tree {
    scratch: Scratch,
    linux: PathBuf,
    architecture: Architecture,
}

impl Tree {
    fn unpacked(architecture: Architecture) -> Result<Self, Failure> {
        let package = Pin::read(PINS, "linux-source")?.package()?;
        let scratch = Scratch::beside(&cache::root()?.join("linux"))?;
        let unpacked = scratch.path().join("package");
        cache::unpack(&package, &unpacked)?;
        let sources = unpacked.join("usr/src");
        let archive = file_with_suffix(&sources, ".tar.xz")?;
        let linux = scratch.path().join("linux");
        cache::make(&linux)?;
        println!("unpacking the source of Linux");
        process::run(
            Command::new("tar")
                .args(["--strip-components=1", "-xf"])
                .arg(&archive)
                .arg("-C")
                .arg(&linux),
        )?;
        Ok(Self {
            scratch,
            linux,
            architecture,
        })
    }

    /// Everything off but what `configuration` names, which must have taken effect.
    fn configure(&self, configuration: &Path) -> Result<(), Failure> {
        process::run(
            self.make(&["allnoconfig"])
                .env("KCONFIG_ALLCONFIG", configuration),
        )?;
        let wanted = cache::read(configuration)?;
        let found = cache::read(&self.linux.join(".config"))?;
        let missing = not_in_effect(&wanted, &found);
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "options of {} did not take effect, since they are unknown to this version of Linux or \
             need others:\n{}",
            configuration.display(),
            missing.join("\n")
        )))
    }

    fn build(&self, kernel: &Kernel) -> Result<(), Failure> {
        let (target, image) = self.architecture.image();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        process::run(&mut self.make(&["-s", &format!("-j{processors}"), "vmlinux", target]))?;
        if let Some(parent) = kernel.folder.parent() {
            cache::make(parent)?;
        }
        cache::folder(&kernel.folder, |folder| {
            // Symbols are a third of it, and no loader wants them.
            process::run(
                Command::new(format!("{}objcopy", self.architecture.tools()))
                    .args(["--strip-all", "--remove-section=.comment"])
                    .arg(self.linux.join("vmlinux"))
                    .arg(folder.join("vmlinux")),
            )?;
            cache::copy(&self.linux.join(image), &folder.join(target))?;
            cache::copy(&self.linux.join(".config"), &folder.join("config"))
        })
    }

    fn add_test_provider(&self) -> Result<(), Failure> {
        let folder = self.linux.join(PROVIDERS);
        cache::copy(
            &crate::root().join(TEST_PROVIDER),
            &folder.join("test-provider.c"),
        )?;
        let makefile = folder.join("Makefile");
        let text = cache::read(&makefile)?;
        cache::write(&makefile, &format!("{text}\nobj-y += test-provider.o\n"))
    }

    /// `make` with nothing from this machine in what it makes: no name, no time, no counter.
    fn make(&self, arguments: &[&str]) -> Command {
        let mut make = Command::new("make");
        make.args(arguments)
            .arg(format!("ARCH={}", self.architecture.in_linux()))
            .arg(format!("CROSS_COMPILE={}", self.architecture.tools()))
            .current_dir(&self.linux)
            .env("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970")
            .env("KBUILD_BUILD_USER", "veracruz")
            .env("KBUILD_BUILD_HOST", "veracruz")
            .env("KBUILD_BUILD_VERSION", "1")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("TMPDIR", self.scratch.path());
        for variable in ["CFLAGS", "KCFLAGS", "LDFLAGS", "MAKEFLAGS", "KBUILD_OUTPUT"] {
            make.env_remove(variable);
        }
        make
    }
}

/// The lines of `wanted` that the complete configuration `found` does not follow. `=n` is followed
/// by an option's absence.
fn not_in_effect<'w>(wanted: &'w str, found: &str) -> Vec<&'w str> {
    let followed = |line: &str| match line.strip_suffix("=n") {
        Some(option) => !found.lines().any(|found| {
            found
                .split_once('=')
                .is_some_and(|(name, _)| name == option)
        }),
        None => found.lines().any(|found| found == line),
    };
    wanted
        .lines()
        .filter(|line| line.starts_with("CONFIG_") && !followed(line))
        .collect()
}

fn file_with_suffix(folder: &Path, suffix: &str) -> Result<PathBuf, Failure> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.to_string_lossy().ends_with(suffix))
        .ok_or_else(|| Failure::new(format!("no *{suffix} in {}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_did_not_take_effect_is_found() {
        let wanted =
            "# a comment\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_C=\"x\"\nCONFIG_D=y\nCONFIG_E=n\n";
        let found = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"y\"\nCONFIG_DD=y\nCONFIG_E=m\n";
        assert_eq!(
            not_in_effect(wanted, found),
            ["CONFIG_C=\"x\"", "CONFIG_D=y", "CONFIG_E=n"]
        );
    }

    #[test]
    fn no_kernel_takes_randomness_from_the_host_or_loads_modules() {
        for name in ["x86_64", "aarch64"] {
            let path = crate::root().join(format!("isolate/images/kernel/{name}.config"));
            let text = std::fs::read_to_string(path).unwrap();
            for option in ["CONFIG_HW_RANDOM_VIRTIO=n", "CONFIG_MODULES=n"] {
                assert!(text.lines().any(|line| line == option), "{name}: {option}");
            }
        }
    }

    #[test]
    fn options_are_read() {
        let parse = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Options::parse(&words)
        };
        let options = parse("--test-provider --arch aarch64").unwrap();
        assert_eq!(options.architecture, Architecture::Aarch64);
        assert!(options.test_provider);
        assert!(parse("--arch riscv64").is_err());
        assert!(parse("now").is_err());
    }
}
