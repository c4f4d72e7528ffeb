// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl explain`: the meaning of codes, and what to do.

use crate::explain::codes::{self, Code};
use crate::explain::topics::{self, Topic, TOPICS};
use crate::failure::{quoted, Failure, Outcome};
use crate::output::{styled, Column, Output, Report, Table, STRONG, WIDTH};
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of `smcctl explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A code (0x03030000, 03030000, NOSMCDEV) or a topic [default: list all]
    #[arg(value_name = "CODE|TOPIC")]
    subject: Option<String>,
}

#[derive(Serialize)]
struct ExplainedCode {
    code: String,
    name: String,
    produced_by_linux: bool,
    brief: &'static str,
    meaning: &'static str,
    causes: &'static [&'static str],
    advice: &'static [&'static str],
}

impl From<&'static Code> for ExplainedCode {
    fn from(code: &'static Code) -> Self {
        Self {
            code: format!("{:#010x}", code.value),
            name: format!("{}{}", codes::PREFIX, code.name),
            produced_by_linux: code.produced,
            brief: code.brief,
            meaning: code.meaning,
            causes: code.causes,
            advice: code.advice,
        }
    }
}

impl Report for ExplainedCode {
    fn text(&self) -> String {
        let mut text = heading(&format!("{}  {}", self.code, self.name));
        text += &wrapped(self.meaning, "");
        if !self.produced_by_linux {
            text += &wrapped("Linux does not send it; other systems may.", "");
        }
        text + &list("Usual causes:", self.causes) + &list("What to do:", self.advice)
    }
}

#[derive(Serialize)]
struct ExplainedTopic {
    topic: &'static str,
    brief: &'static str,
    text: &'static [&'static str],
    advice: &'static [&'static str],
}

impl From<&'static Topic> for ExplainedTopic {
    fn from(topic: &'static Topic) -> Self {
        Self {
            topic: topic.name,
            brief: topic.brief,
            text: topic.text,
            advice: topic.advice,
        }
    }
}

impl Report for ExplainedTopic {
    fn text(&self) -> String {
        let mut text = heading(&format!("{}: {}", self.topic, self.brief));
        let paragraphs: Vec<_> = self.text.iter().map(|line| wrapped(line, "")).collect();
        text += &paragraphs.join("\n");
        text + &list("What to do:", self.advice)
    }
}

#[derive(Serialize)]
struct Everything {
    codes: Vec<ExplainedCode>,
    topics: Vec<ExplainedTopic>,
}

impl Report for Everything {
    fn text(&self) -> String {
        let mut codes = Table::new(&[
            Column::Left("CODE"),
            Column::Left("NAME"),
            Column::Left("REASON FOR TCP"),
        ]);
        for code in &self.codes {
            let name = code.name.strip_prefix(codes::PREFIX).unwrap_or(&code.name);
            codes.row([code.code.clone(), name.to_owned(), code.brief.to_owned()]);
        }
        let mut topics = Table::new(&[Column::Left("TOPIC"), Column::Left("LIMITATION")]);
        for topic in &self.topics {
            topics.row([topic.topic.to_owned(), topic.brief.to_owned()]);
        }
        format!("{}\n{}", codes.text(), topics.text())
    }
}

fn heading(text: &str) -> String {
    format!("{}\n", styled(text, STRONG))
}

fn list(title: &str, items: &[&str]) -> String {
    let mut text = format!("\n{title}\n");
    for item in items {
        text += &wrapped(item, "- ");
    }
    text
}

/// Wraps a text at [`WIDTH`]. The first line starts with `mark`, the others are indented.
pub(crate) fn wrapped(text: &str, mark: &str) -> String {
    let indent = " ".repeat(mark.chars().count());
    let (mut lines, mut line, mut empty) = (String::new(), mark.to_owned(), true);
    for word in text.split_whitespace() {
        let length = line.chars().count() + 1 + word.chars().count();
        if !empty && length > usize::from(WIDTH) {
            let _ = writeln!(lines, "{line}");
            (line, empty) = (indent.clone(), true);
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines + &line + "\n"
}

/// Runs the command.
///
/// # Errors
/// When the code or topic is unknown.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let Some(subject) = &arguments.subject else {
        output.show(&Everything {
            codes: codes::all().map(ExplainedCode::from).collect(),
            topics: TOPICS.iter().map(ExplainedTopic::from).collect(),
        })?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(topic) = topics::find(subject) {
        output.show(&ExplainedTopic::from(topic))?;
    } else if let Some(code) = codes::find(subject) {
        output.show(&ExplainedCode::from(code))?;
    } else {
        let what = match codes::number(subject) {
            Some(0) => "0 is not a reason: the connection has not fallen back".to_owned(),
            Some(number) => format!(
                "unknown code {number:#010x}: a peer with another system (z/OS, AIX) may \
                 have sent it"
            ),
            None => format!("unknown code or topic {}", quoted(subject)),
        };
        return Err(Failure::new(what).fixed_by("smcctl explain"));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanations_fit_the_width() {
        let codes = codes::all().map(|code| ExplainedCode::from(code).text());
        let topics = TOPICS
            .iter()
            .map(|topic| ExplainedTopic::from(topic).text());
        for text in codes.chain(topics) {
            let plain = anstream::adapter::strip_str(&text).to_string();
            let widest = plain.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(usize::from(WIDTH)), "{plain}");
        }
    }

    #[test]
    fn wrapping_keeps_every_word() {
        let text = "word ".repeat(40);
        let lines = wrapped(&text, "- ");
        assert_eq!(lines.matches("word").count(), 40);
        assert!(lines.lines().skip(1).all(|line| line.starts_with("  word")));
    }
}
