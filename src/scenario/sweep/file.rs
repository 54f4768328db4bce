//! What a sweep's file says, and whether that is in order. The only reader of the format; whether a
//! value fits its field is for the scenario to say.

use std::ops::Range;
use std::path::Path;

use ron::value::RawValue;
use serde::Deserialize;

use super::super::check::accepted;
use super::super::combine::meant;
use super::super::explain::Language;
use super::super::fields::{FIELDS, Field, list, row, text};
use super::super::library::{is_embedded, resolve};
use super::super::locate::{find, pattern};
use super::super::nodes::given;
use super::super::problem::{clip, nearest};
use super::super::{Accepts, Problem, flowing, read};
use super::{Sweep, decimal, is_within};

/// Most runs of a sweep.
pub const RUNS_MAX: u64 = 1_000_000;

/// Most axes of a sweep.
const AXES_MAX: usize = 16;
/// Most values of an axis.
const VALUES_MAX: usize = 10_000;

const NUMBER: Accepts = Accepts::Said("a plain decimal number, such as 0.05");

/// Sweeps.
pub(super) const SWEEP: Language = Language {
    what: "a sweep",
    whole: "Sweep",
    smallest: "a sweep starts as `(scenario: \"storm-front\", axes: [(field: \"seed\", \
               values: [1, 2, 3])])`",
    fields: SWEEP_FIELDS,
};

/// Every field of a sweep's file.
const SWEEP_FIELDS: &[Field] = &[
    row("title", text(0, 200), "\"\"", "name of the sweep"),
    row("scenario", text(1, 1000), "required", "path beside the sweep, or an embedded name"),
    row("control", Accepts::Said("true or false"), "false", "each run has its control pair"),
    row("axes", list(1, AXES_MAX), "required", "what is varied; the last one fastest"),
    row(
        "axes[].field",
        Accepts::Said(
            "the path of a scenario's field, such as \
        `storms[0].intensity`",
        ),
        "required",
        "which field",
    ),
    row("axes[].values", list(1, VALUES_MAX), "required", "its values, as in a scenario"),
    row(
        "axes[].range",
        Accepts::Said("(from: .., to: .., step: ..)"),
        "required",
        "its values from one number to another, in place of a list",
    ),
    row("axes[].range.from", NUMBER, "required", "the first"),
    row("axes[].range.to", NUMBER, "required", "none is beyond it"),
    row("axes[].range.step", NUMBER, "1", "between two; above 0"),
];

/// One field that is varied.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Path of the field, such as `storms[0].intensity`.
    pub field: String,
    /// Its values in order.
    pub values: Vec<Value>,
    pub(super) field_span: Range<usize>,
}

/// One value of a field.
#[derive(Debug, Clone)]
pub struct Value {
    /// As RON, in one line.
    pub text: String,
    pub(super) span: Range<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Sweep")]
struct Document {
    #[serde(default, deserialize_with = "flowing")]
    title: String,
    scenario: String,
    #[serde(default)]
    control: bool,
    axes: Vec<AxisEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Axis")]
struct AxisEntry {
    field: String,
    #[serde(default, deserialize_with = "given")]
    values: Option<Vec<Box<RawValue>>>,
    #[serde(default, deserialize_with = "given")]
    range: Option<RangeEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Range")]
struct RangeEntry {
    from: Box<RawValue>,
    to: Box<RawValue>,
    #[serde(default, deserialize_with = "given")]
    step: Option<Box<RawValue>>,
}

/// Where messages point.
struct Place<'a> {
    name: &'a str,
    text: &'a str,
}

impl Place<'_> {
    /// A problem at the value of `path`.
    fn at(&self, path: &str, found: impl Into<String>, accepts: impl Into<String>) -> Problem {
        Problem::at(self.name, self.text, find(self.text, path).0, found, accepts)
    }

