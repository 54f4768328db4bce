//! What is said of bad scenarios, and where: tables of text and message.

use super::refused;

const HEAD: &str = "(title: \"t\", watch_for: \"w\", signals: [(modality: \"a\")], nodes: ";

/// What follows HEAD on a line of its own, and how the message goes on after the file's name.
const PARSER: &[(&str, &str)] = &[
    ("(count: 5), nodez: 3)", "2:13: unknown field `nodez` (did you mean `nodes`?) in Scenario"),
    ("(), range_mm: 3)", "2:5: unknown field `range_mm` (there is `radio.range_mm`) in Scen"),
    ("(coun: 5))", "2:2: unknown field `coun` (did you mean `count`?) in Nodes; accepted: c"),
    ("(layout: Gird()))", "2:10: `nodes.layout` is `Gird` (did you mean `Grid`?); accepted:"),
    ("(layout: Grid(columns: \"a\")))", "2:24: `nodes.layout.columns` is \"a\"; accepted: a"),
    ("(layout: Grid(columns: 1.5)))", "2:24: `nodes.layout.columns` is 1.5; accepted: a who"),
    ("(layout: Grid(columns: -5)))", "2:24: `nodes.layout.columns` is -5; accepted: a whole"),
    ("(on_demand_percent: 300))", "2:21: `nodes.on_demand_percent` is 300; accepted: a whole"),
    ("(start: 5))", "2:9: `nodes.start` is 5; accepted: Staggered or Together (default Stag"),
    ("(count: 5, count: 6))", "2:12: field `count` is there twice in Nodes; give it once"),
    ("(count: Some(5)))", "2:9: `nodes.count` is Some(5); accepted: a whole number from 1 to"),
    ("(count: ))", "2:8: `nodes.count` is nothing; accepted: a whole number from 1 to 1000000"),
    ("5)", "2:1: `nodes` is 5; accepted: Nodes(..)"),
    ("(count: 5) radio: ())", "2:12: a comma or a closing bracket is missing before this"),
    ("(count: 5", "2:1: the file ends before this bracket is closed"),
    ("(count 5))", "2:8: a colon is missing before this"),
    ("(), radio: (collisions: yes))", "2:25: `radio.collisions` is yes; accepted: true or"),
    ("(), storms: [(from_tick: 1)])", "2:14: Storm lacks its field `to_tick`; accepted: a "),
    ("(), twt: (listen: Dtim(300)))", "2:24: `twt.listen` is 300; accepted: Never, Dtim(1)"),
    ("(), twt: (listen: Dtim(2)))", "2:19: `twt.listen` is Dtim(2); accepted: Never, Dtim(1)"),
    ("(), twt: Radio())", "2:10: `twt` is Radio(); accepted: Twt(..)"),
    ("(), note: \"abc)", "2:11: a text is not closed with `\"`"),
    ("(), note: 'a')", "2:11: `note` is 'a'; accepted: a text of at most 4000 characters"),
    ("(), /* abc )", "2:5: a comment is not closed; close it with `*/`"),
    ("(layout: Stations))", "2:10: `nodes.layout` is Stations; accepted: Grid(..), Sphere"),
    ("(sentinels: Every))", "2:13: `nodes.sentinels` is Every; accepted: Cover, Every(n)"),
    ("(), note: \"a,\n radio: \"b\")", "2:11: no comma follows this text, which runs over sever"),
    ("(), storms: [3])", "2:14: `storms[0]` is 3; accepted: (..) with the fields from_tick, to"),
    ("()) trailing", "2:5: the scenario ends before this"),
    ("(), seed: -1)", "2:11: `seed` is -1; accepted: a whole number from 0 to 18446744073709"),
    ("(), protocol: (lags: [1,\n \"x\"]))", "3:2: `protocol.lags[1]` is \"x\"; accepted: a li"),
    ("(), camera: [(name: \"a\", eye_mm: (1,2)", "2:34: `camera[0].eye_mm` is (1,2); accept"),
];

/// Whole texts.
const WHOLE: &[(&str, &str)] = &[
    ("", "1:1: the file is empty; a scenario starts as `(title:"),
    (" // only a remark\n", "1:1: the file is empty"),
    (
        "(title: \"t\", nodes: ()), signals: [])",
        "1:23: the scenario is closed here, without its field `watch_for`, and more follows",
    ),
    ("abc", "1:1: this is not a scenario"),
    ("Header(format:1) // 0", "1:1: this is not a scenario, but a recording: `qres replay`"),
    ("[1]", "1:1: this is not a scenario"),
    ("title: \"x\"", "1:1: this is not a scenario"),
    ("(1, 2)", "1:2: a field's name is missing before this"),
    ("()", "1:1: Scenario lacks its field `title`; accepted: a text of 1 to 200 characters"),
    ("(title: \"a\0\")", "1:11: a NUL byte: this is not a text file"),
    ("#![enable(foo)] ()", "1:11: No RON extension named `foo`"),
];

