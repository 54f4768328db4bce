//! A sweep: one scenario, run for every combination of some values of some of its fields. Says
//! which runs there are and what each one's scenario is; must not run anything.

mod decimal;
mod file;
mod place;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::explain::SCENARIO;
use super::locate::path_at;
use super::problem::clip;
use super::{Problem, Scenario, read};
use file::SWEEP;
pub use file::{Axis, RUNS_MAX, Value};

/// Fields that say which files are read.
const DATA_FIELDS: [&str; 3] = ["signals", "nodes", "energy"];

/// A sweep that has been read and checked as far as it can be without making every combination.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Name of the sweep; may be empty.
    pub title: String,
    /// The scenario, by path or name, as the file says it.
    pub scenario: String,
    /// Whether each run has its control pair.
    pub control: bool,
    /// What is varied; the last one varies fastest.
    pub axes: Vec<Axis>,
    base: String,
    name: String,
    text: String,
}

impl Sweep {
    /// Reads the sweep file at `path` and the scenario that it names, which is looked for beside
    /// it.
    ///
    /// # Errors
    ///
    /// Why a file cannot be read, or the first thing wrong, with its line and column.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Problem> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = read::read(&SWEEP, path, &name)?;
        Self::parse(&name, &text, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads a sweep from `text`; `name` is the file as messages shall call it, and scenario files
    /// are looked for in `folder`.
    ///
    /// Every value is tried once, with the first values of all other fields.
    ///
    /// # Errors
    ///
    /// The first thing wrong, with its line and column.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, Problem> {
        let sweep = file::parse(name, read::without_mark(text), folder)?;
        for (axis, varied) in sweep.axes.iter().enumerate() {
            for value in 0..varied.values.len() {
                let mut places = vec![0; sweep.axes.len()];
                if let Some(place) = places.get_mut(axis) {
                    *place = value;
                }
                sweep.build(&places)?;
            }
        }
        Ok(sweep)
    }

    /// Whether a text is meant as a sweep, right or wrong: whether it has axes.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        read::guard(&SWEEP, "", text).is_ok() && super::locate::find(text, "axes").1
    }

    /// Runs that between them read every data set that any run reads: all that differ in a field
    /// which data sets depend on.
    pub fn readers(&self) -> impl Iterator<Item = u64> {
        let mut strides = Vec::new();
        let mut stride = 1;
        for axis in self.axes.iter().rev() {
            let values = axis.values.len() as u64;
            if DATA_FIELDS.iter().any(|field| is_within(&axis.field, field)) {
                strides.push((stride, values));
            }
            stride *= values;
        }
        let all = strides.iter().map(|(_, values)| values).product::<u64>();
        (0..all).map(move |number| {
            let mut rest = number;
            let run = strides.iter().map(|(stride, values)| {
                let place = rest % values;
                rest /= values;
                place * stride
            });
            run.sum()
        })
    }

    /// How many runs there are: one for each combination of values.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.axes.iter().map(|axis| axis.values.len() as u64).product()
    }

    /// Fields and values of a run, values as RON.
    #[must_use]
    pub fn parameters(&self, run: u64) -> Vec<(&str, &str)> {
        let places = self.places(run);
        self.axes
            .iter()
            .zip(places)
            .map(|(axis, place)| {
                let text = axis.values.get(place).map_or("", |value| value.text.as_str());
                (axis.field.as_str(), text)
            })
            .collect()
    }

    /// The scenario of a run.
    ///
    /// # Errors
    ///
    /// When its values cannot stand together; the place is one in the sweep's file.
    pub fn scenario(&self, run: u64) -> Result<Scenario, Problem> {
        self.build(&self.places(run))
    }

    /// What the sweep is: the same for the same runs in the same order, whatever the file's
    /// comments, title and name.
    #[must_use]
    pub fn identity(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let mut part = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        };
        let first = self.scenario(0).map(|scenario| scenario.to_ron());
        part(first.as_deref().unwrap_or_default());
        part(if self.control { "control" } else { "" });
        for axis in &self.axes {
            part(&axis.field);
            part(&axis.values.len().to_string());
            axis.values.iter().for_each(|value| part(&value.text));
        }
        *hasher.finalize().as_bytes()
    }

    /// The place of each axis' value in a run.
    fn places(&self, run: u64) -> Vec<usize> {
        let mut rest = run;
        let mut places: Vec<usize> = Vec::with_capacity(self.axes.len());
        for axis in self.axes.iter().rev() {
            let values = (axis.values.len() as u64).max(1);
            places.push((rest % values) as usize);
            rest /= values;
        }
        places.reverse();
        places
    }

    fn build(&self, places: &[usize]) -> Result<Scenario, Problem> {
        let mut text = self.base.clone();
        for (axis, place) in self.axes.iter().zip(places) {
            let value = axis.values.get(*place).map_or("", |value| value.text.as_str());
            text = place::put(&text, &axis.field, value).map_err(|why| {
                Problem::at(
                    &self.name,
                    &self.text,
                    axis.field_span.clone(),
                    why.found,
                    why.accepted,
                )
            })?;
        }
        let scenario: Scenario = read::typed(&SCENARIO, &self.name, &text).map_err(|problem| {
            let at = problem.position().map_or(0, |at| byte_at(&text, at.line, at.column));
            let (path, _) = path_at(&text, at);
            self.blame(places, &[&path], problem.found(), problem.accepted())
        })?;
        scenario.validate().map_err(|fault| {
            let mut paths = vec![fault.path.as_str()];
            paths.extend(fault.related.iter().copied());
            self.blame(places, &paths, &fault.found, &fault.accepted)
        })?;
        Ok(scenario)
    }

    /// A problem with the values at `places`, put where the sweep's file gives the one to blame.
    fn blame(&self, places: &[usize], paths: &[&str], found: &str, accepted: &str) -> Problem {
        let span = paths.iter().find_map(|path| {
            let concerned =
                |axis: &Axis| is_within(path, &axis.field) || is_within(&axis.field, path);
            let (axis, place) = self.axes.iter().zip(places).rfind(|(axis, _)| concerned(axis))?;
            axis.values.get(*place).map(|value| value.span.clone())
        });
        let span = span.unwrap_or_else(|| super::locate::find(&self.text, "axes").0);
        let with: Vec<String> = self
            .axes
            .iter()
            .zip(places)
            .filter_map(|(axis, place)| {
                let value = axis.values.get(*place)?;
                Some(format!("{} = {}", axis.field, clip(&value.text, 40)))
            })
            .collect();
        let found = format!("{found} (with {})", clip(&with.join(", "), 300));
        Problem::at(&self.name, &self.text, span, found, accepted)
    }
}

/// Whether `path` is `field` or lies inside it.
fn is_within(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The byte of a line and column, both counted from 1.
fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    before + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}
