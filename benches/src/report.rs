//! What a bench says: a table for people, JSON for programs, and which promises hold.

use std::path::Path;

use serde_json::{Value, json};

use crate::clang::Clang;
use crate::failure::Failure;

/// One bench's results.
pub(crate) struct Report {
    name: &'static str,
    lines: Vec<String>,
    promises: Vec<Promise>,
    values: Value,
}

/// A number that `SPECIFICATION.md` promises.
pub(crate) struct Promise {
    pub(crate) what: &'static str,
    pub(crate) bound: Bound,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
}

/// On which side of its limit a number must lie.
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    /// `values` are the numbers behind the table, `clang` what compiled the programs.
    pub(crate) fn new(name: &'static str, clang: Option<&Clang>, values: Value) -> Self {
        let compiler = clang.map(|clang| clang.version.as_str());
        let machine = json!({ "processor": processor(), "clang": compiler });
        let mut lines = vec![format!("processor: {}", processor())];
        lines.extend(compiler.map(|compiler| format!("compiler:  {compiler}")));
        lines.push(String::new());
        Self {
            name,
            lines,
            promises: Vec::new(),
            values: json!({ "bench": name, "machine": machine, "values": values }),
        }
    }

    pub(crate) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    pub(crate) fn promise(&mut self, promise: Promise) {
        self.promises.push(promise);
    }

    pub(crate) fn print(&self) {
        println!("{}", self.lines.join("\n"));
        println!();
        for promise in &self.promises {
            println!("{promise}");
        }
    }

    pub(crate) fn write(mut self, to: &Path) -> Result<(), Failure> {
        let promises: Vec<Value> = self.promises.iter().map(Promise::to_json).collect();
        if let Some(object) = self.values.as_object_mut() {
            object.insert("promises".into(), promises.into());
        }
        std::fs::write(to, format!("{:#}\n", self.values)).map_err(Failure::during(self.name))?;
        println!("\nwritten to {}", to.display());
        Ok(())
    }
}

impl Promise {
    fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(limit) => self.measured <= limit,
            Bound::AtLeast(limit) => self.measured >= limit,
        }
    }

    fn to_json(&self) -> Value {
        let (side, limit) = match self.bound {
            Bound::AtMost(limit) => ("at most", limit),
            Bound::AtLeast(limit) => ("at least", limit),
        };
        json!({
            "what": self.what,
            "promised": { side: limit },
            "measured": self.measured,
            "unit": self.unit,
            "holds": self.holds(),
        })
    }
}

impl std::fmt::Display for Promise {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.holds() { "holds" } else { "MISSED" };
        let (sign, limit) = match self.bound {
            Bound::AtMost(limit) => ("≤", limit),
            Bound::AtLeast(limit) => ("≥", limit),
        };
        let Self {
            what,
            measured,
            unit,
            ..
        } = self;
        write!(
            formatter,
            "{verdict}: {what}: {measured:.2} {unit} (promised {sign} {limit} {unit})"
        )
    }
}

/// As the kernel names it.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    name.unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_missed_on_its_own_side_only() {
        let promise = |bound| Promise {
            what: "this",
            bound,
            measured: 2.0,
            unit: "ms",
        };
        assert!(promise(Bound::AtMost(2.0)).holds());
        assert!(!promise(Bound::AtMost(1.9)).holds());
        assert!(promise(Bound::AtLeast(2.0)).holds());
        assert!(!promise(Bound::AtLeast(2.1)).holds());
    }

    #[test]
    fn a_number_that_is_none_holds_no_promise() {
        let promise = Promise {
            what: "this",
            bound: Bound::AtMost(2.0),
            measured: f64::NAN,
            unit: "ms",
        };
        assert!(!promise.holds());
    }
}
