//! A component's imports against the interfaces that are offered, and what it must export.

use wasmparser::{
    component_types::{ComponentDefinedType, ComponentEntityType, ComponentValType},
    types::TypesRef,
};

use crate::{
    declarations::Declarations,
    interfaces::{self, Interface},
    report::{Import, Offer, Problem},
    text::cut,
};

const RUN: &str = "run";
const RUN_TYPE: &str = "(func (result (result)))";

/// One import a function; one for an interface that is imported for its types alone.
pub(crate) fn imports<'a>(
    declarations: &'a Declarations<'_>,
) -> impl Iterator<Item = Import> + use<'a> {
    let types = declarations.types.as_ref();
    let names = declarations.component_imports.iter();
    names.flat_map(move |name| of_one(types, name))
}

fn of_one(types: TypesRef<'_>, module: &str) -> Vec<Import> {
    let import = |name: &str, offer| Import {
        module: cut(module),
        name: cut(name),
        signature: None,
        offer,
    };
    let found = types.component_item_for_import(module);
    let instance = match found.map(|found| &found.ty) {
        Some(ComponentEntityType::Instance(id)) => types.get(*id),
        _ => None,
    };
    let Some(instance) = instance else {
        // Functions, modules and components that do not belong to an interface.
        return vec![import("", Offer::Missing)];
    };
    let interface = Interface::parse(module);
    let functions: Vec<Import> = instance
        .exports
        .iter()
        .filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)))
        .map(|(name, _)| import(name, offer(interface, Some(name))))
        .collect();
    if functions.is_empty() {
        return vec![import("", offer(interface, None))];
    }
    functions
}

fn offer(interface: Option<Interface>, function: Option<&str>) -> Offer {
    match interface {
        Some(Interface::Offered(functions)) => {
            if function.is_none_or(|function| functions.contains(&function)) {
                Offer::Offered
            } else {
                Offer::Missing
            }
        }
        Some(Interface::Trap) => Offer::Trap,
        None => Offer::Missing,
    }
}

pub(crate) fn missing_export(declarations: &Declarations<'_>) -> Option<Problem> {
    let types = declarations.types.as_ref();
    let mut names = declarations.component_exports.iter();
    let is_command = names
        .find(|name| interfaces::is_run(name))
        .is_some_and(|name| exports_run(types, name));
    (!is_command).then(|| Problem::Export {
        name: format!("{}.{RUN}", interfaces::RUN),
        expected: RUN_TYPE.into(),
    })
}

/// Whether the interface of that name has `run: func() -> result`.
fn exports_run(types: TypesRef<'_>, name: &str) -> bool {
    let run = || {
        let found = types.component_item_for_export(name)?;
        let ComponentEntityType::Instance(instance) = &found.ty else {
            return None;
        };
        let ComponentEntityType::Func(run) = types.get(*instance)?.exports.get(RUN)?.ty else {
            return None;
        };
        let run = types.get(run)?;
        let Some(ComponentValType::Type(result)) = run.result else {
            return None;
        };
        let plain = matches!(
            types.get(result)?,
            ComponentDefinedType::Result {
                ok: None,
                err: None,
                ..
            }
        );
        Some(plain && run.params.is_empty() && !run.async_)
    };
    run().unwrap_or(false)
}
