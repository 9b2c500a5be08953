//! Memory for what a row cannot borrow from its message; it is given back all at once.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::Write as _;
use std::ops::{Deref, DerefMut};

use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};

/// Holds what a row cannot borrow from its message: slots, nested rows, unescaped strings.
///
/// It is reset between messages; [`reset`](Self::reset) takes it by `&mut`, so no row can outlive it. It keeps the
/// memory of the largest message it has seen, so that messages after that allocate nothing.
#[derive(Default)]
pub struct Arena {
    bump: Bump,
    /// Empty buffers, one of which is lent to whoever writes what he does not know the length of.
    scratch: Cell<Vec<Vec<u8>>>,
}

/// A list that grows in an [`Arena`].
pub(crate) struct ArenaVec<'a, T>(BumpVec<'a, T>);

/// A text that grows in an [`Arena`].
pub(crate) struct ArenaString<'a> {
    text: BumpString<'a>,
    arena: &'a Arena,
}

/// Buffers that are kept from one use to the next: as many as write within each other.
const SCRATCH_BUFFERS_MAX: usize = 4;
/// Bytes that such a buffer may have.
const SCRATCH_BYTES_MAX: usize = 64 * 1024;

impl Arena {
    /// An arena without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all that is in it and keeps the memory.
    #[inline]
    pub fn reset(&mut self) {
        self.bump.reset();
    }

    /// How much memory it holds.
    pub fn allocated_bytes(&self) -> usize {
        self.bump.allocated_bytes()
    }

    /// A copy of the text.
    #[inline]
    pub fn alloc_str(&self, text: &str) -> &str {
        self.bump.alloc_str(text)
    }

    /// A copy of the items.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &mut [T] {
        self.bump.alloc_slice_copy(items)
    }

    /// So many copies of the item.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_fill_copy<T: Copy>(&self, length: usize, item: T) -> &mut [T] {
        self.bump.alloc_slice_fill_copy(length, item)
    }

    /// So many items, each made of its index.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_fill_with<T: Copy>(&self, length: usize, item: impl FnMut(usize) -> T) -> &mut [T] {
        self.bump.alloc_slice_fill_with(length, item)
    }

    /// The items of an iterator that knows how many it has.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_fill_iter<T: Copy, I>(&self, items: I) -> &mut [T]
    where
        I: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    {
        self.bump.alloc_slice_fill_iter(items)
    }

    /// The bytes that `write` appends to an empty buffer, which is used again.
    pub(crate) fn written(&self, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        self.with_scratch(write, |bytes| &*self.bump.alloc_slice_copy(bytes))
    }

    /// The same of what may fail.
    ///
    /// # Errors
    /// What `write` says.
    pub(crate) fn try_written<E>(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<&[u8], E> {
        let mut outcome = Ok(());
        let written = self.written(|out| outcome = write(out));
        outcome.map(|()| written)
    }

    /// The text that `write` appends to an empty buffer, which is used again; an empty one if it is no text.
    pub(crate) fn written_text(&self, write: impl FnOnce(&mut Vec<u8>)) -> &str {
        self.with_scratch(write, |bytes| self.alloc_str(str::from_utf8(bytes).unwrap_or_default()))
    }

    /// Bytes as text; what is not UTF-8 in them is replaced.
    pub(crate) fn lossy<'a>(&'a self, bytes: &'a [u8]) -> &'a str {
        match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.alloc_str(&text),
        }
    }

    /// What is formatted.
    pub(crate) fn formatted(&self, text: fmt::Arguments<'_>) -> &str {
        // A buffer that grows takes whatever is written.
        self.written_text(|out| drop(out.write_fmt(text)))
    }

    /// Has a buffer written, and gives what is made of that. Who writes within a write gets another one.
    fn with_scratch<T>(&self, write: impl FnOnce(&mut Vec<u8>), take: impl FnOnce(&[u8]) -> T) -> T {
        let mut idle = self.scratch.take();
        let mut buffer = idle.pop().unwrap_or_default();
        self.scratch.set(idle);
        write(&mut buffer);
        let taken = take(&buffer);
        let mut idle = self.scratch.take();
        if idle.len() < SCRATCH_BUFFERS_MAX && buffer.capacity() <= SCRATCH_BYTES_MAX {
            buffer.clear();
            idle.push(buffer);
        }
        self.scratch.set(idle);
        taken
    }

    /// A list that is empty.
    #[inline]
    pub(crate) fn vec<T>(&self) -> ArenaVec<'_, T> {
        ArenaVec(BumpVec::new_in(&self.bump))
    }

    /// A list that is empty, with room for so many items.
    #[inline]
    pub(crate) fn vec_with_capacity<T>(&self, capacity: usize) -> ArenaVec<'_, T> {
        ArenaVec(BumpVec::with_capacity_in(capacity, &self.bump))
    }

    /// A text that is empty, with room for so many bytes.
    #[inline]
    pub(crate) fn string_with_capacity(&self, capacity: usize) -> ArenaString<'_> {
        ArenaString { text: BumpString::with_capacity_in(capacity, &self.bump), arena: self }
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").field("allocated_bytes", &self.allocated_bytes()).finish_non_exhaustive()
    }
}

