//! Tests of whole envelopes: their bytes, their RDF, what is refused and what does not hold.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use qres_core::gene::{Gene, GeneId, Lineage};
use qres_core::id::{GroupId, NodeId};
use qres_core::neuron::{Form, TAPS};

use super::*;

/// A linear model with a tap at each of the lags from 2 on, as a node would have learned it.
fn gene(taps: u8) -> Vec<u8> {
    let (mut lags, mut weights) = ([0; TAPS], [Q16::ZERO; TAPS]);
    lags.iter_mut().zip(2..2 + taps).for_each(|(slot, lag)| *slot = lag);
    let values = [7_211, -30_004, 65_536, 12, -1, 4_096, 131_071, -52_428].map(Q16::from_bits);
    weights.iter_mut().zip(values).take(taps.into()).for_each(|(slot, value)| *slot = value);
    let form = Form { taps, lags, ..Form::default() };
    let lineage = Lineage { origin: NodeId(7), generation: 2, parent: GeneId(0x0102_0304) };
    let gene = Gene { group: GroupId(0), form, lineage, weights };
    let bytes = gene.to_bytes();
    assert_eq!(Gene::from_bytes(&bytes), Ok(gene));
    bytes.to_vec()
}

fn statement(gene: &[u8]) -> Statement<'_> {
    Statement {
        node: 7,
        modality: "temperature",
        regime: Regime::Calm,
        reputation: Q16::from_bits(0x8000),
        residual: Q16::from_bits(0xC000),
        scenario: "storm-front",
        seed: u64::MAX,
        tick: 2_000,
        swarm_size: 100,
        gene,
    }
}

fn sealed(statement: &Statement<'_>) -> Envelope {
    let key = simulation_key(statement.seed, statement.node);
    Envelope::seal(statement, &key).expect("in range")
}

fn bytes() -> Vec<u8> {
    sealed(&statement(&gene(4))).to_bytes().expect("JSON")
}

fn value() -> Value {
    serde_json::from_slice(&bytes()).expect("JSON")
}

/// The paths of all leaves of a document, as JSON pointers.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                leaves(inner, &format!("{path}/{name}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn the_context_is_the_one_that_its_name_says() {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(CONTEXT.as_bytes());
    let name = format!("ni:///sha-256;{}", data_encoding::BASE64URL_NOPAD.encode(&digest));
    assert_eq!(CONTEXT_NAME, name);
}

#[test]
fn the_bytes_are_the_golden_ones() {
    let golden = include_str!("../../tests/golden/envelope.jsonld");
    assert_eq!(String::from_utf8(bytes()).expect("text"), golden.trim_end());
    let envelope = decode(golden.as_bytes()).expect("an envelope");
    assert_eq!(envelope.verify(), Ok(()));
    assert_eq!(envelope.gene(), gene(4));
    assert_eq!((envelope.node(), envelope.regime()), (7, Regime::Calm));
}

#[test]
fn the_quads_are_the_golden_ones() {
    let quads = to_nquads(&sealed(&statement(&gene(4)))).expect("RDF");
    assert_eq!(quads, include_str!("../../tests/golden/envelope.nq"));
}

#[test]
fn expansion_loses_nothing() {
    let quads = to_nquads(&sealed(&statement(&gene(4)))).expect("RDF");
    let document = value();
    let mut paths = Vec::new();
    leaves(&document, "", &mut paths);
    assert_eq!(paths.len(), 23);
    for path in paths.iter().filter(|path| !path.ends_with("@context")) {
        let leaf = document.pointer(path).expect("a leaf");
        let text = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
        let said =
            [format!("\"{text}\""), format!("<{text}>"), format!("#{text}>"), format!("/{text}>")];
        assert!(said.iter().any(|form| quads.contains(form)), "{path} is not in\n{quads}");
    }
    // Every predicate is absolute and of a vocabulary that is named here.
    let vocabularies = [
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
        "http://www.w3.org/ns/prov#",
        "http://www.w3.org/ns/sosa/",
        "https://schema.org/",
        "https://w3id.org/security#",
        "urn:uuid:3f0c6e0a-5b1d-4c57-9c1e-8d2a4e77b6f1#",
    ];
    for quad in quads.lines() {
        let predicate = quad.split(' ').nth(1).expect("a predicate").trim_start_matches('<');
        assert!(vocabularies.iter().any(|known| predicate.starts_with(known)), "{quad}");
    }
}

