// SPDX-License-Identifier: MIT OR Apache-2.0
//! ELF headers of every byte order and width, and forged ones.

use crate::programs::{is_preloaded, is_refused};
use crate::sandbox::{command, run, script, Scratch};
use std::path::Path;

#[test]
fn programs_of_other_machines_are_recognised() {
    let scratch = Scratch::new();
    let other = "is built for another processor than libsmc_shim.so";
    let i386 = scratch.program("i386", header(false, false, 3, &[]));
    is_refused(&i386, "is a 32-bit program, libsmc_shim.so is 64-bit");
    is_refused(
        &scratch.program("s390x", header(true, true, 22, &[])),
        other,
    );
    is_refused(
        &scratch.program("riscv", header(true, false, 243, &[])),
        other,
    );
    assert!(!is_preloaded(&i386));
}

/// An ELF header with program headers of these types, contents and alignments.
fn header(wide: bool, big: bool, machine: u16, segments: &[(u32, &[u8], u8)]) -> Vec<u8> {
    let word = if wide { 8 } else { 4 };
    let number = |value: usize, size: usize| {
        let bytes = (value as u64).to_be_bytes()[8 - size..].to_vec();
        if big {
            bytes
        } else {
            bytes.into_iter().rev().collect()
        }
    };
    let (size, step) = if wide { (64, 56) } else { (52, 32) };
    let mut file = vec![
        0x7f,
        b'E',
        b'L',
        b'F',
        1 + u8::from(wide),
        1 + u8::from(big),
        1,
    ];
    file.resize(16, 0);
    for (value, size) in [
        (2, 2),
        (machine.into(), 2),
        (1, 4),
        (0, word),
        (size, word),
        (0, word),
        (0, 4),
    ] {
        file.extend(number(value, size));
    }
    for value in [size, step, segments.len(), 0, 0, 0] {
        file.extend(number(value, 2));
    }
    let mut at = size + step * segments.len() + 5000; // beyond what is read first
    for (kind, content, align) in segments {
        let (offset, length, align) = (
            number(at, word),
            number(content.len(), word),
            number((*align).into(), word),
        );
        let (address, flags, kind) = (vec![0; 2 * word], number(4, 4), number(*kind as usize, 4));
        let fields: [&[u8]; 7] = if wide {
            [&kind, &flags, &offset, &address, &length, &length, &align]
        } else {
            [&kind, &offset, &address, &length, &length, &flags, &align]
        };
        file.extend(fields.concat());
        at += content.len();
    }
    file.resize(file.len() + 5000, 0);
    for (_, content, _) in segments {
        file.extend_from_slice(content);
    }
    file
}

/// What the script's own inspection says about a file, apart from this machine.
fn inspect(file: &Path) -> String {
    let mut shell = command("/bin/sh");
    let take = "eval \"$(sed -n '/^smc_inspect() {/,/^}/p' \"$0\")\"; smc_inspect \"$1\"";
    run(shell.args(["-c", take]).arg(script()).arg(file))
        .quietly(0)
        .trim_end()
        .to_owned()
}

