//! Reads the model and the user's rows, writes what the model says of each.

use std::process::ExitCode;

use infer::Model;
use veracruz_guest::{Arguments, Failure, Input, Output};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let id = arguments.text("id", "id")?;
    arguments.finish()?;
    let model = Model::read(Input::open("/input/modeller.onnx")?)?;
    let mut output = Output::create("/output/predictions.csv")?;
    let summary = infer::infer(&model, Input::open("/input/user.csv")?, &id, &mut output)?;
    output.finish()?;
    Output::json("/output/summary.json", &summary)
}
