//! Which proposals to WebAssembly are on: said here once, for the engine and for the check.

use wasmparser::WasmFeatures;

/// All that a program may use. Everything else is off, whatever the engine's defaults.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// What is off and has a name by which an author knows it: asked for where a program does not
/// validate, to say why.
const KNOWN: WasmFeatures = WasmFeatures::RELAXED_SIMD
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CM_ASYNC);

/// On or off, as far as they have a name.
pub(crate) const NAMED: WasmFeatures = FEATURES.union(KNOWN);

/// Every proposal with its name, as the WebAssembly community writes it.
pub(crate) const PROPOSALS: &[(&str, WasmFeatures)] = &[
    ("mutable-globals", WasmFeatures::MUTABLE_GLOBAL),
    (
        "nontrapping-float-to-int",
        WasmFeatures::SATURATING_FLOAT_TO_INT,
    ),
    ("sign-extension", WasmFeatures::SIGN_EXTENSION),
    ("reference-types", WasmFeatures::REFERENCE_TYPES),
    ("multi-value", WasmFeatures::MULTI_VALUE),
    ("bulk-memory", WasmFeatures::BULK_MEMORY),
    ("simd", WasmFeatures::SIMD),
    ("tail-call", WasmFeatures::TAIL_CALL),
    ("extended-const", WasmFeatures::EXTENDED_CONST),
    ("component-model", WasmFeatures::COMPONENT_MODEL),
    ("relaxed-simd", WasmFeatures::RELAXED_SIMD),
    ("threads", WasmFeatures::THREADS),
    ("multi-memory", WasmFeatures::MULTI_MEMORY),
    (
        "exception-handling",
        WasmFeatures::EXCEPTIONS.union(WasmFeatures::LEGACY_EXCEPTIONS),
    ),
    ("memory64", WasmFeatures::MEMORY64),
    ("function-references", WasmFeatures::FUNCTION_REFERENCES),
    // Also `externref` of an older proposal: a reference that a collector would have to follow.
    ("gc", WasmFeatures::GC.union(WasmFeatures::GC_TYPES)),
    ("custom-page-sizes", WasmFeatures::CUSTOM_PAGE_SIZES),
    ("wide-arithmetic", WasmFeatures::WIDE_ARITHMETIC),
    ("component-model-async", WasmFeatures::CM_ASYNC),
];

#[cfg(test)]
mod tests {
    use wasmtime::{Engine, Module};

    use super::*;
    use crate::{
        check,
        settings::{ProgramSettings, Strategy},
        worker::config,
    };

    #[test]
    fn every_feature_that_is_on_has_a_name_but_floats() {
        let named = PROPOSALS
            .iter()
            .fold(WasmFeatures::FLOATS, |all, (_, features)| all | *features);
        assert_eq!(named, NAMED);
    }

    /// Programs, each with something that one proposal brought.
    const CORPUS: &[&str] = &[
        "",
        "(global (export \"g\") (mut i32) (i32.const 0))",
        "(func (drop (i32.trunc_sat_f32_s (f32.const 1))))",
        "(func (drop (i32.extend8_s (i32.const 1))))",
        "(table 1 externref)",
        "(table 1 funcref) (table 1 funcref)",
        "(func (drop (ref.null func)))",
        "(func (result i32 i32) (i32.const 1) (i32.const 2))",
        "(memory 1) (func (memory.fill (i32.const 0) (i32.const 1) (i32.const 10)))",
        "(func (drop (v128.const i32x4 0 0 0 0)))",
        "(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))",
        "(func $f (return_call $f))",
        "(func (drop (f64.add (f64.const 1) (f64.const 1))))",
        "(global i32 (i32.add (i32.const 1) (i32.const 1)))",
        "(memory 1 1 shared)",
        "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
        "(memory i64 1)",
        "(table i64 1 funcref)",
        "(memory 1) (memory 1)",
        "(tag)",
        "(tag $t) (func (throw $t))",
        "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))",
        "(func (param (ref func)))",
        "(type (struct (field i32))) (func (drop (struct.new_default 0)))",
        "(rec (type (func)) (type (func)))",
        "(func (param anyref))",
        "(memory 1 (pagesize 1))",
        "(func (result i64 i64)
            (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))",
        "(type $f (func)) (type (cont $f))",
        "(type (shared (func)))",
    ];

    #[test]
    fn the_check_and_the_engine_take_the_same_programs() {
        for strategy in [Strategy::Compiled, Strategy::Interpreted] {
            let settings = ProgramSettings {
                strategy,
                ..ProgramSettings::default()
            };
            let engine = Engine::new(&config(&settings).unwrap()).unwrap();
            let mut on = 0;
            for text in CORPUS {
                let text = format!("(module {text} (func (export \"_start\")))");
                let program = wat::parse_str(&text).unwrap();
                let taken = Module::validate(&engine, &program).is_ok();
                let report = check(&program);
                assert_eq!(taken, report.is_ok_and(|report| report.fits()), "{text}");
                on += usize::from(taken);
            }
            assert!(on > 8 && on < CORPUS.len() - 8, "{on}");
        }
    }
}
