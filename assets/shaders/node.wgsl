// Nodes: one camera-facing quad each, a lit body and a thin ring that counts reputation.
#import qres::common::{
    view, corner_of, frame, Now, node_now, id_of, node_tint, node_light, node_radius, veil, haze_at,
    exposure, has, tint,
    nowhere, TINT_RING, TINT_SELECTION, TINT_STORM_DEEP, TINT_STORM_BODY, TINT_ASLEEP, TINT_DIFFERENCE,
    TINT_PARTED, MARK_PICKED, MARK_HARDWARE, MARK_BANNED, MARK_DEAD, MARK_PARTED
}

@group(0) @binding(3) var<storage, read> order: array<u32>;

const RING_AT: f32 = 1.55;
const PICKED_AT: f32 = 1.9;
const PARTED_AT: f32 = 2.05;
const TURN: f32 = 6.2831853;

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) corner: vec2<f32>, // in radii of the body
    @location(1) light: vec3<f32>,
    // Reputation, ring cover, pixel in radii, chosen.
    @location(2) @interpolate(flat) ring: vec4<f32>,
    @location(3) @interpolate(flat) form: vec4<f32>, // role, energy, body cover, awake
    @location(4) @interpolate(flat) depth: vec2<f32>, // clip depth of centre and of front
    // Picked, banned, dead, deep in a storm that cannot be shown.
    @location(5) @interpolate(flat) marks: vec4<f32>,
    @location(6) @interpolate(flat) kind: vec4<f32>, // a real board, seed, differs, parted from its twin
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Between {
    let corner = corner_of(number);
    var out: Between;
    out.clip = nowhere();
    let slot = number / 4u;
    if slot >= frame.count.x {
        return out;
    }
    let index = order[slot];
    let now = node_now(index);
    let centre = view.clip_from_world * vec4(now.at, 1.0);
    if now.shown < 0.02 || centre.w < 0.05 {
        return out;
    }
    let chosen = id_of(index) == frame.chosen.x;
    let right = view.world_from_view[0].xyz;
    let up = view.world_from_view[1].xyz;
    let true_radius = node_radius(now);
    let true_pixels = true_radius * frame.screen.z / centre.w;
    // A far node is at least a spark: it keeps a size that can be seen and gives less light.
    let pixels = max(true_pixels, 1.35 * frame.screen.w * sqrt(now.shown));
    let radius = true_radius * pixels / max(true_pixels, 1e-4);
    let thin = mix(1.0, saturate(true_pixels / pixels), 0.8);
    let picked = has(now, MARK_PICKED);
    var storm = 0.0;
    if frame.grid.z < 1.0 {
        storm = exposure(now.real, now.world) * (1.0 - frame.grid.z);
    }
    let parted = has(now, MARK_PARTED);
    let marked_size = select(1.75, 2.75, chosen || storm > 0.0 || now.differs > 0.0 || parted);
    let extent = max(marked_size, select(0.0, 2.1, picked));
    let place = now.at + (right * corner.x + up * corner.y) * radius * extent;
    out.clip = view.clip_from_world * vec4(place, 1.0);
    out.corner = corner * extent;

    let eye = view.world_position;
    let clear = mix(0.16, 1.0, veil(now.at, eye));
    let haze = haze_at(distance(now.at, eye), eye) * clear;
    out.light = node_tint(now) * node_light(now) * haze * thin;
    let ring_cover = smoothstep(3.2, 6.5, pixels / frame.screen.w) * mix(0.45, 1.0, now.awake);
    let marked = select(0.0, 1.0, chosen);
    out.ring = vec4(now.reputation, ring_cover * now.shown * haze, 1.0 / pixels, marked);
    out.form = vec4(f32(now.role), now.energy, now.shown * mix(0.3, 1.0, clear), now.awake);
    let front = view.clip_from_world * vec4(now.at + view.world_from_view[2].xyz * radius, 1.0);
    out.marks = vec4(
        select(0.0, now.shown, picked),
        select(0.0, 1.0, has(now, MARK_BANNED)),
        select(0.0, 1.0, has(now, MARK_DEAD)),
        storm * now.shown * haze
    );
    let board = select(0.0, 1.0, has(now, MARK_HARDWARE));
    out.kind = vec4(board, now.seed, now.differs, select(0.0, now.shown, parted));
    out.depth = vec2(centre.z / centre.w, front.z / max(front.w, 0.01));
    return out;
}

struct Painted {
    @location(0) colour: vec4<f32>,
    @builtin(frag_depth) depth: f32,
}