#[test]
fn every_own_term_is_explained() {
    let quads = to_nquads(&sealed(&statement(&gene(4)))).expect("RDF");
    let own: BTreeSet<_> = quads
        .split("urn:uuid:3f0c6e0a-5b1d-4c57-9c1e-8d2a4e77b6f1#")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect();
    assert_eq!(own.len(), 11, "{own:?}");
    for term in own {
        assert!(VOCABULARY.contains(&format!("\n:{term} a ")), "{term}");
    }
}

#[test]
fn a_context_by_another_name_is_not_fetched() {
    let other = String::from_utf8(bytes()).expect("text").replace("ni:///", "https://example.org/");
    let error = rdf::expand(other.as_bytes()).expect_err("refused").to_string();
    assert!(error.contains("example.org") && error.contains("not built in"), "{error}");
}

#[test]
fn every_member_is_signed() {
    let document = value();
    let mut paths = Vec::new();
    leaves(&document, "", &mut paths);
    // What each member can be changed to without its ceasing to be an envelope.
    let other = sealed(&Statement { node: 8, ..statement(b"other") });
    let other: Value = serde_json::from_slice(&other.to_bytes().expect("JSON")).expect("JSON");
    let mut fixed = Vec::new();
    for path in &paths {
        let mut changed = document.clone();
        let leaf = changed.pointer_mut(path).expect("a leaf");
        *leaf = match path.as_str() {
            "/regime" => "Storm".into(),
            "/reputation" | "/residual" => "0.1234".into(),
            "/wasGeneratedBy/seed" => "1".into(),
            "/creator/observes/name" | "/wasGeneratedBy/name" => "other".into(),
            _ if leaf.is_number() => (leaf.as_u64().expect("whole") + 1).into(),
            _ => other.pointer(path).expect("the same shape").clone(),
        };
        if changed == document {
            fixed.push(path.as_str());
            continue;
        }
        let bytes = serde_json::to_vec(&changed).expect("JSON");
        let error = decode(&bytes).expect("still an envelope").verify().expect_err(path);
        assert!(error.is_envelope(), "{path}: {error}");
    }
    let constants = [
        "/@context",
        "/creator/type",
        "/proof/@context",
        "/proof/cryptosuite",
        "/proof/proofPurpose",
        "/proof/type",
        "/type",
        "/wasGeneratedBy/type",
    ];
    assert_eq!(fixed, constants);
}

#[test]
fn what_is_no_envelope_is_refused() {
    let table: [(&str, Value, &str); 17] = [
        ("/@context", "https://schema.org/".into(), "@context"),
        ("/type", "Gene".into(), "Gene"),
        ("/regime", "Fog".into(), "Fog"),
        ("/reputation", "1.0001".into(), "reputation"),
        ("/reputation", 1.into(), "string"),
        ("/residual", "-0.5000".into(), "residual"),
        ("/creator/id", "did:qres:00".into(), "creator.id"),
        ("/creator/node", 7.5.into(), "7.5"),
        ("/creator/node", (1_u64 << 32).into(), "u32"),
        ("/creator/observes/name", "".into(), "observes.name"),
        ("/creator/observes/name", "x".repeat(65).into(), "observes.name"),
        ("/gene/data", "u***".into(), "gene.data"),
        ("/gene/digest", "uEiA".into(), "gene.digest"),
        ("/wasGeneratedBy/seed", "01".into(), "seed"),
        ("/wasGeneratedBy/tick", (1_u64 << 53).into(), "tick"),
        ("/proof/cryptosuite", "eddsa-rdfc-2022".into(), "eddsa-jcs-2022"),
        ("/proof/proofValue", "z11".into(), "proofValue"),
    ];
    for (path, wrong, part) in table {
        let mut changed = value();
        *changed.pointer_mut(path).expect("a member") = wrong;
        let error = decode(&serde_json::to_vec(&changed).expect("JSON")).expect_err(path);
        assert!(!error.is_envelope() && error.to_string().contains(part), "{path}: {error}");
    }
}

