//! The program's shaders, as text.
//!
//! Every shader is plain WGSL: no imports and (but for one line in `blit.wgsl`) no preprocessor, so that `naga` alone can say whether it is right. What they
//! share (`noise.wgsl`) is put in front of each as text. All of them fill a Bevy `Mesh2d`: the vertex stage is Bevy's own,
//! its output is declared by hand in each file, and the material's bindings stand in group 2.
//!
//! Colours are computed in display space (sRGB-encoded), the space in which they are blended too.

/// A shader: its name for messages, and its whole text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShaderSource {
    /// File name, `planet.wgsl`.
    pub name: &'static str,
    /// WGSL with what it shares put in front.
    pub wgsl: &'static str,
}

macro_rules! with_noise {
    ($file:literal) => {
        ShaderSource {
            name: $file,
            wgsl: concat!(include_str!("../noise.wgsl"), include_str!(concat!("../", $file))),
        }
    };
}

/// The nebula, into a small texture.
pub const NEBULA: ShaderSource = with_noise!("nebula.wgsl");
/// The whole sky: nebula, stars, glass, vignette.
pub const SKY: ShaderSource = with_noise!("sky.wgsl");
/// A planet from the numbers of an identity key.
pub const PLANET: ShaderSource = with_noise!("planet.wgsl");
/// Corona, ring and marks around a planet. Entries `fragment` and the cheap `fragment_plain`.
pub const CORONA: ShaderSource = with_noise!("corona.wgsl");
/// An orbit on a ribbon.
pub const ORBIT: ShaderSource = with_noise!("orbit.wgsl");
/// The light in the middle of a call.
pub const SUN: ShaderSource = with_noise!("sun.wgsl");
/// A picture drawn before.
pub const STILL: ShaderSource = ShaderSource {
    name: "still.wgsl",
    wgsl: include_str!("../still.wgsl"),
};
/// egui's triangles, blended in display space.
pub const EGUI: ShaderSource = ShaderSource {
    name: "egui.wgsl",
    wgsl: include_str!("../egui.wgsl"),
};
/// From a camera's picture to its target. The one shader with a condition (`#ifdef`) for Bevy's preprocessor.
pub const BLIT: ShaderSource = ShaderSource {
    name: "blit.wgsl",
    wgsl: include_str!("../blit.wgsl"),
};

/// Every shader of the program.
pub const ALL: [ShaderSource; 9] = [NEBULA, SKY, PLANET, CORONA, ORBIT, SUN, STILL, EGUI, BLIT];

#[cfg(test)]
mod tests {
    use super::ALL;
    use naga::valid::{Capabilities, ValidationFlags, Validator};

    /// Parsed with every condition met.
    fn module(source: &super::ShaderSource) -> naga::Module {
        let plain: String = source
            .wgsl
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|l| format!("{l}\n"))
            .collect();
        naga::front::wgsl::parse_str(&plain)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&plain, source.name)))
    }

    #[test]
    fn every_shader_is_valid_wgsl_without_any_capability() {
        for source in &ALL {
            let module = module(source);
            Validator::new(ValidationFlags::all(), Capabilities::empty())
                .validate(&module)
                .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(source.wgsl, source.name)));
        }
    }

    #[test]
    fn every_shader_has_the_entry_that_the_pipeline_asks_for() {
        for source in &ALL {
            let wanted: &[&str] = match source.name {
                "corona.wgsl" => &["fragment", "fragment_plain"],
                "orbit.wgsl" => &["fragment_even", "fragment"],
                "still.wgsl" => &["fragment_whole", "fragment"],
                "blit.wgsl" => &["fs_main"],
                "egui.wgsl" => &["vs_main", "fs_main"],
                _ => &["fragment"],
            };
            let module = module(source);
            let names: Vec<&str> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
            assert_eq!(names, wanted, "{}", source.name);
        }
    }

    #[test]
    fn every_wgsl_file_of_the_folder_is_in_the_list_or_shared_by_it() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".wgsl") && name != "noise.wgsl" {
                assert!(ALL.iter().any(|s| s.name == name), "{name} is not listed");
            }
        }
    }
}
