//! Where panels stand: a tree of tiles around the scene that people drag, close and open again.
//!
//! The scene is one of the tiles and is left free; it is drawn behind the whole window.

mod widen;

use super::theme;
use bevy_egui::egui::{
    Align2, Color32, Id, PointerButton, Rect, Response, RichText, Sense, Stroke, Style, TextStyle,
    TextWrapMode, Ui, Vec2, Visuals, WidgetInfo, WidgetText, WidgetType, pos2, vec2,
};
use egui_tiles::{
    Behavior, Container, Linear, LinearDir, ResizeState, SimplificationOptions, TabState, Tabs,
    Tile, TileId, Tiles, Tree, UiResponse,
};
use serde::{Deserialize, Serialize};

/// Space between tiles, in points.
const GAP: f32 = 8.0;
/// No panel is narrower or lower than this.
const LEAST: f32 = 120.0;

/// What a tile shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pane {
    /// The mesh itself.
    Scene,
    /// How the mesh does.
    Overview,
    /// What else there is to see.
    Scenarios,
    /// What can be done to the mesh.
    Hands,
    /// The run as lanes.
    Timeline,
    /// The swarm over the run.
    Figures,
    /// What happened, line by line.
    Journal,
    /// The descent of genes.
    Lineage,
    /// Everything about the selected node.
    Inspector,
    /// What sets two worlds apart.
    Whatif,
    /// Real boards as nodes.
    Boards,
    /// Frames, ticks, and who draws.
    Performance,
    /// Colours, text and motion.
    Settings,
}

/// Beside which edge a panel opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Bottom,
}

impl Pane {
    /// All that can be opened and closed.
    pub const ALL: [Self; 12] = [
        Self::Overview,
        Self::Scenarios,
        Self::Hands,
        Self::Timeline,
        Self::Figures,
        Self::Journal,
        Self::Lineage,
        Self::Inspector,
        Self::Whatif,
        Self::Boards,
        Self::Performance,
        Self::Settings,
    ];

    /// What its tab says.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Scene => "Scene",
            Self::Overview => "Overview",
            Self::Scenarios => "Scenarios",
            Self::Hands => "Hands",
            Self::Timeline => "Timeline",
            Self::Figures => "Figures",
            Self::Journal => "Log",
            Self::Lineage => "Lineage",
            Self::Inspector => "Inspector",
            Self::Whatif => "What if",
            Self::Boards => "Boards",
            Self::Performance => "Performance",
            Self::Settings => "Settings",
        }
    }

    const fn side(self) -> Side {
        match self {
            Self::Scene
            | Self::Timeline
            | Self::Figures
            | Self::Journal
            | Self::Lineage
            | Self::Boards
            | Self::Performance => Side::Bottom,
            Self::Overview | Self::Scenarios | Self::Hands | Self::Settings => Side::Left,
            Self::Inspector | Self::Whatif => Side::Right,
        }
    }
}

impl Side {
    /// Width beside the scene, or height below it, in points.
    const fn room(self) -> f32 {
        match self {
            Self::Left => theme::LEFT_WIDTH,
            Self::Right => theme::RIGHT_WIDTH,
            Self::Bottom => theme::BOTTOM_HEIGHT,
        }
    }
}

/// The tiles.
pub struct Dock {
    tree: Tree<Pane>,
    widened: Option<widen::Widened>,
}

impl Default for Dock {
    fn default() -> Self {
        let mut tiles = Tiles::default();
        let scene = tiles.insert_pane(Pane::Scene);
        let mut dock = Self { tree: Tree::new("dock", scene, tiles), widened: None };
        let left = [Pane::Overview, Pane::Hands, Pane::Scenarios, Pane::Settings];
        for pane in left.into_iter().chain([Pane::Inspector, Pane::Whatif]) {
            dock.open(pane);
        }
        dock.front(Pane::Overview);
        for pane in [Pane::Timeline, Pane::Figures, Pane::Journal, Pane::Lineage] {
            dock.open(pane);
        }
        dock.front(Pane::Timeline);
        dock
    }
}

