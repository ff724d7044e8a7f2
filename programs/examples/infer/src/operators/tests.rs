//! Operators against the same computed in the plainest way.

use super::Call;
use crate::onnx::{AttributeProto, NodeProto, TensorProto};
use crate::tensor::{Reason, Tensor};

/// Numbers that look random and are small whole ones, so that sums are exact.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u8::try_from(state >> 28).unwrap()) - 8.0
    };
    (0..count).map(next).collect()
}

fn tensor(shape: &[usize], seed: u32) -> Tensor {
    Tensor::new(shape.to_vec(), numbers(shape.iter().product(), seed)).unwrap()
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: ints.to_vec(),
        ..AttributeProto::default()
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i,
        ..AttributeProto::default()
    }
}

fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        s: s.as_bytes().to_vec(),
        ..AttributeProto::default()
    }
}

fn apply(
    operator: &str,
    inputs: &[&Tensor],
    attribute: Vec<AttributeProto>,
) -> Result<Tensor, Reason> {
    let node = NodeProto {
        op_type: operator.to_owned(),
        attribute,
        ..NodeProto::default()
    };
    let inputs = inputs.iter().map(|tensor| Some(*tensor)).collect();
    Call {
        node: &node,
        inputs,
        version: 13,
    }
    .apply()
}

/// The definition, pixel by pixel.
fn plain_convolution(
    x: &Tensor,
    w: &Tensor,
    groups: usize,
    stride: usize,
    dilation: usize,
    pad: usize,
) -> Tensor {
    let [n, c, h, width] = x.shape[..] else {
        panic!()
    };
    let [m, per, kh, kw] = w.shape[..] else {
        panic!()
    };
    let out = |size: usize, k: usize| (size + 2 * pad - (k - 1) * dilation - 1) / stride + 1;
    let (oh, ow) = (out(h, kh), out(width, kw));
    let mut numbers = Vec::new();
    for (image, map, row, column) in places([n, m, oh, ow]) {
        let mut sum = 0.0;
        for (_, source, i, j) in places([1, per, kh, kw]) {
            let (y, z) = (row * stride + i * dilation, column * stride + j * dilation);
            if y >= pad && z >= pad && y - pad < h && z - pad < width {
                let channel = map / (m / groups) * per + source;
                let at = ((image * c + channel) * h + y - pad) * width + z - pad;
                sum += x.numbers[at] * w.numbers[((map * per + source) * kh + i) * kw + j];
            }
        }
        numbers.push(sum);
    }
    Tensor::new(vec![n, m, oh, ow], numbers).unwrap()
}

fn places([a, b, c, d]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..a).flat_map(move |i| {
        (0..b).flat_map(move |j| (0..c).flat_map(move |k| (0..d).map(move |l| (i, j, k, l))))
    })
}

#[test]
fn convolutions_equal_the_definition() {
    for (groups, stride, dilation, pad) in [
        (1, 1, 1, 0),
        (1, 1, 1, 1),
        (2, 1, 1, 2),
        (1, 2, 1, 1),
        (2, 3, 2, 2),
        (4, 1, 2, 0),
    ] {
        let (x, w) = (tensor(&[2, 4, 7, 9], 1), tensor(&[8, 4 / groups, 3, 2], 2));
        let [g, s, d, p] = [groups, stride, dilation, pad].map(|it| i64::try_from(it).unwrap());
        let attributes = vec![
            int("group", g),
            ints("strides", &[s, s]),
            ints("dilations", &[d, d]),
            ints("pads", &[p, p, p, p]),
        ];
        let found = apply("Conv", &[&x, &w], attributes).unwrap();
        assert_eq!(
            found,
            plain_convolution(&x, &w, groups, stride, dilation, pad),
            "{groups} {stride} {dilation} {pad}"
        );
    }
}

#[test]
fn same_padding_keeps_the_size_and_puts_the_odd_one_last_or_first() {
    let x = Tensor::new(vec![1, 1, 1, 3], vec![1.0, 2.0, 3.0]).unwrap();
    let w = Tensor::new(vec![1, 1, 1, 2], vec![1.0, 10.0]).unwrap();
    let upper = apply("Conv", &[&x, &w], vec![text("auto_pad", "SAME_UPPER")]).unwrap();
    assert_eq!(upper.numbers, [21.0, 32.0, 3.0]);
    let lower = apply("Conv", &[&x, &w], vec![text("auto_pad", "SAME_LOWER")]).unwrap();
    assert_eq!(lower.numbers, [10.0, 21.0, 32.0]);
}

