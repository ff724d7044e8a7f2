//! `wasi:cli` and `wasi:random`.

use veracruz_wasi::Exit;
use wasmtime::component::{Linker, Resource, ResourceType};

use super::{
    Context, Guest, interface, own,
    types::{InputStream, OutputStream, TerminalInput, TerminalOutput},
    wasi,
};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut environment = interface(linker, "wasi:cli/environment")?;
    environment.func_wrap("get-environment", |mut context: Context<'_>, (): ()| {
        Ok((wasi(&mut context).environment(),))
    })?;
    environment.func_wrap("get-arguments", |mut context: Context<'_>, (): ()| {
        Ok((wasi(&mut context).arguments(),))
    })?;
    environment.func_wrap("initial-cwd", |_: Context<'_>, (): ()| {
        Ok((None::<String>,))
    })?;

    let mut exit = interface(linker, "wasi:cli/exit")?;
    exit.func_wrap(
        "exit",
        |_: Context<'_>, (status,): (Result<(), ()>,)| -> wasmtime::Result<()> {
            Err(Exit(u32::from(status.is_err())).into())
        },
    )?;
    exit.func_wrap(
        "exit-with-code",
        |_: Context<'_>, (code,): (u8,)| -> wasmtime::Result<()> {
            Err(Exit(u32::from(code)).into())
        },
    )?;
    streams(linker)?;
    terminals(linker)?;
    random(linker)
}

fn streams(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    interface(linker, "wasi:cli/stdin")?
        .func_wrap("get-stdin", |mut context: Context<'_>, (): ()| {
            Ok((own::<InputStream>(wasi(&mut context).stdin())?,))
        })?;
    interface(linker, "wasi:cli/stdout")?
        .func_wrap("get-stdout", |mut context: Context<'_>, (): ()| {
            Ok((own::<OutputStream>(wasi(&mut context).stdout())?,))
        })?;
    interface(linker, "wasi:cli/stderr")?
        .func_wrap("get-stderr", |mut context: Context<'_>, (): ()| {
            Ok((own::<OutputStream>(wasi(&mut context).stderr())?,))
        })
}

/// There is no terminal.
fn terminals(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let never = |_: Context<'_>, _| Ok(());
    interface(linker, "wasi:cli/terminal-input")?.resource(
        "terminal-input",
        ResourceType::host::<TerminalInput>(),
        never,
    )?;
    interface(linker, "wasi:cli/terminal-output")?.resource(
        "terminal-output",
        ResourceType::host::<TerminalOutput>(),
        never,
    )?;
    interface(linker, "wasi:cli/terminal-stdin")?
        .func_wrap("get-terminal-stdin", |_: Context<'_>, (): ()| {
            Ok((None::<Resource<TerminalInput>>,))
        })?;
    interface(linker, "wasi:cli/terminal-stdout")?
        .func_wrap("get-terminal-stdout", |_: Context<'_>, (): ()| {
            Ok((None::<Resource<TerminalOutput>>,))
        })?;
    interface(linker, "wasi:cli/terminal-stderr")?
        .func_wrap("get-terminal-stderr", |_: Context<'_>, (): ()| {
            Ok((None::<Resource<TerminalOutput>>,))
        })
}

/// All of it from the seed: 'insecure' only says that a program needs no better.
fn random(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for (name, bytes, number) in [
        ("wasi:random/random", "get-random-bytes", "get-random-u64"),
        (
            "wasi:random/insecure",
            "get-insecure-random-bytes",
            "get-insecure-random-u64",
        ),
    ] {
        let mut random = interface(linker, name)?;
        random.func_wrap(bytes, |mut context: Context<'_>, (len,): (u64,)| {
            Ok((wasi(&mut context).random_bytes(len)?,))
        })?;
        random.func_wrap(number, |mut context: Context<'_>, (): ()| {
            Ok((wasi(&mut context).random_u64(),))
        })?;
    }
    interface(linker, "wasi:random/insecure-seed")?.func_wrap(
        "insecure-seed",
        |mut context: Context<'_>, (): ()| {
            let wasi = wasi(&mut context);
            Ok(((wasi.random_u64(), wasi.random_u64()),))
        },
    )
}
