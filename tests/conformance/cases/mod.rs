// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases, by subject.

mod accept;
mod bind;
mod close;
mod connect;
mod identity;
mod ioctl;
mod option_calls;
mod option_rows;
mod options;
mod pending;
mod poll;
mod receive;
mod reuseport;
mod send;
mod sharing;
mod shutdown;
mod signals;

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
}

impl Case {
    pub fn play(&self, scene: &Scene) -> String {
        match self.body {
            Body::Alone(body) => body(scene),
            Body::WithRow(body, row) => body(scene, row),
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
    let subjects: [&[Entry]; 15] = [
        identity::CASES,
        bind::CASES,
        reuseport::CASES,
        option_calls::CASES,
        connect::CASES,
        pending::CASES,
        accept::CASES,
        poll::CASES,
        send::CASES,
        receive::CASES,
        shutdown::CASES,
        close::CASES,
        ioctl::CASES,
        signals::CASES,
        sharing::CASES,
    ];
    let entries = subjects.into_iter().flatten();
    let alone = entries.map(|&(name, families, body)| Case {
        name: name.to_owned(),
        families,
        body: Body::Alone(body),
    });
    alone.chain(options::cases()).collect()
}
