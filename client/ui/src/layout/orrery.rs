//! Where the planets of a call stand.
//!
//! Everybody else goes round the middle of the stage: a few people on an orbit each, more on one, two or three shared
//! ones. One's own planet is in front, at the foot, a little smaller. The others are of one size, the largest at which no
//! planet, plate or control touches another. The orbits sway by a few degrees instead of turning round, at about a
//! degree a second where they are fastest: people stay where one has learnt to look for them.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use crate::tokens as t;

/// The ellipse that a planet is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    /// Middle of the ellipse, points.
    pub center: Pos2,
    /// Half its width, points.
    pub rx: f32,
    /// Half its height, points.
    pub ry: f32,
}

impl Orbit {
    /// The point at an angle, radians, clockwise from the right.
    #[must_use]
    pub fn at(&self, phase: f32) -> Pos2 {
        self.center + vec2(self.rx * phase.cos(), self.ry * phase.sin())
    }
}

/// Where one planet stands now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanetPlacement {
    /// Its middle, points.
    pub center: Pos2,
    /// Radius of its disc, points, without corona and rings.
    pub radius: f32,
    /// Its ellipse.
    pub orbit: Orbit,
    /// Its angle on the ellipse, radians.
    pub phase: f32,
}

/// Largest sway to either side, radians.
const SWAY: f32 = 5.0 * std::f32::consts::PI / 180.0;
/// Fastest sway, radians a second.
const SWAY_SPEED: f32 = 1.0 * std::f32::consts::PI / 180.0;
/// Corona and rings reach this far, in radii of the disc.
const HALO: f32 = 1.30;
/// The plate begins this far below the middle, in radii of the disc.
const PLATE_AT: f32 = 1.42;
/// Largest planet, as a share of the lesser side of the stage.
const LARGEST: f32 = 0.105;
/// One's own planet beside the others.
const OWN: f32 = 0.8;
/// Least radius worth drawing, points.
const LEAST: f32 = 9.0;

/// Size of a name plate on a stage with so many people, points.
#[must_use]
pub fn plate_size(stage: Rect, people: usize) -> Vec2 {
    let width = match people {
        _ if stage.width() < 480.0 => 92.0,
        0..=6 => 150.0,
        _ => 116.0,
    };
    vec2(width, 46.0)
}

/// What one planet takes up, plate included.
fn footprint(center: Pos2, radius: f32, plate: Vec2) -> Rect {
    let half = (radius * HALO).max(plate.x / 2.0);
    Rect::from_min_max(
        pos2(center.x - half, center.y - radius * HALO),
        pos2(center.x + half, center.y + radius * PLATE_AT + plate.y),
    )
}

/// Places `people` planets on a stage; the first is one's own. `time_s` moves them gently unless `reduced_motion`.
#[must_use]
pub fn orrery_layout(stage: Rect, people: usize, time_s: f64, reduced_motion: bool) -> Vec<PlanetPlacement> {
    if people == 0 {
        return Vec::new();
    }
    let sway = if reduced_motion {
        0.0
    } else {
        // In f64 until the sine: after a day of uptime an f32 second has steps one could see.
        (f64::from(SWAY) * (time_s * f64::from(SWAY_SPEED / SWAY)).sin()) as f32
    };
    let plan = Plan::new(stage, people);
    plan.place(sway)
}

/// A way to place everybody that was found to fit.
struct Plan {
    radius: f32,
    own: Pos2,
    /// Ellipse and angle at rest of everybody else.
    others: Vec<(Orbit, f32)>,
    /// Whether there is room to sway.
    sways: bool,
}

impl Plan {
    fn new(stage: Rect, people: usize) -> Self {
        let plate = plate_size(stage, people);
        // Above the controls, below the header's notes.
        let foot = t::CALL_FOOT + t::CALL_BUTTON + 2.0 * t::CALL_GAP + 10.0;
        let room = Rect::from_min_max(
            stage.min + vec2(16.0, 14.0),
            pos2(stage.right() - 16.0, (stage.bottom() - foot).max(stage.top() + 60.0)),
        );
        let largest = (stage.width().min(stage.height()) * LARGEST).clamp(LEAST, 140.0);
        // A fixed ladder of sizes keeps planets from changing by a hair when the window does.
        let steps = |from: f32, to: f32| {
            std::iter::successors(Some(from), |radius| Some(radius * 0.94)).take_while(move |radius| *radius > to)
        };
        // A few people have orbits of their own, even if shared ones would let them be a little larger.
        if let Some(spots) = SOLO.get(people.wrapping_sub(2))
            && let Some(plan) =
                steps(largest, (largest * 0.7).max(LEAST)).find_map(|radius| Self::solo(room, radius, plate, spots))
        {
            return plan;
        }
        for radius in steps(if people == 1 { largest * 1.5 } else { largest }, LEAST) {
            for share in SPREADS
                .iter()
                .filter(|share| share.len() <= people.saturating_sub(1).max(1))
            {
                if let Some(plan) = Self::rings(room, radius, plate, people, share) {
                    return plan;
                }
            }
        }
        Self::rows(room, plate, people)
    }

