//! From a recording to a mesh that does the same again, and from that mesh back to the checkpoints.
//! Must not run ticks itself: whoever steps the mesh asks after each step.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use qres_core::id::NodeId;

use super::text::format::{Checkpoint, Hash, Hash256, Lanes};
use super::text::shown;
use super::{Apart, Board, Difference, Recording};
use crate::mesh::Mesh;
use crate::mesh::boards::{BoardInput, BoardTick};
use crate::mesh::plan::Plan;
use crate::mesh::snapshot::RULES_VERSION;
use crate::mesh::survey::Survey;
use crate::scenario::{Realm, Scenario};
use crate::world::dataset;

/// What to do about a line that no recorder has written.
const EDITED: &str = "no recorder writes that, so the file was edited: restore it from a copy";

/// Why a recording that reads well cannot be replayed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// It was recorded under other rules: which, and by whom.
    Rules(u32, String),
    /// It holds bytes of a board that mean nothing: line, tick and node.
    Boards(u64, u64, u32),
    /// It holds bytes of a board that is no node of the scenario: line, node, and how many there
    /// are.
    NoNode(u64, u32, u64),
    /// The scenario in it is not in order: why.
    Scenario(String),
    /// A data file that cannot be read: which, and why.
    Data(String, String),
    /// A data file that is another one than was recorded.
    OtherData(String),
    /// It has no checkpoint, and tells of this tick of a scenario of so many ticks.
    Unbounded(u64, u64),
    /// It has no checkpoint, and its header is not that of the mesh which the rest makes.
    Unknown,
    /// A command that no mesh of this scenario takes: its line and tick, and why.
    Command(u64, u64, String),
    /// A model that its node cannot be born with: why.
    Gene(u32, String),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules(rules, build) => {
                let who = shown(build);
                write!(out, "recorded under rules version {rules} by {who}; this build runs by ")?;
                write!(out, "version {RULES_VERSION}: replay it with {who}")
            }
            Self::Boards(line, tick, node) => write!(
                out,
                "line {line}: the bytes of the board of node {node} in tick {tick} are none that a \
                 board brings in: replay it with the build that recorded it"
            ),
            Self::NoNode(line, node, nodes) => write!(
                out,
                "line {line}: the board is node {node}, and the scenario never has more than \
                 {nodes}; {EDITED}"
            ),
            Self::Scenario(why) => out.write_str(why),
            Self::Data(path, why) => write!(
                out,
                "the data file {} cannot be read: {why}; name its folder with --data",
                shown(path)
            ),
            Self::OtherData(path) => write!(
                out,
                "the data file {} is not the one that was recorded: its contents differ; name the \
                 folder of the recorded one with --data",
                shown(path)
            ),
            Self::Unbounded(tick, most) => write!(
                out,
                "it tells of tick {tick} and has no checkpoint, and the scenario runs {most} \
                 ticks: nothing says that the run came so far; {EDITED}"
            ),
            Self::Unknown => write!(
                out,
                "it has no checkpoint, and its scenario, seed or data are not those that were \
                 recorded, or another build has recorded it: nothing says what the run was; \
                 restore it from a copy"
            ),
            Self::Command(line, tick, why) => write!(
                out,
                "line {line}: the command of tick {tick} is none that this scenario takes: {why}; \
                 {EDITED}"
            ),
            Self::Gene(node, why) => {
                write!(out, "node {node} cannot be born with the model in the header: {why}")
            }
        }
    }
}

impl std::error::Error for ReplayError {}

/// The data files of a scenario with the BLAKE3 of each; `folder` is where they are.
///
/// # Errors
/// The first that cannot be read, and why.
pub fn data_digests(
    scenario: &Scenario,
    folder: &Path,
) -> Result<Vec<(String, Hash256)>, ReplayError> {
    let digest = |path: String| match digest(&folder.join(&path)) {
        Ok(hash) => Ok((path, hash)),
        Err(why) => Err(ReplayError::Data(path, why.to_string())),
    };
    dataset::needed(scenario).into_iter().map(|file| digest(file.path)).collect()
}

fn digest(path: &Path) -> io::Result<Hash256> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(Hash256(*hasher.finalize().as_bytes())),
            length => hasher.update(piece.get(..length).unwrap_or_default()),
        };
    }
}

impl Checkpoint {
    /// The checkpoint of a survey.
    #[must_use]
    pub fn of(survey: &Survey) -> Self {
        let [world, radio, nodes, trust, energy] = survey.sections.map(Hash::of);
        Self {
            tick: survey.tick.0,
            commands: Hash::of(survey.commands),
            world,
            radio,
            nodes,
            trust,
            energy,
            joined: survey.nodes,
            lanes: Lanes(survey.lanes.clone()),
        }
    }
}

