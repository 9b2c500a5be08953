//! Base64 as Jackson reads and writes it: standard alphabet, padding required, blanks only between groups.

/// The bytes, or `None` if the text is not base64.
pub(crate) fn decode(text: &str, out: &mut impl Extend<u8>) -> Option<()> {
    let mut chars = text.bytes();
    while let Some(first) = chars.by_ref().find(|&char| char > b' ') {
        let mut group = value(first)? << 6 | value(chars.next()?)?;
        match (chars.next()?, chars.next()?) {
            (b'=', b'=') => out.extend([(group >> 4) as u8]),
            (third, b'=') => {
                group = group << 6 | value(third)?;
                out.extend([(group >> 10) as u8, (group >> 2) as u8]);
            }
            (third, fourth) => {
                group = group << 12 | value(third)? << 6 | value(fourth)?;
                out.extend([(group >> 16) as u8, (group >> 8) as u8, group as u8]);
            }
        }
    }
    Some(())
}

/// Appends the bytes in base64.
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |group: u32, shift: u32| ALPHABET[(group >> shift & 63) as usize];
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        let text = [digit(group, 18), digit(group, 12), digit(group, 6), digit(group, 0)];
        out.extend_from_slice(&text[..=chunk.len()]);
        out.extend_from_slice(&b"=="[..3 - chunk.len()]);
    }
}

fn value(char: u8) -> Option<u32> {
    Some(u32::from(match char {
        b'A'..=b'Z' => char - b'A',
        b'a'..=b'z' => char - b'a' + 26,
        b'0'..=b'9' => char - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
            encode(bytes.as_bytes(), &mut encoded);
            assert_eq!(str::from_utf8(&encoded), Ok(text));
            assert_eq!(decode(text, &mut decoded), Some(()));
            assert_eq!(decoded, bytes.as_bytes());
        }
    }

    #[test]
    fn what_jackson_refuses_is_refused() {
        let refused = |text| decode(text, &mut Vec::new()).is_none();
        assert!(
            ["AQI", "A", "-__-", "AQ ID", "AQ=I", "=AQI", "A==="].map(refused).iter().all(|&refused| refused)
        );
        assert!(!["AQI=AQI=", "AR==", "AQID\nAQID"].map(refused).iter().any(|&refused| refused));
    }
}
