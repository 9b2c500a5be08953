//! A JSON text as a tree, and a tree as text: Jackson with numbers kept exact and names in order.

use crate::format::decimal;
use crate::format::json::node::Node;
use crate::format::json::reader::Reader;
use crate::format::json::text::quote_in_memory;
use crate::row::Arena;

/// The first value of a text; what stands behind it is not looked at, as Jackson does not.
pub(super) fn parse<'a>(text: &'a str, arena: &'a Arena) -> Result<Node<'a>, String> {
    let mut reader = Reader::new(text.as_bytes(), arena);
    let read = reader.advance().and_then(|_| Node::read(&mut reader, arena));
    read.map_err(|error| format!("the text is not JSON: {error}"))
}

/// Compact JSON, the members of objects by name.
pub(super) fn write(node: Node<'_>, out: &mut Vec<u8>) {
    match node {
        Node::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(left, _), (right, _)| by_name(left, right));
            out.push(b'{');
            for (at, (name, member)) in members.into_iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                quote_in_memory(name, out);
                out.push(b':');
                write(*member, out);
            }
            out.push(b'}');
        }
        Node::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                write(*item, out);
            }
            out.push(b']');
        }
        Node::String(text) => quote_in_memory(text, out),
        scalar => write_scalar(scalar, out),
    }
}

/// The same as a text in the arena.
pub(super) fn written<'a>(node: Node<'_>, arena: &'a Arena) -> &'a str {
    let mut out = Vec::new();
    write(node, &mut out);
    in_arena(&out, arena)
}

/// A scalar as `String.valueOf` has it.
pub(super) fn plain<'a>(node: Node<'a>, arena: &'a Arena) -> &'a str {
    match node {
        Node::String(text) => text,
        other => {
            let mut out = Vec::new();
            write_scalar(other, &mut out);
            in_arena(&out, arena)
        }
    }
}

pub(super) fn is_scalar(node: Node<'_>) -> bool {
    !matches!(node, Node::Object(_) | Node::Array(_))
}

/// The order of names: Java's, by units of UTF-16.
pub(super) fn by_name(left: &str, right: &str) -> std::cmp::Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// What was written came from texts.
pub(super) fn in_arena<'a>(written: &[u8], arena: &'a Arena) -> &'a str {
    arena.alloc_str(str::from_utf8(written).unwrap_or_default())
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
