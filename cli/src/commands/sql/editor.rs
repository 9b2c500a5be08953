//! The line editor of the prompt, on a thread of its own: it waits for keys as long as its user thinks.

use std::os::fd::AsFd;
use std::sync::mpsc;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Helper};
use tokio::sync::oneshot;
use upsert_kafka_sink::plan::holds_secret;
use upsert_kafka_sink::sql;

use super::entered::is_word_of_the_prompt;
use super::history::{ENTRIES_MAX, History};
use super::shared_tables::SharedTables;
use crate::exit::{Exit, Failure};
use crate::stderr::say;

/// The editor, as the prompt sees it.
pub(super) struct Editor {
    ask: mpsc::Sender<Wanted>,
    history: History,
    /// What the terminal is like while nothing is typed.
    terminal: Option<Termios>,
}

/// What was typed.
pub(super) enum Typed {
    /// A text that is complete.
    Text(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, or a terminal that has gone.
    End,
}

enum Wanted {
    Text(oneshot::Sender<Result<Typed, ReadlineError>>),
    /// Kept among what the arrows bring back.
    Kept(String),
}

type LineEditor = rustyline::Editor<Aid, MemHistory>;

impl Editor {
    /// Opens it, with what was typed in earlier runs.
    ///
    /// # Errors
    /// The terminal cannot be used.
    pub(super) fn open(tables: SharedTables) -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::new(Exit::Running, format!("the terminal: {e}"));
        let terminal = tcgetattr(std::io::stdin().as_fd()).ok();
        let history = History::open();
        let earlier = history.entries().unwrap_or_else(|error| {
            say(format_args!("warning: {error}"));
            Vec::new()
        });
        let (ask, asked) = mpsc::channel();
        let thread = std::thread::Builder::new().name("editor".into());
        thread.spawn(move || edit(tables, earlier, &asked)).map_err(|e| failed(&e))?;
        Ok(Self { ask, history, terminal })
    }

    /// Waits for a text. Dropped, the thread waits on, until the process ends.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub(super) async fn read(&mut self) -> Result<Typed, Failure> {
        let (answer, answered) = oneshot::channel();
        // A thread that has gone answers nothing.
        let _ = self.ask.send(Wanted::Text(answer));
        match answered.await {
            Ok(Ok(typed)) => Ok(typed),
            Ok(Err(error)) => Err(Failure::new(Exit::Running, format!("the terminal: {error}"))),
            Err(_) => Err(Failure::new(Exit::Running, "the terminal cannot be edited on")),
        }
    }

    /// Keeps a text for this run, and without secrets for later ones.
    pub(super) fn remember(&mut self, text: &str) {
        let text = text.trim();
        let _ = self.ask.send(Wanted::Kept(text.to_owned()));
        if !holds_secret(text)
            && let Err(error) = self.history.add(text)
        {
            say(format_args!("warning: {error}"));
        }
    }

    /// Gives the terminal back while the thread waits for a key.
    pub(super) fn restore(&self) {
        if let Some(terminal) = &self.terminal {
            // A terminal that has gone has no state.
            let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, terminal);
        }
    }
}

fn edit(tables: SharedTables, earlier: Vec<String>, asked: &mpsc::Receiver<Wanted>) {
    let mut line = open(tables, earlier);
    for wanted in asked {
        match (wanted, &mut line) {
            (Wanted::Text(answer), Ok(line)) => {
                let typed = match line.readline(PROMPT) {
                    Ok(text) => Ok(Typed::Text(text)),
                    Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
                    Err(ReadlineError::Eof) => Ok(Typed::End),
                    Err(error) => Err(error),
                };
                // Who asked may have left.
                let _ = answer.send(typed);
            }
            (Wanted::Text(answer), Err(_)) => drop(answer),
            // One that is empty or the same as the last is not kept, which is no fault.
            (Wanted::Kept(text), Ok(line)) => drop(line.add_history_entry(text)),
            (Wanted::Kept(_), Err(_)) => {}
        }
    }
}

fn open(tables: SharedTables, earlier: Vec<String>) -> Result<LineEditor, ReadlineError> {
    let config = Config::builder().max_history_size(ENTRIES_MAX)?.completion_type(CompletionType::List);
    let config = config.history_ignore_dups(true)?.build();
    let history = MemHistory::with_config(&config);
    let mut line = LineEditor::with_history(config, history)?;
    line.set_helper(Some(Aid(tables)));
    for text in earlier {
        line.add_history_entry(text)?;
    }
    Ok(line)
}

const PROMPT: &str = "sql> ";

/// What the editor asks while a text is typed.
struct Aid(SharedTables);

impl Helper for Aid {}

impl Highlighter for Aid {}

impl Hinter for Aid {
    type Hint = String;
}

impl Completer for Aid {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let completion = self.0.complete(&line[..at]);
        let pair = |text: String| Pair { display: text.clone(), replacement: text };
        Ok((completion.from, completion.candidates.into_iter().map(pair).collect()))
    }
}

impl Validator for Aid {
    fn validate(&self, text: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let is_complete = is_word_of_the_prompt(text.input()) || sql::is_complete(text.input());
        Ok(if is_complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}
