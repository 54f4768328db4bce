//! `qres report`: one HTML page that needs nothing else, from a run, a sweep's folder, evidence or
//! a table of totals. Reads what others made and must not run anything itself.

mod course;
mod evidence;
mod figures;
mod html;
mod plot;
mod sweep;
mod table;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use course::{About, Course};
pub use evidence::evidence;
pub use html::BEGINS;
pub use sweep::sweep;
pub use table::totals;

use html::{Kind, Page, Table, shown};

/// Rows of a table that a page shows; more are said to be left out.
const ROWS_MAX: usize = 500;

/// A JSON value at a path such as `energy.all.spent_j`.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

/// A JSON value as it stands in a cell; nothing for null.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(number) => match number.as_f64() {
            // An identity such as a seed keeps its digits.
            Some(real) if number.is_f64() || real.abs() < 1e6 => shown(real),
            _ => number.to_string(),
        },
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// All figures of a run with what they mean: those that are explained first, then the rest.
fn all_figures(page: &mut Page, report: &Value) {
    page.heading("All figures");
    let columns = [
        ("figure", Kind::Text),
        ("value", Kind::Number),
        ("what it is, and its unit", Kind::Remark),
    ];
    let mut table = Table::new(&columns);
    for figure in figures::FIGURES {
        if let Some(value) = at(report, figure.path).filter(|value| !value.is_null()) {
            table.row([figure.path.to_owned(), cell(value), figure.meaning.to_owned()]);
        }
    }
    super::sweep::each_cell(report, &mut |path, value| {
        if figures::of(path).is_none() && table.rows.len() < ROWS_MAX {
            table.row([path.to_owned(), cell(value), String::new()]);
        }
    });
    page.table(&table);
}
