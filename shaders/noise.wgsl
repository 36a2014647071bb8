// Noise shared by every other file: it is put in front of them as text, so each shader stays plain WGSL.
// Integer hashes (PCG), so that a picture is the same on every adapter.

// Always 0, and no compiler can know it: see `nothing_of`. Bounds that come from a uniform alone would otherwise be built
// into a new program for every new value by some software adapters, unrolled, and never forgotten.
var<private> nothing: i32 = 0;

fn nothing_of(uv: vec2<f32>) -> i32 {
    return min(i32(uv.x + 1.0), 0);
}

fn pcg2(v_in: vec2<u32>) -> vec2<u32> {
    var v = v_in * 1664525u + 1013904223u;
    v.x += v.y * 1664525u;
    v.y += v.x * 1664525u;
    v = v ^ (v >> vec2<u32>(16u));
    v.x += v.y * 1664525u;
    v.y += v.x * 1664525u;
    return v ^ (v >> vec2<u32>(16u));
}

fn pcg3(v_in: vec3<u32>) -> vec3<u32> {
    var v = v_in * 1664525u + 1013904223u;
    v.x += v.y * v.z;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v = v ^ (v >> vec3<u32>(16u));
    v.x += v.y * v.z;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    return v;
}

// Two numbers in 0..1 for a cell of the plane.
fn hash22(cell: vec2<f32>) -> vec2<f32> {
    let h = pcg2(bitcast<vec2<u32>>(vec2<i32>(cell)));
    return vec2<f32>(h >> vec2<u32>(8u)) * (1.0 / 16777216.0);
}

// Three numbers in 0..1 for a cell of space.
fn hash33(cell: vec3<f32>) -> vec3<f32> {
    let h = pcg3(bitcast<vec3<u32>>(vec3<i32>(cell)));
    return vec3<f32>(h >> vec3<u32>(8u)) * (1.0 / 16777216.0);
}

fn slope2(cell: vec2<f32>, offset: vec2<f32>) -> f32 {
    return dot(hash22(cell) * 2.0 - 1.0, offset);
}

fn slope3(cell: vec3<f32>, offset: vec3<f32>) -> f32 {
    return dot(hash33(cell) * 2.0 - 1.0, offset);
}

// Gradient noise on the plane, about -0.7..0.7.
fn noise2(p: vec2<f32>) -> f32 {
    let i = floor(p);
    let f = p - i;
    let u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let a = slope2(i, f);
    let b = slope2(i + vec2<f32>(1.0, 0.0), f - vec2<f32>(1.0, 0.0));
    let c = slope2(i + vec2<f32>(0.0, 1.0), f - vec2<f32>(0.0, 1.0));
    let d = slope2(i + vec2<f32>(1.0, 1.0), f - vec2<f32>(1.0, 1.0));
    return mix(mix(a, b, u.x), mix(c, d, u.x), u.y);
}

// Gradient noise in space, about -0.8..0.8.
fn noise3(p: vec3<f32>) -> f32 {
    let i = floor(p);
    let f = p - i;
    let u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let x = vec3<f32>(1.0, 0.0, 0.0);
    let y = vec3<f32>(0.0, 1.0, 0.0);
    let z = vec3<f32>(0.0, 0.0, 1.0);
    let near = mix(
        mix(slope3(i, f), slope3(i + x, f - x), u.x),
        mix(slope3(i + y, f - y), slope3(i + x + y, f - x - y), u.x),
        u.y,
    );
    let far = mix(
        mix(slope3(i + z, f - z), slope3(i + x + z, f - x - z), u.x),
        mix(slope3(i + y + z, f - y - z), slope3(i + x + y + z, f - x - y - z), u.x),
        u.y,
    );
    return mix(near, far, u.z);
}

// Layers of noise2, each twice as fine and half as strong, turned so that no grid shows. 0..1, mostly 0.25..0.75.
// The number of layers should come from a uniform: a loop whose end the compiler knows is unrolled, and a software
// adapter then spends minutes on compiling what it draws in milliseconds. For the same reason each shader calls the
// noise in one place, inside a loop over all the samples it needs.
fn fbm2(p_in: vec2<f32>, layers: i32) -> f32 {
    var p = p_in;
    var strength = 0.5;
    var sum = 0.0;
    for (var k = 0; k < layers; k++) {
        sum += strength * noise2(p);
        p = vec2<f32>(1.6 * p.x + 1.2 * p.y, 1.6 * p.y - 1.2 * p.x) + 3.1;
        strength *= 0.5;
    }
    return clamp(0.5 + sum * 0.95, 0.0, 1.0);
}

// Layers of noise3, in the same way.
fn fbm3(p_in: vec3<f32>, layers: i32) -> f32 {
    var p = p_in;
    var strength = 0.5;
    var sum = 0.0;
    for (var k = 0; k < layers; k++) {
        sum += strength * noise3(p);
        p = p.zxy * 2.03 + 1.7;
        strength *= 0.5;
    }
    return clamp(0.5 + sum * 0.95, 0.0, 1.0);
}

// Hue 0..1 as a saturated colour, light and dark by `lightness`.
fn hsl(hue: f32, saturation: f32, lightness: f32) -> vec3<f32> {
    let rgb = clamp(abs((fract(hue) * 6.0 + vec3<f32>(0.0, 4.0, 2.0)) % 6.0 - 3.0) - 1.0, vec3<f32>(0.0), vec3<f32>(1.0));
    return lightness + saturation * (rgb - 0.5) * (1.0 - abs(2.0 * lightness - 1.0));
}

// A shoulder that keeps bright parts from clipping. The whole scene is computed in display space.
fn shoulder(c: vec3<f32>) -> vec3<f32> {
    let d = max(c, vec3<f32>(0.0));
    return d / (1.0 + d * 0.35) * 1.15;
}

// Half a step of 8 bits, so that dark gradients show no bands.
fn dither(pixel: vec2<f32>) -> f32 {
    return (hash22(floor(pixel)).x - 0.5) / 255.0;
}
