//! What the messages of a file look like, as JSON Schema (draft 7). Those named `foxglove.` are as
//! Foxglove defines them, as far as they are used.

use super::container::Channel;

/// The topics; their places are the numbers in [`super::topic`].
pub(super) const CHANNELS: [Channel; 5] = [
    Channel { topic: "/nodes", schema: "qres.Nodes", text: NODES },
    Channel { topic: "/swarm", schema: "qres.Swarm", text: SWARM },
    Channel { topic: "/events", schema: "foxglove.Log", text: LOG },
    Channel { topic: "/points", schema: "foxglove.PointCloud", text: POINTS },
    Channel { topic: "/storms", schema: "foxglove.SceneUpdate", text: SCENE },
];

const NODES: &str = r#"{"title":"qres.Nodes","type":"object","properties":{
"tick":{"type":"integer","description":"ticks run"},
"nodes":{"type":"array","items":{"type":"object","properties":{
"id":{"type":"integer"},
"x":{"type":"number","description":"metres east"},
"y":{"type":"number","description":"metres north"},
"z":{"type":"number","description":"metres up"},
"modality":{"type":"string","description":"what it senses"},
"role":{"type":"string","enum":["sentinel","scheduled","on demand"]},
"regime":{"type":"string","enum":["calm","prestorm","storm"]},
"energy":{"type":"number","description":"of its capacity, 0 to 1"},
"reputation":{"type":"number","description":"mean of what its neighbours hold, 0 to 1"},
"residual":{"type":"number","description":"recent error of its forecasts, in deviations"},
"entropy":{"type":"number","description":"what its detector goes by, 0 to 1"},
"gene":{"type":"string","description":"id of the gene in service, hexadecimal"},
"asleep":{"type":"boolean","description":"its radio slept through the tick"},
"banned":{"type":"boolean","description":"a sixth or more of its judges do not heed it"},
"dead":{"type":"boolean","description":"without power"}}}}}}"#;

const SWARM: &str = r#"{"title":"qres.Swarm","type":"object","properties":{
"tick":{"type":"integer","description":"ticks run"},
"nodes":{"type":"integer","description":"that have joined"},
"calm":{"type":"integer","description":"nodes"},
"prestorm":{"type":"integer","description":"nodes"},
"storm":{"type":"integer","description":"nodes"},
"asleep":{"type":"integer","description":"nodes whose radio slept through the tick"},
"alive":{"type":"integer","description":"nodes with power and energy"},
"banned":{"type":"integer","description":"nodes that at least one neighbour bans"},
"detected":{"type":"integer","description":"adversaries that an honest node bans"},
"storms":{"type":"integer","description":"that blow"},
"energy_mean":{"type":"number","description":"of capacity, 0 to 1"},
"energy_least":{"type":"number","description":"of capacity, 0 to 1"},
"residual_mean":{"type":"number","description":"deviations"},
"spread":{"type":"number","description":"largest distance between shared weights of a modality"},
"frames":{"type":"integer","description":"sent since the start"},
"bytes_sent":{"type":"integer","description":"since the start"},
"merges":{"type":"integer","description":"in the tick"}}}"#;

const LOG: &str = r#"{"title":"foxglove.Log","type":"object","properties":{
"timestamp":{"type":"object","title":"time","properties":{"sec":{"type":"integer","minimum":0},
"nsec":{"type":"integer","minimum":0,"maximum":999999999}}},
"level":{"title":"foxglove.Level","oneOf":[{"title":"UNKNOWN","const":0},{"title":"DEBUG","const":1},
{"title":"INFO","const":2},{"title":"WARNING","const":3},{"title":"ERROR","const":4},
{"title":"FATAL","const":5}]},
"message":{"type":"string"},"name":{"type":"string","description":"lane of the timeline"},
"file":{"type":"string"},"line":{"type":"integer","minimum":0,"description":"tick"}}}"#;

const POINTS: &str = r#"{"title":"foxglove.PointCloud","type":"object","properties":{
"timestamp":{"type":"object","title":"time","properties":{"sec":{"type":"integer","minimum":0},
"nsec":{"type":"integer","minimum":0,"maximum":999999999}}},
"frame_id":{"type":"string"},
"pose":{"title":"foxglove.Pose","type":"object","properties":{
"position":{"title":"foxglove.Vector3","type":"object","properties":{"x":{"type":"number"},
"y":{"type":"number"},"z":{"type":"number"}}},
"orientation":{"title":"foxglove.Quaternion","type":"object","properties":{"x":{"type":"number"},
"y":{"type":"number"},"z":{"type":"number"},"w":{"type":"number"}}}}},
"point_stride":{"type":"integer","minimum":0},
"fields":{"type":"array","items":{"title":"foxglove.PackedElementField","type":"object","properties":{
"name":{"type":"string"},"offset":{"type":"integer","minimum":0},
"type":{"title":"foxglove.NumericType","oneOf":[{"title":"UINT8","const":1},
{"title":"FLOAT32","const":7}]}}}},
"data":{"type":"string","contentEncoding":"base64"}}}"#;

const SCENE: &str = r#"{"title":"foxglove.SceneUpdate","type":"object","properties":{
"deletions":{"type":"array","items":{"title":"foxglove.SceneEntityDeletion","type":"object",
"properties":{"timestamp":{"type":"object","title":"time","properties":{"sec":{"type":"integer"},
"nsec":{"type":"integer"}}},"type":{"title":"foxglove.SceneEntityDeletionType",
"oneOf":[{"title":"MATCHING_ID","const":0},{"title":"ALL","const":1}]},"id":{"type":"string"}}}},
"entities":{"type":"array","items":{"title":"foxglove.SceneEntity","type":"object","properties":{
"timestamp":{"type":"object","title":"time","properties":{"sec":{"type":"integer"},
"nsec":{"type":"integer"}}},"frame_id":{"type":"string"},"id":{"type":"string"},
"lifetime":{"type":"object","title":"duration","properties":{"sec":{"type":"integer"},
"nsec":{"type":"integer"}}},"frame_locked":{"type":"boolean"},
"metadata":{"type":"array","items":{"type":"object"}},
"arrows":{"type":"array","items":{"type":"object"}},
"cubes":{"type":"array","items":{"type":"object"}},
"spheres":{"type":"array","items":{"title":"foxglove.SpherePrimitive","type":"object","properties":{
"pose":{"type":"object"},"size":{"type":"object"},"color":{"type":"object"}}}},
"cylinders":{"type":"array","items":{"type":"object"}},
"lines":{"type":"array","items":{"type":"object"}},
"triangles":{"type":"array","items":{"type":"object"}},
"texts":{"type":"array","items":{"type":"object"}},
"models":{"type":"array","items":{"type":"object"}}}}}}}"#;