    /// The ellipse that everything is laid out in, and where one's own planet stands below it.
    fn frame(room: Rect, radius: f32, plate: Vec2) -> Option<(Orbit, Pos2)> {
        let (above, below) = (radius * HALO, radius * PLATE_AT + plate.y);
        let half = (radius * HALO).max(plate.x / 2.0);
        // Where middles may be.
        let space = Rect::from_min_max(
            pos2(room.left() + half, room.top() + above),
            pos2(room.right() - half, room.bottom() - below),
        );
        if space.width() < 0.0 || space.height() < 0.0 {
            return None;
        }
        // Wide windows keep the system together instead of stretching it to the edges.
        let rx = (space.width() / 2.0).min(space.height() * 1.25 + radius);
        let frame = Orbit {
            center: pos2(room.center().x, space.center().y),
            rx,
            ry: space.height() / 2.0,
        };
        let own = pos2(room.center().x, room.bottom() - plate.y - radius * OWN * PLATE_AT);
        Some((frame, own))
    }

    /// A few people, each on an orbit of their own.
    fn solo(room: Rect, radius: f32, plate: Vec2, spots: &[(f32, f32)]) -> Option<Self> {
        let (frame, own) = Self::frame(room, radius, plate)?;
        let others: Vec<(Orbit, f32)> = spots
            .iter()
            .map(|(scale, degrees)| {
                let orbit = Orbit {
                    center: frame.center,
                    rx: frame.rx * scale,
                    ry: frame.ry * scale,
                };
                (orbit, degrees.to_radians())
            })
            .collect();
        let plan = Self {
            radius,
            own,
            others,
            sways: true,
        };
        let still = [-1.0, -0.5, 0.0, 0.5, 1.0];
        still
            .iter()
            .all(|part| plan.fits(room, plate, part * SWAY))
            .then_some(plan)
    }

    /// Many people on as many ellipses as `share` has parts.
    fn rings(room: Rect, radius: f32, plate: Vec2, people: usize, share: &[f32]) -> Option<Self> {
        let (outer, own) = Self::frame(room, radius, plate)?;
        if people == 1 {
            let own = pos2(room.center().x, outer.center.y);
            return Some(Self {
                radius,
                own,
                others: Vec::new(),
                sways: false,
            });
        }
        let count_others = people - 1;
        let mut others = Vec::with_capacity(count_others);
        let total: f32 = share.iter().sum();
        let mut left = count_others;
        for (ring, part) in share.iter().enumerate() {
            let last = ring + 1 == share.len();
            let count = if last {
                left
            } else {
                ((count_others as f32 * part / total).round() as usize).min(left)
            };
            left -= count;
            let scale = 1.0 - ring as f32 / share.len() as f32;
            let ry = outer.ry * (scale - 0.1 * ring as f32).max(0.08);
            let orbit = Orbit {
                center: outer.center,
                rx: outer.rx * scale,
                ry,
            };
            // The outer ellipse leaves the foot to one's own planet.
            let gap = match (ring, count) {
                (0, 1) => 1.0,
                (0, 2) => 0.62,
                (0, 3) => 0.40,
                (0, _) => 0.24,
                _ => 0.30,
            };
            others.extend(spread(orbit, count, gap).into_iter().map(|phase| (orbit, phase)));
        }
        let mut plan = Self {
            radius,
            own,
            others,
            sways: false,
        };
        if !plan.fits(room, plate, 0.0) {
            return None;
        }
        plan.sways = [-1.0, -0.5, 0.5, 1.0]
            .iter()
            .all(|part| plan.fits(room, plate, part * SWAY));
        // Many on a small stage stand still rather than become smaller.
        (plan.sways || people > 5).then_some(plan)
    }

    /// Whether nothing touches anything when the orbits have swayed so far.
    fn fits(&self, room: Rect, plate: Vec2, sway: f32) -> bool {
        let mut taken = vec![footprint(self.own, self.radius * OWN, plate)];
        for (orbit, phase) in &self.others {
            let print = footprint(orbit.at(phase + sway), self.radius, plate);
            if !room.expand(0.5).contains_rect(print) || taken.iter().any(|other| other.intersects(print)) {
                return false;
            }
            taken.push(print);
        }
        true
    }