/// As in PARSER.
const COMBINATIONS: &[(&str, &str)] = &[
    ("(), protocol: (calm_entropy: 0.45))", "2:30: `protocol.calm_entropy` 0.45 is not below"),
    ("(), protocol: (lags: [3, 2, 3]))", "2:29: `protocol.lags` has 3 twice"),
    ("(), protocol: (lags: [33]))", "2:22: `protocol.lags` is [33]; accepted: a list of 1 to"),
    ("(count: 2))", "2:9: `protocol.trim_per_tail` 2 needs 3 nodes of a modality, and there"),
    ("(count: 6), protocol: (aggregation: Bulyan()))", "2:37: `protocol.aggregation` Bulyan wit"),
    ("(), protocol: (aggregation: Krun()))", "2:29: `protocol.aggregation` is `Krun` (did you me"),
    ("(), protocol: (aggregation: Krum(falty: 2)))", "2:34: unknown field `falty` (did you mean"),
    ("(), protocol: (aggregation: Krum(faulty: 9)))", "2:42: `protocol.aggregation.faulty` is 9"),
    ("(), protocol: (initial_reputation: 0.6))", "2:36: `protocol.initial_reputation` is 0.6"),
    ("(), protocol: (privacy: (budget: (epsilon: 1))))", "2:25: `protocol.privacy` names a clip"),
    ("(), protocol: (privacy: (noise_multiplier: 0.001)))", "2:44: `protocol.privacy.noise_multi"),
    ("(), protocol: (privacy: (clip: 2, noise_multiplier: 33)))", "2:53: `protocol.privacy.nois"),
    (
        "(), protocol: (privacy: (noise_multiplier: 1, budget: (delta: 2e-5))))",
        "2:63: `protocol.privacy.budget.delta` is 2e-5; accepted: a power of ten from 1e-12",
    ),
    (
        "(), protocol: (evolution: On(), privacy: (noise_multiplier: 1)))",
        "2:27: `protocol.evolution` is on beside `protocol.privacy`, but genes carry",
    ),
    (
        "(), protocol: (stream: (step: 0.1), privacy: (noise_multiplier: 1)))",
        "2:24: `protocol.stream` is on beside `protocol.privacy`, but a stream carries",
    ),
    (
        "(), protocol: (secure_aggregation: (members: 3)))",
        "2:46: `protocol.secure_aggregation.members` is 3; accepted: 4 to 8, or 0 for none",
    ),
    (
        "(), protocol: (secure_aggregation: (norm_bound: 2)))",
        "2:49: `protocol.secure_aggregation.norm_bound` is 2; accepted without `members`: 0, as",
    ),
    (
        "(), protocol: (secure_aggregation: (members: 4, norm_bound: 0.005)))",
        "2:61: `protocol.secure_aggregation.norm_bound` is 0.005; accepted: 0.01 to 11, or 0",
    ),
    (
        "(), protocol: (secure_aggregation: (norm_bound: 0.001)))",
        "2:49: `protocol.secure_aggregation.norm_bound` is 0.001; accepted: 0.01 to 11, or 0",
    ),
    (
        "(), protocol: (secure_aggregation: (members: 4), evolution: On()))",
        "2:46: `protocol.secure_aggregation.members` is 4, but models evolve",
    ),
    (
        "(), protocol: (secure_aggregation: (members: 4), summary: (asks: 1)))",
        "2:46: `protocol.secure_aggregation.members` is 4, but neighbours hand",
    ),
    (
        "(), protocol: (secure_aggregation: (members: 4), stream: (step: 0.1)))",
        "2:46: `protocol.secure_aggregation.members` is 4, but each node streams",
    ),
    ("(), twt: (calm_ms: 4000))", "2:20: `twt.prestorm_ms` 600000 is above `twt.calm_ms` 400"),
    ("(), twt: (window_ms: 600001))", "2:22: `twt.window_ms` 600001 is above `twt.prestorm_"),
    ("(), twt: (storm_window_ms: 30001))", "2:28: `twt.storm_window_ms` 30001 is above `tw"),
    ("(), tick_ms: 30001)", "2:14: `twt.storm_ms` 30000 is below `tick_ms` 30001"),
    ("(), radio: (mtu_bytes: 12))", "2:24: `radio.mtu_bytes` is 12; accepted: a whole number"),
    ("(), radio: (bitrate_bps: 1000))", "2:26: a full fragment of 1024 bytes is 8192044 us"),
    ("(), radio: (loss_floor_percent: 21))", "2:33: `radio.loss_floor_percent` 21 is above"),
    ("(sentinels: PerStation(\"a\")))", "2:13: `nodes.sentinels` is PerStation(..), but the"),
    ("(sentinels: Every(0)))", "2:13: `nodes.sentinels` is Every(0); accepted: Cover, Every"),
    ("(layout: Stations([])))", "2:10: `nodes.layout` is 0 stations; accepted: Grid(..)"),
    (
        "(count: 3, layout: Stations([(name: \"A\", latitude: 1, longitude: 2)])))",
        "2:9: `nodes.count` is 3, but stations count themselves",
    ),
    (
        "(layout: Stations([(name: \"A\", latitude: 1, longitude: 2),\n\
             (name: \"A\", latitude: 1, longitude: 2)])))",
        "3:8: `nodes.layout[1].name` is \"A\" as in `nodes.layout[0]`",
    ),
    (
        "(layout: Stations([(name: \"../A\", latitude: 1, longitude: 2)])))",
        "2:27: `nodes.layout[0].name` is \"../A\"; accepted: letters",
    ),
    (
        "(layout: Stations([(name: \"A\", latitude: NaN, longitude: 2)])))",
        "2:42: `nodes.layout[0].latitude` is NaN; accepted: a number from -90 to 90 degrees",
    ),
    (
        "(sentinels: PerStation(\"b\"), layout: Stations([(name: \"A\", latitude: 1, \
             longitude: 2)])), protocol: (gossip: false))",
        "2:13: no signal has the modality `b` (did you mean `a`?); accepted: PerStation of `a`",
    ),
    (
        "(), storms: [(from_tick: 5, to_tick: 5, path: [(tick: 1, x_mm: 0, z_mm: 0)], \
             radius_mm: 1)])",
        "2:38: `storms[0].to_tick` 5 is not after `from_tick` 5",
    ),
    (
        "(), storms: [(from_tick: 5, to_tick: 6, path: [(tick: 1, x_mm: 0, z_mm: 0),\n\
             (tick: 1, x_mm: 0, z_mm: 0)], radius_mm: 1)])",
        "3:8: `storms[0].path[1].tick` 1 is not after 1; accepted: ticks that rise",
    ),
    ("(), adversaries: [(kind: Sign)])", "2:26: `adversaries[0].kind` is `Sign`; accepted: B"),
    (
        "(), adversaries: [(kind: SignFlip(scale: 1001))])",
        "2:42: `adversaries[0].kind.scale` is 1001.0; accepted: a number from 0 to 1000 (def",
    ),
    (
        "(), adversaries: [(kind: Mimic, nodes: \"3 100\")])",
        "2:40: `adversaries[0].nodes` has \"100\"; accepted: ids and rising ranges from 0 to 99",
    ),
    (
        "(), adversaries: [(kind: Mimic, from_tick: 7, to_tick: 7)])",
        "2:56: `adversaries[0].to_tick` 7 is not after `from_tick` 7",
    ),
    (
        "(), commands: [(at_tick: 1, command: SetAttack(nodes: \"1\", \
             attack: Some(Bias(bias: 9))))])",
        "2:84: `commands[0].command.attack.bias` is 9.0; accepted: a number from -8 to 8 (def",
    ),
    (
        "(), commands: [(at_tick: 1, command: SetAttack(nodes: \"\"))])",
        "2:55: `commands[0].command.nodes` names no node; accepted: at least one id",
    ),
    (
        "(count: 6), commands: [(at_tick: 1, command: SetDefence(aggregation: Bulyan()))])",
        "2:70: `commands[0].command.aggregation` needs 7 nodes of a modality, and there are 6",
    ),
    (
        "(), protocol: (summary: (asks: 9), audit: (every_rounds: 8)))",
        "2:58: `protocol.audit.every_rounds` is 8, but audits cannot follow models that are handed",
    ),
    (
        "(), protocol: (audit: (every_rounds: 8)))",
        "2:38: a round of `twt.calm_ms` has 15842 samples; a node keeps 614 for audits; lower",
    ),
    (
        "(), protocol: (audit: (rate_percent: 5)))",
        "2:38: `protocol.audit.rate_percent` is given, but `protocol.audit.every_rounds` is 0, and \
             nobody audits; give `protocol.audit.every_rounds`, or leave it out",
    ),
    (
        "(), protocol: (audit: (outliers: true)))",
        "2:34: `protocol.audit.outliers` is given, but `protocol.audit.every_rounds` is 0",
    ),
    (
        "(), protocol: (gossip: false, adoption: Blind))",
        "2:41: `protocol.adoption` is Blind, but with `gossip: false` nothing is merged; leave one",
    ),
    (
        "(), adversaries: [(kind: Mimic, nodes: \"3\", share_percent: 20)])",
        "2:60: `adversaries[0].share_percent` is 20, but `nodes` names them; leave one of the two",
    ),
    (
        "(), adversaries: [(kind: Mimic, cover_up: true)])",
        "2:43: `adversaries[0].cover_up` is true, but nobody audits, and there is nothing to cover",
    ),
    (
        "(), adversaries: [(kind: GenePoison)])",
        "2:26: `adversaries[0].kind` is GenePoison, but no model evolves; accepted with `protocol",
    ),
    (
        "(), adversaries: [(kind: AuditPrediction())])",
        "2:26: `adversaries[0].kind` is AuditPrediction, but nobody audits; accepted with `protoc",
    ),
    (
        "(count: 9), adversaries: [(kind: Mimic, share_percent: 10)])",
        "2:56: `adversaries[0].share_percent` 10 of 9 nodes is less than one node; accepted here: \
             12 or more",
    ),
    (
        "(count: 1), protocol: (gossip: false), adversaries: [(kind: Mimic, share_percent: 10)])",
        "2:83: `adversaries[0].share_percent` 10 of 1 nodes is less than one node; add nodes, or",
    ),
    (
        "(), commands: [(at_tick: 5, command: SetAttack(nodes: \"1\", attack: Some(Mimic), \
             cover_up: true))])",
        "2:91: `commands[0].command.cover_up` is true, but nobody audits, and there is nothing to",
    ),
    (
        "(), ticks: 50, commands: [(at_tick: 50, command: SetDefence())])",
        "2:37: `commands[0].at_tick` is 50, and the run ends with tick 50; accepted: ticks below",
    ),
    (
        "(), commands: [(at_tick: 5, command: SetAttack(nodes: \"1\", attack: Some(GenePoison)))])",
        "2:68: `commands[0].command.attack` is GenePoison, but no model evolves; accepted with",
    ),
    (
        "(), commands: [(at_tick: 5, command: SetAttack(nodes: \"1\", \
             attack: Some(AuditPrediction())))])",
        "2:68: `commands[0].command.attack` is AuditPrediction, but nobody audits; accepted with",
    ),
    (
        "(), camera: [(name: \"a\", eye_mm: (1, 2, 3), target_mm: (1, 2, 3))])",
        "2:56: `camera[0]` looks at the place where it stands",
    ),
    (
        "(), camera: [(name: \"a\", eye_mm: (1, 2, 3000000000), target_mm: (1, 2, 3))])",
        "2:34: `camera[0].eye_mm` is 3000000000; accepted: three whole numbers",
    ),
    ("(), faults: [(kind: Los())])", "2:21: `faults[0].kind` is `Los` (did you mean `Loss`?)"),
    ("(), faults: [(kind: Loss(percent: 0))])", "2:35: `faults[0].kind.percent` is 0; accepted: a"),
    ("(), faults: [(kind: Loss(), to_tick: 0)])", "2:38: `faults[0].to_tick` 0 is not after `from"),
    ("(), faults: [(kind: Partition)])", "2:14: `faults[0].nodes` is All, and with everybody cho"),
    ("(), faults: [(kind: Eclipse(victim: 100))])", "2:14: `faults[0].nodes` is All, and with ev"),
    (
        "(), faults: [(kind: Eclipse(victim: 100), nodes: List([1]))])",
        "2:37: `faults[0].kind.victim` is 100, and there are 100 nodes; accepted: 0 to 99",
    ),
    ("(), faults: [(kind: Churn(), nodes: List([]))])", "2:37: `faults[0].nodes` is a list of 0 "),
    (
        "(), faults: [(kind: Churn(), nodes: Links([(1, 2)]))])",
        "2:37: `faults[0].nodes` chooses links, but Churn strikes nodes; accepted here: All",
    ),
    (
        "(), faults: [(kind: Loss(), nodes: Links([(1, 200)]))])",
        "2:36: `faults[0].nodes` is 200, and there are 100 nodes",
    ),
    ("(), faults: [(kind: Jamming())])", "2:14: `faults[0].nodes` is no Area, but a jammer stan"),
    (
        "(), faults: [(kind: Sybil(host: 1, attack: GenePoison), nodes: Share())])",
        "2:64: `faults[0].nodes` chooses nodes, but a Sybil is its host's; leave it out",
    ),
    (
        "(), faults: [(kind: Bursts(enter_per_mille: 600, leave_per_mille: 401))])",
        "2:67: `faults[0].kind.leave_per_mille` 401 and `enter_per_mille` 600 make more than",
    ),
    (
        "(), faults: [(kind: Churn())], protocol: (stream: (step: 0.1)))",
        "2:21: `faults[0].kind` is Churn, and nodes stream their readings; accepted with",
    ),
    (
        "(), faults: [(kind: Loss(), nodes: Side(x_mm: 1, z_mm: 2, to_x_mm: 1, to_z_mm: 2))])",
        "2:36: `faults[0].nodes` is a line from a place to the same place",
    ),
];

