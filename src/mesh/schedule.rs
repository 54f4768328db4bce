//! The schedule of a tick: its sets in their order, single-threaded between systems, parallel
//! inside them, with any ambiguity between systems an error.

use bevy::ecs::prelude::*;
use bevy::ecs::schedule::{LogLevel, ScheduleBuildSettings, ScheduleLabel, SingleThreadedExecutor};

/// Runs once per tick.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct TickSchedule;

/// The sets of a tick, in the order in which they run.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TickSystems {
    /// Storms move, nodes join; nobody else touches the world.
    Environment,
    /// Sensors are read.
    Sense,
    /// Neurons predict and learn; entropy is estimated.
    Predict,
    /// Detectors decide on a regime.
    Regime,
    /// Radios wake and sleep.
    Wake,
    /// Nodes decide what to send.
    Speak,
    /// Frames travel and are heard; sentinels answer.
    Radio,
    /// Rounds that end merge what they heard, and judge it.
    Aggregate,
    /// Nodes review their standing.
    Trust,
    /// Nodes try genes, and put those that work into service.
    Evolve,
    /// Everything done is paid for.
    Energy,
    /// Counters and what the outside sees.
    Observe,
}

/// The schedule with its sets chained and no systems yet.
#[must_use]
pub fn tick_schedule() -> Schedule {
    let mut schedule = Schedule::new(TickSchedule);
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.set_build_settings(ScheduleBuildSettings {
        ambiguity_detection: LogLevel::Error,
        ..ScheduleBuildSettings::default()
    });
    schedule.configure_sets(
        (
            TickSystems::Environment,
            TickSystems::Sense,
            TickSystems::Predict,
            TickSystems::Regime,
            TickSystems::Wake,
            TickSystems::Speak,
            TickSystems::Radio,
            TickSystems::Aggregate,
            TickSystems::Trust,
            TickSystems::Evolve,
            TickSystems::Energy,
            TickSystems::Observe,
        )
            .chain(),
    );
    schedule
}
