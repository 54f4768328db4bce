// Storms: a turbulent volume inside an ellipsoid, marched in few enough steps for a CPU.
#import qres::common::{
    view, frame, tint, hash, nowhere, TINT_STORM_DEEP, TINT_STORM_BODY, TINT_STORM_CORE
}

struct Between {
    @builtin(position) clip: vec4<f32>,
    @location(0) place: vec3<f32>,
    @location(1) @interpolate(flat) index: u32,
}

// Which corners a side of the box has: a bit of a corner's number for each axis.
fn box_corner(side: u32, corner: u32) -> vec3<f32> {
    var sides = array<vec4<u32>, 6>(
        vec4(0u, 4u, 6u, 2u), vec4(1u, 3u, 7u, 5u), vec4(0u, 1u, 5u, 4u),
        vec4(2u, 6u, 7u, 3u), vec4(0u, 2u, 3u, 1u), vec4(4u, 5u, 7u, 6u)
    );
    let bits = sides[side][corner];
    return vec3(f32(bits & 1u), f32((bits >> 1u) & 1u), f32(bits >> 2u)) * 2.0 - 1.0;
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Between {
    var out: Between;
    // A box of six quads around each storm.
    let quad = number / 4u;
    let index = quad / 6u;
    out.index = index;
    out.clip = nowhere();
    // A storm is where it is; where places are not real it cannot be shown.
    if index >= frame.chosen.z || frame.grid.z < 0.004 {
        return out;
    }
    let storm = frame.storms[index];
    let corner = box_corner(quad % 6u, number & 3u);
    let local = vec3(corner.x, corner.y * storm.form.y, corner.z);
    out.place = storm.at.xyz + local * storm.at.w;
    out.clip = view.clip_from_world * vec4(out.place, 1.0);
    return out;
}

// A smooth, cheap, labyrinthine field in about -1..1.
fn weave(p: vec3<f32>) -> f32 {
    return dot(sin(p), cos(p.zxy)) * 0.58;
}

fn turn(p: vec3<f32>, angle: f32) -> vec3<f32> {
    let s = sin(angle);
    let c = cos(angle);
    return vec3(c * p.x - s * p.z, p.y, s * p.x + c * p.z);
}

// Density at a place of the unit ball; it turns faster towards its eye.
fn density(p: vec3<f32>, time: f32, seed: f32) -> f32 {
    let r2 = dot(p, p);
    let body = 1.0 - r2;
    if body <= 0.0 {
        return 0.0;
    }
    let spun = turn(p, time * 0.22 + body * 2.4);
    let q = spun * 4.3 + vec3(seed, time * 0.16, seed * 1.7);
    let a = weave(q);
    let b = weave(q * 2.17 + vec3(a * 1.3, -time * 0.34, a * 0.9));
    let c = weave(q * 4.6 + vec3(b * 1.6, time * 0.5, -b * 1.2));
    let cloud = 0.5 + 0.5 * (0.6 * a + 0.46 * b + 0.22 * c);
    return saturate((cloud * 2.3 - 0.98) * smoothstep(0.0, 0.45, body) + body * 0.16 - 0.06);
}

@fragment
fn fragment(in: Between) -> @location(0) vec4<f32> {
    let storm = frame.storms[in.index];
    let scale = vec3(1.0, storm.form.y, 1.0) * storm.at.w;
    let steps = i32(frame.count.z);
    let time = frame.clock.x * frame.grid.w;
    let ray = normalize(in.place - view.world_position);
    let from_ball = (view.world_position - storm.at.xyz) / scale;
    let ray_ball = ray / scale;
    let a = dot(ray_ball, ray_ball);
    let b = dot(from_ball, ray_ball);
    let c = dot(from_ball, from_ball) - 1.0;
    let root = b * b - a * c;
    if root <= 0.0 {
        discard;
    }
    let reach = sqrt(root);
    var near = max((-b - reach) / a, 0.0);
    var far = (-b + reach) / a;
    // The ground ends the cloud.
    if ray.y < -0.0001 {
        far = min(far, (frame.shape.y - view.world_position.y) / ray.y);
    }
    if far <= near {
        discard;
    }
    let stride = (far - near) / f32(steps);
    let thick = stride / storm.at.w;
    // A fine, even dither hides the steps better than white noise would.
    let dither = fract(52.9829189 * fract(dot(floor(in.clip.xy), vec2(0.06711056, 0.00583715))));
    var t = near + stride * dither;
    var clear = 1.0;
    var light = vec3(0.0);
    // Now and then a cell deep inside lights up.
    let bolt_step = floor(time * 1.7 + storm.form.z);
    let bolt_age = fract(time * 1.7 + storm.form.z);
    let bolt_at = vec3(hash(vec2(bolt_step, 1.3)), hash(vec2(bolt_step, 5.1)) * 0.8,
        hash(vec2(bolt_step, 8.7))) - 0.5;
    let bolt = exp(-bolt_age * 5.0) * step(0.45, hash(vec2(bolt_step, 2.9))) * frame.grid.w;
    for (var i = 0; i < steps; i++) {
        let p = from_ball + ray_ball * t;
        let d = density(p, time, storm.form.z);
        if d > 0.003 {
            // Only the ridges of the cloud burn; its folds stay dark.
            let heat = smoothstep(0.5, 1.0, d);
            let deep = tint(TINT_STORM_DEEP) * 0.55;
            var glow = mix(deep, tint(TINT_STORM_BODY) * 1.1, smoothstep(0.12, 0.7, d));
            glow += tint(TINT_STORM_CORE) * heat * heat * 1.15;
            let away = p - bolt_at;
            glow += tint(TINT_STORM_CORE) * bolt * 5.0 * exp(-dot(away, away) * 16.0);
            light += clear * glow * d * thick * 2.7;
            clear *= exp(-d * thick * 6.0);
        }
        t += stride;
    }
    let strength = storm.form.x * frame.grid.z;
    return vec4(light * strength, (1.0 - clear) * 0.62 * strength);
}
