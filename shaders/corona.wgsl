// What burns around a planet: the corona and ring of a voice, and the marks of its state.
// Drawn on a square that reaches `extent` planet radii. Premultiplied alpha; light is added (alpha 0), marks cover.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
}

struct Corona {
    // Loudness 0..1 (smoothed), time in seconds, seed, extent of the square in radii.
    voice: vec4<f32>,
    // Colour of the quiet glow; radius in pixels.
    glow: vec4<f32>,
    // Strength 0..1 of: muted, deafened, connecting, selected or pointed at.
    marks: vec4<f32>,
    // Colour of a voice; unused.
    solar: vec4<f32>,
    // Colour of mute and deafen; unused.
    giant: vec4<f32>,
    // Colour of connecting and focus; unused.
    ion: vec4<f32>,
}

@group(2) @binding(0) var<uniform> corona: Corona;

fn line(distance_to_it: f32, half_width: f32, soft: f32) -> f32 {
    return 1.0 - smoothstep(half_width, half_width + soft, abs(distance_to_it));
}

// The marks: (covering colour premultiplied, its alpha).
fn marks(p: vec2<f32>, r: f32, angle: f32, soft: f32) -> vec4<f32> {
    let time = corona.voice.y;
    var cover = vec4<f32>(0.0);
    let turn = angle / 6.2831853;

    // Muted: a ring in pieces.
    let piece = fract(turn * 15.0 + 0.5);
    let dash = smoothstep(0.0, 0.05, piece) * smoothstep(0.74, 0.69, piece);
    let muted = line(r - 1.17, 0.007, soft) * dash * corona.marks.x * (1.0 - corona.marks.y) * 0.72;
    // Deafened: the ring is closed, and barred from corner to corner.
    let closed = line(r - 1.17, 0.009, soft);
    let along = dot(p, vec2<f32>(0.70710678, 0.70710678));
    let across = dot(p, vec2<f32>(0.70710678, -0.70710678));
    let bar = line(across, 0.012, soft) * (1.0 - smoothstep(1.16, 1.16 + soft, abs(along)));
    let barred = max(closed, bar) * corona.marks.y * 0.80;
    let red = max(muted, barred);
    cover = vec4<f32>(corona.giant.rgb * red, red);

    // Connecting: a third of a ring that turns, fading towards its tail.
    let place = fract(turn - time * 0.22);
    let tail = smoothstep(0.0, 0.34, place) * (1.0 - smoothstep(0.34, 0.345, place));
    let arc = line(r - 1.17, 0.009, soft) * tail * corona.marks.z * 0.85;
    cover = cover * (1.0 - arc) + vec4<f32>(corona.ion.rgb, 1.0) * arc;

    // Pointed at: a thin whole ring.
    let focus = line(r - 1.10, 0.008, soft) * corona.marks.w * 0.7;
    return cover * (1.0 - focus) + vec4<f32>(corona.ion.rgb, 1.0) * focus;
}

fn assemble(p: vec2<f32>, flame: f32) -> vec4<f32> {
    let extent = corona.voice.w;
    let loud = corona.voice.x;
    let r = length(p);
    let soft = 1.3 / max(corona.glow.w, 1.0);
    let angle = atan2(p.y, p.x);

    let outside = smoothstep(0.985, 1.01, r);
    let edge = 1.0 - smoothstep(extent * 0.78, extent, r);
    let gold = smoothstep(0.04, 0.45, loud);
    let reach = mix(8.5, 2.15, loud);
    let quiet = exp(-max(r - 1.0, 0.0) * 9.0) * 0.13;
    let burn = exp(-max(r - 1.0, 0.0) * reach) * loud * flame * 1.30;
    var light = corona.glow.rgb * quiet * (1.0 - corona.marks.x) + corona.solar.rgb * vec3<f32>(1.0, 0.93, 0.82) * burn * gold;
    // A white breath close to the disc when the voice is loud.
    light += vec3<f32>(1.0, 0.95, 0.85) * exp(-max(r - 1.0, 0.0) * 16.0) * loud * loud * 0.34;

    let ring_at = 1.20 + 0.05 * loud;
    let ring = line(r - ring_at, 0.006 + 0.007 * loud, soft) * (0.25 + 0.75 * loud) * gold * 0.90;
    let ring_glow = exp(-abs(r - ring_at) * 24.0) * loud * 0.30;
    let idle_ring = line(r - ring_at, 0.006, soft) * 0.15 * (1.0 - corona.marks.x) * (1.0 - corona.marks.y) * (1.0 - corona.marks.z);
    light += corona.solar.rgb * (ring + ring_glow) + corona.glow.rgb * idle_ring;
    light = shoulder(light * outside * edge);

    let cover = marks(p, r, angle, soft);
    return vec4<f32>(light * (1.0 - cover.a) + cover.rgb, cover.a);
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    nothing = nothing_of(in.uv);
    let p = (in.uv - 0.5) * 2.0 * corona.voice.w;
    let loud = corona.voice.x;
    // Tongues stand on the circle and move outwards; no seam, since the noise is sampled on the circle itself.
    let r = max(length(p), 0.001);
    let on_circle = p / r;
    let rising = corona.voice.y * (0.5 + 0.8 * loud);
    let q = vec3<f32>(on_circle * 2.1, r * 1.6 - rising) + corona.voice.z;
    let samples = select(0, 3, loud > 0.01) + nothing;
    var warp = 0.0;
    var sum = 0.26;
    for (var k = 0; k < samples; k++) {
        switch k {
            case 0: { warp = noise3(q * 1.3 + 7.0); }
            default: {
                let fine = f32(k - 1);
                sum += noise3(q * mix(1.9, 4.3, fine) + warp * mix(0.8, -1.0, fine)) * mix(0.7, 0.35, fine);
            }
        }
    }
    // Far out the tongues melt into one glow: a flame, and not smoke.
    let flame = mix(0.62 + 1.25 * max(sum, 0.0), 0.95, smoothstep(1.15, 2.1, r) * 0.75);
    return assemble(p, flame);
}

// Without tongues, for a processor that draws the picture itself.
@fragment
fn fragment_plain(in: VertexOutput) -> @location(0) vec4<f32> {
    return assemble((in.uv - 0.5) * 2.0 * corona.voice.w, 0.95);
}
