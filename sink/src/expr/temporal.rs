//! Dates, times and zones, as Java and Flink reckon with them.

pub(crate) mod arithmetic;
pub(crate) mod extract;
pub(crate) mod field;
pub(crate) mod formatter;
pub(crate) mod local;
pub(crate) mod millis;
pub(crate) mod round;
pub(crate) mod simple;
pub(crate) mod text;
pub(crate) mod unit;
pub(crate) mod zone;
