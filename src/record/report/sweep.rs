//! The page of a sweep: how its figures go with what was varied.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::figures::{FIGURES, Figure};
use super::html::{Kind, Page, Table, shown};
use super::plot::{Curve, Plot};
use super::{ROWS_MAX, at, cell};
use crate::record::sweep::{Manifest, SweepError, each_result, merge};

/// Runs that a page takes in.
const RUNS_MAX: u64 = 100_000;
/// Curves of a plot.
const CURVES_MAX: usize = 6;
/// The parameter over which figures are averaged.
const SEED: &str = "seed";

/// A run: the values of what was varied, and the figures that are compared.
struct Run {
    parameters: Vec<Value>,
    figures: Vec<Option<f64>>,
}

/// The page of the sweep in `folder`, whose rows are merged first.
///
/// # Errors
/// When rows are missing or wrong, as for [`merge`], or there are too many.
pub fn sweep(folder: &Path) -> Result<String, String> {
    let told = |error: SweepError| error.to_string();
    let merged = merge(folder).map_err(told)?;
    let manifest = Manifest::read(folder).map_err(told)?;
    let manifest = manifest.ok_or_else(|| SweepError::NoSweep(folder.to_path_buf()).to_string())?;
    if manifest.runs > RUNS_MAX {
        let runs = manifest.runs;
        return Err(format!(
            "{}: {runs} runs, and a page takes {RUNS_MAX} at most; draw them from results.csv",
            folder.display()
        ));
    }
    let compared: Vec<&Figure> = FIGURES.iter().filter(|figure| figure.compared).collect();
    let mut runs = Vec::new();
    each_result(folder, |row| {
        let given = row.get("parameters").unwrap_or(&Value::Null);
        let value = |name: &String| given.get(name).cloned().unwrap_or(Value::Null);
        let figures = compared.iter().map(|figure| at(row, figure.path)?.as_f64()).collect();
        let parameters = manifest.parameters.iter().map(value).collect();
        runs.push(Run { parameters, figures });
    })
    .map_err(told)?;
    Ok(page(&manifest, &merged.digest, &compared, &runs))
}

fn page(manifest: &Manifest, digest: &str, compared: &[&Figure], runs: &[Run]) -> String {
    let title = if manifest.title.is_empty() { "A sweep" } else { &manifest.title };
    let varied = manifest.parameters.join(", ");
    let under = format!("{} runs of {}: {varied}", manifest.runs, manifest.scenario);
    let mut page = Page::new(title, &under);
    // A figure that is the same in all runs says nothing of what was varied.
    let differs = |place: &usize| {
        let mut values = runs.iter().map(|run| run.figures.get(*place).copied().flatten());
        let first = values.next().flatten();
        values.any(|value| value != first)
    };
    let shown_figures: Vec<usize> = (0..compared.len()).filter(differs).collect();
    if shown_figures.is_empty() {
        page.paragraph("No figure differs between the runs.");
    }
    if let Some(axes) = Axes::of(manifest, runs) {
        page.heading("How figures go with what was varied");
        page.paragraph(&axes.told(manifest));
        let plots: Vec<String> = shown_figures
            .iter()
            .filter_map(|place| Some(axes.plot(manifest, compared.get(*place)?, *place, runs)))
            .collect();
        page.plots(&plots);
    }
    page.heading("By what was varied");
    page.paragraph(
        "Means over the runs of a row, and half the width of their 95 % confidence interval.",
    );
    means(&mut page, manifest, compared, &shown_figures, runs);
    page.heading("What the figures are");
    let mut meanings =
        Table::new(&[("figure", Kind::Text), ("what it is, and its unit", Kind::Remark)]);
    for figure in shown_figures.iter().filter_map(|place| compared.get(*place)) {
        meanings.row([format!("{} ({})", figure.name, figure.path), figure.meaning.to_owned()]);
    }
    page.table(&meanings);
    page.heading("The same again");
    page.paragraph(
        "The same sweep gives the same digest, however it is divided. All rows with all figures \
         stand in results.csv.",
    );
    page.lines(&format!("qres sweep SWEEP.ron --out DIR\n# digest {digest}"));
    page.finish()
}

/// What plots are drawn over, and by what their curves are told apart.
struct Axes {
    x: usize,
    by: Option<usize>,
}

