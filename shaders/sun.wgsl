// The soft light in the middle of a call. Added to the sky.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
}

struct Sun {
    // Colour, brightness.
    colour: vec4<f32>,
    // Time in seconds, radius in pixels of the square, sum of the voices 0..1, unused.
    state: vec4<f32>,
}

@group(2) @binding(0) var<uniform> sun: Sun;

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let p = (in.uv - 0.5) * 2.0;
    let r = length(p);
    let edge = 1.0 - smoothstep(0.55, 1.0, r);
    let swell = 1.0 + 0.22 * sun.state.z + 0.03 * sin(sun.state.x * 0.7);
    let core = 0.0016 / (r * r + 0.0042);
    let veil = 0.030 / (r + 0.14);
    var light = sun.colour.rgb * core * 1.05 * swell + vec3<f32>(0.58, 0.54, 1.0) * veil * 0.9;
    light = shoulder(light * edge * sun.colour.a) + dither(in.position.xy) * edge;
    return vec4<f32>(light, 0.0);
}
