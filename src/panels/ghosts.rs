//! In the scene: commands that wait for the next tick, as dashed ghosts where they have a place,
//! and where faults that are on have one. Draws only; the panel of hands lists both.

use super::theme;
use crate::scenario::{self, Command, Links, Selector, Who};
use crate::view::crowd::Crowd;
use crate::view::space::Space;
use crate::view::stage::Stage;
use bevy::math::Vec3;
use bevy_egui::egui::{
    Align2, Color32, Context, LayerId, Order, Painter, Pos2, Shape, Stroke, vec2,
};

/// Nodes of one command that are marked, at most.
const NODES: usize = 64;
/// Length of a dash and of a gap, in points.
const DASH: (f32, f32) = (6.0, 4.0);

/// What a ghost is drawn with.
pub struct Easel<'a> {
    stage: &'a Stage,
    space: &'a Space,
    crowd: &'a Crowd,
    /// Where a place of the scene is in the window, in points.
    seen: &'a dyn Fn(Vec3) -> Option<Pos2>,
    paint: Painter,
}

/// Draws all that waits, and the places of faults. Places on the ground are `real` in one layout
/// only.
pub fn show(
    context: &Context,
    stage: &Stage,
    (space, crowd): (&Space, &Crowd),
    real: bool,
    seen: &dyn Fn(Vec3) -> Option<Pos2>,
) {
    let waiting = &stage.published.orders.waiting;
    let mut worlds = stage.worlds();
    let troubled = worlds.any(|world| world.troubles.iter().any(|at| at.area.is_some()));
    if waiting.is_empty() && !troubled {
        return;
    }
    let paint = context.layer_painter(LayerId::new(Order::Background, "ghosts".into()));
    let easel = Easel { stage, space, crowd, seen, paint };
    if real {
        easel.troubles();
    }
    for command in waiting {
        for (_, nodes) in command.selectors() {
            easel.nodes(nodes, colour_of(command));
        }
        if real {
            easel.place(command);
        }
    }
}

/// Harm is in the colour of warnings.
const fn colour_of(command: &Command) -> Color32 {
    match command {
        Command::SetAttack { .. }
        | Command::Kill { .. }
        | Command::Drain { .. }
        | Command::Cut { .. }
        | Command::Degrade { .. }
        | Command::StartFault { .. } => theme::WARN,
        _ => theme::ACCENT,
    }
}

/// The ids of a list, and of nothing else: properties are found out when the tick comes.
fn listed(text: &str, count: usize) -> Vec<u32> {
    let Some(list) = Selector::parse(text).ok().filter(Selector::is_list) else {
        return Vec::new();
    };
    let all = scenario::Crowd { count: count as u32, has: &|_, _| false, lot: &|_| 0 };
    let mut ids = list.resolve(&all);
    ids.truncate(NODES);
    ids
}

