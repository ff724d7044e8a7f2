//! Reads the map and the questions, writes the routes.

use std::process::ExitCode;

use route::{Network, Query, Roads, Routes};
use veracruz_guest::{Arguments, Failure, Input, Output};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(arguments: Arguments) -> Result<(), Failure> {
    arguments.finish()?;
    let queries = Query::read(Input::open("/input/traveller.csv")?)?;
    let roads = Roads::read(|| Input::open("/input/cartographer.osm.pbf"))?;
    let routes = Routes::find(&Network::new(roads), queries);
    Output::json("/output/routes.json", &routes)
}
