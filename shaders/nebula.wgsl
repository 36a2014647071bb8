// The nebula, drawn into a small texture a few times a second (or once, where nothing moves).
// The sky stretches and drifts this texture; nothing finer than a few of its texels is drawn here.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
}

struct Nebula {
    // Hue of the room 0..1, its strength 0..1, intensity (calm 0.8 … call 1), time in seconds.
    tint: vec4<f32>,
    // Width of the picture in units of its height, margin around the window (1.2 = 20 % wider), number of samples (8),
    // layers of each (6).
    frame: vec4<f32>,
}

@group(2) @binding(0) var<uniform> nebula: Nebula;

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    nothing = nothing_of(in.uv);
    let time = nebula.tint.w;
    let u = (in.uv - 0.5) * vec2<f32>(nebula.frame.x, 1.0) * nebula.frame.y;
    let w = u * 1.35 + vec2<f32>(0.35, -0.1);
    let slow = vec2<f32>(time * 0.0021, time * -0.0013);

    // Four numbers that bend the plane, then what is drawn on the bent plane.
    var field = array<f32, 8>(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (var k = 0; k < i32(nebula.frame.z) + nothing; k++) {
        var p: vec2<f32>;
        switch k {
            case 0: { p = w * 1.25 + slow; }
            case 1: { p = w * 1.25 + vec2<f32>(5.2, 1.3) - slow; }
            case 2: { p = w * 1.1 + 9.0 - slow; }
            case 3: { p = w * 1.3 + 17.0 + slow; }
            case 4: { p = w * 1.45 + vec2<f32>(field[0], field[1]) * 1.6; }
            case 5: { p = w * 2.2 - vec2<f32>(field[2], field[3]) * 1.9 + 7.0; }
            case 6: { p = w * 1.7 + vec2<f32>(field[1], field[0]) * 1.2 + 23.0; }
            default: { p = w * 2.6 + vec2<f32>(field[0], field[1]) * 2.3 + 31.0; }
        }
        field[k] = fbm2(p, i32(nebula.frame.w) + nothing);
    }
    // Two veils, and an ember that stays apart from them.
    let veil = field[4];
    let gas = field[5];
    let ember = field[6];
    // Dust lanes: fine ridges that take light away.
    let lane = 1.0 - abs(2.0 * field[7] - 1.0);

    let indigo = vec3<f32>(0.135, 0.115, 0.46);
    let teal = vec3<f32>(0.045, 0.30, 0.40);
    let rose = vec3<f32>(0.43, 0.10, 0.30);
    let room = hsl(nebula.tint.x, 0.62, 0.36);
    let own = nebula.tint.y;

    let veil_colour = mix(indigo, mix(indigo, room, 0.62), own);
    let gas_colour = mix(teal, mix(teal, room, 0.48), own);

    var colour = mix(vec3<f32>(0.013, 0.016, 0.040), vec3<f32>(0.022, 0.030, 0.086), veil);
    colour += veil_colour * pow(smoothstep(0.24, 0.95, veil), 2.1) * 1.05;
    colour += gas_colour * pow(smoothstep(0.36, 0.95, gas), 2.2) * 0.95;
    colour += rose * pow(smoothstep(0.38, 0.92, ember), 2.0) * 0.92;
    // Where veils cross, the gas glows from within.
    colour += mix(vec3<f32>(0.30, 0.34, 0.72), room * 1.6, own * 0.5) * pow(veil * gas, 3.0) * 1.1;
    colour *= 1.0 - 0.46 * pow(smoothstep(0.55, 1.0, lane), 1.6) * smoothstep(0.30, 0.66, veil);
    return vec4<f32>(colour * nebula.tint.z, 1.0);
}