impl Dock {
    /// How the tiles stand, to be kept.
    #[must_use]
    pub fn save(&self) -> Option<Plan> {
        let root = self.tree.root?;
        let Some(widened) = &self.widened else { return plan(&self.tree.tiles, root) };
        let mut tiles = self.tree.tiles.clone();
        widened.undo(&mut tiles);
        plan(&tiles, root)
    }

    /// Tiles as they were kept; `None` for a plan without the scene, or with anything twice.
    #[must_use]
    pub fn load(kept: &Plan) -> Option<Self> {
        let mut seen = Vec::new();
        let mut tiles = Tiles::default();
        let root = build(kept, &mut tiles, &mut seen, 0)?;
        let tree = Tree::new("dock", root, tiles);
        seen.contains(&Pane::Scene).then_some(Self { tree, widened: None })
    }

    /// Whether a panel is there, on top of its tabs or not.
    #[must_use]
    pub fn is_open(&self, pane: Pane) -> bool {
        self.tree.tiles.find_pane(&pane).is_some()
    }

    /// Opens a panel, brings it to the front, or closes it when it is in front.
    pub fn toggle(&mut self, pane: Pane) {
        match self.tree.tiles.find_pane(&pane) {
            Some(tile) if self.tree.active_tiles().contains(&tile) => {
                self.tree.remove_recursively(tile);
            }
            Some(_) => self.front(pane),
            None => self.open(pane),
        }
    }

    /// Brings a panel to the front that has something to say now, or the one beside it that has.
    pub fn offer(&mut self, pane: Pane, has_words: bool) {
        if !has_words {
            let kin = Pane::ALL.into_iter().find(|kin| *kin != pane && kin.side() == pane.side());
            if let Some(kin) = kin.filter(|kin| self.is_open(*kin)) {
                self.front(kin);
            }
        } else if self.is_open(pane) {
            self.front(pane);
        } else {
            self.open(pane);
        }
    }

    fn front(&mut self, pane: Pane) {
        self.tree.make_active(|_, tile| *tile == Tile::Pane(pane));
    }

    /// Opens a panel beside those of its kind, or at its edge of the window.
    fn open(&mut self, pane: Pane) {
        let tile = self.tree.tiles.insert_pane(pane);
        let kin =
            Pane::ALL.into_iter().filter(|other| *other != pane && other.side() == pane.side());
        let tabs = kin
            .filter_map(|other| self.tree.tiles.find_pane(&other))
            .find_map(|kin| self.tree.tiles.parent_of(kin))
            .filter(|parent| {
                matches!(self.tree.tiles.get_container(*parent), Some(Container::Tabs(_)))
            });
        if let Some(tabs) = tabs {
            self.tree.move_tile_to_container(tile, tabs, usize::MAX, false);
        } else {
            self.at_edge(tile, pane.side());
        }
        self.front(pane);
    }

    /// Puts a tile at an edge of the window, or of the scene.
    fn at_edge(&mut self, tile: TileId, side: Side) {
        let tiles = &mut self.tree.tiles;
        let tabs = tiles.insert_tab_tile(vec![tile]);
        let Some(root) = self.tree.root else { return };
        let scene = tiles.find_pane(&Pane::Scene).unwrap_or(root);
        let beside = if side == Side::Bottom { scene } else { root };
        let parent = tiles.parent_of(beside);
        let both = match side {
            Side::Left => tiles.insert_horizontal_tile(vec![tabs, beside]),
            Side::Right => tiles.insert_horizontal_tile(vec![beside, tabs]),
            Side::Bottom => tiles.insert_vertical_tile(vec![beside, tabs]),
        };
        if let Some(Tile::Container(Container::Linear(linear))) = tiles.get_mut(both) {
            linear.shares.set_share(tabs, side.room());
        }
        match parent.and_then(|parent| tiles.get_mut(parent)) {
            Some(Tile::Container(Container::Linear(linear))) => {
                linear.shares.replace_with(beside, both);
                let places = linear.children.iter_mut();
                places.filter(|child| **child == beside).for_each(|child| *child = both);
            }
            _ => self.tree.root = Some(both),
        }
    }

