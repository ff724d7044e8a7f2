//! Starting a run and waiting for its end.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use veracruz_protocol::{
    Missing, ProgramState, Route, RunOutcome, RunState, StateTag, Status, header, limits, media,
};

use super::Proven;
use crate::error::Error;
use crate::transport::{self, Call};

/// How to wait for a run.
#[derive(Clone, Copy, Debug)]
pub struct WaitOptions {
    /// The first pause between two questions; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// When to give up; the run goes on. Absent: never.
    pub give_up_after: Option<Duration>,
}

impl Default for WaitOptions {
    /// From 2 ms to half a second, without an end: the policy bounds how long a run takes.
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(500),
            give_up_after: None,
        }
    }
}

/// How long to wait before asking again whether programs are compiled.
const COMPILATION_PAUSE: Duration = Duration::from_millis(20);

impl Proven {
    /// The status, as soon as nothing is missing that passes by itself: programs that the isolate
    /// is compiling, which began with their upload and has a deadline there.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn settled_status(&mut self) -> Result<Status, Error> {
        loop {
            let status = self.status().await?;
            let compiling = |missing: &Missing| match missing {
                Missing::Compilation { path } => status.files.iter().any(|file| {
                    file.path == *path && file.program == Some(ProgramState::Compiling)
                }),
                _ => false,
            };
            if status.missing.is_empty() || !status.missing.iter().all(compiling) {
                return Ok(status);
            }
            tokio::time::sleep(COMPILATION_PAUSE).await;
        }
    }

    /// Starts a run on the state that `seen` names (from a status): what the caller looked at is
    /// what runs, or the isolate refuses.
    ///
    /// # Errors
    /// [`Error::Refused`] where the state has changed, something is missing, or this participant
    /// may not start runs; those of every call.
    pub async fn start_run(&mut self, seen: StateTag) -> Result<RunState, Error> {
        let name = "POST of a run";
        let call = Call::new(name, "POST", Route::StartRun.path())
            .header(header::IF_MATCH, seen.to_header());
        let body = Some((media::JSON, Bytes::from_static(b"{}")));
        let response = self.http.call(call, body).await?;
        transport::read_json(name, response, limits::STATUS_BYTES).await
    }

    /// Asks where a run stands.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn run_state(&mut self, run: u32) -> Result<RunState, Error> {
        let name = "GET of a run";
        let call = Call::new(name, "GET", Route::Run { run }.path());
        let response = self.http.call(call, None).await?;
        transport::read_json(name, response, limits::STATUS_BYTES).await
    }

    /// Waits until a run is over and its receipt is there.
    ///
    /// # Errors
    /// [`Error::StillRunning`] where the caller's patience ends first; those of every call.
    pub async fn wait_for_run(
        &mut self,
        run: u32,
        options: WaitOptions,
    ) -> Result<RunState, Error> {
        let begun = Instant::now();
        let mut pause = options.first_pause;
        loop {
            let state = self.run_state(run).await?;
            if state.outcome != RunOutcome::Running {
                return Ok(state);
            }
            let waited = begun.elapsed();
            if options
                .give_up_after
                .is_some_and(|patience| waited >= patience)
            {
                let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
                return Err(Error::StillRunning { run, waited_ms });
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(options.longest_pause);
        }
    }
}
