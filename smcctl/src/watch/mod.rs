// SPDX-License-Identifier: MIT OR Apache-2.0
//! A live view of a table. [`run`] takes its columns and a closure that returns its rows.
//!
//! [`rows`] is the data, [`table`] computes rates and order without a terminal, [`screen`]
//! sets up the terminal and restores it in every case.

pub mod draw;
pub mod rows;
pub mod screen;
pub mod table;

use crate::failure::{words, Failure, Outcome};
use crate::output::Output;
use anstream::eprintln;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
pub use rows::{Cell, Column, Row, Rows};
use screen::Screen;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{stdout, IsTerminal};
use std::process::ExitCode;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use table::{Key, Table};

/// Exit status for a usage error.
const USAGE: u8 = 2;

/// The option `--watch`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Watch {
    /// Show a live view, updated every SECONDS
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=3600))]
    watch: Option<u16>,
}

impl Watch {
    /// The interval, if the option is given.
    #[must_use]
    pub fn interval(self) -> Option<Duration> {
        self.watch
            .map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// The fixed parts of a view.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The title.
    pub title: &'a str,
    /// The columns.
    pub columns: &'a [Column],
    /// The interval between updates.
    pub interval: Duration,
}

/// A message to the view.
enum Message {
    Input(Event),
    Signal(i32),
    /// The terminal is gone.
    Disconnected(std::io::Error),
}

/// Displays the rows that `read` returns until the user ends the view.
///
/// # Errors
/// That of `read`, or that of the terminal.
pub fn run(
    view: &View,
    output: &Output,
    mut read: impl FnMut() -> Result<Rows, Failure>,
) -> Outcome {
    if output.is_json() {
        return Ok(usage_error("--watch cannot be used with --json"));
    }
    if !stdout().is_terminal() {
        return Ok(usage_error("--watch: standard output is not a terminal"));
    }
    // The first read happens before the screen is cleared, since it may fail.
    let mut table = Table::new(view.columns);
    table.update(read()?, Instant::now());
    let events = listen().map_err(|error| terminal_failure(&error))?;
    let screen = Screen::enter().map_err(|error| terminal_failure(&error))?;
    let ended_by = follow(view, &mut table, screen, &events, read)?;
    if let Some(signal) = ended_by {
        // The parent process sees that the signal ended this one.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    Ok(ExitCode::SUCCESS)
}

fn usage_error(what: &str) -> ExitCode {
    eprintln!("smcctl: {what}");
    ExitCode::from(USAGE)
}

fn terminal_failure(error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot use the terminal: {}", words(error)))
}

/// Starts the threads that receive keys and signals.
fn listen() -> std::io::Result<Receiver<Message>> {
    let (sender, events) = channel();
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
    let for_signals = sender.clone();
    thread::spawn(move || {
        for signal in signals.forever() {
            let _ = for_signals.send(Message::Signal(signal));
        }
    });
    thread::spawn(move || loop {
        let event = event::read();
        let is_lost = event.is_err();
        let message = event.map_or_else(Message::Disconnected, Message::Input);
        if sender.send(message).is_err() || is_lost {
            break;
        }
    });
    Ok(events)
}

/// Runs the view. Returns the signal that ended it, if one did.
fn follow(
    view: &View,
    table: &mut Table,
    mut screen: Screen,
    events: &Receiver<Message>,
    mut read: impl FnMut() -> Result<Rows, Failure>,
) -> Result<Option<i32>, Failure> {
    let mut next = Instant::now() + view.interval;
    loop {
        screen
            .draw(|frame| draw::draw(frame, view, table))
            .map_err(|error| terminal_failure(&error))?;
        let wait = next.saturating_duration_since(Instant::now());
        match events.recv_timeout(wait) {
            Ok(Message::Signal(signal)) => return Ok(Some(signal)),
            Ok(Message::Disconnected(error)) => return Err(terminal_failure(&error)),
            Ok(Message::Input(event)) => match key(&event) {
                Some(Key::Quit) => return Ok(None),
                Some(key) => table.press(key),
                // The size may have changed: draw again.
                None => {}
            },
            Err(RecvTimeoutError::Timeout) => {
                table.update(read()?, Instant::now());
                next = Instant::now() + view.interval;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

fn key(event: &Event) -> Option<Key> {
    let Event::Key(pressed) = event else {
        return None;
    };
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    let has_control = pressed.modifiers.contains(KeyModifiers::CONTROL);
    Some(match pressed.code {
        KeyCode::Char('c') if has_control => Key::Quit,
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        KeyCode::Left | KeyCode::Char('<') => Key::SortPrevious,
        KeyCode::Right | KeyCode::Char('>') => Key::SortNext,
        KeyCode::Char('r') => Key::Reverse,
        KeyCode::Up | KeyCode::Char('k') => Key::Up(1),
        KeyCode::Down | KeyCode::Char('j') => Key::Down(1),
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Up(usize::MAX),
        KeyCode::End => Key::Down(usize::MAX),
        _ => return None,
    })
}
