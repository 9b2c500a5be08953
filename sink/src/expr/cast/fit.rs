//! Texts and bytes held to the length of their type.

use crate::row::Arena;
use crate::types::{LENGTH_MAX, LogicalType};

/// How many characters a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextLength {
    /// VARCHAR(n): what is longer is cut.
    AtMost(u32),
    /// CHAR(n): what is shorter is filled with blanks.
    Exactly(u32),
}

/// How many bytes there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BytesLength {
    /// VARBINARY(n): what is longer is cut.
    AtMost(u32),
    /// BINARY(n): what is shorter is filled with zeros.
    Exactly(u32),
}

impl TextLength {
    /// The length of CHAR or VARCHAR; nothing of any other type.
    pub(super) fn of(logical: &LogicalType) -> Option<Self> {
        match logical {
            LogicalType::Char(length) => Some(Self::Exactly(*length)),
            LogicalType::VarChar(length) => Some(Self::AtMost(*length)),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn fit<'a>(self, text: &'a str, arena: &'a Arena) -> &'a str {
        match self {
            Self::AtMost(LENGTH_MAX) => text,
            Self::AtMost(length) => cut(text, length),
            Self::Exactly(length) => padded(text, length, arena),
        }
    }
}

impl BytesLength {
    /// The length of BINARY or VARBINARY; nothing of any other type.
    pub(super) fn of(logical: &LogicalType) -> Option<Self> {
        match logical {
            LogicalType::Binary(length) => Some(Self::Exactly(*length)),
            LogicalType::VarBinary(length) => Some(Self::AtMost(*length)),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn fit<'a>(self, bytes: &'a [u8], arena: &'a Arena) -> &'a [u8] {
        let (Self::AtMost(length) | Self::Exactly(length)) = self;
        let length = length as usize;
        match self {
            Self::Exactly(_) if bytes.len() < length => {
                arena.alloc_slice_fill_with(length, |index| bytes.get(index).copied().unwrap_or(0))
            }
            _ => &bytes[..bytes.len().min(length)],
        }
    }
}

fn cut(text: &str, length: u32) -> &str {
    let length = length as usize;
    if text.len() <= length {
        return text;
    }
    text.char_indices().nth(length).map_or(text, |(end, _)| &text[..end])
}

fn padded<'a>(text: &'a str, length: u32, arena: &'a Arena) -> &'a str {
    let missing = (length as usize).saturating_sub(text.chars().count());
    if missing == 0 {
        return cut(text, length);
    }
    let mut padded = arena.string_with_capacity(text.len() + missing);
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(' ', missing));
    padded.into_str()
}
