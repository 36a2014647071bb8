// A planet: its surface is made of numbers drawn from an identity key, so that a person always has the same one.
// Drawn on a square that reaches `extent` planet radii from the middle to each side. Premultiplied alpha.
// Light comes from `light`; all vectors: x right, y down, z towards the viewer.

struct VertexOutput {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
    @location(2) uv: vec2<f32>,
}

struct Planet {
    // Direction towards the light, spin in radians.
    light: vec4<f32>,
    // Cosine and sine of the axis' lean, inner and outer radius of the rings (0: none).
    axis: vec4<f32>,
    // Kind (0 terran, 1 gas, 2 cratered, 3 ice, 4 lava, 5 desert), coarseness of features, two seeds.
    style: vec4<f32>,
    // Main colour; threshold (sea level, band sharpness …) 0..1.
    ground: vec4<f32>,
    // Second colour; cover of clouds 0..1.
    upland: vec4<f32>,
    // Third colour, low ground or sea; relief 0..1.
    lowland: vec4<f32>,
    // Colour of the air; its strength 0..1.
    air: vec4<f32>,
    // Extent of the square in radii, radius in pixels, dimming of a muted one 0..1, opacity.
    state: vec4<f32>,
    // Number of samples (6), layers of a fine one, scales of craters (0 or 2), unused.
    detail: vec4<f32>,
}

@group(2) @binding(0) var<uniform> planet: Planet;

// What the noise says about one place.
struct Field {
    // Bends everything else.
    bend: f32,
    // Height of the ground, about 0..1, and a step nearer to the light.
    height: f32,
    beyond: f32,
    // Broad patches.
    patches: f32,
    // Cracks and seams: 1 on the line.
    seam: f32,
    // Clouds.
    streak: f32,
}

struct Ground {
    colour: vec3<f32>,
    gloss: f32,
    glow: vec3<f32>,
}

fn seed3() -> vec3<f32> {
    return vec3<f32>(planet.style.z, planet.style.w, planet.style.z * 0.7 + planet.style.w * 1.3);
}

// How each kind stretches its ground: bands and canyons lie along the equator.
fn stretch() -> vec3<f32> {
    switch i32(planet.style.x) {
        case 1: { return vec3<f32>(1.0, 3.2, 1.0); }
        case 5: { return vec3<f32>(1.0, 2.2, 1.0); }
        default: { return vec3<f32>(1.0, 1.0, 1.0); }
    }
}

// All samples of a place, in one loop with one call of the noise (see noise.wgsl).
fn survey(n: vec3<f32>, beyond: vec3<f32>) -> Field {
    let s = planet.style.y;
    let seed = seed3();
    let kind = i32(planet.style.x);
    let wide = stretch();
    let fine = i32(planet.detail.y) + nothing;
    let pull = select(1.5, 2.4, kind == 5);
    var f = Field(0.5, 0.5, 0.5, 0.5, 0.5, 0.0);
    for (var k = 0; k < i32(planet.detail.x) + nothing; k++) {
        let bent = (f.bend - 0.5) * pull;
        var p: vec3<f32>;
        var layers = fine;
        switch k {
            case 0: { p = n * wide * s * 0.9 + seed + 11.0; layers = fine - 2; }
            case 1: { p = n * wide * s * select(1.25, 2.1, kind == 1) + vec3<f32>(bent, bent, -bent) + seed; }
            case 2: { p = beyond * wide * s * 1.25 + vec3<f32>(bent, bent, -bent) + seed; }
            case 3: { p = n * 1.5 + seed.zxy; layers = fine - 1; }
            case 4: { p = n * s * 1.4 + seed.yzx + (f.height - 0.5) * 1.2; }
            default: { p = n * vec3<f32>(1.9, 3.4, 1.9) * s * 0.8 + bent * 1.6 + seed.yzx * 1.7; }
        }
        let v = fbm3(p, layers);
        switch k {
            case 0: { f.bend = v; }
            case 1: { f.height = v; }
            case 2: { f.beyond = v; }
            case 3: { f.patches = v; }
            case 4: { f.seam = 1.0 - abs(2.0 * v - 1.0); }
            default: { f.streak = v; }
        }
    }
    return f;
}

