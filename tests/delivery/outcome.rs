// SPDX-License-Identifier: MIT OR Apache-2.0
//! What became of a writer, and of what it has written.

use crate::stage::Preload;
use kit::Kernel;
use std::fmt;
use std::process::ExitStatus;

/// Said at both ends.
pub struct Outcome {
    pub case: String,
    pub preload: Preload,
    /// `BYTES SUM` of each connection,
    pub written: Vec<String>,
    /// and `BYTES SUM KIND`, then an error, if there was one.
    pub received: Vec<String>,
    /// What the kernel says the connections are at the writer.
    pub kinds: Vec<String>,
    /// Microseconds that closing took,
    pub closed: Option<String>,
    /// and the first of several calls of them.
    pub first: Option<String>,
    pub status: ExitStatus,
}

impl Outcome {
    /// Asserts that the connections were what this kernel can do at best.
    pub fn assert_is_smc(&self) {
        let (writer, reader) = kinds(self.preload);
        assert!(!self.kinds.is_empty(), "{self}");
        assert!(self.kinds.iter().all(|kind| kind == writer), "{self}");
        let ends_so = |received: &String| received.split(' ').nth(2) == Some(reader);
        assert!(self.received.iter().all(ends_so), "{self}");
    }

    /// Everything is there, nothing else is, the reader saw the end of it, and the
    /// writer has ended well.
    pub fn has_arrived(&self) -> bool {
        let (_, reader) = kinds(self.preload);
        let expected = self.written.iter().map(|text| format!("{text} {reader}"));
        !self.written.is_empty()
            && expected.eq(self.received.iter().cloned())
            && self.status.success()
    }

    /// Bytes written and received, of all connections.
    pub fn bytes(&self) -> (u64, u64) {
        let sum = |texts: &[String]| {
            let bytes = texts.iter().map(|text| text.split(' ').next());
            bytes
                .map(|bytes| bytes.unwrap_or_default().parse::<u64>().unwrap())
                .sum()
        };
        (sum(&self.written), sum(&self.received))
    }
}

/// Of connections at the writer and at the reader.
fn kinds(preload: Preload) -> (&'static str, &'static str) {
    match (Kernel::expected(), preload) {
        (_, Preload::Tcp) | (Kernel::Without | Kernel::AfSmc | Kernel::IpprotoSmc, _) => {
            ("2/6", "2/6")
        }
        (_, Preload::BareSmc) => ("43/0", "43/256"),
        (_, Preload::Shim) => ("2/256", "43/256"),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (written, received) = self.bytes();
        write!(f, "{:?}: {}: ", self.preload, self.case)?;
        write!(f, "{received} of {written} bytes")?;
        if self.has_arrived() {
            write!(f, ", all")?;
        } else {
            let (sent, got) = (&self.written, &self.received);
            write!(f, "; {}; {sent:?} {got:?} {:?}", self.status, self.kinds)?;
        }
        if let Some(closed) = &self.closed {
            write!(f, "; closed in {closed} us")?;
        }
        Ok(())
    }
}
