//! Rows for standard output in the form that `--output` names: the same for every command that has rows.

use serde_json::Value;
use upsert_kafka_sink::plan::{Plan, QueryForm};

use crate::args::Args;
use crate::exit::Failure;
use crate::output::Output;
use crate::table::Table;

/// What `--output` may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// For people: columns under heads, control characters escaped, cut to a terminal's width.
    Table,
    /// For programs: a JSON object a line.
    Json,
    /// For pipes: cells as they are, with tabs between, no heads; of a record its key and its value, byte for byte.
    Raw,
}

/// Something that can be a row in every form.
pub(crate) trait Row {
    /// Without control characters; no cell need be wider than so many columns.
    fn cells(&self, columns: usize) -> Vec<String>;

    /// The object.
    fn json(&self) -> Value;

    /// The cells as they are, with tabs between and no line end.
    fn raw(&self) -> Vec<u8> {
        self.cells(usize::MAX).join("\t").into_bytes()
    }
}

/// Rows that are being written.
pub(crate) struct Listing<'o> {
    out: &'o mut Output,
    form: OutputFormat,
    table: Table,
}

impl OutputFormat {
    /// What `--output` says; a table when it says nothing.
    ///
    /// # Errors
    /// When there is no such form.
    pub(crate) fn of(args: &Args) -> Result<Self, Failure> {
        match args.value("--output") {
            None | Some("table") => Ok(Self::Table),
            Some("json") => Ok(Self::Json),
            Some("raw") => Ok(Self::Raw),
            Some(other) => Err(Failure::usage(format!("--output {other}: there are table, json and raw"))),
        }
    }

    /// Has the SELECTs of a plan printed in this form.
    pub(crate) fn shape(self, plan: &mut Plan) {
        match self {
            Self::Table => {}
            Self::Json => plan.print_queries_as(QueryForm::Json),
            Self::Raw => plan.print_queries_as(QueryForm::Raw),
        }
    }
}

impl<'o> Listing<'o> {
    /// Begins to list. `--full` cuts nothing on a terminal either.
    ///
    /// # Errors
    /// As [`OutputFormat::of`].
    pub(crate) fn begin(args: &Args, heads: &[&str], out: &'o mut Output) -> Result<Self, Failure> {
        let form = OutputFormat::of(args)?;
        let columns = out.columns().filter(|_| !args.has("--full"));
        Ok(Self { out, form, table: Table::new(heads, columns) })
    }

    /// A line above a table; other forms have none.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(crate) fn title(&mut self, text: &str) -> Result<(), Failure> {
        if self.form == OutputFormat::Table { self.out.write(format!("{text}\n")) } else { Ok(()) }
    }

    /// Writes a row.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(crate) fn add(&mut self, row: &impl Row) -> Result<(), Failure> {
        match self.form {
            OutputFormat::Table => self.table.add(row.cells(self.table.seen()), self.out),
            OutputFormat::Json => self.out.write(format!("{}\n", row.json())),
            OutputFormat::Raw => {
                let mut line = row.raw();
                line.push(b'\n');
                self.out.write(line)
            }
        }
    }

    /// Ends the list: one without rows has its heads too.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        if self.form == OutputFormat::Table {
            self.table.end(self.out)?;
        }
        self.out.flush()
    }

    /// Shows all rows that were added.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(crate) fn show(&mut self) -> Result<(), Failure> {
        if self.form == OutputFormat::Table {
            self.table.show(self.out)?;
        }
        self.out.flush()
    }
}
