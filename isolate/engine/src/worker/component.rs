//! What a component imports, bound to `veracruz-wasi`: each function once, under its name.
//!
//! Written by hand and not generated from interface files: every function stands here with its
//! types, and a mistake in one is refused when a component is linked.

mod cli;
mod clocks;
mod filesystem;
mod io;
mod networks;
mod types;

use veracruz_wasi::interfaces::{Interfaces, Misuse};
use wasmtime::{
    Engine, Store, StoreContextMut,
    component::{Component, InstancePre, Linker, LinkerInstance},
};

use super::guest::State;

/// The state of a component that runs.
pub(super) type Guest = State<Interfaces>;

type Context<'a> = StoreContextMut<'a, Guest>;
type Instance<'a> = LinkerInstance<'a, Guest>;

/// Which release of the interfaces this is. Components made for any other 0.2.x link to it.
const VERSION: &str = "0.2.6";

/// Links a component to all that it may import.
pub(super) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<InstancePre<Guest>> {
    let mut linker = linker(engine)?;
    networks::stub(&mut linker, engine, component)?;
    linker.instantiate_pre(component)
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    cli::link(&mut linker)?;
    clocks::link(&mut linker)?;
    filesystem::link(&mut linker)?;
    io::link(&mut linker)?;
    Ok(linker)
}

/// Calls `run`. A component says no more than whether it succeeded, unless it exits.
pub(super) fn call(program: &InstancePre<Guest>, store: &mut Store<Guest>) -> wasmtime::Result<()> {
    let instance = program.instantiate(&mut *store)?;
    let missing = || wasmtime::Error::msg("the program has no `run`");
    let run = instance
        .get_export_index(&mut *store, None, &versioned("wasi:cli/run"))
        .and_then(|run| instance.get_export_index(&mut *store, Some(&run), "run"))
        .ok_or_else(missing)?;
    let run = instance.get_typed_func::<(), (Result<(), ()>,)>(&mut *store, &run)?;
    match run.call(store, ())? {
        (Ok(()),) => Ok(()),
        (Err(()),) => Err(veracruz_wasi::Exit(1).into()),
    }
}

fn versioned(interface: &str) -> String {
    format!("{interface}@{VERSION}")
}

/// The interface of that name, to be filled.
fn interface<'a>(linker: &'a mut Linker<Guest>, name: &str) -> wasmtime::Result<Instance<'a>> {
    linker.instance(&versioned(name))
}

/// The program's state, in a function that it called.
fn wasi<'a>(context: &'a mut Context<'_>) -> &'a mut Interfaces {
    &mut context.data_mut().wasi
}

/// A resource of a program: `T` says of which kind, and the engine that it is the program's.
fn own<T: 'static>(
    number: Result<u32, Misuse>,
) -> wasmtime::Result<wasmtime::component::Resource<T>> {
    Ok(wasmtime::component::Resource::new_own(number?))
}

#[cfg(test)]
mod tests {
    use veracruz_intake::INTERFACES;

    use super::*;
    use crate::{settings::ProgramSettings, worker::compile};

    /// A component that imports one function of an interface, as if it took and gave nothing.
    fn importing(interface: &str, function: &str) -> Vec<u8> {
        let text = match function
            .split_once(']')
            .and_then(|(_, name)| name.split_once('.'))
        {
            Some((resource, _)) => format!(
                r#"(export "{resource}" (type $r (sub resource)))
                   (export "{function}" (func (param "self" (borrow $r))))"#
            ),
            None => format!(r#"(export "{function}" (func))"#),
        };
        let text = format!(r#"(component (import "{interface}@0.2.0" (instance {text})))"#);
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn every_function_that_is_offered_is_there() {
        let engine = Engine::new(&compile::config(&ProgramSettings::default()).unwrap()).unwrap();
        let error = |interface: &str, function: &str| {
            let component = Component::new(&engine, importing(interface, function)).unwrap();
            let linked = linker(&engine).unwrap().instantiate_pre(&component);
            linked
                .err()
                .map_or(String::new(), |error| format!("{error:#}"))
        };
        let missing = "implementation is missing";
        for (interface, functions) in INTERFACES {
            for function in *functions {
                let error = error(interface, function);
                assert!(!error.contains(missing), "{interface} {function}: {error}");
            }
        }
        assert!(error("wasi:cli/stdin", "other").contains(missing));
        assert!(error("wasi:io/poll", "[method]pollable.other").contains(missing));
    }
}
