//! `wasi:clocks` and `wasi:io/poll`.

use wasmtime::component::{Linker, Resource, ResourceType};

use super::{
    Context, Guest, interface, own,
    types::{Datetime, Pollable},
    wasi,
};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut wall = interface(linker, "wasi:clocks/wall-clock")?;
    wall.func_wrap("now", |mut context: Context<'_>, (): ()| {
        Ok((Datetime::of(wasi(&mut context).wall_time()),))
    })?;
    wall.func_wrap("resolution", |mut context: Context<'_>, (): ()| {
        Ok((Datetime::of(wasi(&mut context).resolution()),))
    })?;

    let mut monotonic = interface(linker, "wasi:clocks/monotonic-clock")?;
    monotonic.func_wrap("now", |mut context: Context<'_>, (): ()| {
        Ok((wasi(&mut context).monotonic_time(),))
    })?;
    monotonic.func_wrap("resolution", |mut context: Context<'_>, (): ()| {
        Ok((wasi(&mut context).resolution(),))
    })?;
    monotonic.func_wrap(
        "subscribe-instant",
        |mut context: Context<'_>, (instant,): (u64,)| {
            Ok((own::<Pollable>(
                wasi(&mut context).subscribe_instant(instant),
            )?,))
        },
    )?;
    monotonic.func_wrap(
        "subscribe-duration",
        |mut context: Context<'_>, (time,): (u64,)| {
            Ok((own::<Pollable>(
                wasi(&mut context).subscribe_duration(time),
            )?,))
        },
    )?;
    poll(linker)
}

fn poll(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut poll = interface(linker, "wasi:io/poll")?;
    poll.resource(
        "pollable",
        ResourceType::host::<Pollable>(),
        |mut context, number| Ok(wasi(&mut context).drop_pollable(number)?),
    )?;
    poll.func_wrap(
        "[method]pollable.ready",
        |mut context: Context<'_>, (this,): (Resource<Pollable>,)| {
            Ok((wasi(&mut context).is_ready(this.rep())?,))
        },
    )?;
    poll.func_wrap(
        "[method]pollable.block",
        |mut context: Context<'_>, (this,): (Resource<Pollable>,)| {
            Ok(wasi(&mut context).wait(&[this.rep()]).map(drop)?)
        },
    )?;
    poll.func_wrap(
        "poll",
        |mut context: Context<'_>, (all,): (Vec<Resource<Pollable>>,)| {
            let all: Vec<u32> = all.iter().map(Resource::rep).collect();
            Ok((wasi(&mut context).wait(&all)?,))
        },
    )
}
