// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints what the kernel has counted of SMC: one `name: count` a line.

fn main() -> std::io::Result<()> {
    print!("{}", kit::counters::Counters::read()?);
    Ok(())
}
