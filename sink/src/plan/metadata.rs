//! Metadata columns: which keys there are, and which types a column of each may have.

use super::check::Check;
use super::declared::{Declared, Kind};
use super::metadata_type::{OF_VALUE, READABLE};
use super::program_sink::MetadataCast;
use super::table::Table;
use crate::deserializer::ReadableMetadata;
use crate::error::{Finding, Rule};
use crate::expr::function::Session;
use crate::expr::{Expr, Projected, cast};
use crate::format::FormatSpec;
use crate::options::nearest;
use crate::record_metadata::WritableMetadata;
use crate::types::{DataType, Field, LogicalType};

impl Check<'_> {
    /// The metadata columns of a table that is read, with their places in the table's row. Every one has a key that
    /// exists.
    pub(super) fn readable_metadata(
        &mut self,
        value_format: Option<&FormatSpec>,
    ) -> Vec<(usize, ReadableMetadata)> {
        let of_value = value_format.map_or(&[][..], |format| format.metadata);
        // What another format would add is not known yet.
        let is_open = value_format.is_some_and(|format| format.decoding.is_none());
        let mut found = Vec::new();
        for column in &self.table.declared {
            let Kind::Metadata { key, data_type, slot, .. } = &column.kind else { continue };
            let inner = key
                .strip_prefix(OF_VALUE)
                .is_some_and(|key| is_open || of_value.iter().any(|it| it.key == key));
            if inner {
                continue;
            }
            let Some(metadata) = READABLE.iter().find(|it| it.key() == key) else {
                let of_format = of_value.iter().map(|it| format!("{OF_VALUE}{}", it.key));
                let names: Vec<String> =
                    READABLE.iter().map(|it| it.key().to_owned()).chain(of_format).collect();
                let hint = nearest(key, names.iter().map(String::as_str));
                let text = format!(
                    "column '{}': no metadata '{key}' can be read; {}there are: {}",
                    column.name,
                    hint.map_or(String::new(), |it| format!("did you mean '{it}'? ")),
                    names.join(", ")
                );
                self.findings.push(Finding::new(Rule::NoColumn, text).at(column.at));
                continue;
            };
            // What can be cast is cast by the query.
            if let Fit::Never = fit(&readable_type(*metadata), &data_type.logical) {
                self.misfit(column, data_type, "read");
            }
            found.push((*slot, *metadata));
        }
        found
    }

    /// Of a table that is written, the metadata columns that are not VIRTUAL, with their places in the row of
    /// [`Table::as_sink`].
    pub(super) fn writable_metadata(
        &mut self,
        writable: &[WritableMetadata],
    ) -> Vec<(usize, WritableMetadata)> {
        let mut found = Vec::new();
        for (slot, column) in persisted(self.table) {
            let Kind::Metadata { key, data_type, is_virtual: false, .. } = &column.kind else { continue };
            let Some(metadata) = writable.iter().find(|it| it.key() == key) else {
                let names: Vec<&str> = writable.iter().map(|it| it.key()).collect();
                let there_are = match names.len() {
                    0 => "there is none".to_owned(),
                    _ => format!("there are: {}", names.join(", ")),
                };
                let text = format!(
                    "column '{}': no metadata '{key}' can be written; {there_are}; METADATA VIRTUAL makes the column one \
                     that is only read",
                    column.name
                );
                self.findings.push(Finding::new(Rule::NoColumn, text).at(column.at));
                continue;
            };
            // What can be cast is cast by the INSERT.
            if let Fit::Never = fit(&writable_type(*metadata), &data_type.logical) {
                self.misfit(column, data_type, "written");
            }
            found.push((slot, *metadata));
        }
        let has = |wanted| found.iter().any(|(_, it)| *it == wanted);
        if has(WritableMetadata::Headers) && has(WritableMetadata::HeaderList) {
            let text = "metadata 'headers' and 'header-list' are the same headers: keep one of the columns";
            self.refuse(Rule::Columns, "", text);
        }
        found
    }

    fn misfit(&mut self, column: &Declared, data_type: &DataType, done: &str) {
        let Kind::Metadata { key, .. } = &column.kind else { return };
        let text =
            format!("column '{}': metadata '{key}' cannot be {done} as {}", column.name, data_type.logical);
        self.findings.push(Finding::new(Rule::Type, text).at(column.at));
    }
}

/// Casts what an INSERT fills the metadata columns of a table with to the types that records have, where the columns
/// are declared with others.
pub(super) fn cast_written(
    table: &Table,
    columns: &mut [Projected],
    session: &Session,
) -> Result<(), Finding> {
    for column in uncast(table) {
        let own = Expr::null(column.data_type.logical.clone());
        let expr = std::mem::replace(&mut columns[column.slot].expr, own);
        columns[column.slot].expr = column.cast(expr, session)?;
    }
    Ok(())
}

/// The same for rows that a program brings, which have the columns as they are declared.
pub(super) fn written_casts(table: &Table, session: &Session) -> Result<Vec<MetadataCast>, Finding> {
    let cast = |column: WrittenColumn<'_>| {
        let declared = Expr::column(column.slot, column.data_type.clone());
        let expr = column.cast(declared, session)?;
        Ok(MetadataCast { column: column.declared.name.clone(), slot: column.slot, expr })
    };
    uncast(table).map(cast).collect()
}

/// The metadata columns that only a cast can read, which a program's source has none for.
pub(super) fn unread(table: &Table) -> Vec<Finding> {
    let needs_cast = |column: &WrittenColumn<'_>| {
        matches!(fit(&writable_type(column.metadata), &column.data_type.logical), Fit::Cast)
    };
    let finding = |column: WrittenColumn<'_>| {
        let text = format!(
            "column '{}': metadata '{}' as {} is not supported yet for a program that reads",
            column.declared.name,
            column.metadata.key(),
            column.data_type.logical
        );
        Finding::not_yet("metadata-cast", text).at(column.declared.at)
    };
    written(table).filter(needs_cast).map(finding).collect()
}