    /// Draws all tiles into `rect`, each panel by `draw`, and says what is left to the scene.
    /// Panels that have nothing to say are not shown: `wanted` tells which have.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        wanted: &dyn Fn(Pane) -> bool,
        draw: &mut dyn FnMut(&mut Ui, Pane),
    ) -> Rect {
        if let Some(root) = self.tree.root {
            hide_empty(&mut self.tree.tiles, root, wanted);
            self.give_rest_to_scene(rect.size());
        }
        let mut tiles = Tiled { scene: rect, draw };
        let mut inside = ui.new_child(bevy_egui::egui::UiBuilder::new().max_rect(rect));
        self.tree.ui(&mut tiles, &mut inside);
        tiles.scene
    }

    /// Shares are in points. What the panels that can be seen do not take is the scene's, however
    /// large the window is.
    fn give_rest_to_scene(&mut self, size: Vec2) {
        let Some(scene) = self.tree.tiles.find_pane(&Pane::Scene) else { return };
        let mut way = vec![scene];
        while let Some(parent) = way.last().and_then(|child| self.tree.tiles.parent_of(*child)) {
            way.push(parent);
        }
        let mut left = size;
        for (child, parent) in way.iter().zip(way.iter().skip(1)).rev() {
            let Some(Container::Linear(linear)) = self.tree.tiles.get_container(*parent) else {
                continue;
            };
            let along = usize::from(linear.dir == LinearDir::Vertical);
            let others = linear.children.iter().filter(|other| *other != child);
            let mut taken: Vec<(TileId, f32)> = others
                .filter(|other| self.tree.tiles.is_visible(**other))
                .map(|other| (*other, linear.shares[*other]))
                .collect();
            for (_, share) in &mut taken {
                // A panel that was dragged here has no size yet.
                if *share < LEAST {
                    *share = if along == 0 { theme::LEFT_WIDTH } else { theme::BOTTOM_HEIGHT };
                }
            }
            let all = left[along] - GAP * taken.len() as f32;
            let asked: f32 = taken.iter().map(|(_, share)| share).sum();
            // At least a quarter stays free to look at.
            let shrunk = (all * 0.75 / asked.max(1.0)).min(1.0);
            let rest = all - asked * shrunk;
            if let Some(Tile::Container(Container::Linear(linear))) =
                self.tree.tiles.get_mut(*parent)
            {
                for (other, share) in taken {
                    linear.shares.set_share(other, share);
                }
                linear.shares.set_share(*child, rest / shrunk);
            }
            left[along] = rest;
        }
    }
}

/// How tiles stand, as people could write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Plan {
    /// One panel, or the scene.
    Pane(Pane),
    /// Panels behind each other; the number of the one in front.
    Tabs(Vec<Plan>, usize),
    /// Side by side, each with its width in points; that of the scene follows.
    Row(Vec<(f32, Plan)>),
    /// One below the other, each with its height in points.
    Column(Vec<(f32, Plan)>),
}

/// Deeper plans are not people's.
const DEPTH_MAX: u8 = 12;

fn plan(tiles: &Tiles<Pane>, tile: TileId) -> Option<Plan> {
    match tiles.get(tile)? {
        Tile::Pane(pane) => Some(Plan::Pane(*pane)),
        Tile::Container(Container::Tabs(tabs)) => {
            let children = tabs.children.iter().filter_map(|child| plan(tiles, *child)).collect();
            let front = tabs.children.iter().position(|child| Some(*child) == tabs.active);
            Some(Plan::Tabs(children, front.unwrap_or_default()))
        }
        Tile::Container(Container::Linear(linear)) => {
            let child = |id: &TileId| Some((linear.shares[*id], plan(tiles, *id)?));
            let children = linear.children.iter().filter_map(child).collect();
            Some(match linear.dir {
                LinearDir::Horizontal => Plan::Row(children),
                LinearDir::Vertical => Plan::Column(children),
            })
        }
        Tile::Container(Container::Grid(grid)) => {
            let children = grid.children().filter_map(|child| Some((1.0, plan(tiles, *child)?)));
            Some(Plan::Row(children.collect()))
        }
    }
}