/// A source, and the message.
const SOURCES: &[(&str, &str)] = &[
    ("Dataset(path: \"/etc/a\", column: \"c\")", "2:49: `signals[0].source.path` is \"/etc/a\""),
    ("Dataset(path: \"a/../b\", column: \"c\")", "2:49: `signals[0].source.path` is \"a/../b\""),
    ("Dataset(path: \"c:/b\", column: \"c\")", "2:49: `signals[0].source.path` is \"c:/b\", whic"),
    ("Dataset(path: \"{city}.csv\", column: \"c\")", "2:49: `signals[0].source.path` is \"{cit"),
    (
        "Dataset(path: \"{station}.csv\", column: \"c\")",
        "2:49: `signals[0].source.path` is \"{station}.csv\", but the layout has no stations",
    ),
    ("Dataset(column: \"c\")", "2:35: Dataset lacks its field `path`; accepted: a text"),
    (
        "Sample(file: \"tides.csv\", column: \"c\")",
        "2:48: there is no embedded sample `tides.csv` (did you mean `tide.csv`?); accepted: `t",
    ),
    ("Synthetic(noise: inf)", "2:52: `signals[0].source.noise` is inf; accepted: a number"),
    ("Synthetic(waves: [(period_samples: 1, amplitude: 1)])", "2:70: `signals[0].source.wav"),
    ("Synthetic(level: 1e9)), (modality: \"a\"", "2:52: `signals[0].source.level` is 10000000"),
    ("Synthetic(), companions: [\"a\"]", "2:61: `signals[0].companions[0]` is \"a\", no other"),
    (
        "Synthetic(), companions: [\"heet\"]), (modality: \"heat\"",
        "2:61: `signals[0].companions[0]` is \"heet\", no other signal's modality (did you mean \
             `heat`?); accepted: different ones of `heat`",
    ),
    (
        "Synthetic(), companions: [\"b\", \"b\"]), (modality: \"b\"",
        "2:66: `signals[0].companions[1]` is \"b\" again; accepted: different ones of `b`",
    ),
    ("Synthetic()), (modality: \"a\"", "2:60: `signals[1].modality` is \"a\" as in `signals[0]`"),
];

