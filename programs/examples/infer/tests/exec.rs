//! Runs under the example's policy, against the answers of onnxruntime.

use veracruz_example::Example;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const MODEL: &str = "/input/modeller.onnx";
const USER: &str = "/input/user.csv";
const OUTPUT: &str = "/output/predictions.csv";

#[test]
fn both_models_say_what_onnxruntime_says() {
    for (name, expected, right) in [
        (
            "digits_mlp",
            include_str!("../data/digits_mlp_expected.csv"),
            348,
        ),
        (
            "digits_linear",
            include_str!("../data/digits_linear_expected.csv"),
            349,
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        let model = std::fs::read(format!("{FOLDER}/data/{name}.onnx")).unwrap();
        let found = example.input(MODEL, model).run().succeeded().text(OUTPUT);
        let labels = include_str!("../data/digits_true_labels.csv").lines();
        assert_eq!(found.lines().count(), 361);
        let mut correct = 0;
        for ((found, expected), label) in found.lines().zip(expected.lines()).zip(labels).skip(1) {
            let found: Vec<&str> = found.split(',').collect();
            let expected: Vec<&str> = expected.split(',').collect();
            assert_eq!(found[..2], expected[..2]);
            correct += u32::from(label == found[..2].join(","));
            for (found, expected) in found.iter().zip(&expected).skip(2) {
                let distance = found.parse::<f64>().unwrap() - expected.parse::<f64>().unwrap();
                assert!(distance.abs() < 1e-4, "{name}: {found} {expected}");
            }
        }
        assert_eq!(correct, right, "{name}");
    }
}

#[test]
fn the_example_has_its_answers() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    example.assert_answers(&example.run().succeeded());
}

#[test]
fn a_convolutional_network_reads_handwriting() {
    // The network of the ONNX Model Zoo, and four digits: one pixel a number, from 0 to 1.
    let shared = |name: &str| veracruz_example::shared(&format!("onnx/{name}"));
    let Some(model) = shared("mnist.onnx") else {
        return;
    };
    for digit in ["0", "3", "5", "7"] {
        let image = shared(&format!("digit_{digit}.input.f32"));
        let (Some(image), Some(example)) = (image, Example::find(FOLDER)) else {
            return;
        };
        let image = std::fs::read(image).unwrap();
        let pixels = image.as_chunks::<4>().0.iter();
        let pixels: Vec<String> = pixels
            .map(|bytes| f32::from_le_bytes(*bytes).to_string())
            .collect();
        let names: Vec<String> = (0..pixels.len()).map(|index| format!("p{index}")).collect();
        let rows = format!("row_id,{}\n1,{}\n", names.join(","), pixels.join(","));
        let example = example
            .input(MODEL, std::fs::read(&model).unwrap())
            .input(USER, rows);
        let found = example.run().succeeded().text(OUTPUT);
        let answer = found.lines().nth(1).unwrap().split(',').nth(1);
        assert_eq!(answer, Some(digit));
    }
}

#[test]
fn refuses_malformed_rows_and_names_them() {
    let columns: Vec<String> = (0..64).map(|index| format!("p{index}")).collect();
    let header = format!("row_id,{}\n", columns.join(","));
    let row = "7".to_owned() + &",1".repeat(64) + "\n";
    for (text, failure) in [
        (
            header.clone() + &row + &row.replacen(",1", ",x", 1),
            ", line 3: `p0` should be a number",
        ),
        (
            header.clone() + &row + "8,1\n",
            ", line 3: expected 65 fields, as in the header, found 2",
        ),
        (
            "row_id,p0\n7,1\n".to_owned(),
            ", line 1: expected 64 columns besides `row_id`, found 1",
        ),
        (
            "id\n".to_owned(),
            ", line 1: the header has no column `row_id`",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(USER, text, failure);
    }
}

#[test]
fn refuses_a_model_that_is_malformed_or_not_supported_and_says_why() {
    let model = std::fs::read(format!("{FOLDER}/data/digits_mlp.onnx")).unwrap();
    let position = model.windows(4).position(|bytes| bytes == b"Relu").unwrap();
    let mut other = model.clone();
    other[position..position + 4].copy_from_slice(b"GeLU");
    for (bytes, failure) in [
        (other, ": operator 2, GeLU, is not supported"),
        (
            b"hello".to_vec(),
            ": no ONNX model: not a protocol buffer of it",
        ),
        (Vec::new(), ": no ONNX model: there is no graph in it"),
        (
            model[..model.len() / 2].to_vec(),
            ": no ONNX model: not a protocol buffer of it",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(MODEL, bytes, failure);
    }
}

#[test]
fn a_model_with_a_changed_byte_is_read_or_refused() {
    let mut bytes = std::fs::read(format!("{FOLDER}/data/digits_mlp.onnx")).unwrap();
    let rows = vec![1.0; 64];
    let starts = (0..400).chain(bytes.len() - 400..bytes.len());
    for position in starts {
        for change in [0x01, 0x80, 0xff] {
            bytes[position] ^= change;
            let origin = veracruz_guest::Origin::at(MODEL);
            let model = infer::Model::read(veracruz_guest::Input::new(origin, bytes.as_slice()));
            if let Some(model) = model.ok().filter(|model| model.width() == rows.len()) {
                let _ = model.run(1, rows.clone());
            }
            bytes[position] ^= change;
        }
    }
}