impl<'a, T> ArenaVec<'a, T> {
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        self.0.push(item);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    /// Keeps the first items, so many.
    #[inline]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// The items, for as long as the arena is not reset.
    #[inline]
    pub(crate) fn into_slice(self) -> &'a mut [T] {
        self.0.into_bump_slice_mut()
    }
}

impl<T> Deref for ArenaVec<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for ArenaVec<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> Extend<T> for ArenaVec<'_, T> {
    #[inline]
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.0.extend(items);
    }
}

impl<'a> ArenaString<'a> {
    #[inline]
    pub(crate) fn push(&mut self, char: char) {
        self.text.push(char);
    }

    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends the text that `write` appends to an empty buffer; nothing if it is no text.
    pub(crate) fn push_written(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let Self { text, arena } = self;
        arena.with_scratch(write, |bytes| text.push_str(str::from_utf8(bytes).unwrap_or_default()));
    }

    /// Appends the character so many times.
    pub(crate) fn push_times(&mut self, char: char, times: usize) {
        self.text.extend(std::iter::repeat_n(char, times));
    }

    /// The text, for as long as the arena is not reset.
    #[inline]
    pub(crate) fn into_str(self) -> &'a str {
        self.text.into_bump_str()
    }
}

/// It never fails.
impl fmt::Write for ArenaString<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.push_str(text);
        Ok(())
    }
}

impl Extend<char> for ArenaString<'_> {
    fn extend<I: IntoIterator<Item = char>>(&mut self, chars: I) {
        self.text.extend(chars);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_within_a_write_has_a_buffer_of_his_own_and_all_are_used_again() {
        let arena = Arena::new();
        let text = |number: u32| {
            arena.written_text(|out| {
                out.extend_from_slice(b"<");
                out.extend_from_slice(arena.formatted(format_args!("{number:03}")).as_bytes());
                out.extend_from_slice(b">");
            })
        };
        assert_eq!([text(7), text(42)], ["<007>", "<042>"]);
        let idle = arena.scratch.take();
        assert_eq!(idle.len(), 2);
        assert!(idle.iter().all(|it| it.is_empty() && it.capacity() > 0));
    }

    #[test]
    fn a_buffer_that_grew_beyond_its_bound_is_not_kept() {
        let arena = Arena::new();
        let long = arena.written(|out| out.resize(SCRATCH_BYTES_MAX + 1, b'x'));
        assert_eq!(long.len(), SCRATCH_BYTES_MAX + 1);
        assert!(arena.scratch.take().is_empty());
        assert_eq!(arena.try_written(|_| Err::<(), _>("no")), Err("no"));
    }

    #[test]
    fn what_is_not_text_is_replaced_or_left_out() {
        let arena = Arena::new();
        assert_eq!(arena.lossy(b"a\xFFb"), "a\u{FFFD}b");
        assert_eq!(arena.written_text(|out| out.push(0xFF)), "");
    }
}
