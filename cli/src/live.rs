//! A query's result on a terminal: a table that lives while the query runs.

use std::io::IsTerminal;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use upsert_kafka_sink::plan::Plan;
use upsert_kafka_sink::{Error, Job, JobOptions, QueryResults};

use crate::args::Args;
use crate::exit::Failure;
use crate::listing::OutputFormat;
use crate::output::Output;
use crate::signal::Stop;
use crate::stderr::say;
use crate::table;
use result_table::ResultTable;
use screen::{Key, Screen};

mod result_table;
mod screen;

/// The result of a query that is about to run.
pub(crate) struct Live {
    columns: Vec<String>,
    results: QueryResults,
}

impl Live {
    /// The columns of a query that is to live; `None` where it is none, or where nobody looks on: what is printed into a
    /// pipe, or in a form for programs, is a line a change.
    ///
    /// # Errors
    /// As [`OutputFormat::of`].
    pub(crate) fn columns(plan: &Plan, args: &Args, out: &Output) -> Result<Option<Vec<String>>, Failure> {
        let is_seen = out.columns().is_some() && std::io::stdin().is_terminal();
        let columns = plan.query_columns().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let lives = is_seen && !columns.is_empty() && OutputFormat::of(args)? == OutputFormat::Table;
        Ok(lives.then_some(columns))
    }

    /// Sees to it that the job hands its changes over.
    pub(crate) fn begin(columns: Option<Vec<String>>, options: JobOptions) -> (JobOptions, Option<Self>) {
        let Some(columns) = columns else { return (options, None) };
        let (options, results) = options.with_query_results();
        (options, Some(Self { columns, results }))
    }

    /// Runs the job until it ends, `q` is typed or a stop is asked for; what stands in the table then is printed.
    ///
    /// # Errors
    /// When nothing can be written.
    pub(crate) async fn run(
        mut self,
        job: Job,
        stop: &Stop,
        out: &mut Output,
    ) -> Result<Result<(), Error>, Failure> {
        let (stopper, began) = (job.stopper(), Instant::now());
        let mut running = pin!(job.run());
        let mut ticks = interval(REDRAW);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut view = View { columns: &self.columns, table: ResultTable::default(), above_end: 0 };
        let (mut screen, mut changes) = (None, Vec::new());
        let (mut is_dirty, mut is_stopping) = (true, false);
        let outcome = loop {
            // Both the run and the taking are cancel-safe here: the run is polled again, and a tick comes again.
            tokio::select! {
                outcome = &mut running => break outcome.map(|_| ()),
                true = self.results.take(&mut changes, CHANGES_AT_ONCE) => {
                    changes.drain(..).for_each(|change| view.table.apply(change));
                    is_dirty = true;
                }
                () = stop.asked(), if !is_stopping => {
                    stopper.stop();
                    is_stopping = true;
                }
                _ = ticks.tick() => {
                    if screen.is_none() && began.elapsed() >= APPEARS {
                        screen = Screen::enter();
                    }
                    let Some(screen) = &mut screen else { continue };
                    for key in screen.keys() {
                        is_dirty = true;
                        if key == Key::Quit {
                            stopper.stop();
                        }
                        view.scroll(key, screen.rows());
                    }
                    if std::mem::take(&mut is_dirty) {
                        let (columns, rows) = screen.size();
                        screen.draw(&view.lines(columns, rows));
                    }
                }
            }
        };
        while self.results.take(&mut changes, CHANGES_AT_ONCE).await {
            changes.drain(..).for_each(|change| view.table.apply(change));
        }
        let was_seen = screen.take().is_some();
        view.print(was_seen, out)?;
        Ok(outcome)
    }
}

/// The part of a result that is seen.
struct View<'a> {
    columns: &'a [String],
    table: ResultTable,
    /// How many rows lie between what is seen and the end.
    above_end: usize,
}

impl View<'_> {
    fn scroll(&mut self, key: Key, rows: usize) {
        let page = rows.saturating_sub(FRAME_ROWS).max(1);
        let most = self.table.len().saturating_sub(page);
        self.above_end = match key {
            Key::Quit => self.above_end,
            Key::Up => self.above_end + 1,
            Key::Down => self.above_end.saturating_sub(1),
            Key::PageUp => self.above_end + page,
            Key::PageDown => self.above_end.saturating_sub(page),
            Key::Home => most,
            Key::End => 0,
        }
        .min(most);
    }

    /// What a screen of this size shows.
    fn lines(&self, columns: usize, rows: usize) -> Vec<String> {
        let page = rows.saturating_sub(FRAME_ROWS).max(1);
        let from = self.table.len().saturating_sub(page + self.above_end);
        let shown = self.table.rows(from, page, columns);
        let mut lines = table::lines(self.columns, &shown, columns);
        lines.resize(page + 1, String::new());
        lines.push(String::new());
        let keys = if self.table.len() > page { "q ends, arrows and page keys scroll" } else { "q ends" };
        let status = format!("{}; {keys}", self.table.told());
        lines.push(crate::text::shown(&status, columns));
        lines
    }

    /// What is left where the screen was: of a table that was seen no more than a screen of it.
    fn print(&self, was_seen: bool, out: &mut Output) -> Result<(), Failure> {
        let columns = out.columns().unwrap_or(usize::MAX);
        let page = if was_seen { LEFT_ROWS } else { usize::MAX };
        let from = self.table.len().saturating_sub(page);
        for line in table::lines(self.columns, &self.table.rows(from, page, columns), columns) {
            out.write(format!("{line}\n"))?;
        }
        out.flush()?;
        if from > 0 || self.table.is_cut() {
            say(format_args!("the last {} of these: {}", self.table.len() - from, self.table.told()));
        }
        Ok(())
    }
}

/// Once in this time at most the table is drawn, and keys are looked for.
const REDRAW: Duration = Duration::from_millis(100);

/// A query that ends before this is printed and never seen.
const APPEARS: Duration = Duration::from_millis(300);

/// So many changes are taken before keys are looked for again.
const CHANGES_AT_ONCE: usize = 1024;

/// Rows of the screen that hold none of the table: heads, a blank one and the status.
const FRAME_ROWS: usize = 3;

/// Rows that stay of a table that was seen.
const LEFT_ROWS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use result_table::change;
    use upsert_kafka_sink::row::RowKind::Insert;

    #[test]
    fn a_screen_shows_the_end_until_it_is_scrolled() {
        let columns = ["n".to_owned()];
        let mut view = View { columns: &columns, table: ResultTable::default(), above_end: 0 };
        (0..10).for_each(|n| view.table.apply(change(Insert, &[&n.to_string()])));
        let first = |view: &View<'_>| view.lines(40, 6)[1].trim().to_owned();
        assert_eq!(first(&view), "7");
        for (key, expected) in [
            (Key::Up, "6"),
            (Key::PageUp, "3"),
            (Key::Home, "0"),
            (Key::Up, "0"),
            (Key::PageDown, "3"),
            (Key::End, "7"),
        ] {
            view.scroll(key, 6);
            assert_eq!(first(&view), expected, "{key:?}");
        }
        let lines = view.lines(40, 6);
        assert_eq!(lines.len(), 6);
        assert!(lines[5].starts_with("10 rows, 10 changes; q ends, arrows"), "{lines:?}");
        assert!(view.lines(3, 2).iter().all(|line| crate::text::width(line) <= 3));
    }
}
