// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the headers of an ELF file say about preloading (elf(5)).

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, ReadCache, ReadRef};
use std::fs::File;
use std::path::Path;

/// The most bytes of a header that are read, even if a forged size is larger.
const MOST: u64 = 1 << 16;

/// An ELF file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    /// Word size, byte order and processor: `EI_CLASS`, `EI_DATA` and `e_machine`.
    pub machine: (u8, u8, u16),
    /// The dynamic loader; none of a static program.
    pub loader: Option<String>,
    /// A Go program, which makes system calls without the C library.
    pub is_go: bool,
    /// The first library is AddressSanitizer's runtime.
    pub has_asan: bool,
}

impl Elf {
    /// 32 or 64.
    pub fn bits(&self) -> u8 {
        self.machine.0.saturating_mul(32)
    }
}

/// Reads the headers of a program; `None` if it is no ELF file.
pub fn read(file: &Path) -> Option<Elf> {
    read_as(file, true)
}

/// Reads the machine and the loader alone, as a library's.
pub fn read_machine(file: &Path) -> Option<Elf> {
    read_as(file, false)
}

fn read_as(file: &Path, is_program: bool) -> Option<Elf> {
    let data = ReadCache::new(File::open(file).ok()?);
    let identification = data.read_bytes_at(0, 16).ok()?;
    match identification {
        [0x7f, b'E', b'L', b'F', elf::ELFCLASS32, ..] => {
            parse::<FileHeader32<Endianness>, _>(&data, is_program)
        }
        [0x7f, b'E', b'L', b'F', elf::ELFCLASS64, ..] => {
            parse::<FileHeader64<Endianness>, _>(&data, is_program)
        }
        _ => None,
    }
}

fn parse<'data, H, R>(data: R, is_program: bool) -> Option<Elf>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, data).unwrap_or_default();
    let is_short = |segment: &&H::ProgramHeader| segment.p_filesz(endian).into() <= MOST;
    let short = || segments.iter().filter(is_short);
    let loader = short().find_map(|segment| segment.interpreter(endian, data).ok()?);
    let is_dynamic = is_program && loader.is_some();
    let has_note = |segment| has_go_note::<H, R>(segment, endian, data);
    let has_asan = |name: String| name.contains("libasan.so") || name.contains("libclang_rt.asan");
    let identification = header.e_ident();
    Some(Elf {
        machine: (
            identification.class,
            identification.data,
            header.e_machine(endian),
        ),
        loader: loader.map(|path| String::from_utf8_lossy(path).into_owned()),
        is_go: is_program && short().any(has_note)
            || is_dynamic && has_go_section(header, endian, data),
        has_asan: is_dynamic && first_library::<H, R>(segments, endian, data).is_some_and(has_asan),
    })
}

/// The build ID that the Go linker writes.
fn has_go_note<'data, H, R>(segment: &H::ProgramHeader, endian: Endianness, data: R) -> bool
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let Ok(Some(mut notes)) = segment.notes(endian, data) else {
        return false;
    };
    while let Ok(Some(note)) = notes.next() {
        if note.name() == b"Go" {
            return true;
        }
    }
    false
}

/// A Go program without a build ID has no note.
fn has_go_section<'data, H, R>(header: &H, endian: Endianness, data: R) -> bool
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    const NAME: &[u8] = b"\0.go.buildinfo\0";
    let sections = header.section_headers(endian, data).unwrap_or_default();
    let names = header.shstrndx(endian, data).ok();
    let names = names.and_then(|index| sections.get(usize::try_from(index).ok()?));
    let names = names.filter(|names| names.sh_size(endian).into() <= MOST);
    // All names at once: one by one would be a call each.
    let names = names.and_then(|names| names.data(endian, data).ok());
    names.is_some_and(|names| names.windows(NAME.len()).any(|name| name == NAME))
}

/// The first `DT_NEEDED`.
fn first_library<'data, H, R>(
    segments: &[H::ProgramHeader],
    endian: Endianness,
    data: R,
) -> Option<String>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let dynamic = segments
        .iter()
        .filter(|segment| segment.p_filesz(endian).into() <= MOST)
        .find_map(|segment| segment.dynamic(endian, data).ok()?)?;
    let value = |tag: u32| {
        let found = dynamic
            .iter()
            .find(|entry| entry.tag32(endian) == Some(tag));
        found.map(|entry| entry.d_val(endian).into())
    };
    let (name, names): (u64, u64) = (value(elf::DT_NEEDED)?, value(elf::DT_STRTAB)?);
    let offset = segments.iter().find_map(|segment| {
        let (address, size) = (
            segment.p_vaddr(endian).into(),
            segment.p_filesz(endian).into(),
        );
        let is_in = segment.p_type(endian) == elf::PT_LOAD
            && (address..address.saturating_add(size)).contains(&names);
        is_in.then(|| names - address + segment.p_offset(endian).into())
    })?;
    let start = offset.checked_add(name)?;
    let end = data.len().ok()?.min(start.checked_add(256)?);
    let name = data.read_bytes_at_until(start..end, 0).ok()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests;
