//! Reads both logs; writes what items go together, recommendations for each shop, and how good they are.

use std::process::ExitCode;

use recommend::{Logs, Model, evaluate};
use veracruz_guest::{Arguments, Failure, Input, Output, quoted};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let minimum = arguments.parse("minimum", 5)?;
    let top = arguments.parse("top", 5)?;
    arguments.finish()?;
    let mut logs = Logs::default();
    for input in Input::all_in("/input")? {
        logs.add(input)?;
    }
    if logs.shops.len() != 2 {
        return Err(Failure::usage("/input: expected two files"));
    }
    Output::json("/output/evaluation.json", &evaluate(&logs, minimum, top))?;

    let model = Model::learn(logs.people.values(), minimum);
    let mut pairs = Output::create("/output/pairs.csv")?;
    writeln!(pairs, "first,second,users,similarity")?;
    for pair in model.pairs() {
        let [first, second] = [pair.first, pair.second].map(|item| quoted(logs.name(item)));
        writeln!(
            pairs,
            "{first},{second},{},{:.6}",
            pair.people, pair.similarity
        )?;
    }
    pairs.finish()?;

    for (shop, name) in logs.shops.iter().enumerate() {
        let mut output = Output::create(&format!("/output/{name}.csv"))?;
        writeln!(output, "user_id,rank,item_id")?;
        let customers = logs.people.iter();
        let customers = customers.filter(|(_, items)| items.iter().any(|item| item.shop == shop));
        for (person, items) in customers {
            let recommended = model.recommend(items, logs.of_shop(shop), top);
            for (rank, item) in (1..).zip(recommended) {
                writeln!(
                    output,
                    "{},{rank},{}",
                    quoted(person),
                    quoted(logs.name(item))
                )?;
            }
        }
        output.finish()?;
    }
    Ok(())
}
