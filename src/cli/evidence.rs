//! `qres evidence`: the tables behind the claims.

use std::path::Path;

use super::output::{self, Failure};
use crate::evidence::{self, Context, Table};

/// Prints the named tables, or all of them.
pub(super) fn evidence(
    names: &[String],
    data: Option<&Path>,
    threads: usize,
    json: bool,
) -> Result<(), Failure> {
    let known = evidence::names();
    if let Some(wrong) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let list = known.join(", ");
        return Err(Failure::Input(format!("no table `{wrong}`; there are: {list}")));
    }
    let context = Context { data: data.map(Path::to_path_buf), threads };
    let mut tables = serde_json::Map::new();
    for name in known {
        if !names.is_empty() && !names.iter().any(|asked| asked == name) {
            continue;
        }
        let table = match evidence::table(name, &context) {
            Err(why) if names.is_empty() => {
                output::note(&format!("{name}: left out: {why}"));
                continue;
            }
            other => other.map_err(Failure::Input)?,
        };
        if json {
            tables.insert((*name).to_owned(), serde_json::json!({ "rows": table.rows }));
        } else {
            output::result(&text(name, &table))?;
        }
    }
    if json {
        output::result(&serde_json::json!({ "tables": tables }).to_string())?;
    }
    Ok(())
}

/// A table with its columns aligned.
fn text(name: &str, table: &Table) -> String {
    let mut lines = vec![format!("## {name}"), table.note.clone()];
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => format!("{float:.4}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    };
    let header: Vec<String> = table.columns.iter().map(|name| (*name).to_owned()).collect();
    let body = table.rows.iter().map(|row| {
        let field = |name: &&str| row.get(*name).map(cell).unwrap_or_default();
        table.columns.iter().map(field).collect::<Vec<_>>()
    });
    let grid: Vec<Vec<String>> = std::iter::once(header).chain(body).collect();
    let width = |column: usize| grid.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    for row in &grid {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}
