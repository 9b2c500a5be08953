//! Tables without Kafka that are read: `datagen` and `filesystem`.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use super::SourcePlan;
use super::check::Check;
use super::table::Table;
use crate::credentials::PathMap;
use crate::datagen::{ColumnGenerator, Generator, GeneratorKind};
use crate::deserializer::{DeserializerPlan, PartPlan};
use crate::error::Rule;
use crate::error_handling::ErrorHandling;
use crate::format::DecodingFormat;
use crate::local_source::LocalPlan;
use crate::option::{OptionKind, OptionValue};
use crate::options::{DATAGEN, FIELD_OPTIONS, FILESYSTEM, expectation, parse};
use crate::scan::{Bounded, Startup};
use crate::types::{Field, LENGTH_MAX, LogicalType};

/// Checks a table of files and makes its plan; those of buckets lie where the map says.
pub(super) fn filesystem<'t>(
    table: &'t Table,
    paths: &PathMap,
) -> (Option<SourcePlan>, Check<'t>, Vec<String>) {
    let mut check = Check::new(table, &FILESYSTEM);
    let format = check.format("format", "");
    check.keys([format.as_ref(), None]);
    check.readable_metadata(None);
    let path = local_path(&mut check, paths);
    let decoding = format.as_ref().and_then(|format| check.decoding_format(format, &table.columns, &[]));
    let strict = format.as_ref().and_then(|format| check.strict_decoding_format(format, &table.columns, &[]));
    let lines = vec![format!("reads each line of {path}"), format!("columns: {}", table.column_names())];
    let carries_changes = format.is_some_and(|format| format.spec.carries_changes);
    let plan = decoding.map(|decoding| SourcePlan {
        strict_decoder: strict,
        carries_changes,
        ..source(table, decoding, LocalPlan::Lines { path })
    });
    (plan, check, lines)
}

/// `path`, as a path of this machine.
fn local_path(check: &mut Check<'_>, paths: &PathMap) -> String {
    let key = "path";
    let given = check.given(key).unwrap_or_default();
    let refused = match (paths.local(given), scheme(given)) {
        (Err(why), _) => why.sentence(key, given),
        (Ok(_), Some(scheme)) if !READ_SCHEMES.contains(&scheme) => format!(
            "'{key}' = '{given}': files by {scheme}:// are not read here; copy them to this machine, or mount what holds \
             them, and name that folder"
        ),
        (Ok(path), _) => return path,
    };
    check.refuse(Rule::Value, key, refused);
    given.to_owned()
}

/// How a URI begins that is no path of its own.
fn scheme(path: &str) -> Option<&str> {
    let (scheme, _) = path.split_once("://")?;
    let is_one = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
        && scheme.bytes().all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it));
    is_one.then_some(scheme)
}

/// Files of this machine, and buckets that lie on it.
const READ_SCHEMES: [&str; 2] = ["file", "obs"];

/// Checks a table of generated rows and makes its plan.
pub(super) fn datagen(table: &Table) -> (Option<SourcePlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &DATAGEN);
    check.keys([None, None]);
    check.readable_metadata(None);
    let mut count = positive(&mut check, "number-of-rows", 0);
    let per_second = positive(&mut check, "rows-per-second", 1).unwrap_or(1);
    let mut columns = Vec::new();
    for column in &*table.columns {
        let (generator, ends_after) = generator(&mut check, column);
        count = [count, ends_after].into_iter().flatten().min();
        columns.push(generator);
    }
    known_fields(&mut check);
    let rows = count.map_or("rows without end".to_owned(), |count| format!("{count} rows"));
    let lines = vec![
        format!("generates {rows}, at most {per_second} a second"),
        format!("columns: {}", table.column_names()),
    ];
    // Each process draws other rows.
    let seed = DefaultHashBuilder::default().hash_one(&table.name);
    let generator = Generator { columns, seed };
    let plan = source(table, Box::new(generator), LocalPlan::Rows { count, per_second });
    (Some(plan), check, lines)
}

