//! Placeholder.
/// Placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorCode(pub i16);
