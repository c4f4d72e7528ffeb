// SPDX-License-Identifier: MIT OR Apache-2.0
//! What writers do: arguments of `writer.c`. Times of readers are in milliseconds.

/// A reader that sleeps for longer than the two seconds that SMC waits, however
/// slowly the writer begins.
const ASLEEP: &str = "reader=5000 65536 0 -";
/// One that is as slow as a modem was.
const SLOW: &str = "reader=0 8192 20 -";
const FAST: &str = "reader=0 65536 0 -";

/// What the kernel was seen to lose, and what it was not seen to lose in the same
/// place: a table of measurements became this list.
pub const LOSSES: [&str; 15] = [
    "bytes=7400 write=small act=none then=_exit",
    "bytes=1000 write=cork act=none then=_exit",
    "bytes=1000 write=more act=none then=_exit",
    "bytes=1000 write=cork act=close then=live",
    "bytes=1000 write=more act=close then=live",
    "bytes=1000 write=cork act=shut-wr then=live",
    "write=fill act=close then=live reader=4500 65536 0 -",
    "write=fill act=close then=_exit reader=4500 65536 0 -",
    "write=fill act=shut-wr then=live reader=4500 65536 0 -",
    "write=fill act=none then=_exit reader=4500 65536 0 -",
    "bytes=131072 write=non-blocking act=close then=live reader=0 8192 20 -",
    "bytes=131072 write=non-blocking act=shut-wr then=live reader=0 8192 20 -",
    "bytes=131072 write=non-blocking act=none then=_exit reader=0 8192 20 -",
    "linger=1,30 write=fill act=close then=live reader=4500 65536 0 -",
    "write=fill act=wait then=_exit reader=4500 65536 0 -",
];

/// What is done to a socket while the process goes on.
const ACTS: [&str; 8] = [
    "close",
    "shut-wr",
    "shut-rdwr",
    "shut-and-close",
    "dup2",
    "dup3",
    "close_range",
    "closefrom",
];

/// The end of the process. (Of `execl`, `execlp` and `execle` hears what Rust 1.88 or
/// later builds for x86-64.)
const ENDS: [&str; 12] = [
    "exit",
    "_exit",
    "_Exit",
    "quick_exit",
    "return",
    "exec",
    "execl",
    "execlp",
    "execle",
    "thread",
    "last-thread",
    "handler",
];

/// Ends after which the C library has written out its streams.
const FLUSHING: [&str; 4] = ["exit", "return", "thread", "last-thread"];

/// Each way of closing and of ending once, with a full ring and a sleeping reader.
pub fn endings() -> Vec<String> {
    let acts = ACTS.map(|act| format!("write=fill act={act} then=live {ASLEEP}"));
    let ends = ENDS.map(|end| format!("write=fill act=none then={end} {ASLEEP}"));
    let streams =
        FLUSHING.map(|end| format!("bytes=60500 write=stream act=none then={end} {ASLEEP}"));
    let others = [
        "write=fill act=close then=exit",
        "write=fill act=close then=return",
        "bytes=60500 write=stream act=fclose then=live",
        "bytes=60500 write=stream act=fclose then=_exit",
        "bytes=300 write=stdout act=none then=return",
        "bytes=60500 write=stdout act=none then=return",
        "bytes=60500 write=stdout act=fclose then=_exit",
        "write=fill signals=storm act=close then=live",
        "write=fill signals=storm act=shut-wr then=_exit",
        "write=fill signals=storm act=none then=exit",
        "linger=1,30 write=fill act=none then=_exit",
        "linger=1,1 write=fill act=close then=live",
        "count=32 bytes=20000 write=blocking act=threads then=live",
        "count=32 write=fill act=threads then=live",
        "count=32 write=fill act=threads then=_exit",
        "count=16 write=fill limit=descriptors act=close then=live",
        "count=4 write=fill limit=calls act=close then=live",
        "count=4 write=fill act=close then=daemon",
        "count=16 write=fill act=around-fork then=live",
        "count=16 write=fill act=around-fork then=_exit",
    ];
    let others = others.map(|case| format!("{case} {ASLEEP}"));
    acts.into_iter()
        .chain(ends)
        .chain(streams)
        .chain(others)
        .collect()
}

