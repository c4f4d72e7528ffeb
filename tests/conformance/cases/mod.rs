// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases, by subject.

mod accept;
mod again;
mod bind;
mod bind_options;
mod close;
mod connect;
mod devices;
mod edges;
mod identity;
mod ioctl;
mod lost;
mod memory;
mod option_calls;
mod option_rows;
mod options;
mod pending;
mod poll;
mod receive;
mod resume;
mod resume_keeps;
mod reuseport;
mod send;
mod sharing;
mod short_sends;
mod shutdown;
mod signals;
mod splice;
mod splice_calls;
mod tcp_info;
mod urgent;
mod waits;

use crate::scene::{Family, Scene};

/// A small piece of a program, and what it sees as one line of text: the same
/// text whenever it runs on the same kernel over TCP.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub families: &'static [Family],
    body: Body,
}

#[derive(Clone, Copy)]
enum Body {
    Alone(fn(&Scene) -> String),
    WithRow(
        fn(&Scene, &option_rows::Row) -> String,
        &'static option_rows::Row,
    ),
    Waits(waits::Wait),
}

impl Case {
    pub fn play(&self, scene: &Scene) -> String {
        match self.body {
            Body::Alone(body) => body(scene),
            Body::WithRow(body, row) => body(scene, row),
            Body::Waits(wait) => wait.play(scene),
        }
    }
}

const V4: &[Family] = &[Family::V4];
const BOTH: &[Family] = &[Family::V4, Family::V6];
const ALL: &[Family] = &[Family::V4, Family::V6, Family::Mapped];

/// Name, families, body.
type Entry = (&'static str, &'static [Family], fn(&Scene) -> String);

/// All cases, in the order of the table.
pub fn all() -> Vec<Case> {
    let subjects: [&[Entry]; 28] = [
        identity::CASES,
        bind::CASES,
        reuseport::CASES,
        option_calls::CASES,
        connect::CASES,
        again::CASES,
        pending::CASES,
        memory::CASES,
        accept::CASES,
        resume::CASES,
        resume_keeps::CASES,
        devices::CASES,
        bind_options::CASES,
        poll::CASES,
        edges::CASES,
        lost::CASES,
        send::CASES,
        short_sends::CASES,
        urgent::CASES,
        receive::CASES,
        splice::CASES,
        splice_calls::CASES,
        shutdown::CASES,
        close::CASES,
        ioctl::CASES,
        tcp_info::CASES,
        signals::CASES,
        sharing::CASES,
    ];
    let entries = subjects.into_iter().flatten();
    let alone = entries.map(|&(name, families, body)| Case {
        name: name.to_owned(),
        families,
        body: Body::Alone(body),
    });
    alone
        .chain(options::cases())
        .chain(waits::cases())
        .collect()
}
