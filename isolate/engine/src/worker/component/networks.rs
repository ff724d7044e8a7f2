//! Networks, of which there is none: whatever a component imports of them ends it when called.

use veracruz_intake::Interface;
use wasmtime::{
    Engine,
    component::{Component, Linker, ResourceType, types::ComponentItem},
};

use super::Guest;

/// What stands for every resource of a network; none is ever made.
struct Nothing;

/// Resources that these interfaces take over from others that are offered: they are there
/// already.
const SHARED: &[&str] = &["error", "input-stream", "output-stream", "pollable"];

/// Defines exactly what this component imports. Its interfaces were looked at by name before, so
/// that nothing but networks can be among them.
pub(super) fn stub(
    linker: &mut Linker<Guest>,
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<()> {
    for (interface, item) in component.component_type().imports(engine) {
        if Interface::parse(interface) != Some(Interface::Trap) {
            continue;
        }
        let ComponentItem::ComponentInstance(imported) = item.ty else {
            continue;
        };
        let mut instance = linker.instance(interface)?;
        for (name, item) in imported.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let called = format!("`{name}` of {interface}: there is no network");
                    instance.func_new(name, move |_, _, _, _| {
                        Err(wasmtime::Error::msg(called.clone()))
                    })?;
                }
                ComponentItem::Resource(_) if !SHARED.contains(&name) => {
                    instance.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
