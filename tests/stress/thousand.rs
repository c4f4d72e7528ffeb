// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many connections open at once, data on its way in each of them.

use crate::traffic::{listener, message, Kinds};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

/// Bytes in each direction.
const LENGTH: usize = 1500;

/// All open, then all sent, then all answered, then all checked.
pub fn run(connections: usize) -> io::Result<()> {
    let listener = listener()?;
    let address = listener.local_addr()?;
    let mut kinds = Kinds::default();
    kinds.ask("listener", &listener)?;
    let accepting = thread::spawn(move || -> io::Result<Vec<TcpStream>> {
        let accept = |_| listener.accept().map(|(stream, _)| stream);
        (0..connections).map(accept).collect()
    });
    let mut clients = (0..connections)
        .map(|_| TcpStream::connect(address))
        .collect::<io::Result<Vec<_>>>()?;
    let mut servers = accepting
        .join()
        .map_err(|_| io::Error::other("the acceptor panicked"))??;

    for (number, client) in clients.iter_mut().enumerate() {
        kinds.ask("client", client)?;
        client.write_all(&number.to_le_bytes())?;
        client.write_all(&message(number, LENGTH))?;
    }
    // In the order of acceptance, which need not be that of connecting.
    for server in &mut servers {
        kinds.ask("accepted", server)?;
        let mut number = [0; size_of::<usize>()];
        server.read_exact(&mut number)?;
        let number = usize::from_le_bytes(number);
        expect(server, number)?;
        server.write_all(&message(number + connections, LENGTH))?;
    }
    for (number, client) in clients.iter_mut().enumerate() {
        expect(client, number + connections)?;
    }
    print!("{kinds}");
    Ok(())
}

fn expect(stream: &mut TcpStream, number: usize) -> io::Result<()> {
    let mut received = [0; LENGTH];
    stream.read_exact(&mut received)?;
    if message(number, LENGTH) == received {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "message {number} arrived changed"
        )))
    }
}