fn source(table: &Table, format: Box<dyn DecodingFormat>, local: LocalPlan) -> SourcePlan {
    let arity = table.columns.len();
    SourcePlan {
        table: table.name.clone(),
        topics: Vec::new(),
        topic_pattern: None,
        properties: Vec::new(),
        group_id: None,
        startup: Startup::EarliestOffset,
        bounded: Bounded::Unbounded,
        discovery_interval: None,
        deserializer: DeserializerPlan {
            key: None,
            value: PartPlan { format, slots: (0..arity).collect() },
            metadata: Vec::new(),
            arity: table.row.len(),
            upsert_mode: false,
        },
        strict_decoder: None,
        carries_changes: false,
        columns: table.row.clone(),
        primary_key: table.primary_key.clone(),
        upsert_mode: false,
        normalize: None,
        parallelism: None,
        errors: ErrorHandling::Fail,
        local: Some(local),
    }
}

/// An option that counts.
fn positive(check: &mut Check<'_>, key: &str, least: i64) -> Option<u64> {
    let Some(OptionValue::Long(given)) = check.options.find(key) else { return None };
    let given = *given;
    if given < least {
        check.refuse(Rule::Value, key, format!("'{key}' = {given} must be at least {least}"));
    }
    u64::try_from(given).ok()
}

/// What is drawn for a column, and after how many rows a sequence ends.
fn generator(check: &mut Check<'_>, column: &Field) -> (ColumnGenerator, Option<u64>) {
    let logical = column.data_type.logical.clone();
    let mut fields = FieldOptions { check, column };
    let null_rate = fields.number("null-rate").unwrap_or(0.0).clamp(0.0, 1.0);
    let is_sequence = match fields.text("kind") {
        None | Some("random") => false,
        Some("sequence") => true,
        Some(_) => {
            fields.refuse("kind", "is not one of random, sequence");
            false
        }
    };
    if is_sequence {
        let (start, end) = (fields.whole("start"), fields.whole("end"));
        let (Some(start), Some(end)) = (start, end) else {
            fields.refuse("kind", "needs 'start' and 'end' of the same column");
            return (ColumnGenerator { logical, kind: GeneratorKind::Boolean, null_rate }, None);
        };
        let rows = u64::try_from(i128::from(end) - i128::from(start) + 1).unwrap_or(0);
        return (ColumnGenerator { logical, kind: GeneratorKind::Sequence { start }, null_rate }, Some(rows));
    }
    let kind = fields.random(&logical);
    (ColumnGenerator { logical, kind, null_rate }, None)
}

/// `fields.<column>.*`
struct FieldOptions<'a, 'b> {
    check: &'a mut Check<'b>,
    column: &'a Field,
}

impl FieldOptions<'_, '_> {
    fn key(&self, option: &str) -> String {
        format!("fields.{}.{option}", self.column.name)
    }

    fn text(&self, option: &str) -> Option<&str> {
        self.check.given(&self.key(option))
    }

    fn refuse(&mut self, option: &str, why: &str) {
        let key = self.key(option);
        let text = format!("'{key}' = '{}' {why}", self.check.given(&key).unwrap_or_default());
        self.check.refuse(Rule::Value, &key, text);
    }

    fn whole(&mut self, option: &str) -> Option<i64> {
        let parsed = self.text(option)?.parse().ok();
        if parsed.is_none() {
            self.refuse(option, "is not a whole number");
        }
        parsed
    }

    fn number(&mut self, option: &str) -> Option<f64> {
        let parsed = self.text(option)?.parse().ok().filter(|it: &f64| it.is_finite());
        if parsed.is_none() {
            self.refuse(option, "is not a number");
        }
        parsed
    }

    fn is_true(&self, option: &str) -> bool {
        self.text(option).is_some_and(|it| it.eq_ignore_ascii_case("true"))
    }

    fn past_ms(&mut self) -> u64 {
        let Some(text) = self.text("max-past") else { return 0 };
        match parse(OptionKind::Duration, text) {
            Some(OptionValue::Duration(past)) => u64::try_from(past.as_millis()).unwrap_or(u64::MAX - 1),
            _ => {
                self.refuse("max-past", &format!("is not {}", expectation(OptionKind::Duration)));
                0
            }
        }
    }

