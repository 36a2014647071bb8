// A picture drawn before: a planet's cached sprite (premultiplied), or the cached sky.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
}

struct Still {
    // Dimming of a muted planet 0..1, opacity, 1 where sampling the picture decodes it, unused.
    state: vec4<f32>,
}

@group(2) @binding(0) var<uniform> still: Still;
@group(2) @binding(1) var picture: texture_2d<f32>;
@group(2) @binding(2) var picture_sampler: sampler;

// Linear to sRGB by roots only: within half a step of 8 bits.
fn encode(c: vec3<f32>) -> vec3<f32> {
    let s1 = sqrt(max(c, vec3<f32>(0.0)));
    let s2 = sqrt(s1);
    let s3 = sqrt(s2);
    let curve = 0.662002687 * s1 + 0.684122060 * s2 - 0.323583601 * s3 - 0.0225411470 * c;
    return select(curve, c * 12.92, c < vec3<f32>(0.0031308));
}

// The whole sky: pixel for pixel as it was drawn, opaque, and nothing computed.
@fragment
fn fragment_whole(in: VertexOutput) -> @location(0) vec4<f32> {
    let last = vec2<i32>(textureDimensions(picture)) - 1;
    return textureLoad(picture, min(vec2<i32>(in.position.xy), last), 0);
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    var c = textureSampleLevel(picture, picture_sampler, in.uv, 0.0);
    c = vec4<f32>(mix(c.rgb, encode(c.rgb), still.state.z), c.a);
    let grey = vec3<f32>(dot(c.rgb, vec3<f32>(0.30, 0.56, 0.14)));
    return vec4<f32>(mix(c.rgb, mix(c.rgb, grey, 0.72) * 0.60, still.state.x), c.a) * still.state.y;
}
