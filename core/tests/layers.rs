// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arrows of `docs/architecture.md`: what a module uses is in a layer below it, or in
//! its own without a circle; `unsafe` stands where it is allowed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From bottom to top. Modules of one layer may use each other, but not in a circle.
const LAYERS: [&[&str]; 8] = [
    &["sys", "panics"],
    &["engine", "fd_table", "identity", "vfork"],
    &["events"],
    &["process"],
    &["slow_peers"],
    &["convert"],
    &["drain", "report"],
    &["lifecycle"],
];

/// Where `unsafe` may stand beside `sys`: a thread's memory, and memory that is shared with
/// smcctl.
const UNSAFE: [&str; 2] = ["drain/thread.rs", "report/memory.rs"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Each file under `folder`: its path there, and its text.
fn files(folder: &Path, under: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let here = format!("{under}{name}");
        if path.is_dir() {
            files(&path, &format!("{here}/"), found);
        } else {
            found.insert(here, fs::read_to_string(&path).unwrap());
        }
    }
}

fn all() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    files(&source(), "", &mut found);
    found.remove("lib.rs");
    assert!(found.len() > 40, "{}", found.len());
    found
}

/// `drain/mod.rs` → `drain`, `drain/ring.rs` → `drain::ring`, `fd_table.rs` → `fd_table`.
fn module(file: &str) -> String {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.replace('/', "::")
}

/// The code of a file: no comments, no unit tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules that `text`, the file of `module`, names: by `crate::` or `super::`, with the
/// lists in braces taken apart.
fn uses(module: &str, text: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut used = BTreeSet::new();
    for (start, base) in [("crate::", ""), ("super::", parent)] {
        for (at, _) in text.match_indices(start) {
            for name in names(&text[at + start.len()..]) {
                let path = if base.is_empty() {
                    name
                } else {
                    format!("{base}::{name}")
                };
                // The longest module that the path begins with.
                let mut path = path.as_str();
                while !modules.contains(path) {
                    let Some((shorter, _)) = path.rsplit_once("::") else {
                        break;
                    };
                    path = shorter;
                }
                if modules.contains(path) && path != module {
                    used.insert(path.to_owned());
                }
            }
        }
    }
    used
}

/// The paths that begin a text such as `a::{b, c::d}`: `a::b`, `a::c::d`.
fn names(text: &str) -> Vec<String> {
    let end = text
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
        .unwrap_or(text.len());
    let head = text[..end].trim_end_matches("::").to_owned();
    let Some(list) = text[end..].strip_prefix('{') else {
        return vec![head];
    };
    let mut depth = 0;
    let mut items = vec![String::new()];
    for letter in list.chars() {
        match letter {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        items.last_mut().unwrap().push(letter);
    }
    let items = items.iter().flat_map(|item| names(item.trim()));
    items
        .map(|item| match (head.as_str(), item.as_str()) {
            ("", _) => item,
            (_, "" | "self") => head.clone(),
            _ => format!("{head}::{item}"),
        })
        .collect()
}

fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let files = all();
    let modules: BTreeSet<String> = files.keys().map(|file| module(file)).collect();
    files
        .iter()
        .map(|(file, text)| {
            let module = module(file);
            let used = uses(&module, &code(text), &modules);
            (module, used)
        })
        .collect()
}

fn layer(module: &str) -> usize {
    let top = module.split("::").next().unwrap();
    let at = LAYERS.iter().position(|layer| layer.contains(&top));
    at.unwrap_or_else(|| panic_at(module))
}

#[allow(clippy::panic, reason = "a test fails by panicking")]
fn panic_at(module: &str) -> usize {
    panic!("{module} is in no layer: add it to LAYERS and to docs/architecture.md")
}

#[test]
fn arrows_go_down_only() {
    let arrows = arrows();
    assert!(arrows["lifecycle::connect"].contains("convert::demote"));
    for (from, used) in &arrows {
        for to in used {
            assert!(
                layer(from) >= layer(to),
                "{from} uses {to}, which is above it"
            );
        }
    }
}

#[test]
fn there_is_no_circle() {
    let arrows = arrows();
    // A module and the file of its folder are one thing in both directions: the folder's
    // file declares its parts, and parts use what it defines for them.
    let is_own_folder = |from: &str, to: &str| from.starts_with(&format!("{to}::"));
    for start in arrows.keys() {
        let mut seen = BTreeSet::new();
        let mut next = vec![start.as_str()];
        while let Some(module) = next.pop() {
            for used in &arrows[module] {
                if is_own_folder(module, used) || is_own_folder(used, module) {
                    continue;
                }
                assert!(used != start, "{start} uses itself by way of {module}");
                if seen.insert(used.as_str()) {
                    next.push(used);
                }
            }
        }
    }
}

#[test]
fn unsafe_stands_where_it_is_allowed() {
    for (file, text) in all() {
        let has_unsafe = code(&text)
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|word| word == "unsafe");
        let is_allowed = file.starts_with("sys/") || UNSAFE.contains(&file.as_str());
        assert!(!has_unsafe || is_allowed, "unsafe in {file}");
    }
}

#[test]
fn lists_in_braces_are_taken_apart() {
    assert_eq!(
        names("a::{self, b::{c, d}, e};"),
        ["a", "a::b::c", "a::b::d", "a::e"]
    );
    assert_eq!(names("{a, b::c}"), ["a", "b::c"]);
    assert_eq!(names("process::get()"), ["process::get"]);
}
