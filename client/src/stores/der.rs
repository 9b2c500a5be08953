//! DER (X.690), as far as stores and certificates need it: elements one after the other, nothing copied.

use std::borrow::Cow;
use std::fmt;

/// What is left to read of a run of elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Der<'a>(&'a [u8]);

/// A tag with what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With tag and length, as it stood.
    pub(crate) whole: &'a [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xa0;

impl<'a> Der<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next element has this tag.
    pub(crate) fn begins_with(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, String> {
        let [tag, first, ..] = *self.0 else { return Err(SHORT.to_owned()) };
        if tag & 0x1f == 0x1f {
            return Err("DER with a tag of several bytes, which no store has".to_owned());
        }
        let (head, length) = match usize::from(first) {
            short @ 0..=0x7f => (2, short),
            long @ 0x81..=0x84 => {
                let bytes = self.0.get(2..2 + (long & 0x7f)).ok_or(SHORT)?;
                (2 + bytes.len(), bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
            }
            0x80 => return Err("BER without lengths, where DER is read".to_owned()),
            _ => return Err("DER with a length of more than four bytes".to_owned()),
        };
        let end = head.checked_add(length).filter(|end| *end <= self.0.len()).ok_or(SHORT)?;
        let (whole, rest) = self.0.split_at(end);
        self.0 = rest;
        Ok(Element { tag, content: &whole[head..], whole })
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<&'a [u8], String> {
        let element = self.element()?;
        match element.tag == tag {
            true => Ok(element.content),
            false => Err(format!("DER with tag {:#04x} where {tag:#04x} belongs", element.tag)),
        }
    }

    /// The same where the next element has this tag; otherwise nothing is read.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, String> {
        match self.begins_with(tag) {
            true => self.take(tag).map(Some),
            false => Ok(None),
        }
    }

    pub(crate) fn sequence(&mut self) -> Result<Self, String> {
        self.take(SEQUENCE).map(Self)
    }

    pub(crate) fn oid(&mut self) -> Result<Oid<'a>, String> {
        self.take(OID).map(Oid)
    }

    /// An integer of at most four bytes that is not negative.
    pub(crate) fn small(&mut self) -> Result<u32, String> {
        let bytes = self.take(INTEGER)?;
        let bytes = bytes.strip_prefix(&[0]).unwrap_or(bytes);
        match bytes.len() {
            0..=4 => Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))),
            _ => Err("DER with a number that is too large".to_owned()),
        }
    }

    /// `SEQUENCE { OID, parameters }`.
    pub(crate) fn algorithm(&mut self) -> Result<(Oid<'a>, Self), String> {
        let mut algorithm = self.sequence()?;
        Ok((algorithm.oid()?, algorithm))
    }

    /// The bytes of an octet string, also of one in pieces.
    pub(crate) fn octets(&mut self) -> Result<Vec<u8>, String> {
        let element = self.element()?;
        pieces(&element, OCTET_STRING, 0)
    }
}

/// Octets under a tag that stands for `OCTET STRING`: as they are, or in pieces, as BER allows.
pub(crate) fn pieces(element: &Element<'_>, primitive: u8, depth: usize) -> Result<Vec<u8>, String> {
    if element.tag == primitive {
        return Ok(element.content.to_vec());
    }
    if element.tag != primitive | CONSTRUCTED || depth >= DEPTH_MAX {
        return Err(format!("DER with tag {:#04x} where bytes belong", element.tag));
    }
    let (mut pieces_left, mut bytes) = (Der(element.content), Vec::new());
    while !pieces_left.is_empty() {
        bytes.extend(pieces(&pieces_left.element()?, OCTET_STRING, depth + 1)?);
    }
    Ok(bytes)
}