// How far outside the body a corner is, in radii: below 0 inside. A sentinel is a diamond, a real
// board a hexagon.
fn outside(at: vec2<f32>, role: f32, board: f32) -> f32 {
    if board > 0.5 {
        let folded = abs(at);
        return max(folded.x * 0.8660254 + folded.y * 0.5, folded.y) - 0.96;
    }
    if role < 0.5 {
        return (abs(at.x) + abs(at.y) - 1.16) * 0.7071;
    }
    return length(at) - 1.0;
}

// The light of the body: a hot heart inside a shell of glass.
fn body(in: Between, edge: f32) -> vec3<f32> {
    let at = in.corner;
    let role = in.form.x;
    let store = in.form.y;
    let r = saturate(1.0 + edge);
    let height = sqrt(max(1.0 - r * r, 0.0));
    // Energy is light: a full store fills the body, a spent one is an ember in the middle.
    let heart = exp(-r * r * mix(9.0, 2.1, store));
    let rim = pow(1.0 - height, 3.0);
    var shade = 0.2 + 0.34 * height + 1.9 * heart * heart + 0.55 * rim;
    if role < 0.5 {
        // Facets of an octahedron seen from the front.
        let facet = select(0.5, 1.0, at.y > 0.0) + select(0.0, 0.3, at.x < 0.0);
        let outline = 0.8 * smoothstep(-0.15, 0.0, edge);
        shade = (0.3 + 0.5 * height) * facet + 1.7 * heart * heart + outline;
    } else if role > 1.5 {
        // On demand: an open eye, hollow until it is asked.
        shade = 0.06 + 1.35 * smoothstep(0.42, 0.66, r) * (0.5 + 0.5 * height + rim);
    }
    // White heat at the heart, and a glint of the sky on the glass.
    let white = mix(in.light, vec3(dot(in.light, vec3(0.3, 0.5, 0.2))), 0.6);
    let glint_at = at - vec2(-0.36, 0.42);
    let glint = exp(-dot(glint_at, glint_at) * 22.0) * 0.16 * in.form.w;
    let hot = select(heart * heart * 0.55 * store, 0.0, role > 1.5);
    let glass = tint(TINT_RING) * glint * select(0.0, 1.0, role > 0.5);
    return mix(in.light, white * 2.0, hot * 0.5) * shade + glass;
}

fn ring(in: Between) -> f32 {
    let pixel = in.ring.z;
    let away = abs(length(in.corner) - RING_AT);
    let half_width = max(0.036, 0.55 * pixel * frame.screen.w);
    let cover = saturate((half_width - away) / pixel + 0.5);
    // From the top, clockwise.
    let turn = fract(atan2(in.corner.x, in.corner.y) / TURN + 1.0);
    let soft = pixel / (RING_AT * TURN);
    let counted = saturate((in.ring.x - turn) / soft + 0.5);
    let full = step(0.998, in.ring.x);
    return cover * mix(0.09, 1.0, max(counted, full)) * in.ring.y;
}

fn chosen_mark(in: Between) -> f32 {
    let pixel = in.ring.z;
    let r = length(in.corner);
    let beat = 0.04 * sin(frame.clock.x * 3.1) * frame.grid.w;
    let away = abs(r - 2.2 - beat);
    let half_width = max(0.07, 1.0 * pixel * frame.screen.w);
    let cover = saturate((half_width - away) / pixel + 0.5);
    // Four arcs with gaps on the diagonals.
    let turn = fract(atan2(in.corner.x, in.corner.y) / TURN * 4.0 + 0.5);
    let gap = smoothstep(0.12, 0.16, turn) * smoothstep(0.88, 0.84, turn);
    return cover * gap * in.ring.w;
}

// A picked node has a plain ring outside all others.
fn picked_mark(in: Between) -> f32 {
    let pixel = in.ring.z;
    let away = abs(length(in.corner) - PICKED_AT);
    let half_width = max(0.045, 0.6 * pixel * frame.screen.w);
    return saturate((half_width - away) / pixel + 0.5) * in.marks.x;
}

// A board that has parted from its twin has a broken ring of its own, seen from afar.
fn parted_mark(in: Between) -> f32 {
    let pixel = in.ring.z;
    let r = length(in.corner);
    let half_width = max(0.11, 0.95 * pixel * frame.screen.w);
    let cover = saturate((half_width - abs(r - PARTED_AT)) / pixel + 0.5);
    let turn = fract(atan2(in.corner.x, in.corner.y) / TURN * 6.0);
    let dash = smoothstep(0.0, 0.04, turn) * smoothstep(0.68, 0.64, turn);
    return cover * dash * in.kind.w;
}

