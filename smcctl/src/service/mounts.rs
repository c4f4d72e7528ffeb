// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether the programs of a unit, in its mount namespace, can open and map the library.

use super::unit::Unit;
use std::path::Path;

/// Why the programs of the unit cannot load a library; `None` if they can.
#[must_use]
pub fn hidden_by(unit: &Unit, library: &Path) -> Option<String> {
    let path = library.display();
    if let Some(image) = unit.get("RootImage") {
        return Some(format!(
            "RootImage={image}: cannot check whether it contains {path}"
        ));
    }
    if let Some(root) = unit.get("RootDirectory").filter(|root| *root != "/") {
        let inside = Path::new(root).join(library.strip_prefix("/").unwrap_or(library));
        if !inside.is_file() {
            return Some(format!("RootDirectory={root} does not contain {path}"));
        }
    }
    let is_home = ["/home", "/root", "/run/user"]
        .iter()
        .any(|home| library.starts_with(home));
    match unit.get("ProtectHome") {
        Some(value @ ("yes" | "tmpfs")) if is_home => {
            return Some(format!("ProtectHome={value} hides {path}"));
        }
        _ => {}
    }
    let is_temporary = library.starts_with("/tmp") || library.starts_with("/var/tmp");
    if is_temporary && unit.is_yes("PrivateTmp") {
        return Some(format!("PrivateTmp=yes hides {path}"));
    }
    for property in ["InaccessiblePaths", "TemporaryFileSystem"] {
        if let Some(hidden) = deepest(unit, property, library) {
            if longest(unit, &["BindPaths", "BindReadOnlyPaths"], library) < hidden.len() {
                return Some(format!("{property}={hidden} hides {path}"));
            }
        }
    }
    // The most specific path takes precedence.
    let no = deepest(unit, "NoExecPaths", library)?;
    let yes = deepest(unit, "ExecPaths", library).map_or(0, str::len);
    (no.len() > yes).then(|| {
        format!("NoExecPaths={no} forbids mapping {path}, and ExecPaths= does not allow it")
    })
}

/// Returns the path of a list that is the file or its nearest parent. Paths may have the
/// prefix `-` or `+`, and options after `:`.
fn deepest<'unit>(unit: &'unit Unit, property: &str, file: &Path) -> Option<&'unit str> {
    unit.words(property)
        .into_iter()
        .map(|path| path.trim_start_matches(['-', '+']))
        .map(|path| path.split(':').next().unwrap_or_default())
        .filter(|path| file.starts_with(path))
        .max_by_key(|path| path.len())
}

fn longest(unit: &Unit, properties: &[&str], file: &Path) -> usize {
    // SOURCE:DESTINATION:OPTIONS
    let destination = |path: &str| {
        let mut parts = path.trim_start_matches('-').split(':');
        let source = parts.next().unwrap_or_default().to_owned();
        parts.next().map_or(source, str::to_owned)
    };
    properties
        .iter()
        .flat_map(|property| unit.words(property))
        .map(destination)
        .filter(|path| file.starts_with(path))
        .map(|path| path.len())
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(shown: &str, library: &str) -> Option<String> {
        hidden_by(&Unit::parse(shown), Path::new(library))
    }

    #[test]
    fn an_installed_library_is_accessible() {
        let library = "/usr/lib/x86_64-linux-gnu/libsmc_shim.so";
        for shown in [
            "",
            "ProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\n",
            // Debian's redis.
            "NoExecPaths=/\nExecPaths=/usr/bin/redis-server /usr/lib /lib\n",
            "RootDirectory=/\n",
            "TemporaryFileSystem=/usr:ro\nBindReadOnlyPaths=/usr/lib\n",
        ] {
            assert_eq!(why(shown, library), None, "{shown}");
        }
    }

    #[test]
    fn the_property_that_hides_a_library_is_named() {
        for (shown, library, word) in [
            ("RootImage=/x.raw\n", "/usr/lib/l.so", "RootImage"),
            ("RootDirectory=/nosuch\n", "/usr/lib/l.so", "RootDirectory"),
            ("ProtectHome=yes\n", "/root/x/l.so", "ProtectHome"),
            ("ProtectHome=tmpfs\n", "/home/x/l.so", "ProtectHome"),
            ("PrivateTmp=yes\n", "/tmp/l.so", "PrivateTmp"),
            (
                "InaccessiblePaths=-/opt\n",
                "/opt/l.so",
                "InaccessiblePaths",
            ),
            ("TemporaryFileSystem=/usr:ro\n", "/usr/l.so", "Temporary"),
            (
                "NoExecPaths=/\nExecPaths=/usr/lib /lib\n",
                "/usr/local/lib/l.so",
                "NoExecPaths",
            ),
            (
                "NoExecPaths=/usr/lib/x\nExecPaths=/usr/lib\n",
                "/usr/lib/x/l.so",
                "NoExec",
            ),
        ] {
            let why = why(shown, library).unwrap_or_default();
            assert!(
                why.contains(word) && why.contains(library),
                "{shown}: {why}"
            );
        }
        assert_eq!(why("ProtectHome=read-only\n", "/root/l.so"), None);
        assert_eq!(why("NoExecPaths=/us\n", "/usr/lib/l.so"), None);
    }
}
