//! A panel that needs more room for a while: it is made wider, and is as wide as before when it
//! needs no more. A width that was dragged meanwhile stays.

use super::{Dock, Pane};
use egui_tiles::{Container, LinearDir, TileId, Tiles};

/// A tile of a row that was made wider.
pub(super) struct Widened {
    row: TileId,
    tile: TileId,
    /// In points.
    before: f32,
    given: f32,
}

impl Widened {
    /// As wide as before.
    pub(super) fn undo(&self, tiles: &mut Tiles<Pane>) {
        if share(tiles, self.row, self.tile).is_some_and(|now| (now - self.given).abs() < 1.0) {
            set(tiles, self.row, self.tile, self.before);
        }
    }
}

impl Dock {
    /// Makes a panel at least so wide, in points, or undoes that.
    pub fn widen(&mut self, pane: Pane, width: Option<f32>) {
        let tiles = &mut self.tree.tiles;
        if let Some(widened) = self.widened.take() {
            widened.undo(tiles);
        }
        let Some(width) = width else { return };
        let scene = tiles.find_pane(&Pane::Scene);
        let around = std::iter::successors(scene, |tile| tiles.parent_of(*tile));
        let around: Vec<TileId> = around.collect();
        let mut tile = tiles.find_pane(&pane);
        while let Some((child, row)) = tile.and_then(|child| Some((child, tiles.parent_of(child)?)))
        {
            // What holds the scene has what is left.
            if around.contains(&child) {
                return;
            }
            if let Some(before) = share(tiles, row, child) {
                if before < width {
                    set(tiles, row, child, width);
                    self.widened = Some(Widened { row, tile: child, before, given: width });
                }
                return;
            }
            tile = Some(row);
        }
    }
}

/// The width of a tile of a row, in points; `None` where it is not one of a row.
fn share(tiles: &Tiles<Pane>, row: TileId, tile: TileId) -> Option<f32> {
    match tiles.get_container(row)? {
        Container::Linear(linear) if linear.dir == LinearDir::Horizontal => {
            linear.children.contains(&tile).then(|| linear.shares[tile])
        }
        _ => None,
    }
}

fn set(tiles: &mut Tiles<Pane>, row: TileId, tile: TileId, width: f32) {
    if let Some(egui_tiles::Tile::Container(Container::Linear(linear))) = tiles.get_mut(row) {
        linear.shares.set_share(tile, width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_wider_for_a_while_and_that_is_not_kept() {
        let mut dock = Dock::default();
        let first = dock.save();
        dock.widen(Pane::Inspector, Some(560.0));
        let widened = dock.widened.as_ref().expect("it stands in a row");
        let (row, tile) = (widened.row, widened.tile);
        assert_eq!(share(&dock.tree.tiles, row, tile), Some(560.0));
        assert_eq!(dock.save(), first, "what is kept is as before");
        dock.widen(Pane::Inspector, None);
        assert_eq!(dock.save(), first);

        dock.widen(Pane::Inspector, Some(560.0));
        set(&mut dock.tree.tiles, row, tile, 610.0);
        dock.widen(Pane::Inspector, None);
        assert_eq!(share(&dock.tree.tiles, row, tile), Some(610.0), "what was dragged stays");
        dock.widen(Pane::Inspector, Some(400.0));
        assert_eq!(share(&dock.tree.tiles, row, tile), Some(610.0), "it is wide enough");
        dock.toggle(Pane::Inspector);
        dock.toggle(Pane::Whatif);
        dock.widen(Pane::Inspector, Some(900.0));
        dock.widen(Pane::Inspector, None);
    }
}