impl Axes {
    fn of(manifest: &Manifest, runs: &[Run]) -> Option<Self> {
        let distinct = |place: usize| {
            let mut values: Vec<String> =
                runs.iter().filter_map(|run| run.parameters.get(place)).map(cell).collect();
            values.sort();
            values.dedup();
            values.len()
        };
        let is_number = |place: &usize| {
            runs.iter().all(|run| run.parameters.get(*place).is_some_and(Value::is_number))
        };
        let is_seed =
            |place: usize| manifest.parameters.get(place).is_some_and(|name| name == SEED);
        let places = 0..manifest.parameters.len();
        let numbers = places.clone().filter(is_number).filter(|place| distinct(*place) > 1);
        let x = numbers.max_by_key(|place| (!is_seed(*place), distinct(*place)))?;
        let mut others = places.filter(|place| *place != x && !is_seed(*place));
        let by = others.find(|place| (2..=CURVES_MAX).contains(&distinct(*place)));
        Some(Self { x, by })
    }

    fn told(&self, manifest: &Manifest) -> String {
        let name = |place: usize| manifest.parameters.get(place).map_or("", String::as_str);
        let by = self.by.map_or_else(String::new, |by| format!(", a curve for each {}", name(by)));
        format!(
            "Means over all runs with a value of {}{by}; bands reach from the least to the greatest.",
            name(self.x)
        )
    }

    fn plot(&self, manifest: &Manifest, figure: &Figure, place: usize, runs: &[Run]) -> String {
        let mut groups: BTreeMap<String, BTreeMap<u64, (f64, Vec<f64>)>> = BTreeMap::new();
        for run in runs {
            let x = run.parameters.get(self.x).and_then(Value::as_f64);
            let Some((x, y)) = x.zip(run.figures.get(place).copied().flatten()) else { continue };
            let by = self.by.and_then(|by| run.parameters.get(by)).map(cell).unwrap_or_default();
            let key = ordered(x);
            groups.entry(by).or_default().entry(key).or_insert((x, Vec::new())).1.push(y);
        }
        let curve = |(name, points): (String, BTreeMap<u64, (f64, Vec<f64>)>)| {
            let mean = |(x, values): &(f64, Vec<f64>)| (*x, mean(values));
            let least = |values: &[f64]| values.iter().copied().fold(f64::MAX, f64::min);
            let most = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
            let band = |(_, values): &(f64, Vec<f64>)| (least(values), most(values));
            Curve {
                name,
                points: points.values().map(mean).collect(),
                band: points.values().map(band).collect(),
                is_dotted: true,
            }
        };
        let plot = Plot {
            title: figure.name.to_owned(),
            meaning: figure.meaning.to_owned(),
            x_name: manifest.parameters.get(self.x).cloned().unwrap_or_default(),
            curves: groups.into_iter().map(curve).collect(),
            ..Plot::default()
        };
        plot.draw()
    }
}

/// A number as a key in the order of numbers.
fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Half the width of the 95 % confidence interval of a mean, by the normal distribution.
fn interval(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let count = values.len() as f64;
    if count < 2.0 { 0.0 } else { 1.96 * (squares / (count - 1.0) / count).sqrt() }
}

/// A row for each combination of what was varied but the seed.
fn means(
    page: &mut Page,
    manifest: &Manifest,
    compared: &[&Figure],
    places: &[usize],
    runs: &[Run],
) {
    let named: Vec<usize> = manifest
        .parameters
        .iter()
        .enumerate()
        .filter(|(_, name)| *name != SEED)
        .map(|(place, _)| place)
        .collect();
    let mut groups: Vec<(Vec<String>, Vec<&Run>)> = Vec::new();
    let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for run in runs {
        let value = |place: &usize| run.parameters.get(*place).map(cell).unwrap_or_default();
        let key: Vec<String> = named.iter().map(value).collect();
        let at = *known.entry(key.clone()).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        if let Some((_, group)) = groups.get_mut(at) {
            group.push(run);
        }
    }
    let mut table = Table::default();
    let parameter = |place: &usize| manifest.parameters.get(*place).cloned().unwrap_or_default();
    table.columns.extend(named.iter().map(|place| (parameter(place), Kind::Text)));
    table.columns.push(("runs".to_owned(), Kind::Number));
    let figure = |place: &usize| compared.get(*place).map_or("", |figure| figure.name).to_owned();
    table.columns.extend(places.iter().map(|place| (figure(place), Kind::Number)));
    for (key, group) in groups.iter().take(ROWS_MAX) {
        let figures = places.iter().map(|place| {
            let values = group.iter().filter_map(|run| run.figures.get(*place).copied().flatten());
            let values: Vec<f64> = values.collect();
            match (values.len(), interval(&values)) {
                (0, _) => String::new(),
                (1, _) => shown(mean(&values)),
                (_, half) => format!("{} \u{b1} {}", shown(mean(&values)), shown(half)),
            }
        });
        let count = std::iter::once(group.len().to_string());
        table.row(key.iter().cloned().chain(count).chain(figures));
    }
    page.table(&table);
    if groups.len() > ROWS_MAX {
        page.paragraph(&format!("{ROWS_MAX} of {} combinations are shown.", groups.len()));
    }
}
