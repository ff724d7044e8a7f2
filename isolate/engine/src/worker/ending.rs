//! How a program ended, read from what the engine says.

use veracruz_wasi::{Exit, interfaces::Misuse};

use crate::{
    error::{LimitName, Trap},
    message::{Outcome, Refused},
};

/// What an error of the engine means: an exit is one, too.
pub(super) fn outcome(error: &wasmtime::Error) -> Outcome {
    use wasmtime::Trap as T;
    if let Some(Exit(code)) = error.downcast_ref::<Exit>() {
        return Outcome::Exited(*code);
    }
    if let Some(refused) = beyond(error) {
        return Outcome::Beyond(refused);
    }
    Outcome::Trapped(match error.downcast_ref::<T>() {
        Some(T::StackOverflow) => return Outcome::StackOverflow,
        Some(T::OutOfFuel) => return Outcome::OutOfFuel,
        Some(T::UnreachableCodeReached) => Trap::Unreachable,
        Some(T::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(T::TableOutOfBounds) => Trap::TableOutOfBounds,
        Some(T::IndirectCallToNull) => Trap::CallToNull,
        Some(T::BadSignature) => Trap::BadSignature,
        Some(T::IntegerOverflow) => Trap::IntegerOverflow,
        Some(T::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(T::BadConversionToInteger) => Trap::BadConversion,
        _ => Trap::Other,
    })
}

/// The limit at which a program was ended, where the engine keeps it and ends the program itself.
fn beyond(error: &wasmtime::Error) -> Option<Refused> {
    let refused = |limit, wanted| Some(Refused { limit, wanted });
    match error.downcast_ref::<Misuse>() {
        Some(Misuse::Exhausted { .. }) => return refused(LimitName::OpenFiles, None),
        Some(Misuse::TooMuchRandomness { wanted }) => {
            return refused(LimitName::CallBytes, Some(*wanted));
        }
        _ => {}
    }
    // These have no type of their own. Where a later engine words them otherwise, a test fails.
    let text = format!("{error:#}");
    let limit = [
        ("resource limit exceeded: memory", LimitName::Memories),
        ("resource limit exceeded: table", LimitName::TableCount),
        ("resource limit exceeded: instance", LimitName::Instances),
        ("fuel allocated for hostcalls", LimitName::CallBytes),
    ];
    let (_, limit) = limit.into_iter().find(|(words, _)| text.contains(words))?;
    refused(limit, None)
}

#[cfg(test)]
mod tests {
    use wasmtime::{
        Engine, Store,
        component::{Component, Linker},
    };

    use super::*;
    use crate::{settings::ProgramSettings, worker::compile::config};

    /// Passes a list of a hundred bytes to its host.
    const TALKATIVE: &str = r#"(component
        (import "f" (func $f (param "bytes" (list u8))))
        (core module $mem (memory (export "memory") 1))
        (core instance $mem (instantiate $mem))
        (core func $lowered (canon lower (func $f) (memory (core memory $mem "memory"))))
        (core module $m
            (import "" "f" (func $f (param i32 i32)))
            (func (export "run") (call $f (i32.const 0) (i32.const 100))))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $lowered))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;

    /// How the call ends with so much that may be passed.
    fn passing(bytes: usize) -> Option<wasmtime::Error> {
        let engine = Engine::new(&config(&ProgramSettings::default()).unwrap()).unwrap();
        let component = Component::new(&engine, wat::parse_str(TALKATIVE).unwrap()).unwrap();
        let mut linker = Linker::<()>::new(&engine);
        let mut root = linker.root();
        root.func_wrap("f", |_, (_bytes,): (Vec<u8>,)| Ok(()))
            .unwrap();
        let mut store = Store::new(&engine, ());
        store.set_hostcall_fuel(bytes);
        let instance = linker.instantiate(&mut store, &component).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        run.call(&mut store, ()).err()
    }

    #[test]
    fn what_is_passed_in_one_call_is_limited_by_name() {
        assert!(passing(100).is_none());
        let refused = Refused {
            limit: LimitName::CallBytes,
            wanted: None,
        };
        assert_eq!(outcome(&passing(99).unwrap()), Outcome::Beyond(refused));
    }

    #[test]
    fn what_a_component_holds_and_asks_for_is_limited_by_name() {
        let of = |misuse: Misuse| outcome(&wasmtime::Error::from(misuse));
        let refused = |limit, wanted| Outcome::Beyond(Refused { limit, wanted });
        assert_eq!(
            of(Misuse::Exhausted { limit: 7 }),
            refused(LimitName::OpenFiles, None)
        );
        assert_eq!(
            of(Misuse::TooMuchRandomness { wanted: 9 }),
            refused(LimitName::CallBytes, Some(9))
        );
        assert_eq!(of(Misuse::Unknown), Outcome::Trapped(Trap::Other));
    }
}
