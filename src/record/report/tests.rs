//! Pages are well formed, need nothing else, and let no text of a scenario act.

use serde_json::json;

use super::html::escaped;
use super::plot::{Curve, Plot};
use super::*;
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

/// Elements without an end.
const VOID: [&str; 1] = ["meta"];

/// What a text that wants to act would say.
const WICKED: &str =
    "</title><script src=\"http://x.example/a.js\">alert('&')</script>\u{202e}\u{7}";

/// Panics unless every element is closed where it should be, attributes are quoted, and nothing
/// outside the page is named.
fn whole(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>\n"));
    for word in
        ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "<iframe"]
    {
        assert!(!page.replace(&escaped(WICKED), "").contains(word), "{word}");
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.split_once('\n').map_or("", |(_, rest)| rest);
    while let Some((text, tail)) = rest.split_once('<') {
        assert!(!text.contains('>') || open.last() == Some(&"style"), "a bare `>`: {text}");
        let is_entity = |part: &str| {
            part.split_once(';')
                .is_some_and(|(name, _)| ["amp", "lt", "gt", "quot", "#39"].contains(&name))
        };
        assert!(text.split('&').skip(1).all(is_entity), "a bare `&`: {text}");
        let (tag, after) = tail.split_once('>').expect("a tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_end_matches('/').split([' ', '\n']).next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') || VOID.contains(&name) => {}
            None => open.push(name),
        }
        rest = after;
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_page_of_a_run_is_whole_and_harmless() {
    let text = r#"(title: "t", watch_for: "w", nodes: (count: 30), signals: [(modality: "a")],
        storms: [(from_tick: 20, to_tick: 70, path: [(tick: 20, x_mm: 0, z_mm: 0)],
        radius_mm: 60000)], adversaries: [(kind: Saturate, share_percent: 10)])"#;
    let scenario = Scenario::parse("t", text).unwrap_or_else(|problem| panic!("{problem:#}"));
    let mut mesh = Mesh::new(Plan::new(&scenario, 3, &Vec::new()).expect("a plan"), 1);
    mesh.watch(true);
    let mut course = Course::new(100);
    for _ in 0..100 {
        mesh.step();
        course.tick(&mesh);
    }
    let wicked = WICKED.to_owned();
    let about = About {
        title: wicked.clone(),
        watch_for: wicked.clone(),
        note: wicked.clone(),
        name: wicked.clone(),
        text: wicked.clone(),
        seed: 3,
        command: wicked,
    };
    let report = serde_json::to_value(mesh.summary()).expect("JSON");
    let page = course.page(&about, &mesh, &report);
    whole(&page);
    assert_eq!(page.matches("<figure>").count(), 7);
    assert!(page.contains("class=\"span\""), "the storm is drawn");
    assert!(page.contains("a storm begins") || page.contains("storm 0"), "and told");
    assert!(page.contains("energy.left_mean"));
    assert!(!page.contains('\u{202e}') && !page.contains('\u{7}'));
    assert!(page.matches(&escaped(WICKED)).count() >= 7);
    assert_eq!(page, course.page(&about, &mesh, &report), "the same run makes the same page");
}

#[test]
fn evidence_and_tables_become_pages() {
    let tables = json!({ "tables": { "a<b": { "rows": [
        { "attack": WICKED, "drift": 0.25, "holds": true, "n": null },
        { "attack": "x & y", "drift": 0.5, "holds": false, "n": 1_234_567.5 },
    ] } } });
    let page = evidence("e.json", &tables).expect("a page");
    whole(&page);
    assert!(page.contains("value=\"0.500\"") && page.contains("a&lt;b"));
    assert!(page.contains("1\u{202F}234\u{202F}568"), "thousands apart");
    let run = json!({ "scenario": WICKED, "digest": "00", "seed": 7, "ticks": 5 });
    whole(&evidence("r.json", &run).expect("a page"));
    assert!(evidence("x.json", &json!([1])).is_err_and(|why| why.contains("accepted: what")));

    let csv = "tick,storm,note\n1,0,a\n2,3.5,b\n3,,c\n";
    let page = totals(WICKED, csv.as_bytes()).expect("a page");
    whole(&page);
    assert_eq!(page.matches("<figure>").count(), 1, "a column of words is no curve");
    for wrong in ["", "a,b\nx,y\n", "a,b\n1\n"] {
        assert!(totals("t.csv", wrong.as_bytes()).is_err_and(|why| why.starts_with("t.csv: ")));
    }
    for (wrong, place) in [
        ("tick,storm\n1,0\n2,3.5\n3,many\n", "t.csv:4: column 2 (`storm`) holds `many`"),
        ("tick,storm\n1,0\n1o,3.5\n", "t.csv:3: column 1 (`tick`) holds `1o`"),
    ] {
        let why = totals("t.csv", wrong.as_bytes()).expect_err(wrong);
        assert!(why.starts_with(place) && why.contains("no number"), "{why}");
    }
}

#[test]
fn plots_place_what_they_are_given() {
    let draw = |points: &[(f64, f64)]| {
        let curve = Curve { name: "a".to_owned(), points: points.to_vec(), ..Curve::default() };
        Plot { curves: vec![curve], ..Plot::default() }.draw()
    };
    assert_eq!(draw(&[]), "");
    assert_eq!(draw(&[(f64::NAN, 1.0)]), "");
    // The axes reach from 60 to 630 across and from 200 up to 10.
    assert!(draw(&[(0.0, 0.0), (10.0, 4.0)]).contains("d=\"M60.0 200.0L630.0 10.0\""));
    assert!(draw(&[(0.0, 0.0), (5.0, f64::NAN), (10.0, 4.0)]).contains("M60.0 200.0M630.0 10.0"));
    assert!(draw(&[(3.0, 7.0)]).contains("<circle"), "one point is seen");
    for wild in [(0.0, 1e300), (1e15, -1e-300), (-5.0, -5.0)] {
        let drawn = draw(&[(0.0, 0.0), wild]);
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        assert!(drawn.matches("<text").count() < 40);
    }
}

#[test]
fn numbers_are_shown_for_people() {
    let table = [
        (0.0, "0"),
        (12.0, "12"),
        (1_234.5, "1\u{202F}234"),
        (-1_234_567.0, "-1\u{202F}234\u{202F}567"),
        (0.125, "0.125"),
        (0.01234, "0.01234"),
        (99.956, "99.96"),
        (0.000_012, "1.20e-5"),
        (f64::NAN, "-"),
    ];
    for (value, expected) in table {
        assert_eq!(shown(value), expected);
    }
}
