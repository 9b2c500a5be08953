//! `U&'…' UESCAPE '#'`: a text that spells its characters, by a sign of its own.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::token::is_word;

/// Makes one token of a text, UESCAPE and the sign, where the last three are these.
///
/// # Errors
/// What is wrong with the text or the sign.
pub(super) fn join(tokens: &mut Vec<TokenWithSpan>) -> Result<(), String> {
    let [.., text, word, sign] = &tokens[..] else { return Ok(()) };
    let (Token::UnicodeStringLiteral(text), Token::SingleQuotedString(sign)) = (&text.token, &sign.token)
    else {
        return Ok(());
    };
    if !is_word(&word.token, "UESCAPE") {
        return Ok(());
    }
    let mut chars = sign.chars();
    let (Some(escape), None) = (chars.next(), chars.next()) else {
        return Err("UESCAPE is followed by one character in quotes".to_owned());
    };
    if escape.is_ascii_hexdigit() || escape.is_whitespace() || ['\'', '"', '+'].contains(&escape) {
        return Err(format!("UESCAPE '{escape}': this character cannot stand before digits"));
    }
    let token = Token::UnicodeStringLiteral(unescaped(text, escape)?);
    let behind = tokens.len() - 3;
    tokens.truncate(behind + 1);
    tokens[behind].token = token;
    Ok(())
}

/// Four hexadecimal digits behind the sign are a character, or half of one; six where `+` stands before them; the sign
/// twice is itself.
fn unescaped(text: &str, escape: char) -> Result<String, String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        if first == escape && !rest.starts_with(escape) {
            let (digits, length) = match rest.strip_prefix('+') {
                Some(behind) => (behind, 6),
                None => (rest, 4),
            };
            let number = digits.get(..length).filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = number.and_then(|it| u32::from_str_radix(it, 16).ok());
            match (code, code.and_then(char::from_u32)) {
                (_, Some(char)) => units.extend_from_slice(char.encode_utf16(&mut [0; 2])),
                // Half of a character, whose other half follows.
                (Some(code), None) if length == 4 => units.push(code as u16),
                _ => return Err(format!("'{escape}' is followed by four hexadecimal digits")),
            }
            rest = &digits[length..];
        } else {
            if first == escape {
                rest = &rest[first.len_utf8()..];
            }
            units.extend_from_slice(first.encode_utf16(&mut [0; 2]));
        }
    }
    String::from_utf16(&units).map_err(|_| format!("'{escape}': half of a character is missing"))
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn digits_behind_the_sign_are_characters() {
        for (text, expected) in [
            ("#263A", "\u{263a}"),
            ("a#00e9##b", "a\u{e9}#b"),
            ("#D83D#DE00", "\u{1f600}"),
            ("#+01F600", "\u{1f600}"),
            ("plain", "plain"),
        ] {
            assert_eq!(unescaped(text, '#').as_deref(), Ok(expected), "{text}");
        }
        for text in ["#00zz", "#26", "#", "#D83Dx", "#+26", "#é263A"] {
            assert!(unescaped(text, '#').is_err(), "{text}");
        }
    }
}
