//! Arrays of numbers.

use std::borrow::Cow;

use crate::onnx::TensorProto;

/// Why an operator cannot be applied. No number of the model or of an input stands in it.
pub(crate) type Reason = Cow<'static, str>;

/// The most numbers of one array: 1 GiB.
const MAX_NUMBERS: usize = 1 << 28;

const FLOAT: i32 = 1;
const INT64: i32 = 7;
const DOUBLE: i32 = 11;

/// Numbers in row-major order. Whole numbers (shapes, axes) are kept apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
    pub(crate) integers: Vec<i64>,
}

impl Tensor {
    pub(crate) fn new(shape: Vec<usize>, numbers: Vec<f32>) -> Result<Self, Reason> {
        if count(&shape)? != numbers.len() {
            return Err("an array has not as many numbers as its shape says".into());
        }
        Ok(Self {
            shape,
            numbers,
            integers: Vec::new(),
        })
    }

    /// The constants of a model: 32- and 64-bit floating point, and 64-bit whole numbers.
    pub(crate) fn of_proto(proto: &TensorProto) -> Result<Self, Reason> {
        if proto.data_location != 0 {
            return Err("constants in another file are not supported".into());
        }
        let shape = proto.dims.iter().map(|size| usize::try_from(*size));
        let shape: Vec<usize> = shape
            .collect::<Result<_, _>>()
            .map_err(|_| "a shape has a negative size")?;
        let raw = &proto.raw_data;
        let (mut numbers, mut integers) = (Vec::new(), Vec::new());
        match proto.data_type {
            FLOAT if raw.is_empty() => numbers.clone_from(&proto.float_data),
            FLOAT => numbers = words(raw).map(f32::from_le_bytes).collect(),
            DOUBLE if raw.is_empty() => {
                numbers = proto.double_data.iter().map(|n| single(*n)).collect()
            }
            DOUBLE => numbers = words(raw).map(f64::from_le_bytes).map(single).collect(),
            INT64 if raw.is_empty() => integers.clone_from(&proto.int64_data),
            INT64 => integers = words(raw).map(i64::from_le_bytes).collect(),
            other => return Err(format!("constants of ONNX type {other} are not supported").into()),
        }
        if count(&shape)? != numbers.len() + integers.len() {
            return Err("a constant has not as many numbers as its shape says".into());
        }
        Ok(Self {
            shape,
            numbers,
            integers,
        })
    }

    /// The size along an axis, 1 beyond the last.
    pub(crate) fn size(&self, axis: usize) -> usize {
        self.shape.get(axis).copied().unwrap_or(1)
    }

    /// The same numbers in another shape.
    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Result<Self, Reason> {
        if count(&shape)? != self.numbers.len() + self.integers.len() {
            return Err("the new shape has another number of numbers".into());
        }
        Ok(Self {
            shape,
            ..self.clone()
        })
    }

    /// Each number through a function.
    pub(crate) fn map(&self, function: impl Fn(f32) -> f32) -> Self {
        Self {
            shape: self.shape.clone(),
            numbers: self
                .numbers
                .iter()
                .map(|number| function(*number))
                .collect(),
            integers: Vec::new(),
        }
    }
}

/// How many numbers a shape has.
pub(crate) fn count(shape: &[usize]) -> Result<usize, Reason> {
    let product = shape
        .iter()
        .try_fold(1_usize, |product, size| product.checked_mul(*size));
    let within = product.filter(|product| *product <= MAX_NUMBERS);
    within.ok_or_else(|| "an array is larger than 1 GiB".into())
}

/// An axis, counted from the end where it is negative.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Reason> {
    let from_start = usize::try_from(axis).ok();
    let from_end = usize::try_from(axis.unsigned_abs()).ok();
    let from_end = from_end.and_then(|back| rank.checked_sub(back));
    let axis = from_start.or(from_end).filter(|axis| *axis <= rank);
    axis.ok_or_else(|| "there is no such axis".into())
}

fn words<const N: usize>(raw: &[u8]) -> impl Iterator<Item = [u8; N]> {
    raw.as_chunks::<N>().0.iter().copied()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded to what is computed with"
)]
fn single(number: f64) -> f32 {
    number as f32
}