    /// The last resort for a stage too small for ellipses: rows, as large as they fit.
    fn rows(room: Rect, plate: Vec2, people: usize) -> Self {
        let mut best = (1, 0.0_f32);
        for columns in 1..=people {
            let rows = people.div_ceil(columns);
            let cell = vec2(room.width() / columns as f32, room.height() / rows as f32);
            let radius = (cell.x / 2.0 / HALO).min((cell.y - plate.y) / (HALO + PLATE_AT));
            if cell.x >= plate.x * 0.8 && radius > best.1 {
                best = (columns, radius);
            }
        }
        let (columns, radius) = (best.0, best.1.max(4.0));
        let rows = people.div_ceil(columns);
        let cell = vec2(room.width() / columns as f32, room.height() / rows as f32);
        // Row by row from the top, one's own last: nearest.
        let mut spots: Vec<Pos2> = (0..people)
            .map(|at| {
                let (row, column) = (at / columns, at % columns);
                let in_row = if row + 1 == rows {
                    people - row * columns
                } else {
                    columns
                };
                let indent = (columns - in_row) as f32 * cell.x / 2.0;
                pos2(
                    room.left() + indent + (column as f32 + 0.5) * cell.x,
                    room.top() + row as f32 * cell.y + radius * HALO,
                )
            })
            .collect();
        let own = spots.pop().unwrap_or(room.center());
        let center = room.center();
        let others = spots
            .into_iter()
            .map(|spot| {
                let away = spot - center;
                // The ellipse of this shape that passes through the spot.
                let flat = vec2(away.x / 2.0, away.y);
                let size = flat.length();
                (
                    Orbit {
                        center,
                        rx: 2.0 * size,
                        ry: size,
                    },
                    flat.angle(),
                )
            })
            .collect();
        Self {
            radius,
            own,
            others,
            sways: false,
        }
    }

    fn place(&self, sway: f32) -> Vec<PlanetPlacement> {
        let sway = if self.sways { sway } else { 0.0 };
        let widest = self
            .others
            .iter()
            .map(|(orbit, _)| *orbit)
            .reduce(|a, b| if a.rx >= b.rx { a } else { b });
        let below = std::f32::consts::FRAC_PI_2;
        let own_orbit = match widest {
            // One's own orbit passes through one's own planet, of the same shape as the others'.
            Some(wide) => {
                let ry = (self.own.y - wide.center.y).abs().max(1.0);
                Orbit {
                    center: wide.center,
                    rx: (ry / wide.ry.max(1.0)).min(1.25) * wide.rx,
                    ry,
                }
            }
            None => Orbit {
                center: self.own - vec2(0.0, self.radius),
                rx: self.radius * 2.8,
                ry: self.radius,
            },
        };
        let own_radius = if self.others.is_empty() {
            self.radius
        } else {
            self.radius * OWN
        };
        let own = PlanetPlacement {
            center: self.own,
            radius: own_radius,
            orbit: own_orbit,
            phase: below,
        };
        std::iter::once(own)
            .chain(self.others.iter().map(|(orbit, phase)| PlanetPlacement {
                center: orbit.at(phase + sway),
                radius: self.radius,
                orbit: *orbit,
                phase: phase + sway,
            }))
            .collect()
    }
}

/// Where one, two, three or four others stand: the size of each one's orbit, as a share of the whole, and the angle in
/// degrees, clockwise from the right.
const SOLO: [&[(f32, f32)]; 4] = [
    &[(0.80, -122.0)],
    &[(0.85, -152.0), (0.80, -50.0)],
    &[(0.72, -155.0), (0.90, -68.0), (0.95, 18.0)],
    &[(0.90, -168.0), (0.80, -112.0), (0.85, -52.0), (1.00, 14.0)],
];

/// How many go to which ellipse, as shares from the outermost in; fewer ellipses are tried first.
const SPREADS: &[&[f32]] = &[&[1.0], &[2.0, 1.0], &[3.0, 1.0], &[5.0, 3.0, 1.0]];

