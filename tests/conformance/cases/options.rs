// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each option of the rows: set and read on a new socket, around connect, and
//! on a listener and what it hands down.

use super::option_rows::{Row, Stages, ROWS};
use super::{Body, Case};
use crate::call::{self, must, say, Fd};
use crate::scene::Scene;

type Stage = fn(&Scene, &Row) -> String;

pub fn cases() -> impl Iterator<Item = Case> {
    ROWS.iter().flat_map(|row| {
        let stages: &[(&str, Stage)] = match row.stages {
            Stages::Fresh => &[("new socket", fresh)],
            Stages::Connecting => &[("new socket", fresh), ("connected", connected)],
            Stages::All => &[
                ("new socket", fresh),
                ("connected", connected),
                ("listener", listener),
            ],
        };
        // Only a fallback could lose them, and it does not lose others.
        let is_lost: bool = row.level == libc::SOL_SOCKET && row.stages != Stages::Fresh;
        let later = ("connected without blocking", connected_later as Stage);
        let stages = stages.iter().copied().chain(is_lost.then_some(later));
        stages.map(move |(stage, body)| Case {
            name: format!("{}, {stage}", row.title()),
            families: row.families,
            body: Body::WithRow(body, row),
        })
    })
}

impl Row {
    fn title(&self) -> String {
        match (self.name.starts_with("option"), self.level) {
            (true, libc::SOL_SOCKET) => format!("SOL_SOCKET {}", self.name),
            (true, libc::IPPROTO_TCP) => format!("IPPROTO_TCP {}", self.name),
            (true, libc::IPPROTO_IP) => format!("IPPROTO_IP {}", self.name),
            (true, _) => format!("IPPROTO_IPV6 {}", self.name),
            (false, _) => self.name.to_owned(),
        }
    }

    fn set(&self, fd: Fd) -> String {
        say(call::set(fd, self.level, self.option, &self.value.bytes()))
    }

    fn get(&self, fd: Fd) -> String {
        let room = u32::try_from(self.value.bytes().len()).unwrap_or(0).max(4);
        call::get(fd, self.level, self.option, room)
    }
}

fn fresh(scene: &Scene, row: &Row) -> String {
    let socket = scene.socket();
    let (before, set, after) = (row.get(socket), row.set(socket), row.get(socket));
    format!("was {before}; set {set}; is {after}")
}

fn connected(scene: &Scene, row: &Row) -> String {
    let socket = scene.socket();
    let early = row.set(socket);
    let _peer = scene.connect(socket);
    let kept = row.get(socket);
    let (late, after) = (row.set(socket), row.get(socket));
    format!("set {early}; after connect {kept}; set {late}; is {after}")
}

fn connected_later(scene: &Scene, row: &Row) -> String {
    let (mut peer, address) = scene.listening_peer();
    let socket = scene.non_blocking_socket();
    let early = row.set(socket);
    let answer = say(call::connect(socket, &address));
    call::wait_for(socket, libc::POLLOUT);
    let error = call::get_int(socket, libc::SOL_SOCKET, libc::SO_ERROR);
    peer.must("accept");
    format!("set {early}; {answer}; {error}; is {}", row.get(socket))
}

fn listener(scene: &Scene, row: &Row) -> String {
    let listener = scene.socket();
    must(call::bind(listener, &scene.any(0)));
    let early = row.set(listener);
    must(call::listen(listener, 8));
    let kept = row.get(listener);
    let (child, _peer) = scene.accepted_by(listener);
    let inherited = row.get(child);

    let later = scene.listener();
    let (late, after) = (row.set(later), row.get(later));
    let (second, _second_peer) = scene.accepted_by(later);
    let handed_down = row.get(second);
    format!(
        "set {early}; after listen {kept}; child {inherited}; \
         set after listen {late}; is {after}; child {handed_down}"
    )
}
