//! Properties over made-up bytes and scenarios: nothing panics, every place is inside the file,
//! and what is written reads back the same.

use proptest::{collection::vec, prelude::*, sample::select, string::string_regex};

use super::{locate, read::decode, *};

/// Pieces that a scenario is made of, good and bad.
const PIECES: [&str; 44] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "title",
    "watch_for",
    "nodes",
    "signals",
    "radio",
    "storms",
    "layout",
    "Grid",
    "Stations",
    "Some",
    "None",
    "\"",
    "\"a\"",
    "r#\"",
    "\"#",
    "'",
    "'a'",
    "//",
    "/*",
    "*/",
    "\n",
    "\\",
    "-1",
    "1e400",
    "NaN",
    "0x",
    "1_",
    "#",
    "#![enable(",
    ")]",
    "é",
    "\u{2028}",
    "\u{feff}",
    "\t",
    "b\"",
    ".",
];

/// Checks that a problem's place is in the text, and that every rendering works.
fn placed(text: &str, problem: &Problem) -> Result<(), TestCaseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Position { line, column } = problem.position().expect("a place");
    let found = text.split('\n').nth(line - 1);
    let length = found.map(|line| line.chars().count());
    prop_assert!(length.is_some_and(|length| (1..=length + 1).contains(&column)), "{problem:#}");
    let (short, long) = (problem.to_string(), format!("{problem:#}"));
    prop_assert!(!short.contains('\n') || problem.file().contains('\n'), "{short}");
    prop_assert_eq!(long.lines().count(), 3, "{}", long);
    prop_assert!(long.chars().all(|c| c == '\n' || !c.is_control()), "{long:?}");
    prop_assert!(!problem.render(false).is_empty());
    Ok(())
}

fn harmless(text: &str) -> Result<(), TestCaseError> {
    if let Err(problem) = Scenario::parse("x.ron", text) {
        placed(text, &problem)?;
    }
    Ok(())
}

