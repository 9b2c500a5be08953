//! `#[message]`.