// Bowls with rims, one in each cell of space that has one. Height about -1..1, at the place and nearer to the light.
fn craters(n: vec3<f32>, beyond: vec3<f32>) -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    for (var scale = 0; scale < i32(planet.detail.z) + nothing; scale++) {
        let fine = planet.style.y * mix(1.9, 4.1, f32(scale));
        let p = n * fine + seed3();
        let q = beyond * fine + seed3();
        let base = floor(p - 0.5);
        for (var k = 0; k < 4 * i32(planet.detail.z) + nothing; k++) {
            let cell = base + vec3<f32>(f32(k & 1), f32((k >> 1u) & 1), f32((k >> 2u) & 1));
            let h = hash33(cell);
            let centre = cell + 0.5 + (h - 0.5) * 0.5;
            let d = vec2<f32>(length(p - centre), length(q - centre)) / (0.16 + 0.26 * h.x * h.y);
            let bowl = (smoothstep(vec2<f32>(0.0), vec2<f32>(0.9), d) - 1.0) * step(d, vec2<f32>(1.0));
            let rim = exp((d - 1.0) * (1.0 - d) * 22.0) * 0.75;
            sum += (bowl + rim) * step(0.35, h.z) * (0.4 + 0.6 * h.y) * mix(0.16, 0.09, f32(scale));
        }
    }
    return sum;
}

fn terran(n: vec3<f32>, f: Field) -> Ground {
    let sea = planet.ground.w;
    let h = f.height;
    let land = smoothstep(sea - 0.008, sea + 0.012, h);
    let shelf = smoothstep(sea - 0.20, sea, h);
    let water = mix(planet.lowland.rgb * 0.62, planet.lowland.rgb * 1.18, shelf * shelf);
    let high = smoothstep(sea + 0.02, sea + 0.22, h + (f.patches - 0.5) * 0.35);
    var dry = mix(planet.ground.rgb, planet.upland.rgb, high);
    dry = mix(dry, vec3<f32>(0.93, 0.94, 0.97), smoothstep(sea + 0.25, sea + 0.36, h) * 0.7);
    var colour = mix(water, dry, land);
    let cap = smoothstep(0.80, 0.90, abs(n.y) + (f.seam - 0.7) * 0.22);
    colour = mix(colour, vec3<f32>(0.90, 0.94, 0.98), cap * 0.92);
    return Ground(colour, (1.0 - land) * (1.0 - cap), vec3<f32>(0.0));
}

fn gas(n: vec3<f32>, f: Field) -> Ground {
    let swirl = f.bend - 0.5;
    let fine = f.height - 0.5;
    var lat = n.y + swirl * 0.17 + fine * 0.06;

    // One storm, an oval that turns the bands around itself.
    let eye = normalize(vec3<f32>(0.55, 0.32 * sign(sin(planet.style.z)), 0.78));
    let to_eye = (n - eye) * vec3<f32>(1.0, 1.9, 1.0);
    let storm = exp(-dot(to_eye, to_eye) * 26.0);
    lat += storm * 0.16 * sin(length(to_eye) * 26.0 - swirl * 6.0);

    let bands = lat * (5.0 + 5.0 * planet.ground.w) + planet.style.w;
    let broad = 0.5 + 0.5 * sin(bands * 1.9);
    let narrow = 0.5 + 0.25 * sin(bands * 4.7 + planet.style.z) + 0.25 * sin(bands * 8.9 + 1.7 * planet.style.w);
    var colour = mix(planet.ground.rgb, planet.upland.rgb, smoothstep(0.22, 0.80, broad));
    colour = mix(colour, planet.lowland.rgb, smoothstep(0.52, 0.95, narrow + fine * 0.5) * 0.85);
    colour *= 1.0 + fine * 0.42 + (f.seam - 0.7) * 0.10;
    colour = mix(colour, planet.upland.rgb * 1.18 + vec3<f32>(0.06), storm * 0.75);
    colour *= 1.0 - 0.30 * smoothstep(0.62, 1.0, abs(n.y));
    return Ground(colour, 0.0, vec3<f32>(0.0));
}

fn rock(f: Field) -> Ground {
    var colour = mix(planet.lowland.rgb, planet.ground.rgb, smoothstep(0.36, 0.60, f.patches));
    colour = mix(colour, planet.upland.rgb, smoothstep(0.48, 0.80, f.height));
    return Ground(colour * (0.82 + 0.36 * f.height), 0.0, vec3<f32>(0.0));
}

