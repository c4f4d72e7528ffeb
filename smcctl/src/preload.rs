// SPDX-License-Identifier: MIT OR Apache-2.0
//! The list of libraries in `LD_PRELOAD`, and the one that this project adds to it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The variable that the dynamic loader reads.
pub const VARIABLE: &str = "LD_PRELOAD";
/// The library that turns TCP sockets into SMC sockets.
pub const SHIM: &str = "libsmc_shim.so";

/// The libraries in `LD_PRELOAD`, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Libraries(Vec<PathBuf>);

impl Libraries {
    /// Splits the value of `LD_PRELOAD` at colons and blanks, as ld.so(8) does.
    #[must_use]
    pub fn parse(value: &OsStr) -> Self {
        let paths = value.as_bytes().split(|byte| b" :".contains(byte));
        let paths = paths.filter(|path| !path.is_empty());
        Self(paths.map(|path| OsStr::from_bytes(path).into()).collect())
    }

    /// The value for `LD_PRELOAD`; `None` when the list is empty.
    #[must_use]
    pub fn value(&self) -> Option<OsString> {
        let paths: Vec<_> = self.0.iter().map(|path| path.as_os_str()).collect();
        (!paths.is_empty()).then(|| paths.join(OsStr::new(":")))
    }

    /// The path of the library with this file name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Path> {
        let path = self.0.iter().find(|path| path.ends_with(name));
        path.map(PathBuf::as_path)
    }

    /// Removes the libraries with this file name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|path| !path.ends_with(name));
        self
    }
}

impl IntoIterator for Libraries {
    type Item = PathBuf;
    type IntoIter = std::vec::IntoIter<PathBuf>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<PathBuf> for Libraries {
    fn from_iter<T: IntoIterator<Item = PathBuf>>(paths: T) -> Self {
        Self(paths.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_as_the_loader_does() {
        let parse = |value: &str| Libraries::parse(OsStr::new(value));
        let libraries = parse(" /a/libasan.so::/b/libsmc_shim.so /c.so:");
        let joined = "/a/libasan.so:/b/libsmc_shim.so:/c.so";
        assert_eq!(libraries.value(), Some(joined.into()));
        assert_eq!(libraries.find(SHIM), Some(Path::new("/b/libsmc_shim.so")));
        assert_eq!(libraries.find("libother.so"), None);
        let others = libraries.without(SHIM);
        assert_eq!(others.value(), Some("/a/libasan.so:/c.so".into()));
        assert_eq!(parse(" : ").value(), None);
        // A file whose name only ends like that of the shim is another library.
        assert_eq!(parse("/x/mylibsmc_shim.so").find(SHIM), None);
    }
}