    /// The same, with what the table says of the field.
    fn wrong(&self, path: &str, found: &str) -> Problem {
        let words = SWEEP.entry(path).map_or_else(String::new, accepted);
        self.at(path, format!("`{path}` is {found}"), words)
    }
}

/// Reads a sweep whose combinations nobody has tried yet.
pub(super) fn parse(name: &str, text: &str, folder: &Path) -> Result<Sweep, Problem> {
    let document: Document = read::typed(&SWEEP, name, text)?;
    let place = Place { name, text };
    if document.title.chars().count() > 200 {
        return Err(place.wrong("title", &format!("{} characters", document.title.chars().count())));
    }
    if document.axes.is_empty() || document.axes.len() > AXES_MAX {
        return Err(place.wrong("axes", &format!("a list of {}", document.axes.len())));
    }
    let mut axes: Vec<Axis> = Vec::new();
    for (at, entry) in document.axes.iter().enumerate() {
        let next = axis(&place, at, entry)?;
        follows(&place, at, &axes, &next)?;
        axes.push(next);
    }
    let runs = axes.iter().try_fold(1_u64, |runs, axis| runs.checked_mul(axis.values.len() as u64));
    if runs.is_none_or(|runs| runs > RUNS_MAX) {
        let found = runs.map_or_else(
            || "more runs than can be counted".to_owned(),
            |runs| format!("{runs} runs"),
        );
        return Err(place.at("axes", found, format!("accepted: 1 to {RUNS_MAX} runs")));
    }
    let base = base(&place, &document.scenario, folder)?;
    let Document { title, scenario, control, .. } = document;
    Ok(Sweep { title, scenario, control, axes, base, name: name.to_owned(), text: text.to_owned() })
}

/// The text of the scenario: a file beside the sweep, or an embedded one.
fn base(place: &Place<'_>, scenario: &str, folder: &Path) -> Result<String, Problem> {
    let beside = folder.join(scenario);
    let argument = if beside.is_file() || !is_embedded(scenario) {
        beside.to_string_lossy().into_owned()
    } else {
        scenario.to_owned()
    };
    match resolve(&argument) {
        Ok(resolved) => Ok(resolved.text),
        // What is wrong inside the file is told where it is wrong.
        Err(problem) if problem.position().is_some() => Err(problem),
        Err(problem) => {
            let found = format!("`scenario`: {}", problem.found());
            Err(place.at("scenario", found, problem.accepted()))
        }
    }
}

fn axis(place: &Place<'_>, at: usize, entry: &AxisEntry) -> Result<Axis, Problem> {
    let path = format!("axes[{at}]");
    let field_path = format!("{path}.field");
    let field = entry.field.trim();
    let known = pattern(field);
    if !FIELDS.iter().any(|row| row.path == known && !known.is_empty()) {
        let hint = meant(nearest(&known, FIELDS.iter().map(|row| row.path)));
        let found = format!("a scenario has no field `{}`{hint}", clip(field, 100));
        let words = SWEEP.entry(&field_path).map_or_else(String::new, accepted);
        return Err(place.at(&field_path, found, words));
    }
    let values = match (&entry.values, &entry.range) {
        (Some(values), None) => {
            if values.is_empty() || values.len() > VALUES_MAX {
                return Err(
                    place.wrong(&format!("{path}.values"), &format!("a list of {}", values.len()))
                );
            }
            listed(place, &path, values.len())
        }
        (None, Some(range)) => ranged(place, &format!("{path}.range"), range)?,
        (Some(_), Some(_)) => {
            let found = format!("`{path}` has both `values` and `range`");
            return Err(place.at(&format!("{path}.range"), found, "give one of the two"));
        }
        (None, None) => {
            let found = format!("`{path}` has neither `values` nor `range`");
            return Err(place.at(&path, found, "give one of the two"));
        }
    };
    let mut sorted: Vec<&Value> = values.iter().collect();
    sorted.sort_by(|a, b| a.text.cmp(&b.text));
    if let Some([_, twice]) = sorted.windows(2).find(|pair| pair[0].text == pair[1].text) {
        let found = format!("`{path}.values` has {} twice", clip(&twice.text, 40));
        return Err(Problem::at(place.name, place.text, twice.span.clone(), found, "give it once"));
    }
    Ok(Axis { field: field.to_owned(), values, field_span: find(place.text, &field_path).0 })
}

/// The values as they stand in the file, each in one line and without comments around it.
fn listed(place: &Place<'_>, path: &str, count: usize) -> Vec<Value> {
    let value = |index: usize| {
        let (span, _) = find(place.text, &format!("{path}.values[{index}]"));
        let text = place.text.get(span.clone()).unwrap_or_default();
        Value { text: super::place::one_line(text), span }
    };
    (0..count).map(value).collect()
}

fn ranged(place: &Place<'_>, path: &str, range: &RangeEntry) -> Result<Vec<Value>, Problem> {
    let number = |name: &str, raw: &RawValue| {
        let path = format!("{path}.{name}");
        let shown = clip(raw.get_ron().trim(), 40);
        decimal::parse(raw.get_ron()).ok_or_else(|| place.wrong(&path, &shown))
    };
    let from = number("from", &range.from)?;
    let to = number("to", &range.to)?;
    let step = match &range.step {
        Some(step) => number("step", step)?,
        None => decimal::ONE,
    };
    let values = decimal::steps(from, to, step, VALUES_MAX).map_err(|why| {
        let accepts = format!("accepted: a step above 0 and 1 to {VALUES_MAX} values");
        place.at(path, format!("`{path}` {why}"), accepts)
    })?;
    let (span, _) = find(place.text, path);
    Ok(values.into_iter().map(|text| Value { text, span: span.clone() }).collect())
}

/// An axis may not undo one before it.
fn follows(place: &Place<'_>, at: usize, before: &[Axis], axis: &Axis) -> Result<(), Problem> {
    let path = format!("axes[{at}].field");
    let Some(first) = before.iter().find(|other| is_within(&other.field, &axis.field)) else {
        return Ok(());
    };
    if first.field == axis.field {
        let found = format!("`{}` is varied twice", axis.field);
        return Err(place.at(&path, found, "one axis for each field"));
    }
    let found = format!("`{}` would undo `{}`, which stands before it", axis.field, first.field);
    Err(place.at(&path, found, "put the whole before its part"))
}
