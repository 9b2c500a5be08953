//! The characters that mean something in a CSV text.

use super::options::{
    ARRAY_ELEMENT_DELIMITER, DISABLE_QUOTE_CHARACTER, ESCAPE_CHARACTER, FIELD_DELIMITER, NULL_LITERAL,
    QUOTE_CHARACTER,
};
use crate::format::FormatError;
use crate::option::{OptionSet, OptionSpec};

/// What both directions agree upon.
pub(super) struct Dialect {
    pub(super) delimiter: char,
    /// `None`: nothing is quoted.
    pub(super) quote: Option<char>,
    pub(super) escape: Option<char>,
    pub(super) element_delimiter: char,
    pub(super) null_literal: Option<Box<str>>,
}

impl Dialect {
    /// # Errors
    /// An option is not one character, or two contradict each other.
    pub(super) fn of(options: &OptionSet) -> Result<Self, FormatError> {
        let delimiter = unescaped(options.text(FIELD_DELIMITER.key).unwrap_or(","));
        let quote = one(options, &QUOTE_CHARACTER)?;
        let is_quote_disabled = options.is_true(DISABLE_QUOTE_CHARACTER.key);
        if is_quote_disabled && quote.is_some() {
            let (disabled, quote) = (DISABLE_QUOTE_CHARACTER.key, QUOTE_CHARACTER.key);
            return Err(FormatError::new(format!(
                "'{disabled}' = 'true' and '{quote}' contradict each other"
            )));
        }
        Ok(Self {
            delimiter: single(&FIELD_DELIMITER, &delimiter)?,
            quote: if is_quote_disabled { None } else { quote.or(Some('"')) },
            escape: one(options, &ESCAPE_CHARACTER)?,
            element_delimiter: one(options, &ARRAY_ELEMENT_DELIMITER)?.unwrap_or(';'),
            null_literal: options.text(NULL_LITERAL.key).map(Into::into),
        })
    }
}

fn one(options: &OptionSet, option: &OptionSpec) -> Result<Option<char>, FormatError> {
    options.text(option.key).map(|text| single(option, text)).transpose()
}

/// Java counts UTF-16: what it needs two units for is no single character there.
fn single(option: &OptionSpec, text: &str) -> Result<char, FormatError> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(char), None) if char.len_utf16() == 1 => Ok(char),
        _ => Err(FormatError::new(format!("'{}' = '{text}' is not one character", option.key))),
    }
}

/// Java's escapes, as in `\t` and `\u0001`; what is none stays as it is.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (char, length) = escape(&rest[at + 1..]).unwrap_or(('\\', 0));
        out.push(char);
        rest = &rest[at + 1 + length..];
    }
    out.push_str(rest);
    out
}

/// The character that is meant, and how many bytes behind the backslash mean it.
fn escape(behind: &str) -> Option<(char, usize)> {
    Some(match behind.chars().next()? {
        't' => ('\t', 1),
        'n' => ('\n', 1),
        'r' => ('\r', 1),
        'b' => ('\u{8}', 1),
        'f' => ('\u{c}', 1),
        'u' => {
            let digits = behind.trim_start_matches('u');
            let code = u32::from_str_radix(digits.get(..4)?, 16).ok()?;
            (char::from_u32(code)?, behind.len() - digits.len() + 4)
        }
        char @ ('\\' | '"' | '\'') => (char, 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn javas_escapes_are_known() {
        let texts = ["\\t", "\\u0001", "\\uu0041b", "\\\\", "\\x", "\\", "|"].map(unescaped);
        assert_eq!(texts, ["\t", "\u{1}", "Ab", "\\", "\\x", "\\", "|"]);
    }
}
