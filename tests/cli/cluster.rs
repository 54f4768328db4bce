//! The examples for clusters in docs/sweeps.md, with every task of their arrays, as far as they can
//! run without a cluster: the scheduler's commands are stood in for.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::{folder, text};

const PAGE: &str = include_str!("../../docs/sweeps.md");
/// Tasks of both examples.
const TASKS: usize = 20;

/// The block of the page that begins with ```` ```KIND ```` and holds `word`.
fn block(kind: &str, word: &str) -> &'static str {
    let fence = format!("```{kind}\n");
    let blocks = PAGE.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains(word)).expect("the page has it")
}

/// A folder with a sweep of 30 runs and, as programs, `qres` and stand-ins for Slurm's.
fn prepare(name: &str) -> std::path::PathBuf {
    let folder = folder(name);
    let nine = r#"(title: "Nine", watch_for: "y", signals: [(modality: "hum")], ticks: 3,
                  nodes: (count: 3))"#;
    fs::write(folder.join("nine.ron"), nine).expect("written");
    let sweep = r#"(scenario: "nine.ron", axes: [(field: "seed", range: (from: 1, to: 30))])"#;
    fs::write(folder.join("sweep.ron"), sweep).expect("written");
    let programs = folder.join("bin");
    fs::create_dir(&programs).expect("made");
    let qres = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_qres"));
    // `sbatch` gives the job's number, and runs what it is to wrap once the job has ended.
    let sbatch = "#!/bin/sh\nfor last; do :; done\n\
                  case \"$*\" in *--wrap*) exec sh -c \"$last\";; *) echo 17;; esac\n";
    for (name, script) in
        [("qres", qres.as_str()), ("srun", "#!/bin/sh\nexec \"$@\"\n"), ("sbatch", sbatch)]
    {
        let path = programs.join(name);
        fs::write(&path, script).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
        }
    }
    folder
}

fn shell(folder: &Path, script: &str, task: Option<usize>) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-e", "-u", "-c", script]);
    shell.env("PATH", format!("{}:{path}", folder.join("bin").display()));
    if let Some(task) = task {
        shell.env("SLURM_ARRAY_TASK_ID", task.to_string()).env("SLURM_CPUS_PER_TASK", "1");
    }
    shell.output().expect("a shell")
}

fn rows(folder: &Path, results: &str) -> usize {
    fs::read_to_string(folder.join(results)).expect("merged").lines().count()
}

#[cfg(unix)]
#[test]
fn the_slurm_example_does_every_run_once() {
    let folder = prepare("slurm");
    let script = block("sh", "SBATCH --array");
    assert!(script.contains(&format!("--array=0-{}", TASKS - 1)), "{script}");
    for task in 0..TASKS {
        let output = shell(&folder, script, Some(task));
        assert!(output.status.success(), "{task}: {}", text(&output.stderr));
        // A task that was queued again finds all done.
        if task == 3 {
            let again = shell(&folder, script, Some(task));
            assert!(text(&again.stderr).contains("2 of 2 runs are done already"), "{again:?}");
        }
    }
    let output = shell(&folder, block("sh", "sbatch --parsable"), None);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("30 runs: rows/results.jsonl"), "{output:?}");
    assert_eq!(rows(&folder, "rows/results.jsonl"), 30);
}

#[cfg(unix)]
#[test]
fn the_kubernetes_example_does_every_run_once() {
    let folder = prepare("kubernetes");
    let job = block("yaml", "completionMode: Indexed");
    assert!(job.contains(&format!("completions: {TASKS}\n")), "{job}");
    let arguments: Vec<&str> = job
        .lines()
        .skip_while(|line| line.trim() != "args:")
        .skip(1)
        .map_while(|line| line.trim().strip_prefix("- "))
        .collect();
    assert_eq!(arguments.len(), 5, "{arguments:?}");
    let place = folder.to_string_lossy();
    for index in 0..TASKS {
        // What Kubernetes does to arguments, and the volume's place on this machine.
        let set = |argument: &&str| {
            let set = argument.replace("$(JOB_COMPLETION_INDEX)", &index.to_string());
            set.replace("/rows", &place)
        };
        let set: Vec<String> = arguments.iter().map(set).collect();
        let output = super::qres(&set.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{index}: {}", text(&output.stderr));
    }
    let merge = "qres sweep merge /rows/out";
    assert!(PAGE.contains(merge));
    let output = shell(&folder, &merge.replace("/rows", &place), None);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(rows(&folder, "out/results.csv"), 31);
}
