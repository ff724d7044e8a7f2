//! Reads the parties' rows, trains, tests, and writes the model and its quality.

use std::process::ExitCode;

use train::{Data, Evaluation, Model, Rows};
use veracruz_guest::{Arguments, Failure, Input, Output};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let data = Data {
        label: arguments.required("label")?,
        ignored: arguments.all("ignore")?,
    };
    let inverse_penalty = arguments.parse("c", 1.0)?;
    arguments.finish()?;

    let mut rows = Rows::default();
    for input in Input::all_in("/train")? {
        data.read(input, &mut rows)?;
    }
    let mut test = Rows {
        features: rows.features.clone(),
        ..Rows::default()
    };
    for input in Input::all_in("/test")? {
        data.read(input, &mut test)?;
    }
    let model = Model::train(&rows, inverse_penalty)?;
    Output::json("/output/evaluation.json", &Evaluation::of(&model, &test))?;
    Output::json("/output/model.json", &model)
}
