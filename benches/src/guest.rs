//! Programs in the engine, under every limit, as the runtime starts them.

use std::path::Path;
use std::time::Duration;

use veracruz_engine::memfd::Sealed;
use veracruz_engine::{
    Input, Program, ProgramSettings, Right, Spawner, StageReport, StageSettings,
};

use crate::failure::Failure;

/// A compiled program.
pub(crate) struct Guest {
    program: Program,
    name: String,
    /// Length of the module.
    pub(crate) bytes: u64,
}

impl Guest {
    /// Compiles a module from this file.
    pub(crate) fn compile(spawner: &Spawner, module: &Path) -> Result<Self, Failure> {
        Self::compile_with(spawner, module, ProgramSettings::default())
    }

    /// Compiles a module from this file in another way.
    pub(crate) fn compile_with(
        spawner: &Spawner,
        module: &Path,
        how: ProgramSettings,
    ) -> Result<Self, Failure> {
        let name = module.display().to_string();
        let content = std::fs::read(module).map_err(Failure::during(&name))?;
        let sealed = Sealed::copy_of("module", &content).map_err(Failure::during(&name))?;
        let program = spawner
            .compile(&sealed, how)
            .map_err(Failure::during(&name))?;
        Ok(Self {
            program,
            name,
            bytes: sealed.len(),
        })
    }

    /// Runs it once. A program that ends with anything but 0 has not done what is measured.
    pub(crate) fn run(&self, arguments: &[&str], inputs: &[Input]) -> Result<StageReport, Failure> {
        let report = self
            .program
            .run(settings(arguments), inputs, &[])
            .map_err(Failure::during(&self.name))?;
        if report.exit_code == 0 {
            return Ok(report);
        }
        Err(Failure::new(format!(
            "{} {arguments:?}: exit code {}",
            self.name, report.exit_code
        )))
    }
}

/// The engine's defaults, which are those of policies: none of its limits can be switched off.
fn settings(arguments: &[&str]) -> StageSettings {
    let mut settings = StageSettings::new([7; 32].into());
    let name = std::iter::once("/program");
    settings.args = name
        .chain(arguments.iter().copied())
        .map(str::to_owned)
        .collect();
    settings.rights = vec![Right {
        pattern: "/".into(),
        read: true,
        write: true,
    }];
    // Interpreted programs take longer than the minute that there is by default.
    settings.wall_time = Duration::from_secs(600);
    settings.cpu_time = Duration::from_secs(600);
    // 20,000 small files are twice what a policy allows where it does not say.
    settings.files = 30_000;
    settings
}
