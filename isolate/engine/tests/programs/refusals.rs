//! What is no program here.

use veracruz_engine::{EngineError, Input, LimitName, ProgramSettings, memfd::Sealed};

use crate::support::{
    HELLO, command, compile, compile_with, input, out, right, run, sealed, settings, spawner,
    the_next_run_works, wat,
};

crate::trials![
    bytes_that_are_no_module_are_refused,
    a_module_cut_anywhere_is_refused,
    a_module_with_a_flipped_bit_does_no_harm,
    an_unknown_import_is_named,
    an_import_of_another_type_is_named,
    an_import_that_is_no_function_is_refused,
    a_program_must_export_start,
    a_component_must_export_run,
    an_unknown_interface_is_named,
    a_wrong_import_is_told_before_anything_is_compiled,
    a_module_over_the_limit_is_refused,
    proposals_that_are_off_are_refused,
    unusable_settings_are_refused,
    a_descriptor_that_is_not_sealed_is_refused,
];

fn bytes_that_are_no_module_are_refused() {
    for bytes in [&b""[..], b"\0asm", b"no module", &[0xff; 1000]] {
        assert!(matches!(
            compile(bytes),
            Err(EngineError::InvalidModule { .. })
        ));
    }
    the_next_run_works();
}

fn a_module_cut_anywhere_is_refused() {
    // Nothing but the end of a section is a place where a module could end, and here the first
    // sections alone are no program.
    let module = wat("(module (func (export \"_start\") (drop (i32.const 1))))");
    for length in 0..module.len() {
        let error = compile(&module[..length]).expect_err("half a module");
        assert!(matches!(
            error,
            EngineError::InvalidModule { .. } | EngineError::MissingExport { .. }
        ));
    }
    assert!(compile(&module).is_ok());
}

fn a_module_with_a_flipped_bit_does_no_harm() {
    let module = wat("(module (func (export \"_start\") (drop (i32.const 1))))");
    for index in 0..module.len() {
        let mut flipped = module.clone();
        flipped[index] ^= 1;
        if let Ok(program) = compile(&flipped) {
            let _ = run(&program, settings());
        }
    }
    the_next_run_works();
}

fn an_unknown_import_is_named() {
    for (module, name) in [
        ("env", "launch_missiles"),
        ("wasi_snapshot_preview1", "sock_open"),
    ] {
        let text =
            format!("(module (import \"{module}\" \"{name}\" (func)) (func (export \"_start\")))");
        let error = compile(&wat(&text)).expect_err("an unknown import");
        assert!(matches!(
            &error,
            EngineError::UnsupportedImport { module: m, name: n } if m == module && n == name
        ));
        assert!(error.to_string().contains(name));
    }
    the_next_run_works();
}

fn an_import_of_another_type_is_named() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32)))
        (func (export "_start")))"#;
    match compile(&wat(text)) {
        Err(EngineError::ImportSignature {
            name,
            expected,
            found,
            ..
        }) => {
            assert_eq!(name, "fd_close");
            assert!(expected.contains("i32") && found.contains("i64"));
        }
        other => panic!("{other:?}"),
    }
}

fn an_import_that_is_no_function_is_refused() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_close" (memory 1))
        (func (export "_start")))"#;
    assert!(matches!(
        compile(&wat(text)),
        Err(EngineError::ImportSignature { .. })
    ));
}

fn a_program_must_export_start() {
    for text in [
        "(module)",
        "(module (func (export \"_initialize\")))",
        "(module (func (export \"_start\") (param i32)))",
        "(module (memory (export \"_start\") 1))",
    ] {
        assert!(matches!(
            compile(&wat(text)),
            Err(EngineError::MissingExport { name, .. }) if name == "_start"
        ));
    }
}

fn a_component_must_export_run() {
    for text in [
        "(component)",
        "(component (instance $i) (export \"wasi:cli/run@0.2.0\" (instance $i)))",
        "(component (instance $i) (export \"wasi:cli/run@0.3.0\" (instance $i)))",
    ] {
        assert!(matches!(
            compile(&wat(text)),
            Err(EngineError::MissingExport { name, .. }) if name == "wasi:cli/run@0.2.run"
        ));
    }
}

