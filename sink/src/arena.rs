//! Memory for what a row cannot borrow from its message; it is given back all at once.

use std::fmt;
use std::ops::{Deref, DerefMut};

use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};

/// Holds what a row cannot borrow from its message: slots, nested rows, unescaped strings.
///
/// It is reset between messages; [`reset`](Self::reset) takes it by `&mut`, so no row can outlive it. It keeps the
/// memory of the largest message it has seen, so that messages after that allocate nothing.
#[derive(Debug, Default)]
pub struct Arena(Bump);

/// A list that grows in an [`Arena`].
pub(crate) struct ArenaVec<'a, T>(BumpVec<'a, T>);

/// A text that grows in an [`Arena`].
pub(crate) struct ArenaString<'a>(BumpString<'a>);

impl Arena {
    /// An arena without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all that is in it and keeps the memory.
    #[inline]
    pub fn reset(&mut self) {
        self.0.reset();
    }

    /// How much memory it holds.
    pub fn allocated_bytes(&self) -> usize {
        self.0.allocated_bytes()
    }

    /// A copy of the text.
    #[inline]
    pub fn alloc_str(&self, text: &str) -> &str {
        self.0.alloc_str(text)
    }

    /// A copy of the items.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_copy<T: Copy>(&self, items: &[T]) -> &mut [T] {
        self.0.alloc_slice_copy(items)
    }

    /// So many copies of the item.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_fill_copy<T: Copy>(&self, length: usize, item: T) -> &mut [T] {
        self.0.alloc_slice_fill_copy(length, item)
    }

    /// So many items, each made of its index.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_fill_with<T: Copy>(&self, length: usize, item: impl FnMut(usize) -> T) -> &mut [T] {
        self.0.alloc_slice_fill_with(length, item)
    }

    /// The items of an iterator that knows how many it has.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call gives memory of its own")]
    pub fn alloc_slice_fill_iter<T: Copy, I>(&self, items: I) -> &mut [T]
    where
        I: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    {
        self.0.alloc_slice_fill_iter(items)
    }

    /// A list that is empty.
    #[inline]
    pub(crate) fn vec<T>(&self) -> ArenaVec<'_, T> {
        ArenaVec(BumpVec::new_in(&self.0))
    }

    /// A list that is empty, with room for so many items.
    #[inline]
    pub(crate) fn vec_with_capacity<T>(&self, capacity: usize) -> ArenaVec<'_, T> {
        ArenaVec(BumpVec::with_capacity_in(capacity, &self.0))
    }

    /// A text that is empty, with room for so many bytes.
    #[inline]
    pub(crate) fn string_with_capacity(&self, capacity: usize) -> ArenaString<'_> {
        ArenaString(BumpString::with_capacity_in(capacity, &self.0))
    }
}

impl<'a, T> ArenaVec<'a, T> {
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        self.0.push(item);
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
        self.0.push(char);
    }

    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// The text, for as long as the arena is not reset.
    #[inline]
    pub(crate) fn into_str(self) -> &'a str {
        self.0.into_bump_str()
    }
}

/// It never fails.
impl fmt::Write for ArenaString<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        Ok(())
    }
}

impl Extend<char> for ArenaString<'_> {
    fn extend<I: IntoIterator<Item = char>>(&mut self, chars: I) {
        self.0.extend(chars);
    }
}
