//! Arrays, maps and rows.

pub(super) mod constructor;
mod equality;
pub(super) mod item;
pub(super) mod map;
pub(super) mod order;
pub(super) mod search;
pub(super) mod set;
pub(super) mod type_name;
