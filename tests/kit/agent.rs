// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs shell scripts for the tests: `agent ADDRESS:PORT`. See `kit::machine`.

use std::net::TcpListener;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_default();
    kit::machine::serve(&TcpListener::bind(address)?);
    Ok(())
}
