//! System fonts, found when a character needs one.
//!
//! Text is looked over once; characters that none of our fonts has are collected, a named thread looks for installed
//! fonts that have them (reading only each file's character map), and the few that are needed are added behind ours.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{Context, FontData};
use ttf_parser::cmap;

use super::{ours, text_families};

/// Most bytes of system fonts kept in memory, all together. A font that would go beyond is left out.
const MEMORY_CAP: u64 = 64 * 1024 * 1024;
/// Most font files looked at. More are not opened.
const FILE_CAP: usize = 4_000;
/// Most characters asked for at once; the rest waits for the next search.
const WANTED_CAP: usize = 256;

/// A font file found to have what is missing.
struct Found {
    name: String,
    index: u32,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    found: Vec<Found>,
    running: bool,
}

/// Finds fonts of the system for characters that ours lack.
#[derive(Default)]
pub(crate) struct SystemFonts {
    /// Characters looked at already, found or not: each is searched for once.
    seen: BTreeSet<char>,
    wanted: BTreeSet<char>,
    used_bytes: Arc<Mutex<u64>>,
    shared: Arc<Mutex<Shared>>,
    disabled: bool,
}

impl SystemFonts {
    /// Never looks at the system (for pictures that must be the same everywhere).
    pub(crate) fn disable(&mut self) {
        self.disabled = true;
    }

    /// Notes the characters of `text` that our own fonts lack.
    pub(crate) fn note(&mut self, text: &str) {
        if self.disabled || text.is_ascii() {
            return;
        }
        for letter in text.chars() {
            // Latin, Greek and Cyrillic are in Inter; controls have no glyph anywhere.
            let simple = u32::from(letter) < 0x0530 || letter.is_control() || letter.is_whitespace();
            if !simple && self.seen.insert(letter) && !ours(letter) {
                self.wanted.insert(letter);
            }
        }
    }

    /// Starts a search when something is wanted, and installs what a search has found. Call once a frame.
    pub(crate) fn poll(&mut self, ctx: &Context) {
        let Ok(mut shared) = self.shared.lock() else { return };
        for found in shared.found.drain(..) {
            let mut data = FontData::from_owned(found.bytes);
            data.index = found.index;
            ctx.add_font(FontInsert {
                name: found.name,
                data,
                families: text_families()
                    .into_iter()
                    .map(|family| InsertFontFamily {
                        family,
                        priority: FontPriority::Lowest,
                    })
                    .collect(),
            });
        }
        if shared.running || self.wanted.is_empty() {
            return;
        }
        let mut wanted = BTreeSet::new();
        while wanted.len() < WANTED_CAP {
            let Some(letter) = self.wanted.pop_first() else { break };
            wanted.insert(letter);
        }
        shared.running = true;
        drop(shared);

        let (shared, used, ctx) = (Arc::clone(&self.shared), Arc::clone(&self.used_bytes), ctx.clone());
        let spawned = std::thread::Builder::new().name("orrery-fonts".into()).spawn(move || {
            let found = search(&roots(), wanted, &used);
            if let Ok(mut shared) = shared.lock() {
                shared.found.extend(found);
                shared.running = false;
            }
            ctx.request_repaint();
        });
        if spawned.is_err() {
            // No thread to be had: text stays without these glyphs; nothing else depends on it.
            self.disabled = true;
        }
    }
}

/// Folders in which this system keeps fonts.
fn roots() -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = Vec::new();
    let mut add = |path: PathBuf| roots.push(path);
    if cfg!(target_os = "windows") {
        if let Some(windows) = std::env::var_os("WINDIR") {
            add(Path::new(&windows).join("Fonts"));
        }
        if let Some(local) = std::env::var_os("LOCALAPPDATA") {
            add(Path::new(&local).join("Microsoft/Windows/Fonts"));
        }
    } else if cfg!(target_os = "macos") {
        add("/System/Library/Fonts".into());
        add("/Library/Fonts".into());
        if let Some(home) = std::env::var_os("HOME") {
            add(Path::new(&home).join("Library/Fonts"));
        }
    } else {
        add("/usr/share/fonts".into());
        add("/usr/local/share/fonts".into());
        if let Some(home) = std::env::var_os("HOME") {
            add(Path::new(&home).join(".fonts"));
            add(Path::new(&home).join(".local/share/fonts"));
        }
    }
    roots
}

/// Font files under `roots`, upright regular faces of well-made families first.
fn files(roots: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<(PathBuf, u8)> = roots.iter().map(|root| (root.clone(), 0)).collect();
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            // A folder of fonts is a few levels deep; the bound also ends cycles of links.
            if path.is_dir() {
                if depth < 6 {
                    folders.push((path, depth + 1));
                }
                continue;
            }
            let kind = path.extension().and_then(|kind| kind.to_str()).map(str::to_lowercase);
            if matches!(kind.as_deref(), Some("ttf" | "otf" | "ttc" | "otc")) && found.len() < FILE_CAP {
                found.push(path);
            }
        }
    }
    found.sort_by_cached_key(|path| (rank(path), path.clone()));
    found
}

