//! The prompt: statements are read, run and answered until the user leaves.

use std::pin::pin;

use tokio::signal::unix::{Signal, SignalKind, signal};
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

/// Whether the prompt comes again.
#[derive(PartialEq, Eq)]
enum Next {
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
        let mut running = pin!(runner.typed(tables, statement, &asked, out));
        let outcome = loop {
            // A signal that is heard is acted on at once, and the run is polled again.
            let heard = tokio::select! {
                outcome = &mut running => break outcome,
                heard = signals.next() => heard,
            };
            // Asked again it is dropped, and has not committed what it wrote last.
            let was_asked = ask.send_replace(true);
            match heard {
                Heard::Interrupt if was_asked => {
                    break Err(Failure::new(Exit::Abandoned, "left without flushing"));
                }
                Heard::Interrupt => {}
                Heard::Leave => {
                    // The process ends behind the statement, which flushes within its time.
                    running.as_mut().await?;
                    return Ok(Next::Leave);
                }
            }
        };
        match outcome {
            Ok(()) => {}
            // Nobody reads what is written.
            Err(failure) if failure.is_quiet() => return Err(failure),
            Err(failure) => {
                say(failure);
                return Ok(Next::Prompt);
            }
        }
        if asked.is_asked() {
            return Ok(Next::Prompt);
        }
    }
    Ok(if quits { Next::Leave } else { Next::Prompt })
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
