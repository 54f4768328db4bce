// Background: dark, a breath lighter at the horizon, so that light has something to be seen on.
#import qres::common::{view, corner_of, frame, tint, TINT_SKY_TOP, TINT_SKY_HORIZON, TINT_SKY_FLOOR}

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) corner: vec2<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Between {
    let corner = corner_of(number);
    var out: Between;
    out.clip = vec4(corner, 0.0, 1.0);
    out.corner = corner;
    return out;
}

@fragment
fn fragment(in: Between) -> @location(0) vec4<f32> {
    let near = view.world_from_clip * vec4(in.corner, 1.0, 1.0);
    let ray = normalize(near.xyz / near.w - view.world_position);
    let up = ray.y;
    let above = mix(tint(TINT_SKY_HORIZON), tint(TINT_SKY_TOP), smoothstep(0.0, 0.55, up));
    let colour = mix(above, tint(TINT_SKY_FLOOR), smoothstep(0.0, -0.42, up));
    let edge = dot(in.corner, in.corner);
    return vec4(colour * (1.0 - 0.22 * edge), 1.0);
}
