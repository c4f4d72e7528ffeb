// SPDX-License-Identifier: MIT OR Apache-2.0
//! ELF headers of every byte order and width, and forged ones.

use super::{read, Elf};
use crate::system::fixtures::Tree;
use std::path::Path;

/// A file of ELF's headers and segments, of one width and byte order.
#[derive(Clone, Copy)]
struct Shape {
    wide: bool,
    big: bool,
}

const SHAPES: [Shape; 4] = [
    Shape {
        wide: false,
        big: false,
    },
    Shape {
        wide: false,
        big: true,
    },
    Shape {
        wide: true,
        big: false,
    },
    Shape {
        wide: true,
        big: true,
    },
];

impl Shape {
    fn number(self, value: u64, size: usize) -> Vec<u8> {
        let bytes = value.to_be_bytes()[8 - size..].to_vec();
        if self.big {
            bytes
        } else {
            bytes.into_iter().rev().collect()
        }
    }

    fn word(self) -> usize {
        if self.wide {
            8
        } else {
            4
        }
    }

    fn u32s(self, values: &[u32]) -> Vec<u8> {
        let bytes = values
            .iter()
            .flat_map(|value| self.number((*value).into(), 4));
        bytes.collect()
    }

    /// Program headers of these types, contents and alignments.
    fn file(self, machine: u16, segments: &[(u32, &[u8], u8)]) -> Vec<u8> {
        let word = self.word();
        let (size, step) = if self.wide { (64, 56) } else { (52, 32) };
        let mut file = vec![
            0x7f,
            b'E',
            b'L',
            b'F',
            1 + u8::from(self.wide),
            1 + u8::from(self.big),
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
            file.extend(self.number(value, size));
        }
        for value in [size, step, segments.len() as u64, 0, 0, 0] {
            file.extend(self.number(value, 2));
        }
        let mut at = size + step * segments.len() as u64 + 5000;
        for (kind, content, align) in segments {
            let length = content.len() as u64;
            let (offset, length, align) = (
                self.number(at, word),
                self.number(length, word),
                self.number((*align).into(), word),
            );
            let (address, flags) = (vec![0; 2 * word], self.number(4, 4));
            let kind = self.number((*kind).into(), 4);
            let fields: [&[u8]; 7] = if self.wide {
                [&kind, &flags, &offset, &address, &length, &length, &align]
            } else {
                [&kind, &offset, &address, &length, &length, &flags, &align]
            };
            file.extend(fields.concat());
            at += content.len() as u64;
        }
        file.resize(file.len() + 5000, 0);
        for (_, content, _) in segments {
            file.extend_from_slice(content);
        }
        file
    }
}

fn inspect(file: &[u8]) -> Option<Elf> {
    let tree = Tree::new();
    tree.write_bytes("file", file);
    read(&tree.root().path("/file"))
}

const LOADER: (u32, &[u8], u8) = (3, b"/lib/ld64.so.1\0", 1);

#[test]
fn both_byte_orders_and_widths_are_read() {
    for shape in SHAPES {
        let machine = (1 + u8::from(shape.wide), 1 + u8::from(shape.big), 22);
        let expected = |loader: bool, is_go, has_asan| Elf {
            machine,
            loader: loader.then(|| "/lib/ld64.so.1".to_owned()),
            is_go,
            has_asan,
        };
        let file = |segments: &[(u32, &[u8], u8)]| inspect(&shape.file(22, segments)).unwrap();
        let text = (1, &b"x"[..], 1);
        let build_id = [shape.u32s(&[4, 5, 3]), b"GNU\x0012345".to_vec(), vec![0; 3]].concat();
        let go = [shape.u32s(&[4, 4, 4]), b"Go\0\0abcd".to_vec()].concat();
        let notes = [build_id.clone(), go].concat();
        let property = [
            shape.u32s(&[4, 9, 5]),
            b"GNU\x00123456789".to_vec(),
            vec![0; 7],
        ]
        .concat();
        for (notes, is_go) in [(&build_id, false), (&notes, true)] {
            let segments = [text, LOADER, (4, &property, 8), (4, notes, 4)];
            assert_eq!(file(&segments), expected(true, is_go, false));
        }
        let one_segment = [property, notes.clone()].concat();
        assert_eq!(file(&[(4, &one_segment, 8)]), expected(false, true, false));
        assert_eq!(file(&[text, (4, &notes, 4)]), expected(false, true, false));
        assert_eq!(
            file(&[text, (2, b"dynamic", 8)]),
            expected(false, false, false)
        );
        // The first library that it needs (DT_NEEDED, 1) by where the names are (DT_STRTAB, 5).
        let dynamic =
            [21, 9, 1, 7, 1, 1, 5, 0, 0, 0].map(|value| shape.number(value, shape.word()));
        let dynamic = dynamic.concat();
        for (first, has_asan) in [
            ("libasan.so.8", true),
            ("/opt/libclang_rt.asan-s390x.so", true),
            ("libubsan.so.1", false),
            ("", false),
        ] {
            let names = format!("libc.6\0{first}\0libasan.so.8\0");
            let linked = [LOADER, (1, names.as_bytes(), 1), (2, &dynamic, 8)];
            assert_eq!(file(&linked), expected(true, false, has_asan), "{first}");
        }
    }
}

#[test]
fn a_forged_header_is_read_in_bounded_time() {
    let shape = SHAPES[2];
    let huge_name = [&u32::MAX.to_le_bytes()[..], &[0xff; 64]].concat();
    let good = shape.file(62, &[LOADER, (4, &huge_name, 4)]);
    let loader = Some("/lib/ld64.so.1".to_owned());
    let machine = (2, 1, 62);
    let expected = |loader| Elf {
        machine,
        loader,
        ..Elf::default()
    };
    assert_eq!(inspect(&good), Some(expected(loader)));
    // A table of 65535 times the same segment, full of the shortest notes.
    let mut table = shape.file(62, &[(4, &[0; 4096], 4)]);
    table[54..58].copy_from_slice(&[0, 0, 0xff, 0xff]);
    assert_eq!(inspect(&table), Some(expected(None)));
    for length in [0, 4, 10, 70] {
        let _ = inspect(&good[..length]);
    }
    for (at, bytes) in [
        (54, &[0, 0, 0xff, 0xff][..]),
        (32, &[0xff; 8]),
        (40, &[0xff; 8]),
        (96, &[0xff; 8]),
        (54, &[0xff; 10]),
    ] {
        let mut forged = good.clone();
        forged[at..at + bytes.len()].copy_from_slice(bytes);
        assert!(inspect(&forged).is_none_or(|elf| !elf.is_go));
    }
    assert_eq!(inspect(b"no ELF file"), None);
    assert_eq!(read(Path::new("/no/such/file")), None);
}
