//! What is wrong with a caller's message.

use std::fmt;

/// The message holds a value that this version has no place for: why, and in which field.
#[derive(Debug)]
pub struct Unrepresentable(Box<(&'static str, Vec<&'static str>)>);

impl Unrepresentable {
    #[cold]
    pub(crate) fn new(why: &'static str) -> Self {
        Self(Box::new((why, Vec::new())))
    }

    #[cold]
    pub(crate) fn within(mut self, name: &'static str) -> Self {
        self.0.1.push(name);
        self
    }

    /// The field, such as `topics.name`; empty for the message itself.
    pub fn path(&self) -> String {
        self.0.1.iter().rev().copied().collect::<Vec<_>>().join(".")
    }
}

/// `topics.name: longer than 32,767 bytes`
impl fmt::Display for Unrepresentable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.1.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        f.write_str(self.0.0)
    }
}

impl std::error::Error for Unrepresentable {}
