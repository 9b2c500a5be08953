//! Bytes as hexadecimal text.

/// `00ff`
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of `00ff`, as people paste them: with spaces, line ends, commas or colons between bytes, `0x` before
/// them, in any case.
///
/// # Errors
/// A sentence that names the character.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if high.is_none() {
            let prefix = c == '0' && chars.next_if(|(_, next)| matches!(next, 'x' | 'X')).is_some();
            if prefix || c.is_whitespace() || matches!(c, ',' | ':') {
                continue;
            }
        }
        let digit =
            c.to_digit(16).ok_or_else(|| format!("{c:?} at character {at} is no hexadecimal digit"))?;
        // A digit is below 16.
        let digit = digit as u8;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    match high {
        None => Ok(bytes),
        Some(_) => Err("an odd number of hexadecimal digits: half a byte is left over".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(encode(&[0, 255, 16]), "00ff10");
        assert_eq!(decode("00ff10"), Ok(vec![0, 255, 16]));
    }

    #[test]
    fn what_people_paste_is_read() {
        assert_eq!(decode(" 0x00FF\n10 0X01,0x02\r\n0a:00\t"), Ok(vec![0, 255, 16, 1, 2, 10, 0]));
        assert_eq!(decode(""), Ok(vec![]));
    }

    #[test]
    fn what_is_no_byte_is_named() {
        assert!(decode("00f").is_err_and(|why| why.contains("odd number")));
        assert!(decode("00fg").is_err_and(|why| why.contains("'g' at character 3")));
        assert!(decode("0 0").is_err_and(|why| why.contains("' ' at character 1")));
    }
}
