//! `wasi:io/streams` and `wasi:io/error`. Nothing blocks, so each function that may is its
//! sister's twin.

use veracruz_wasi::interfaces::{self, Interfaces};
use wasmtime::component::{Linker, Resource, ResourceType};

use super::{
    Context, Guest, Instance, interface, own,
    types::{InputStream, IoError, OutputStream, Pollable, StreamError},
    wasi,
};

type Input = Resource<InputStream>;
type Output = Resource<OutputStream>;
/// A stream's answer: its outer error ends the program.
type Answer<T> = wasmtime::Result<(Result<T, StreamError>,)>;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut error = interface(linker, "wasi:io/error")?;
    error.resource(
        "error",
        ResourceType::host::<IoError>(),
        |mut context, number| Ok(wasi(&mut context).drop_error(number)?),
    )?;
    error.func_wrap(
        "[method]error.to-debug-string",
        |mut context: Context<'_>, (this,): (Resource<IoError>,)| {
            Ok((wasi(&mut context).error_text(this.rep())?,))
        },
    )?;
    let mut streams = interface(linker, "wasi:io/streams")?;
    inputs(&mut streams)?;
    outputs(&mut streams)
}

fn inputs(streams: &mut Instance<'_>) -> wasmtime::Result<()> {
    streams.resource(
        "input-stream",
        ResourceType::host::<InputStream>(),
        |mut context, number| Ok(wasi(&mut context).drop_stream(number)?),
    )?;
    for name in ["read", "blocking-read"] {
        streams.func_wrap(
            &method("input-stream", name),
            |mut context: Context<'_>, (this, len): (Input, u64)| {
                answer(&mut context, |wasi| wasi.stream_read(this.rep(), len))
            },
        )?;
    }
    for name in ["skip", "blocking-skip"] {
        streams.func_wrap(
            &method("input-stream", name),
            |mut context: Context<'_>, (this, len): (Input, u64)| {
                answer(&mut context, |wasi| wasi.stream_skip(this.rep(), len))
            },
        )?;
    }
    streams.func_wrap(
        "[method]input-stream.subscribe",
        |mut context: Context<'_>, (_,): (Input,)| {
            Ok((own::<Pollable>(wasi(&mut context).subscribe_stream())?,))
        },
    )
}

fn outputs(streams: &mut Instance<'_>) -> wasmtime::Result<()> {
    streams.resource(
        "output-stream",
        ResourceType::host::<OutputStream>(),
        |mut context, number| Ok(wasi(&mut context).drop_stream(number)?),
    )?;
    streams.func_wrap(
        "[method]output-stream.check-write",
        |mut context: Context<'_>, (this,): (Output,)| {
            answer(&mut context, |wasi| wasi.check_write(this.rep()))
        },
    )?;
    for name in ["write", "blocking-write-and-flush"] {
        streams.func_wrap(
            &method("output-stream", name),
            |mut context: Context<'_>, (this, bytes): (Output, Vec<u8>)| {
                answer(&mut context, |wasi| wasi.stream_write(this.rep(), &bytes))
            },
        )?;
    }
    for name in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        streams.func_wrap(
            &method("output-stream", name),
            |mut context: Context<'_>, (this, len): (Output, u64)| {
                answer(&mut context, |wasi| {
                    wasi.stream_write_zeros(this.rep(), len)
                })
            },
        )?;
    }
    for name in ["flush", "blocking-flush"] {
        // What is written is there.
        streams.func_wrap(
            &method("output-stream", name),
            |mut context: Context<'_>, (this,): (Output,)| {
                answer(&mut context, |wasi| wasi.check_write(this.rep()).map(drop))
            },
        )?;
    }
    for name in ["splice", "blocking-splice"] {
        streams.func_wrap(
            &method("output-stream", name),
            |mut context: Context<'_>, (this, from, len): (Output, Input, u64)| {
                answer(&mut context, |wasi| {
                    wasi.stream_splice(this.rep(), from.rep(), len)
                })
            },
        )?;
    }
    streams.func_wrap(
        "[method]output-stream.subscribe",
        |mut context: Context<'_>, (_,): (Output,)| {
            Ok((own::<Pollable>(wasi(&mut context).subscribe_stream())?,))
        },
    )
}

fn method(resource: &str, name: &str) -> String {
    format!("[method]{resource}.{name}")
}

/// Turns an answer into what the program sees, or into its end.
fn answer<T>(
    context: &mut Context<'_>,
    ask: impl FnOnce(&mut Interfaces) -> Result<T, interfaces::StreamError>,
) -> Answer<T> {
    let wasi = wasi(context);
    Ok((match ask(wasi) {
        Ok(value) => Ok(value),
        Err(interfaces::StreamError::Closed) => Err(StreamError::Closed),
        Err(interfaces::StreamError::Failed(errno)) => {
            let error = own(wasi.keep_error(errno))?;
            Err(StreamError::LastOperationFailed(error))
        }
        Err(error) => return Err(error.into()),
    },))
}
