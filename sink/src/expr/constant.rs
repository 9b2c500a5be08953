//! A value that an expression owns.

use std::fmt;

use crate::row::{Arena, Value};

/// A value that an expression owns: a literal, or what a part without columns came to while planning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    /// One that borrows nothing.
    Plain(Value<'static>),
    String(Box<str>),
    Bytes(Box<[u8]>),
    Array(Box<[Constant]>),
    Map(Box<[(Constant, Constant)]>),
    Row(Box<[Constant]>),
}

impl Constant {
    /// NULL
    pub(crate) const NULL: Self = Self::Plain(Value::Null);

    /// The value for a row. Only nested ones need the arena.
    #[inline]
    pub(crate) fn value<'a>(&'a self, arena: &'a Arena) -> Value<'a> {
        match self {
            Self::Plain(value) => *value,
            Self::String(text) => Value::String(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            _ => self.nested(arena),
        }
    }

    fn nested<'a>(&'a self, arena: &'a Arena) -> Value<'a> {
        let items =
            |items: &'a [Self]| arena.alloc_slice_fill_iter(items.iter().map(|item| item.value(arena)));
        match self {
            Self::Array(all) => Value::Array(items(all)),
            Self::Row(all) => Value::Row(items(all)),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.value(arena), value.value(arena)));
                Value::Map(arena.alloc_slice_fill_iter(entries))
            }
            _ => self.value(arena),
        }
    }
}

impl From<Value<'_>> for Constant {
    fn from(value: Value<'_>) -> Self {
        let all = |items: &[Value<'_>]| items.iter().map(|item| Self::from(*item)).collect();
        match value {
            Value::String(text) => Self::String(text.into()),
            Value::Bytes(bytes) => Self::Bytes(bytes.into()),
            Value::Array(items) => Self::Array(all(items)),
            Value::Row(fields) => Self::Row(all(fields)),
            Value::Map(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (Self::from(*key), Self::from(*value))).collect())
            }
            Value::Null => Self::Plain(Value::Null),
            Value::Boolean(it) => Self::Plain(Value::Boolean(it)),
            Value::TinyInt(it) => Self::Plain(Value::TinyInt(it)),
            Value::SmallInt(it) => Self::Plain(Value::SmallInt(it)),
            Value::Int(it) => Self::Plain(Value::Int(it)),
            Value::BigInt(it) => Self::Plain(Value::BigInt(it)),
            Value::Float(it) => Self::Plain(Value::Float(it)),
            Value::Double(it) => Self::Plain(Value::Double(it)),
            Value::Decimal(it) => Self::Plain(Value::Decimal(it)),
            Value::Date(it) => Self::Plain(Value::Date(it)),
            Value::Time(it) => Self::Plain(Value::Time(it)),
            Value::Timestamp(it) => Self::Plain(Value::Timestamp(it)),
        }
    }
}

/// As SQL writes it, without its type.
impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(Value::Null) => f.write_str("NULL"),
            Self::Plain(Value::Boolean(truth)) => write!(f, "{}", if *truth { "TRUE" } else { "FALSE" }),
            Self::Plain(Value::TinyInt(it)) => write!(f, "{it}"),
            Self::Plain(Value::SmallInt(it)) => write!(f, "{it}"),
            Self::Plain(Value::Int(it)) => write!(f, "{it}"),
            Self::Plain(Value::BigInt(it)) => write!(f, "{it}"),
            // What a text holds may be a secret.
            Self::String(_) | Self::Bytes(_) => f.write_str("'…'"),
            _ => f.write_str("a constant"),
        }
    }
}