/// Lengths put where BER leaves them out, as stores of Bouncy Castle do; what has them all comes back as it is.
pub(crate) fn definite(ber: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if ber.get(1) != Some(&0x80) {
        return Ok(Cow::Borrowed(ber));
    }
    let (mut left, mut out) = (ber, Vec::with_capacity(ber.len()));
    definite_element(&mut left, &mut out, 0)?;
    Ok(Cow::Owned(out))
}

fn definite_element(left: &mut &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), String> {
    let [tag, first, rest @ ..] = *left else { return Err(SHORT.to_owned()) };
    if *first != 0x80 {
        let mut der = Der(left);
        let element = der.element()?;
        *left = der.0;
        if tag & CONSTRUCTED == 0 {
            out.extend_from_slice(element.whole);
            return Ok(());
        }
        return nested(*tag, element.content, out, depth);
    }
    if tag & CONSTRUCTED == 0 || depth >= DEPTH_MAX {
        return Err("BER that nests too deep".to_owned());
    }
    let (mut inner, mut content) = (rest, Vec::new());
    loop {
        match inner {
            [0, 0, after @ ..] => {
                *left = after;
                return header(*tag, &content, out);
            }
            _ => definite_element(&mut inner, &mut content, depth + 1)?,
        }
    }
}

/// An element whose own length is known, while one within may leave its length out.
fn nested(tag: u8, content: &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), String> {
    if depth >= DEPTH_MAX {
        return Err("BER that nests too deep".to_owned());
    }
    let (mut inner, mut made) = (content, Vec::with_capacity(content.len()));
    while !inner.is_empty() {
        definite_element(&mut inner, &mut made, depth + 1)?;
    }
    header(tag, &made, out)
}

fn header(tag: u8, content: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let length = u32::try_from(content.len()).map_err(|_| "BER that is too long".to_owned())?;
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => {
            out.push(0x84);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    Ok(())
}

const CONSTRUCTED: u8 = 0x20;
/// How deep elements may nest: a store takes ten.
const DEPTH_MAX: usize = 24;
const SHORT: &str = "DER that ends early";

/// An object identifier by its bytes; its text is the dotted one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Oid<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc: u64 = 0;
        let mut first = true;
        for byte in self.0 {
            arc = arc.saturating_mul(128).saturating_add(u64::from(byte & 0x7f));
            if byte & 0x80 != 0 {
                continue;
            }
            match first {
                true => write!(f, "{}.{}", (arc / 40).min(2), arc - (arc / 40).min(2) * 40)?,
                false => write!(f, ".{arc}")?,
            }
            (arc, first) = (0, false);
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_read_and_a_lie_about_its_length_is_not_believed() {
        let mut der = Der::new(&[0x30, 3, 2, 1, 5, 0x04, 1, 7]);
        assert_eq!(der.sequence().unwrap().small().unwrap(), 5);
        assert_eq!(der.octets().unwrap(), [7]);
        assert!(der.is_empty());
        for lie in [
            &[0x30][..],
            &[0x30, 5, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x82, 1],
        ] {
            assert!(Der::new(lie).element().is_err(), "{lie:?}");
        }
    }

    #[test]
    fn an_oid_is_shown_as_people_write_it() {
        assert_eq!(Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13]).to_string(), "1.2.840.113549.1.5.13");
        assert_eq!(Oid(&[0x60, 0x86, 0x48, 1, 0x65]).to_string(), "2.16.840.1.101");
        assert_eq!(Oid(&[0x88, 0x37]).to_string(), "2.999");
    }

    #[test]
    fn lengths_are_put_where_ber_leaves_them_out() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 1, 7, 4, 1, 8, 0, 0, 0, 0];
        let der = definite(&ber).unwrap();
        let mut sequence = Der::new(&der).sequence().unwrap();
        assert_eq!(sequence.octets().unwrap(), [7, 8]);
        let plain = [0x30, 3, 2, 1, 5];
        assert_eq!(*definite(&plain).unwrap(), plain);
        let deep = [0x30, 0x80].repeat(1000);
        assert!(definite(&deep).unwrap_err().contains("deep"));
    }
}
