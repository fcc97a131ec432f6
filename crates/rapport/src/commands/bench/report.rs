//! The figures: a table for people, JSON for programs.

use anyhow::Result;
use serde::Serialize;
use std::fmt::Write as _;

/// How a figure is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// At least this much.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
    /// A floor or a fact: nothing is asked of it.
    None,
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    target: Option<f64>,
    reached: Option<bool>,
    note: String,
}

/// All figures of a run.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    machine: Machine,
    people: u64,
    seconds: f64,
    figures: Vec<Figure>,
}

/// Where it was measured.
#[derive(Debug, Serialize)]
struct Machine {
    cores: usize,
    memory_gib: u64,
    processor: String,
    load_before: String,
}

impl Default for Machine {
    fn default() -> Machine {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let memory = read("/proc/meminfo");
        let kilobytes = memory
            .split_whitespace()
            .nth(1)
            .and_then(|kb| kb.parse::<u64>().ok());
        let processor = read("/proc/cpuinfo");
        let model = processor
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Machine {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: kilobytes.unwrap_or(0) >> 20,
            processor: model.map_or_else(String::new, |(_, model)| model.to_owned()),
            load_before: read("/proc/loadavg").split_whitespace().take(1).collect(),
        }
    }
}

impl Report {
    /// Of a run among `people` people, each load going on for `seconds`.
    pub(super) fn of(people: u64, seconds: f64) -> Report {
        Report {
            people,
            seconds,
            ..Report::default()
        }
    }

    /// Adds a figure, and says it at once.
    pub(super) fn add(
        &mut self,
        name: &str,
        value: f64,
        unit: &'static str,
        target: Target,
        note: impl Into<String>,
    ) {
        let (limit, reached) = match target {
            Target::AtLeast(limit) => (Some(limit), Some(value >= limit)),
            Target::Below(limit) => (Some(limit), Some(value < limit)),
            Target::None => (None, None),
        };
        let figure = Figure {
            name: name.to_owned(),
            value,
            unit,
            target: limit,
            reached,
            note: note.into(),
        };
        eprintln!("{}", row(&figure));
        self.figures.push(figure);
    }

    /// A figure by its name.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        self.figures
            .iter()
            .find(|figure| figure.name == name)
            .map(|figure| figure.value)
    }

    /// The table, in Markdown.
    pub(super) fn table(&self) -> String {
        let mut text =
            String::from("| what | figure | target | reached | how |\n|---|---:|---:|---|---|\n");
        for figure in &self.figures {
            let _ = writeln!(text, "{}", row(figure));
        }
        text
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// None in practice: every figure is plain data.
    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

fn row(figure: &Figure) -> String {
    let target = figure.target.map_or_else(String::new, spelled);
    let reached = match figure.reached {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    let Figure {
        name,
        value,
        unit,
        note,
        ..
    } = figure;
    format!(
        "| {name} | {} {unit} | {target} | {reached} | {note} |",
        spelled(*value)
    )
}

/// Whole numbers with separators above a hundred, else what is significant.
fn spelled(value: f64) -> String {
    if value < 100.0 {
        let text = format!("{value:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_target() {
        let mut report = Report::default();
        report.add(
            "fast",
            150_000.0,
            "events/s",
            Target::AtLeast(150_000.0),
            "",
        );
        report.add("slow", 300.0, "ms", Target::Below(300.0), "");
        report.add("fact", 0.25, "", Target::None, "as it is");
        let table = report.table();
        assert!(
            table.contains("| fast | 150,000 events/s | 150,000 | yes |"),
            "{table}"
        );
        assert!(table.contains("| slow | 300 ms | 300 | no |"), "{table}");
        assert!(
            table.contains("| fact | 0.25  |  |  | as it is |"),
            "{table}"
        );
        assert_eq!(report.value("slow"), Some(300.0));
    }
}