#[test]
fn pools_take_the_most_or_the_mean_of_what_is_inside() {
    let x = Tensor::new(vec![1, 1, 1, 5], vec![1.0, -2.0, 3.0, 4.0, -9.0]).unwrap();
    let pool = |name, more: Vec<AttributeProto>| {
        let mut attributes = vec![ints("kernel_shape", &[1, 2]), ints("strides", &[1, 2])];
        attributes.extend(more);
        apply(name, &[&x], attributes).unwrap().numbers
    };
    assert_eq!(pool("MaxPool", vec![]), [1.0, 4.0]);
    assert_eq!(pool("MaxPool", vec![int("ceil_mode", 1)]), [1.0, 4.0, -9.0]);
    assert_eq!(
        pool("AveragePool", vec![ints("pads", &[0, 1, 0, 0])]),
        [1.0, 0.5, -2.5]
    );
    let all = vec![ints("pads", &[0, 1, 0, 0]), int("count_include_pad", 1)];
    assert_eq!(pool("AveragePool", all), [0.5, 0.5, -2.5]);
}

#[test]
fn matrices_are_multiplied_transposed_and_repeated() {
    let a = Tensor::new(vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let b = Tensor::new(vec![2, 3], vec![1.0, 0.0, 1.0, 0.0, 2.0, 0.0]).unwrap();
    let row = Tensor::new(vec![2], vec![10.0, 20.0]).unwrap();
    let column = Tensor::new(vec![2, 1], vec![10.0, 20.0]).unwrap();
    let gemm = |c: &Tensor| {
        apply("Gemm", &[&a, &b, c], vec![int("transB", 1)])
            .unwrap()
            .numbers
    };
    assert_eq!(gemm(&row), [14.0, 24.0, 20.0, 30.0]);
    assert_eq!(gemm(&column), [14.0, 14.0, 30.0, 30.0]);
    let stack = tensor(&[3, 2, 4], 5);
    let product = apply("MatMul", &[&stack, &tensor(&[4, 2], 6)], vec![]).unwrap();
    assert_eq!(product.shape, [3, 2, 2]);
    let added = apply(
        "Add",
        &[&tensor(&[2, 1, 3], 1), &tensor(&[4, 1], 2)],
        vec![],
    )
    .unwrap();
    assert_eq!(added.shape, [2, 4, 3]);
    assert_eq!(added.numbers[5], numbers(6, 1)[2] + numbers(4, 2)[1]);
}

#[test]
fn shapes_change_and_numbers_do_not() {
    let x = tensor(&[2, 3, 4], 1);
    let shape = |integers: &[i64]| Tensor {
        shape: vec![integers.len()],
        numbers: vec![],
        integers: integers.to_vec(),
    };
    assert_eq!(
        apply("Reshape", &[&x, &shape(&[0, -1])], vec![])
            .unwrap()
            .shape,
        [2, 12]
    );
    assert_eq!(
        apply("Flatten", &[&x], vec![int("axis", 2)]).unwrap().shape,
        [6, 4]
    );
    assert_eq!(
        apply("Unsqueeze", &[&x, &shape(&[0, -1])], vec![])
            .unwrap()
            .shape,
        [1, 2, 3, 4, 1]
    );
    let turned = apply("Transpose", &[&x], vec![ints("perm", &[2, 0, 1])]).unwrap();
    assert_eq!(turned.shape, [4, 2, 3]);
    assert_eq!(turned.numbers[7], x.numbers[5]);
    let joined = apply("Concat", &[&x, &x], vec![int("axis", 1)]).unwrap();
    assert_eq!(
        (joined.shape.as_slice(), &joined.numbers[12..24]),
        (&[2, 6, 4][..], &x.numbers[..12])
    );
    let node = AttributeProto {
        t: Some(TensorProto {
            dims: vec![2],
            data_type: 7,
            int64_data: vec![3, 4],
            ..TensorProto::default()
        }),
        name: "value".to_owned(),
        ..AttributeProto::default()
    };
    assert_eq!(apply("Constant", &[], vec![node]).unwrap().integers, [3, 4]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let x = tensor(&[2, 3], 1);
    let refused =
        |operator, inputs: &[&Tensor], attributes| apply(operator, inputs, attributes).unwrap_err();
    assert_eq!(refused("LSTM", &[&x], vec![]), "is not supported");
    assert_eq!(
        refused("MatMul", &[&x, &x], vec![]),
        "has inputs whose shapes do not fit each other"
    );
    assert_eq!(refused("Gemm", &[&x], vec![]), "lacks an input");
    assert_eq!(
        refused("Transpose", &[&x], vec![ints("perm", &[0, 0])]),
        "should name each axis once"
    );
    let (image, filter) = (tensor(&[1, 1, 2, 2], 1), tensor(&[1, 1, 3, 3], 1));
    assert_eq!(
        refused("Conv", &[&image, &filter], vec![]),
        "has a window that is larger than its input"
    );
    assert_eq!(
        refused(
            "Conv",
            &[&image, &filter],
            vec![ints("strides", &[0, 1]), ints("pads", &[1, 1, 1, 1])]
        ),
        "has a window, stride or dilation of 0, or too large a one"
    );
}
