//! A corpus of small programs, one for each family of instructions: every instruction on every pair
//! of a set of awkward operands, which come from memory, so that nothing is known when it is
//! compiled. Both strategies write the same bytes.

use veracruz_engine::ProgramSettings;

use crate::support::{
    command_with, compile_with, program_settings, run, settings, try_body, written,
};

crate::trials_of_both_strategies![
    integers_of_32_bits,
    integers_of_64_bits,
    floats_of_32_bits,
    floats_of_64_bits,
    conversions,
    vectors_of_integers,
    vectors_of_floats,
    loads_and_stores_of_every_width,
    control_and_calls,
    memory_and_tables_in_bulk,
];

/// Instructions of one shape.
struct Family {
    /// Of both operands.
    operand: &'static str,
    result: &'static str,
    operands: u8,
    /// Before each of the names.
    prefix: &'static str,
    names: &'static str,
}

const fn family(
    operand: &'static str,
    result: &'static str,
    operands: u8,
    prefix: &'static str,
    names: &'static str,
) -> Family {
    Family {
        operand,
        result,
        operands,
        prefix,
        names,
    }
}

/// Where operands stand in memory, and where results go.
const OPERANDS: usize = 8192;
const RESULTS: usize = 16384;

fn bytes_of(kind: &str) -> usize {
    match kind {
        "i32" | "f32" => 4,
        "v128" => 16,
        _ => 8,
    }
}

/// A program that applies every instruction of these families to all of these operands, or pairs of
/// them, and writes all results.
fn program(families: &[Family], operands: &[u8]) -> Vec<u8> {
    let (mut functions, mut calls) = (String::new(), String::new());
    for family in families {
        let Family {
            operand, result, ..
        } = family;
        let (size, stored) = (bytes_of(operand), bytes_of(result));
        let end = OPERANDS + operands.len() / size * size;
        for name in family.names.split_whitespace() {
            let function = functions.matches("(func ").count();
            let name = format!("{}{name}", family.prefix);
            let second = match family.operands {
                1 => "",
                _ => "(local.get $y)",
            };
            functions += &format!(
                "(func $f{function} (param $x {operand}) (param $y {operand}) (result {result})
                    ({name} (local.get $x) {second}))"
            );
            // With one operand the second goes through all values once, for nothing.
            let next = match family.operands {
                1 => format!("(local.set $j (i32.const {end}))"),
                _ => format!("(local.set $j (i32.add (local.get $j) (i32.const {size})))"),
            };
            calls += &format!(
                "(local.set $i (i32.const {OPERANDS}))
                (loop $outer
                    (local.set $j (i32.const {OPERANDS}))
                    (loop $inner
                        ({result}.store (local.get $at)
                            (call $f{function} ({operand}.load (local.get $i)) ({operand}.load (local.get $j))))
                        (local.set $at (i32.add (local.get $at) (i32.const {stored})))
                        {next}
                        (br_if $inner (i32.lt_u (local.get $j) (i32.const {end}))))
                    (local.set $i (i32.add (local.get $i) (i32.const {size})))
                    (br_if $outer (i32.lt_u (local.get $i) (i32.const {end}))))"
            );
        }
    }
    let data: String = operands
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    command_with(
        &format!("(data (i32.const {OPERANDS}) \"{data}\") {functions}"),
        &format!(
            "(local $i i32) (local $j i32) (local $at i32)
            (local.set $at (i32.const {RESULTS}))
            {calls}
            (call $out (i32.const {RESULTS}) (i32.sub (local.get $at) (i32.const {RESULTS})))"
        ),
    )
}

/// Runs it with canonical NaNs: which bits a NaN has else is the processor's affair. The transcript
/// that is compared has all that it wrote.
fn all(families: &[Family], operands: &[u8]) {
    let canonical = ProgramSettings {
        nan_canonical: true,
        ..program_settings()
    };
    let program = compile_with(&program(families, operands), canonical).unwrap();
    let results = written(&run(&program, settings()).unwrap());
    assert!(results.iter().any(|byte| *byte != 0));
}

