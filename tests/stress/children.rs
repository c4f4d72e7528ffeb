// SPDX-License-Identifier: MIT OR Apache-2.0
//! Child processes made with fork(2).

use crate::traffic;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;

/// A child process; killed and waited for when dropped.
pub struct Child {
    id: libc::pid_t,
    said: UnixStream,
}

impl Child {
    /// Forks; the child does `work`, says its result and ends at once, without
    /// the destructors and exit handlers of the copied process.
    pub fn fork(work: impl FnOnce() -> io::Result<String>) -> io::Result<Self> {
        let (said, mut saying) = UnixStream::pair()?;
        // SAFETY: the child ends in `_exit`, whatever happens to its copy of
        // this process's threads.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                drop(said);
                let status = match work() {
                    Ok(text) => i32::from(saying.write_all(text.as_bytes()).is_err()),
                    Err(error) => {
                        eprintln!("in the child: {error}");
                        1
                    }
                };
                // SAFETY: it only ends the process.
                unsafe { libc::_exit(status) }
            }
            id => Ok(Self { id, said }),
        }
    }

    /// Waits for the end; what the child said, if it was content.
    pub fn said(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.said.read_to_string(&mut text)?;
        match self.wait()? {
            0 => Ok(text),
            status => Err(io::Error::other(format!(
                "the child ended with {status:#x}"
            ))),
        }
    }

    fn wait(&mut self) -> io::Result<i32> {
        let mut status = 0;
        // SAFETY: `status` is valid for the kernel to fill.
        let answer = unsafe { libc::waitpid(self.id, &raw mut status, 0) };
        self.id = 0;
        if answer == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(status)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.id > 0 {
            // SAFETY: a child that has not been waited for.
            unsafe { libc::kill(self.id, libc::SIGKILL) };
            let _ = self.wait();
        }
    }
}

/// A server process for `listener`, ended when dropped.
pub fn server(listener: TcpListener) -> io::Result<(Child, SocketAddr)> {
    let address = listener.local_addr()?;
    let child = Child::fork(|| {
        traffic::serve(&listener)?;
        Ok(String::new())
    })?;
    drop(listener);
    Ok((child, address))
}
