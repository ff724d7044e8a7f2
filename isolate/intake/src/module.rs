//! A core module's imports against what `veracruz-wasi` offers, and what it must export.

use std::fmt::Write as _;

use veracruz_wasi::{Function, ValueType};
use wasmparser::{
    CompositeInnerType, FuncType, ValType,
    types::{CoreTypeId, EntityType, TypesRef},
};

use crate::{
    declarations::Declarations,
    report::{Import, Offer, Problem},
    text::cut,
};

/// What a command exports.
pub const START: &str = "_start";

const START_TYPE: &str = "(func)";

pub(crate) fn imports<'a>(
    declarations: &'a Declarations<'_>,
) -> impl Iterator<Item = Import> + use<'a> {
    let types = declarations.types.as_ref();
    // The iterator borrows `types` itself.
    let imports: Vec<_> = types.core_imports().into_iter().flatten().collect();
    imports.into_iter().map(move |(module, name, found)| {
        let found = describe(types, found);
        let offered = (module == veracruz_wasi::MODULE)
            .then(|| offered(name))
            .flatten();
        let offer = match offered.map(signature) {
            None => Offer::Missing,
            Some(expected) if expected == found => Offer::Offered,
            Some(expected) => Offer::Differs { expected },
        };
        Import {
            module: cut(module),
            name: cut(name),
            signature: Some(cut(&found)),
            offer,
        }
    })
}

pub(crate) fn missing_export(declarations: &Declarations<'_>) -> Option<Problem> {
    let types = declarations.types.as_ref();
    let is_command = types.core_exports().is_some_and(|mut exports| {
        exports
            .find(|(name, _)| *name == START)
            .is_some_and(|(_, found)| describe(types, found) == START_TYPE)
    });
    (!is_command).then(|| Problem::Export {
        name: START.into(),
        expected: START_TYPE.into(),
    })
}

fn offered(name: &str) -> Option<&'static Function> {
    veracruz_wasi::FUNCTIONS
        .iter()
        .find(|function| function.name == name)
}

/// The type of an offered function, as [`describe`] would write it.
fn signature(function: &Function) -> String {
    let value = |value: &ValueType| match value {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    };
    let parameters: Vec<_> = function.params.iter().map(value).collect();
    let results = function.returns_errno.then_some(ValType::I32);
    write_function(&parameters, results.as_slice())
}

/// The type of an import or export, as the text format writes it.
fn describe(types: TypesRef<'_>, entity: EntityType) -> String {
    match entity {
        EntityType::Func(id) | EntityType::FuncExact(id) => function(types, id).map_or_else(
            || "(func)".into(),
            |function| write_function(function.params(), function.results()),
        ),
        EntityType::Table(_) => "(table)".into(),
        EntityType::Memory(_) => "(memory)".into(),
        EntityType::Global(_) => "(global)".into(),
        EntityType::Tag(_) => "(tag)".into(),
    }
}

fn function(types: TypesRef<'_>, id: CoreTypeId) -> Option<&FuncType> {
    match &types.get(id)?.composite_type.inner {
        CompositeInnerType::Func(function) => Some(function),
        _ => None,
    }
}

fn write_function(parameters: &[ValType], results: &[ValType]) -> String {
    let mut text = "(func".to_owned();
    for (word, values) in [("param", parameters), ("result", results)] {
        if !values.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, " ({word}");
            for value in values {
                let _ = write!(text, " {value}");
            }
            text.push(')');
        }
    }
    text.push(')');
    text
}
