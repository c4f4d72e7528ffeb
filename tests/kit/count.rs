// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints what the kernel has counted of SMC: one `name: count` a line. `count groups`
//! prints its link groups instead: kind and number.

fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("groups") {
        for group in kit::counters::groups()? {
            println!("{group}");
        }
        return Ok(());
    }
    print!("{}", kit::counters::Counters::read()?);
    Ok(())
}
