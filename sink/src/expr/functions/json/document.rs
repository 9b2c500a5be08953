//! A JSON text as a tree, and a tree as text: Jackson with numbers kept exact and names in order.

use crate::format::decimal;
use crate::format::json::node::Node;
use crate::format::json::reader::{Reader, Token};
use crate::format::json::text::quote_in_memory;
use crate::row::Arena;

/// The first value of a text; what stands behind it is not looked at, as Jackson does not.
pub(super) fn parse<'a>(text: &'a str, arena: &'a Arena) -> Result<Node<'a>, &'a str> {
    let mut reader = Reader::new(text.as_bytes(), arena);
    let wrong = |error| arena.formatted(format_args!("the text is not JSON: {error}"));
    if let Token::Integer(digits) | Token::Float(digits) = reader.advance().map_err(wrong)? {
        // Of all values only a number must be set apart from what stands behind it.
        let behind = text.trim_start_matches([' ', '\t', '\n', '\r']).strip_prefix(digits);
        if behind
            .and_then(|rest| rest.chars().next())
            .is_some_and(|next| !matches!(next, ' ' | '\t' | '\n' | '\r'))
        {
            let wrong = format_args!("the text is not JSON: something else stands behind {digits}");
            return Err(arena.formatted(wrong));
        }
    }
    Node::read(&mut reader, arena).map_err(wrong)
}

/// Compact JSON, the members of objects by name.
pub(super) fn write(node: Node<'_>, arena: &Arena, out: &mut Vec<u8>) {
    match node {
        Node::Object(members) => {
            let members = arena.alloc_slice_copy(members);
            members.sort_unstable_by(|(left, _), (right, _)| by_name(left, right));
            out.push(b'{');
            for (at, (name, member)) in members.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                quote_in_memory(name, out);
                out.push(b':');
                write(*member, arena, out);
            }
            out.push(b'}');
        }
        Node::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                write(*item, arena, out);
            }
            out.push(b']');
        }
        Node::String(text) => quote_in_memory(text, out),
        scalar => write_scalar(scalar, out),
    }
}

/// The same as a text in the arena.
pub(super) fn written<'a>(node: Node<'_>, arena: &'a Arena) -> &'a str {
    arena.written_text(|out| write(node, arena, out))
}

/// A scalar as `String.valueOf` has it.
pub(super) fn plain<'a>(node: Node<'a>, arena: &'a Arena) -> &'a str {
    match node {
        Node::String(text) => text,
        other => arena.written_text(|out| write_scalar(other, out)),
    }
}

pub(super) fn is_scalar(node: Node<'_>) -> bool {
    !matches!(node, Node::Object(_) | Node::Array(_))
}

/// The order of names: Java's, by units of UTF-16.
pub(super) fn by_name(left: &str, right: &str) -> std::cmp::Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

fn write_scalar(node: Node<'_>, out: &mut Vec<u8>) {
    match node {
        Node::Float(text) => decimal::write_exact(text, out),
        Node::Integer("-0") => out.push(b'0'),
        Node::Integer(text) => out.extend_from_slice(text.as_bytes()),
        Node::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        _ => out.extend_from_slice(b"null"),
    }
}
