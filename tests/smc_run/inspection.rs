// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs of other machines, as far as their headers say so.

use crate::programs::{is_preloaded, is_refused};
use crate::sandbox::Scratch;

#[test]
fn programs_of_other_machines_are_recognised() {
    let scratch = Scratch::new();
    let other = "is built for another processor than libsmc_shim.so";
    let i386 = scratch.program("i386", header(false, false, 3));
    is_refused(&i386, "is a 32-bit program, libsmc_shim.so is 64-bit");
    is_refused(&scratch.program("s390x", header(true, true, 22)), other);
    is_refused(&scratch.program("riscv", header(true, false, 243)), other);
    assert!(!is_preloaded(&i386));
}

/// An ELF header without program headers.
fn header(wide: bool, big: bool, machine: u16) -> Vec<u8> {
    let word = if wide { 8 } else { 4 };
    let number = |value: u16, size: usize| {
        let bytes = u64::from(value).to_be_bytes()[8 - size..].to_vec();
        if big {
            bytes
        } else {
            bytes.into_iter().rev().collect()
        }
    };
    let mut file = b"\x7fELF".to_vec();
    file.extend([1 + u8::from(wide), 1 + u8::from(big), 1]);
    file.resize(16, 0);
    for (value, size) in [(2, 2), (machine, 2), (1, 4)] {
        file.extend(number(value, size));
    }
    file.resize(file.len() + 3 * word + 4 + 12, 0);
    file
}
