//! A model: its operators in order, with the arrays between them.

use std::collections::HashMap;
use std::io::BufRead;

use prost::Message;
use veracruz_guest::{Failure, Input, Origin};

use crate::onnx::{ModelProto, NodeProto, ValueInfoProto};
use crate::operators::Call;
use crate::tensor::{Reason, Tensor, count};

const FLOAT: i32 = 1;

/// A model that was read, and whose it is.
#[derive(Debug)]
pub struct Model {
    origin: Origin,
    nodes: Vec<NodeProto>,
    constants: HashMap<String, Tensor>,
    input: String,
    output: String,
    version: i64,
    /// What one row of the input has, without the axis of rows.
    shape: Vec<usize>,
    /// Whether any number of rows may be given at a time, or one.
    is_batched: bool,
}

impl Model {
    /// Reads a model with one input and at least one output, of which the first counts.
    ///
    /// # Errors
    /// Why it is no model, or none that is supported.
    pub fn read<R: BufRead>(input: Input<R>) -> Result<Self, Failure> {
        let (origin, bytes) = input.bytes()?;
        let model = ModelProto::decode(bytes.as_slice());
        let model =
            model.map_err(|_| origin.failure("no ONNX model: not a protocol buffer of it"))?;
        Self::of_proto(&origin, model).map_err(|reason| origin.failure(reason))
    }

    fn of_proto(origin: &Origin, model: ModelProto) -> Result<Self, Reason> {
        let graph = model
            .graph
            .ok_or("no ONNX model: there is no graph in it")?;
        let mut constants = HashMap::new();
        for constant in &graph.initializer {
            constants.insert(constant.name.clone(), Tensor::of_proto(constant)?);
        }
        // Older models list constants among the inputs.
        let mut inputs = graph
            .input
            .iter()
            .filter(|input| !constants.contains_key(&input.name));
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            return Err("a model with other than one input is not supported".into());
        };
        let (shape, is_batched) = row_shape(input)?;
        let output = graph.output.first().ok_or("the model has no output")?;
        let sets = model.opset_import.iter();
        let version = sets
            .filter(|set| is_standard(&set.domain))
            .map(|set| set.version);
        Ok(Self {
            origin: origin.clone(),
            input: input.name.clone(),
            output: output.name.clone(),
            version: version.max().unwrap_or(1),
            nodes: graph.node,
            constants,
            shape,
            is_batched,
        })
    }

    /// How many numbers a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether any number of rows may be given at a time, or one.
    #[must_use]
    pub fn is_batched(&self) -> bool {
        self.is_batched
    }

    /// The outputs for some rows, one after another.
    ///
    /// # Errors
    /// Which operator is not supported, or does not fit the one before it: the model is at fault.
    pub fn run(&self, rows: usize, numbers: Vec<f32>) -> Result<Vec<f32>, Failure> {
        let mut shape = vec![rows];
        shape.extend(&self.shape);
        let input = Tensor::new(shape, numbers).map_err(|reason| self.origin.failure(reason))?;
        let mut made: HashMap<&str, Tensor> = HashMap::from([(self.input.as_str(), input)]);
        for (number, node) in (1..).zip(&self.nodes) {
            let output = self.apply(node, &made).map_err(|reason| {
                let name = &node.op_type;
                self.origin
                    .failure(format!("operator {number}, {name}, {reason}"))
            })?;
            if let Some(name) = node.output.first() {
                made.insert(name, output);
            }
        }
        let output = made.remove(self.output.as_str());
        let output = output.filter(|output| output.size(0) == rows && output.integers.is_empty());
        let output = output.ok_or_else(|| {
            self.origin
                .failure("the model's output has not one row for each of the input")
        })?;
        Ok(output.numbers)
    }

    fn apply(&self, node: &NodeProto, made: &HashMap<&str, Tensor>) -> Result<Tensor, Reason> {
        if !is_standard(&node.domain) {
            return Err("of a domain other than ONNX's own, is not supported".into());
        }
        let inputs = node.input.iter().map(|name| {
            let found = made.get(name.as_str()).or_else(|| self.constants.get(name));
            match found {
                None if !name.is_empty() => {
                    Err(Reason::from("needs what no operator before it makes"))
                }
                found => Ok(found),
            }
        });
        let inputs = inputs.collect::<Result<_, _>>()?;
        let version = self.version;
        Call {
            node,
            inputs,
            version,
        }
        .apply()
    }
}

fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// The shape of one row, and whether there may be several.
fn row_shape(input: &ValueInfoProto) -> Result<(Vec<usize>, bool), Reason> {
    let tensor = input
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref());
    let tensor = tensor.ok_or("the input is no array")?;
    if tensor.elem_type != FLOAT {
        return Err("an input of other than 32-bit floating point is not supported".into());
    }
    let unknown = || {
        Reason::from(
            "an input whose shape is not known but for the number of rows is not supported",
        )
    };
    let dimensions = &tensor.shape.as_ref().ok_or_else(unknown)?.dim;
    let (rows, others) = dimensions.split_first().ok_or_else(unknown)?;
    let is_batched = match rows.dim_value {
        None | Some(0 | -1) => true,
        Some(1) => false,
        Some(_) => return Err("a fixed number of rows other than 1 is not supported".into()),
    };
    let sizes = others.iter().map(|dimension| {
        let size = dimension.dim_value.filter(|size| *size > 0);
        size.and_then(|size| usize::try_from(size).ok())
            .ok_or_else(unknown)
    });
    let shape = sizes.collect::<Result<Vec<_>, _>>()?;
    count(&shape)?;
    Ok((shape, is_batched))
}
