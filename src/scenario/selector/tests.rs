//! What selectors mean, where they are refused, and that no text can hurt.

use super::*;
use proptest::prelude::*;

/// Ten nodes: even ones sense heat, 3 and 7 are sentinels, energy is ten times the id.
fn has(property: &Property, id: u32) -> bool {
    match property {
        Property::Role(role) => (*role == 2) == matches!(id, 3 | 7),
        Property::Byzantine => id == 5,
        Property::Regime(regime) => u32::from(*regime) == id % 3,
        Property::Group(name) => (name == "heat") == id.is_multiple_of(2),
        Property::EnergyBelow(limit) => id * 10 < u32::from(*limit),
        Property::EnergyAbove(limit) => id * 10 > u32::from(*limit),
        Property::Banned => id == 9,
        Property::Asleep => id < 4,
        Property::Off => id == 0,
        Property::NearNode { node, radius_mm } => i64::from(id.abs_diff(*node)) <= *radius_mm,
        Property::NearPlace { x_mm, radius_mm, .. } => (i64::from(id) - x_mm).abs() <= *radius_mm,
    }
}

fn meant(text: &str) -> Vec<u32> {
    let crowd = Crowd { count: 10, has: &has, lot: &|id| u64::from(id * 7 % 10) };
    Selector::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).resolve(&crowd)
}

#[test]
fn selectors_mean_sets() {
    let cases: [(&str, &[u32]); 27] = [
        ("", &[]),
        ("3 5 8-9", &[3, 5, 8, 9]),
        ("9,3, 3\n2-3", &[2, 3, 9]),
        ("all", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("8-40", &[8, 9]),
        ("role=sentinel", &[3, 7]),
        ("role=byzantine", &[5]),
        ("role=honest & 4-6", &[4, 6]),
        ("regime=storm", &[2, 5, 8]),
        ("group=heat", &[0, 2, 4, 6, 8]),
        ("group='heat' + 3-6", &[4, 6]),
        ("energy<20", &[0, 1]),
        ("energy>70%", &[8, 9]),
        ("banned asleep", &[0, 1, 2, 3, 9]),
        ("awake & !banned", &[4, 5, 6, 7, 8]),
        ("off", &[0]),
        ("near=3:0.002m", &[1, 2, 3, 4, 5]),
        ("near=0.004/-1:0.001", &[3, 4, 5]),
        ("first=3", &[0, 1, 2]),
        ("group=heat & first=2", &[0, 2]),
        ("first=2 & group=heat", &[0]),
        ("!first=8", &[8, 9]),
        // Lots 0, 7, 4, 1, 8, 5, 2, 9, 6, 3: of all, the three least are of 0, 3 and 6.
        ("share=30%", &[0, 3, 6]),
        ("group=heat & share=21", &[0, 6]),
        ("!all", &[]),
        ("(3 5 role=sentinel) & !5", &[3, 7]),
        ("!!4 & !(1 2)", &[4]),
    ];
    for (text, expected) in cases {
        assert_eq!(meant(text), expected, "{text}");
    }
}

#[test]
fn what_means_nothing_is_named_with_its_place() {
    let cases = [
        ("3 bannd", "\"bannd\" at character 3: no property is called so (did you mean `banned`?)"),
        ("5-3", "\"5-3\" at character 1: accepted: an id, or a rising range of them"),
        ("4x", "\"4x\" at character 1: accepted: an id"),
        ("role=king", "\"role=king\" at character 1: accepted: role=sentinel, scheduled"),
        ("energy=3", "\"energy=3\" at character 1: no property `energy` is compared with `=`"),
        ("energy<101", "\"energy<101\" at character 1: accepted: energy< or energy>"),
        ("near=3", "\"near=3\" at character 1: accepted: near=3:50m"),
        ("near=3:-1m", "\"near=3:-1m\" at character 1: accepted: near=3:50m"),
        ("near=3:1.0001m", "\"near=3:1.0001m\" at character 1"),
        ("first=0", "\"first=0\" at character 1: accepted: first= and a number from 1 on"),
        ("share=0", "\"share=0\" at character 1: accepted: share= and 1 to 100 percent"),
        ("3 &", "\"&\" at character 3: a property must follow it"),
        ("!", "\"!\" at character 1: a property must follow it"),
        ("& 3", "\"&\" at character 1: a property must come before it"),
        ("(3 5", "\"(\" at character 1: it is not closed"),
        ("3 5)", "\")\" at character 4: there is no bracket that it closes"),
        ("group='sea", "\"group='sea\" at character 1: its ' is not closed"),
        ("group=", "\"group=\" at character 1: accepted: group= and a modality"),
    ];
    for (text, expected) in cases {
        let error = Selector::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let deep = "(".repeat(17) + "1" + &")".repeat(17);
    let error = Selector::parse(&deep).expect_err("too deep");
    assert_eq!((error.at, error.why.as_str()), (17, "brackets are nested more than 16 deep"));
}

#[test]
fn what_a_selector_looks_at_is_known() {
    let of = |text: &str| Selector::parse(text).expect("parses");
    assert!(of("3 5 10-20").is_list() && of("").is_list());
    assert!(!of("!3").is_list() && !of("3 & 4").is_list() && !of("all").is_list());
    assert!(of("role=sentinel & first=3 all").is_fixed());
    assert!(!of("3 (regime=storm)").is_fixed() && !of("near=1:5m").is_fixed());
    assert_eq!(of("3 9-12").beyond(12), Some("9-12".to_owned()));
    assert_eq!(of("(!near=12:1m)").beyond(12), Some("near=12".to_owned()));
    assert_eq!(of("group=a (group='b c')").groups(), ["a", "b c"]);
}

#[test]
fn lists_are_as_short_as_can_be() {
    let cases: [(&[u32], &str); 4] = [
        (&[], ""),
        (&[7], "7"),
        (&[1, 2, 3, 7, 9, 10], "1-3 7 9-10"),
        (&[u32::MAX - 1, u32::MAX], "4294967294-4294967295"),
    ];
    for (ids, list) in cases {
        assert_eq!(list_of(ids), list);
    }
}

proptest! {
    #[test]
    fn no_text_hurts(text in "[0-9a-z=<>&+!() ,:/.'%-]{0,40}") {
        if let Ok(selector) = Selector::parse(&text) {
            let crowd = Crowd { count: 10, has: &has, lot: &|id| u64::from(id * 7 % 10) };
            let ids = selector.resolve(&crowd);
            prop_assert!(ids.is_sorted() && ids.iter().all(|id| *id < 10));
        }
    }

    #[test]
    fn a_list_says_the_same_ids_again(ids in proptest::collection::btree_set(0..64_u32, 0..40)) {
        let ids: Vec<u32> = ids.into_iter().collect();
        let crowd = Crowd { count: 64, has: &has, lot: &|id| u64::from(id) };
        let read = Selector::parse(&list_of(&ids)).expect("a list");
        prop_assert!(read.is_list());
        prop_assert_eq!(read.resolve(&crowd), ids);
    }
}
