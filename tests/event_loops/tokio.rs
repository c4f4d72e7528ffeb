// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program on tokio that does the jobs of `kit::job`: `loop-tokio listen ADDRESS
//! PORT LIMIT COUNT`, `loop-tokio connect ADDRESS PORT LIMIT JOB…`. A report for each
//! connection; after LIMIT seconds for those that are unfinished, too.
//!
//! tokio registers for edges, and after a send that took only a part it waits for one.

use kit::job::{self, Job, Progress, HEAD};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

type Shared = Arc<Mutex<Progress>>;
/// Of all connections.
type All = Mutex<Vec<Shared>>;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (listens, address, limit, rest) = job::arguments(&arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let all = All::default();
    let limit = Duration::from_secs(limit);
    let work = async { timeout(limit, work(listens, address, rest, &all)).await };
    let Ok(ended) = runtime.block_on(work) else {
        for progress in lock(&all).iter() {
            lock(progress).print_if_unfinished();
        }
        return Err(io::Error::from(io::ErrorKind::TimedOut));
    };
    ended
}

async fn work(listens: bool, address: SocketAddr, rest: &[&str], all: &All) -> io::Result<()> {
    let mut jobs = JoinSet::new();
    if listens {
        let listener = TcpListener::bind(address).await?;
        for _ in 0..job::number(rest.first().unwrap_or(&""))? {
            let (mut connection, _) = listener.accept().await?;
            let mut head = [0; HEAD];
            connection.read_exact(&mut head).await?;
            let job = String::from_utf8_lossy(&head).parse()?;
            begin(&mut jobs, connection, &job, listens, all);
        }
    } else {
        for job in rest {
            let job: Job = job.parse()?;
            let mut connection = TcpStream::connect(address).await?;
            connection.write_all(&job.head()).await?;
            begin(&mut jobs, connection, &job, listens, all);
        }
    }
    while jobs.join_next().await.is_some() {}
    Ok(())
}

/// Sends and receives at once.
fn begin(jobs: &mut JoinSet<()>, connection: TcpStream, job: &Job, listens: bool, all: &All) {
    let progress = Arc::new(Mutex::new(Progress::new(job, !listens)));
    lock(all).push(Arc::clone(&progress));
    let (reading, writing) = connection.into_split();
    jobs.spawn(receive(reading, Arc::clone(&progress)));
    jobs.spawn(send(writing, progress));
}

async fn send(mut connection: OwnedWriteHalf, progress: Shared) {
    let sent = async {
        loop {
            let piece = lock(&progress).piece();
            if piece.is_empty() {
                return connection.shutdown().await;
            }
            connection.write_all(piece).await?;
            lock(&progress).went(piece.len());
        }
    };
    let sent = sent.await;
    lock(&progress).sending_ended(sent);
}

async fn receive(mut connection: OwnedReadHalf, progress: Shared) {
    let received = async {
        let mut piece = vec![0; 64 << 10];
        loop {
            match connection.read(&mut piece).await? {
                0 => return Ok(()),
                count => lock(&progress).came(piece.get(..count).unwrap_or_default()),
            }
        }
    };
    let received = received.await;
    lock(&progress).receiving_ended(received);
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