fn build(kept: &Plan, tiles: &mut Tiles<Pane>, seen: &mut Vec<Pane>, depth: u8) -> Option<TileId> {
    if depth > DEPTH_MAX {
        return None;
    }
    match kept {
        Plan::Pane(pane) => {
            let fresh = !seen.contains(pane);
            seen.push(*pane);
            fresh.then(|| tiles.insert_pane(*pane))
        }
        Plan::Tabs(children, front) => {
            let children = children.iter().map(|child| build(child, tiles, seen, depth + 1));
            let children: Vec<TileId> = children.collect::<Option<_>>()?;
            let mut tabs = Tabs::new(children);
            tabs.active = tabs.children.get(*front).or_else(|| tabs.children.first()).copied();
            Some(tiles.insert_container(tabs))
        }
        Plan::Row(children) | Plan::Column(children) => {
            let mut linear = Linear::new(LinearDir::Horizontal, Vec::new());
            if matches!(kept, Plan::Column(_)) {
                linear.dir = LinearDir::Vertical;
            }
            for (share, child) in children {
                let id = build(child, tiles, seen, depth + 1)?;
                linear.children.push(id);
                linear.shares.set_share(id, if share.is_finite() { share.max(1.0) } else { 1.0 });
            }
            Some(tiles.insert_container(linear))
        }
    }
}

/// Hides panes that do not want to be seen, and containers of which nothing is left to see.
fn hide_empty(tiles: &mut Tiles<Pane>, tile: TileId, wanted: &dyn Fn(Pane) -> bool) -> bool {
    let children: Vec<TileId> = match tiles.get(tile) {
        Some(Tile::Pane(pane)) => {
            let shown = wanted(*pane);
            tiles.set_visible(tile, shown);
            return shown;
        }
        Some(Tile::Container(container)) => container.children().copied().collect(),
        None => return false,
    };
    let mut any = false;
    for child in children {
        any |= hide_empty(tiles, child, wanted);
    }
    tiles.set_visible(tile, any);
    any
}

/// Between a tab's edge and its name.
const TAB_MARGIN: f32 = 7.0;
/// Side of the cross that closes a panel.
const CLOSE: f32 = 11.0;

fn tab_text(title: &str, ink: Color32) -> WidgetText {
    RichText::new(title).size(11.5).color(ink).into()
}

/// How wide a tab is: as wide as it likes to be, or its share where not all have room.
fn tab_width(tiles: &Tiles<Pane>, ui: &Ui, tile: TileId, state: &TabState) -> f32 {
    let natural = |tile: TileId, is_front: bool| {
        let name = tiles.get_pane(&tile).map_or("", |pane| pane.title());
        let text = tab_text(name, theme::INK);
        let galley =
            text.into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, TextStyle::Button);
        let close = if is_front { CLOSE + 3.0 } else { 0.0 };
        galley.size().x + 2.0 * TAB_MARGIN + close
    };
    let own = natural(tile, state.active);
    let parent = tiles.parent_of(tile);
    let bar = parent.and_then(|parent| tiles.rect(parent)).map_or(f32::INFINITY, |r| r.width());
    let Some(Container::Tabs(tabs)) = parent.and_then(|parent| tiles.get_container(parent)) else {
        return own;
    };
    let shown = tabs.children.iter().filter(|child| tiles.is_visible(**child));
    let all: f32 = shown.map(|child| natural(*child, tabs.active == Some(*child))).sum();
    own * ((bar - 2.0) / all.max(1.0)).min(1.0)
}

/// How tiles look, and what they show.
struct Tiled<'a> {
    scene: Rect,
    draw: &'a mut dyn FnMut(&mut Ui, Pane),
}

