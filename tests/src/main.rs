//! The cli under a name of the test package, so that `CARGO_BIN_EXE_…` exists.

fn main() {}
