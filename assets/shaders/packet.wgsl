// Packets: pulses of light that travel from sender to receiver; a lost one fizzles out.
#import qres::common::{
    view, corner_of, frame, node_now, node_radius, veil, haze_at, tint, hash, nowhere,
    TINT_PACKET, TINT_LOST, TINT_ASLEEP
}

struct Packet {
    ends: vec2<u32>,
    start: f32,    // in ticks
    airtime: f32,  // in ticks, already stretched so that it can be seen
    kind: u32,
    fate: u32,     // delivered, faded, collided, asleep
    fragments: u32,
    seed: f32,
}

@group(0) @binding(3) var<storage, read> packets: array<Packet>;

const DELIVERED: u32 = 0u;
const FADED: u32 = 1u;
const COLLIDED: u32 = 2u;
const ASLEEP: u32 = 3u;
// How long after its end a packet can still be seen, over its airtime.
const AFTERGLOW: f32 = 0.45;

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,   // along and across, in half widths; or the burst's own corner
    @location(1) light: vec3<f32>,
    // Length in half widths, fragments, age of the flash, seed.
    @location(2) @interpolate(flat) form: vec4<f32>,
}

struct Course {
    head: f32,
    tail: f32,
    light: f32,
    burst: f32, // age 0..1 of its end, below 0 while under way
}

