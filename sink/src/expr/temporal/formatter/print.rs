//! From a timestamp to its text.

use std::fmt::Write;

use super::{DateTimeFormatter, Element, Number, SignStyle};
use crate::expr::temporal::local::LocalDateTime;

impl DateTimeFormatter {
    /// Writes a timestamp.
    ///
    /// # Errors
    /// The pattern asks for what a TIMESTAMP does not have, or a number does not fit: what Java says.
    pub(crate) fn print(&self, local: &LocalDateTime, out: &mut String) -> Result<(), String> {
        print_all(&self.0, local, out)
    }
}

fn print_all(elements: &[Element], local: &LocalDateTime, out: &mut String) -> Result<(), String> {
    elements.iter().try_for_each(|element| print_one(element, local, out))
}

fn print_one(element: &Element, local: &LocalDateTime, out: &mut String) -> Result<(), String> {
    match element {
        Element::Literal(text) => out.push_str(text),
        Element::Number(number) => return print_number(*number, local.field(number.field), out),
        Element::Reduced { field, .. } => {
            // Writing to a String cannot fail, here and below.
            let _ = write!(out, "{:02}", local.field(*field).unsigned_abs() % 100);
        }
        Element::Fraction { min, max, point, .. } => print_fraction(local.nanos, *min, *max, *point, out),
        Element::Text { field, style } => {
            out.push_str(style.name(*field, local.field(*field)).unwrap_or_default());
        }
        Element::Offset(_) => return Err("Unsupported field: OffsetSeconds".into()),
        Element::Zone => return Err("Unable to extract ZoneId from temporal".into()),
        Element::Padded { width, inner } => {
            let mut text = String::new();
            print_one(inner, local, &mut text)?;
            if text.len() > *width {
                let length = text.len();
                return Err(format!("Cannot print as output of {length} characters exceeds pad width of {width}"));
            }
            let _ = write!(out, "{text:>width$}");
        }
        Element::Optional(inner) => {
            let length = out.len();
            if print_all(inner, local, out).is_err() {
                out.truncate(length);
            }
        }
    }
    Ok(())
}

fn print_number(number: Number, value: i64, out: &mut String) -> Result<(), String> {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value.unsigned_abs());
    let refused =
        |why: &str| Err(format!("Field {:?} cannot be printed as the value {value} {why}", number.field));
    if digits.len() > number.max {
        return refused("exceeds the maximum print width");
    }
    if value < 0 {
        if number.sign == SignStyle::NotNegative {
            return refused("cannot be negative according to the SignStyle");
        }
        out.push('-');
    } else if number.sign == SignStyle::ExceedsPad && digits.len() > number.min {
        out.push('+');
    }
    out.extend(std::iter::repeat_n('0', number.min.saturating_sub(digits.len())));
    out.push_str(digits);
    Ok(())
}

fn print_fraction(nanos: i64, min: usize, max: usize, point: bool, out: &mut String) {
    let text = format!("{nanos:09}");
    let digits = text[..max].trim_end_matches('0').len().max(min);
    if digits > 0 {
        if point {
            out.push('.');
        }
        out.push_str(&text[..digits]);
    }
}
