// egui's triangles on a target that holds display-space colours: what egui says is what is blended, and no power
// function is spent on solid fills. Textures are stored sRGB-encoded, so sampling decodes them; this encodes them again.

struct Transform {
    scale: vec2<f32>,
    translation: vec2<f32>,
}

struct VertexInput {
    @location(0) position: vec2<f32>,
    @location(1) uv: vec2<f32>,
    @location(2) color: vec4<f32>,
}

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) color: vec4<f32>,
    @location(1) uv: vec2<f32>,
}

@group(0) @binding(0) var<uniform> transform: Transform;
@group(1) @binding(0) var image_texture: texture_2d<f32>;
@group(1) @binding(1) var image_sampler: sampler;

// Linear to sRGB by roots only: within 0.4 steps of 8 bits over the whole range, and a fraction of the cost.
fn encode(linear: vec3<f32>) -> vec3<f32> {
    let s1 = sqrt(max(linear, vec3<f32>(0.0)));
    let s2 = sqrt(s1);
    let s3 = sqrt(s2);
    let curve = 0.662002687 * s1 + 0.684122060 * s2 - 0.323583601 * s3 - 0.0225411470 * linear;
    return select(curve, linear * 12.92, linear < vec3<f32>(0.0031308));
}

@vertex
fn vs_main(in: VertexInput) -> VertexOutput {
    let position = in.position * transform.scale + transform.translation;
    return VertexOutput(vec4<f32>(position, 0.0, 1.0), in.color, in.uv);
}

@fragment
fn fs_main(in: VertexOutput) -> @location(0) vec4<f32> {
    let texel = textureSample(image_texture, image_sampler, in.uv);
    return vec4<f32>(encode(texel.rgb), texel.a) * in.color;
}
