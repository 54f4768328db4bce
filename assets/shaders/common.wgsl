// What all layers share: the frame, the nodes, and what their numbers mean.
#define_import_path qres::common
#import bevy_render::view::View

struct Storm {
    at: vec4<f32>,   // centre, radius
    form: vec4<f32>, // intensity, height over radius, seed, world
}

struct Frame {
    clock: vec4<f32>,  // seconds, blend of node states, progress in the tick, rush
    screen: vec4<f32>, // width, height, focal length in pixels, pixels per point
    cut: vec4<f32>,    // plane: normal towards the camera, offset
    shape: vec4<f32>,  // node radius, ground height, grid step, scene radius
    look: vec4<f32>,   // cut 0..1, link strength, pool strength, flatness
    grid: vec4<f32>,   // phase x, phase z, 1 where places are real, 1 where things move
    chosen: vec4<u32>, // selected node, colour by, storms, links
    count: vec4<u32>,  // nodes, packets, steps through a storm, one link drawn of so many
    twin: vec4<f32>,   // from the first world to the second, 1 where there are two
    worlds: vec4<u32>, // nodes of the first world
    tints: array<vec4<f32>, 33>,
    storms: array<Storm, 64>,
}

struct Node {
    from_at: vec4<f32>,    // place, residual in deviations
    to_at: vec4<f32>,
    from_state: vec4<f32>, // energy, reputation, regime 0..2, awake 0..1
    to_state: vec4<f32>,
    lay: vec4<f32>,        // where a layout shows it, how much of its place is added to that
    flags: vec4<u32>,      // role and marks, group, seed, lineage and freshness
}

// Marks of a node, beside its role.
const MARK_PICKED: u32 = 256u;
const MARK_HARDWARE: u32 = 512u;
const MARK_BANNED: u32 = 1024u;
const MARK_DEAD: u32 = 2048u;
const MARK_PARTED: u32 = 4096u;

