//! ASN.1's distinguished encoding, as much of it as Kerberos needs: tags of one byte, definite lengths.

use zeroize::Zeroizing;

use crate::time;

/// Why bytes are no value: the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Reads values one after the other. No length is believed beyond the bytes that are there, and nothing is reserved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that was not read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The tag of the next value, if one follows.
    pub(crate) fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value's bytes whole, tag and length included.
    pub(crate) fn raw(&mut self) -> Result<&'a [u8], Malformed> {
        let all = self.0;
        self.value()?;
        Ok(&all[..all.len() - self.0.len()])
    }

    /// What stands in the next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Self, Malformed> {
        match self.value()? {
            (found, content) if found == tag => Ok(Self(content)),
            _ => Err(Malformed("a value is of another type than this message has there")),
        }
    }

    pub(crate) fn sequence(&mut self) -> Result<Self, Malformed> {
        self.expect(SEQUENCE)
    }

    /// The field of that number of a sequence, if it comes next. Fields of lower numbers, which nobody asked for, are
    /// passed over.
    pub(crate) fn optional(&mut self, number: u8) -> Result<Option<Self>, Malformed> {
        while let Some(tag) = self.tag() {
            if tag == context(number) {
                return self.expect(tag).map(Some);
            }
            if !(context(0)..context(number)).contains(&tag) {
                return Ok(None);
            }
            self.value()?;
        }
        Ok(None)
    }

    pub(crate) fn field(&mut self, number: u8) -> Result<Self, Malformed> {
        self.optional(number)?.ok_or(Malformed("a field is missing"))
    }

    pub(crate) fn integer(&mut self) -> Result<i64, Malformed> {
        let bytes = self.expect(INTEGER)?.0;
        if bytes.is_empty() || bytes.len() > 8 {
            return Err(Malformed("a number is empty, or longer than 8 bytes"));
        }
        let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
        Ok(bytes.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte)))
    }

    /// A number of 32 bits; one without its sign is taken as it was meant.
    pub(crate) fn integer32(&mut self) -> Result<i32, Malformed> {
        let value = self.integer()?;
        let unsigned = || u32::try_from(value).map(u32::cast_signed);
        i32::try_from(value).or_else(|_| unsigned()).map_err(|_| Malformed("a number is too large"))
    }

    pub(crate) fn octets(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.expect(OCTET_STRING)?.0)
    }

    /// A KerberosString: ASCII by its type, UTF-8 in practice.
    pub(crate) fn text(&mut self) -> Result<String, Malformed> {
        let (tag, content) = self.value()?;
        if ![GENERAL_STRING, UTF8_STRING, IA5_STRING].contains(&tag) {
            return Err(Malformed("a text is of another type than text"));
        }
        let text = std::str::from_utf8(content);
        text.map(str::to_owned).map_err(|_| Malformed("a text is not UTF-8"))
    }

    /// KerberosTime, in seconds since 1970.
    pub(crate) fn time(&mut self) -> Result<i64, Malformed> {
        time::parse(self.expect(GENERALIZED_TIME)?.0)
            .ok_or(Malformed("a time is not of the form YYYYMMDDHHMMSSZ"))
    }

    /// The first 32 bits of a bit string.
    pub(crate) fn flags(&mut self) -> Result<u32, Malformed> {
        let content = self.expect(BIT_STRING)?.0;
        let bits = content.get(1..).ok_or(Malformed("a bit string is empty"))?;
        Ok((0..4).fold(0, |value, at| value << 8 | bits.get(at).map_or(0, |byte| u32::from(*byte))))
    }

    fn value(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let [tag, first, rest @ ..] = self.0 else { return Err(ENDS_EARLY) };
        let (length, rest) = match *first {
            short @ ..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f)).ok_or(ENDS_EARLY)?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return Err(Malformed("a length is indefinite, or of more than 4 bytes")),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok((*tag, content))
    }
}