/// A metadata column that is written.
struct WrittenColumn<'t> {
    declared: &'t Declared,
    /// Its place in the row of [`Table::as_sink`].
    slot: usize,
    metadata: WritableMetadata,
    /// As declared.
    data_type: &'t DataType,
}

impl WrittenColumn<'_> {
    /// An expression of the declared type as what records have.
    fn cast(&self, expr: Expr, session: &Session) -> Result<Expr, Finding> {
        let of_record = DataType { logical: writable_type(self.metadata), nullable: true };
        cast::bind(expr, &of_record, false, session).map_err(|error| {
            let (name, key) = (&self.declared.name, self.metadata.key());
            let text = format!("column '{name}': metadata '{key}': {}", error.0);
            Finding::new(Rule::Type, text).at(self.declared.at)
        })
    }
}

/// Those that are not declared as records have them.
fn uncast(table: &Table) -> impl Iterator<Item = WrittenColumn<'_>> {
    written(table).filter(|it| it.data_type.logical != writable_type(it.metadata))
}

/// The metadata columns of a table that are written.
fn written(table: &Table) -> impl Iterator<Item = WrittenColumn<'_>> {
    persisted(table).filter_map(|(slot, declared)| match &declared.kind {
        Kind::Metadata { key, data_type, is_virtual: false, .. } => {
            let metadata = WritableMetadata::ALL.into_iter().find(|it| it.key() == key)?;
            Some(WrittenColumn { declared, slot, metadata, data_type })
        }
        _ => None,
    })
}

/// How the type of a column fits its metadata's.
#[derive(Clone, Copy)]
enum Fit {
    /// Values are the same.
    AsIs,
    /// An explicit cast exists.
    Cast,
    Never,
}

/// The columns of [`Table::as_sink`], with their places.
fn persisted(table: &Table) -> impl Iterator<Item = (usize, &Declared)> {
    let is_persisted = |column: &&Declared| {
        matches!(column.kind, Kind::Physical(_) | Kind::Metadata { is_virtual: false, .. })
    };
    table.declared.iter().filter(is_persisted).enumerate()
}

fn readable_type(metadata: ReadableMetadata) -> LogicalType {
    match metadata {
        ReadableMetadata::Topic | ReadableMetadata::TimestampType => LogicalType::STRING,
        ReadableMetadata::Partition | ReadableMetadata::LeaderEpoch => LogicalType::Int,
        ReadableMetadata::Offset => LogicalType::BigInt,
        ReadableMetadata::Timestamp => LogicalType::TimestampLtz(3),
        ReadableMetadata::Headers => headers(),
        ReadableMetadata::HeaderList => LogicalType::Array(Box::new(LogicalType::Row([].into()).nullable())),
    }
}

fn writable_type(metadata: WritableMetadata) -> LogicalType {
    match metadata {
        WritableMetadata::Topic => LogicalType::STRING,
        WritableMetadata::Timestamp => LogicalType::TimestampLtz(3),
        WritableMetadata::Headers => headers(),
        WritableMetadata::HeaderList => {
            let key = Field::new("key", LogicalType::STRING.nullable());
            let value = Field::new("value", LogicalType::BYTES.nullable());
            LogicalType::Array(Box::new(LogicalType::Row([key, value].into()).nullable()))
        }
    }
}

fn headers() -> LogicalType {
    LogicalType::Map(Box::new(LogicalType::STRING.not_null()), Box::new(LogicalType::BYTES.nullable()))
}

fn fit(metadata: &LogicalType, column: &LogicalType) -> Fit {
    use LogicalType::{
        Array, BigInt, Binary, Char, Int, Map, Row, Timestamp, TimestampLtz, VarBinary, VarChar,
    };
    match (metadata, column) {
        (one, other) if one == other => Fit::AsIs,
        (VarChar(_), VarChar(_)) | (Int, Int) | (BigInt, BigInt) => Fit::AsIs,
        // A wall clock is UTC's.
        (TimestampLtz(_), TimestampLtz(3..) | Timestamp(3..)) => Fit::AsIs,
        (TimestampLtz(_), VarChar(_) | Char(_) | TimestampLtz(_) | Timestamp(_)) => Fit::Cast,
        (TimestampLtz(_), _) => Fit::Never,
        (VarChar(_) | Int | BigInt, Array(_) | Map(..) | Row(_)) => Fit::Never,
        (Row(_), _) | (_, Row(_)) => Fit::Never,
        (VarChar(_) | Int | BigInt, _) => Fit::Cast,
        (Map(..), Map(key, value)) => match (&key.logical, &value.logical) {
            (VarChar(_), VarBinary(_) | Binary(_)) => Fit::AsIs,
            (_, VarBinary(_) | Binary(_) | VarChar(_) | Char(_)) => Fit::Cast,
            _ => Fit::Never,
        },
        (Array(_), Array(item)) => match &item.logical {
            Row(fields) => match fields.iter().map(|it| &it.data_type.logical).collect::<Vec<_>>()[..] {
                [VarChar(_), VarBinary(_)] => Fit::AsIs,
                [_, _] => Fit::Cast,
                _ => Fit::Never,
            },
            _ => Fit::Never,
        },
        _ => Fit::Never,
    }
}

/// The metadata of the value's format that a table reads: its keys there, and its places in the table's row.
pub(super) fn of_format(table: &Table) -> (Vec<&str>, Vec<usize>) {
    table.metadata().filter_map(|(_, key, slot)| Some((key.strip_prefix(OF_VALUE)?, slot))).unzip()
}