// The light around that ring.
fn parted_glow(in: Between) -> f32 {
    let fall = saturate(1.0 - abs(length(in.corner) - PARTED_AT) / 0.68);
    return fall * fall * 0.35 * in.kind.w;
}

// What is not as in the first world has rays around it: the more, the longer and the brighter.
fn rays(in: Between) -> f32 {
    if in.kind.z <= 0.0 {
        return 0.0;
    }
    let much = sqrt(in.kind.z);
    let pixel = in.ring.z;
    let r = length(in.corner);
    let inner = 1.85;
    let outer = inner + mix(0.16, 0.85, much);
    let along = saturate((r - inner) / pixel + 0.5) * saturate((outer - r) / pixel + 0.5);
    let turn = abs(fract(atan2(in.corner.x, in.corner.y) / TURN * 12.0) - 0.5);
    let wide = max(0.13, 0.75 * pixel * frame.screen.w * 12.0 / (r * TURN));
    let soft = pixel * 12.0 / (max(r, 0.1) * TURN);
    let across = saturate((wide - turn) / soft + 0.5);
    return along * across * mix(0.55, 1.0, much) * in.form.z;
}

// The light that goes with them, so that they are seen from afar.
fn aura(in: Between) -> f32 {
    let r = length(in.corner);
    let fall = saturate((2.7 - r) / 1.7);
    return fall * fall * in.kind.z * in.form.z * 0.9;
}

// What is left of the body of a banned node: its outline, and a bar across it.
fn struck(in: Between, edge: f32) -> f32 {
    let pixel = in.ring.z;
    let wide = max(0.1, 0.6 * pixel * frame.screen.w);
    let outline = saturate((wide - abs(edge + wide)) / pixel + 0.5);
    let bar = saturate((wide * 0.8 - abs(in.corner.x - in.corner.y) * 0.7071) / pixel + 0.5);
    return max(outline, bar * saturate(0.5 - edge / pixel));
}

// Where storms have no place, those who stand in one wear a ragged piece of it.
fn corona(in: Between) -> vec3<f32> {
    let r = length(in.corner);
    let angle = atan2(in.corner.y, in.corner.x);
    let time = frame.clock.x * frame.grid.w;
    let rag = 0.22 * sin(angle * 5.0 + in.kind.y * 40.0 + time) + 0.16 * sin(angle * 8.0 - time * 1.7);
    let fall = saturate((2.7 + rag - r) / 1.7) * smoothstep(0.7, 1.1, r);
    let deep = tint(TINT_STORM_DEEP) * 2.2 * fall;
    return (deep + tint(TINT_STORM_BODY) * 1.5 * fall * fall) * in.marks.w;
}

@fragment
fn fragment(in: Between) -> Painted {
    let pixel = in.ring.z;
    let edge = outside(in.corner, in.form.x, in.kind.x);
    var cover = saturate(0.5 - edge / pixel) * in.form.z;
    var inside = body(in, edge);
    if in.marks.z > 0.5 {
        // Without power: a dark body with a dull outline.
        inside += tint(TINT_ASLEEP) * 0.3 * smoothstep(-0.3, 0.0, edge);
    }
    if in.marks.y > 0.5 {
        cover = struck(in, edge) * in.form.z;
        inside = in.light * 0.9;
    }
    let ring_cover = ring(in);
    let mark = max(chosen_mark(in), picked_mark(in) * 0.62);
    let ray = rays(in);
    let parted = parted_mark(in);
    let glow_at = max(edge, 0.0);
    let halo = exp(-glow_at * 3.0) * 0.16 * saturate(1.75 - length(in.corner));
    let colour = inside * cover
        + in.light * halo * (1.0 - cover) * in.form.z
        + (tint(TINT_RING) * 0.3 + in.light * 0.4) * ring_cover
        + tint(TINT_SELECTION) * 1.9 * mark
        + corona(in) * (1.0 - cover)
        + tint(TINT_PARTED) * (1.9 * parted + parted_glow(in) * (1.0 - cover))
        + tint(TINT_DIFFERENCE) * (1.5 * ray + aura(in) * (1.0 - cover));
    var painted: Painted;
    painted.colour = vec4(colour, max(cover * 0.96, max(ring_cover, max(max(mark, parted), ray)) * 0.8));
    // Only the body hides what is behind it; the rest of the quad leaves the depth far away.
    let height = sqrt(max(1.0 - dot(in.corner, in.corner), 0.0));
    painted.depth = select(0.0, mix(in.depth.x, in.depth.y, height), cover > 0.5);
    return painted;
}
