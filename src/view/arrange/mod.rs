//! Where nodes are shown: as they really stand, or arranged otherwise. They glide from one to the
//! other.
//!
//! A layout moves the picture only. The radio, the weather and everything else in the mesh know
//! real places, and nothing here is ever read by them.

mod force;
mod octree;
mod pivots;
mod search;
mod shapes;

use super::crowd::Crowd;
use super::space::Space;
use super::stage::{Look, Stage};
use bevy::prelude::*;
use search::{Over, Search};

/// How quickly nodes glide, per second: within 1.2 percent of the way after 0.8 s.
const GLIDE: f32 = 8.0;
/// The same where motion is unwanted: a quarter of a second.
const CALM_GLIDE: f32 = 26.0;
/// What is nearer to its goal than this, in units, and as slow, is there.
const THERE: f32 = 1.0e-3;

/// How nodes are arranged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Where they really stand.
    #[default]
    Placed,
    /// In rows on the ground.
    Grid,
    /// Evenly on a sphere.
    Sphere,
    /// By their links alone.
    Force,
}

impl Layout {
    /// All of them, in the order of the key.
    pub const ALL: [Self; 4] = [Self::Placed, Self::Grid, Self::Sphere, Self::Force];

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Placed => Self::Grid,
            Self::Grid => Self::Sphere,
            Self::Sphere => Self::Force,
            Self::Force => Self::Placed,
        }
    }

    /// Its name in the legend.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Placed => "as placed",
            Self::Grid => "grid",
            Self::Sphere => "sphere",
            Self::Force => "force-directed",
        }
    }

    /// Whether places in the picture are places in the world.
    #[must_use]
    pub fn is_real(self) -> bool {
        self == Self::Placed
    }
}

/// What the scene around the nodes has to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    /// Radius of a sphere around everything.
    pub radius: f32,
    /// Height of the ground.
    pub ground: f32,
    /// 1 for a sheet of nodes, 0 for a ball of them.
    pub flatness: f32,
    /// 1 where places are real, 0 where they are not.
    pub real: f32,
}

impl Form {
    fn of_space(space: &Space) -> Self {
        let Space { radius, ground, flatness, .. } = *space;
        Self { radius, ground, flatness, real: 1.0 }
    }

    fn of_places(places: &[Vec3]) -> Self {
        let radius = places.iter().map(|place| place.length()).fold(1.5, f32::max);
        let low = places.iter().map(|place| place.y).fold(0.0, f32::min);
        let flatness = if low < -0.5 { 0.0 } else { 1.0 };
        Self { radius, ground: low - 0.42 - 0.6 * (1.0 - flatness), flatness, real: 0.0 }
    }

    fn to_vec(self) -> Vec4 {
        Vec4::new(self.radius, self.ground, self.flatness, self.real)
    }

    fn from_vec(v: Vec4) -> Self {
        Self { radius: v.x, ground: v.y, flatness: v.z, real: v.w.clamp(0.0, 1.0) }
    }
}

/// The layout on show, and how far it is shown.
#[derive(Resource, Default)]
pub struct Arrangement {
    layout: Layout,
    /// Where nodes go; empty when they go to their real places.
    goals: Vec<Vec3>,
    speeds: Vec<Vec4>,
    form: Option<[Vec4; 3]>,
    /// Some node is not yet where it goes.
    moving: bool,
    /// How many nodes the goals were made for.
    made_for: usize,
    search: Option<Search>,
    /// What the search has found so far.
    found: Vec<Vec3>,
    /// How far a second world is shown from the first: now, how quickly it goes, and at last.
    apart: [Vec4; 3],
    /// How many nodes there were in both worlds.
    shown: usize,
}

/// The least gap between two worlds, in units, and its share of their width.
const GAP: (f32, f32) = (1.6, 0.14);

impl Arrangement {
    /// The scene as it is seen now.
    #[must_use]
    pub fn form(&self, space: &Space) -> Form {
        self.form.map_or_else(|| Form::of_space(space), |[shown, ..]| Form::from_vec(shown))
    }

    /// The layout on show.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// How large the scene will be, in steps that are worth a move of the camera.
    #[must_use]
    pub fn size_class(&self) -> i32 {
        let single =
            self.form.map_or(0, |[_, _, goal]| (goal.x.max(0.1).ln() * 6.0).round() as i32);
        single + if self.is_double() { 1_000 } else { 0 }
    }

    /// Where a node goes: a place, and how much of it is its real place.
    fn goal(&self, id: usize) -> Vec4 {
        match self.goals.get(id) {
            Some(goal) => goal.extend(0.0),
            // A newcomer that the layout does not know yet waits in the middle.
            None if !self.goals.is_empty() => Vec4::ZERO,
            None => Vec4::W,
        }
    }

    /// The same for a node of any world.
    fn goal_of(&self, (world, id): (usize, usize)) -> Vec4 {
        if world == 0 { self.goal(id) } else { self.goal(id) + self.apart[2] }
    }

    /// Where all nodes will be seen when they have arrived.
    pub fn ends<'a>(&'a self, crowd: &'a Crowd) -> impl Iterator<Item = Vec3> + Clone + 'a {
        crowd.real_places().enumerate().map(|(index, real)| {
            let goal = self.goal_of(crowd.seat(index));
            goal.truncate() + real * goal.w
        })
    }

    /// How far a second world is shown from the first.
    #[must_use]
    pub fn apart(&self) -> Vec3 {
        self.apart[0].truncate()
    }

    /// Whether two worlds stand side by side, or will.
    #[must_use]
    pub fn is_double(&self) -> bool {
        self.apart[2] != Vec4::ZERO
    }