    fn length(&mut self, own: u32) -> GeneratorKind {
        let own = if own == LENGTH_MAX { DEFAULT_LENGTH } else { own };
        let given = self.whole("length").unwrap_or(own.into());
        if !(1..=LENGTHS_MAX).contains(&given) {
            self.refuse("length", &format!("is not between 1 and {LENGTHS_MAX}"));
        }
        let length = usize::try_from(given.clamp(1, LENGTHS_MAX)).unwrap_or(1);
        GeneratorKind::Length { length, varies: self.is_true("var-len") }
    }

    fn between(&mut self, least: i64, most: i64) -> GeneratorKind {
        let (min, max) = (self.whole("min").unwrap_or(least), self.whole("max").unwrap_or(most));
        if min > max || min < least || max > most {
            self.refuse("min", &format!("and 'max' are to lie between {least} and {most}, in this order"));
            return GeneratorKind::Whole { min: least, max: most };
        }
        GeneratorKind::Whole { min, max }
    }

    fn fraction(&mut self, most: f64) -> GeneratorKind {
        // The greatest numbers are too far apart for their distance to be one.
        let (min, max) = (self.number("min").unwrap_or(0.0), self.number("max").unwrap_or(most));
        if min > max {
            self.refuse("min", "is above 'max'");
        }
        GeneratorKind::Fraction { min, max: max.max(min) }
    }

    fn random(&mut self, logical: &LogicalType) -> GeneratorKind {
        match logical {
            LogicalType::Boolean => GeneratorKind::Boolean,
            LogicalType::TinyInt => self.between(i8::MIN.into(), i8::MAX.into()),
            LogicalType::SmallInt => self.between(i16::MIN.into(), i16::MAX.into()),
            LogicalType::Int => self.between(i32::MIN.into(), i32::MAX.into()),
            LogicalType::BigInt => self.between(i64::MIN, i64::MAX),
            LogicalType::Float => self.fraction(f32::MAX.into()),
            LogicalType::Double => self.fraction(f64::MAX),
            LogicalType::Decimal { precision, .. } => {
                GeneratorKind::Digits { precision: (*precision).into() }
            }
            LogicalType::Char(own) | LogicalType::VarChar(own) => self.length(*own),
            LogicalType::Binary(own) | LogicalType::VarBinary(own) => self.length(*own),
            LogicalType::Date => GeneratorKind::Whole { min: 0, max: DAYS_MAX },
            LogicalType::Time(_) => GeneratorKind::Whole { min: 0, max: 86_399_999 },
            LogicalType::Timestamp(_) | LogicalType::TimestampLtz(_) => {
                GeneratorKind::Past { max_ms: self.past_ms() }
            }
            other => {
                let text = format!("column '{}': generating {other}", self.column.name);
                self.check.not_yet("datagen-type", "connector", text);
                GeneratorKind::Boolean
            }
        }
    }
}

/// Every `fields.*` is an option of a column.
fn known_fields(check: &mut Check<'_>) {
    let table = check.table;
    for key in table.options.keys().filter_map(|key| key.strip_prefix("fields.")) {
        let known = key.rsplit_once('.').is_some_and(|(column, option)| {
            FIELD_OPTIONS.contains(&option) && table.columns.iter().any(|it| *it.name == *column)
        });
        if !known {
            let text = format!(
                "unknown option 'fields.{key}': columns are {}; each knows {}",
                table.column_names(),
                FIELD_OPTIONS.join(", ")
            );
            check.refuse(Rule::UnknownOption, &format!("fields.{key}"), text);
        }
    }
}

/// Characters of a STRING, as Flink draws them.
const DEFAULT_LENGTH: u32 = 100;
const LENGTHS_MAX: i64 = 1_000_000;
/// The last day of 2099.
const DAYS_MAX: i64 = 47_481;
