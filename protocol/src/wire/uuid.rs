//! How Kafka writes an id: base64 for URLs, without padding.

use std::fmt;
use std::str::FromStr;

use super::Uuid;

/// What text is not an id's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUuid;

/// `AAAAAAAAAAAAAAAAAAAAAQ`, as Kafka's tools show topic ids.
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; TEXT_BYTES];
        let mut bits = u128::from_be_bytes(self.0);
        // The last digit holds two bits of the id and four of nothing.
        text[TEXT_BYTES - 1] = DIGITS[((bits & 3) << 4) as usize];
        bits >>= 2;
        for digit in text[..TEXT_BYTES - 1].iter_mut().rev() {
            *digit = DIGITS[(bits & 63) as usize];
            bits >>= 6;
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Takes what `Display` writes.
impl FromStr for Uuid {
    type Err = NotUuid;

    fn from_str(text: &str) -> Result<Self, NotUuid> {
        let text = <&[u8; TEXT_BYTES]>::try_from(text.as_bytes()).map_err(|_| NotUuid)?;
        let digit = |byte: &u8| DIGITS.iter().position(|digit| digit == byte).ok_or(NotUuid);
        let mut bits = 0u128;
        for byte in &text[..TEXT_BYTES - 1] {
            bits = bits << 6 | digit(byte)? as u128;
        }
        match digit(&text[TEXT_BYTES - 1])? {
            last if last & 15 != 0 => Err(NotUuid),
            last => Ok(Self((bits << 2 | (last >> 4) as u128).to_be_bytes())),
        }
    }
}

impl fmt::Display for NotUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id: 22 digits of base64 for URLs are")
    }
}

impl std::error::Error for NotUuid {}

const TEXT_BYTES: usize = 22;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is what Python's `base64.urlsafe_b64encode` makes of the bytes.
    #[test]
    fn an_id_is_written_as_kafka_does_and_read_back() {
        let counted: [u8; 16] = std::array::from_fn(|at| at as u8);
        let rows = [
            ([0; 16], "AAAAAAAAAAAAAAAAAAAAAA"),
            (1u128.to_be_bytes(), "AAAAAAAAAAAAAAAAAAAAAQ"),
            ([255; 16], "_____________________w"),
            (counted, "AAECAwQFBgcICQoLDA0ODw"),
        ];
        for (bytes, text) in rows {
            assert_eq!(Uuid(bytes).to_string(), text);
            assert_eq!(text.parse(), Ok(Uuid(bytes)));
        }
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAAAAAAAAAAAAAAA", "ü"]
        {
            assert_eq!(text.parse::<Uuid>(), Err(NotUuid), "{text}");
        }
    }
}
