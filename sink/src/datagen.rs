//! Generated rows: a format whose message is a number and the time, and whose row is drawn by them.
//!
//! Each column counts (`sequence`) or is drawn at random. A row's draws follow from the row's number and from the
//! generator's seed alone, so that a generator shares nothing between tasks.

use std::sync::Arc;

use crate::arena::Arena;
use crate::format::{DecodeError, Decoder, DecodingFormat, OpenContext, Waiting};
use crate::row::{Row, RowKind, Timestamp, Unscaled, Value};
use crate::types::LogicalType;

/// What is drawn for the columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Generator {
    /// One for each column.
    pub(crate) columns: Vec<ColumnGenerator>,
    /// Where draws begin.
    pub(crate) seed: u64,
}

/// What is drawn for one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ColumnGenerator {
    /// The column's type.
    pub(crate) logical: LogicalType,
    /// How values follow each other.
    pub(crate) kind: GeneratorKind,
    /// The part of NULLs, 0 to 1.
    pub(crate) null_rate: f64,
}

/// How values follow each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GeneratorKind {
    /// By the row's number.
    Sequence {
        /// The first.
        start: i64,
    },
    /// Whole numbers between these, both included; days, milliseconds of a day.
    Whole {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
    },
    /// Numbers between these.
    Fraction {
        /// At least.
        min: f64,
        /// Below.
        max: f64,
    },
    /// Digits of a DECIMAL.
    Digits {
        /// How many at most.
        precision: u32,
    },
    /// Texts of hexadecimal digits, or bytes.
    Length {
        /// So long, or at most so long.
        length: usize,
        /// Whether shorter ones are drawn too.
        varies: bool,
    },
    /// TRUE or FALSE.
    Boolean,
    /// Moments at most so long before now.
    Past {
        /// In milliseconds.
        max_ms: u64,
    },
}

impl DecodingFormat for Generator {
    fn open<'a>(&'a self, _: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>> {
        let decoder: Arc<dyn Decoder> = Arc::new(self.clone());
        Box::pin(std::future::ready(Ok(decoder)))
    }
}

impl Decoder for Generator {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let bytes = bytes.unwrap_or_default();
        let number = bytes.first_chunk().map_or(0, |it| u64::from_le_bytes(*it));
        let unix_ms = bytes.last_chunk().map_or(0, |it| i64::from_le_bytes(*it));
        // As far apart as rows' numbers are near.
        let mut draws = Draws(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let row = arena.alloc_slice_fill_copy(self.columns.len(), Value::Null);
        for (column, value) in self.columns.iter().zip(row.iter_mut()) {
            if column.null_rate == 0.0 || draws.fraction() >= column.null_rate {
                *value = column.value(number, unix_ms, &mut draws, arena);
            }
        }
        each(RowKind::Insert, Some(row));
        Ok(())
    }
}

impl ColumnGenerator {
    fn value<'a>(&self, number: u64, unix_ms: i64, draws: &mut Draws, arena: &'a Arena) -> Value<'a> {
        match &self.kind {
            GeneratorKind::Sequence { start } => self.whole(start.wrapping_add(number.cast_signed()), arena),
            GeneratorKind::Whole { min, max } => self.whole(draws.between(*min, *max), arena),
            GeneratorKind::Fraction { min, max } => {
                let drawn = min + (max - min) * draws.fraction();
                // A FLOAT column's bounds are FLOATs.
                if self.logical == LogicalType::Float {
                    Value::Float(drawn as f32)
                } else {
                    Value::Double(drawn)
                }
            }
            GeneratorKind::Digits { precision } => {
                let wide = u128::from(draws.next()) << 64 | u128::from(draws.next());
                Value::Decimal(Unscaled((wide % 10_u128.pow(*precision)).cast_signed()))
            }
            GeneratorKind::Boolean => Value::Boolean(draws.next() & 1 == 1),
            GeneratorKind::Length { length, varies } => {
                let length = if *varies { draws.next() as usize % length + 1 } else { *length };
                let is_text = matches!(self.logical, LogicalType::Char(_) | LogicalType::VarChar(_));
                let bytes = arena.alloc_slice_fill_with(length, |_| {
                    let drawn = draws.next();
                    if is_text { HEX[drawn as usize % HEX.len()] } else { drawn as u8 }
                });
                match is_text {
                    true => Value::String(std::str::from_utf8(bytes).unwrap_or_default()),
                    false => Value::Bytes(bytes),
                }
            }
            GeneratorKind::Past { max_ms } => {
                let past = if *max_ms == 0 { 0 } else { draws.next() % (max_ms + 1) };
                let at_ms = unix_ms.saturating_sub_unsigned(past);
                Value::Timestamp(Timestamp {
                    seconds: at_ms.div_euclid(1_000),
                    // Below a second's 1000.
                    nanos: at_ms.rem_euclid(1_000) as u32 * 1_000_000,
                })
            }
        }
    }

    /// A whole number as the column has it; the bounds keep it in range.
    fn whole<'a>(&self, number: i64, arena: &'a Arena) -> Value<'a> {
        match self.logical {
            LogicalType::TinyInt => Value::TinyInt(number as i8),
            LogicalType::SmallInt => Value::SmallInt(number as i16),
            LogicalType::Int | LogicalType::IntervalYearMonth => Value::Int(number as i32),
            LogicalType::Float => Value::Float(number as f32),
            LogicalType::Double => Value::Double(number as f64),
            LogicalType::Decimal { scale, .. } => {
                Value::Decimal(Unscaled(i128::from(number) * 10_i128.pow(scale.into())))
            }
            LogicalType::Date => Value::Date(number as i32),
            LogicalType::Time(_) => Value::Time(number as i32),
            LogicalType::Char(_) | LogicalType::VarChar(_) => {
                Value::String(arena.alloc_str(&number.to_string()))
            }
            _ => Value::BigInt(number),
        }
    }
}

