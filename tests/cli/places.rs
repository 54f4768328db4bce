//! Where results go: a file gives way only to a result of its own kind, and folders for files are
//! not made.

use super::{folder, qres, refused, text, with};

const FIVE: &str = r#"(title: "Five", watch_for: "w", nodes: (count: 5), ticks: 5,
    signals: [(modality: "hum")])"#;

#[test]
fn a_file_gives_way_only_to_a_result_of_its_kind() {
    let folder = folder("places");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (five, mine, out) = (place("five.ron"), place("notes.txt"), place("out"));
    std::fs::write(&five, FIVE).expect("written");
    let commands: [(&[&str], &str); 6] = [
        (&["run", &five, "--quiet", "--csv"], "is no table of totals"),
        (&["run", &five, "--quiet", "--parquet"], "is no Parquet file"),
        (&["run", &five, "--quiet", "--pcap"], "is no capture"),
        (&["run", &five, "--quiet", "--mcap"], "is no MCAP file"),
        (&["report", &five, "--quiet", "--out"], "is no page of qres report"),
        (&["compress", &five], "is no compressed file"),
    ];
    let mut other = Vec::new();
    for (command, why) in commands {
        // What another command wrote is no better than what somebody else did.
        for content in [b"tick,of,a,clock\n".to_vec(), other.clone()] {
            std::fs::write(&mine, &content).expect("written");
            if !content.is_empty() {
                refused(
                    &with(command, &mine),
                    &["notes.txt: is there already", why, "left as it is"],
                );
            }
            assert_eq!(std::fs::read(&mine).expect("kept"), content, "{command:?}");
        }
        // Nothing, an empty file and its own result give way.
        let _ = std::fs::remove_file(&out);
        for again in 0..3 {
            let output = qres(&with(command, &out));
            assert!(output.status.success(), "{command:?} {again}: {}", text(&output.stderr));
            other = std::fs::read(&out).expect("written");
            if again == 0 {
                std::fs::write(&out, "").expect("written");
            }
        }
        refused(&with(command, &place("none/there")), &["no folder", "make it first"]);
        assert!(!folder.join("none").exists());
        refused(&with(command, &folder.to_string_lossy()), &["folder"]);
        refused(&with(command, ""), &["a value is required"]);
    }
    // What is decompressed can be of any kind: it takes the place of whatever is named.
    let back = place("back");
    for there in ["", "something else"] {
        std::fs::write(&back, there).expect("written");
        assert!(qres(&["decompress", &out, &back]).status.success());
        assert_eq!(std::fs::read_to_string(&back).expect("there"), FIVE);
    }
}

#[test]
fn envelopes_replace_envelopes_only() {
    let folder = folder("places-envelopes");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (five, out) = (place("five.ron"), place("out"));
    std::fs::write(&five, FIVE).expect("written");
    let run = ["run", &five, "--quiet", "--envelopes", &out];
    for _ in 0..2 {
        let output = qres(&run);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    for name in ["context.jsonld", "vocabulary.ttl", "five-3.jsonld", "five-3.nq"] {
        let path = folder.join("out").join(name);
        let whole = std::fs::read(&path).expect("there");
        std::fs::write(&path, "mine").expect("written");
        refused(&run, &[name, "is no file of envelopes", "left as it is"]);
        assert_eq!(std::fs::read(&path).expect("kept"), b"mine");
        std::fs::write(&path, whole).expect("written");
    }
    refused(&["run", &five, "--envelopes", &five], &["is a file", "name a folder"]);
}

#[test]
fn a_sweep_goes_on_from_what_is_whole() {
    let folder = folder("places-sweep");
    let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
    std::fs::write(place("five.ron"), FIVE).expect("written");
    let axes = r#"(scenario: "five.ron", axes: [(field: "seed", values: [1, 2, 3])])"#;
    std::fs::write(place("sweep.ron"), axes).expect("written");
    let (sweep, out) = (place("sweep.ron"), place("out"));
    let run = ["sweep", &sweep, "--out", &out];
    let first = qres(&run);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let cut = |name: &str, bytes: usize| {
        let path = folder.join("out").join(name);
        let whole = std::fs::read(&path).expect("there");
        std::fs::write(&path, &whole[..bytes.min(whole.len() - 1)]).expect("written");
    };
    for (name, bytes) in [("results.jsonl", 300), ("results.jsonl", 7), ("results.csv", 300)] {
        cut(name, bytes);
        let again = qres(&run);
        let said = text(&again.stderr);
        assert!(again.status.success(), "{said}");
        assert!(said.contains(&format!("{name}: was cut off; it is made again")), "{said}");
        assert_eq!(text(&again.stdout), text(&first.stdout));
    }
    cut("shard-0-of-1.jsonl", usize::MAX);
    let again = qres(&run);
    let said = text(&again.stderr);
    assert!(again.status.success(), "{said}");
    for part in ["shard-0-of-1.jsonl: the last line was cut off", "2 of 3 runs are done already"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(text(&again.stdout), text(&first.stdout));
    let file = place("out/results.csv");
    refused(&["sweep", &sweep, "--out", &file], &["results.csv: is a file", "name a folder"]);
    refused(&["sweep", "merge", &file], &["no `sweep.json`"]);
}
