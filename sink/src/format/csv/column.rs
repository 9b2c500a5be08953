//! A column that CSV can hold: a simple value, or several of them in one.

use crate::format::FormatError;
use crate::types::{Field, LogicalType};

/// A column, an element of an ARRAY, or a field of a ROW.
pub(super) struct CsvColumn {
    pub(super) name: Box<str>,
    pub(super) logical: LogicalType,
    /// Whether it is a text as it stands.
    pub(super) is_text: bool,
    pub(super) parts: CsvParts,
}

/// What stands between the delimiters of elements.
pub(super) enum CsvParts {
    /// Nothing: it is one value.
    None,
    Elements(Box<CsvColumn>),
    Fields(Box<[CsvColumn]>),
}

impl CsvColumn {
    /// The column of a table that is read.
    ///
    /// # Errors
    /// CSV has no text for its type, or would cut its times.
    pub(super) fn read(field: &Field) -> Result<Self, FormatError> {
        if matches!(field.data_type.logical, LogicalType::Time(precision) if precision > TIME_PRECISION_MAX) {
            let why = "it reads times to the millisecond";
            return Err(FormatError::cannot_hold(&field.name, "csv", &field.data_type.logical, why));
        }
        Self::written(field)
    }

    /// The column of a table that is written.
    ///
    /// # Errors
    /// CSV has no text for its type.
    pub(super) fn written(field: &Field) -> Result<Self, FormatError> {
        let part = |name: &str, logical: &LogicalType| Self::simple(&field.name, name, logical, true);
        let parts = match &field.data_type.logical {
            LogicalType::Array(item) => CsvParts::Elements(Box::new(part("", &item.logical)?)),
            LogicalType::Row(fields) => {
                let fields = fields.iter().map(|it| part(&it.name, &it.data_type.logical));
                CsvParts::Fields(fields.collect::<Result<_, _>>()?)
            }
            logical => return Self::simple(&field.name, &field.name, logical, false),
        };
        let logical = field.data_type.logical.clone();
        Ok(Self { name: field.name.clone(), logical, is_text: false, parts })
    }

    fn simple(column: &str, name: &str, logical: &LogicalType, is_part: bool) -> Result<Self, FormatError> {
        use LogicalType as T;
        let why = match logical {
            T::Array(_) | T::Row(_) if is_part => "an ARRAY or ROW holds simple values alone",
            T::Map(..) | T::Multiset(_) => "it has no text for that type",
            T::IntervalYearMonth | T::IntervalDayTime => "it has no text for that type",
            _ => {
                let is_text = logical.is_character();
                return Ok(Self {
                    name: name.into(),
                    logical: logical.clone(),
                    is_text,
                    parts: CsvParts::None,
                });
            }
        };
        Err(FormatError::cannot_hold(column, "csv", logical, why))
    }
}

const TIME_PRECISION_MAX: u8 = 3;
