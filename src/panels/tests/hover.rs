//! Numbers say what they mean: the mouse rests on each one that is drawn, and a hint must come.
//! And two nodes that are compared stand side by side where there is room.

use super::*;
use crate::pace::{Difference, Other};

/// A panel over which a mouse can rest.
struct Seat<'a> {
    context: Context,
    rooms: Rooms,
    pane: Pane,
    stage: &'a Stage,
    size: Vec2,
    passes: u32,
}

impl<'a> Seat<'a> {
    fn new(pane: Pane, stage: &'a Stage, size: Vec2) -> Self {
        let context = Context::default();
        theme::install(&context);
        Self { context, rooms: Rooms::default(), pane, stage, size, passes: 0 }
    }

    /// What is drawn while the mouse is at a place for more than a second.
    fn rest(&mut self, at: Pos2) -> Vec<Drawn> {
        let area = Rect::from_min_size(pos2(40.0, 30.0), self.size);
        let (look, sketch) = (Look::default(), Sketch::default());
        let mut drawn = Vec::new();
        for pass in 0..12 {
            let moved = egui::Event::PointerMoved(at);
            let events = if pass == 0 { vec![moved] } else { Vec::new() };
            let input = RawInput {
                screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
                time: Some(f64::from(self.passes) * 0.1),
                events,
                ..RawInput::default()
            };
            self.passes += 1;
            self.rooms.span.begin(self.stage.published.tick, self.stage.scene.ticks);
            let output = self.context.run_ui(input, |ui| {
                let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(area));
                inside.set_clip_rect(area);
                theme::pane().show(&mut inside, |ui| {
                    let seen = (self.stage, &look, &sketch);
                    self.rooms.show(ui, self.pane, seen, &mut Outcome::default());
                });
            });
            drawn.clear();
            for ClippedShape { clip_rect, shape } in output.shapes {
                texts(&shape, clip_rect, &mut drawn);
            }
        }
        drawn
    }
}

/// Whether a text is a reading; a title that counts what is below it is none.
fn is_number(text: &str) -> bool {
    let titles = ["neighbours", "offers", "messages"];
    text.starts_with(|first: char| first.is_ascii_digit() || "+-\u{2212}".contains(first))
        && !titles.iter().any(|title| text.contains(title))
}

#[test]
fn every_number_says_what_it_means_where_the_mouse_rests() {
    let mut stage = busy();
    stage.compared = None;
    let (published, difference) = (stage.published.clone(), Arc::new(Difference::default()));
    stage.other = Some(Other { published, difference });
    stage.first_picture_ms = Some(1_400);
    let away = pos2(1_270.0, 790.0);
    let mut silent = Vec::new();
    let panes =
        [(Pane::Overview, 7), (Pane::Performance, 6), (Pane::Whatif, 18), (Pane::Inspector, 10)];
    for (pane, least) in panes {
        let mut seat = Seat::new(pane, &stage, vec2(300.0, 700.0));
        let calm = seat.rest(away);
        // One that is half scrolled out of sight, or nearly, is not rested on.
        let is_whole =
            |drawn: &&Drawn| drawn.clip.contains_rect(drawn.at) && drawn.at.bottom() < 690.0;
        let whole = calm.iter().filter(is_whole);
        let numbers: Vec<_> = whole.filter(|drawn| is_number(&drawn.text)).collect();
        assert!(numbers.len() >= least, "{pane:?} shows {} numbers", numbers.len());
        for number in numbers {
            let said = seat.rest(number.at.center());
            let is_new = |drawn: &Drawn| calm.iter().all(|before| before.text != drawn.text);
            if !said.iter().any(|drawn| drawn.text.len() > 10 && is_new(drawn)) {
                silent.push(format!("{pane:?}: {}", number.text));
            }
            seat.rest(away);
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn two_nodes_stand_side_by_side_in_the_width_that_they_are_given() {
    let stage = busy();
    let names = [40, 41].map(|id| stage.label(id));
    for (width, beside) in [(theme::RIGHT_WIDTH, false), (super::super::inspector::WIDE, true)] {
        let drawn = draw(Pane::Inspector, &stage, vec2(width, 1_400.0), 1.0);
        assert_eq!(faults(&drawn), Vec::<String>::new(), "{width}");
        let [one, other] = names.each_ref().map(|name| {
            let found = drawn.iter().filter(|drawn| drawn.text == *name);
            found.max_by(|a, b| a.at.height().total_cmp(&b.at.height())).expect("a heading").at
        });
        assert_eq!((one.top() - other.top()).abs() < 1.0, beside, "{width}: {one:?} {other:?}");
        assert_eq!(one.right() < other.left(), beside, "{width}: {one:?} {other:?}");
    }
}
