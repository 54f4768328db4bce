//! Tables of small files and what is said of them; no file of a real set is needed.

use std::{fs, path::PathBuf, process};

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

const ONE: i32 = 65_536;

fn markers() -> Vec<String> {
    vec!["NA".to_owned(), String::new()]
}

fn read(text: &str, name: &str) -> Result<Series, DatasetProblem> {
    let missing = markers();
    let column = Column { name, missing: &missing };
    let read = read_columns("f.csv", text.as_bytes(), Delimiter::Comma, &[column]);
    read.map(|series| series.into_iter().next().unwrap_or_default())
}

/// A folder that is removed at the end, with these files in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let dir = std::env::temp_dir().join(format!("qres-dataset-{name}-{}", process::id()));
        for (path, text) in files {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&dir)).expect("a temporary folder");
            fs::write(path, text).expect("a temporary file");
        }
        Self(dir)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn values_and_gaps() {
    let text = "t,v\n1,1.5\n2,NA\n3,\n4,-2\n5,NA\n6, 1013.2 \n";
    let series = read(text, "v").expect("good");
    let expected = [Some(ONE + ONE / 2), None, None, Some(-2 * ONE), None, Some(66_401_075)];
    assert_eq!(series.values, expected);
    let report = GapReport { rows: 6, gaps: 3, longest_gap: 2, first_gap_lines: vec![3, 6] };
    assert_eq!(series.report, report);
}

#[test]
fn line_ends_quotes_and_marks_do_not_matter() {
    let texts = [
        "a,v\n\"x, y\",1\n\"z\",NA\n",
        "a,v\r\n\"x, y\",1\r\nz,NA\r\n",
        "\u{feff}a,v\nx,1\nz,NA",
        "\"a\",\"v\"\nx,\"1\"\nz,\"NA\"",
    ];
    for text in texts {
        let series = read(text, "v").expect("good");
        assert_eq!(series.values, [Some(ONE), None], "{text}");
        assert_eq!(series.report.first_gap_lines, [3], "{text}");
    }
}

#[test]
fn faults_name_line_and_column() {
    use DatasetFault::{Column, Empty, NotANumber, OutOfRange, Uneven};
    let cases = [
        ("", Empty, "f.csv: is empty"),
        ("v\n", Empty, "f.csv: column `v` has no value in 0 rows"),
        ("v\nNA\n", Empty, "f.csv: column `v` has no value in 1 rows"),
        ("a,V\n1,2\n", Column, "f.csv:1: no column `v` (did you mean `V`?); there are: a, V"),
        ("temperature\n1\n", Column, "f.csv:1: no column `v`; there are: temperature"),
        ("v,v\n1,2\n", Column, "f.csv:1: column `v` is there twice"),
        ("a,v\n1,2\n3\n", Uneven, "f.csv:3: the row has 1 fields, the header 2"),
        ("a,v\r\n1,2\r\n3,4,5\r\n", Uneven, "f.csv:3: the row has 3 fields, the header 2"),
        ("a,v\r\n1,2\r\n\r\n3,4,5\r\n", Uneven, "f.csv:3: the row is blank"),
        (
            "a,v\n1,x\n",
            NotANumber,
            "f.csv:2: column `v` is \"x\"; accepted: a number, or \"NA\", \"\" for a gap",
        ),
        ("v\n1\ninf\n", NotANumber, "f.csv:3: column `v` is \"inf\""),
        ("v\nNaN\n", NotANumber, "f.csv:2: column `v` is \"NaN\""),
        ("v\n1e400\n", NotANumber, "f.csv:2: column `v` is \"1e400\""),
        ("a,v\n1,\"1,5\"\n", NotANumber, "f.csv:2: column `v` is \"1,5\""),
        ("v\n32767.5\n", OutOfRange, "f.csv:2: column `v` is 32767.5; accepted: numbers from"),
        ("v\n-32768\n", OutOfRange, "f.csv:2: column `v` is -32768"),
    ];
    for (text, fault, words) in cases {
        let problem = read(text, "v").expect_err(text);
        assert_eq!(problem.fault, fault, "{text}");
        assert!(problem.to_string().starts_with(words), "{text}: {problem}");
    }
    assert_eq!(read("v\n32767\n-32767\n", "v").map(|s| s.values.len()), Ok(2));
}

#[test]
fn bytes_that_are_no_text_are_no_number() {
    let missing = markers();
    let column = Column { name: "v", missing: &missing };
    let problem = read_columns("f", b"v\n\xff\xfe\n", Delimiter::Tab, &[column]);
    assert_eq!(problem.expect_err("bad").fault, DatasetFault::NotANumber);
}

#[test]
fn several_columns_in_the_order_asked() {
    let folder = Folder::new("columns", &[("d/x.tsv", "a\tb\tc\n1\t2\t3\n4\tNA\t6\n")]);
    let missing = markers();
    let columns = ["c", "b"].map(|name| Column { name, missing: &missing });
    let series = load_columns(&folder.0, "d/x.tsv", Delimiter::Tab, &columns).expect("good");
    let values: Vec<_> = series.into_iter().map(|series| series.values).collect();
    assert_eq!(values, [vec![Some(3 * ONE), Some(6 * ONE)], vec![Some(2 * ONE), None]]);
    for path in ["../x.tsv", "/etc/passwd", "d/none.tsv", "d"] {
        let problem = load_columns(&folder.0, path, Delimiter::Tab, &columns).expect_err(path);
        assert_eq!(problem.fault, DatasetFault::Unreadable, "{path}");
    }
}