    /// Gives a second world its place beside the first.
    fn part(&mut self, crowd: &Crowd, space: &Space) {
        let wanted = if crowd.is_double() {
            let ends = self.goals.iter().map(|goal| goal.x);
            let (low, high) =
                ends.fold((0.0_f32, 0.0_f32), |(low, high), x| (low.min(x), high.max(x)));
            let wide = if self.goals.is_empty() { 2.0 * space.half.x } else { high - low };
            Vec4::X * (wide + (wide * GAP.1).max(GAP.0))
        } else {
            Vec4::ZERO
        };
        if self.apart[2] != wanted || self.shown != crowd.count() {
            self.apart[2] = wanted;
            self.shown = crowd.count();
            self.moving = true;
        }
    }

    fn aim(&mut self, goals: Vec<Vec3>, space: &Space) {
        let form = if goals.is_empty() { Form::of_space(space) } else { Form::of_places(&goals) };
        let [shown, speed, _] =
            self.form.unwrap_or([Form::of_space(space).to_vec(), Vec4::ZERO, Vec4::ZERO]);
        self.form = Some([shown, speed, form.to_vec()]);
        self.goals = goals;
        self.moving = true;
    }

    /// Takes another layout, or the same one for more nodes.
    fn change(&mut self, layout: Layout, crowd: &Crowd, stage: &Stage, space: &Space, now: bool) {
        self.layout = layout;
        self.made_for = crowd.split();
        let real = || crowd.real_places().take(crowd.split()).collect::<Vec<_>>();
        match layout {
            Layout::Placed => self.aim(Vec::new(), space),
            Layout::Grid => self.aim(shapes::grid(&real()), space),
            Layout::Sphere => self.aim(shapes::sphere(&real()), space),
            Layout::Force => {
                // All that will ever join have their place from the start.
                let count = stage.scene.node_labels.len().max(crowd.split());
                if self.found.len() != count {
                    self.found.clear();
                    if now {
                        self.found = search::settle(count, &stage.scene.links);
                    } else {
                        self.search = Search::start(count, stage.scene.links.clone());
                    }
                }
                if !self.found.is_empty() {
                    self.aim(self.found.clone(), space);
                }
            }
        }
    }

    /// Takes what a search has found since the last frame.
    fn listen(&mut self, space: &Space) {
        match self.search.as_ref().map(Search::newest) {
            Some(Ok(Some(places))) => {
                if self.layout == Layout::Force {
                    self.aim(places.clone(), space);
                }
                self.found = places;
            }
            Some(Err(Over)) => self.search = None,
            Some(Ok(None)) | None => {}
        }
    }

    /// Moves everything on by some seconds; at once when `rate` is `None`.
    fn advance(&mut self, crowd: &mut Crowd, rate: Option<f32>, seconds: f32) {
        let mut speeds = std::mem::take(&mut self.speeds);
        speeds.resize(crowd.count(), Vec4::ZERO);
        let [shown, speed, goal] = &mut self.apart;
        let mut far = glide(shown, speed, *goal, rate, seconds);
        let split = crowd.split();
        let seat = |index: usize| index.checked_sub(split).map_or((0, index), |id| (1, id));
        for ((index, shown), speed) in crowd.lays().enumerate().zip(&mut speeds) {
            far = far.max(glide(shown, speed, self.goal_of(seat(index)), rate, seconds));
        }
        self.speeds = speeds;
        if let Some([shown, speed, goal]) = &mut self.form {
            far = far.max(glide(shown, speed, *goal, rate, seconds));
        }
        if far < THERE {
            self.moving = false;
            self.speeds.fill(Vec4::ZERO);
            for index in 0..crowd.count() {
                crowd.lay(index, self.goal_of(crowd.seat(index)));
            }
            self.apart[0] = self.apart[2];
            if let Some([shown, speed, goal]) = &mut self.form {
                (*shown, *speed) = (*goal, Vec4::ZERO);
            }
            if self.layout.is_real() {
                self.form = None;
            }
        }
    }
}

/// A critically damped spring, solved exactly: the way is the same at every frame rate. Says how
/// far it still is, speed included.
fn glide(shown: &mut Vec4, speed: &mut Vec4, goal: Vec4, rate: Option<f32>, seconds: f32) -> f32 {
    let Some(rate) = rate else {
        (*shown, *speed) = (goal, Vec4::ZERO);
        return 0.0;
    };
    let off = *shown - goal;
    let push = *speed + off * rate;
    let fade = (-rate * seconds).exp();
    *shown = goal + (off + push * seconds) * fade;
    *speed = (*speed - push * (rate * seconds)) * fade;
    shown.distance(goal).max(speed.length() / rate)
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Arrangement>()
        .add_systems(Update, arrange.in_set(super::ViewSystems::Arrange));
}

fn arrange(
    look: Res<Look>,
    stage: Res<Stage>,
    space: Res<Space>,
    time: Res<Time>,
    mut arrangement: ResMut<Arrangement>,
    mut crowd: ResMut<Crowd>,
) {
    let this = &mut *arrangement;
    let grown = !this.layout.is_real() && this.made_for != crowd.split();
    if look.layout != this.layout || grown {
        this.change(look.layout, &crowd, &stage, &space, look.still);
    }
    this.listen(&space);
    this.part(&crowd, &space);
    if this.moving {
        let rate = if look.calm_motion { CALM_GLIDE } else { GLIDE };
        let rate = (!look.still).then_some(rate);
        this.advance(&mut crowd, rate, time.delta_secs().min(0.25));
    }
    let form = this.form(&space);
    let ahead = if this.layout.is_real() { space.half.z + 0.7 } else { form.radius };
    crowd.stand(this.apart(), Vec3::new(0.0, form.ground, ahead));
}

#[cfg(test)]
mod tests;
