//! The page of what `qres evidence --json` or `qres run --json` printed.

use serde_json::{Map, Value};

use super::html::{Cell, Kind, Page, Table};
use super::{ROWS_MAX, all_figures, at, cell};

/// The page of a file of figures called `name`; `command` made it again.
///
/// # Errors
/// When it holds neither tables nor the figures of a run.
pub fn evidence(name: &str, value: &Value) -> Result<String, String> {
    if let Some(tables) = value.get("tables").and_then(Value::as_object) {
        return Ok(tables_of(name, tables));
    }
    if let (Some(scenario), Some(digest)) =
        (value.get("scenario").and_then(Value::as_str), value.get("digest").and_then(Value::as_str))
    {
        let seed = at(value, "seed").map(cell).unwrap_or_default();
        let mut page = Page::new(scenario, &format!("{name}: seed {seed}, digest {digest}"));
        all_figures(&mut page, value);
        let ticks = at(value, "ticks").and_then(Value::as_u64).unwrap_or(0);
        page.heading("The same again");
        page.lines(&format!("qres run {scenario} --seed {seed} --ticks {ticks} --json"));
        return Ok(page.finish());
    }
    let accepts = "accepted: what `qres evidence --json` or `qres run --json` prints";
    Err(format!("{name}: neither tables of evidence nor the figures of a run; {accepts}"))
}

fn tables_of(name: &str, tables: &Map<String, Value>) -> String {
    let many =
        if tables.len() == 1 { "1 table".to_owned() } else { format!("{} tables", tables.len()) };
    let mut page = Page::new("Evidence", &format!("{name}: {many}"));
    page.paragraph(
        "Bars compare the cells of a column with its largest. What each table measures, how, and what \
         it does not say stands before it in `qres evidence NAME` and in docs/evidence.md.",
    );
    for (title, table) in tables {
        page.heading(title);
        let empty = Vec::new();
        let rows = table.get("rows").and_then(Value::as_array).unwrap_or(&empty);
        page.table(&table_of(rows));
        if rows.len() > ROWS_MAX {
            page.paragraph(&format!("{} of {} rows are shown.", ROWS_MAX, rows.len()));
        }
        page.lines(&format!("qres evidence {title}"));
    }
    page.finish()
}

fn values<'a>(rows: &'a [Value], name: &str) -> impl Iterator<Item = &'a Value> {
    rows.iter().filter_map(move |row| row.get(name))
}

/// Rows as a table: columns of words first, then columns of numbers with bars.
pub(super) fn table_of(rows: &[Value]) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let is_number = |name: &&str| {
        values(rows, name).all(|value| value.is_number() || value.is_null())
            && values(rows, name).any(Value::is_number)
    };
    let (numbers, words): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| is_number(name));
    let most = |name: &str| -> Option<f64> {
        let numbers: Vec<f64> = values(rows, name).filter_map(Value::as_f64).collect();
        let most = numbers.iter().copied().fold(0.0, f64::max);
        let differ = numbers.iter().any(|number| *number != most);
        (rows.len() > 1 && most > 0.0 && differ && numbers.iter().all(|n| *n >= 0.0))
            .then_some(most)
    };
    let mut table = Table::default();
    table.columns.extend(words.iter().map(|name| ((*name).to_owned(), Kind::Text)));
    table.columns.extend(numbers.iter().map(|name| ((*name).to_owned(), Kind::Number)));
    let largest: Vec<Option<f64>> = numbers.iter().map(|name| most(name)).collect();
    for row in rows.iter().take(ROWS_MAX) {
        let text = |name: &&str| Cell::from(row.get(*name).map(cell).unwrap_or_default());
        let number = |(name, most): (&&str, &Option<f64>)| {
            let value = row.get(*name).and_then(Value::as_f64);
            Cell { part: value.zip(*most).map(|(value, most)| value / most), ..text(name) }
        };
        table
            .rows
            .push(words.iter().map(text).chain(numbers.iter().zip(&largest).map(number)).collect());
    }
    table
}
