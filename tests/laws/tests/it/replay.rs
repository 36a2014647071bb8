//! The corpora beside the fuzz targets, and that each has the other.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use orrery_laws::{MAX_INPUT, TARGETS, Target};

use crate::memory::peak;

/// Beyond what an input itself makes large: one whole core, one database page cache, one decoder.
const MEMORY: usize = 16 * 1024 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fuzz")
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Tries everything in a target's corpus, and what every reader must stand.
fn replay(name: &str) {
    let law = |data: &[u8]| orrery_laws::run(name, data);
    let folder = fuzz().join("corpus").join(name);
    let files = names(&folder);
    assert!(!files.is_empty(), "{name} has no corpus");
    // What is made once and kept does not count.
    law(b"");
    let mut inputs: Vec<(String, Vec<u8>)> = Vec::new();
    for file in files {
        let bytes = fs::read(folder.join(&file)).unwrap();
        inputs.push((file, bytes));
    }
    for (what, byte) in [("zeros", 0), ("ones", 0xff), ("arrays", 0x9f), ("letters", b'a')] {
        inputs.push((what.into(), vec![byte; 64 * 1024]));
    }
    for (file, bytes) in inputs {
        let result = std::panic::catch_unwind(|| peak(|| law(&bytes)));
        let held = result.unwrap_or_else(|_| panic!("the law of {name} does not hold for {file}"));
        assert!(
            held <= MEMORY + 64 * bytes.len(),
            "{name} takes {held} bytes for the {} of {file}",
            bytes.len()
        );
    }
}

macro_rules! replayed {
    ($($name:ident)*) => {
        /// The targets that have a test here.
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { replay(stringify!($name)); })*
    };
}

replayed! {
    frames note invite ids server_address
    bundle message decrypt accept session_state key_state envelope vault safety_code recovery_phrase login
    core_envelope core_notes core_server
    opus jitter
    command_line
    shown_text export_file database_file pieces candidates typed_safety_number
}

#[test]
fn every_target_has_a_law_a_wrapper_a_corpus_and_a_test() {
    let laws: BTreeSet<String> = TARGETS.iter().map(|(name, _): &Target| (*name).to_owned()).collect();
    assert_eq!(laws.len(), TARGETS.len(), "names differ");
    let tests: BTreeSet<String> = REPLAYED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(laws, tests);
    assert_eq!(laws, names(&fuzz().join("corpus")));
    let wrappers = names(&fuzz().join("fuzz_targets"));
    assert_eq!(
        laws.iter().map(|name| format!("{name}.rs")).collect::<BTreeSet<_>>(),
        wrappers
    );
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &laws {
        let path = format!("fuzz_targets/{name}.rs");
        assert_eq!(
            manifest.matches(&path).count(),
            1,
            "{path} in the fuzz crate's manifest"
        );
        let wrapper = fs::read_to_string(fuzz().join(path)).unwrap();
        assert!(
            wrapper.contains(&format!("run(\"{name}\", data)")),
            "{name} calls its own law"
        );
    }
}

#[test]
fn a_corpus_is_small() {
    for (name, _) in TARGETS {
        let folder = fuzz().join("corpus").join(name);
        let files = names(&folder);
        let sizes: Vec<u64> = files
            .iter()
            .map(|file| fs::metadata(folder.join(file)).unwrap().len())
            .collect();
        assert!(
            files.len() <= 64 && sizes.iter().sum::<u64>() <= 200 * 1024,
            "{name}: {} files",
            files.len()
        );
        assert!(sizes.iter().all(|size| *size <= MAX_INPUT as u64));
    }
}