/// Lower is taken first.
fn rank(path: &Path) -> u8 {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let plain = ![
        "bold",
        "medium",
        "italic",
        "oblique",
        "light",
        "thin",
        "black",
        "mono",
        "condensed",
        "serif",
        "color",
    ]
    .iter()
    .any(|word| name.contains(word));
    let sans = name.contains("sans") || name.contains("gothic") || name.contains("droid");
    let noto = name.contains("noto");
    match (plain, noto || sans) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

/// Looks for fonts that together have as many of `wanted` as can be had.
fn search(roots: &[PathBuf], mut wanted: BTreeSet<char>, used: &Mutex<u64>) -> Vec<Found> {
    let mut result = Vec::new();
    for path in files(roots) {
        if wanted.is_empty() {
            break;
        }
        let Some((index, has)) = coverage(&path, &wanted) else {
            continue;
        };
        if has.is_empty() {
            continue;
        }
        let size = std::fs::metadata(&path).map_or(u64::MAX, |meta| meta.len());
        let Ok(mut used) = used.lock() else { break };
        if used.saturating_add(size) > MEMORY_CAP {
            continue;
        }
        let Ok(bytes) = std::fs::read(&path) else { continue };
        // A broken file must not reach the text layout: it would be unwrapped there.
        if ttf_parser::Face::parse(&bytes, index).is_err() {
            continue;
        }
        *used = used.saturating_add(size);
        for letter in &has {
            wanted.remove(letter);
        }
        result.push(Found {
            name: path.to_string_lossy().into_owned(),
            index,
            bytes,
        });
    }
    result
}

/// Which of `wanted` the first face of a file has, reading only its character map. `None`: not a font we can read, or
/// one with colour pictures only.
fn coverage(path: &Path, wanted: &BTreeSet<char>) -> Option<(u32, BTreeSet<char>)> {
    let mut file = File::open(path).ok()?;
    let mut head = [0_u8; 12];
    file.read_exact(&mut head).ok()?;
    let word = |bytes: &[u8], at: usize| -> Option<u32> {
        bytes
            .get(at..at + 4)
            .and_then(|four| four.try_into().ok())
            .map(u32::from_be_bytes)
    };
    let mut start = 0_u64;
    if head.starts_with(b"ttcf") {
        // A collection: the offset of the first face follows the count.
        let mut first = [0_u8; 4];
        file.read_exact(&mut first).ok()?;
        start = u64::from(u32::from_be_bytes(first));
        file.seek(SeekFrom::Start(start)).ok()?;
        file.read_exact(&mut head).ok()?;
    }
    let count = usize::from(u16::from_be_bytes([*head.get(4)?, *head.get(5)?]));
    let mut records = vec![0_u8; count * 16];
    file.seek(SeekFrom::Start(start + 12)).ok()?;
    file.read_exact(&mut records).ok()?;

    let (mut map, mut outlines) = (None, false);
    for record in records.chunks_exact(16) {
        match record.get(0..4)? {
            b"cmap" => map = Some((word(record, 8)?, word(record, 12)?)),
            b"glyf" | b"CFF " | b"CFF2" => outlines = true,
            _ => {}
        }
    }
    let (offset, length) = map?;
    if !outlines || length > 8 * 1024 * 1024 {
        return None;
    }
    let mut table = vec![0_u8; length as usize];
    file.seek(SeekFrom::Start(u64::from(offset))).ok()?;
    file.read_exact(&mut table).ok()?;
    let table = cmap::Table::parse(&table)?;
    let has = wanted
        .iter()
        .copied()
        .filter(|letter| {
            table
                .subtables
                .into_iter()
                .filter(cmap::Subtable::is_unicode)
                .any(|sub| sub.glyph_index(u32::from(*letter)).is_some_and(|glyph| glyph.0 != 0))
        })
        .collect();
    Some((0, has))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn our_fonts() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/fonts")
    }

    #[test]
    fn a_font_that_has_the_letter_is_found_by_its_character_map() {
        let wanted = BTreeSet::from(['Ж', '日']);
        let used = Mutex::new(0);
        let found = search(&[our_fonts()], wanted, &used);
        assert_eq!(found.len(), 1, "one face of Inter has Ж, none has 日");
        assert!(
            found[0].name.contains("Inter-Regular"),
            "the plain face comes first: {}",
            found[0].name
        );
        assert_eq!(*used.lock().unwrap(), found[0].bytes.len() as u64);
    }

    #[test]
    fn a_font_beyond_the_memory_cap_is_left_out() {
        let used = Mutex::new(MEMORY_CAP - 10);
        assert!(search(&[our_fonts()], BTreeSet::from(['Ж']), &used).is_empty());
    }

    #[test]
    fn garbage_is_not_a_font() {
        let folder = std::env::temp_dir().join(format!("orrery-fonts-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("garbage.ttf");
        for bytes in [&b""[..], b"ttcf", &[0xff; 64], b"\0\x01\0\0\xff\xff\0\0\0\0\0\0short"] {
            std::fs::write(&path, bytes).unwrap();
            assert!(coverage(&path, &BTreeSet::from(['a'])).is_none());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
