// Light that each node casts on the ground below it.
#import qres::common::{view, corner_of, frame, node_now, node_tint, node_light, nowhere}

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) corner: vec2<f32>,
    @location(1) light: vec3<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Between {
    let corner = corner_of(number);
    var out: Between;
    out.corner = corner;
    let index = number / 4u;
    out.clip = nowhere();
    if index >= frame.count.x {
        return out;
    }
    let now = node_now(index);
    let height = max(now.at.y - frame.shape.y, 0.0);
    let reach = 1.25 + 0.5 * height;
    let strength = frame.look.z * now.shown / (1.0 + height * height * 2.2);
    if strength < 0.004 || view.world_position.y < frame.shape.y {
        return out;
    }
    let place = vec3(now.at.x + corner.x * reach, frame.shape.y, now.at.z + corner.y * reach);
    out.clip = view.clip_from_world * vec4(place, 1.0);
    out.light = node_tint(now) * node_light(now) * strength;
    return out;
}

@fragment
fn fragment(in: Between) -> @location(0) vec4<f32> {
    let fall = saturate(1.0 - dot(in.corner, in.corner));
    return vec4(in.light * fall * fall * fall, 0.0);
}
