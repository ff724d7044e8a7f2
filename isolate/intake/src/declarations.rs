//! Reading a program's sections, validated with a given set of features.

use wasmparser::{
    Encoding, FuncValidatorAllocations, MemoryType, Parser, Payload, TableType, ValidPayload,
    Validator, WasmFeatures, types::Types,
};

use crate::{
    instances::Instances,
    report::{AtStart, InvalidProgram, Kind, Memory, Table, push},
    text::cut,
};

/// What a page is, where a memory does not say.
const PAGE_BYTES: u64 = 65536;

/// Whether bodies of functions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bodies {
    Validate,
    Skip,
}

/// What a program says about itself.
pub(crate) struct Declarations<'a> {
    pub(crate) kind: Kind,
    /// The types of its outermost module or component.
    pub(crate) types: Types,
    /// Names of a component's imports.
    pub(crate) component_imports: Vec<&'a str>,
    /// Names of a component's exports.
    pub(crate) component_exports: Vec<&'a str>,
    /// What all its instances have together.
    pub(crate) at_start: AtStart,
    memories: Vec<MemoryType>,
    tables: Vec<TableType>,
}

impl Declarations<'_> {
    pub(crate) fn memories(&self) -> Vec<Memory> {
        self.memories.iter().map(Memory::from).collect()
    }

    pub(crate) fn tables(&self) -> Vec<Table> {
        let table = |table: &TableType| Table {
            initial: table.initial,
            maximum: table.maximum,
        };
        self.tables.iter().map(table).collect()
    }
}

impl From<&MemoryType> for Memory {
    /// In bytes. The count of pages is the program's, and need not fit.
    fn from(memory: &MemoryType) -> Self {
        let page = memory.page_size_log2.map_or(PAGE_BYTES, |power| {
            1u64.checked_shl(power).unwrap_or(PAGE_BYTES)
        });
        Self {
            initial: memory.initial.saturating_mul(page),
            maximum: memory.maximum.map(|most| most.saturating_mul(page)),
        }
    }
}

/// Reads and validates.
pub(crate) fn read(
    program: &[u8],
    features: WasmFeatures,
    bodies: Bodies,
) -> Result<Declarations<'_>, InvalidProgram> {
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut validator = Validator::new_with_features(features);
    let mut sections = Sections::default();
    let mut functions = Vec::new();
    let mut types = None;
    for payload in parser.parse_all(program) {
        let payload = payload?;
        match validator.payload(&payload)? {
            ValidPayload::Func(function, body) if bodies == Bodies::Validate => {
                functions.push((function, body));
            }
            // The last one is that of the outermost.
            ValidPayload::End(found) => types = Some(found),
            _ => {}
        }
        sections.note(payload)?;
    }
    let mut allocations = FuncValidatorAllocations::default();
    for (function, body) in functions {
        let mut validator = function.into_validator(allocations);
        validator.validate(&body)?;
        allocations = validator.into_allocations();
    }
    let (Some(types), Some(kind)) = (types, sections.kind) else {
        return Err(invalid("it ends before it has begun"));
    };
    Ok(Declarations {
        kind,
        types,
        component_imports: sections.component_imports,
        component_exports: sections.component_exports,
        at_start: sections.instances.at_start(),
        memories: sections.memories,
        tables: sections.tables,
    })
}

/// What is remembered while reading.
#[derive(Default)]
struct Sections<'a> {
    kind: Option<Kind>,
    /// Modules and components that have begun and not ended.
    depth: u32,
    component_imports: Vec<&'a str>,
    component_exports: Vec<&'a str>,
    memories: Vec<MemoryType>,
    tables: Vec<TableType>,
    instances: Instances,
}

impl<'a> Sections<'a> {
    fn note(&mut self, payload: Payload<'a>) -> Result<(), InvalidProgram> {
        self.instances.note(&payload)?;
        match payload {
            Payload::Version { encoding, .. } => {
                self.depth = self.depth.saturating_add(1);
                self.kind.get_or_insert(match encoding {
                    Encoding::Module => Kind::Module,
                    Encoding::Component => Kind::Component,
                });
            }
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if self.depth == 1 => {
                for import in section {
                    self.component_imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if self.depth == 1 => {
                for export in section {
                    self.component_exports.push(export?.name.name);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    push(&mut self.memories, Some(memory?));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    push(&mut self.tables, Some(table?.ty));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn invalid(reason: &str) -> InvalidProgram {
    InvalidProgram {
        reason: cut(reason),
    }
}

impl From<wasmparser::BinaryReaderError> for InvalidProgram {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        let said = error.to_string();
        // With the eight bytes of both headers, a line each.
        if said.starts_with("magic header not detected") {
            return invalid("the file begins as no module and no component does");
        }
        invalid(&said)
    }
}
