// Radio links: hairlines, tinted where an end is alarmed. A cut one is two stubs with a bar at
// their ends, a degraded one is dashed: the longer the gaps, the more is lost.
#import qres::common::{
    view, corner_of, frame, node_now, id_of, regime_tint, veil, haze_at, tint, nowhere,
    TINT_LINK, TINT_LOST
}

@group(0) @binding(3) var<storage, read> links: array<vec2<u32>>;

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) side: f32,
    @location(1) @interpolate(flat) half_width: f32,
    @location(2) light: vec3<f32>,
    @location(3) @interpolate(linear) along: f32,                // pixels from one end
    @location(4) @interpolate(flat) length: f32,                 // pixels from end to end
    @location(5) @interpolate(flat) state: u32,                  // percent lost; 255: cut
}

const CUT: u32 = 255u;

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Between {
    let corner = corner_of(number);
    var out: Between;
    out.clip = nowhere();
    let index = number / 4u;
    if index >= frame.chosen.w {
        return out;
    }
    let item = links[index];
    let state = item.x >> 24u;
    let ends = vec2(item.x & 0xffffffu, item.y);
    if max(ends.x, ends.y) >= frame.count.x {
        return out;
    }
    let chosen = frame.chosen.x == id_of(ends.x) || frame.chosen.x == id_of(ends.y);
    if index % frame.count.w != 0u && !chosen && state == 0u {
        return out;
    }
    let a = node_now(ends.x);
    let b = node_now(ends.y);
    let kept = min(a.shown, b.shown);
    let clip_a = view.clip_from_world * vec4(a.at, 1.0);
    let clip_b = view.clip_from_world * vec4(b.at, 1.0);
    if kept < 0.02 || clip_a.w < 0.05 || clip_b.w < 0.05 {
        return out;
    }
    let pixel_a = clip_a.xy / clip_a.w * frame.screen.xy * 0.5;
    let pixel_b = clip_b.xy / clip_b.w * frame.screen.xy * 0.5;
    let along = normalize(pixel_b - pixel_a + vec2(1e-4, 0.0));
    let across = vec2(-along.y, along.x);
    let wide = select(0.55, 0.9, chosen || state != 0u) * frame.screen.w;
    // The bars of a cut stand across it.
    let grown = select(wide + 1.0, 5.0 * frame.screen.w, state == CUT);
    let here_clip = select(clip_a, clip_b, corner.x > 0.0);
    let push = across * corner.y * grown / (frame.screen.xy * 0.5) * here_clip.w;
    out.clip = vec4(here_clip.xy + push, here_clip.zw);
    out.side = corner.y * grown;
    out.half_width = wide;
    out.length = distance(pixel_a, pixel_b);
    out.along = select(0.0, out.length, corner.x > 0.0);
    out.state = state;
    let regime = select(a.regime, b.regime, corner.x > 0.0);
    let alarm = saturate(regime);
    let calm = tint(TINT_LINK);
    let struck = tint(TINT_LOST);
    let colour = select(mix(calm, regime_tint(regime), alarm * 0.75), struck, state != 0u);
    let eye = view.world_position;
    let place = select(a.at, b.at, corner.x > 0.0);
    let haze = haze_at(distance(place, eye), eye) * veil(place, eye);
    let plain = frame.look.y * (1.0 + 1.6 * alarm) * select(1.0, 3.4, chosen);
    let strength = select(plain, max(plain, 0.5), state != 0u);
    out.light = colour * strength * kept * haze;
    return out;
}

@fragment
fn fragment(in: Between) -> @location(0) vec4<f32> {
    let cover = saturate(in.half_width + 0.5 - abs(in.side));
    if in.state == 0u {
        return vec4(in.light * cover, 0.0);
    }
    let point = frame.screen.w;
    if in.state == CUT {
        // Two stubs, a gap of a third in the middle, and a bar across each end of it.
        let from_gap = abs(in.along - in.length * 0.5) - in.length * 0.165;
        let stub = cover * saturate(from_gap + 0.5);
        let reach = saturate(4.0 * point + 0.5 - abs(in.side));
        let bar = reach * saturate(1.1 * point + 0.5 - abs(from_gap));
        return vec4(in.light * max(stub, bar), 0.0);
    }
    let period = 9.0 * point;
    let drawn = period * (1.0 - 0.8 * f32(in.state) / 100.0);
    let dash = saturate(drawn * 0.5 + 0.5 - abs(in.along % period - period * 0.5));
    return vec4(in.light * cover * dash, 0.0);
}
