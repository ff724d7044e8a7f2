//! The third stage: how two series of readings go together. It sees neither what the parties provided nor
//! what the first stage made of it, only days that both have.

use std::io::BufRead;

use serde::Serialize;
use veracruz_guest::{Column, Failure, Input};

/// What the parties learn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many days both have.
    pub days: u64,
    /// Both names, in the order of what follows.
    pub series: Vec<String>,
    /// The mean of each.
    pub means: Vec<f64>,
    /// On how many days the first is above the second.
    pub first_above: u64,
    /// Pearson's; none where a series is constant.
    pub correlation: Option<f64>,
    /// The products of both, added up over all days.
    pub sum_of_products: f64,
}

impl Report {
    /// Reads two columns beside `date`.
    ///
    /// # Errors
    /// Where there are others, or fewer than `minimum` days.
    pub fn of<R: BufRead>(input: Input<R>, minimum: u64) -> Result<Self, Failure> {
        let mut table = input.table()?;
        let columns = table.all_columns().filter(|(_, name)| *name != "date");
        let columns: Vec<(Column, String)> =
            columns.map(|(it, name)| (it, name.to_owned())).collect();
        let [(first, first_name), (second, second_name)] = columns.as_slice() else {
            return Err(table.origin().failure_in_line(1, "expected two series"));
        };
        let (mut days, mut first_above, mut sum_of_products) = (0_u64, 0, 0.0);
        let (mut means, mut squares, mut products) = ([0.0; 2], [0.0; 2], 0.0);
        while let Some(row) = table.next_row()? {
            let (x, y) = (row.number(*first)?, row.number(*second)?);
            days += 1;
            first_above += u64::from(x > y);
            sum_of_products += x * y;
            #[expect(clippy::cast_precision_loss, reason = "a number of days")]
            let count = days as f64;
            let [x_mean, y_mean] = &mut means;
            let [x_squares, y_squares] = &mut squares;
            let (from_x, from_y) = (x - *x_mean, y - *y_mean);
            *x_mean += from_x / count;
            *y_mean += from_y / count;
            *x_squares += from_x * (x - *x_mean);
            *y_squares += from_y * (y - *y_mean);
            products += from_x * (y - *y_mean);
        }
        if days < minimum {
            let reason = format!("both have fewer than {minimum} days in common");
            return Err(Failure::withheld(reason));
        }
        let [x_squares, y_squares] = squares;
        let correlation = products / (x_squares * y_squares).sqrt();
        Ok(Self {
            days,
            series: vec![first_name.clone(), second_name.clone()],
            means: means.to_vec(),
            first_above,
            correlation: Some(correlation).filter(|it| it.is_finite()),
            sum_of_products,
        })
    }
}
