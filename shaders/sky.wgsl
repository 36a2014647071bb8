// The sky behind everything: the nebula's texture, stretched and drifting, under layers of stars with parallax.
// Under glass (the panels) the stars are gone and the light is lower, as if the glass blurred what lies behind it.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
}

struct Sky {
    // Size in pixels, pixels per point, time in seconds.
    frame: vec4<f32>,
    // Drift of the nebula in parts of the window, brightness of the stars, margin of the nebula's texture.
    drift: vec4<f32>,
    // How many rectangles of glass, darkness under them, unused, unused.
    glass: vec4<f32>,
    // Left, top, right, bottom in pixels.
    panes: array<vec4<f32>, 8>,
}

@group(2) @binding(0) var<uniform> sky: Sky;
@group(2) @binding(1) var nebula_texture: texture_2d<f32>;
@group(2) @binding(2) var nebula_sampler: sampler;

// One layer of stars: at most one in a cell of `cell` points; `share` of the cells have one.
fn stars(point: vec2<f32>, cell: f32, share: f32, size: f32, layer: f32) -> vec3<f32> {
    let p = point / cell;
    let i = floor(p);
    let a = hash22(i + layer * 131.0);
    let b = hash22(i - layer * 57.0 + 401.0);
    // Cells are left empty until their number is high enough; the rest of that number is the brightness.
    let lit = clamp((a.x - (1.0 - share)) / share, 0.0, 1.0);
    if (lit <= 0.0) {
        return vec3<f32>(0.0);
    }
    let offset = (p - i - 0.5 - (b - 0.5) * 0.7) * cell;
    let radius = size * (0.55 + 0.75 * lit * lit);
    let d2 = dot(offset, offset) / (radius * radius);
    // Slow and shallow: the sky breathes, it does not blink.
    let breath = 0.92 + 0.08 * sin(sky.frame.w * (0.15 + 0.25 * a.y) + 6.283 * b.x);
    let glow = exp(-d2 * 1.6) + 0.10 * exp(-d2 * 0.16) * lit;
    let warm = mix(vec3<f32>(0.72, 0.82, 1.0), vec3<f32>(1.0, 0.88, 0.72), smoothstep(0.25, 0.95, a.y));
    return warm * glow * (0.25 + 0.75 * lit) * breath;
}

fn under_glass(pixel: vec2<f32>) -> f32 {
    var inside = 0.0;
    let count = i32(sky.glass.x) + nothing;
    for (var k = 0; k < count; k++) {
        let pane = sky.panes[k];
        let gap = max(pane.xy - pixel, pixel - pane.zw);
        inside = max(inside, clamp(0.5 - max(gap.x, gap.y), 0.0, 1.0));
    }
    return inside;
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    nothing = nothing_of(in.uv);
    let size = sky.frame.xy;
    let pixel = in.uv * size;
    let u = (pixel - 0.5 * size) / size.y;
    let texture_uv = (in.uv - 0.5 + sky.drift.xy) / sky.drift.w + 0.5;
    var colour = textureSampleLevel(nebula_texture, nebula_sampler, texture_uv, 0.0).rgb;

    let glass = under_glass(pixel);
    colour *= 1.0 - sky.glass.y * glass;

    let point = pixel / sky.frame.z;
    let drift = sky.drift.xy * size.y / sky.frame.z;
    var light = stars(point + drift * 3.1, 34.0, 0.16, 0.95, 1.0) * 0.95;
    light += stars(point + drift * 2.0, 19.0, 0.13, 0.72, 2.0) * 0.70;
    light += stars(point + drift * 1.2, 11.0, 0.11, 0.55, 3.0) * 0.50;
    light += stars(point + drift * 4.4, 150.0, 0.22, 1.35, 4.0) * 1.0;
    colour += light * sky.drift.z * (1.0 - glass);

    colour *= 1.0 - 0.36 * dot(u, u);
    colour = pow(shoulder(colour), vec3<f32>(0.92)) + dither(pixel);
    return vec4<f32>(colour, 1.0);
}
