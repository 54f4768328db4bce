//! Rows that are there, missing, cut off, doubled or foreign.

use std::path::PathBuf;

use super::error::spans;
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

/// The same as it stands in a file.
fn line(run: u64, wall_s: f64) -> String {
    sealed::closed(&row(run, wall_s))
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
        assert_eq!(lines, (0..5).map(|run| line(run, wall_s) + "\n").collect::<String>());
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
    for cut in [1, 30, line(2, 1.0).len()] {
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
    let foreign = sealed::closed(&row(2, 1.0).replace("abab", "cdcd"));
    let cases = [
        (line(2, 1.0), "run 2 is there twice: "),
        (foreign, ":1: a row of sweep cdcdcdcdcdcdcdcd, and this one"),
        (line(4, 1.0), ":1: not a row: `run` is not a whole number below 4"),
        (sealed::closed("{\"run\":1}"), ":1: not a row: no field `sweep`"),
        (sealed::closed("{:}"), ":1: not a row: "),
        (line(2, 1.0).replace("1.5", "1.6"), ":1: not a row: it is not as it was written; remove"),
        (row(2, 1.0), ":1: not a row: it is not as it was written; remove"),
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

/// Two processes never have one run in hand, and nothing that is not of the sweep is overwritten.
#[test]
fn a_folder_is_shared_and_kept() {
    let folder = folder("shared");
    manifest(12).claim(&folder).expect("claimed");
    let open = |of: &str| Log::open(&folder, &manifest(12), shard(of));
    let held = [open("0/4").expect("free"), open("1/4").expect("free")];
    for of in ["0/1", "0/2", "1/2", "0/4", "2/3", "4/8"] {
        let busy = open(of).expect_err("has runs of another");
        assert!(busy.to_string().contains("another process does these runs"), "{of}: {busy}");
    }
    drop((open("2/4").expect("free"), open("7/8").expect("free"), held));
    open("0/1").expect("free again");

    let other = Manifest::new(&[1; 32], "", "storm-front", 12, Vec::new());
    folder::put_first(&folder.join(MANIFEST), "other").expect("nothing is written");
    assert!(matches!(other.claim(&folder), Err(SweepError::Foreign { .. })));
    fs::write(folder.join(MANIFEST), "{").expect("written");
    let damaged = manifest(12).claim(&folder).expect_err("damaged").to_string();
    assert!(damaged.contains("remove it and run the sweep again: rows that are done stay"));
    fs::remove_file(folder.join(MANIFEST)).expect("removed");
    manifest(12).claim(&folder).expect("as the message says");
    fill(&folder, "0/1", 12, 1.0);
    merge(&folder).expect("merged");
    merge(&folder).expect("and again");

    for name in RESULTS {
        let path = folder.join(name);
        fs::write(&path, "run,mine\n").expect("written");
        for refused in [manifest(12).claim(&folder).err(), merge(&folder).err()] {
            let said = refused.expect("refused").to_string();
            assert!(
                said.contains("was not made by this sweep, and would be overwritten"),
                "{said}"
            );
        }
        assert_eq!(fs::read_to_string(&path).expect("kept"), "run,mine\n");
        fs::remove_file(&path).expect("removed");
    }
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn what_somebody_else_made_is_left_as_it_was() {
    let folder = folder("theirs");
    fs::create_dir_all(&folder).expect("a folder");
    let theirs = folder.join("shard-0-of-1.jsonl");
    // Without the end of a line, as a row that was cut off.
    for text in ["mine", "mine\n"] {
        fs::write(&theirs, text).expect("written");
        let said = manifest(2).claim(&folder).expect_err("theirs").to_string();
        assert!(said.contains("was not made by this sweep"), "{said}");
        assert_eq!(fs::read_to_string(&theirs).expect("kept"), text);
        assert!(!folder.join("sweep.json").exists(), "nothing is put beside it");
    }
    fs::remove_dir_all(folder).expect("removed");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = folder("links");
    fill(&folder, "0/1", 2, 1.0);
    let aim = folder.join("aim");
    fs::write(&aim, "precious").expect("written");
    for name in ["results.csv", "results.jsonl", "sweep.json", "shard-0-of-1.jsonl"] {
        let path = folder.join(name);
        let kept = fs::read(&path).ok();
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(&aim, &path).expect("linked");
        let said = manifest(2).claim(&folder).expect_err("a link").to_string();
        assert!(said.contains("is a symbolic link, and would be overwritten"), "{name}: {said}");
        fs::remove_file(&path).expect("removed");
        if let Some(kept) = kept {
            fs::write(&path, kept).expect("put back");
        }
    }
    assert_eq!(fs::read_to_string(aim).expect("kept"), "precious");
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn many_gaps_are_told_in_spans() {
    assert_eq!(spans(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
    let even: Vec<u64> = (0..40).step_by(2).collect();
    assert_eq!(spans(&even), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, ..");
}
