// SPDX-License-Identifier: MIT OR Apache-2.0
//! A connect of a socket with `SO_SNDTIMEO`, which bounds it on TCP (socket(7)):
//! EINPROGRESS then, and the connection goes on. SMC waits on, or gives it up.

use super::connect_call::Call;
use super::connect_errors;
use crate::convert::{demote, saved_options};
use crate::engine::Engine;
use crate::fd_table::{self, Field, Records};
use crate::identity;
use crate::panics::caught;
use crate::sys::{self, Errno};
use libc::{EINPROGRESS, O_NONBLOCK, SOL_SOCKET, SO_ERROR};
use std::ffi::c_int;
use std::time::Duration;

/// Makes the call within the limit of its socket.
#[cold]
pub fn make(call: Call<impl Engine>) -> c_int {
    let limit = caught(|| Limit::take(call.fd)).flatten();
    let answer = call.make();
    let limited = limit.and_then(|limit| caught(|| limit.wait(call, answer)));
    limited.unwrap_or(answer)
}

/// The limit of a connect, taken from its socket, which does not block meanwhile.
struct Limit {
    microseconds: u64,
    /// The program's status flags.
    flags: c_int,
}

impl Limit {
    fn take(fd: c_int) -> Option<Self> {
        let flags = sys::fcntl(fd, libc::F_GETFL, 0).unwrap_or(0);
        let microseconds = saved_options::send_timeout(fd).filter(|_| identity::is_smc(fd))?;
        if saved_options::save_send_timeout(fd, microseconds).is_err() {
            demote::to_tcp(fd);
            return None;
        }
        // Without it the kernel's own worker does not give up.
        saved_options::set_send_timeout(fd, 0);
        if flags & O_NONBLOCK == 0 {
            let _ = sys::fcntl(fd, libc::F_SETFL, flags | O_NONBLOCK);
        }
        Some(Self {
            microseconds,
            flags,
        })
    }

    /// What the program gets, given the call's answer.
    fn wait(self, call: Call<impl Engine>, mut answer: c_int) -> c_int {
        let (fd, blocks) = (call.fd, self.flags & O_NONBLOCK == 0);
        let goes_on_alone = answer == -1 && Errno::current().0 == EINPROGRESS;
        if goes_on_alone && !blocks {
            return answer;
        }
        if goes_on_alone {
            connect_errors::goes_on(call);
            let limit = Duration::from_micros(self.microseconds);
            match sys::wait_for(fd, libc::POLLOUT, limit) {
                Err(error) => error.set(),
                Ok(0) => {}
                Ok(seen) => {
                    let error = sys::get_int_option(fd, SOL_SOCKET, SO_ERROR).unwrap_or(0);
                    let error = connect_errors::reason(fd, error, seen);
                    fd_table::connect_ended(fd);
                    if error == 0 {
                        answer = 0;
                    } else {
                        Errno(error).set();
                    }
                }
            }
        }
        let after = Errno::current();
        if blocks {
            let _ = sys::fcntl(fd, libc::F_SETFL, self.flags);
        }
        let _ = Records::take(fd, Field::SendTimeout);
        saved_options::set_send_timeout(fd, self.microseconds);
        after.set();
        answer
    }
}
