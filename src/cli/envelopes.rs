//! `--envelopes` and `check` of `.jsonld` files: signed documents of models, written and verified.

use std::path::Path;

use qres_core::q16::Q16;

use super::output::{self, Failure};
use super::place;
use crate::envelope::{
    CONTEXT, ENVELOPE_BYTES_MAX, Envelope, EnvelopeError, FRAGMENT_BYTES, NAME_CHARS_MAX, Regime,
    Statement, VOCABULARY, decode, simulation_key, to_nquads,
};
use crate::mesh::Mesh;
use crate::mesh::publish::{self, NodeView};
use crate::scenario::Scenario;

/// What all envelopes of a folder share.
const CONTEXT_FILE: &str = "context.jsonld";
const VOCABULARY_FILE: &str = "vocabulary.ttl";

/// Sizes of the envelopes that were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// How many.
    count: usize,
    /// Bytes of the longest.
    longest: usize,
    /// Those that do not fit one fragment.
    over: usize,
}

impl Written {
    /// Says how many there are and whether they fit the air.
    pub fn tell(&self) {
        let fit = match self.over {
            0 => format!("all fit a fragment of {FRAGMENT_BYTES}"),
            over => format!("{over} do not fit a fragment of {FRAGMENT_BYTES}"),
        };
        output::note(&format!(
            "{} envelopes written, the longest has {} bytes: {fit}",
            self.count, self.longest
        ));
    }
}

/// What each file of a folder of envelopes holds somewhere: the name of the context, or that of the
/// vocabulary.
const MARKS: [&str; 2] = ["ni:///sha-256;", "3f0c6e0a-5b1d-4c57-9c1e-8d2a4e77b6f1"];

/// Refuses a folder in which something else has a name that an envelope would have.
///
/// # Errors
/// When there is such a file, or what is named is no folder.
pub(super) fn free(folder: &Path, name: &str) -> Result<(), Failure> {
    if folder.exists() && !folder.is_dir() {
        let said = format!("{}: is a file; name a folder for envelopes", folder.display());
        return Err(Failure::Input(said));
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let own = format!("{}-", stem(name));
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_one = name.starts_with(&own) && (name.ends_with(".jsonld") || name.ends_with(".nq"));
        let is_common = [CONTEXT_FILE, VOCABULARY_FILE].contains(&&*name);
        let is_ours = || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            text.is_empty() || MARKS.iter().any(|mark| text.contains(mark))
        };
        if (is_one || is_common) && !is_ours() {
            return Err(place::kept(&path, "is no file of envelopes"));
        }
    }
    Ok(())
}

/// What the files of a scenario's envelopes begin with.
fn stem(name: &str) -> std::borrow::Cow<'_, str> {
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy()
}

/// Writes an envelope of each node's model, as JSON-LD and as N-Quads, and beside them the context
/// and vocabulary that give them their meaning.
///
/// # Errors
/// When the folder or a file cannot be written.
pub(super) fn write(
    mesh: &mut Mesh,
    folder: &Path,
    name: &str,
    scenario: &Scenario,
) -> Result<Written, Failure> {
    let put = |file: String, bytes: &[u8]| {
        let path = folder.join(file);
        std::fs::write(&path, bytes)
            .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
    };
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::Input(format!("{}: cannot be a folder for envelopes: {error}", folder.display()))
    })?;
    put(CONTEXT_FILE.to_owned(), CONTEXT.as_bytes())?;
    put(VOCABULARY_FILE.to_owned(), VOCABULARY.as_bytes())?;
    let stem = stem(name);
    let run: String = stem.chars().take(NAME_CHARS_MAX).collect();
    let (seed, state) = (mesh.plan().seed, mesh.publish());
    let mut written = Written::default();
    for (id, gene) in mesh.export_genes() {
        // A node that has not joined has nothing to say.
        let Some(node) = state.nodes.get(id.index()) else { continue };
        let signal = scenario.signals.get(usize::from(node.group));
        let statement = Statement {
            node: id.0,
            modality: signal.map_or("", |signal| signal.modality.as_str()),
            regime: regime(node),
            reputation: Q16::from_bits(((i64::from(node.reputation) << 16) / 65_535) as i32),
            residual: Q16::from_bits(i32::from(node.residual) * 8),
            scenario: &run,
            seed,
            tick: state.tick,
            swarm_size: state.nodes.len() as u32,
            gene: &gene,
        };
        let sealed = Envelope::seal(&statement, &simulation_key(seed, id.0));
        let sealed = sealed.map_err(Failure::input)?;
        let bytes = sealed.to_bytes().map_err(Failure::input)?;
        let quads = to_nquads(&sealed).map_err(Failure::input)?;
        put(format!("{stem}-{}.jsonld", id.0), &bytes)?;
        put(format!("{stem}-{}.nq", id.0), quads.as_bytes())?;
        written.count += 1;
        written.longest = written.longest.max(bytes.len());
        written.over += usize::from(bytes.len() > FRAGMENT_BYTES);
    }
    Ok(written)
}

fn regime(node: &NodeView) -> Regime {
    match node.regime {
        publish::Regime::Calm => Regime::Calm,
        publish::Regime::PreStorm => Regime::PreStorm,
        publish::Regime::Storm => Regime::Storm,
    }
}

/// Verifies an envelope; says in a line what it is.
///
/// # Errors
/// When the file cannot be read, is no envelope, or is one that does not hold.
pub(super) fn verify(path: &Path) -> Result<String, Failure> {
    let unreadable = |error| Failure::Input(format!("{}: {error}", path.display()));
    let about = std::fs::metadata(path).map_err(unreadable)?;
    let said = |why: EnvelopeError| {
        let message = format!("{}: {why}", path.display());
        if why.is_envelope() { Failure::Fails(message) } else { Failure::Input(message) }
    };
    if about.len() > ENVELOPE_BYTES_MAX as u64 {
        return Err(said(EnvelopeError::TooLong(about.len() as usize)));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let envelope = decode(&bytes).map_err(said)?;
    envelope.verify().map_err(said)?;
    to_nquads(&envelope).map_err(said)?;
    let size = envelope.to_bytes().map_err(said)?.len();
    let fit = match size.checked_sub(FRAGMENT_BYTES) {
        None | Some(0) => "one fragment".to_owned(),
        Some(over) => format!("{over} more than one fragment"),
    };
    Ok(format!(
        "{}: holds (node {}, {}, {:?}; {size} bytes, {fit}; signed by {})",
        path.display(),
        envelope.node(),
        envelope.modality(),
        envelope.regime(),
        envelope.creator()
    ))
}
