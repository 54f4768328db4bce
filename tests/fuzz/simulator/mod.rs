//! What the fuzz targets of the simulator do with their bytes, for cargo-fuzz and for the plain
//! test that replays the corpus, `tests/fuzz_corpus/main.rs`. The rules are those of `bodies`.

#![expect(clippy::expect_used, reason = "what fails here is a finding")]

use qres::envelope::{self, to_nquads};
use qres::memory::{self, GENE_BYTES_MAX, GenesError};
use qres::record::recording::text::{self, Recording};
use qres::scenario::Scenario;

/// A fuzz target: its name and its body.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All of them. A name is also a file of `fuzz_targets` and a folder of `corpus`.
pub const TARGETS: &[Target] =
    &[("envelope", envelope), ("models", models), ("recording", recording), ("scenario", scenario)];

/// Runs the target of that name.
pub fn run(name: &str, data: &[u8]) -> bool {
    TARGETS.iter().any(|(other, body)| *other == name && body(data))
}

/// An envelope: what is read is written in one form, and is RDF, whether it holds or not.
fn envelope(data: &[u8]) -> bool {
    let Ok(envelope) = envelope::decode(data) else { return false };
    let written = envelope.to_bytes().expect("canonical JSON");
    assert_eq!(envelope::decode(&written).as_ref(), Ok(&envelope));
    assert!(envelope.gene().len() <= envelope::GENE_BYTES_MAX);
    let quads = to_nquads(&envelope).expect("RDF");
    assert!(quads.ends_with(" .\n"), "{quads}");
    envelope.verify().is_ok()
}

/// An identity and the list of models that it begins; and the same for somebody else.
fn models(data: &[u8]) -> bool {
    let Some(own) = data.first_chunk::<32>() else {
        assert_eq!(memory::decode(&[0; 32], data), Err(GenesError::Length));
        return false;
    };
    let other = own.map(|byte| !byte);
    assert_eq!(memory::decode(&other, data), Err(GenesError::OtherScenario));
    let Ok(genes) = memory::decode(own, data) else { return false };
    let mut again = [&own[..], &(genes.len() as u32).to_le_bytes()].concat();
    for (id, gene) in &genes {
        assert!(gene.len() <= GENE_BYTES_MAX);
        again.extend_from_slice(&id.0.to_le_bytes());
        again.extend_from_slice(&(gene.len() as u16).to_le_bytes());
        again.extend_from_slice(gene);
    }
    assert_eq!(again, data);
    assert!(genes.is_sorted_by(|(a, _), (b, _)| a < b));
    true
}

/// A recording: as it is, with right checksums, and cut in the middle. What is read is in order,
/// and what is left of it is a beginning.
fn recording(data: &[u8]) -> bool {
    let read = |bytes: &[u8]| text::decode("fuzz.ron", &mut std::io::Cursor::new(bytes));
    let sealed = std::str::from_utf8(data).map(text::seal).unwrap_or_default();
    let whole = read(sealed.as_bytes());
    if let Ok(whole) = &whole {
        in_order(whole);
        let half = sealed.len() / 2;
        if let Ok(part) = read(sealed.as_bytes().get(..half).expect("a half")) {
            assert!(whole.commands.starts_with(&part.commands));
            assert!(whole.checkpoints.starts_with(&part.checkpoints));
            assert!(part.ticks() <= whole.ticks() && part.warning().is_some());
        }
    }
    match read(data) {
        Ok(found) => {
            in_order(&found);
            found.cut.is_some() || whole.is_ok_and(|whole| whole == found)
        }
        Err(why) => {
            assert!(!why.to_string().is_empty());
            false
        }
    }
}

fn in_order(recording: &Recording) {
    let ticks = recording.ticks();
    assert!(recording.commands.is_sorted_by_key(|order| order.at_tick));
    assert!(recording.checkpoints.is_sorted_by(|one, other| one.tick < other.tick));
    for checkpoint in &recording.checkpoints {
        assert!(checkpoint.tick <= ticks && checkpoint.apart(checkpoint).is_none());
        assert_eq!(recording.checkpoint(checkpoint.tick), Some(checkpoint));
    }
    if let Err(problem) = recording.scenario() {
        assert!(!format!("{problem:#}").is_empty());
    }
}

/// The text of a scenario: what is read is written and read again as the same, and what is not is
/// explained.
fn scenario(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    match Scenario::parse("fuzz.ron", text) {
        Ok(scenario) => {
            let written = scenario.to_ron();
            let again = Scenario::parse("again.ron", &written).map_err(|why| why.to_string());
            assert_eq!(again.as_ref(), Ok(&scenario), "{written}");
            true
        }
        Err(problem) => {
            assert!(!format!("{problem:#}").is_empty());
            false
        }
    }
}
