//! Rows that are there, missing, cut off, doubled or foreign.

use super::*;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("qres-sweep-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    path
}

fn manifest(runs: u64) -> Manifest {
    Manifest::new(&[0xab; 32], "t", "storm-front", runs, vec!["seed".to_owned()])
}

fn row(run: u64, wall_s: f64) -> String {
    format!(
        "{{\"sweep\":\"abababababababab\",\"run\":{run},\"parameters\":{{\"seed\":{run}}},\
         \"name\":\"a,\\\"b\\\"\",\"list\":[{{\"x\":1.5}}],\"none\":null,\"wall_s\":{wall_s}}}"
    )
}

fn shard(text: &str) -> Shard {
    Shard::parse(text).expect("a shard")
}

/// Writes the rows of a shard.
fn fill(folder: &Path, of: &str, runs: u64, wall_s: f64) {
    let manifest = manifest(runs);
    manifest.claim(folder).expect("claimed");
    let mut log = Log::open(folder, &manifest, shard(of)).expect("opened");
    for run in shard(of).runs(runs).filter(|run| !log.has(*run)).collect::<Vec<_>>() {
        log.add(run, &row(run, wall_s)).expect("written");
    }
}

#[test]
fn shards_divide_the_runs() {
    let runs = |text: &str| shard(text).runs(7).collect::<Vec<_>>();
    assert_eq!(runs("0/1"), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(runs("1/3"), [1, 4]);
    assert!(runs("8/9").is_empty());
    for wrong in ["", "1", "1/1", "/2", "-1/2", "+1/2", "0/0", "0/100001", "a/b", "1/2/3"] {
        assert!(Shard::parse(wrong).is_err_and(|why| why.contains("such as 0/4")), "{wrong}");
    }
}

#[test]
fn any_division_merges_to_the_same() {
    let mut merged = Vec::new();
    for (name, shards, wall_s) in
        [("one", &["0/1"][..], 1.0), ("two", &["1/2", "0/2"], 2.0), ("mixed", &["1/3", "0/1"], 3.0)]
    {
        let folder = folder(name);
        for of in shards {
            fill(&folder, of, 5, wall_s);
        }
        let result = merge(&folder).expect("merged");
        assert_eq!(result.runs, 5);
        let table = fs::read_to_string(&result.files[1]).expect("there");
        assert!(table.starts_with("run,parameters.seed,list[0].x,name,wall_s\n"), "{table}");
        assert_eq!(table.lines().nth(3), Some(&*format!("2,2,1.5,\"a,\"\"b\"\"\",{wall_s}")));
        assert_eq!(table.lines().count(), 6);
        let lines = fs::read_to_string(&result.files[0]).expect("there");
        assert_eq!(lines, (0..5).map(|run| row(run, wall_s) + "\n").collect::<String>());
        merged.push(result.digest);
        fs::remove_dir_all(folder).expect("removed");
    }
    assert!(merged.iter().all(|digest| *digest == merged[0]), "{merged:?}");
}

#[test]
fn a_cut_line_is_done_again() {
    let folder = folder("cut");
    fill(&folder, "0/1", 3, 1.0);
    let path = folder.join("shard-0-of-1.jsonl");
    let text = fs::read_to_string(&path).expect("there");
    for cut in [1, 30, row(2, 1.0).len()] {
        fs::write(&path, &text[..text.len() - cut]).expect("written");
        let missing = merge(&folder).expect_err("a run is missing").to_string();
        assert!(
            missing.starts_with("1 of 3 runs are missing: 2; run the sweep again"),
            "{missing}"
        );
        let log = Log::open(&folder, &manifest(3), Shard::WHOLE).expect("opened");
        assert_eq!([0, 1, 2].map(|run| log.has(run)), [true, true, false]);
        drop(log);
        fill(&folder, "0/1", 3, 1.0);
        assert_eq!(fs::read_to_string(&path).expect("there"), text);
    }
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn what_does_not_belong_is_named() {
    let folder = folder("foreign");
    assert!(matches!(merge(&folder), Err(SweepError::NoSweep(_))));
    fill(&folder, "0/2", 4, 1.0);
    let said = merge(&folder).expect_err("gaps").to_string();
    assert!(said.starts_with("2 of 4 runs are missing: 1, 3;"), "{said}");
    fill(&folder, "1/2", 4, 1.0);
    let copy = folder.join("shard-9-of-99.jsonl");
    let cases = [
        (row(2, 1.0), "run 2 is there twice: "),
        (row(2, 1.0).replace("abab", "cdcd"), ":1: a row of sweep cdcdcdcdcdcdcdcd, and this one"),
        (row(4, 1.0), ":1: not a row: `run` is not a whole number below 4"),
        ("{\"run\":1}".to_owned(), ":1: not a row: no field `sweep`"),
        ("nothing".to_owned(), ":1: not a row: "),
    ];
    for (line, expected) in cases {
        fs::write(&copy, format!("{line}\n")).expect("written");
        let said = merge(&folder).expect_err("refused").to_string();
        assert!(said.contains(expected), "{said}");
    }
    fs::remove_file(copy).expect("removed");
    assert!(merge(&folder).is_ok());
    let other = Manifest::new(&[1; 32], "", "storm-front", 4, Vec::new());
    let said = other.claim(&folder).expect_err("another's").to_string();
    assert!(
        said.contains("holds sweep abababababababab, and this one is 0101010101010101"),
        "{said}"
    );
    let first = Log::open(&folder, &manifest(4), Shard::WHOLE).expect("free");
    assert!(matches!(Log::open(&folder, &manifest(4), Shard::WHOLE), Err(SweepError::Busy(_))));
    drop(first);
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn many_gaps_are_told_in_spans() {
    assert_eq!(spans(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
    let even: Vec<u64> = (0..40).step_by(2).collect();
    assert_eq!(spans(&even), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, ..");
}