struct Now {
    at: vec3<f32>,   // where it is shown
    real: vec3<f32>, // where it is
    residual: f32,
    energy: f32,
    reputation: f32,
    regime: f32,
    awake: f32,
    role: u32,
    marks: u32,
    group: u32,
    seed: f32,
    lineage: f32, // hue in turns; 0: its first gene
    fresh: f32,   // 1 when another gene has just gone into service
    shown: f32,   // 0 when cut away
    world: f32,   // 0 the first, 1 the second
    differs: f32, // from itself in the first world: 0 not at all, 1 as far as can be
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> frame: Frame;
@group(0) @binding(2) var<storage, read> nodes: array<Node>;

const TINT_PACKET: u32 = 3u;
const TINT_RING: u32 = 9u;
const TINT_SELECTION: u32 = 10u;
const TINT_LINK: u32 = 11u;
const TINT_GRID: u32 = 12u;
const TINT_SKY_TOP: u32 = 13u;
const TINT_SKY_HORIZON: u32 = 14u;
const TINT_SKY_FLOOR: u32 = 15u;
const TINT_STORM_DEEP: u32 = 16u;
const TINT_STORM_BODY: u32 = 17u;
const TINT_STORM_CORE: u32 = 18u;
const TINT_LOST: u32 = 19u;
const TINT_LOW: u32 = 20u;
const TINT_HIGH: u32 = 21u;
const TINT_ASLEEP: u32 = 22u;
const TINT_GROUP: u32 = 23u;
const TINT_LINEAGE: u32 = 28u;
const TINT_DIFFERENCE: u32 = 31u;
const TINT_PARTED: u32 = 32u;

fn tint(slot: u32) -> vec3<f32> {
    return frame.tints[slot].rgb;
}

// 1 where a place is kept, 0 where the cut-away hides it, smooth in between.
fn shown_at(place: vec3<f32>) -> f32 {
    let depth = dot(place, frame.cut.xyz) - frame.cut.w;
    return 1.0 - frame.look.x * smoothstep(-0.7, 0.7, depth);
}

// The id of the node at a place of the list: both worlds have the same ids.
fn id_of(index: u32) -> u32 {
    return select(index, index - frame.worlds.x, index >= frame.worlds.x);
}

fn node_now(index: u32) -> Now {
    let node = nodes[index];
    let at = mix(node.from_at, node.to_at, frame.clock.y);
    let state = mix(node.from_state, node.to_state, frame.clock.y);
    var now: Now;
    now.real = at.xyz;
    now.at = node.lay.xyz + at.xyz * node.lay.w;
    now.residual = at.w;
    now.energy = state.x;
    now.reputation = state.y;
    now.regime = state.z;
    now.awake = state.w;
    now.role = node.flags.x & 0xffu;
    now.marks = node.flags.x;
    now.group = node.flags.y;
    now.seed = f32(node.flags.z) / 65535.0;
    now.lineage = f32(node.flags.w & 0xffffu) / 65536.0;
    now.fresh = f32((node.flags.w >> 16u) & 0xffu) / 255.0;
    now.world = select(0.0, 1.0, index >= frame.worlds.x);
    now.differs = f32((node.flags.x >> 16u) & 0xffu) / 255.0;
    now.shown = shown_at(now.at - frame.twin.xyz * now.world);
    return now;
}

fn regime_tint(regime: f32) -> vec3<f32> {
    let low = mix(tint(0u), tint(1u), saturate(regime));
    return mix(low, tint(2u), saturate(regime - 1.0));
}

fn ramp(value: f32) -> vec3<f32> {
    return mix(tint(TINT_LOW), tint(TINT_HIGH), saturate(value));
}

// Lines of genes go from the first lineage colour over the second to the third: never the colours
// of alarm.
fn lineage_tint(hue: f32) -> vec3<f32> {
    let low = mix(tint(TINT_LINEAGE), tint(TINT_LINEAGE + 1u), saturate(hue * 2.0));
    return mix(low, tint(TINT_LINEAGE + 2u), saturate(hue * 2.0 - 1.0));
}

// The colour a node has under the chosen way to colour.
fn node_tint(now: Now) -> vec3<f32> {
    switch frame.chosen.y {
        case 1u: { return ramp(now.energy); }
        case 2u: { return ramp(now.reputation); }
        case 3u: {
            let group = tint(TINT_GROUP + min(now.group, 4u));
            return select(group, lineage_tint(now.lineage), now.lineage > 0.0);
        }
        case 4u: { return mix(tint(TINT_ASLEEP), tint(TINT_HIGH), now.awake); }
        case 5u: { return ramp(now.residual / 4.0); }
        default: {
            let evolved = select(0.0, 1.0 - saturate(now.regime), now.lineage > 0.0);
            return mix(regime_tint(now.regime), lineage_tint(now.lineage), evolved);
        }
    }
}

fn has(now: Now, mark: u32) -> bool {
    return (now.marks & mark) != 0u;
}

// How much light a node gives: its energy, less when asleep, more when alarmed. A dead one is dark.
fn node_light(now: Now) -> f32 {
    if has(now, MARK_DEAD) {
        return 0.015;
    }
    let store = 0.16 + 0.84 * now.energy;
    let alarm = 1.25 + 0.55 * saturate(now.regime) + 1.5 * saturate(now.regime - 1.0);
    let amber = saturate(1.0 - abs(now.regime - 1.0));
    let quick = sin(frame.clock.x * 6.3 + now.seed * 40.0);
    let beat = quick * sin(frame.clock.x * 2.1 + now.seed * 9.0);
    let shimmer = 1.0 + 0.42 * amber * beat * frame.grid.w;
    // A gene that goes into service is a flash: a cascade runs as a wave of light.
    // Under calm motion it is a mere brightening.
    let flash = 1.0 + mix(0.7, 4.0, frame.grid.w) * now.fresh * now.fresh;
    return store * mix(0.2, 1.0, max(now.awake, now.fresh)) * alarm * shimmer * flash;
}

fn node_radius(now: Now) -> f32 {
    let role = select(1.0, 1.22, now.role == 0u) * select(1.0, 0.92, now.role == 2u);
    return frame.shape.x * role * mix(0.66, 1.0, now.awake) * now.shown;
}

// What is left of light that comes from a place to the eye through the storms: 1 all, 0 nothing.
fn veil(place: vec3<f32>, eye: vec3<f32>) -> f32 {
    var depth = 0.0;
    for (var i = 0u; i < frame.chosen.z; i++) {
        let storm = frame.storms[i];
        let scale = vec3(1.0, storm.form.y, 1.0) * max(storm.at.w, 0.001);
        let start = (eye - storm.at.xyz) / scale;
        let way = (place - storm.at.xyz) / scale - start;
        let a = dot(way, way);
        let b = dot(start, way);
        let c = dot(start, start) - 1.0;
        let root = b * b - a * c;
        if root <= 0.0 {
            continue;
        }
        let reach = sqrt(root);
        let near = clamp((-b - reach) / a, 0.0, 1.0);
        let far = clamp((-b + reach) / a, 0.0, 1.0);
        // The integral of 1 - r squared between the two.
        let cubes = far * far * far - near * near * near;
        let inside = -c * (far - near) - b * (far * far - near * near) - a * cubes / 3.0;
        // A larger storm is a thicker one.
        let thick = 0.95 + 0.07 * min(storm.at.w, 24.0);
        depth += max(inside, 0.0) * sqrt(a) * storm.form.x * thick * frame.grid.z;
    }
    return exp(-depth);
}

// How deep a real place is in storms: 1 in the middle of the strongest, 0 outside of all.
fn exposure(real: vec3<f32>, world: f32) -> f32 {
    var deepest = 0.0;
    for (var i = 0u; i < frame.chosen.z; i++) {
        let storm = frame.storms[i];
        if storm.form.w != world {
            continue;
        }
        let centre = storm.at.xyz - frame.twin.xyz * world;
        let away = (real - centre) / max(storm.at.w, 0.001);
        deepest = max(deepest, (1.0 - smoothstep(0.45, 1.0, length(away))) * storm.form.x);
    }
    return deepest;
}

// Far things give less light: a little on a plain, more in a ball, where they would clutter.
fn haze_at(distance_to_eye: f32, eye: vec3<f32>) -> f32 {
    let behind = (distance_to_eye - distance(eye, frame.twin.xyz * 0.5)) / frame.shape.w;
    let least = mix(0.26, 0.55, frame.look.w);
    return mix(1.0, least, smoothstep(-0.35, 1.0, behind));
}

fn hash(seed: vec2<f32>) -> f32 {
    let a = fract(seed * vec2(0.1031, 0.1137));
    let b = a + dot(a, a.yx + 33.33);
    return fract((b.x + b.y) * b.x * 17.17);
}

// Everything that must not be seen goes here: all four corners, so no pixel.
fn nowhere() -> vec4<f32> {
    return vec4(0.0, 0.0, -1.0, 1.0);
}

// Which corner of its quad a vertex is; there are four a quad, in a row.
fn corner_of(number: u32) -> vec2<f32> {
    let corner = number & 3u;
    return vec2(select(-1.0, 1.0, corner == 1u || corner == 2u), select(-1.0, 1.0, corner > 1u));
}
