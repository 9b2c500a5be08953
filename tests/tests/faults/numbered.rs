//! Numbered records: each carries its number in every byte, so that nothing else can be taken for it.

use std::fmt::Write;

/// How many keys the numbers share in turn.
pub(crate) const KEYS: u64 = 1000;

/// The key and the value of a number, in buffers that are used again.
#[derive(Default)]
pub(crate) struct Numbered {
    key: String,
    value: String,
}

impl Numbered {
    /// The bytes to send: a short key and a value of 100 bytes.
    pub(crate) fn bytes(&mut self, number: u64) -> (&[u8], &[u8]) {
        self.key.clear();
        self.value.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.key, "customer-{}", number % KEYS);
        for _ in 0..REPEATS {
            let _ = write!(self.value, "{number:010}");
        }
        (self.key.as_bytes(), self.value.as_bytes())
    }

    /// The number of a record that was read; `None` if it is not, to the last byte, what was sent under it.
    pub(crate) fn number(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> Option<u64> {
        let digits = std::str::from_utf8(value?.get(..10)?).ok()?;
        let number = digits.parse().ok()?;
        (self.bytes(number) == (key?, value?)).then_some(number)
    }
}

const REPEATS: usize = 10;

#[test]
fn a_record_that_was_changed_has_no_number() {
    let mut numbered = Numbered::default();
    let (key, value) = numbered.bytes(1_234_567);
    let (key, value) = (key.to_vec(), value.to_vec());
    assert_eq!((&*key, value.len()), (&b"customer-567"[..], 100));
    assert_eq!(numbered.number(Some(&key), Some(&value)), Some(1_234_567));
    assert_eq!(numbered.number(Some(b"customer-568"), Some(&value)), None);
    assert_eq!(numbered.number(Some(&key), Some(&[&*value, b"0"].concat())), None);
    assert_eq!(numbered.number(Some(&key), Some(&[&value[..99], b"8"].concat())), None);
    assert_eq!((numbered.number(None, Some(&value)), numbered.number(Some(&key), None)), (None, None));
}