/// One of the embedded scenarios, and what is done to it: where, how much goes, what comes.
fn mutated() -> impl Strategy<Value = String> {
    let text = select(embedded().iter().map(|(_, text)| *text).collect::<Vec<_>>());
    let edit = (any::<prop::sample::Index>(), 0_usize..12, select(PIECES.to_vec()));
    (text, vec(edit, 1..4)).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, gone, piece) in edits {
            let at = at.index(chars.len().max(1)).min(chars.len());
            let end = (at + gone).min(chars.len());
            chars.splice(at..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

fn text(low: usize, high: usize) -> impl Strategy<Value = String> {
    let words = string_regex(&format!("[a-zA-Zé\"\\\\(:#/]{{{low},{high}}}"));
    words.expect("a good pattern")
}

fn storm() -> impl Strategy<Value = Storm> {
    let place = || -1_000_000_000..=1_000_000_000_i64;
    let path = vec((1..1000_u64, place(), place()), 1..5);
    (0..1000_u64, 1..1000_u64, path, 0.0..100.0, any::<bool>()).prop_map(
        |(from_tick, length, path, intensity, gust)| {
            let mut tick = 0;
            let path = path.into_iter().map(|(step, x_mm, z_mm)| {
                tick += step;
                Waypoint { tick, x_mm, z_mm }
            });
            let spectrum = if gust { Spectrum::Gust } else { Spectrum::White };
            let (to_tick, path) = (from_tick + length, path.collect());
            Storm { from_tick, to_tick, path, radius_mm: 7, intensity, spectrum }
        },
    )
}

fn source() -> impl Strategy<Value = Source> {
    let wave = (2..10_000_000_u32, 0.0_f64..16_000.0)
        .prop_map(|(period_samples, amplitude)| Wave { period_samples, amplitude });
    let synthetic = (-32_000.0_f64..32_000.0, vec(wave, 0..=6), 0.0_f64..16_000.0).prop_map(
        |(level, waves, noise)| {
            let phase = Phase::ByNode;
            Source::Synthetic(Synthetic { level, waves, noise, wander: noise / 3.0, phase })
        },
    );
    let dataset = (text(1, 9), vec(text(0, 3), 0..4), 0.001_f64..32_000.0).prop_map(
        |(column, missing, scale)| {
            Source::Dataset(DatasetSpec {
                path: "a/b.csv".to_owned(),
                column,
                delimiter: Delimiter::Tab,
                missing,
                source: "x".to_owned(),
                normalise: Normalise::Affine { offset: -scale, scale },
            })
        },
    );
    prop_oneof![synthetic, dataset]
}

fn layout() -> impl Strategy<Value = Layout> {
    prop_oneof![
        (1..10_000_u32, 1..1000_u32)
            .prop_map(|(columns, spacing_mm)| Layout::Grid { columns, spacing_mm }),
        (1..1_000_000_u32).prop_map(|radius_mm| Layout::Sphere { radius_mm }),
        (2..=64_u32).prop_map(|mean_degree| Layout::RandomGeometric { mean_degree }),
        vec((-90.0..90.0, -180.0..180.0), 1..5).prop_map(|places| {
            let stations = places.into_iter().enumerate().map(|(at, (latitude, longitude))| {
                Station { name: format!("S{at}"), latitude, longitude, join_tick: at as u64 }
            });
            Layout::Stations(stations.collect())
        }),
    ]
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let parts = (text(1, 40), any::<u64>(), 1..30_000_u32, layout(), vec(source(), 1..4));
    (parts, vec(storm(), 0..3), 3..1_000_000_u32, any::<bool>()).prop_map(
        |((title, seed, tick_ms, layout, sources), storms, count, long)| {
            let of_file = Scenario::parse("x", embedded()[0].1).expect("an embedded scenario");
            let stations = matches!(layout, Layout::Stations(_));
            let signals = sources.into_iter().enumerate().map(|(at, source)| Signal {
                modality: format!("m{at}"),
                unit: String::new(),
                source,
                companions: (at > 0).then(|| "m0".to_owned()).into_iter().collect(),
            });
            let profile = if long { RadioProfile::LongRange } else { RadioProfile::Wifi6 };
            let count = (!stations).then_some(count);
            Scenario {
                title,
                seed,
                tick_ms,
                nodes: Nodes { count, layout, ..Nodes::default() },
                radio: Radio { beacon_interval_us: 5000, ..Radio::of(profile) },
                protocol: Protocol { trim_per_tail: 0, ..Protocol::default() },
                twt: Twt { listen: Listen::Dtim(3), ..Twt::default() },
                signals: signals.collect(),
                storms,
                ..of_file
            }
        },
    )
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        match decode("x.ron", bytes.clone()) {
            Ok(text) => harmless(&text)?,
            Err(problem) => placed(&String::from_utf8_lossy(&bytes), &problem)?,
        }
    }

    #[test]
    fn any_pieces(pieces in vec(select(PIECES.to_vec()), 0..60)) {
        harmless(&pieces.concat())?;
        harmless(&pieces.join(" "))?;
    }

    #[test]
    fn damaged_scenarios(text in mutated()) {
        harmless(&text)?;
    }

    #[test]
    fn cut_scenarios(at in any::<prop::sample::Index>(), which in 0..4_usize) {
        let text = embedded()[which].1.trim_end();
        let text: String = text.chars().take(at.index(text.chars().count())).collect();
        let problem = Scenario::parse("x.ron", &text).expect_err("a part is no scenario");
        placed(&text, &problem)?;
    }

    #[test]
    fn places_are_in_any_text(pieces in vec(select(PIECES.to_vec()), 0..60), at in 0..200_usize) {
        let text = pieces.concat();
        for path in ["", "nodes.layout[0].name", "[3]", "title[0][0]", "..", "]", "a["] {
            prop_assert!(text.get(locate::find(&text, path).0).is_some());
        }
        prop_assert!(text.get(locate::path_at(&text, at).1).is_some());
    }

    #[test]
    fn what_is_written_reads_back(scenario in scenario()) {
        let text = scenario.to_ron();
        let again = Scenario::parse("x.ron", &text);
        prop_assert_eq!(again.map_err(|problem| format!("{problem:#}\n{text}")), Ok(scenario));
    }
}
