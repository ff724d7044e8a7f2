//! A small engine for neural networks in the format ONNX: the operators of perceptrons and of
//! convolutional networks, in 32-bit floating point. What it does not know it names.

mod graph;
mod onnx;
mod operators;
mod rows;
mod tensor;

pub use graph::Model;
pub use rows::{Summary, infer};
