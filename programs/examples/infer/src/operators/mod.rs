//! ONNX's operators, as far as they are known here.

mod elementwise;
mod linear;
mod shape;
mod spatial;
#[cfg(test)]
mod tests;

use crate::onnx::{AttributeProto, NodeProto};
use crate::tensor::{Reason, Tensor};

/// An operator with its inputs.
pub(crate) struct Call<'model> {
    pub(crate) node: &'model NodeProto,
    /// One a name; none where an optional one was left out.
    pub(crate) inputs: Vec<Option<&'model Tensor>>,
    /// The version of the set of operators: some changed their meaning.
    pub(crate) version: i64,
}

impl<'model> Call<'model> {
    /// Applies it. All but the first output are of use in training alone, and are not made.
    pub(crate) fn apply(&self) -> Result<Tensor, Reason> {
        match self.node.op_type.as_str() {
            "Add" => elementwise::two(self, |a, b| a + b),
            "Sub" => elementwise::two(self, |a, b| a - b),
            "Mul" => elementwise::two(self, |a, b| a * b),
            "Div" => elementwise::two(self, |a, b| a / b),
            "Pow" => elementwise::two(self, libm::powf),
            "Max" => elementwise::two(self, f32::max),
            "Min" => elementwise::two(self, f32::min),
            "Relu" => Ok(self.input(0)?.map(|x| x.max(0.0))),
            "LeakyRelu" => {
                let slope = self.float("alpha", 0.01);
                Ok(self.input(0)?.map(|x| if x < 0.0 { slope * x } else { x }))
            }
            "Elu" => {
                let alpha = self.float("alpha", 1.0);
                let below = |x| alpha * (libm::expf(x) - 1.0);
                Ok(self.input(0)?.map(|x| if x < 0.0 { below(x) } else { x }))
            }
            "Sigmoid" => Ok(self.input(0)?.map(|x| 1.0 / (1.0 + libm::expf(-x)))),
            "Tanh" => Ok(self.input(0)?.map(libm::tanhf)),
            "Exp" => Ok(self.input(0)?.map(libm::expf)),
            "Log" => Ok(self.input(0)?.map(libm::logf)),
            "Sqrt" => Ok(self.input(0)?.map(f32::sqrt)),
            "Neg" => Ok(self.input(0)?.map(|x| -x)),
            "Abs" => Ok(self.input(0)?.map(f32::abs)),
            "Erf" => Ok(self.input(0)?.map(libm::erff)),
            "Clip" => elementwise::clip(self),
            "Softmax" => elementwise::softmax(self, false),
            "LogSoftmax" => elementwise::softmax(self, true),
            "BatchNormalization" => elementwise::batch_normalization(self),
            "Identity" | "Dropout" => Ok(self.input(0)?.clone()),
            "Gemm" => linear::gemm(self),
            "MatMul" => linear::matmul(self.input(0)?, self.input(1)?),
            "Conv" => spatial::convolution(self),
            "MaxPool" => spatial::max_pool(self),
            "AveragePool" => spatial::average_pool(self),
            "GlobalAveragePool" => spatial::global(self, spatial::mean),
            "GlobalMaxPool" => spatial::global(self, spatial::maximum),
            "Constant" => shape::constant(self),
            "Reshape" => shape::reshape(self),
            "Flatten" => shape::flatten(self),
            "Transpose" => shape::transpose(self),
            "Squeeze" => shape::squeeze(self),
            "Unsqueeze" => shape::unsqueeze(self),
            "Concat" => shape::concat(self),
            _ => Err("is not supported".into()),
        }
    }

    pub(crate) fn input(&self, index: usize) -> Result<&'model Tensor, Reason> {
        self.optional(index).ok_or_else(|| "lacks an input".into())
    }

    pub(crate) fn optional(&self, index: usize) -> Option<&'model Tensor> {
        self.inputs.get(index).copied().flatten()
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'model AttributeProto> {
        self.node
            .attribute
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(crate) fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name)
            .map_or(default, |attribute| attribute.f)
    }

    pub(crate) fn integer(&self, name: &str, default: i64) -> i64 {
        self.attribute(name)
            .map_or(default, |attribute| attribute.i)
    }

    pub(crate) fn text(&self, name: &str) -> &'model [u8] {
        self.attribute(name).map_or(b"", |attribute| &attribute.s)
    }

    /// Sizes: whole numbers that are not negative.
    pub(crate) fn sizes(&self, name: &str) -> Result<Option<Vec<usize>>, Reason> {
        let Some(attribute) = self.attribute(name) else {
            return Ok(None);
        };
        let sizes = attribute.ints.iter().map(|size| usize::try_from(*size));
        let sizes = sizes.collect::<Result<Vec<_>, _>>();
        sizes
            .map(Some)
            .map_err(|_| format!("`{name}` should not be negative").into())
    }

    /// Axes: an attribute once, an input since version 13.
    pub(crate) fn axes(&self) -> Option<&'model [i64]> {
        let input = self.optional(1).map(|tensor| tensor.integers.as_slice());
        input.or_else(|| {
            self.attribute("axes")
                .map(|attribute| attribute.ints.as_slice())
        })
    }
}
