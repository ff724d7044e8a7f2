//! Counts what a program has when it starts: a component instantiates its modules, and the
//! components within it, as often as it likes.
//!
//! Sections come in an order in which everything is there before it is referred to, and what a
//! component within another has is known once it ends. So one look at each section is enough,
//! however often a component is instantiated.

use wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Encoding, Instance, Payload,
};

use crate::report::{AtStart, Memory};

/// The count, as far as the program was read.
#[derive(Default)]
pub(crate) struct Instances {
    /// Modules and components that have begun and not ended, the outermost first.
    open: Vec<Scope>,
    /// What the outermost has, once it has ended.
    outermost: AtStart,
}

/// A module or component that is being read.
struct Scope {
    encoding: Encoding,
    /// What one instance of it has.
    total: AtStart,
    /// What an instance of each of its modules has, by their index. Empty in a module.
    modules: Vec<AtStart>,
    /// What an instance of each of its components has, likewise.
    components: Vec<AtStart>,
}

/// An instance of a module of which nothing else is known.
const ANY_MODULE: AtStart = AtStart {
    instances: 1,
    memories: 0,
    memory_bytes: 0,
    tables: 0,
    table_elements: 0,
};

/// An instance of a component of which nothing is known.
const ANY_COMPONENT: AtStart = AtStart {
    instances: 0,
    ..ANY_MODULE
};

impl Instances {
    /// What the whole program has. To be asked for after its last section.
    pub(crate) fn at_start(&self) -> AtStart {
        self.outermost
    }

    /// Takes the next section of a program, after the validator has accepted it.
    pub(crate) fn note(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::Version { encoding, .. } => self.open.push(Scope::new(*encoding)),
            Payload::End(_) => self.end(),
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.alias(&alias?);
                }
            }
            _ => {
                if let Some(scope) = self.open.last_mut() {
                    scope.note(payload)?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        let Some(Scope {
            encoding, total, ..
        }) = self.open.pop()
        else {
            return;
        };
        match (self.open.last_mut(), encoding) {
            (None, _) => self.outermost = total,
            (Some(parent), Encoding::Module) => parent.modules.push(total),
            (Some(parent), Encoding::Component) => parent.components.push(total),
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        let outer = |count: u32| {
            let count = usize::try_from(count).ok()?.checked_add(1)?;
            self.open.get(self.open.len().checked_sub(count)?)
        };
        let (module, component) = match *alias {
            ComponentAlias::InstanceExport { kind, .. } => match kind {
                ComponentExternalKind::Module => (Some(ANY_MODULE), None),
                ComponentExternalKind::Component => (None, Some(ANY_COMPONENT)),
                _ => return,
            },
            ComponentAlias::Outer { kind, count, index } => match kind {
                ComponentOuterAliasKind::CoreModule => (
                    Some(outer(count).map_or(ANY_MODULE, |scope| scope.module(index))),
                    None,
                ),
                ComponentOuterAliasKind::Component => {
                    let found = outer(count).map_or(ANY_COMPONENT, |scope| scope.component(index));
                    (None, Some(found))
                }
                _ => return,
            },
            ComponentAlias::CoreInstanceExport { .. } => return,
        };
        if let Some(scope) = self.open.last_mut() {
            scope.modules.extend(module);
            scope.components.extend(component);
        }
    }
}

impl Scope {
    fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            total: match encoding {
                Encoding::Module => ANY_MODULE,
                Encoding::Component => ANY_COMPONENT,
            },
            modules: Vec::new(),
            components: Vec::new(),
        }
    }

    fn note(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    self.total.add(&AtStart {
                        memories: 1,
                        memory_bytes: Memory::from(&memory?).initial,
                        ..ANY_COMPONENT
                    });
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    self.total.add(&AtStart {
                        tables: 1,
                        table_elements: table?.ty.initial,
                        ..ANY_COMPONENT
                    });
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        self.total.add(&self.module(module_index));
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance?
                    {
                        self.total.add(&self.component(component_index));
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        ComponentTypeRef::Module(_) => self.modules.push(ANY_MODULE),
                        ComponentTypeRef::Component(_) => self.components.push(ANY_COMPONENT),
                        _ => {}
                    }
                }
            }
            // What is exported has another index from there on.
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    match export.kind {
                        ComponentExternalKind::Module => {
                            self.modules.push(self.module(export.index));
                        }
                        ComponentExternalKind::Component => {
                            self.components.push(self.component(export.index));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn module(&self, index: u32) -> AtStart {
        of(&self.modules, index).unwrap_or(ANY_MODULE)
    }

    fn component(&self, index: u32) -> AtStart {
        of(&self.components, index).unwrap_or(ANY_COMPONENT)
    }
}

fn of(all: &[AtStart], index: u32) -> Option<AtStart> {
    all.get(usize::try_from(index).ok()?).copied()
}

impl AtStart {
    fn add(&mut self, other: &Self) {
        let Self {
            instances,
            memories,
            memory_bytes,
            tables,
            table_elements,
        } = other;
        for (sum, more) in [
            (&mut self.instances, instances),
            (&mut self.memories, memories),
            (&mut self.memory_bytes, memory_bytes),
            (&mut self.tables, tables),
            (&mut self.table_elements, table_elements),
        ] {
            *sum = sum.saturating_add(*more);
        }
    }
}