#[test]
fn extra_missing_and_double_members_are_refused() {
    let text = String::from_utf8(bytes()).expect("text");
    let mut paths = Vec::new();
    leaves(&value(), "", &mut paths);
    for path in paths {
        let (parent, name) = path.rsplit_once('/').expect("rooted");
        let mut without = value();
        let members = without.pointer_mut(parent).and_then(Value::as_object_mut).expect("object");
        members.remove(name);
        assert!(decode(&serde_json::to_vec(&without).expect("JSON")).is_err(), "{path}");
    }
    let table = [
        text.replacen('{', "{\"extra\":1,", 1),
        text.replace("\"node\":7", "\"node\":7,\"node\":7"),
        text.replace("\"node\":7", "\"node\":7,\"@id\":\"x\""),
        format!("{text}{text}"),
        format!("[{text}]"),
        text.replacen('{', &format!("{{\"deep\":{}", "[".repeat(3_000)), 1),
        text.replacen('{', &format!("{{\"type\":{}", "[".repeat(3_000)), 1),
    ];
    for wrong in table {
        assert!(matches!(decode(wrong.as_bytes()), Err(EnvelopeError::Json(_))), "{wrong}");
    }
    let spaced = format!("{text}{}", " ".repeat(ENVELOPE_BYTES_MAX - text.len()));
    assert!(decode(spaced.as_bytes()).is_ok());
    let longer = format!("{spaced} ");
    assert_eq!(decode(longer.as_bytes()), Err(EnvelopeError::TooLong(ENVELOPE_BYTES_MAX + 1)));
}

#[test]
fn spacing_and_order_of_members_do_not_matter() {
    let pretty = serde_json::to_vec_pretty(&value()).expect("JSON");
    let envelope = decode(&pretty).expect("an envelope");
    assert_eq!(envelope.verify(), Ok(()));
    assert_eq!(envelope.to_bytes().expect("JSON"), bytes());
}

#[test]
fn sizes_are_the_documented_ones() {
    let size = |statement: &Statement<'_>| sealed(statement).to_bytes().expect("JSON").len();
    let usual = |gene| Statement { seed: 1, ..statement(gene) };
    assert_eq!([gene(4).len(), gene(8).len()], [46, 66]);
    assert_eq!([size(&usual(&gene(4))), size(&usual(&gene(8)))], [942, 968]);
    let name = "n".repeat(NAME_CHARS_MAX);
    let longest = Statement {
        node: u32::MAX,
        modality: &name,
        regime: Regime::PreStorm,
        reputation: Q16::from_bits(0x1_0000),
        residual: Q16::MAX,
        scenario: &name,
        seed: u64::MAX,
        tick: (1 << 53) - 1,
        swarm_size: u32::MAX,
        gene: &gene(8),
    };
    assert_eq!(size(&longest), 1129);
    assert_eq!(size(&Statement { gene: &[0; GENE_BYTES_MAX], ..longest }), 2408);
}

#[test]
fn statements_out_of_range_are_not_sealed() {
    let key = simulation_key(1, 1);
    let name = "n".repeat(NAME_CHARS_MAX + 1);
    let own = gene(4);
    let right = statement(&own);
    let table = [
        Statement { modality: "", ..right },
        Statement { scenario: &name, ..right },
        Statement { modality: "a\u{7}", ..right },
        Statement { reputation: Q16::from_bits(0x1_0010), ..right },
        Statement { tick: 1 << 53, ..right },
        Statement { gene: &[0; GENE_BYTES_MAX + 1], ..right },
    ];
    for wrong in table {
        assert!(matches!(Envelope::seal(&wrong, &key), Err(EnvelopeError::Member(..))));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn damaged_envelopes_never_panic_nor_hold(
        at in 0_usize..900,
        with in any::<u8>(),
        cut in 0_usize..900,
    ) {
        let whole = bytes();
        let mut damaged = whole.clone();
        damaged[at % whole.len()] = with;
        if damaged != whole {
            let holds = decode(&damaged).is_ok_and(|envelope| envelope.verify().is_ok());
            prop_assert!(!holds);
        }
        prop_assert!(decode(&whole[..cut % whole.len()]).is_err());
    }

    #[test]
    fn what_is_sealed_holds(
        node: u32,
        modality in "\\PC{1,64}",
        reputation in 0..=0x1_0000_i32,
        residual in 0..=i32::MAX,
        seed: u64,
        tick in 0..1_u64 << 53,
        gene in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let (reputation, residual) = (Q16::from_bits(reputation), Q16::from_bits(residual));
        let right = statement(&gene);
        let said =
            Statement { node, modality: &modality, reputation, residual, seed, tick, ..right };
        let read = decode(&sealed(&said).to_bytes().expect("JSON"))?;
        prop_assert_eq!(read.verify(), Ok(()));
        prop_assert_eq!(read.gene(), gene);
        prop_assert_eq!(read.modality(), modality);
    }
}
