//! Reads the seller's lots and all bids, writes what was sold.

use std::process::ExitCode;

use auction::Lots;
use veracruz_guest::{Arguments, Failure, Input, Output, quoted};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(arguments: Arguments) -> Result<(), Failure> {
    arguments.finish()?;
    let mut lots = Lots::read(Input::open("/reserve/seller.csv")?)?;
    for bidder in Input::all_in("/bids")? {
        lots.bid(bidder)?;
    }
    let mut output = Output::create("/output/result.csv")?;
    writeln!(output, "lot,winner,price")?;
    for sale in lots.sell() {
        let (lot, winner) = (quoted(&sale.lot), quoted(&sale.winner));
        writeln!(output, "{lot},{winner},{}", sale.price)?;
    }
    output.finish()
}
