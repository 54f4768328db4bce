// Ground: a grid with a scale that fades out, and the glow of storms above it.
#import qres::common::{
    view, corner_of, frame, tint, hash,
    TINT_GRID, TINT_STORM_BODY, TINT_STORM_DEEP, TINT_DIFFERENCE
}

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) place: vec3<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Between {
    let corner = corner_of(number);
    var out: Between;
    let reach = frame.shape.w * 3.2 + 4.0;
    let middle = frame.twin.xyz * 0.5;
    out.place = vec3(middle.x + corner.x * reach, frame.shape.y, middle.z + corner.y * reach);
    out.clip = view.clip_from_world * vec4(out.place, 1.0);
    return out;
}

// Coverage of grid lines that are `width` pixels wide.
fn lines(place: vec2<f32>, step: f32, width: f32) -> f32 {
    let at = place / step;
    let slope = max(fwidth(at), vec2(1e-5));
    let away = abs(fract(at - 0.5) - 0.5) / slope;
    let cover = saturate(vec2(width * 0.5 + 0.5) - away);
    // Lines closer than a few pixels melt into nothing instead of shimmering.
    let fade = saturate(vec2(1.0) - slope * 2.2);
    return max(cover.x * fade.x, cover.y * fade.y);
}

// The line between two worlds.
fn divider(from_middle: vec2<f32>) -> vec3<f32> {
    if frame.twin.w < 0.5 {
        return vec3(0.0);
    }
    let way = frame.twin.xz / max(length(frame.twin.xz), 1e-4);
    let off = dot(from_middle, way);
    // At the seam of two triangles slopes are not to be trusted.
    let pixel = clamp(fwidth(off), 1e-5, 0.1);
    let line = saturate(1.1 - abs(off) / pixel);
    let along = dot(from_middle, vec2(-way.y, way.x));
    let dash = step(0.35, fract(along / max(frame.shape.z, 0.5) * 2.0));
    let far = along / max(frame.shape.w, 1.0);
    let light = 0.4 * line * dash + 0.016 * exp(-off * off * 9.0);
    return tint(TINT_DIFFERENCE) * light * exp(-far * far * 2.5);
}

@fragment
fn fragment(in: Between) -> @location(0) vec4<f32> {
    let flat_place = in.place.xz - frame.grid.xy;
    let fine = lines(flat_place, frame.shape.z, 1.0);
    let coarse = lines(flat_place, frame.shape.z * 5.0, 1.2);
    let from_middle = in.place.xz - frame.twin.xz * 0.5;
    let radial = length(from_middle) / (frame.shape.w + 1.0);
    let fade = exp(-radial * radial * 0.62);
    let below = select(1.0, 0.35, view.world_position.y < in.place.y);
    // Its squares are a scale; where places are not real there is none.
    var light = tint(TINT_GRID) * (0.08 * fine + 0.1 * coarse) * fade * below * frame.grid.z;
    light += divider(from_middle) * fade * below;
    var dark = 0.0;
    for (var i = 0u; i < frame.chosen.z; i++) {
        let storm = frame.storms[i];
        let away = distance(in.place.xz, storm.at.xz) / max(storm.at.w, 0.001);
        let glow = exp(-away * away * 2.6) * storm.form.x * frame.grid.z;
        light += mix(tint(TINT_STORM_DEEP), tint(TINT_STORM_BODY), glow) * glow * 0.16 * below;
        dark = max(dark, glow * 0.3);
    }
    return vec4(light, dark * fade);
}
