//! Protobuf's wire format: tags, varints and lengths, read within the bytes that there are.

use crate::format::DecodeError;

/// A message's bytes, and how far they are read.
pub(super) struct ProtoReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// How a field's value is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    Fixed64,
    Length,
    GroupStart,
    GroupEnd,
    Fixed32,
}

impl<'a> ProtoReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next field's number and layout.
    #[inline]
    pub(super) fn tag(&mut self) -> Result<(u32, WireType), DecodeError> {
        // Java reads a tag as an int.
        let tag = self.varint()? as u32;
        let wire = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Length,
            3 => WireType::GroupStart,
            4 => WireType::GroupEnd,
            5 => WireType::Fixed32,
            _ => return Err(self.broken("a tag of a kind that there is not")),
        };
        match tag >> 3 {
            0 => Err(self.broken("a tag without a number")),
            number => Ok((number, wire)),
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else { return Err(self.ends()) };
            self.at += 1;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.broken("a whole number has more than ten bytes"))
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.bytes[self.at..].first_chunk() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(self.ends()),
        }
    }

    /// Bytes behind their length.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.varint()?;
        let left = &self.bytes[self.at..];
        match usize::try_from(length).ok().and_then(|length| left.get(..length)) {
            Some(bytes) => {
                self.at += bytes.len();
                Ok(bytes)
            }
            None => Err(self.ends()),
        }
    }

    /// Passes over a field that nobody knows; `GroupEnd` is none.
    pub(super) fn skip(&mut self, number: u32, wire: WireType) -> Result<(), DecodeError> {
        let mut open: Vec<u32> = Vec::new();
        let (mut number, mut wire) = (number, wire);
        loop {
            match wire {
                WireType::Varint => _ = self.varint()?,
                WireType::Fixed64 => _ = self.array::<8>()?,
                WireType::Fixed32 => _ = self.array::<4>()?,
                WireType::Length => _ = self.bytes()?,
                WireType::GroupStart if open.len() == GROUPS_MAX => {
                    return Err(self.broken(format_args!("groups lie {GROUPS_MAX} deep in each other")));
                }
                WireType::GroupStart => open.push(number),
                WireType::GroupEnd if open.pop() != Some(number) => {
                    return Err(self.broken("the end of a group that did not begin"));
                }
                WireType::GroupEnd => {}
            }
            if open.is_empty() {
                return Ok(());
            }
            (number, wire) = self.tag()?;
        }
    }

    #[cold]
    fn ends(&self) -> DecodeError {
        self.broken("it ends within a field")
    }

    #[cold]
    pub(super) fn broken(&self, why: impl std::fmt::Display) -> DecodeError {
        let (at, all) = (self.at, self.bytes.len());
        DecodeError::refused(format!("the message is not protobuf: {why} (byte {at} of {all})"))
    }
}

pub(super) fn write_varint(value: u64, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(super) fn write_tag(number: u32, wire: WireType, out: &mut Vec<u8>) {
    let kind = match wire {
        WireType::Varint => 0,
        WireType::Fixed64 => 1,
        WireType::Length => 2,
        WireType::GroupStart => 3,
        WireType::GroupEnd => 4,
        WireType::Fixed32 => 5,
    };
    write_varint(u64::from(number) << 3 | kind, out);
}

pub(super) fn zigzag(value: u64) -> i64 {
    // Both halves fit: the shift leaves 63 bits, the other is 0 or 1.
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Groups within groups, as Java bounds them.
const GROUPS_MAX: usize = 100;