#[test]
fn errors_of_the_parser_speak_of_fields() {
    for (tail, expected) in PARSER {
        let message = refused(&format!("{HEAD}\n{tail}")).to_string();
        assert!(message.starts_with(&format!("x.ron:{expected}")), "{tail}\n{message}");
    }
    for (text, expected) in WHOLE {
        let message = refused(text).to_string();
        assert!(message.starts_with(&format!("x.ron:{expected}")), "{text}\n{message}");
    }
}

#[test]
fn combinations_point_at_the_value() {
    for (tail, expected) in COMBINATIONS {
        let message = refused(&format!("{HEAD}\n{tail}")).to_string();
        assert!(message.starts_with(&format!("x.ron:{expected}")), "{tail}\n{message}");
    }
}

#[test]
fn each_signal_needs_a_node() {
    let many = "(title: \"t\", watch_for: \"w\", nodes: (count: 1), signals: [(modality: \"a\"), \
        (modality: \"b\")])";
    let told =
        "`signals` has 2, and there are 1 nodes: each senses one of them; leave some signals";
    let message = refused(many).to_string();
    assert!(message.contains(told), "{message}");
}

#[test]
fn sources_are_checked() {
    for (source, expected) in SOURCES {
        let signals = format!("signals: [(modality: \"a\", source: {source})])");
        let message =
            refused(&format!("(title: \"t\", watch_for: \"w\", nodes: (),\n{signals}")).to_string();
        assert!(message.starts_with(&format!("x.ron:{expected}")), "{source}\n{message}");
    }
}
