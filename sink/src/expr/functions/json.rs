//! JSON.

pub(super) mod construct;
mod document;
pub(super) mod exists;
mod path;
pub(super) mod query;
pub(super) mod quote;
pub(super) mod value;
mod walk;