fn course(packet: Packet, progress: f32, rush: f32) -> Course {
    var out: Course;
    let t = (progress - packet.start) / max(packet.airtime, 1e-4);
    let stop = select(1.0, 0.55, packet.fate == FADED || packet.fate == COLLIDED);
    let train = 0.3 + 0.07 * f32(packet.fragments - 1u);
    out.head = clamp(t, 0.0, stop);
    out.tail = clamp(t - train, 0.0, stop);
    out.light = select(0.0, 1.0, t >= 0.0);
    out.burst = -1.0;
    if t > stop {
        out.burst = (t - stop) / AFTERGLOW;
        out.light *= saturate(1.0 - out.burst * 2.0);
    }
    if packet.fate == FADED {
        out.light *= 1.0 - 0.75 * saturate(t / stop);
    }
    if out.burst >= 1.0 {
        out.light = 0.0;
    }
    // When ticks fly by, a packet is a flash along its whole link.
    out.head = mix(out.head, 1.0, rush);
    out.tail = mix(out.tail, 0.0, rush);
    out.light = mix(out.light, 0.22, rush);
    out.burst = mix(out.burst, -1.0, step(0.01, rush));
    return out;
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Between {
    let corner = corner_of(number);
    var out: Between;
    out.clip = nowhere();
    // Two quads for each packet: the streak, and the flash at its end.
    let quad = number / 4u;
    let index = quad / 2u;
    if index >= frame.count.y {
        return out;
    }
    let packet = packets[index];
    if max(packet.ends.x, packet.ends.y) >= frame.count.x {
        return out;
    }
    let a = node_now(packet.ends.x);
    let b = node_now(packet.ends.y);
    let kept = min(a.shown, b.shown);
    let run = course(packet, frame.clock.z, frame.clock.w);
    let span = b.at - a.at;
    let distance_ab = max(length(span), 1e-4);
    let way = span / distance_ab;
    let start = a.at + way * node_radius(a) * 1.2;
    let goal = b.at - way * node_radius(b) * 1.2;
    let clip_a = view.clip_from_world * vec4(start, 1.0);
    let clip_b = view.clip_from_world * vec4(goal, 1.0);
    if kept < 0.02 || clip_a.w < 0.05 || clip_b.w < 0.05 {
        return out;
    }
    var colour = tint(TINT_PACKET + packet.kind);
    if quad % 2u == 1u {
        if run.burst < 0.0 || run.burst >= 1.0 {
            return out;
        }
        let lost = packet.fate == FADED || packet.fate == COLLIDED;
        let place = select(b.at, mix(start, goal, run.head), lost);
        return flash(corner, packet, run, place, colour * kept);
    }
    if run.light < 0.01 {
        return out;
    }
    let clip_head = view.clip_from_world * vec4(mix(start, goal, run.head), 1.0);
    let clip_tail = view.clip_from_world * vec4(mix(start, goal, run.tail), 1.0);
    let half_screen = frame.screen.xy * 0.5;
    let pixel_head = clip_head.xy / clip_head.w * half_screen;
    let pixel_tail = clip_tail.xy / clip_tail.w * half_screen;
    let gap = pixel_head - pixel_tail;
    let long = length(gap);
    let along = select(vec2(1.0, 0.0), gap / max(long, 1e-4), long > 0.01);
    let across = vec2(-along.y, along.x);
    let true_width = frame.shape.x * 0.5 * frame.screen.z / clip_head.w;
    let wide = clamp(true_width, 1.5 * frame.screen.w, 7.0 * frame.screen.w);
    let thin = mix(1.0, saturate(true_width / wide), 0.6);
    let at_head = corner.x > 0.0;
    let here = select(clip_tail, clip_head, at_head);
    let push = along * corner.x * wide + across * corner.y * wide;
    out.clip = vec4(here.xy + push / half_screen * here.w, here.zw);
    let half_long = long * 0.5 / wide;
    out.at = vec2(corner.x * (half_long + 1.0), corner.y);
    if packet.fate == FADED || packet.fate == COLLIDED {
        colour = mix(colour, tint(TINT_LOST), smoothstep(0.25, 0.55, run.head) * 0.7);
    }
    let eye = view.world_position;
    let place = mix(start, goal, run.head);
    let clear = haze_at(distance(place, eye), eye) * mix(0.4, 1.0, veil(place, eye));
    out.light = colour * 4.6 * run.light * kept * thin * clear;
    out.form = vec4(half_long, f32(packet.fragments), -1.0, packet.seed);
    return out;
}

// The flash where a packet ends: a soft ring for arrival, sparks for a loss.
fn flash(
    corner: vec2<f32>, packet: Packet, run: Course, place: vec3<f32>, colour: vec3<f32>
) -> Between {
    var out: Between;
    let centre = view.clip_from_world * vec4(place, 1.0);
    let lost = packet.fate == FADED || packet.fate == COLLIDED;
    let reach = frame.shape.x * select(3.1, 2.6, lost) * frame.screen.z / centre.w;
    let size = clamp(reach, 3.0 * frame.screen.w, 60.0 * frame.screen.w);
    out.clip = vec4(centre.xy + corner * size / (frame.screen.xy * 0.5) * centre.w, centre.zw);
    out.at = corner;
    var light = colour * 0.85;
    if lost {
        light = mix(colour, tint(TINT_LOST), 0.75) * select(1.4, 3.0, packet.fate == COLLIDED);
    } else if packet.fate == ASLEEP {
        light = tint(TINT_ASLEEP) * 0.8;
    }
    // Too small to be read as a ring, it would only be a speck.
    let readable = smoothstep(5.0, 14.0, reach / frame.screen.w);
    out.light = light * (1.0 - run.burst) * select(readable, 1.0, lost);
    out.form = vec4(0.0, select(0.0, 1.0, lost), run.burst, packet.seed);
    return out;
}

fn streak(at: vec2<f32>, half_long: f32, fragments: f32) -> f32 {
    // A capsule that tapers to its tail, with a hot head.
    let along = (at.x + half_long + 1.0) / (2.0 * half_long + 2.0);
    let beyond = max(abs(at.x) - half_long, 0.0);
    let away = length(vec2(beyond, at.y / mix(0.35, 1.0, along)));
    let body = saturate(1.0 - away);
    let taper = along * along;
    let beads = 0.62 + 0.38 * cos(along * fragments * 6.2831853);
    let train = select(1.0, beads, fragments > 1.5);
    let head_away = length(vec2(at.x - half_long, at.y));
    let head = exp(-head_away * head_away * 3.0);
    return body * body * taper * train + head * 1.1;
}

fn burst(at: vec2<f32>, age: f32, lost: f32, seed: f32) -> f32 {
    let r = length(at);
    let edge = saturate(1.0 - r);
    if lost < 0.5 {
        // A ring that opens around the receiver.
        let ring = exp(-pow((r - 0.4 - age * 0.5) * 17.0, 2.0));
        return ring * saturate(edge * 4.0);
    }
    let spoke = floor((atan2(at.y, at.x) / 6.2831853 + 0.5) * 9.0);
    let reach = age * (0.35 + 0.6 * hash(vec2(spoke, seed * 91.0)));
    let turn = fract((atan2(at.y, at.x) / 6.2831853 + 0.5) * 9.0) - 0.5;
    let spark = exp(-pow((r - reach) * 9.0, 2.0)) * exp(-turn * turn * 26.0 * r);
    return (spark * 1.8 + exp(-r * r * 14.0) * (1.0 - age)) * edge;
}

@fragment
fn fragment(in: Between) -> @location(0) vec4<f32> {
    var value = 0.0;
    if in.form.z < 0.0 {
        value = streak(in.at, in.form.x, in.form.y);
    } else {
        value = burst(in.at, in.form.z, in.form.y, in.form.w);
    }
    return vec4(in.light * value, 0.0);
}