/// SplitMix64: 64 bits a draw, of any start.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, min: i64, max: i64) -> i64 {
        let span = u128::from(max.abs_diff(min)) + 1;
        min.wrapping_add((u128::from(self.next()) % span) as i64)
    }
}

const HEX: &[u8] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    fn column(logical: LogicalType, kind: GeneratorKind) -> ColumnGenerator {
        ColumnGenerator { logical, kind, null_rate: 0.0 }
    }

    fn each_row(columns: Vec<ColumnGenerator>, mut look: impl FnMut(u64, Row<'_>)) {
        let generator = Generator { columns, seed: 7 };
        for number in 0..1_000_u64 {
            let arena = Arena::new();
            let bytes = [number.to_le_bytes(), 1_000_000_u64.to_le_bytes()].concat();
            let mut rows = 0;
            generator
                .decode(Some(&bytes), &arena, &mut |_, row| {
                    rows += 1;
                    look(number, row.unwrap());
                })
                .unwrap();
            assert_eq!(rows, 1);
        }
    }

    #[test]
    fn a_sequence_counts_in_the_columns_type() {
        let columns = vec![
            column(LogicalType::Int, GeneratorKind::Sequence { start: 5 }),
            column(LogicalType::STRING, GeneratorKind::Sequence { start: 0 }),
            column(LogicalType::Decimal { precision: 10, scale: 2 }, GeneratorKind::Sequence { start: 1 }),
        ];
        each_row(columns, |number, row| {
            assert_eq!(row[0], Value::Int(number as i32 + 5));
            assert_eq!(row[1], Value::String(&number.to_string()));
            assert_eq!(row[2], Value::Decimal(Unscaled((i128::from(number) + 1) * 100)));
        });
    }

    #[test]
    fn random_values_stay_within_their_bounds_and_reach_them() {
        let columns = vec![
            column(LogicalType::Int, GeneratorKind::Whole { min: -3, max: 3 }),
            column(LogicalType::Double, GeneratorKind::Fraction { min: 1.0, max: 2.0 }),
            column(LogicalType::STRING, GeneratorKind::Length { length: 8, varies: false }),
            column(LogicalType::TimestampLtz(3), GeneratorKind::Past { max_ms: 500 }),
            column(LogicalType::Decimal { precision: 3, scale: 1 }, GeneratorKind::Digits { precision: 3 }),
        ];
        let mut drawn = std::collections::BTreeSet::new();
        each_row(columns, |_, row| {
            let Value::Int(whole) = row[0] else { panic!("{row:?}") };
            drawn.insert(whole);
            assert!(matches!(row[1], Value::Double(it) if (1.0..2.0).contains(&it)), "{row:?}");
            assert!(matches!(row[2], Value::String(it) if it.len() == 8), "{row:?}");
            let Value::Timestamp(Timestamp { seconds, nanos }) = row[3] else { panic!("{row:?}") };
            assert!((999_500..=1_000_000).contains(&(seconds * 1_000 + i64::from(nanos) / 1_000_000)));
            let Value::Decimal(digits) = row[4] else { panic!("{row:?}") };
            assert!({ digits.0 } < 1_000, "{row:?}");
        });
        assert!(drawn.iter().copied().eq(-3..=3), "{drawn:?}");
    }

    #[test]
    fn so_many_are_null() {
        let logical = LogicalType::Boolean;
        let mut nulls = 0;
        each_row(
            vec![ColumnGenerator { logical, kind: GeneratorKind::Boolean, null_rate: 0.25 }],
            |_, row| nulls += u32::from(row[0] == Value::Null),
        );
        assert!((200..300).contains(&nulls), "{nulls} of 1000");
    }
}
