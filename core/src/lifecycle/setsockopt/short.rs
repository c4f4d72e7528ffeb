// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values shorter than an `int`, which SMC applies and then reports as EINVAL.

use super::{Call, INT};
use crate::convert::demote;
use crate::engine::Engine;
use crate::sys::{self, Errno};
use libc::{EFAULT, EINVAL, IPPROTO_IP, IPPROTO_TCP};
use std::ffi::c_int;

impl<E: Engine> Call<E> {
    /// A value shorter than an `int`: the same value as four bytes where that
    /// means the same.
    pub(super) fn set_short(self) -> c_int {
        let mut bytes = [0; INT as usize - 1];
        let bytes = bytes.get_mut(..self.length as usize).unwrap_or_default();
        let is_congestion = (self.level, self.name) == (IPPROTO_TCP, libc::TCP_CONGESTION);
        let bytes = match sys::copy_from_program(self.value, bytes) {
            Some(bytes) => bytes,
            None if self.length > 0 && (self.level == IPPROTO_IP || is_congestion) => {
                Errno(EFAULT).set();
                return -1;
            }
            None => &[],
        };
        let is_clear =
            self.level == IPPROTO_IP && self.name == libc::IP_OPTIONS && bytes.is_empty();
        if self.level == IPPROTO_IP && !is_clear {
            let wide = if self.name == libc::IP_OPTIONS {
                padded(bytes)
            } else {
                // ip(7): the kernel takes one byte, or none for zero.
                c_int::from(bytes.first().copied().unwrap_or(0)).to_ne_bytes()
            };
            return self.make_with(wide);
        }
        if is_congestion && !bytes.is_empty() {
            return self.make_with(padded(bytes));
        }
        let answer = self.make();
        if answer == 0 || Errno::current().0 != EINVAL {
            return answer;
        }
        if is_clear {
            return 0;
        }
        if demote::to_tcp(self.fd) {
            return self.make();
        }
        answer
    }
}

/// The bytes and zeroes behind them: names end there, IP options too.
fn padded(bytes: &[u8]) -> [u8; 4] {
    let mut wide = [0; 4];
    for (to, from) in wide.iter_mut().zip(bytes) {
        *to = *from;
    }
    wide
}