fn an_unknown_interface_is_named() {
    for import in [
        "wasi:nn/inference@0.2.0",
        "wasi:cli/stdin@0.3.0",
        "wasi:cli/stdin",
    ] {
        let text = format!("(component (import \"{import}\" (instance (export \"f\" (func)))))");
        assert!(matches!(
            compile(&wat(&text)),
            Err(EngineError::UnsupportedImport { module, name }) if module == import && name == "f"
        ));
    }
    let text = "(component (import \"wasi:cli/stdin@0.2.0\" (instance (export \"f\" (func)))))";
    assert!(matches!(
        compile(&wat(text)),
        Err(EngineError::UnsupportedImport { name, .. }) if name == "f"
    ));
}

fn a_wrong_import_is_told_before_anything_is_compiled() {
    // Half a second of compiling in a debug build, and an import that is not there.
    let bodies = "(func (param i32) (result i32)
            (i32.mul (i32.add (local.get 0) (i32.const 3)) (local.get 0)))"
        .repeat(20_000);
    let text = format!("(module (import \"env\" \"missing\" (func)) {bodies})");
    let hasty = ProgramSettings {
        compile_memory: 64 << 20,
        ..ProgramSettings::default()
    };
    match compile_with(&wat(&text), hasty) {
        Err(EngineError::UnsupportedImport { name, .. }) => assert_eq!(name, "missing"),
        other => panic!("{other:?}"),
    }
}

fn a_module_over_the_limit_is_refused() {
    let module = command(HELLO);
    let narrow = ProgramSettings {
        max_module_bytes: module.len() as u64 - 1,
        ..ProgramSettings::default()
    };
    match spawner().compile(&sealed(&module), narrow) {
        Err(EngineError::Limit {
            name,
            allowed,
            wanted,
        }) => {
            assert_eq!(name, LimitName::ModuleBytes);
            assert_eq!(wanted, Some(allowed + 1));
        }
        other => panic!("{other:?}"),
    }
}

fn proposals_that_are_off_are_refused() {
    for text in [
        "(memory 1 1 shared)",
        "(memory i64 1)",
        "(memory 1) (memory 1)",
        "(tag)",
        "(type (struct (field i32))) (func (drop (struct.new_default 0)))",
        "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))",
        "(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))",
        "(func (result i64 i64) (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))",
        "(memory 1 (pagesize 1))",
    ] {
        let module = wat(&format!("(module {text} (func (export \"_start\")))"));
        assert!(
            matches!(compile(&module), Err(EngineError::InvalidModule { .. })),
            "{text}"
        );
    }
}

fn unusable_settings_are_refused() {
    let program = compile(&command(HELLO)).unwrap();
    let invalid = |inputs: &[Input], outputs: &[_], settings| {
        let error = program
            .run(settings, inputs, outputs)
            .expect_err("nonsense");
        assert!(
            matches!(error, EngineError::InvalidSettings { .. }),
            "{error:?}"
        );
    };
    invalid(&[input("relative", b"")], &[], settings());
    invalid(&[input("/a", b""), input("/a", b"")], &[], settings());
    invalid(&[], &[out(), out()], settings());
    invalid(&[], &vec![out(); 2000], settings());
    let mut bad = settings();
    bad.rights = vec![right("no/path", true, true)];
    invalid(&[], &[], bad);
    let mut bad = settings();
    bad.args = vec!["a\0b".into()];
    invalid(&[], &[], bad);

    let too_deep = ProgramSettings {
        max_wasm_stack: 1 << 30,
        ..ProgramSettings::default()
    };
    assert!(matches!(
        spawner().compile(&sealed(&command(HELLO)), too_deep),
        Err(EngineError::Limit {
            name: LimitName::Stack,
            ..
        })
    ));
    assert!(run(&program, settings()).is_ok());
}

fn a_descriptor_that_is_not_sealed_is_refused() {
    let (reader, _writer) = rustix::pipe::pipe().unwrap();
    assert!(Sealed::adopt(reader, 0).is_err());
}
