// SPDX-License-Identifier: MIT OR Apache-2.0
//! Transcripts in a Markdown document: what is typed, and what it prints.
//!
//! A transcript is a fenced block in the language `console`. A line that begins with
//! `$ ` or `# ` is a command, the lines below it are its output, on standard output and
//! error. HTML comments right above the fence say how to replay it:
//!
//! | comment | meaning |
//! |---|---|
//! | `<!-- replay: skip REASON -->` | it is not replayed, and why |
//! | `<!-- replay: systemd -->` | its commands need a running systemd |
//! | `<!-- replay: listens PORT -->` | the first command starts a server there: wait for it |
//! | `<!-- replay: background COMMAND -->` | runs while the block is replayed, from when it has written something |
//! | `<!-- replay: finally COMMAND -->` | runs when the whole document has been replayed |

mod matching;
mod replay;

pub use matching::difference;
pub use replay::{print_skipped, replay};

/// A block of commands and their output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Line of the document where the block begins.
    pub line: usize,
    /// Commands in the order in which they are typed.
    pub steps: Vec<Step>,
    /// Why it is not replayed.
    pub skip: Option<String>,
    /// Whether it needs a running systemd.
    pub systemd: bool,
    /// Where the first command starts a server.
    pub listens: Option<u16>,
    /// Commands that run at the same time.
    pub background: Vec<String>,
    /// Commands that clean up.
    pub finally: Vec<String>,
}

/// A command and its output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Line of the document where the command is.
    pub line: usize,
    /// What is typed.
    pub command: String,
    /// The lines that it prints.
    pub output: Vec<String>,
}

impl Transcript {
    /// Reads one comment: `skip REASON`, `listens PORT`, ….
    fn note(&mut self, note: &str) -> Result<(), String> {
        let (word, rest) = note.split_once(' ').unwrap_or((note, ""));
        match (word, rest.trim()) {
            ("systemd", "") => self.systemd = true,
            ("skip", reason) if !reason.is_empty() => self.skip = Some(reason.into()),
            ("listens", port) => {
                let port = port.parse().map_err(|_| format!("no port: {port:?}"))?;
                self.listens = Some(port);
            }
            ("background", command) if !command.is_empty() => self.background.push(command.into()),
            ("finally", command) if !command.is_empty() => self.finally.push(command.into()),
            _ => return Err(format!("unknown: replay: {note}")),
        }
        Ok(())
    }

    /// Reads one line of the block.
    fn read(&mut self, line: usize, text: &str) -> Result<(), String> {
        if let Some(command) = text.strip_prefix("$ ").or(text.strip_prefix("# ")) {
            self.steps.push(Step {
                line,
                command: command.into(),
                output: Vec::new(),
            });
        } else if let Some(step) = self.steps.last_mut() {
            step.output.push(text.into());
        } else {
            return Err(format!("output without a command: {text:?}"));
        }
        Ok(())
    }
}

/// The transcripts of a document.
///
/// # Errors
/// Names the line that cannot be read: an unknown comment, a comment above something
/// else, a block that is not closed, or a command outside of a block.
pub fn read(document: &str) -> Result<Vec<Transcript>, String> {
    let mut transcripts = Vec::new();
    let mut next = Transcript::default();
    // What the open fence is of: a transcript, or some other language.
    let mut open = None;
    for (index, text) in document.lines().enumerate() {
        let line = index + 1;
        let at = |problem: String| format!("line {line}: {problem}");
        match (open, text.strip_prefix("```")) {
            (None, Some("console")) => {
                next.line = line;
                open = Some(true);
            }
            (None, Some(_)) => open = Some(false),
            (Some(is_transcript), Some("")) => {
                if is_transcript {
                    transcripts.push(std::mem::take(&mut next));
                }
                open = None;
            }
            (Some(true), _) => next.read(line, text).map_err(at)?,
            (Some(false), _) => {}
            (None, None) => {
                let comment = text.trim().strip_prefix("<!-- replay: ");
                let comment = comment.and_then(|text| text.strip_suffix(" -->"));
                match comment {
                    Some(note) => next.note(note).map_err(at)?,
                    None if text.trim().is_empty() => {}
                    None if next != Transcript::default() => {
                        return Err(at("a replay comment must stand above a transcript".into()));
                    }
                    None if text.starts_with("    $ ") || text.starts_with("    # ") => {
                        return Err(at("a transcript must be a block ```console".into()));
                    }
                    None => {}
                }
            }
        }
    }
    if open.is_some() {
        return Err("a block is not closed".into());
    }
    Ok(transcripts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::read;

    const DOCUMENT: &str = "\
Text.

<!-- replay: listens 6379 -->
<!-- replay: finally redis-cli shutdown -->
```console
$ redis-server
# redis-cli ping
PONG

```

```sh
$ not a transcript
```

<!-- replay: skip it takes too long -->

```console
$ scripts/try
```
";

    #[test]
    fn commands_output_and_comments_are_read() {
        let all = read(DOCUMENT).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].listens, Some(6379));
        assert_eq!(all[0].finally, ["redis-cli shutdown"]);
        assert_eq!(all[0].steps.len(), 2);
        assert_eq!(all[0].steps[0].output, [""; 0]);
        assert_eq!(all[0].steps[1].line, 7);
        assert_eq!(all[0].steps[1].command, "redis-cli ping");
        assert_eq!(all[0].steps[1].output, ["PONG", ""]);
        assert_eq!(all[0].skip, None);
        assert_eq!(all[1].skip.as_deref(), Some("it takes too long"));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (document, problem) in [
            ("<!-- replay: skip -->", "line 1: unknown: replay: skip"),
            ("\n<!-- replay: skp x -->", "line 2: unknown: replay: skp x"),
            ("<!-- replay: listens x -->", "line 1: no port: \"x\""),
            (
                "<!-- replay: systemd -->\ntext",
                "line 2: a replay comment must stand above a transcript",
            ),
            (
                "```console\nout\n```",
                "line 2: output without a command: \"out\"",
            ),
            ("```console\n$ true", "a block is not closed"),
            (
                "a\n\n    $ true",
                "line 3: a transcript must be a block ```console",
            ),
        ] {
            assert_eq!(read(document), Err(problem.into()));
        }
    }
}
