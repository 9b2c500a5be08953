//! Functions by regular expressions, and the patterns of LIKE and SIMILAR TO.

pub(super) mod like;
pub(super) mod regexp;
pub(super) mod similar;
pub(super) mod str_to_map;
