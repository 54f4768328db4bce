//! A JSON object as a row of a table: fields of fields are columns of their own, such as
//! `energy.roles[0].nodes`. Must not know what the fields mean.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Manifest, RUN, SWEEP};

/// Calls `each` with the name and value of every leaf of a row; null and what is empty have none.
pub(in crate::record) fn cells(value: &Value, each: &mut impl FnMut(&str, &Value)) {
    walk(&mut String::new(), value, each);
}

fn walk(path: &mut String, value: &Value, each: &mut impl FnMut(&str, &Value)) {
    let length = path.len();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                walk(path, value, each);
                path.truncate(length);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                path.extend(["[", &index.to_string(), "]"]);
                walk(path, value, each);
                path.truncate(length);
            }
        }
        Value::Null => {}
        leaf => each(path, leaf),
    }
}

/// The columns: the run, what was varied, and the rest by name.
pub(super) fn ordered(manifest: &Manifest, mut columns: BTreeSet<String>) -> Vec<String> {
    let varied = manifest.parameters.iter().map(|name| format!("parameters.{name}"));
    let first: Vec<String> = std::iter::once(RUN.to_owned()).chain(varied).collect();
    columns.remove(SWEEP);
    for name in &first {
        columns.remove(name);
    }
    first.into_iter().chain(columns).collect()
}

/// The first line.
pub(super) fn header(columns: &[String]) -> String {
    line(columns.iter().map(String::as_str))
}

/// The line of a row.
pub(super) fn record(columns: &[String], value: &Value) -> String {
    let mut texts = std::collections::BTreeMap::new();
    cells(value, &mut |name, leaf| {
        let text = match leaf {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        texts.insert(name.to_owned(), text);
    });
    line(columns.iter().map(|name| texts.get(name).map_or("", String::as_str)))
}

/// Cells as RFC 4180 has them, with a plain line feed at the end.
fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cell = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    cells.map(cell).collect::<Vec<_>>().join(",") + "\n"
}