impl Easel<'_> {
    fn ground(&self, x_mm: i64, z_mm: i64) -> Vec3 {
        self.space.far_place([x_mm, 0, z_mm]).with_y(-self.space.half.y)
    }

    fn dashed(&self, line: &[Pos2], colour: Color32) {
        let stroke = Stroke::new(1.6, colour);
        self.paint.extend(Shape::dashed_line(line, stroke, DASH.0, DASH.1));
    }

    fn circle(&self, centre: Vec3, radius: f32, colour: Color32) {
        self.dashed(&rim(centre, radius, self.seen), colour);
    }

    fn line(&self, from: Vec3, to: Vec3, colour: Color32) {
        if let (Some(from), Some(to)) = ((self.seen)(from), (self.seen)(to)) {
            self.dashed(&[from, to], colour);
        }
    }

    fn word(&self, at: Vec3, text: &str, colour: Color32) {
        if let Some(at) = (self.seen)(at) {
            let galley = self.paint.layout_no_wrap(text.to_owned(), theme::tag_font(), colour);
            let behind = Align2::CENTER_CENTER.anchor_size(at, galley.size());
            self.paint.rect_filled(behind.expand2(vec2(5.0, 2.0)), 5.0, theme::SURFACE);
            self.paint.galley(behind.min, galley, colour);
        }
    }

    /// A dashed ring around each node that is named.
    fn nodes(&self, text: &str, colour: Color32) {
        for id in listed(text, self.stage.published.nodes.len()) {
            if let Some(place) = self.crowd.place(id) {
                self.circle(place, self.space.node_radius * 2.2, colour);
            }
        }
    }

    /// Where a fault has a place of its own, such as a jammer.
    fn troubles(&self) {
        let worlds = self.stage.worlds().enumerate();
        let all = worlds.flat_map(|(world, seen)| seen.troubles.iter().map(move |at| (world, at)));
        for (world, trouble) in all {
            let Some(([x_mm, z_mm], radius_mm)) = trouble.area else { continue };
            let centre = self.ground(x_mm, z_mm) + self.crowd.apart(world);
            let radius = self.space.length(radius_mm);
            let rim = rim(centre, radius, self.seen);
            self.paint.add(Shape::line(rim, Stroke::new(1.6, theme::WARN)));
            let said = format!("{} {}", trouble.name.to_lowercase(), trouble.number);
            self.word(centre + Vec3::new(0.0, 0.0, radius), &said, theme::WARN);
        }
    }

    /// What a command does to a place on the ground.
    fn place(&self, command: &Command) {
        let storm = |number: u32| {
            self.stage.published.storms.iter().find(|storm| storm.number == number).map(|storm| {
                let centre = self.space.place(storm.centre_mm).with_y(-self.space.half.y);
                (centre, self.space.length(storm.radius_mm))
            })
        };
        match command {
            Command::StartStorm { x_mm, z_mm, radius_mm, .. } => {
                let centre = self.ground(*x_mm, *z_mm);
                self.circle(centre, self.space.length(*radius_mm), theme::storm());
                self.word(centre, "storm", theme::INK);
            }
            Command::StartFault { whom: Who::Area { x_mm, z_mm, radius_mm }, kind, .. } => {
                let centre = self.ground(*x_mm, *z_mm);
                self.circle(centre, self.space.length(*radius_mm), theme::WARN);
                self.word(centre, &kind.name().to_lowercase(), theme::INK);
            }
            Command::MoveStorm { storm: number, x_mm, z_mm, .. } => {
                let Some((from, radius)) = storm(*number) else { return };
                let to = self.ground(*x_mm, *z_mm);
                self.circle(to, radius, theme::storm());
                self.line(from, to, theme::storm());
            }
            Command::SetStorm { storm: number, radius_mm: Some(radius), .. } => {
                let Some((centre, _)) = storm(*number) else { return };
                self.circle(centre, self.space.length(*radius), theme::storm());
            }
            Command::EndStorm { storm: number } => {
                let Some((centre, radius)) = storm(*number) else { return };
                self.circle(centre, radius, theme::FAINT);
                self.word(centre, "ends", theme::INK);
            }
            Command::MoveNodes { nodes, x_mm, z_mm } => self.moved(nodes, (*x_mm, *z_mm)),
            Command::AddNodes { count, x_mm, z_mm, .. } => {
                let place = self.ground(*x_mm, *z_mm);
                self.circle(place, self.space.node_radius * 1.6, theme::ACCENT);
                self.word(place, &format!("+{count}"), theme::INK);
            }
            Command::Cut { links: Links::Across(corners) }
            | Command::Degrade { links: Links::Across(corners), .. }
            | Command::Restore { links: Links::Across(corners) } => {
                let line: Vec<Pos2> =
                    corners.iter().filter_map(|(x, z)| (self.seen)(self.ground(*x, *z))).collect();
                self.dashed(&line, colour_of(command));
            }
            _ => {}
        }
    }

    /// Nodes where they are to stand: their middle comes to a place.
    fn moved(&self, text: &str, (x_mm, z_mm): (i64, i64)) {
        let ids = listed(text, self.stage.published.nodes.len());
        let places: Vec<Vec3> = ids.iter().filter_map(|id| self.crowd.place(*id)).collect();
        if places.is_empty() {
            return;
        }
        let middle = places.iter().sum::<Vec3>() / places.len() as f32;
        let shift = (self.ground(x_mm, z_mm) - middle).with_y(0.0);
        self.line(middle, middle + shift, theme::ACCENT);
        for place in places {
            self.circle(place + shift, self.space.node_radius * 1.3, theme::ACCENT);
        }
    }
}

/// A level circle as it is seen.
pub fn rim(centre: Vec3, radius: f32, seen: &dyn Fn(Vec3) -> Option<Pos2>) -> Vec<Pos2> {
    let place = |step: u8| {
        let turn = f32::from(step) / 48.0 * std::f32::consts::TAU;
        seen(centre + Vec3::new(turn.cos(), 0.0, turn.sin()) * radius)
    };
    (0..=48).filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_marked_and_properties_are_not() {
        assert_eq!(listed("3 5-7", 100), [3, 5, 6, 7]);
        assert!(listed("regime=storm", 100).is_empty());
        assert!(listed("(", 100).is_empty());
        assert_eq!(listed("0-99999", 100_000).len(), NODES);
        let heal = Command::Heal { nodes: "4".to_owned() };
        assert_eq!(colour_of(&heal), theme::ACCENT);
    }
}
