//! Regular expressions, and the patterns of LIKE and SIMILAR TO.

pub(crate) mod cache;
mod java;
pub(super) mod like;
pub(super) mod regexp;
pub(super) mod similar;
pub(super) mod str_to_map;
mod translate;
