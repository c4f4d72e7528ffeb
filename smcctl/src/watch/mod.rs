// SPDX-License-Identifier: MIT OR Apache-2.0
//! A live view of a table: whoever has one gives its columns and a closure that
//! makes its rows ([`run`]).
//!
//! [`table`] knows rates and order and nothing of terminals, [`screen`] takes the
//! terminal and gives it back, whatever happens.

pub mod draw;
pub mod screen;
pub mod table;

use crate::failure::{words, Failure, Outcome};
use crate::output::Output;
use anstream::eprintln;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use screen::Screen;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{stdout, IsTerminal};
use std::process::ExitCode;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
pub use table::{Cell, Column, Row, Rows};
use table::{Key, Table};

/// Exit status of a command line that cannot be followed.
const USAGE: u8 = 2;

/// `--watch`, for commands that have it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Watch {
    /// Show it live, anew after this many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=3600))]
    watch: Option<u16>,
}

impl Watch {
    /// How often, if it was asked for.
    #[must_use]
    pub fn every(self) -> Option<Duration> {
        self.watch
            .map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the rows are.
    pub title: &'a str,
    /// What is in them.
    pub columns: &'a [Column],
    /// When they are made anew.
    pub every: Duration,
}

/// What can happen meanwhile.
enum Happened {
    Input(Event),
    Signal(i32),
    /// There is no terminal any more.
    Lost(std::io::Error),
}

/// Shows the rows that `make` makes until the user has seen enough.
///
/// # Errors
/// When there are no rows, or no terminal any more.
pub fn run(
    view: &View,
    output: &Output,
    mut make: impl FnMut() -> Result<Rows, Failure>,
) -> Outcome {
    if output.is_json() {
        return Ok(refused("--watch and --json do not go together"));
    }
    if !stdout().is_terminal() {
        return Ok(refused(
            "--watch needs a terminal, and standard output is none",
        ));
    }
    // What fails at once should not flash over the screen.
    let mut table = Table::new(view.columns);
    table.update(make()?, Instant::now());
    let events = listen().map_err(|error| lost(&error))?;
    let screen = Screen::enter().map_err(|error| lost(&error))?;
    let ended_by = follow(view, &mut table, screen, &events, make)?;
    if let Some(signal) = ended_by {
        // Whoever waits for us is told that it was this signal.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    Ok(ExitCode::SUCCESS)
}

fn refused(what: &str) -> ExitCode {
    eprintln!("smcctl: {what}");
    ExitCode::from(USAGE)
}

fn lost(error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot use the terminal: {}", words(error)))
}

/// Waits for keys and signals from now on.
fn listen() -> std::io::Result<Receiver<Happened>> {
    let (sender, events) = channel();
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
    let for_signals = sender.clone();
    thread::spawn(move || {
        for signal in signals.forever() {
            let _ = for_signals.send(Happened::Signal(signal));
        }
    });
    thread::spawn(move || loop {
        let read = event::read();
        let is_lost = read.is_err();
        let happened = read.map_or_else(Happened::Lost, Happened::Input);
        if sender.send(happened).is_err() || is_lost {
            break;
        }
    });
    Ok(events)
}

/// The signal that has ended it, if one has.
fn follow(
    view: &View,
    table: &mut Table,
    mut screen: Screen,
    events: &Receiver<Happened>,
    mut make: impl FnMut() -> Result<Rows, Failure>,
) -> Result<Option<i32>, Failure> {
    let mut next = Instant::now() + view.every;
    loop {
        screen
            .draw(|frame| draw::draw(frame, view, table))
            .map_err(|error| lost(&error))?;
        let wait = next.saturating_duration_since(Instant::now());
        match events.recv_timeout(wait) {
            Ok(Happened::Signal(signal)) => return Ok(Some(signal)),
            Ok(Happened::Lost(error)) => return Err(lost(&error)),
            Ok(Happened::Input(event)) => match key(&event) {
                Some(Key::Quit) => return Ok(None),
                Some(key) => table.press(key),
                // Another size, perhaps: it is drawn anew.
                None => {}
            },
            Err(RecvTimeoutError::Timeout) => {
                table.update(make()?, Instant::now());
                next = Instant::now() + view.every;
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
        KeyCode::Left | KeyCode::Char('<') => Key::SortBefore,
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
