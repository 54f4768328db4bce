//! `qres evidence`: the tables behind the claims.

use std::path::{Path, PathBuf};

use clap::Args;

use super::load::{self, Means};
use super::output::{self, Failure};
use super::progress::Shown;
use super::stop;
use crate::evidence::byzantine::{self, Extent, Shard};
use crate::evidence::{self, Context, Progress, Table};

/// Tables that take minutes: they are printed where they are named.
const NAMED_ONLY: [&str; 2] = ["seek", "index"];
/// The table that can be had in full.
const LONG: &str = "byzantine";

/// Options of `evidence`.
#[derive(Args, Debug, Clone)]
pub(super) struct EvidenceArgs {
    /// Tables to print; all but seek and index, which take minutes, when none is named
    #[arg(value_name = "TABLE", long_help = help())]
    tables: Vec<String>,
    #[command(flatten)]
    means: Means,
    #[command(flatten)]
    long: LongArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print comma-separated values; with one table
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// Options of the table that can be had in full.
#[derive(Args, Debug, Clone)]
struct LongArgs {
    /// All rows of the table byzantine, with more seeds: hours
    #[arg(long, requires = "out")]
    full: bool,
    /// Folder of finished rows of the table byzantine: they are kept there, and not computed again
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Compute one of N parts of the rows only, I from 0; parts can run at once with one --out
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with = "merge")]
    shard: Option<Shard>,
    /// Compute nothing: print the table from the rows in --out, and fail if one is missing
    #[arg(long, requires = "out")]
    merge: bool,
}

/// The names of all tables: those of experiments, and those about recordings, seeks and the window.
fn names() -> Vec<&'static str> {
    let seen: &[&str] = if cfg!(feature = "view") { &["frame"] } else { &[] };
    [evidence::names(), &["recording", "seek", "index"], seen].concat()
}

/// What the help says of the tables.
fn help() -> String {
    let most = "Tables to print; all of them when none is named, but seek and index, which take \
                minutes.";
    format!("{most}\n\nThere are: {}", names().join(", "))
}

fn table(name: &str, context: &Context) -> Result<Table, String> {
    #[cfg(feature = "view")]
    if name == "frame" {
        return super::frames::table(context);
    }
    if name == "recording" {
        return super::recorded::table(context);
    }
    if name == "seek" {
        return super::seek::table(context);
    }
    if name == "index" {
        return super::leaps::table(context);
    }
    evidence::table(name, context)
}

/// Prints the named tables, or all but those that must be named.
pub(super) fn evidence(args: &EvidenceArgs) -> Result<(), Failure> {
    let asked = &args.tables;
    let known = names();
    if let Some(wrong) = asked.iter().find(|name| !known.contains(&name.as_str())) {
        let list = known.join(", ");
        return Err(Failure::Input(format!("no table `{wrong}`; there are: {list}")));
    }
    let threads = load::threads(args.means.threads);
    let context = Context { data: args.means.data.clone(), threads, progress: Progress::default() };
    if let Some(folder) = &args.long.out {
        stop::ends("stopped; rows that were finished are kept, and are not computed again");
        return kept(args, folder, &context);
    }
    if args.csv && asked.len() != 1 {
        return Err(Failure::Input("--csv goes with one table: name it".to_owned()));
    }
    stop::ends("stopped; a table that was not finished is not printed");
    let mut tables = serde_json::Map::new();
    let mut missed = Vec::new();
    for name in known {
        let wanted = if asked.is_empty() {
            !NAMED_ONLY.contains(&name)
        } else {
            asked.iter().any(|other| other == name)
        };
        if !wanted {
            continue;
        }
        let shown = Shown::begin(name);
        let context = Context { progress: shown.progress(), ..context.clone() };
        let table = table(name, &context);
        drop(shown);
        let table = match table {
            Err(why) if asked.is_empty() => {
                output::note(&format!("{name}: left out: {why}"));
                continue;
            }
            other => other.map_err(Failure::Input)?,
        };
        print(&mut tables, name, &table, args)?;
        missed.extend(table.missed);
    }
    finish(tables, args.json)?;
    held(&missed)
}

/// Fails when goals or gates are missed, once all is printed.
fn held(missed: &[String]) -> Result<(), Failure> {
    if missed.is_empty() {
        return Ok(());
    }
    Err(Failure::Fails(missed.join("; ")))
}

/// The long table in pieces: computes what is missing, then prints it where it is complete.
fn kept(args: &EvidenceArgs, folder: &Path, context: &Context) -> Result<(), Failure> {
    if args.tables != [LONG] {
        return Err(Failure::Input(format!("--out goes with the table {LONG} and no other")));
    }
    let extent = if args.long.full { Extent::Full } else { Extent::Usual };
    let shard = args.long.shard.unwrap_or(Shard::ALL);
    if !args.long.merge {
        let shown = Shown::begin(LONG);
        let context = Context { progress: shown.progress(), ..context.clone() };
        let computed = byzantine::extend(&context, extent, folder, shard);
        drop(shown);
        let computed = computed.map_err(Failure::Input)?;
        output::note(&format!("{computed} rows computed, kept in {}", folder.display()));
        if !shard.is_all() {
            return Ok(());
        }
    }
    let table = byzantine::merge(extent, folder).map_err(Failure::Input)?;
    let mut tables = serde_json::Map::new();
    print(&mut tables, LONG, &table, args)?;
    finish(tables, args.json)?;
    held(&table.missed)
}

/// Prints a table, or keeps it for one object.
fn print(
    tables: &mut serde_json::Map<String, serde_json::Value>,
    name: &str,
    table: &Table,
    args: &EvidenceArgs,
) -> Result<(), Failure> {
    if args.json {
        tables.insert(name.to_owned(), serde_json::json!({ "rows": table.rows }));
        return Ok(());
    }
    output::result(&if args.csv { values(table)? } else { text(name, table) })
}

/// A table as comma-separated values: its columns, then its rows; nothing where a row has none.
fn values(table: &Table) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&table.columns).map_err(Failure::input)?;
    for row in &table.rows {
        let cell = |name: &&str| match row.get(*name) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        writer.write_record(table.columns.iter().map(cell)).map_err(Failure::input)?;
    }
    let bytes = writer.into_inner().map_err(Failure::input)?;
    let text = String::from_utf8(bytes).map_err(Failure::input)?;
    Ok(text.trim_end().to_owned())
}

fn finish(tables: serde_json::Map<String, serde_json::Value>, json: bool) -> Result<(), Failure> {
    if json {
        output::result(&serde_json::json!({ "tables": tables }).to_string())?;
    }
    Ok(())
}

/// A table with its columns aligned.
fn text(name: &str, table: &Table) -> String {
    let mut lines = vec![format!("## {name}"), table.note.clone()];
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::Null => "-".to_owned(),
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
