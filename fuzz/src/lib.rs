//! The checks that the targets call. They are compiled from the tests' own folder, so that a sanitizer need not build
//! the whole workspace.

#[path = "../../tests/src/checks/all.rs"]
pub mod checks;
