//! Distances on the earth.

/// The earth's mean radius in metres.
const RADIUS: f64 = 6_371_008.8;

/// A place on the earth (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// In degrees, from -90 (south) to 90.
    pub latitude: f64,
    /// In degrees, from -180 (west) to 180.
    pub longitude: f64,
}

impl Point {
    /// The length of the great circle between two points, in metres: the earth as a sphere, by the
    /// haversine formula. The same on every machine.
    #[must_use]
    pub fn metres_to(self, other: Self) -> f64 {
        let [latitude, other_latitude] = [self.latitude, other.latitude].map(f64::to_radians);
        let longitudes = other.longitude.to_radians() - self.longitude.to_radians();
        let squared = |angle: f64| {
            let sine = libm::sin(angle / 2.0);
            sine * sine
        };
        let share = squared(other_latitude - latitude)
            + libm::cos(latitude) * libm::cos(other_latitude) * squared(longitudes);
        2.0 * RADIUS * libm::asin(share.sqrt().min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_equator_is_a_quarter_of_the_circumference() {
        let [here, there] = [0.0, 90.0].map(|longitude| Point {
            latitude: 0.0,
            longitude,
        });
        let expected = RADIUS * std::f64::consts::FRAC_PI_2;
        assert!((here.metres_to(there) - expected).abs() < 1e-6);
        assert!(here.metres_to(here).abs() < f64::EPSILON);
    }
}
