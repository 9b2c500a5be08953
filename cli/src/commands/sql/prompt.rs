//! The prompt: statements are read, run and answered until the user leaves.

use std::pin::pin;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use upsert_kafka_sink::plan::TableEnvironment;

use super::editor::{Editor, Typed};
use super::entered::{Entered, HELP, entered};
use super::runner::{Runner, STDIN};
use super::shared_tables::SharedTables;
use crate::commands::job;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::signal::Stop;
use crate::stderr::say;

/// Reads and runs statements. What fails is told, and the prompt stays open.
///
/// # Errors
/// When nothing can be read or written any more.
pub(super) async fn run(runner: Runner<'_>, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    let tables = SharedTables::new(runner.environment()?);
    let mut editor = Editor::open(tables.clone())?;
    let mut signals = PromptSignals::new()?;
    let cluster = match runner.cluster.bootstrap() {
        Some(address) => format!("a broker inside this process, {address}, which forgets all when it ends"),
        None => "the cluster that the flags and tables name".to_owned(),
    };
    say(format_args!("upsert-kafka {}, on {cluster}\nHELP; tells more", env!("CARGO_PKG_VERSION")));
    loop {
        let typed = tokio::select! {
            typed = editor.read() => typed?,
            () = signals.leave() => {
                editor.restore();
                return Ok(());
            }
        };
        let text = match typed {
            Typed::Text(text) => text,
            // What was typed so far is thrown away.
            Typed::Interrupt => continue,
            Typed::End => return Ok(()),
        };
        match entered(&text) {
            Entered::Nothing => {}
            Entered::Help => out.write(HELP)?,
            Entered::Clear => out.write("\x1b[H\x1b[2J")?,
            Entered::Leave => return Ok(()),
            Entered::Statements => {
                editor.remember(&text);
                if run_all(&runner, &tables, &text, &mut signals, stop, out).await? == Next::Leave {
                    return Ok(());
                }
            }
        }
        out.flush()?;
    }
}

/// What comes behind a statement.
#[derive(PartialEq, Eq)]
enum Next {
    Statement,
    Prompt,
    Leave,
}

/// The statements of one text, until one of them fails.
async fn run_all(
    runner: &Runner<'_>,
    tables: &SharedTables,
    text: &str,
    signals: &mut PromptSignals,
    stop: &Stop,
    out: &mut Output,
) -> Result<Next, Failure> {
    let parsed = job::filled_in(STDIN, text).and_then(|script| {
        TableEnvironment::parse(script).map_err(|e| Failure::new(Exit::Job, e.to_string()))
    });
    let statements = match parsed {
        Ok(statements) => statements,
        Err(failure) => {
            say(failure);
            return Ok(Next::Prompt);
        }
    };
    let quits = statements.quits();
    for statement in statements {
        let (ask, asked) = Stop::by_hand(stop.within());
        let next = attend(runner.typed(tables, statement, &asked, out), signals, &ask).await?;
        if next != Next::Statement {
            return Ok(next);
        }
    }
    Ok(if quits { Next::Leave } else { Next::Prompt })
}

/// Waits for a statement that runs, and acts at once on signals. The first Ctrl-C asks it to end; the second drops it, and
/// then it has not committed what it wrote last. What leaves the prompt waits until the statement has flushed.
async fn attend(
    running: impl Future<Output = Result<(), Failure>>,
    signals: &mut PromptSignals,
    ask: &watch::Sender<bool>,
) -> Result<Next, Failure> {
    let mut running = pin!(running);
    loop {
        let heard = tokio::select! {
            outcome = &mut running => return match outcome {
                Ok(()) if *ask.borrow() => Ok(Next::Prompt),
                Ok(()) => Ok(Next::Statement),
                // Nobody reads what is written.
                Err(failure) if failure.is_quiet() => Err(failure),
                Err(failure) => {
                    say(failure);
                    Ok(Next::Prompt)
                }
            },
            heard = signals.next() => heard,
        };
        let was_asked = ask.send_replace(true);
        match heard {
            Heard::Interrupt if was_asked => {
                say(Failure::new(Exit::Abandoned, "left without flushing"));
                return Ok(Next::Prompt);
            }
            Heard::Interrupt => {}
            Heard::Leave => {
                running.await?;
                return Ok(Next::Leave);
            }
        }
    }
}

/// SIGINT ends a statement, SIGTERM and SIGHUP the prompt.
struct PromptSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl PromptSignals {
    fn new() -> Result<Self, Failure> {
        let failed = |e: std::io::Error| Failure::new(Exit::Running, format!("signals: {e}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            hang_up: signal(SignalKind::hangup()).map_err(failed)?,
        })
    }

    /// Cancel-safe: of several that come at once one is enough.
    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.interrupt.recv() => Heard::Interrupt,
            _ = self.terminate.recv() => Heard::Leave,
            _ = self.hang_up.recv() => Heard::Leave,
        }
    }

    /// Waits until the prompt has to end; while nothing runs, Ctrl-C is a key.
    async fn leave(&mut self) {
        while self.next().await == Heard::Interrupt {}
    }
}

/// What a signal wants.
#[derive(PartialEq, Eq)]
enum Heard {
    Interrupt,
    Leave,
}
