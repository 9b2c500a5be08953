//! Writes values to one frame: the one place that knows how a field is written.

use bytes::Bytes;

use super::types::STRING_MAX;
use super::{Field, Segments, Str, Tags, Unrepresentable, Wire};

/// The end of one frame, which knows the version it is written at.
pub struct Writer {
    buffer: Vec<u8>,
    /// Bytes that are lent, each with how much was written before it.
    lent: Vec<(usize, Bytes)>,
    version: i16,
    flexible: bool,
    /// As in the reader.
    in_tag: bool,
}

impl Writer {
    /// An empty frame.
    pub fn new(version: i16, flexible: bool) -> Self {
        let buffer = Vec::with_capacity(RESERVED_BYTES);
        Self { buffer, lent: Vec::new(), version, flexible, in_tag: false }
    }

    /// All that was written.
    pub fn finish(self) -> Segments {
        let mut segments = Segments::with_capacity(2 * self.lent.len() + 1);
        let (mut written, mut at) = (Bytes::from(self.buffer), 0);
        for (to, lent) in self.lent {
            segments.push(written.split_to(to - at));
            segments.push(lent);
            at = to;
        }
        segments.push(written);
        segments
    }

    /// All that was written, its first four bytes overwritten with the size of the rest.
    pub(crate) fn finish_frame(mut self) -> Result<Segments, Unrepresentable> {
        let lent: usize = self.lent.iter().map(|(_, lent)| lent.len()).sum();
        let Ok(size) = i32::try_from(lent + self.buffer.len() - 4) else {
            return Err(Unrepresentable::new("longer than a frame's length can say"));
        };
        self.buffer[..4].copy_from_slice(&size.to_be_bytes());
        Ok(self.finish())
    }

    /// From here on another version's rules hold: a header and its body differ.
    pub(crate) fn turn_to(&mut self, version: i16, flexible: bool) {
        (self.version, self.flexible) = (version, flexible);
    }

    /// Writes one field, where this version has it; where not, only a default may be lost.
    ///
    /// # Errors
    /// When the version has no place for its value.
    #[inline(always)]
    pub fn field<T: Wire>(
        &mut self,
        f: &'static Field,
        value: &T,
        default: impl FnOnce() -> T,
    ) -> Result<(), Unrepresentable> {
        if f.versions.contains(self.version) {
            if f.is_nullable_struct() {
                self.in_tag = f.tag.is_some();
            }
            return value.write(self, f.nullable.contains(self.version)).map_err(|e| e.within(f.name));
        }
        if f.ignorable || *value == default() {
            return Ok(());
        }
        Err(Unrepresentable::new("set, but absent from this version").within(f.name))
    }

    /// Ends a struct that has no tagged fields of its own.
    ///
    /// # Errors
    /// When unknown tags are set at a version without tags.
    #[inline]
    pub fn end(&mut self, unknown: &Tags) -> Result<(), Unrepresentable> {
        if unknown.0.is_empty() {
            if self.flexible {
                self.buffer.push(0);
            }
            return Ok(());
        }
        self.tags(unknown, &mut |_| Ok(()))
    }

