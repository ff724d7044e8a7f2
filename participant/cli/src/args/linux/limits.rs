//! How much a host takes on, and how much each of its isolates may use.

use clap::Args;
use std::str::FromStr;
use std::time::Duration;
use veracruz_launch::Resources;
use veracruz_server::Limits;

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Isolates that may run at a time
    #[arg(
        long,
        env = "VERACRUZ_HOST_LIMITS_ISOLATES",
        value_name = "COUNT",
        default_value_t = 16
    )]
    pub(crate) isolates: usize,
    /// Memory that all isolates may be promised together, as 64GiB (no bound unless given)
    #[arg(long, env = "VERACRUZ_HOST_LIMITS_MEMORY", value_name = "SIZE")]
    pub(crate) memory: Option<Size>,
    /// Memory that one isolate may use, its files among it
    #[arg(
        long,
        env = "VERACRUZ_HOST_LIMITS_ISOLATE_MEMORY",
        value_name = "SIZE",
        default_value = "8GiB"
    )]
    pub(crate) isolate_memory: Size,
    /// Processors that one isolate may keep busy, as 1.5 (no bound unless given)
    #[arg(long, env = "VERACRUZ_HOST_LIMITS_ISOLATE_CPUS", value_name = "NUMBER")]
    pub(crate) isolate_cpus: Option<Processors>,
    /// Processes and threads of one isolate
    #[arg(
        long,
        env = "VERACRUZ_HOST_LIMITS_ISOLATE_PROCESSES",
        value_name = "COUNT",
        default_value_t = 512
    )]
    pub(crate) isolate_processes: u32,
    /// Seconds between two questions to an isolate how it is
    #[arg(long, env = "VERACRUZ_HOST_LIMITS_HEALTH_INTERVAL", value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) health_interval: u64,
    /// Seconds after which an isolate that does not answer is ended
    #[arg(long, env = "VERACRUZ_HOST_LIMITS_HANGS_AFTER", value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub(crate) hangs_after: u64,
}

impl LimitArgs {
    /// Of the host.
    pub(crate) fn host(&self) -> Limits {
        Limits {
            isolates: self.isolates,
            memory: self.memory.map(|size| size.0),
            health_interval: Duration::from_secs(self.health_interval),
            hangs_after: Duration::from_secs(self.hangs_after),
            ..Limits::default()
        }
    }

    /// Of each isolate.
    pub(crate) fn isolate(&self) -> Resources {
        Resources {
            memory: self.isolate_memory.0,
            processes: self.isolate_processes,
            cpu: self.isolate_cpus.map(|processors| processors.0),
            ..Resources::default()
        }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        let unit = text.strip_prefix(digits).unwrap_or_default();
        let shift = match unit {
            "" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            "TiB" => 40,
            _ => return Err("expected bytes, or a number with KiB, MiB, GiB or TiB"),
        };
        let number: u64 = digits.parse().map_err(|_| "expected a number, as 8GiB")?;
        let bytes = number.checked_mul(1 << shift);
        bytes.map(Self).ok_or("more bytes than there are")
    }
}

/// Thousandths of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Processors(pub(crate) u32);

impl FromStr for Processors {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a number of processors from 0.01 on, as 1.5";
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("expected at most three digits after the point, as 1.5");
        }
        let whole: u32 = whole.parse().map_err(|_| EXPECTED)?;
        let fraction: u32 = format!("{fraction:0<3}").parse().map_err(|_| EXPECTED)?;
        let thousandths = whole
            .checked_mul(1000)
            .and_then(|whole| whole.checked_add(fraction));
        match thousandths {
            Some(thousandths @ 10..) => Ok(Self(thousandths)),
            _ => Err(EXPECTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        for (text, bytes) in [("0", 0), ("17", 17), ("4KiB", 4096), ("8GiB", 8 << 30)] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in [
            "",
            "GiB",
            "8GB",
            "8 GiB",
            "-1",
            "1.5GiB",
            "99999999TiB",
            "8gib",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn reads_processors() {
        for (text, thousandths) in [("1", 1000), ("1.5", 1500), ("0.01", 10), ("2.125", 2125)] {
            assert_eq!(text.parse(), Ok(Processors(thousandths)), "{text}");
        }
        for text in ["", "0", ".5", "1.2345", "-1", "0.001", "9999999", "1,5"] {
            assert!(text.parse::<Processors>().is_err(), "{text}");
        }
    }
}
