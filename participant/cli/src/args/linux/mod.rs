//! The options of commands that are for Linux.

mod demo;
mod exec;
mod host;
mod isolate;
mod launch_line;
mod limits;
mod verifier;

pub(crate) use demo::DemoArgs;
pub(crate) use exec::ExecArgs;
pub(crate) use host::{AttesterArgs, HostArgs};
pub(crate) use isolate::{IsolateArgs, IsolateName};
pub(crate) use launch_line::{ImageLaunchLineArgs, ProtectedKind};
pub(crate) use limits::LimitArgs;
pub(crate) use verifier::{
    VerifierCommand, VerifierEnrollArgs, VerifierFolder, VerifierInitArgs, VerifierListArgs,
    VerifierRevokeArgs, VerifierServeArgs,
};