/// `count` angles on an ellipse, evenly by the way along it, leaving `gap` of the way free around the foot.
fn spread(orbit: Orbit, count: usize, gap: f32) -> Vec<f32> {
    const STEPS: usize = 360;
    if count == 0 {
        return Vec::new();
    }
    let top = -std::f32::consts::FRAC_PI_2;
    if count == 1 {
        return vec![top];
    }
    // The way along the ellipse from the foot, clockwise, and round to the foot again.
    let angle = |step: usize| std::f32::consts::FRAC_PI_2 + step as f32 / STEPS as f32 * std::f32::consts::TAU;
    let mut ways = Vec::with_capacity(STEPS + 1);
    let mut way = 0.0;
    ways.push(0.0);
    for step in 0..STEPS {
        way += (orbit.at(angle(step + 1)) - orbit.at(angle(step))).length();
        ways.push(way);
    }
    let (from, to) = (way * gap / 2.0, way * (1.0 - gap / 2.0));
    (0..count)
        .map(|at| {
            let aim = from + (to - from) * at as f32 / (count - 1) as f32;
            let step = ways.partition_point(|way| *way < aim).min(STEPS);
            angle(step)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [(f32, f32); 6] = [
        (957.0, 664.0),
        (2237.0, 1384.0),
        (640.0, 420.0),
        (360.0, 584.0),
        (1600.0, 500.0),
        (500.0, 1100.0),
    ];

    fn stage(size: (f32, f32)) -> Rect {
        Rect::from_min_size(pos2(323.0, 56.0), vec2(size.0, size.1))
    }

    fn controls(stage: Rect) -> Rect {
        let size = vec2(
            4.0 * t::CALL_BUTTON + 5.0 * t::CALL_GAP,
            t::CALL_BUTTON + 2.0 * t::CALL_GAP,
        );
        Rect::from_center_size(
            pos2(stage.center().x, stage.bottom() - t::CALL_FOOT - size.y / 2.0),
            size,
        )
    }

    #[test]
    fn planets_never_touch_each_other_nor_plates_nor_controls_at_any_time() {
        for size in SIZES {
            for people in [1, 2, 3, 4, 5, 8, 12, 16] {
                let (stage, roomy) = (stage(size), size.0 >= 640.0 && size.1 >= 600.0);
                for second in [0, 3, 8, 15, 40, 100_000] {
                    let placed = orrery_layout(stage, people, f64::from(second), false);
                    assert_eq!(placed.len(), people);
                    let plate = plate_size(stage, people);
                    for (at, planet) in placed.iter().enumerate() {
                        let disc = Rect::from_center_size(planet.center, Vec2::splat(2.0 * planet.radius));
                        assert!(stage.contains_rect(disc), "{size:?} {people}: {at} leaves the stage");
                        assert!(
                            !disc.intersects(controls(stage)),
                            "{size:?} {people}: {at} under the controls"
                        );
                        if roomy {
                            let print = footprint(planet.center, planet.radius, plate);
                            assert!(
                                stage.contains_rect(print),
                                "{size:?} {people}: plate {at} leaves the stage"
                            );
                            assert!(
                                !print.intersects(controls(stage)),
                                "{size:?} {people}: plate {at} under controls"
                            );
                        }
                        for other in placed.iter().skip(at + 1) {
                            let apart = (planet.center - other.center).length();
                            assert!(apart > planet.radius + other.radius, "{size:?} {people}: planets touch");
                            if roomy {
                                let (a, b) = (
                                    footprint(planet.center, planet.radius, plate),
                                    footprint(other.center, other.radius, plate),
                                );
                                assert!(!a.intersects(b), "{size:?} {people} at {second}: {a:?} {b:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn planets_are_as_large_as_a_stage_deserves() {
        let radius = |size, people| orrery_layout(stage(size), people, 0.0, true).last().unwrap().radius;
        assert!(radius((957.0, 664.0), 1) > 80.0);
        for (size, people, least) in [
            ((957.0, 664.0), 2, 64.0),
            ((957.0, 664.0), 3, 60.0),
            ((957.0, 664.0), 4, 56.0),
            ((957.0, 664.0), 5, 50.0),
            ((957.0, 664.0), 8, 40.0),
            ((957.0, 664.0), 16, 18.0),
            ((2237.0, 1384.0), 4, 120.0),
            ((2237.0, 1384.0), 16, 50.0),
        ] {
            assert!(
                radius(size, people) > least,
                "{size:?} {people}: {}",
                radius(size, people)
            );
        }
    }

    #[test]
    fn ones_own_planet_is_at_the_foot_and_reduced_motion_stands_still() {
        for people in 2..=16 {
            let a = orrery_layout(stage((957.0, 664.0)), people, 0.0, true);
            let b = orrery_layout(stage((957.0, 664.0)), people, 12.0, true);
            assert_eq!(a, b);
            let lowest = a.iter().map(|planet| planet.center.y).fold(f32::MIN, f32::max);
            assert!((a[0].center.y - lowest).abs() < 1.0, "{people}");
        }
    }

    #[test]
    fn planets_drift_by_about_a_degree_a_second() {
        let at = |time| {
            orrery_layout(stage((957.0, 664.0)), 3, time, false)[1]
                .phase
                .to_degrees()
        };
        let speed = at(0.5) - at(-0.5);
        assert!((0.8..=1.05).contains(&speed), "{speed}");
    }

    #[test]
    fn every_planet_is_on_its_orbit() {
        for people in 2..=16 {
            for planet in orrery_layout(stage((957.0, 664.0)), people, 4.0, false) {
                assert!((planet.orbit.at(planet.phase) - planet.center).length() < 1.0);
            }
        }
    }
}
