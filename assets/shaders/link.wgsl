// Radio links: hairlines, tinted where an end is alarmed.
#import bevy_pbr::mesh_view_bindings::view
#import qres::common::{
    frame, node_now, regime_tint, veil, haze_at, tint, nowhere, TINT_LINK
}

@group(#{MATERIAL_BIND_GROUP}) @binding(2) var<storage, read> links: array<vec2<u32>>;

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) side: f32,
    @location(1) @interpolate(flat) half_width: f32,
    @location(2) light: vec3<f32>,
}

@vertex
fn vertex(@location(0) corner: vec3<f32>) -> Between {
    var out: Between;
    out.clip = nowhere();
    let index = u32(corner.z);
    if index >= frame.chosen.w {
        return out;
    }
    let ends = links[index];
    if max(ends.x, ends.y) >= frame.count.x {
        return out;
    }
    let chosen = frame.chosen.x == ends.x || frame.chosen.x == ends.y;
    if index % frame.count.w != 0u && !chosen {
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
    let wide = select(0.55, 0.9, chosen) * frame.screen.w;
    let grown = wide + 1.0;
    let here_clip = select(clip_a, clip_b, corner.x > 0.0);
    let push = across * corner.y * grown / (frame.screen.xy * 0.5) * here_clip.w;
    out.clip = vec4(here_clip.xy + push, here_clip.zw);
    out.side = corner.y * grown;
    out.half_width = wide;
    let regime = select(a.regime, b.regime, corner.x > 0.0);
    let alarm = saturate(regime);
    let calm = tint(TINT_LINK);
    let colour = mix(calm, regime_tint(regime), alarm * 0.75);
    let eye = view.world_position;
    let place = select(a.at, b.at, corner.x > 0.0);
    let haze = haze_at(distance(place, eye), eye) * veil(place, eye);
    let strength = frame.look.y * (1.0 + 1.6 * alarm) * select(1.0, 3.4, chosen);
    out.light = colour * strength * kept * haze;
    return out;
}

@fragment
fn fragment(in: Between) -> @location(0) vec4<f32> {
    let cover = saturate(in.half_width + 0.5 - abs(in.side));
    return vec4(in.light * cover, 0.0);
}
