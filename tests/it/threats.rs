//! The table of hostile tests in the threat model, held against the tests that there are.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where tests are written.
const PLACES: [&str; 4] = ["client", "systems", "server", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Adds the text of every source file below a folder.
fn read_sources(folder: &Path, sources: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                read_sources(&path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// The rows of the table: the number, and what stands in the last column.
fn rows(document: &str) -> Vec<(u32, &str)> {
    let (_, section) = document.split_once("\n## Hostile tests\n").expect("the heading");
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').collect();
            let number = cells.first()?.trim().parse().ok()?;
            assert_eq!(cells.len(), 4, "{line}");
            Some((number, cells[3].trim()))
        })
        .collect()
}

/// What stands in backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    assert!(cell.matches('`').count().is_multiple_of(2), "{cell}");
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let document = fs::read_to_string(root().join("docs/THREAT_MODEL.md")).unwrap();
    let rows = rows(&document);
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    let expected: Vec<u32> = (1..=39).chain(50..=55).chain(64..=65).collect();
    assert_eq!(numbers, expected, "one row a number, in order");

    let mut sources = Vec::new();
    for place in PLACES {
        read_sources(&root().join(place), &mut sources);
    }
    let mut found = 0;
    for (number, cell) in rows {
        assert!(!cell.is_empty(), "{number}");
        for name in names(cell) {
            let function = format!("fn {}(", name.rsplit("::").next().unwrap());
            assert!(
                sources.iter().any(|source| source.contains(&function)),
                "{number}: there is no {name}"
            );
            found += 1;
        }
    }
    assert!(found > 0, "no test is named");
}
