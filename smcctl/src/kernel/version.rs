// SPDX-License-Identifier: MIT OR Apache-2.0
//! The upstream release that a kernel is built from.

/// A release: `6.12.118`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    /// The series: `(6, 12)`.
    pub series: (u32, u32),
    /// The stable release: `118`.
    pub patch: u32,
}

/// The origin of a kernel, which decides what its release means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Debian, which has the fixes of its stable release.
    Debian,
    /// Upstream: the release is only a number.
    Upstream,
    /// Another distributor, who may have backported fixes.
    #[default]
    Other,
}

/// The version of a kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// The release; `None` if unknown or a release candidate.
    pub number: Option<Number>,
    /// The origin.
    pub origin: Origin,
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ((major, minor), patch) = (self.series, self.patch);
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl Number {
    /// Splits a text into the leading number and the rest.
    fn split(text: &str) -> Option<(Self, &str)> {
        let of_number = |letter: char| letter.is_ascii_digit() || letter == '.';
        let end = text.find(|letter| !of_number(letter));
        let (number, rest) = text.split_at(end.unwrap_or(text.len()));
        let parts = number.split('.').map(str::parse);
        let parts: Vec<u32> = parts.collect::<Result<_, _>>().ok()?;
        let (series, patch) = match *parts.as_slice() {
            [major, minor] => ((major, minor), 0),
            [major, minor, patch] => ((major, minor), patch),
            _ => return None,
        };
        Some((Self { series, patch }, rest))
    }
}

impl Version {
    /// Parses `uname -r` and `uname -v`.
    ///
    /// Debian has the package version, which starts with the stable release, in the second:
    /// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-3 (2026-11-26)`; in the first
    /// Debian 12 has `6.1.0-57-amd64`, Debian 13 `6.12.118+deb13-amd64`.
    #[must_use]
    pub fn parse(release: &str, build: &str) -> Self {
        let debian = build
            .split_whitespace()
            .skip_while(|word| *word != "Debian");
        if let Some(package) = debian.into_iter().nth(1) {
            let (epoch, rest) = package.split_once(':').unwrap_or(("", package));
            let package = if epoch.parse::<u32>().is_ok() {
                rest
            } else {
                package
            };
            let number = Number::split(package).filter(|(_, rest)| rest.starts_with('-'));
            return Self {
                number: number.map(|(number, _)| number),
                origin: Origin::Debian,
            };
        }
        let Some((number, rest)) = Number::split(release) else {
            return Self::default();
        };
        Self {
            number: Some(number).filter(|_| !rest.starts_with("-rc")),
            origin: match rest {
                "" | "+" => Origin::Upstream,
                _ => Origin::Other,
            },
        }
    }
}

/// The Debian package that depends on the newest kernel of this flavour:
/// `linux-image-cloud-amd64`.
#[must_use]
pub fn debian_package(release: &str) -> Option<String> {
    let (_, rest) = release.split_once('-')?;
    // `57` in Debian 12. A flavour may start with a digit, too.
    let is_abi = |part: &str| {
        part.starts_with("0.") || (part.len() <= 3 && part != "686" && part.parse::<u32>().is_ok())
    };
    let flavour = match rest.split_once('-') {
        Some((abi, flavour)) if is_abi(abi) => flavour,
        _ => rest,
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    (!flavour.is_empty() && flavour.chars().all(plain)).then(|| format!("linux-image-{flavour}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_distributions_are_parsed() {
        let read = |release: &str, build: &str| {
            let version = Version::parse(release, build);
            let number = version.number.map(|number| number.to_string());
            (number.unwrap_or_default(), version.origin)
        };
        for (release, package, number) in [
            ("6.1.0-57-amd64", "6.1.192-3 (2026-11-26)", "6.1.192"),
            (
                "6.12.118+deb13-amd64",
                "6.12.118-1 (2026-11-17)",
                "6.12.118",
            ),
            (
                "6.12.12+bpo-amd64",
                "6.12.12-1~bpo12+1 (2025-02-23)",
                "6.12.12",
            ),
            (
                "6.12.47+rpt-rpi-v8",
                "1:6.12.47-1+rpt1 (2025-09-16)",
                "6.12.47",
            ),
            ("7.3-rc7-amd64", "7.3~rc7-1~exp1 (2026-10-01)", ""),
        ] {
            let build = format!("#1 SMP PREEMPT_DYNAMIC Debian {package}");
            let expected = (number.to_owned(), Origin::Debian);
            assert_eq!(read(release, &build), expected, "{release}");
        }
        let ubuntu = "#45-Ubuntu SMP PREEMPT_DYNAMIC Fri Aug 30 12:02:04 UTC 2024";
        let plain = "#1 SMP PREEMPT_DYNAMIC Mon Nov 30 10:52:58 UTC 2026";
        for (release, build, number, origin) in [
            ("6.12.118", plain, "6.12.118", Origin::Upstream),
            ("6.18.0+", plain, "6.18.0", Origin::Upstream),
            ("6.6", plain, "6.6.0", Origin::Upstream),
            ("7.4.0-rc2", plain, "", Origin::Other),
            ("6.8.0-45-generic", ubuntu, "6.8.0", Origin::Other),
            (
                "5.14.0-503.15.1.el9_5.s390x",
                plain,
                "5.14.0",
                Origin::Other,
            ),
            ("6.12.52-1-lts", plain, "6.12.52", Origin::Other),
            ("6.1.0-57-amd64", "#1 SMP Debian", "6.1.0", Origin::Other),
        ] {
            assert_eq!(
                read(release, build),
                (number.to_owned(), origin),
                "{release}"
            );
        }
        for release in ["", "x", "6", "6.", "6.1.2.3", "99999999999.1.1"] {
            assert_eq!(Version::parse(release, ""), Version::default(), "{release}");
        }
    }

    #[test]
    fn debian_has_a_package_for_each_flavour() {
        for (release, package) in [
            ("6.1.0-57-amd64", "linux-image-amd64"),
            ("6.1.0-57-cloud-arm64", "linux-image-cloud-arm64"),
            ("6.1.0-0.deb11.21-rt-amd64", "linux-image-rt-amd64"),
            ("6.1.0-57-686-pae", "linux-image-686-pae"),
            ("6.12.118+deb13-amd64", "linux-image-amd64"),
            ("6.12.118+deb13-686-pae", "linux-image-686-pae"),
            ("6.12.118+deb13-s390x", "linux-image-s390x"),
            ("6.12.47+rpt-rpi-v8", "linux-image-rpi-v8"),
        ] {
            assert_eq!(
                debian_package(release).as_deref(),
                Some(package),
                "{release}"
            );
        }
        for release in ["", "6.12.118", "6.12.118-", "6.1.0-57-", "6.12.1-a;b"] {
            assert_eq!(debian_package(release), None, "{release}");
        }
    }
}