/// Writes values one after the other. What is written may hold keys: it is overwritten when it is dropped.
#[derive(Default)]
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// One value.
    pub(crate) fn message(tag: u8, content: impl FnOnce(&mut Self)) -> Zeroizing<Vec<u8>> {
        // Room from the start, so that no key is left behind by a buffer that grew.
        let mut writer = Self(Zeroizing::new(Vec::with_capacity(ROOM)));
        writer.value(tag, content);
        writer.0
    }

    pub(crate) fn value(&mut self, tag: u8, content: impl FnOnce(&mut Self)) {
        self.0.push(tag);
        let begins = self.0.len();
        content(self);
        let (head, length) = length(self.0.len() - begins);
        self.0.splice(begins..begins, head.into_iter().take(length));
    }

    pub(crate) fn sequence(&mut self, content: impl FnOnce(&mut Self)) {
        self.value(SEQUENCE, content);
    }

    pub(crate) fn field(&mut self, number: u8, content: impl FnOnce(&mut Self)) {
        self.value(context(number), content);
    }

    /// A value that is encoded already.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn integer(&mut self, value: i64) {
        let bytes = value.to_be_bytes();
        let redundant =
            |pair: &&[u8]| (pair[0] == 0 && pair[1] & 0x80 == 0) || (pair[0] == 0xff && pair[1] & 0x80 != 0);
        let skip = bytes.windows(2).take_while(redundant).count();
        self.value(INTEGER, |it| it.raw(&bytes[skip..]));
    }

    pub(crate) fn octets(&mut self, bytes: &[u8]) {
        self.value(OCTET_STRING, |it| it.raw(bytes));
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.value(GENERAL_STRING, |it| it.raw(text.as_bytes()));
    }

    pub(crate) fn time(&mut self, unix_s: i64) {
        self.value(GENERALIZED_TIME, |it| it.raw(time::format(unix_s).as_bytes()));
    }

    pub(crate) fn flags(&mut self, flags: u32) {
        self.value(BIT_STRING, |it| {
            it.raw(&[0]);
            it.raw(&flags.to_be_bytes());
        });
    }
}

/// The tag of a field of that number.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of a message of that number.
pub(crate) const fn application(number: u8) -> u8 {
    0x60 | number
}

/// A length as it is written, and how many bytes of it count.
pub(crate) fn length(length: usize) -> ([u8; 5], usize) {
    // No message of ours comes near 4 GB.
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    match length {
        ..0x80 => ([d, 0, 0, 0, 0], 1),
        0x80..0x100 => ([0x81, d, 0, 0, 0], 2),
        0x100..0x1_0000 => ([0x82, c, d, 0, 0], 3),
        _ => ([0x84, a, b, c, d], 5),
    }
}

pub(crate) const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const IA5_STRING: u8 = 0x16;
const GENERALIZED_TIME: u8 = 0x18;
const GENERAL_STRING: u8 = 0x1b;
const ENDS_EARLY: Malformed = Malformed("it ends early");

/// More than any of our messages that hold a key.
const ROOM: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_the_standard_wants_them() {
        // X.690 8.3, by hand.
        for (value, bytes) in [
            (0, &[2, 1, 0][..]),
            (127, &[2, 1, 127]),
            (128, &[2, 2, 0, 128]),
            (-1, &[2, 1, 255]),
            (-128, &[2, 1, 128]),
            (-129, &[2, 2, 255, 127]),
            (0x7fff_ffff, &[2, 4, 127, 255, 255, 255]),
            (i64::MIN, &[2, 8, 128, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            let mut writer = Writer::default();
            writer.integer(value);
            assert_eq!(*writer.0, bytes);
            assert_eq!(Reader::new(bytes).integer(), Ok(value));
        }
        assert_eq!(Reader::new(&[2, 5, 0, 255, 255, 255, 255]).integer32(), Ok(-1));
        assert!(Reader::new(&[2, 5, 1, 0, 0, 0, 0]).integer32().is_err());
        assert!(Reader::new(&[2, 0]).integer().is_err());
    }

    #[test]
    fn lengths_of_each_size_are_written_and_read() {
        for (size, head) in [
            (5, vec![5]),
            (200, vec![0x81, 200]),
            (300, vec![0x82, 1, 44]),
            (70_000, vec![0x84, 0, 1, 0x11, 0x70]),
        ] {
            let bytes = Writer::message(OCTET_STRING, |it| it.raw(&vec![7; size]));
            assert_eq!(bytes[1..=head.len()], head);
            assert_eq!(Reader::new(&bytes).octets().map(<[u8]>::len), Ok(size));
        }
    }

    #[test]
    fn a_length_that_lies_is_seen() {
        for bytes in [
            &[4, 5, 1][..],
            &[4, 0x84, 255, 255, 255, 255],
            &[4, 0x80, 0, 0],
            &[4, 0x85, 0, 0, 0, 0, 1, 1],
            &[4, 0x82, 1],
            &[4],
            &[],
        ] {
            assert!(Reader::new(bytes).octets().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn fields_that_nobody_asked_for_are_passed_over() {
        let bytes = Writer::message(SEQUENCE, |it| {
            for number in [0, 1, 4] {
                it.field(number, |it| it.integer(i64::from(number)));
            }
        });
        let mut fields = Reader::new(&bytes).sequence().unwrap();
        assert_eq!(fields.field(1).unwrap().integer(), Ok(1));
        assert!(fields.optional(2).unwrap().is_none());
        assert_eq!(fields.field(4).unwrap().integer(), Ok(4));
        assert!(fields.field(5).is_err() && fields.is_empty());
    }
}
