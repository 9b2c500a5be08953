//! Names of the parser's tree in our words, with their places.

use sqlparser::ast::{Ident, ObjectName, Spanned};

use super::ast::Name;
use super::token::position;
use crate::error::Position;

/// The parts of a name, where it begins, and where its last part does.
pub(super) fn object_path(name: &ObjectName) -> Option<(Vec<String>, Position, Position)> {
    let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
    let parts = parts.filter(|parts| parts.len() <= 3)?;
    let (first, last) = (parts.first()?, parts.last()?);
    let path = parts.iter().map(|part| part.value.clone()).collect();
    Some((path, position(first.span.start), position(last.span.start)))
}

/// Where a part of the tree begins, if the parser knows.
pub(super) fn place(node: &impl Spanned) -> Option<Position> {
    let start = node.span().start;
    (start.line > 0).then(|| position(start))
}

/// One name.
pub(super) fn name(ident: &Ident) -> Name {
    Name { text: ident.value.clone(), at: position(ident.span.start) }
}
