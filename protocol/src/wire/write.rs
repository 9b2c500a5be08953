//! Writes values to one frame: the one place that knows how a field is written.

use bytes::{BufMut, Bytes, BytesMut};

use super::types::STRING_MAX;
use super::{Field, Segments, Str, Tags, Unrepresentable, Wire};

/// The end of one frame, which knows the version it is written at.
pub struct Writer {
    buffer: BytesMut,
    /// Written pieces, each followed by one that is lent.
    lent: Vec<(BytesMut, Bytes)>,
    version: i16,
    flexible: bool,
    /// As in the reader.
    in_tag: bool,
}

impl Writer {
    /// An empty frame.
    pub fn new(version: i16, flexible: bool) -> Self {
        Self { buffer: BytesMut::new(), lent: Vec::new(), version, flexible, in_tag: false }
    }

    /// All that was written.
    pub fn finish(self) -> Segments {
        let mut segments = Segments::default();
        for (written, lent) in self.lent {
            segments.push(written.freeze());
            segments.push(lent);
        }
        segments.push(self.buffer.freeze());
        segments
    }

    /// All that was written, its first four bytes overwritten with the size of the rest.
    pub(crate) fn finish_frame(mut self) -> Segments {
        let lent: usize = self.lent.iter().map(|(written, lent)| written.len() + lent.len()).sum();
        let size = (lent + self.buffer.len() - 4) as u32;
        let first = self.lent.first_mut().map_or(&mut self.buffer, |(written, _)| written);
        first[..4].copy_from_slice(&size.to_be_bytes());
        self.finish()
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
                self.buffer.put_u8(0);
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
        self.buffer.put_slice(bytes);
    }

    /// The byte before a nullable struct.
    pub(crate) fn lead_struct(&mut self, f: &Field, present: bool) {
        self.in_tag = f.tag.is_some();
        self.lead(present);
    }

    pub(crate) fn lead(&mut self, present: bool) {
        let in_tag = std::mem::take(&mut self.in_tag);
        self.buffer.put_u8(match (present, in_tag) {
            (true, _) => 1,
            (false, true) => 0,
            (false, false) => 0xff,
        });
    }

    pub(crate) fn length(&mut self, len: Option<usize>) -> Result<(), Unrepresentable> {
        self.in_tag = false;
        let len = len.map(i32::try_from).transpose();
        let len = len.map_err(|_| Unrepresentable::new("longer than a length can say"))?;
        match (self.flexible, len) {
            (true, len) => self.uvarint(len.map_or(0, |n| n as u32 + 1)),
            (false, len) => self.buffer.put_i32(len.unwrap_or(-1)),
        }
        Ok(())
    }

    pub(crate) fn bytes(&mut self, bytes: Option<&Bytes>) -> Result<(), Unrepresentable> {
        self.length(bytes.map(Bytes::len))?;
        match bytes {
            Some(bytes) if bytes.len() >= LEND_MIN => self.lent.push((self.buffer.split(), bytes.clone())),
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
        self.buffer.put_i16(len.map_or(-1, |n| n as i16));
        self.put(text.map_or(&[], |text| text.as_bytes()));
        Ok(())
    }

    fn string_length(text: Option<&Str>) -> Result<Option<usize>, Unrepresentable> {
        match text.map(|text| text.len()) {
            Some(len) if len > STRING_MAX => Err(Unrepresentable::new("longer than 32,767 bytes")),
            len => Ok(len),
        }
    }

    pub(crate) fn uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.buffer.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.put_u8(value as u8);
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
        let mut writer = Writer { in_tag: true, ..Writer::new(self.version, self.flexible) };
        writer.field(f, value, T::blank)?;
        if f.versions.contains(self.version) {
            self.set.push((tag, writer.finish().into_bytes()));
        }
        Ok(())
    }
}

/// From this size on, bytes are lent to the socket rather than copied into the frame.
pub const LEND_MIN: usize = 4 * 1024;
