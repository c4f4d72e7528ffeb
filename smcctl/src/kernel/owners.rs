// SPDX-License-Identifier: MIT OR Apache-2.0
//! The processes of sockets, and the endpoints of a process's socket.

use super::attributes::text;
use super::endpoints::Endpoints;
use crate::system::process::Process;
use foldhash::{HashMap, HashSet};
use rustix::fs::{openat, readlinkat_raw, Mode, OFlags, RawDir, CWD};
use rustix::io::Errno;
use rustix::net::{getpeername, getsockname};
use std::fs;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

/// The maximum number of threads, enough for ten thousand descriptors.
const MAX_THREADS: usize = 8;

/// A process with a descriptor of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its PID.
    pub pid: u32,
    /// Its lowest descriptor of the socket.
    pub descriptor: i32,
}

/// The program of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its file; empty if this user may not see it.
    pub file: PathBuf,
}

/// The processes of sockets.
#[derive(Debug, Default)]
pub struct Owners {
    by_inode: HashMap<u64, Vec<Owner>>,
    programs: HashMap<u32, Program>,
    /// Whether there are processes that this user may not inspect.
    pub are_hidden: bool,
}

impl Owners {
    /// Searches the descriptors of all visible processes for sockets with these inodes.
    /// In several threads, since the kernel creates a link for each descriptor.
    #[must_use]
    pub fn find(wanted: &HashSet<u64>) -> Self {
        let processes: Vec<u32> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        let shares = thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(MAX_THREADS);
        let processes = processes.as_slice();
        let share = move |first: usize| {
            let mut owners = Self::default();
            for pid in processes.iter().skip(first).step_by(shares) {
                // A process that has ended meanwhile is not hidden.
                if let Err(Errno::ACCESS | Errno::PERM) = owners.search(*pid, wanted) {
                    owners.are_hidden = true;
                }
            }
            owners
        };
        let mut owners = Self::default();
        thread::scope(|scope| {
            let start = |first| thread::Builder::new().spawn_scoped(scope, move || share(first));
            let others: Vec<_> = (1..shares).map(|first| (first, start(first))).collect();
            owners.merge(share(0));
            for (first, other) in others {
                // If a thread cannot be created, this one does its part.
                owners.merge(match other.map(thread::ScopedJoinHandle::join) {
                    Ok(Ok(found)) => found,
                    Ok(Err(panic)) => resume_unwind(panic),
                    Err(_) => share(first),
                });
            }
        });
        for owners in owners.by_inode.values_mut() {
            owners.sort_unstable_by_key(|owner| owner.pid);
        }
        owners
    }

    fn merge(&mut self, others: Self) {
        for (inode, owners) in others.by_inode {
            self.by_inode.entry(inode).or_default().extend(owners);
        }
        self.programs.extend(others.programs);
        self.are_hidden |= others.are_hidden;
    }

    fn search(&mut self, pid: u32, wanted: &HashSet<u64>) -> Result<(), Errno> {
        let directory = openat(
            CWD,
            format!("/proc/{pid}/fd"),
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let mut entries = [MaybeUninit::uninit(); 8192];
        let mut entries = RawDir::new(&directory, &mut entries);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let mut link = [MaybeUninit::uninit(); 64];
            let Ok((link, _)) = readlinkat_raw(&directory, entry.file_name(), &mut link) else {
                continue;
            };
            let Some(inode) = inode_in(link).filter(|inode| wanted.contains(inode)) else {
                continue;
            };
            let number = entry.file_name().to_str().ok();
            if let Some(descriptor) = number.and_then(|number| number.parse().ok()) {
                self.add(inode, Owner { pid, descriptor });
            }
        }
        Ok(())
    }

    fn add(&mut self, inode: u64, owner: Owner) {
        let owners = self.by_inode.entry(inode).or_default();
        match owners.last_mut() {
            // A duplicate of the descriptor.
            Some(last) if last.pid == owner.pid => {
                last.descriptor = last.descriptor.min(owner.descriptor);
            }
            _ => owners.push(owner),
        }
        self.programs
            .entry(owner.pid)
            .or_insert_with(|| program_of(owner.pid));
    }

    /// Returns the processes of a socket, sorted by PID.
    #[must_use]
    pub fn of(&self, inode: u64) -> &[Owner] {
        self.by_inode.get(&inode).map_or(&[], Vec::as_slice)
    }

    /// Returns the program of a process.
    #[must_use]
    pub fn program(&self, pid: u32) -> Option<&Program> {
        self.programs.get(&pid)
    }
}

/// Parses the inode in `socket:[NUMBER]`.
fn inode_in(link: &[u8]) -> Option<u64> {
    let number = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The inode of a socket of this process.
#[must_use]
pub fn inode_of_own(descriptor: i32) -> Option<u64> {
    let link = fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    inode_in(link.as_os_str().as_encoded_bytes())
}

fn program_of(pid: u32) -> Program {
    /// The maximum length of the name in the kernel.
    const MAX_COMM: usize = 15;
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let mut name = text(name.trim_ascii_end());
    let file = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let file_name = file.file_name().unwrap_or_default();
    let whole = text(file_name.as_encoded_bytes());
    let whole = whole.trim_end_matches(" (deleted)");
    if name.len() == MAX_COMM && whole.starts_with(&name) {
        whole.clone_into(&mut name);
    }
    Program { name, file }
}

/// Reads the endpoints of a process's socket. `None` if this user may not, or if it is
/// closed.
#[must_use]
pub fn endpoints_of(owner: Owner) -> Option<Endpoints> {
    let socket = Process::of(owner.pid)?.descriptor(owner.descriptor)?;
    let local = SocketAddr::try_from(getsockname(&socket).ok()?).ok()?;
    let peer = getpeername(&socket).ok().flatten();
    let unspecified: IpAddr = match local {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    Some(Endpoints {
        local: canonical(local),
        peer: peer
            .and_then(|peer| SocketAddr::try_from(peer).ok())
            .map_or(SocketAddr::new(unspecified, 0), canonical),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    #[test]
    fn this_process_is_found_with_its_endpoints() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let copy = listener.try_clone().unwrap();
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = inode_of_own(listener.as_raw_fd()).unwrap();
        let owners = Owners::find(&HashSet::from_iter([inode]));
        let owner = Owner {
            pid: std::process::id(),
            descriptor: listener.as_raw_fd().min(copy.as_raw_fd()),
        };
        assert_eq!(owners.of(inode), [owner]);
        let other = inode_of_own(other.as_raw_fd()).unwrap();
        assert_eq!(owners.of(other), [], "it was not requested");
        let program = owners.program(owner.pid).unwrap();
        assert_eq!(program.file, std::env::current_exe().unwrap());
        let endpoints = endpoints_of(owner).unwrap();
        assert_eq!(endpoints.local, listener.local_addr().unwrap());
        assert_eq!(endpoints.peer, "0.0.0.0:0".parse().unwrap());
    }

    #[test]
    fn only_links_to_sockets_have_an_inode() {
        assert_eq!(inode_in(b"socket:[77]"), Some(77));
        for other in ["pipe:[77]", "/dev/null", "socket:[", "socket:[x]", ""] {
            assert_eq!(inode_in(other.as_bytes()), None, "{other}");
        }
    }
}
