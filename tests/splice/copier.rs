// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program that copies with `std::io::copy`, which calls splice(2) where one of the
//! two is a pipe.
//!
//! `copier get ADDRESS:PORT JOB [FILE]` copies what a connection brings to standard
//! output or to a file; `copier relay ADDRESS:PORT ADDRESS:PORT COUNT` passes on what so
//! many connections to the first address bring, and what comes back.

use kit::job::{self, Job};
use std::fs::File;
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["get", address, job, file @ ..] => {
            let job: Job = job.parse()?;
            let mut connection = TcpStream::connect(address)?;
            connection.write_all(&job.head())?;
            if let Some(file) = file.first() {
                io::copy(&mut connection, &mut File::create(file)?)?;
            } else {
                io::copy(&mut connection, &mut io::stdout().lock())?;
            }
            Ok(())
        }
        ["relay", address, behind, count] => {
            let listener = TcpListener::bind(address)?;
            let count = job::number(count)?;
            let mut copying = Vec::new();
            for front in listener.incoming().take(count) {
                let front = front?;
                let back = TcpStream::connect(behind)?;
                let (front_again, back_again) = (front.try_clone()?, back.try_clone()?);
                copying.push(thread::spawn(move || pass_on(front, back)));
                copying.push(thread::spawn(move || pass_on(back_again, front_again)));
            }
            for copying in copying {
                copying.join().map_err(|_| io::Error::other("copy"))??;
            }
            Ok(())
        }
        _ => Err(io::Error::other(
            "get ADDRESS:PORT JOB [FILE], or relay ADDRESS:PORT ADDRESS:PORT COUNT",
        )),
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}
