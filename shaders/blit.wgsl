// The last step of a frame: what a camera drew, onto its target. Put in the place of Bevy's own shader of this name,
// which spends three powers on every pixel of the window; where a processor draws the picture, that is a third of a frame.
// The one condition here is Bevy's: set where the source holds encoded colours and the target takes linear ones.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
}

@group(0) @binding(0) var in_texture: texture_2d<f32>;
@group(0) @binding(1) var in_sampler: sampler;

// sRGB to linear. x^2.4 as x² times x^0.4, and that by roots, fitted to within 0.04 steps of 8 bits.
fn decode(c: vec3<f32>) -> vec3<f32> {
    let t = (c + 0.055) * (1.0 / 1.055);
    let s1 = sqrt(t);
    let s2 = sqrt(s1);
    let curve = t * t * (0.78006093 * s1 + 0.28265639 * s2 - 0.06290981 * t);
    return select(curve, c * (1.0 / 12.92), c < vec3<f32>(0.04045));
}

@fragment
fn fs_main(in: VertexOutput) -> @location(0) vec4<f32> {
    // Source and target are of one size: pixel for pixel, nothing to filter.
    var color = textureLoad(in_texture, vec2<i32>(in.position.xy), 0);
#ifdef SRGB_TO_LINEAR
    color = vec4<f32>(decode(color.rgb), color.a);
#endif
    return color;
}