const STATIONS: &str = r#"(title: "t", watch_for: "w",
    nodes: (layout: Stations([
        (name: "Near", latitude: 1, longitude: 2),
        (name: "Far", latitude: 1, longitude: 3),
    ])),
    protocol: (trim_per_tail: 0),
    signals: [
        (modality: "t", source: Dataset(path: "air/{station}.csv", column: "T", source: "Here")),
        (modality: "p", source: Dataset(path: "air/{station}.csv", column: "P", source: "Here")),
        (modality: "s", source: Dataset(path: "sun.csv", column: "S")),
        (modality: "w", source: Sample(file: "tide.csv", column: "height_m")),
        (modality: "n"),
    ])"#;

#[test]
fn whole_scenarios_load_and_missing_files_are_named_at_once() {
    let scenario = Scenario::parse("t", STATIONS).unwrap_or_else(|p| panic!("{p:#}"));
    let folder = Folder::new("all", &[("air/Near.csv", "T,P\n1,2\n"), ("sun.csv", "S\n9\n")]);
    let problem = load_all(&folder.0, &scenario).expect_err("one file is missing");
    let expected = format!(
        concat!(
            "a data file is not there\n",
            "  looked in: {}\n",
            "  needed:    air/Far.csv\n",
            "  columns:   T, P\n",
            "  published: Here\n",
            "  then:      put them in a folder under these paths and pass `--data DIR`"
        ),
        folder.0.display()
    );
    assert_eq!(problem.to_string(), expected);
    fs::write(folder.0.join("air/Far.csv"), "T,P\n3,4\n").expect("a temporary file");
    let loaded = load_all(&folder.0, &scenario).unwrap_or_else(|p| panic!("{p}"));
    let first = |place: usize, signal: usize| -> Option<i32> {
        loaded[place][signal].as_ref().and_then(|series| series.values[0])
    };
    assert_eq!((first(0, 0), first(0, 1)), (Some(ONE), Some(2 * ONE)));
    assert_eq!((first(1, 0), first(1, 1)), (Some(3 * ONE), Some(4 * ONE)));
    let sun = [&loaded[0][2], &loaded[1][2]].map(|sun| sun.clone().expect("read"));
    assert!(Arc::ptr_eq(&sun[0], &sun[1]));
    assert!(loaded[0][3].as_ref().is_some_and(|tide| tide.values.len() == 720));
    assert_eq!(loaded[0][4], None);
}

#[test]
fn long_lists_are_wrapped_and_complete() {
    let file = |at| NeededFile {
        path: format!("set/station-number-{at}.csv"),
        columns: vec!["A".to_owned(), "B".to_owned()],
        source: "an archive".to_owned(),
    };
    let files: Vec<_> = (0..40).map(file).collect();
    let message = DatasetProblem::missing(Path::new("data"), &files).to_string();
    assert!(message.lines().all(|line| line.chars().count() <= 78), "{message}");
    assert!(files.iter().all(|file| message.contains(&file.path)), "{message}");
    assert_eq!(message.matches("columns:").count(), 1);
}

const PIECES: [&str; 10] = ["v", ",", "\n", "\r\n", "1", "-2.5", "NA", "\"", "x", "\0"];

proptest! {
    #[test]
    fn any_bytes_give_a_series_or_a_line_in_the_file(
        pieces in vec(select(PIECES.to_vec()), 0..60),
        junk in vec(any::<u8>(), 0..8),
    ) {
        let bytes = [b"v,w\n", pieces.concat().as_bytes(), &junk].concat();
        let missing = markers();
        let columns = ["v", "w"].map(|name| Column { name, missing: &missing });
        match read_columns("f", &bytes, Delimiter::Comma, &columns) {
            Ok(series) => for series in series {
                let gaps = series.values.iter().filter(|value| value.is_none()).count();
                let report = &series.report;
                prop_assert_eq!((series.values.len(), gaps), (report.rows, report.gaps));
                prop_assert!(report.longest_gap <= gaps);
            },
            Err(problem) => {
                let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
                prop_assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)));
                prop_assert!(!problem.to_string().chars().any(char::is_control));
            }
        }
    }
}

#[test]
fn a_blank_row_is_refused_and_a_blank_end_is_not() {
    let folder = std::env::temp_dir().join(format!("qres-blank-{}", process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let read = |text: &str| {
        fs::write(folder.join("x.csv"), text).expect("written");
        let column = Column { name: "h", missing: &[] };
        load_columns(&folder, "x.csv", Delimiter::Comma, &[column])
    };
    let wrong = read("h\n1\n\n2\n").expect_err("a blank row in the middle");
    assert_eq!((wrong.fault, wrong.line), (DatasetFault::Uneven, Some(3)));
    assert!(read("h\n1\n2\n\n\n").is_ok());
    assert!(read("h,t\r\n1,\"a\n\nb\"\r\n2,c\r\n").is_ok(), "a blank line inside quotes");
    fs::remove_dir_all(folder).expect("removed");
}