fn words(values: &[i32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn long_words(values: &[i64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

const BINARY: &str = "add sub mul and or xor shl shr_s shr_u rotl rotr";
const COMPARED: &str = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const DIVIDED: &str = "div_s div_u rem_s rem_u";
const FLOATS: &str = "add sub mul div min max copysign";
const FLOATS_ALONE: &str = "abs neg ceil floor trunc nearest sqrt";
const FLOATS_COMPARED: &str = "eq ne lt gt le ge";

fn integers_of_32_bits() {
    let same = [
        family("i32", "i32", 2, "i32.", BINARY),
        family("i32", "i32", 2, "i32.", COMPARED),
        family(
            "i32",
            "i32",
            1,
            "i32.",
            "clz ctz popcnt eqz extend8_s extend16_s",
        ),
    ];
    let values = [0, 1, -1, 2, 7, 31, 32, i32::MAX, i32::MIN, 0x0f0f_8080];
    all(&same, &words(&values));
    // Neither by zero, nor the one quotient that does not fit.
    let divided = [family("i32", "i32", 2, "i32.", DIVIDED)];
    all(
        &divided,
        &words(&[1, 2, 7, -3, i32::MAX, i32::MIN, 0x0f0f_8080]),
    );
}

fn integers_of_64_bits() {
    let values = [
        0,
        1,
        -1,
        2,
        7,
        63,
        64,
        i64::MAX,
        i64::MIN,
        0x0f0f_8080_7fff_8000,
    ];
    let same = [
        family("i64", "i64", 2, "i64.", BINARY),
        family("i64", "i32", 2, "i64.", COMPARED),
        family("i64", "i32", 1, "i64.", "eqz"),
        family(
            "i64",
            "i64",
            1,
            "i64.",
            "clz ctz popcnt extend8_s extend16_s extend32_s",
        ),
    ];
    all(&same, &long_words(&values));
    let divided = [family("i64", "i64", 2, "i64.", DIVIDED)];
    all(
        &divided,
        &long_words(&[1, 2, 7, -3, i64::MAX, i64::MIN, 0x0f0f_8080_7fff_8000]),
    );
}

const SINGLE: [f32; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    2.5,
    0.5,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::MAX,
    f32::MIN_POSITIVE,
    1e-45,
    16_777_217.0,
    -4e9,
];

fn floats_of_32_bits() {
    let operands: Vec<u8> = SINGLE
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let families = [
        family("f32", "f32", 2, "f32.", FLOATS),
        family("f32", "f32", 1, "f32.", FLOATS_ALONE),
        family("f32", "i32", 2, "f32.", FLOATS_COMPARED),
    ];
    all(&families, &operands);
}

fn double() -> Vec<u8> {
    let wide = [1e300, 5e-324, 9_007_199_254_740_993.0, -1e19];
    let values = SINGLE.iter().map(|value| f64::from(*value)).chain(wide);
    values.flat_map(f64::to_le_bytes).collect()
}

fn floats_of_64_bits() {
    let families = [
        family("f64", "f64", 2, "f64.", FLOATS),
        family("f64", "f64", 1, "f64.", FLOATS_ALONE),
        family("f64", "i32", 2, "f64.", FLOATS_COMPARED),
    ];
    all(&families, &double());
}

fn conversions() {
    let signs =
        |of: &'static str, to: &'static str, name: &'static str| family(of, to, 1, name, "_s _u");
    let integers = [
        0,
        1,
        -1,
        i64::MAX,
        i64::MIN,
        0x7fff_ffff,
        0x8000_0000,
        16_777_217,
    ];
    let families = [
        family("i64", "i32", 1, "i32.", "wrap_i64"),
        family("i64", "f64", 1, "f64.", "reinterpret_i64"),
        signs("i32", "i64", "i64.extend_i32"),
        signs("i32", "f32", "f32.convert_i32"),
        signs("i32", "f64", "f64.convert_i32"),
        signs("i64", "f32", "f32.convert_i64"),
        signs("i64", "f64", "f64.convert_i64"),
    ];
    all(&families, &long_words(&integers));
    let families = [
        signs("f64", "i32", "i32.trunc_sat_f64"),
        signs("f64", "i64", "i64.trunc_sat_f64"),
        signs("f32", "i32", "i32.trunc_sat_f32"),
        signs("f32", "i64", "i64.trunc_sat_f32"),
        family("f64", "f32", 1, "f32.", "demote_f64"),
        family("f32", "f64", 1, "f64.", "promote_f32"),
        family("f64", "i64", 1, "i64.", "reinterpret_f64"),
    ];
    all(&families, &double());
    // These trap where the saturating ones saturate.
    let small: Vec<u8> = [0.0, -0.9, 1.5, 100.0]
        .into_iter()
        .flat_map(f64::to_le_bytes)
        .collect();
    let families = [
        signs("f64", "i32", "i32.trunc_f64"),
        signs("f64", "i64", "i64.trunc_f64"),
    ];
    all(&families, &small);
}

/// Four vectors of awkward lanes, whatever their width.
fn vectors() -> Vec<u8> {
    let lanes: [i32; 16] = [
        0,
        1,
        -1,
        i32::MIN,
        i32::MAX,
        0x7fff_8000,
        0x0080_ff7f,
        0x0102_0304,
        0x3fc0_0000,
        -2,
        0x7fc0_0000,
        0x4f80_0000,
        0x0000_3ff8,
        0x0000_c008,
        0x5555_5555,
        0x7f7f_ffff,
    ];
    words(&lanes)
}

fn vectors_of_integers() {
    let compared = "eq ne lt_s gt_s le_s ge_s";
    let unsigned = "lt_u gt_u le_u ge_u";
    let v = |operands, prefix, names| family("v128", "v128", operands, prefix, names);
    all(
        &[
            v(2, "v128.", "and or xor andnot"),
            v(1, "v128.", "not"),
            family("v128", "i32", 1, "v128.", "any_true"),
            v(2, "i8x16.", compared),
            v(2, "i8x16.", unsigned),
            v(
                2,
                "i8x16.",
                "add sub add_sat_s add_sat_u sub_sat_s sub_sat_u avgr_u swizzle",
            ),
            v(
                2,
                "i8x16.",
                "min_s min_u max_s max_u narrow_i16x8_s narrow_i16x8_u",
            ),
            v(1, "i8x16.", "abs neg popcnt"),
            family("v128", "i32", 1, "i8x16.", "all_true bitmask"),
        ],
        &vectors(),
    );
    all(
        &[
            v(2, "i16x8.", compared),
            v(2, "i16x8.", unsigned),
            v(
                2,
                "i16x8.",
                "add sub mul add_sat_s add_sat_u sub_sat_s sub_sat_u avgr_u",
            ),
            v(
                2,
                "i16x8.",
                "min_s min_u max_s max_u narrow_i32x4_s narrow_i32x4_u",
            ),
            v(
                2,
                "i16x8.",
                "q15mulr_sat_s extmul_low_i8x16_s extmul_high_i8x16_u",
            ),
            v(
                1,
                "i16x8.",
                "abs neg extend_low_i8x16_s extend_high_i8x16_u",
            ),
            v(
                1,
                "i16x8.",
                "extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u",
            ),
            family("v128", "i32", 1, "i16x8.", "all_true bitmask"),
        ],
        &vectors(),
    );
    all(
        &[
            v(2, "i32x4.", compared),
            v(2, "i32x4.", unsigned),
            v(
                2,
                "i32x4.",
                "add sub mul min_s min_u max_s max_u dot_i16x8_s",
            ),
            v(2, "i32x4.", "extmul_low_i16x8_u extmul_high_i16x8_s"),
            v(
                1,
                "i32x4.",
                "abs neg extend_low_i16x8_s extend_high_i16x8_u",
            ),
            v(1, "i32x4.", "trunc_sat_f32x4_s trunc_sat_f32x4_u"),
            v(1, "i32x4.", "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero"),
            family("v128", "i32", 1, "i32x4.", "all_true bitmask"),
            v(2, "i64x2.", compared),
            v(
                2,
                "i64x2.",
                "add sub mul extmul_low_i32x4_s extmul_high_i32x4_u",
            ),
            v(
                1,
                "i64x2.",
                "abs neg extend_low_i32x4_s extend_high_i32x4_u",
            ),
            family("v128", "i32", 1, "i64x2.", "all_true bitmask"),
        ],
        &vectors(),
    );
}

fn vectors_of_floats() {
    let v = |operands, prefix, names| family("v128", "v128", operands, prefix, names);
    let binary = "add sub mul div min max pmin pmax";
    all(
        &[
            v(2, "f32x4.", FLOATS_COMPARED),
            v(2, "f32x4.", binary),
            v(1, "f32x4.", FLOATS_ALONE),
            v(
                1,
                "f32x4.",
                "convert_i32x4_s convert_i32x4_u demote_f64x2_zero",
            ),
            v(2, "f64x2.", FLOATS_COMPARED),
            v(2, "f64x2.", binary),
            v(1, "f64x2.", FLOATS_ALONE),
            v(
                1,
                "f64x2.",
                "convert_low_i32x4_s convert_low_i32x4_u promote_low_f32x4",
            ),
        ],
        &vectors(),
    );
}

fn loads_and_stores_of_every_width() {
    let mut body = String::new();
    let mut at = RESULTS;
    for (kind, names) in [
        ("i32", "load8_s load8_u load16_s load16_u load"),
        (
            "i64",
            "load8_s load8_u load16_s load16_u load32_s load32_u load",
        ),
        (
            "v128",
            "load8x8_s load16x4_u load32x2_s load8_splat load64_splat load32_zero load",
        ),
    ] {
        for name in names.split(' ') {
            // "hello, world" stands at 1000; 3 is aligned for nothing.
            body += &format!(
                "({kind}.store (i32.const {at}) ({kind}.{name} offset=3 (i32.const 1000)))"
            );
            at += bytes_of(kind);
        }
    }
    for name in [
        "i32.store8",
        "i32.store16",
        "i64.store8",
        "i64.store16",
        "i64.store32",
    ] {
        let kind = &name[..3];
        body += &format!("({name} (i32.const {at}) ({kind}.const -2))");
        at += 8;
    }
    body += &format!(
        "(call $out (i32.const {RESULTS}) (i32.const {}))",
        at - RESULTS
    );
    assert_eq!(
        written(&try_body(&body, settings()).unwrap()).len(),
        at - RESULTS
    );
}

fn control_and_calls() {
    let functions = r#"
        (type $binary (func (param i32 i32) (result i32)))
        (table funcref (elem $add $sub $fib))
        (global $calls (mut i32) (i32.const 0))
        (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
        (func $sub (type $binary) (i32.sub (local.get 0) (local.get 1)))
        (func $fib (type $binary)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
                (then (local.get 0))
                (else (i32.add
                    (call $fib (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
                    (call $fib (i32.sub (local.get 0) (i32.const 2)) (i32.const 0))))))
        (func $count (param $n i32) (param $sum i32) (result i32)
            (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
            (return_call $count
                (i32.sub (local.get $n) (i32.const 1)) (i32.add (local.get $sum) (local.get $n))))
        (func $swap (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
        (func $chosen (param i32) (result i32)
            (block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
                (return (i32.const 10))) (return (i32.const 20))) (i32.const 30))"#;
    let mut body = String::new();
    let mut results = 0;
    let mut store = |value: String| {
        body += &format!("(i32.store (i32.const {}) {value})", RESULTS + results * 4);
        results += 1;
    };
    for which in 0..3 {
        store(format!(
            "(call_indirect (type $binary) (i32.const 15) (i32.const 4) (i32.const {which}))"
        ));
    }
    for which in [0, 1, 2, 3, -1] {
        store(format!("(call $chosen (i32.const {which}))"));
    }
    store("(global.get $calls)".into());
    // Deeper than any stack, were these calls not in place of returns.
    store("(call $count (i32.const 1000000) (i32.const 0))".into());
    store("(i32.add (block (result i32) (call $swap (i32.const 5) (i64.const 6)) (local.set 0) (i32.wrap_i64)) (local.get 0))".into());
    store("(select (i32.const 1) (i32.const 2) (i32.load8_u (i32.const 1000)))".into());
    let length = results * 4;
    let body = format!("(local i32) {body} (call $out (i32.const {RESULTS}) (i32.const {length}))");
    let program = compile_with(&command_with(functions, &body), program_settings()).unwrap();
    let results = written(&run(&program, settings()).unwrap());
    let expected = [19, 11, 610, 10, 20, 30, 30, 30, 1973, 1_784_293_664, 11, 1];
    assert_eq!(results, words(&expected));
}

fn memory_and_tables_in_bulk() {
    let functions = r#"
        (table $t 4 funcref) (elem $e func $one $two) (data $d "passive")
        (type $number (func (result i32)))
        (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))"#;
    let body = format!(
        "(memory.init $d (i32.const {RESULTS}) (i32.const 1) (i32.const 6)) (data.drop $d)
        (memory.fill (i32.const {a}) (i32.const 42) (i32.const 5))
        (memory.copy (i32.const {b}) (i32.const {a_before}) (i32.const 8))
        (table.init $t $e (i32.const 1) (i32.const 0) (i32.const 2)) (elem.drop $e)
        (table.copy (i32.const 2) (i32.const 1) (i32.const 2))
        (i32.store8 (i32.const {c}) (call_indirect $t (type $number) (i32.const 3)))
        (i32.store8 offset=1 (i32.const {c}) (ref.is_null (table.get $t (i32.const 0))))
        (i32.store8 offset=2 (i32.const {c}) (table.grow $t (ref.func $one) (i32.const 3)))
        (i32.store8 offset=3 (i32.const {c}) (table.size $t))
        (i32.store8 offset=4 (i32.const {c}) (memory.grow (i32.const 1)))
        (call $out (i32.const {RESULTS}) (i32.const 25))",
        a = RESULTS + 6,
        a_before = RESULTS + 4,
        b = RESULTS + 12,
        c = RESULTS + 20,
    );
    let program = compile_with(&command_with(functions, &body), program_settings()).unwrap();
    let results = written(&run(&program, settings()).unwrap());
    assert_eq!(results, b"assive*****\0ve*****\0\x02\x01\x04\x07\x02");
}
