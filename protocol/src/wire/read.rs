//! Reads values from one frame: the one place that knows how a field is read.

use std::borrow::Cow;

use bytes::Bytes;

use super::types::STRING_MAX;
use super::{Field, Malformed, Str, Struct, Tags, Wire, text};

/// A cursor over one body, which knows the version it reads at.
pub struct Reader<'a> {
    frame: &'a Bytes,
    /// What is not yet read of the first `end` bytes.
    rest: &'a [u8],
    end: usize,
    version: i16,
    flexible: bool,
    /// The nullable struct that comes next is a tagged field's own: it is led by another byte.
    in_tag: bool,
    /// Takes what Java's reader takes, no less.
    lenient: bool,
    /// How many elements all arrays together may still have.
    elements_left: usize,
    /// How much memory the values still to be read may take.
    bytes_left: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the first byte.
    pub fn new(frame: &'a Bytes, version: i16, flexible: bool) -> Self {
        Self {
            frame,
            rest: frame,
            end: frame.len(),
            version,
            flexible,
            in_tag: false,
            lenient: false,
            elements_left: usize::MAX,
            bytes_left: usize::MAX,
        }
    }

    /// A cursor that takes whatever Java's reader takes, as long as all arrays together have no more elements
    /// than that. Where the two differ is said at the crate's head.
    pub fn lenient(frame: &'a Bytes, version: i16, flexible: bool, elements_max: usize) -> Self {
        Self { lenient: true, elements_left: elements_max, ..Self::new(frame, version, flexible) }
    }

    /// The same cursor, with a bound on the memory that arrays and unknown tags may take once they are read. A frame
    /// alone bounds it loosely: two bytes of it can become forty.
    #[must_use]
    pub fn within(self, bytes_max: usize) -> Self {
        Self { bytes_left: bytes_max, ..self }
    }

    /// The byte that is read next.
    pub fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// Asserts that all was read.
    ///
    /// # Errors
    /// When bytes are left over.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed("trailing bytes")) }
    }

    /// Reads one field, where this version has it.
    ///
    /// # Errors
    /// When the bytes are not its value.
    #[inline(always)]
    pub fn field<T: Wire>(&mut self, f: &'static Field, value: &mut T) -> Result<(), Malformed> {
        if !f.versions.contains(self.version) {
            return Ok(());
        }
        if f.is_nullable_struct() {
            self.in_tag = f.tag.is_some();
        }
        value.read(self, f.nullable.contains(self.version)).map_err(|e| e.within(f.name))
    }

    /// Reads one tagged field.
    ///
    /// # Errors
    /// When this version does not have it, or the bytes are not its value.
    pub fn tagged<T: Wire>(&mut self, f: &'static Field, value: &mut T) -> Result<(), Malformed> {
        self.check_tag(f)?;
        self.field(f, value)
    }

    /// The tagged field of that number, if this build knows one.
    pub(crate) fn known_tag(
        &self,
        rows: &'static Struct,
        tag: u32,
    ) -> Result<Option<&'static Field>, Malformed> {
        let field = rows.fields.iter().find(|it| it.tag == Some(tag));
        field.map(|it| self.check_tag(it).map(|()| it)).transpose()
    }

    fn check_tag(&self, f: &'static Field) -> Result<(), Malformed> {
        if f.versions.contains(self.version) {
            return Ok(());
        }
        Err(self.malformed("a tag that this version does not have").within(f.name))
    }

    /// Reads the tags that end every struct of a flexible version, returning those unknown to us.
    ///
    /// # Errors
    /// When a tag's size is not that of its value, or tags do not ascend.
    #[inline]
    pub fn tags(
        &mut self,
        known: &mut dyn FnMut(u32, &mut Self) -> Result<bool, Malformed>,
    ) -> Result<Tags, Malformed> {
        if !self.flexible {
            return Ok(Tags::default());
        }
        match self.rest {
            [0, rest @ ..] => {
                self.rest = rest;
                Ok(Tags::default())
            }
            _ => self.some_tags(known),
        }
    }

    /// Ends a struct that has no tagged fields of its own.
    ///
    /// # Errors
    /// As for [`Self::tags`].
    #[inline]
    pub fn end(&mut self, unknown: &mut Tags) -> Result<(), Malformed> {
        match self.rest {
            _ if !self.flexible => {}
            [0, rest @ ..] if unknown.0.is_empty() => self.rest = rest,
            _ => *unknown = self.some_tags(&mut |_, _| Ok(false))?,
        }
        Ok(())
    }

    #[inline(never)]
    fn some_tags(
        &mut self,
        known: &mut dyn FnMut(u32, &mut Self) -> Result<bool, Malformed>,
    ) -> Result<Tags, Malformed> {
        let mut unknown = Tags::default();
        let mut last = None;
        for _ in 0..self.tag_count()? {
            let tag = self.tag(&mut last)?;
            if self.lenient {
                self.lenient_tag(tag, &mut unknown, known)?;
                continue;
            }
            let mut value = self.tag_value()?;
            if known(tag, &mut value)? {
                value.finish()?;
                (self.elements_left, self.bytes_left) = (value.elements_left, value.bytes_left);
            } else {
                self.charge(size_of::<(u32, Bytes)>())?;
                unknown.0.push((tag, value.rest()));
            }
        }
        Ok(unknown)
    }

    /// As Java reads it: a known tag's value ends where it ends, whatever its size says.
    fn lenient_tag(
        &mut self,
        tag: u32,
        unknown: &mut Tags,
        known: &mut dyn FnMut(u32, &mut Self) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        let size = self.uvarint()? as usize;
        if !known(tag, self)? {
            self.charge(size_of::<(u32, Bytes)>())?;
            unknown.0.push((tag, self.share(size)?));
        }
        Ok(())
    }

    /// How many tags follow; the version has some.
    pub(crate) fn tag_count(&mut self) -> Result<u32, Malformed> {
        match self.uvarint()? {
            count if count > TAGS_MAX => Err(self.malformed("more than 10,000 tags")),
            count => Ok(count),
        }
    }

    /// The next tag's number, which is above the last one's.
    pub(crate) fn tag(&mut self, last: &mut Option<u32>) -> Result<u32, Malformed> {
        let tag = self.uvarint()?;
        match last.replace(tag) {
            Some(last) if tag <= last && !self.lenient => Err(self.malformed("tags out of order")),
            _ => Ok(tag),
        }
    }

    /// A cursor over the next tag's value alone; this one goes on behind it.
    pub(crate) fn tag_value(&mut self) -> Result<Self, Malformed> {
        let size = self.uvarint()? as usize;
        let rest = self.take(size)?;
        Ok(Reader { rest, end: self.position(), ..*self })
    }

    /// All that is left.
    pub(crate) fn rest(&self) -> Bytes {
        self.frame.slice(self.position()..self.end)
    }

    /// Whether a nullable struct follows.
    pub(crate) fn present_struct(&mut self, f: &Field, nullable: bool) -> Result<bool, Malformed> {
        self.in_tag = f.tag.is_some();
        match self.present()? {
            false if !nullable => Err(self.malformed("null at a version without null")),
            present => Ok(present),
        }
    }

    /// How many elements follow; `None` is null.
    pub(crate) fn element_count(&mut self, nullable: bool) -> Result<Option<usize>, Malformed> {
        match self.length()? {
            None if !nullable => Err(self.malformed("null at a version without null")),
            None => Ok(None),
            Some(len) => self.check_count(len).map(Some),
        }
    }

    #[cold]
    pub(crate) fn malformed(&self, why: &'static str) -> Malformed {
        Malformed::new(why, self.position())
    }

    pub(crate) fn elements<T: Wire>(&mut self, all: &mut Vec<T>, len: usize) -> Result<(), Malformed> {
        self.elements_left -= self.check_count(len)?;
        self.charge_array(len, size_of::<T>())?;
        let some = (RESERVED_BYTES_MAX / size_of::<T>().max(1)).max(1);
        all.clear();
        all.reserve_exact(len.min(some));
        while all.len() < len {
            let from = all.len();
            // Blank ones in a row are made where they stand; one by one each would be copied there.
            all.resize_with(len.min(from + some), T::blank);
            all[from..].iter_mut().try_for_each(|it| it.read(self, false))?;
        }
        Ok(())
    }

    /// Elements of one width, at once.
    pub(crate) fn numbers<T, const WIDTH: usize>(
        &mut self,
        all: &mut Vec<T>,
        len: usize,
        number: impl Fn([u8; WIDTH]) -> T,
    ) -> Result<(), Malformed> {
        self.elements_left -= self.check_count(len)?;
        self.charge_array(len, size_of::<T>())?;
        let (there, _) = self.rest.as_chunks::<WIDTH>();
        let read = &there[..len.min(there.len())];
        self.rest = &self.rest[read.len() * WIDTH..];
        if read.len() < len {
            return Err(self.malformed("the frame ends early"));
        }
        all.clear();
        all.reserve_exact(len);
        all.extend(read.iter().map(|bytes| number(*bytes)));
        Ok(())
    }

    /// Every element takes at least a byte, so a lying count is met before anything is reserved.
    #[inline]
    fn check_count(&self, len: usize) -> Result<usize, Malformed> {
        if len > self.rest.len() {
            return Err(self.malformed("more elements than bytes"));
        }
        if len > ELEMENTS_MAX {
            return Err(self.malformed("more than 1,000,000 elements"));
        }
        if len > self.elements_left {
            return Err(self.malformed("more elements in all than this reader allows"));
        }
        Ok(len)
    }

    /// Counts what an array takes in memory, an empty one nothing.
    #[inline]
    fn charge_array(&mut self, len: usize, width: usize) -> Result<(), Malformed> {
        if len == 0 {
            return Ok(());
        }
        self.charge(len.saturating_mul(width).saturating_add(ALLOCATION_BYTES))
    }

    #[inline]
    fn charge(&mut self, bytes: usize) -> Result<(), Malformed> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(self.malformed("more than the reader has memory for")),
        }
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let Some((&head, rest)) = self.rest.split_first_chunk() else {
            return Err(self.malformed("the frame ends early"));
        };
        self.rest = rest;
        Ok(head)
    }

    /// Whether a nullable struct follows: a negative byte says null, inside a tag a zero does.
    pub(crate) fn present(&mut self) -> Result<bool, Malformed> {
        let [lead] = self.array()?;
        Ok(if self.in_tag { lead != 0 } else { lead < 0x80 })
    }

    #[inline]
    pub(crate) fn uvarint(&mut self) -> Result<u32, Malformed> {
        match self.rest {
            &[byte @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u32::from(byte))
            }
            _ => self.long_uvarint(),
        }
    }

    #[inline(never)]
    fn long_uvarint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0u32;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("a varint longer than five bytes"))
    }

    /// The count of an array or the size of bytes; `None` is null.
    #[inline]
    pub(crate) fn length(&mut self) -> Result<Option<usize>, Malformed> {
        if self.flexible {
            return self.compact();
        }
        // Any negative length is null, as for Java.
        Ok(usize::try_from(i32::from_be_bytes(self.array()?)).ok())
    }

    pub(crate) fn bytes(&mut self) -> Result<Option<Bytes>, Malformed> {
        self.length()?.map(|len| self.share(len)).transpose()
    }

    pub(crate) fn string(&mut self) -> Result<Option<Str>, Malformed> {
        let len = if self.flexible {
            self.compact()?
        } else {
            usize::try_from(i16::from_be_bytes(self.array()?)).ok()
        };
        len.map(|len| self.text(len)).transpose()
    }

    /// A string with a 16-bit length whatever the version: only a header's client id is one.
    pub(crate) fn short_string(&mut self) -> Result<Option<Str>, Malformed> {
        let len = usize::try_from(i16::from_be_bytes(self.array()?)).ok();
        len.map(|len| self.text(len)).transpose()
    }

    fn text(&mut self, len: usize) -> Result<Str, Malformed> {
        if len > STRING_MAX {
            return Err(self.malformed("a string longer than 32,767 bytes"));
        }
        let bytes = self.share(len)?;
        Str::try_from(bytes.clone()).or_else(|_| match text::lossy(&bytes) {
            Cow::Owned(text) if self.lenient => Ok(Str::from(text)),
            _ => Err(self.malformed("a string that is not UTF-8")),
        })
    }

    #[inline]
    fn compact(&mut self) -> Result<Option<usize>, Malformed> {
        Ok(self.uvarint()?.checked_sub(1).map(|n| n as usize))
    }

    /// The next bytes as a slice that shares the frame.
    fn share(&mut self, len: usize) -> Result<Bytes, Malformed> {
        let from = self.position();
        self.take(len).map(|_| self.frame.slice(from..from + len))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.malformed("the frame ends early"));
        };
        self.rest = rest;
        Ok(head)
    }
}

/// What an array reserves before its first element is read; beyond it grows with what is there.
const RESERVED_BYTES_MAX: usize = 64 * 1024;

/// What an allocation costs beside its bytes, about.
const ALLOCATION_BYTES: usize = 32;

/// The most elements of one array, as for Java.
const ELEMENTS_MAX: usize = 1_000_000;

/// The most tags of one struct, as for Java.
const TAGS_MAX: u32 = 10_000;
