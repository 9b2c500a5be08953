//! Text for a terminal: no control characters, and as wide as it may be.

/// The text with control characters escaped, cut with `…` so that it takes at most so many columns.
pub(crate) fn shown(text: &str, columns: usize) -> String {
    // Most texts, and quickly.
    if text.len() <= columns && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut out = String::new();
    let (mut taken, mut fits) = (0, 0);
    for c in text.chars() {
        let from = out.len();
        push(c, &mut out);
        taken += if out[from..].len() > c.len_utf8() { out.len() - from } else { char_width(c) };
        if taken > columns {
            out.truncate(fits);
            if columns > 0 {
                out.push('…');
            }
            return out;
        }
        // What may stay when something that follows does not fit: it leaves a column for the mark.
        if taken < columns {
            fits = out.len();
        }
    }
    out
}

/// How many columns a text takes that has no control characters.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char_width).sum() }
}

/// As Rust writes it in a literal, so that nothing in a record can move the cursor or hide text.
fn push(c: char, out: &mut String) {
    if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
        out.extend(c.escape_default());
    } else {
        out.push(c);
    }
}

/// Two for what East Asian fonts draw wide and for emoji, none for marks that combine: by block, not by character.
fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_the_rest_is_as_it_is() {
        assert_eq!(shown("a\tb\n\u{1b}[2J\u{85}\u{202e}x", 99), r"a\tb\n\u{1b}[2J\u{85}\u{202e}x");
        assert_eq!(shown(r#"{"名":"é\"}"#, 99), r#"{"名":"é\"}"#);
    }

    #[test]
    fn a_text_is_cut_where_it_would_be_too_wide() {
        for (columns, cut) in [(6, "abcdef"), (5, "abcd…"), (2, "a…"), (1, "…"), (0, "")] {
            assert_eq!(shown("abcdef", columns), cut);
            assert!(width(cut) <= columns, "{cut}");
        }
        // A wide character is not halved, nor is an escape.
        assert_eq!((shown("四海ab", 4), shown("四海", 4)), ("四…".to_owned(), "四海".to_owned()));
        assert_eq!(shown("a\n\n", 4), "a\\n…");
    }

    #[test]
    fn a_text_of_megabytes_is_looked_at_only_as_far_as_it_is_seen() {
        let long = "x".repeat(20 << 20);
        assert_eq!(width(&shown(&long, 80)), 80);
        assert_eq!(shown(&long, usize::MAX).len(), long.len());
    }
}
