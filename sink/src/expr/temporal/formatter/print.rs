//! From a timestamp to its text.

use std::fmt::Write;

use super::{DateTimeFormatter, Element, Number, SignStyle};
use crate::expr::temporal::local::LocalDateTime;

impl DateTimeFormatter {
    /// Writes a timestamp into a text, which never fails.
    ///
    /// # Errors
    /// The pattern asks for what a TIMESTAMP does not have, or a number does not fit: what Java says.
    pub(crate) fn print(&self, local: &LocalDateTime, out: &mut impl Write) -> Result<(), String> {
        print_all(&self.0, local, out)
    }
}

fn print_all<W: Write>(elements: &[Element], local: &LocalDateTime, out: &mut W) -> Result<(), String> {
    elements.iter().try_for_each(|element| print_one(element, local, out))
}

fn print_one<W: Write>(element: &Element, local: &LocalDateTime, out: &mut W) -> Result<(), String> {
    match element {
        Element::Literal(text) => put(out, text),
        Element::Number(number) => return print_number(*number, local.field(number.field), out),
        Element::Reduced { field, .. } => {
            let _ = write!(out, "{:02}", local.field(*field).unsigned_abs() % 100);
        }
        Element::Fraction { min, max, point, .. } => print_fraction(local.nanos, *min, *max, *point, out),
        Element::Text { field, style } => {
            put(out, style.name(*field, local.field(*field)).unwrap_or_default())
        }
        Element::Offset(_) => return Err("Unsupported field: OffsetSeconds".into()),
        Element::Zone => return Err("Unable to extract ZoneId from temporal".into()),
        Element::Padded { width, inner } => {
            let mut text = String::new();
            print_one(inner, local, &mut text)?;
            if text.len() > *width {
                let length = text.len();
                return Err(format!(
                    "Cannot print as output of {length} characters exceeds pad width of {width}"
                ));
            }
            let _ = write!(out, "{text:>width$}");
        }
        Element::Optional(inner) => {
            let mut text = String::new();
            if print_all(inner, local, &mut text).is_ok() {
                put(out, &text);
            }
        }
    }
    Ok(())
}

/// A text that grows does not fail.
fn put(out: &mut impl Write, text: &str) {
    let _ = out.write_str(text);
}

fn print_number(number: Number, value: i64, out: &mut impl Write) -> Result<(), String> {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value.unsigned_abs());
    let refused = |why: &str| {
        Err(format!("ChronoField {:?} cannot be printed as the value {value} {why}", number.field))
    };
    if digits.len() > number.max {
        return refused("exceeds the maximum print width");
    }
    if value < 0 {
        if number.sign == SignStyle::NotNegative {
            return refused("cannot be negative according to the SignStyle");
        }
        put(out, "-");
    } else if number.sign == SignStyle::ExceedsPad && digits.len() > number.min {
        put(out, "+");
    }
    for _ in digits.len()..number.min {
        put(out, "0");
    }
    put(out, digits);
    Ok(())
}

fn print_fraction(nanos: i64, min: usize, max: usize, point: bool, out: &mut impl Write) {
    // Nanoseconds lie below a billion, so the one before them is no digit of theirs.
    let mut buffer = itoa::Buffer::new();
    let text = &buffer.format(1_000_000_000 + nanos)[1..];
    let digits = text[..max].trim_end_matches('0').len().max(min);
    if digits > 0 {
        put(out, if point { "." } else { "" });
        put(out, &text[..digits]);
    }
}