fn ice(f: Field) -> Ground {
    let blue = smoothstep(0.30, 0.66, f.patches);
    var colour = mix(planet.upland.rgb, planet.ground.rgb, blue);
    colour = mix(colour, planet.lowland.rgb, smoothstep(0.90, 0.985, f.seam) * 0.75);
    colour = mix(colour, vec3<f32>(0.95, 0.97, 1.0), smoothstep(0.56, 0.78, f.height) * 0.5);
    return Ground(colour, 0.35, vec3<f32>(0.0));
}

fn lava(f: Field) -> Ground {
    let h = f.height;
    let heat = smoothstep(0.86, 0.99, f.seam) * smoothstep(0.66, 0.40, h);
    let pool = smoothstep(0.40, 0.32, h);
    let crust = mix(planet.lowland.rgb, planet.ground.rgb, smoothstep(0.40, 0.66, h));
    let fire = mix(planet.upland.rgb, vec3<f32>(1.0, 0.86, 0.56), max(heat * heat, pool * 0.35));
    return Ground(mix(crust, fire * 0.8, max(heat, pool) * 0.8), 0.0, fire * (heat * 0.85 + pool * 0.55));
}

fn desert(n: vec3<f32>, f: Field) -> Ground {
    var colour = mix(planet.lowland.rgb, planet.ground.rgb, smoothstep(0.34, 0.52, f.height));
    colour = mix(colour, planet.upland.rgb, smoothstep(0.52, 0.70, f.height));
    let dunes = sin(f.seam * 26.0 + f.patches * 18.0);
    let cap = smoothstep(0.90, 0.96, abs(n.y) + (f.patches - 0.5) * 0.16);
    colour = mix(colour * (1.0 + 0.06 * dunes), vec3<f32>(0.92, 0.90, 0.88), cap * 0.8);
    return Ground(colour, 0.0, vec3<f32>(0.0));
}

// Into the planet's own frame: lean of the axis, tipping towards the viewer, spin.
fn to_planet(v: vec3<f32>) -> vec3<f32> {
    let lean = vec3<f32>(planet.axis.x * v.x + planet.axis.y * v.y, planet.axis.x * v.y - planet.axis.y * v.x, v.z);
    let tip = vec3<f32>(lean.x, 0.956 * lean.y - 0.292 * lean.z, 0.292 * lean.y + 0.956 * lean.z);
    let c = cos(planet.light.w);
    let s = sin(planet.light.w);
    return vec3<f32>(c * tip.x + s * tip.z, tip.y, c * tip.z - s * tip.x);
}

