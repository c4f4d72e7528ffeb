// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who waits for somebody to connect to a listener.

use super::event::Event;
use super::how::{How, Waiter};
use super::{Wait, NOT_WOKEN};
use crate::call::{self, must, say, Fd};
use crate::elsewhere::{LONG, SHORT};
use crate::scene::Scene;
use libc::POLLIN;

pub fn play(wait: Wait, scene: &Scene) -> String {
    let Wait { how, event, .. } = wait;
    let listener = scene.listener();
    call::non_blocking(listener, how != How::Blocking);
    let waiter = Waiter::new(how, listener, POLLIN).look();
    let waiting = waiter.wait(move || accepted(listener));
    let caller = match event {
        Event::Called => Some(scene.caller(listener)),
        Event::Disconnected => {
            let nothing = scene.any(0).with_family(libc::AF_UNSPEC);
            must(call::connect(listener, &nothing));
            None
        }
        _ => {
            event.shut_down(listener);
            None
        }
    };
    let woken = waiting.woken(match event {
        Event::OwnShutWr => SHORT,
        _ => LONG,
    });
    call::non_blocking(listener, true);
    if event == Event::OwnShutWr && woken.is_none() {
        // It still listens.
        let _caller = scene.caller(listener);
        let then = waiting.woken(LONG).unwrap_or_else(|| NOT_WOKEN.to_owned());
        return format!("{NOT_WOKEN}; then called: {then}");
    }
    let woken = woken.unwrap_or_else(|| NOT_WOKEN.to_owned());
    let after = accepted(listener);
    // Until here.
    drop(caller);
    format!("{woken}; accept {after}")
}

fn accepted(listener: Fd) -> String {
    match call::accept(listener, 0) {
        -1 => say(-1),
        _ => "accepted".to_owned(),
    }
}