/// Sizes, readers, ways of writing and numbers of connections; not each with each.
pub fn sizes() -> Vec<String> {
    [
        format!("bytes=0 write=blocking act=none then=_exit {FAST}"),
        format!("bytes=0 write=blocking act=close then=live {ASLEEP}"),
        format!("bytes=1 write=non-blocking act=none then=_exit {ASLEEP}"),
        format!("bytes=1000 write=blocking act=close then=_exit {FAST}"),
        format!("bytes=1000 write=blocking count=64 act=none then=return {ASLEEP}"),
        format!("bytes=65536 write=blocking act=shut-and-close then=live {SLOW}"),
        format!("bytes=65536 write=non-blocking act=close then=exit {ASLEEP}"),
        format!("bytes=65536 write=non-blocking count=8 act=none then=_exit {FAST}"),
        format!("bytes=131072 write=blocking act=close then=live {ASLEEP}"),
        format!("bytes=131072 write=non-blocking act=shut-wr then=_exit {SLOW}"),
        format!("bytes=1048576 write=blocking act=none then=return {FAST}"),
        format!("bytes=1048576 write=non-blocking act=close then=live {ASLEEP}"),
    ]
    .into()
}

/// Through which hands a socket goes.
pub fn hands() -> Vec<String> {
    [
        "via=child write=fill act=none then=_exit",
        "via=child write=fill act=close then=live",
        "via=child write=fill act=shut-wr then=exit",
        "via=dup write=fill act=close then=live",
        "via=dup write=fill act=none then=_exit",
        "via=late-dup write=fill act=close then=live",
        "via=late-dup write=fill act=none then=return",
        "via=exec number=0 write=fill act=none then=_exit",
        "via=exec number=1 bytes=60500 write=stream act=none then=return",
        "via=exec number=3 write=fill act=close then=live",
        "via=passed write=fill act=none then=_exit",
        "via=passed write=fill act=close then=live",
    ]
    .map(|case| format!("{case} {ASLEEP}"))
    .into()
}

/// Ends of which the shim does not hear, and sockets: it sees none of the calls
/// that would tell it.
pub const UNHEARD_OF: [&str; 1] = ["via=exec number=9 write=fill act=none then=_exit"];

/// What the readers of the whole product do.
const READERS: [&str; 3] = [FAST, SLOW, ASLEEP];

/// Everything with everything, as far as it is something else and no connection
/// is asked for more than `most` bytes in all.
pub fn product(most: u64) -> Vec<String> {
    let mut cases = Vec::new();
    for bytes in [0, 1, 1000, 65_536, 131_072, 1 << 20, 4 << 20] {
        for count in [1, 8, 64] {
            if bytes * count > most {
                continue;
            }
            for write in ["blocking", "non-blocking", "stream"] {
                for reader in READERS {
                    for (act, end) in ways(write) {
                        cases.push(format!(
                            "bytes={bytes} count={count} write={write} act={act} then={end} {reader}"
                        ));
                    }
                }
            }
        }
    }
    cases
}

/// Closing with the process going on and with it ending at once, and just ending.
fn ways(write: &str) -> Vec<(&'static str, &'static str)> {
    if write == "stream" {
        let closing = [("fclose", "live"), ("fclose", "_exit")];
        return closing
            .into_iter()
            .chain(FLUSHING.map(|end| ("none", end)))
            .collect();
    }
    let closing = ACTS
        .into_iter()
        .flat_map(|act| [(act, "live"), (act, "_exit")]);
    closing.chain(ENDS.map(|end| ("none", end))).collect()
}
