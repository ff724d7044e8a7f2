//! The traveller's questions and their answers.

use std::io::BufRead;

use serde::Serialize;
use veracruz_guest::{Column, Failure, Input, Row};

use crate::geometry::Point;
use crate::network::Network;

/// What the licence of the map wants to be shown with it.
pub const CREDIT: &str = "© OpenStreetMap contributors, Open Database License 1.0";

/// From where to where.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The traveller's name for it.
    pub id: String,
    /// Where from, in words.
    pub from_place: String,
    /// Where to, in words.
    pub to_place: String,
    /// Where from.
    pub from: Point,
    /// Where to.
    pub to: Point,
}

/// What the traveller learns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Routes {
    /// To be shown with every route.
    pub credit: &'static str,
    /// In the order of the questions.
    pub routes: Vec<Route>,
}

/// A way from one place to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// The traveller's name for it.
    pub id: String,
    /// Where from, in words.
    pub from_place: String,
    /// Where to, in words.
    pub to_place: String,
    /// How long it is, to the millimetre.
    pub metres: f64,
    /// How far away from the road it starts.
    pub metres_to_start: f64,
    /// How far away from the road it ends.
    pub metres_from_end: f64,
    /// The streets along it.
    pub streets: Vec<String>,
    /// Its points: latitude and longitude in degrees.
    pub points: Vec<[f64; 2]>,
}

impl Query {
    /// Reads questions: columns `id`, `from_lat`, `from_lon`, `to_lat`, `to_lon` in degrees, and
    /// `from_place` and `to_place` if they are there.
    ///
    /// # Errors
    /// In which line the file is malformed, and why.
    pub fn read<R: BufRead>(input: Input<R>) -> Result<Vec<Self>, Failure> {
        let mut table = input.table()?;
        let [id, from_latitude, from_longitude, to_latitude, to_longitude] =
            table.columns(["id", "from_lat", "from_lon", "to_lat", "to_lon"])?;
        let places = ["from_place", "to_place"].map(|name| table.find(name));
        let mut queries = Vec::new();
        while let Some(row) = table.next_row()? {
            let [from_place, to_place] = places.map(|column| {
                let text = column.map(|column| row.text(column));
                text.unwrap_or_default().to_owned()
            });
            queries.push(Self {
                id: row.required(id)?.to_owned(),
                from_place,
                to_place,
                from: point(&row, from_latitude, from_longitude)?,
                to: point(&row, to_latitude, to_longitude)?,
            });
        }
        Ok(queries)
    }
}

fn point(row: &Row<'_>, latitude: Column, longitude: Column) -> Result<Point, Failure> {
    let degrees = |column, most: f64, reason| {
        let degrees = row.number(column)?;
        if degrees.abs() > most {
            return Err(row.failure_of(column, reason));
        }
        Ok(degrees)
    };
    Ok(Point {
        latitude: degrees(latitude, 90.0, "should be from -90 to 90")?,
        longitude: degrees(longitude, 180.0, "should be from -180 to 180")?,
    })
}

impl Routes {
    /// Answers all questions. A journey starts and ends at the nearest node of the largest connected
    /// part of the network, so that there always is a way.
    #[must_use]
    pub fn find(network: &Network, queries: Vec<Query>) -> Self {
        let routes = queries.into_iter().filter_map(|query| {
            let (start, metres_to_start) = network.nearest(query.from)?;
            let (end, metres_from_end) = network.nearest(query.to)?;
            let path = network.shortest(start, end)?;
            let points = path.nodes.iter().filter_map(|node| network.point(*node));
            Some(Route {
                id: query.id,
                from_place: query.from_place,
                to_place: query.to_place,
                metres: millimetres(path.metres),
                metres_to_start: millimetres(metres_to_start),
                metres_from_end: millimetres(metres_from_end),
                streets: network.streets(&path),
                points: points
                    .map(|point| [point.latitude, point.longitude])
                    .collect(),
            })
        });
        Self {
            credit: CREDIT,
            routes: routes.collect(),
        }
    }
}

fn millimetres(metres: f64) -> f64 {
    (metres * 1000.0).round() / 1000.0
}
