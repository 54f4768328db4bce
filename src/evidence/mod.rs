//! The experiments behind every claim: each states what it measures and prints the table that the
//! documentation holds. Nothing here may know a window.

mod averaging;
pub mod byzantine;
mod cartel;
mod cascade;
mod codec;
mod consensus;
pub mod drift;
mod energy;
mod fusion;
mod hysteresis;
pub mod invariants;
mod lab;
mod memory;
mod onboarding;
mod operations;
mod predictors;
mod privacy;
mod rumour;
mod statistics;
mod stream;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

/// The stations of the air-quality records, by the names of their files.
const STATIONS: [&str; 12] = [
    "Aotizhongxin",
    "Changping",
    "Dingling",
    "Dongsi",
    "Guanyuan",
    "Gucheng",
    "Huairou",
    "Nongzhanguan",
    "Shunyi",
    "Tiantan",
    "Wanliu",
    "Wanshouxigong",
];

/// What an experiment may use.
#[derive(Clone, Debug)]
pub struct Context {
    /// Folder with data sets.
    pub data: Option<PathBuf>,
    /// Threads that share the work.
    pub threads: usize,
    /// Who is told how far a long experiment is.
    pub progress: Progress,
}

/// Whoever is told how far a long experiment is: pieces done, and all pieces. By default, nobody.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Fn(u64, u64) + Send + Sync>>);

impl Progress {
    /// Calls `told` with what is done and with all that there is.
    #[must_use]
    pub fn new(told: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Tells how many pieces of how many are done.
    pub fn tell(&self, done: u64, total: u64) {
        if let Some(told) = &self.0 {
            told(done, total);
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Progress({})", if self.0.is_some() { "told" } else { "nobody" })
    }
}

/// The outcome of an experiment.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What was measured, how, and what it does not say.
    pub note: String,
    /// Columns in order.
    pub columns: Vec<&'static str>,
    /// Rows by column.
    pub rows: Vec<Map<String, Value>>,
    /// Goals and gates that were set and not kept, each in words.
    pub missed: Vec<String>,
}

impl Table {
    /// An empty table: what it shows, and its columns.
    #[must_use]
    pub fn new(note: &str, columns: &[&'static str]) -> Self {
        Self { note: note.to_owned(), columns: columns.to_vec(), ..Self::default() }
    }

    /// Adds a row, a value for each column.
    pub fn row(&mut self, values: impl IntoIterator<Item = Value>) {
        let names = self.columns.iter().map(|name| (*name).to_owned());
        self.rows.push(names.zip(values).collect());
    }
}

/// The names of all tables.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &[
        "memory",
        "energy",
        "predictors",
        "operations",
        "cascade",
        "rumour",
        "codec",
        "fusion",
        "stream",
        "onboarding",
        "averaging",
        "consensus",
        "byzantine",
        "cartel",
        "invariants",
        "hysteresis",
        "privacy",
    ]
}

/// Makes a table.
///
/// # Errors
/// When the experiment lacks something: says what, and how to give it.
pub fn table(name: &str, context: &Context) -> Result<Table, String> {
    match name {
        "memory" => Ok(memory::table()),
        "energy" => energy::table(context),
        "predictors" => predictors::table(context),
        "operations" => operations::table(context),
        "cascade" => cascade::table(context),
        "rumour" => rumour::table(context),
        "codec" => codec::table(context),
        "fusion" => fusion::table(context),
        "stream" => stream::table(context),
        "onboarding" => onboarding::table(context),
        "averaging" => averaging::table(context),
        "consensus" => consensus::table(context),
        "byzantine" => byzantine::table(context),
        "cartel" => cartel::table(context),
        "hysteresis" => Ok(hysteresis::table()),
        "invariants" => invariants::table(context),
        "privacy" => privacy::table(context),
        other => Err(format!("no table `{other}`")),
    }
}
