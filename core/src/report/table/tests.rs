// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;

/// A table is zeroed memory.
fn table() -> Box<Table> {
    let zero = || AtomicU64::new(0);
    let table = Box::new(Table {
        without_connect: AtomicU32::new(0),
        layout: zero(),
        changes: AtomicU32::new(0),
        asleep: AtomicU32::new(0),
        cursor: AtomicU32::new(0),
        done: AtomicU32::new(0),
        programs: AtomicU32::new(0),
        more_executed: AtomicU32::new(0),
        executed: std::array::from_fn(|_| Executed::default()),
        reader: std::array::from_fn(|_| zero()),
        overflow: std::array::from_fn(|_| zero()),
        dirty: std::array::from_fn(|_| zero()),
        slots: std::array::from_fn(|_| Slot::default()),
    });
    table.begin();
    table
}

fn entry(port: u16) -> Entry {
    Entry {
        facts: Facts {
            role: Role::Accepting,
            port,
            before: Kind::Smc,
            made: Kind::Smc,
            is: Kind::Tcp,
            has_copies: false,
        },
        process: 7,
        inode: 1 << 40,
        address: u128::MAX - 5,
    }
}

fn dirty(table: &Table) -> Vec<Ticket> {
    let mut found = Vec::new();
    table.take_dirty(|ticket| found.push(ticket));
    found
}

#[test]
fn what_is_written_is_read() {
    let table = table();
    for port in [0, 1, 443, u16::MAX] {
        let ticket = table.write(&entry(port), Phase::Made).unwrap();
        assert_eq!(dirty(&table), [ticket]);
        assert_eq!(table.slot(ticket).unwrap().entry(), entry(port));
        assert_eq!(Ticket::from_number(ticket.number()), Some(ticket));
    }
    assert_eq!(dirty(&table), []);
    assert_eq!(Ticket::from_number(0), None);
}

#[test]
fn a_slot_that_is_used_again_is_another_connections() {
    let table = table();
    let first = table.write(&entry(1), Phase::Made).unwrap();
    assert!(table.waits_on(first).is_some());
    assert_eq!(table.free(first, Phase::Made), Some(false));
    assert_eq!(table.free(first, Phase::Made), None);
    assert!(table.waits_on(first).is_none());
    for _ in 0..SLOTS {
        let next = table.write(&entry(2), Phase::Connecting).unwrap();
        assert_ne!(next, first);
    }
    assert_eq!(table.phase(first), Phase::Free);
    assert!(!table.step(first, Phase::Connecting, Phase::Made));
}

#[test]
fn a_full_table_is_no_place_and_no_loss() {
    let table = table();
    let mut tickets: Vec<_> = (0..SLOTS)
        .map(|_| table.write(&entry(1), Phase::Made).unwrap())
        .collect();
    assert_eq!(table.write(&entry(1), Phase::Made), None);
    table.add_overflow(Role::Accepting, Kind::Tcp);
    assert_eq!(table.overflow(Role::Accepting, Kind::Tcp), 1);
    assert_eq!(table.overflow(Role::Connecting, Kind::Tcp), 0);
    // They were given in order.
    let mut found = dirty(&table);
    assert_eq!(found.len(), SLOTS);
    found.sort_by_key(|ticket| ticket.slot);
    tickets.sort_by_key(|ticket| ticket.slot);
    assert_eq!(found, tickets);
}

#[test]
fn what_has_no_slot_is_known_by_its_process() {
    let table = table();
    let ticket = Ticket::without_slot(7);
    assert_eq!(Ticket::from_number(ticket.number()), Some(ticket));
    assert_eq!(ticket.slotless_of(), Some(7));
    assert!(table.slot(ticket).is_none() && table.waits_on(ticket).is_none());
    assert_eq!(table.phase(ticket), Phase::Free);
    let with = table.write(&entry(1), Phase::Made).unwrap();
    assert_eq!(with.slotless_of(), None);
}

#[test]
fn what_a_process_has_begun_is_found() {
    let table = table();
    let begun = table.write(&entry(1), Phase::Connecting).unwrap();
    let _made = table.write(&entry(2), Phase::Made).unwrap();
    let mut others = entry(3);
    others.process += 1;
    let _others = table.write(&others, Phase::Connecting).unwrap();
    let found: Vec<_> = table.begun_by(entry(1).process).collect();
    assert_eq!(found, [(begun, entry(1))]);
}

/// A process that is killed between two instructions.
#[test]
fn what_nobody_rang_for_is_found_in_the_end() {
    let table = table();
    let made = table.write(&entry(1), Phase::Made).unwrap();
    let begun = table.write(&entry(2), Phase::Connecting).unwrap();
    let _ = dirty(&table);
    let all = |table: &Table| {
        let mut found = Vec::new();
        table.all(|ticket| found.push(ticket));
        found
    };
    assert_eq!(all(&table), [made, begun]);
    assert_eq!(table.free(made, Phase::Made), Some(false));
    assert_eq!(all(&table), [begun]);
}

#[test]
fn copies_are_noted_and_nothing_else_changes() {
    let table = table();
    let ticket = table.write(&entry(9), Phase::Connecting).unwrap();
    let slot = table.slot(ticket).unwrap();
    slot.put_copies();
    let mut expected = entry(9);
    expected.facts.has_copies = true;
    assert_eq!(slot.entry(), expected);
}

#[test]
fn whoever_sleeps_is_to_be_woken() {
    let table = table();
    assert!(!table.notify());
    table.sleeps(true);
    assert!(table.notify());
    assert_eq!(table.changes_value(), 2);
}

#[test]
fn nobody_reads_until_the_mutex_has_an_owner() {
    let table = table();
    assert!(table.is_valid());
    assert!(!table.is_read());
    table.mutex()[0].store(u64::from_ne_bytes([9, 0, 0, 0, 1, 0, 0, 0]), Relaxed);
    assert!(table.is_read());
    // FUTEX_OWNER_DIED, with a waiter.
    table.mutex()[0].store(
        u64::from(0xc000_0000_u32).rotate_left(if cfg!(target_endian = "big") { 32 } else { 0 }),
        Relaxed,
    );
    assert!(!table.is_read());
}

#[test]
fn programs_without_the_library_are_left() {
    let table = table();
    let left = || -> Vec<String> { table.without_library().collect() };
    table.executes(7, b"has it");
    table.executes(8, b"");
    table.executes(9, b"a name of more than sixteen");
    table.has_library(7);
    assert_eq!(left(), ["", "a name of more t"]);
    table.has_library(8);
    // A number that is used again is another process.
    table.executes(9, b"b");
    assert_eq!(left(), ["b", "a name of more t"]);
    table.has_library(9);
    assert_eq!(left(), ["a name of more t"]);
    for process in (10..).take(PLACES - 1) {
        table.executes(process, b"c");
    }
    assert!(!table.may_be_more_without_library());
    table.executes(9, b"d");
    assert!(table.may_be_more_without_library());
    assert_eq!(left().len(), PLACES);
}