fn lit_ball(p: vec2<f32>, r: f32) -> vec3<f32> {
    let z = sqrt(max(1.0 - r * r, 0.0));
    let out = vec3<f32>(p, z);
    let n = to_planet(out);
    let kind = i32(planet.style.x);
    let light = normalize(planet.light.xyz);
    let light_n = to_planet(light);
    let facing = dot(out, light);

    // The ground a step nearer to the light: how much higher it is there, is how dark it is here.
    let step_to_light = normalize(light_n - n * facing + vec3<f32>(1e-4, 0.0, 0.0)) * 0.018;
    let beyond = normalize(n + step_to_light);
    var f = survey(n, beyond);
    let bowls = craters(n, beyond);
    f.height += bowls.x;
    f.beyond += bowls.y;
    var slope = (f.height - f.beyond) * planet.lowland.w * 9.0;

    var ground: Ground;
    switch kind {
        case 1: { ground = gas(n, f); slope = 0.0; }
        case 2: { ground = rock(f); }
        case 3: { ground = ice(f); }
        case 4: { ground = lava(f); }
        case 5: { ground = desert(n, f); }
        default: { ground = terran(n, f); slope *= 1.0 - ground.gloss; }
    }

    let edge = 0.70 - 0.30 * planet.upland.w;
    let cloud = smoothstep(edge, edge + 0.20, f.streak) * 0.88 * smoothstep(0.0, 0.02, planet.upland.w);
    let colour = mix(ground.colour, vec3<f32>(0.95, 0.96, 0.98), cloud);
    slope *= 1.0 - cloud * 0.7;

    // Day, dusk and night. The night keeps a breath of blue, so that a planet never becomes a hole.
    let wrapped = facing + slope * 0.30 * smoothstep(-0.1, 0.4, facing);
    let day = smoothstep(-0.10, 0.62, wrapped);
    let sun = day * (0.42 + 0.74 * pow(max(wrapped, 0.0), 0.85));
    let dusk = smoothstep(-0.16, 0.08, facing) * smoothstep(0.34, 0.06, facing);
    let tone = mix(vec3<f32>(1.0, 0.985, 0.955), vec3<f32>(1.0, 0.66, 0.46), dusk * 0.55 * planet.air.w);
    var lit = colour * (sun * tone * 1.16 + vec3<f32>(0.030, 0.035, 0.062));
    lit += ground.glow * (1.0 - 0.6 * day) * (1.0 - cloud);

    // Water shines back in one broad soft place.
    let half_way = normalize(light + vec3<f32>(0.0, 0.0, 1.0));
    let shine = pow(max(dot(out, half_way), 0.0), 38.0) * ground.gloss * (1.0 - cloud) * day;
    lit += vec3<f32>(1.0, 0.94, 0.84) * shine * 0.42;

    // Air: thin in the middle, thick at the rim, only where there is day.
    let rim = pow(1.0 - z, 2.6);
    let air_day = smoothstep(-0.30, 0.55, facing);
    lit = mix(lit, planet.air.rgb * (0.16 + 1.02 * air_day), rim * planet.air.w * (0.20 + 0.66 * air_day));
    lit *= 1.0 - 0.32 * (1.0 - planet.air.w) * rim;
    return lit;
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    nothing = nothing_of(in.uv);
    let extent = planet.state.x;
    let p = (in.uv - 0.5) * 2.0 * extent;
    let r = length(p);
    let soft = 1.0 / max(planet.state.y, 1.0);
    let disc = 1.0 - smoothstep(1.0 - soft, 1.0 + soft, r);
    let light = normalize(planet.light.xyz);

    var colour = vec3<f32>(0.0);
    if (r < 1.0 + soft) {
        let inside = p * min(1.0, 0.999 / max(r, 0.001));
        colour = lit_ball(inside, min(r, 0.999));
    }
    var alpha = disc;
    colour *= disc;

    // The halo of the air outside the disc, on the day side, added to what lies behind.
    let outward = p / max(r, 0.001);
    let day_side = smoothstep(-0.55, 0.75, dot(outward, light.xy) + 0.35 * light.z);
    let halo = exp(-max(r - 1.0, 0.0) * 15.0) * (1.0 - disc) * planet.air.w * day_side * 0.44;
    colour += planet.air.rgb * halo;

    if (planet.axis.w > f32(nothing)) {
        let q = vec2<f32>(planet.axis.x * p.x + planet.axis.y * p.y, planet.axis.x * p.y - planet.axis.y * p.x);
        let flat = vec2<f32>(q.x, q.y / 0.292);
        let d = length(flat);
        let inner = planet.axis.z;
        let outer = planet.axis.w;
        let t = (d - inner) / (outer - inner);
        if (t > 0.0 && t < 1.0) {
            let grain = 0.32 * sin(t * 23.0 + planet.style.z) + 0.22 * sin(t * 61.0 + planet.style.w);
            let gap = 1.0 - 0.85 * smoothstep(0.055, 0.0, abs(t - 0.62));
            var density = smoothstep(0.0, 0.10, t) * smoothstep(1.0, 0.86, t) * (0.50 + 0.55 * grain) * gap;
            density = clamp(density, 0.0, 0.92);
            // In front of the lower half, hidden by the ball above; the ball throws its shadow on them.
            let hidden = select(disc, 0.0, q.y > 0.0);
            let away = dot(p, normalize(light.xy + vec2<f32>(1e-4, 0.0)));
            let beside = length(p - normalize(light.xy + vec2<f32>(1e-4, 0.0)) * away);
            let shadow = 1.0 - 0.78 * smoothstep(1.04, 0.90, beside) * smoothstep(0.10, -0.30, away);
            let a = density * (1.0 - hidden);
            let ring = mix(planet.upland.rgb, vec3<f32>(0.92, 0.90, 0.86), 0.38) * (0.62 + 0.34 * grain) * shadow;
            colour = colour * (1.0 - a) + ring * a;
            alpha = alpha * (1.0 - a) + a;
        }
    }

    colour = shoulder(colour);
    // Muted: the colour leaves, and some of the light.
    let grey = vec3<f32>(dot(colour, vec3<f32>(0.30, 0.56, 0.14)));
    colour = mix(colour, mix(colour, grey, 0.72) * 0.60, planet.state.z);
    return vec4<f32>(colour, alpha) * planet.state.w;
}