    /// Writes the tags that end every struct of a flexible version, known and unknown, ascending.
    ///
    /// # Errors
    /// When a tag has no place in this version.
    pub fn tags(
        &mut self,
        unknown: &Tags,
        known: &mut dyn FnMut(&mut TagWriter) -> Result<(), Unrepresentable>,
    ) -> Result<(), Unrepresentable> {
        let mut tags = TagWriter { set: Vec::new(), version: self.version, flexible: self.flexible };
        known(&mut tags)?;
        if !self.flexible {
            let lost = !unknown.0.is_empty();
            return if lost { Err(Unrepresentable::new("tags at a version without tags")) } else { Ok(()) };
        }
        let mut set = tags.set;
        set.extend(unknown.0.iter().cloned());
        set.sort_by_key(|(tag, _)| *tag);
        self.uvarint(set.len() as u32);
        for (tag, value) in set {
            self.uvarint(tag);
            self.uvarint(value.len() as u32);
            self.put(&value);
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The byte before a nullable struct.
    #[cfg(feature = "json")]
    pub(crate) fn lead_struct(&mut self, f: &Field, present: bool) {
        self.in_tag = f.tag.is_some();
        self.lead(present);
    }

    /// Elements of one width, three at once: the replicas of a partition mostly are three.
    #[inline]
    pub(crate) fn numbers<T: Copy, const WIDTH: usize>(
        &mut self,
        all: &[T],
        bytes: impl Fn(T) -> [u8; WIDTH],
    ) {
        let (threes, rest) = all.as_chunks::<3>();
        threes.iter().for_each(|three| self.put(three.map(&bytes).as_flattened()));
        rest.iter().for_each(|it| self.put(&bytes(*it)));
    }

    pub(crate) fn lead(&mut self, present: bool) {
        self.buffer.push(match (present, self.in_tag) {
            (true, _) => 1,
            (false, true) => 0,
            (false, false) => 0xff,
        });
    }

    #[inline]
    pub(crate) fn length(&mut self, len: Option<usize>) -> Result<(), Unrepresentable> {
        let Ok(len) = len.map_or(Ok(-1), i32::try_from) else {
            return Err(Unrepresentable::new("longer than a length can say"));
        };
        if self.flexible {
            self.uvarint(len.cast_unsigned().wrapping_add(1));
        } else {
            self.put(&len.to_be_bytes());
        }
        Ok(())
    }

    pub(crate) fn bytes(&mut self, bytes: Option<&Bytes>) -> Result<(), Unrepresentable> {
        self.length(bytes.map(Bytes::len))?;
        match bytes {
            Some(bytes) if bytes.len() >= LEND_MIN => self.lent.push((self.buffer.len(), bytes.clone())),
            Some(bytes) => self.put(bytes),
            None => {}
        }
        Ok(())
    }

    pub(crate) fn string(&mut self, text: Option<&Str>) -> Result<(), Unrepresentable> {
        if !self.flexible {
            return self.short_string(text);
        }
        let len = Self::string_length(text)?;
        self.uvarint(len.map_or(0, |n| n as u32 + 1));
        self.put(text.map_or(&[], |text| text.as_bytes()));
        Ok(())
    }

    /// A string with a 16-bit length whatever the version: only a header's client id is one.
    pub(crate) fn short_string(&mut self, text: Option<&Str>) -> Result<(), Unrepresentable> {
        let len = Self::string_length(text)?;
        self.put(&len.map_or(-1, |n| n as i16).to_be_bytes());
        self.put(text.map_or(&[], |text| text.as_bytes()));
        Ok(())
    }

    fn string_length(text: Option<&Str>) -> Result<Option<usize>, Unrepresentable> {
        match text.map(|text| text.len()) {
            Some(len) if len > STRING_MAX => Err(Unrepresentable::new("longer than 32,767 bytes")),
            len => Ok(len),
        }
    }

    #[inline]
    pub(crate) fn uvarint(&mut self, value: u32) {
        if value < 0x80 {
            self.buffer.push(value as u8);
        } else {
            self.long_uvarint(value);
        }
    }

    #[inline(never)]
    fn long_uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.buffer.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }
}

/// Gathers the tagged fields that are set.
pub struct TagWriter {
    set: Vec<(u32, Bytes)>,
    version: i16,
    flexible: bool,
}

impl TagWriter {
    /// Writes one tagged field, unless it holds its default.
    ///
    /// # Errors
    /// When the version has no place for its value.
    pub fn field<T: Wire>(
        &mut self,
        f: &'static Field,
        value: &T,
        default: impl FnOnce() -> T,
    ) -> Result<(), Unrepresentable> {
        let Some(tag) = f.tag else { return Ok(()) };
        if *value == default() {
            return Ok(());
        }
        let (version, flexible) = (self.version, self.flexible);
        let mut writer = Writer { buffer: Vec::new(), lent: Vec::new(), version, flexible, in_tag: false };
        writer.field(f, value, T::blank)?;
        if f.versions.contains(self.version) {
            self.set.push((tag, writer.finish().into_bytes()));
        }
        Ok(())
    }
}

/// From this size on, bytes are lent to the socket rather than copied into the frame.
pub const LEND_MIN: usize = 4 * 1024;

/// Most requests and small answers fit into it: the buffer does not grow again and again.
const RESERVED_BYTES: usize = 512;
