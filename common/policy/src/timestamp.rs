//! Points in time, as RFC 3339 text in UTC.

use core::{fmt, str::FromStr};

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Its text form is RFC 3339 with `Z` and whole seconds, as `2027-01-01T00:00:00Z`; no other
/// spelling is read, so that one time has one text. A text has a year from 1970 to 9999.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

/// A text is not a [`Timestamp`]. Whoever wrote the text is at fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The text does not have the form.
    #[error("expected a time in UTC as 2027-01-01T00:00:00Z")]
    Form,
    /// There is no such day or time of day, or the year is before 1970.
    #[error("there is no such date and time from 1970 on")]
    Range,
}

const SECONDS_A_DAY: i64 = 86_400;

impl Timestamp {
    /// From whole seconds since 1970.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(SECONDS_A_DAY));
        let second = self.0.rem_euclid(SECONDS_A_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let bytes: &[u8; 20] = text
            .as_bytes()
            .try_into()
            .map_err(|_| TimestampError::Form)?;
        for (byte, form) in bytes.iter().zip(b"0000-00-00T00:00:00Z") {
            let fits = if *form == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == form
            };
            if !fits {
                return Err(TimestampError::Form);
            }
        }
        let number = |from: usize, to: usize| -> i64 {
            bytes
                .get(from..to)
                .unwrap_or_default()
                .iter()
                .fold(0, |sum, digit| {
                    sum * 10 + i64::from(digit.wrapping_sub(b'0'))
                })
        };
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
        let days = days(year, month, day);
        // A day that the month does not have comes back as another one.
        if year < 1970
            || !(1..=12).contains(&month)
            || date(days) != (year, month, day)
            || hour > 23
            || minute > 59
            || second > 59
        {
            return Err(TimestampError::Range);
        }
        Ok(Self(
            days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second,
        ))
    }
}

/// Days in 400 years of the Gregorian calendar, after which it repeats.
const DAYS_AN_ERA: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01. Years are counted from March, so that the leap day is last.
const DAYS_BEFORE_1970: i64 = 719_468;

/// Days since 1970-01-01 of a Gregorian date (Howard Hinnant, "chrono-compatible date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_AN_ERA + day_of_era - DAYS_BEFORE_1970
}

/// The inverse of [`days`].
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_BEFORE_1970;
    let era = days.div_euclid(DAYS_AN_ERA);
    let day_of_era = days.rem_euclid(DAYS_AN_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn agrees_with_date_of_coreutils() {
        // `date -u -d TEXT +%s`
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56Z", 951_827_696),
            ("2026-11-20T08:00:00Z", 1_795_161_600),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(seconds)), "{text}");
            assert_eq!(Timestamp(seconds).to_string(), text);
        }
    }

    #[test]
    fn refuses_days_that_do_not_exist_and_other_forms() {
        for text in [
            "2027-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2027-00-01T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "2027-04-31T00:00:00Z",
            "2027-01-00T00:00:00Z",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:60:00Z",
            "2027-01-01T00:00:60Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(
                text.parse::<Timestamp>(),
                Err(TimestampError::Range),
                "{text}"
            );
        }
        for text in [
            "",
            "2027-01-01",
            "2027-01-01T00:00:00",
            "2027-01-01t00:00:00z",
            "2027-01-01T00:00:00+00:00",
            "2027-01-01T00:00:00.0Z",
            "+027-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z ",
            "２027-01-01T00:00:0Z",
        ] {
            assert_eq!(
                text.parse::<Timestamp>(),
                Err(TimestampError::Form),
                "{text}"
            );
        }
    }
}