impl Recording {
    /// The plan of a mesh that does the same again: with the seed, the models and the commands of
    /// the recording. `data` is the folder with the data files.
    ///
    /// # Errors
    /// Why this build cannot do the same again.
    pub fn plan(&self, scenario: &Scenario, data: &Path) -> Result<Plan, ReplayError> {
        let header = &self.header;
        let boards = self.check(scenario)?;
        let there = data_digests(scenario, data)?;
        for (path, recorded) in &header.data {
            if there.iter().any(|(other, digest)| other == path && digest != recorded) {
                return Err(ReplayError::OtherData(path.clone()));
            }
        }
        let unfit = |why: String| ReplayError::Scenario(why);
        let series = dataset::load_all(data, scenario).map_err(|why| unfit(why.to_string()))?;
        let plan = Plan::new(scenario, header.seed, &series);
        let mut plan = plan.map_err(|why| unfit(why.to_string()))?;
        for (node, gene) in &header.genes {
            let remembered = plan.remember(NodeId(*node), &gene.0);
            remembered.map_err(|why| ReplayError::Gene(*node, why))?;
        }
        plan.replayed = self.commands.clone();
        plan.boards = boards;
        Ok(plan)
    }

    /// Whether this build can do it again, as far as that can be known without the data files and
    /// without a mesh; what boards brought in, in order of tick.
    ///
    /// # Errors
    /// Other rules than ours; ticks that nothing vouches for; or the first command or board's bytes
    /// that cannot be, by their line.
    pub fn check(&self, scenario: &Scenario) -> Result<Arc<[BoardTick]>, ReplayError> {
        let header = &self.header;
        if header.rules != RULES_VERSION {
            return Err(ReplayError::Rules(header.rules, header.build.clone()));
        }
        // Where there are checkpoints, whoever reads them has bounded the ticks between them.
        let most = scenario.ticks.max(header.checkpoint_every);
        if self.checkpoints.is_empty() && self.ticks() > most {
            return Err(ReplayError::Unbounded(self.ticks(), scenario.ticks));
        }
        // A recording may have been written by anybody: its commands are held against the scenario
        // as the scenario's own are.
        let mut realm = Realm::of(scenario);
        self.check_commands(&mut realm)?;
        self.board_ticks(realm.nodes)
    }

    /// What boards brought in, in order of tick.
    fn board_ticks(&self, nodes: u64) -> Result<Arc<[BoardTick]>, ReplayError> {
        let lines = self.lines_of.boards.iter().copied().chain(std::iter::repeat(0));
        let read = |(board, line): (&Board, u64)| {
            let unread = ReplayError::Boards(line, board.tick, board.node);
            if u64::from(board.node) >= nodes {
                return Err(ReplayError::NoNode(line, board.node, nodes));
            }
            let input = BoardInput::from_bytes(&board.bytes.0).ok_or(unread)?;
            Ok(BoardTick { tick: board.tick, node: NodeId(board.node), input })
        };
        let boards = self.boards.iter().zip(lines).map(read);
        let mut boards = boards.collect::<Result<Vec<_>, _>>()?;
        boards.sort_by_key(|board| board.tick);
        Ok(boards.into())
    }

    /// Whether a mesh is built from what the recorded one was built from.
    #[must_use]
    pub fn is_of(&self, mesh: &Mesh) -> bool {
        self.header.plan == Hash::of(mesh.identity())
    }

    /// Whether a mesh can be the recorded one, before its first tick. Where there are checkpoints
    /// they decide; where there is none, only the header can.
    ///
    /// # Errors
    /// When there is no checkpoint, and the header is of another mesh.
    pub fn vouch(&self, mesh: &Mesh) -> Result<(), ReplayError> {
        if self.checkpoints.is_empty() && !self.is_of(mesh) {
            return Err(ReplayError::Unknown);
        }
        Ok(())
    }

    /// Holds each command against what those before it have made of the realm.
    fn check_commands(&self, realm: &mut Realm) -> Result<(), ReplayError> {
        let lines = self.lines_of.commands.iter().copied().chain(std::iter::repeat(0));
        for (order, line) in self.commands.iter().zip(lines) {
            let unfit = |why: String| ReplayError::Command(line, order.at_tick, why);
            order.command.validate(realm).map_err(|fault| unfit(fault.to_string()))?;
            let effect = order.command.has_effect("command", realm.audits, realm.evolves);
            effect.map_err(|fault| unfit(fault.to_string()))?;
            realm.take(&order.command);
        }
        Ok(())
    }

    /// Holds a mesh against what the recording has of its tick; `false` where it has nothing.
    ///
    /// # Errors
    /// Where the two differ.
    pub fn verify(&self, mesh: &mut Mesh) -> Result<bool, Box<Difference>> {
        let tick = mesh.ticks();
        let recorded = self.checkpoint(tick);
        let end = self.end.as_ref().filter(|end| end.tick == tick);
        if recorded.is_none() && end.is_none() {
            return Ok(false);
        }
        let survey = mesh.survey();
        let apart = recorded.and_then(|recorded| Checkpoint::of(&survey).apart(recorded));
        let ended = end.is_some_and(|end| end.digest != Hash256(survey.digest.0));
        let Some(apart) = apart.or(ended.then(Apart::default)) else { return Ok(true) };
        let earlier = self.checkpoints.iter().rev().find(|earlier| earlier.tick < tick);
        Err(Box::new(Difference {
            file: self.file.clone(),
            after: earlier.map(|earlier| earlier.tick),
            tick,
            apart,
            edited: !self.is_of(mesh),
        }))
    }
}