impl Behavior<Pane> for Tiled<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        let rect = ui.max_rect();
        if *pane == Pane::Scene {
            self.scene = rect;
            return UiResponse::None;
        }
        ui.painter().rect_filled(rect, 0.0, theme::SURFACE);
        theme::pane().show(ui, |ui| (self.draw)(ui, *pane));
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.title().into()
    }

    fn is_tab_closable(&self, tiles: &Tiles<Pane>, tile: TileId) -> bool {
        tiles.get_pane(&tile).is_some_and(|pane| *pane != Pane::Scene)
    }

    /// A tab as wide as its name; where they would not fit side by side, all are narrower. The one
    /// in front is lined, and can be closed; the others close by the middle button.
    fn tab_ui(
        &mut self,
        tiles: &mut Tiles<Pane>,
        ui: &mut Ui,
        id: Id,
        tile: TileId,
        state: &TabState,
    ) -> Response {
        let width = tab_width(tiles, ui, tile, state);
        let (_, rect) = ui.allocate_space(vec2(width, ui.available_height()));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        let name = tiles.get_pane(&tile).map_or("", |pane| pane.title());
        response.widget_info(|| {
            WidgetInfo::selected(WidgetType::Button, ui.is_enabled(), state.active, name)
        });
        if !ui.is_rect_visible(rect) || state.is_being_dragged {
            return response;
        }
        let mut closes = response.clicked_by(PointerButton::Middle);
        let paint = ui.painter();
        if state.active {
            paint.rect_filled(rect, 0.0, theme::SURFACE);
            paint.hline(rect.x_range(), rect.top() + 1.0, Stroke::new(2.0, theme::ACCENT));
        }
        let ink = if state.active || response.hovered() { theme::INK } else { theme::FAINT };
        let mut room = rect.shrink2(vec2(TAB_MARGIN, 0.0));
        if state.active && state.closable {
            let cross = Rect::from_center_size(
                pos2(room.right() - CLOSE * 0.5, rect.center().y),
                Vec2::splat(CLOSE),
            );
            room.max.x -= CLOSE + 3.0;
            let close = ui.interact(cross, id.with("close"), Sense::click());
            close.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), "Close"));
            let stroke = Stroke::new(1.2, if close.hovered() { theme::INK } else { theme::FAINT });
            let arms = cross.shrink(2.0);
            let paint = ui.painter();
            paint.line_segment([arms.left_top(), arms.right_bottom()], stroke);
            paint.line_segment([arms.right_top(), arms.left_bottom()], stroke);
            closes |= close.clicked();
        }
        let text = tab_text(name, ink);
        let galley =
            text.into_galley(ui, Some(TextWrapMode::Truncate), room.width(), TextStyle::Button);
        let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), room).min;
        ui.painter().galley(at, galley, ink);
        if closes && state.closable {
            tiles.remove(tile);
        }
        response
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions {
            prune_single_child_tabs: false,
            all_panes_must_have_tabs: false,
            ..SimplificationOptions::default()
        }
    }

    fn gap_width(&self, _: &Style) -> f32 {
        GAP
    }

    fn min_size(&self) -> f32 {
        LEAST
    }

    fn tab_bar_height(&self, _: &Style) -> f32 {
        24.0
    }

    fn tab_bar_color(&self, _: &Visuals) -> Color32 {
        theme::TAB_BAR
    }

    fn tab_bar_hline_stroke(&self, _: &Visuals) -> Stroke {
        Stroke::NONE
    }

    fn resize_stroke(&self, _: &Style, state: ResizeState) -> Stroke {
        match state {
            ResizeState::Idle => Stroke::NONE,
            ResizeState::Hovering => Stroke::new(2.0, theme::OUTLINE),
            ResizeState::Dragging => Stroke::new(2.0, theme::ACCENT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_open_close_and_come_back() {
        let mut dock = Dock::default();
        assert!(dock.is_open(Pane::Overview) && dock.is_open(Pane::Inspector));
        for pane in Pane::ALL {
            let open = dock.is_open(pane);
            dock.toggle(pane);
            if !open {
                assert!(dock.is_open(pane), "{pane:?}");
            }
        }
        assert!(dock.is_open(Pane::Scene));
    }

    #[test]
    fn a_dock_survives_being_kept() {
        let mut dock = Dock::default();
        dock.toggle(Pane::Performance);
        dock.toggle(Pane::Settings);
        let kept = dock.save().unwrap_or(Plan::Pane(Pane::Scene));
        let back = Dock::load(&kept).unwrap_or_default();
        assert_eq!(back.save().as_ref(), Some(&kept));
        for pane in Pane::ALL {
            assert_eq!(back.is_open(pane), dock.is_open(pane), "{pane:?}");
        }
        let scene = || Plan::Pane(Pane::Scene);
        assert!(Dock::load(&Plan::Pane(Pane::Settings)).is_none(), "no scene");
        assert!(Dock::load(&Plan::Row(vec![(1.0, scene()), (1.0, scene())])).is_none(), "two");
        let deep = (0..40).fold(scene(), |inner, _| Plan::Tabs(vec![inner], 0));
        assert!(Dock::load(&deep).is_none(), "too deep");
    }
}