#[test]
fn both_byte_orders_and_widths_are_read() {
    let scratch = Scratch::new();
    for (wide, big) in [(false, false), (false, true), (true, false), (true, true)] {
        let u32s = |values: &[u32]| -> Vec<u8> {
            let bytes = |v: &u32| {
                if big {
                    v.to_be_bytes()
                } else {
                    v.to_le_bytes()
                }
            };
            values.iter().flat_map(bytes).collect()
        };
        let property = [u32s(&[4, 9, 5]), b"GNU\x00123456789".to_vec(), vec![0; 7]].concat();
        let build_id = [u32s(&[4, 5, 3]), b"GNU\x0012345".to_vec(), vec![0; 3]].concat();
        let go = [u32s(&[4, 4, 4]), b"Go\0\0abcd".to_vec()].concat();
        let notes = [build_id.clone(), go].concat();
        let plain = [
            (1, &b"x"[..], 1),
            (3, b"/lib/ld64.so.1\0", 1),
            (4, &property, 8),
            (4, &build_id, 4),
        ];
        let with_go = [
            (1, &b"x"[..], 1),
            (3, b"/lib/ld64.so.1\0", 1),
            (4, &property, 8),
            (4, &notes, 4),
        ];
        let shape = format!("{}.{}.22", 1 + u8::from(wide), 1 + u8::from(big));
        let file = scratch.write("plain", header(wide, big, 22, &plain));
        assert_eq!(inspect(&file), format!("elf {shape} - /lib/ld64.so.1"));
        let file = scratch.write("go", header(wide, big, 22, &with_go));
        assert_eq!(inspect(&file), format!("elf {shape} Go /lib/ld64.so.1"));
        // The first library that it needs (DT_NEEDED, 1) by where the names are (DT_STRTAB, 5).
        let word = |value: u32| match (wide, big) {
            (false, _) => u32s(&[value]),
            (true, false) => u32s(&[value, 0]),
            (true, true) => u32s(&[0, value]),
        };
        let dynamic = [21, 9, 1, 7, 1, 1, 5, 0, 0, 0].map(word).concat();
        for (first, asan) in [
            ("libasan.so.8", "+asan"),
            ("/opt/libclang_rt.asan-s390x.so", "+asan"),
            ("libubsan.so.1", ""),
            ("", ""),
        ] {
            let names = format!("libc.6\0{first}\0libasan.so.8\0");
            let linked = [
                (3, &b"/lib/ld64.so.1\0"[..], 1),
                (1, names.as_bytes(), 1),
                (2, &dynamic, 8),
            ];
            let file = scratch.write("linked", header(wide, big, 22, &linked));
            let expected = format!("elf {shape} -{asan} /lib/ld64.so.1");
            assert_eq!(inspect(&file), expected, "{first}");
        }
        let one_segment = [property.clone(), notes].concat();
        let padded = header(wide, big, 22, &[(4, &one_segment, 8)]);
        assert_eq!(
            inspect(&scratch.write("padded", padded)),
            format!("elf {shape} Go -")
        );
        let file = scratch.write(
            "static",
            header(wide, big, 22, &[(1, b"x", 1), (2, b"dynamic", 8)]),
        );
        assert_eq!(inspect(&file), format!("elf {shape} - -"));
    }
}

#[test]
fn a_forged_header_is_read_in_bounded_time() {
    let scratch = Scratch::new();
    let huge_name = [&u32::MAX.to_le_bytes()[..], &[0xff; 64]].concat();
    let good = header(
        true,
        false,
        62,
        &[(3, b"/lib/ld64.so.1\0", 1), (4, &huge_name, 4)],
    );
    assert_eq!(
        inspect(&scratch.write("note", &good)),
        "elf 2.1.62 - /lib/ld64.so.1"
    );
    // A table of 65535 times the same segment, full of the shortest notes.
    let mut table = header(true, false, 62, &[(4, &[0; 4096], 4)]);
    table[54..58].copy_from_slice(&[0, 0, 0xff, 0xff]);
    assert_eq!(inspect(&scratch.write("table", &table)), "elf 2.1.62 - -");
    let mut files = vec![
        good[..10].to_vec(),
        good[..70].to_vec(),
        b"\x7fELF".to_vec(),
        Vec::new(),
    ];
    for (at, bytes) in [
        (54, &[0, 0, 0xff, 0xff][..]),
        (32, &[0xff; 8]),
        (40, &[0xff; 8]),
        (96, &[0xff; 8]),
        (54, &[0xff; 10]),
    ] {
        let mut forged = good.clone();
        forged[at..at + bytes.len()].copy_from_slice(bytes);
        files.push(forged);
    }
    for (number, file) in files.iter().enumerate() {
        let said = inspect(&scratch.write("forged", file)); // run() limits the time
        assert!(
            said == "other" || said.starts_with("elf ") && !said.contains('\n'),
            "{number}: {said}"
        );
    }
    assert_eq!(inspect(Path::new("/no/such/file")), "other");
}
