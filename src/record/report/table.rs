//! The page of a table of totals over time, as `qres run --csv` writes it.

use std::io::Read;

use super::html::Page;
use super::plot::{Curve, Plot};

/// Rows that are read.
const ROWS_MAX: usize = 100_000;

/// Characters of a cell that a message shows.
const CELL_SHOWN: usize = 40;

/// The page of a CSV file called `name`: every column of numbers over the first.
///
/// # Errors
/// When it is no table of numbers; says where.
pub fn totals(name: &str, source: impl Read) -> Result<String, String> {
    let mut reader = csv::Reader::from_reader(source);
    let header = reader.headers().map_err(|why| format!("{name}: {why}"))?.clone();
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); header.len()];
    // The first cell of each column that is no number, with its line.
    let mut oddities: Vec<Option<(u64, String)>> = vec![None; header.len()];
    let mut rows = 0;
    for row in reader.records() {
        let row = row.map_err(|why| format!("{name}: {why}"))?;
        rows += 1;
        if rows > ROWS_MAX {
            return Err(format!("{name}: more than {ROWS_MAX} rows; give a table with fewer"));
        }
        for (place, (column, text)) in columns.iter_mut().zip(&row).enumerate() {
            let text = text.trim();
            let value = text.parse().unwrap_or(f64::NAN);
            let odd = !text.is_empty() && text.parse::<f64>().is_err();
            if let (true, Some(slot @ None)) = (odd, oddities.get_mut(place)) {
                let line = row.position().map_or(0, csv::Position::line);
                *slot = Some((line, text.chars().take(CELL_SHOWN).collect()));
            }
            column.push(value);
        }
    }
    let is_read = |column: &&Vec<f64>| column.iter().any(|value| value.is_finite());
    let (Some(x), Some(x_name)) = (columns.first().filter(is_read), header.get(0)) else {
        let accepts = "accepted: a table such as `qres run --csv` writes, numbers under a header";
        return Err(format!("{name}: its first column holds no numbers; {accepts}"));
    };
    // A column without any number is text, and left out; one with a few words in it is damaged.
    for (place, (column, odd)) in columns.iter().zip(&oddities).enumerate() {
        if let (Some((line, text)), true) = (odd, is_read(&column)) {
            let title = header.get(place).unwrap_or_default();
            return Err(format!(
                "{name}:{line}: column {} (`{title}`) holds `{text}`, and that is no number; give \
                 it one, or leave the cell empty",
                place + 1
            ));
        }
    }
    let mut page = Page::new(name, &format!("{rows} rows, {} columns", columns.len()));
    let plot = |(title, column): (&str, &Vec<f64>)| Plot {
        title: title.to_owned(),
        meaning: meaning(title).to_owned(),
        x_name: x_name.to_owned(),
        curves: vec![Curve {
            name: title.to_owned(),
            points: x.iter().copied().zip(column.iter().copied()).collect(),
            ..Curve::default()
        }],
        ..Plot::default()
    };
    let rest = header.iter().zip(&columns).skip(1).filter(|(_, column)| is_read(column));
    let plots: Vec<String> = rest.map(|pair| plot(pair).draw()).collect();
    page.plots(&plots);
    Ok(page.finish())
}

/// What the columns of our own tables mean.
fn meaning(column: &str) -> &'static str {
    match column {
        "sim_ms" => "simulated time, in milliseconds",
        "calm" | "prestorm" | "storm" => "nodes that believe in it",
        "asleep" => "nodes whose radio slept through the tick",
        "energy_mean" => "of capacity, mean over nodes, 0 to 1",
        "frames" => "sent since the start",
        "bytes_sent" => "since the start",
        "spread" => "largest distance between shared weights of a modality",
        _ => "",
    }
}
