// A thin orbit on a ribbon along its ellipse: u runs around it 0..1, v across it 0..1 (middle 0.5).
// A good link is one even line; the worse it is, the more the line wanders, splits into strands and breaks.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
}

struct Orbit {
    // Colour, brightness.
    colour: vec4<f32>,
    // Width of the ribbon in pixels, fraying 0..1, time in seconds, where the planet is (0..1 around).
    shape: vec4<f32>,
}

@group(2) @binding(0) var<uniform> orbit: Orbit;

fn strand(across: f32, around: vec2<f32>, fray: f32, seed: f32, time: f32) -> f32 {
    let sway = (noise2(around * 9.0 + vec2<f32>(seed, time * 0.25)) + 0.6 * noise2(around * 31.0 + vec2<f32>(time * 0.4, seed))) * fray * 6.5;
    let d = abs(across - sway);
    let whole = 1.0 - smoothstep(0.35, 1.35, d);
    let torn = smoothstep(-0.34, 0.10, noise2(around * 21.0 + seed * 3.0 + time * 0.15) + 0.42 - fray * 0.62);
    return whole * mix(1.0, torn, clamp(fray * 1.6, 0.0, 1.0));
}

fn lit(in: VertexOutput, light: f32) -> vec4<f32> {
    // Brightest just behind the planet, as a trail; never gone.
    let behind = fract(orbit.shape.w - in.uv.x);
    let trail = 0.42 + 0.58 * exp(-behind * 4.0);
    let colour = mix(orbit.colour.rgb, vec3<f32>(1.0, 0.62, 0.50), orbit.shape.y * 0.5);
    return vec4<f32>(colour * light * trail * orbit.colour.a, 0.0);
}

// A good link: no noise, and no condition on a uniform (some software adapters compile a shader anew for each value of one).
@fragment
fn fragment_even(in: VertexOutput) -> @location(0) vec4<f32> {
    let across = (in.uv.y - 0.5) * orbit.shape.x;
    return lit(in, 1.0 - smoothstep(0.35, 1.35, abs(across)));
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let angle = in.uv.x * 6.2831853;
    let around = vec2<f32>(cos(angle), sin(angle));
    let across = (in.uv.y - 0.5) * orbit.shape.x;
    let fray = orbit.shape.y;
    var light = 0.0;
    for (var k = 0; k < 3; k++) {
        let share = mix(1.0, fray, min(f32(k), 1.0)) * (1.0 - 0.22 * f32(k));
        light = max(light, strand(across, around, fray, 1.0 + 4.0 * f32(k), orbit.shape.z) * share);
    }
    return lit(in, light);
}
