//! A JSON value as a tree, as Jackson builds it: of equal names the last one counts, in the place of the first.

use super::reader::{Reader, Token};
use super::text::{quote_in_memory, write_double};
use crate::arena::ArenaVec;
use crate::format::{DecodeError, decimal, last_wins, number};
use crate::row::Arena;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Boolean(bool),
    Integer(&'a str),
    Float(&'a str),
    String(&'a str),
    Array(&'a [Self]),
    Object(&'a [(&'a str, Self)]),
}

/// What a tree makes of numbers with a fraction or an exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fractions {
    /// As long as no column is a DECIMAL.
    Doubles,
    Decimals,
}

impl<'a> Node<'a> {
    /// The value that begins with the reader's token; no recursion, however deep it is.
    pub(crate) fn read(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Self, DecodeError> {
        // Two lists that grow in one arena by turns are copied again and again.
        let mut members: ArenaVec<'a, (&'a str, Self)> = arena.vec_with_capacity(MEMBERS_MOSTLY);
        let mut open: ArenaVec<'a, Open<'a>> = arena.vec_with_capacity(DEPTH_MOSTLY);
        let mut name = "";
        loop {
            let node = match reader.token() {
                Token::ObjectStart | Token::ArrayStart => {
                    open.push(Open { name, first: members.len() });
                    None
                }
                Token::Name(next) => {
                    name = next;
                    reader.advance()?;
                    continue;
                }
                Token::ObjectEnd => open.pop().map(|open| {
                    let inside = &mut members[open.first..];
                    let kept = last_wins(inside);
                    let object = Self::Object(arena.alloc_slice_copy(&inside[..kept]));
                    open.close(&mut members, &mut name, object)
                }),
                Token::ArrayEnd => open.pop().map(|open| {
                    let items = members[open.first..].iter().map(|&(_, node)| node);
                    let array = Self::Array(arena.alloc_slice_fill_iter(items));
                    open.close(&mut members, &mut name, array)
                }),
                Token::String(text) => Some(Self::String(text)),
                Token::Integer(text) => Some(Self::Integer(text)),
                Token::Float(text) => Some(Self::Float(text)),
                Token::True => Some(Self::Boolean(true)),
                Token::False => Some(Self::Boolean(false)),
                Token::Null => Some(Self::Null),
            };
            match node {
                Some(node) if open.is_empty() => return Ok(node),
                Some(node) => members.push((name, node)),
                None => {}
            }
            reader.advance()?;
        }
    }

    /// The value as text: Jackson's `asText`, and for objects and arrays their compact JSON.
    pub(super) fn text(self, fractions: Fractions, arena: &'a Arena) -> &'a str {
        match self {
            Self::String(text) => text,
            Self::Integer("-0") => "0",
            Self::Integer(text) => text,
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
            Self::Null => "null",
            Self::Float(text) => arena.written_text(|out| match fractions {
                Fractions::Decimals => decimal::write_canonical(text, out),
                Fractions::Doubles => number::write_f64(double(text), out),
            }),
            Self::Array(_) | Self::Object(_) => arena.written_text(|out| self.write(fractions, out)),
        }
    }

    /// The member of that name, if it is an object that has one.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|member| member.0 == name).map(|member| member.1)
    }

    /// Whether a member of that name stands anywhere within; the reader has bounded how deep that is.
    pub(crate) fn names(self, name: &str) -> bool {
        match self {
            Self::Object(members) => members.iter().any(|(own, node)| *own == name || node.names(name)),
            Self::Array(items) => items.iter().any(|item| item.names(name)),
            _ => false,
        }
    }

    /// As it may stand in a message.
    pub(super) fn json(self, fractions: Fractions) -> String {
        let mut out = Vec::new();
        self.write(fractions, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Compact JSON; the reader has bounded how deep this goes.
    fn write(self, fractions: Fractions, out: &mut Vec<u8>) {
        match self {
            Self::Object(members) => {
                out.push(b'{');
                for (at, &(name, node)) in members.iter().enumerate() {
                    out.extend((at > 0).then_some(b','));
                    quote_in_memory(name, out);
                    out.push(b':');
                    node.write(fractions, out);
                }
                out.push(b'}');
            }
            Self::Array(items) => {
                out.push(b'[');
                for (at, node) in items.iter().enumerate() {
                    out.extend((at > 0).then_some(b','));
                    node.write(fractions, out);
                }
                out.push(b']');
            }
            Self::String(text) => quote_in_memory(text, out),
            Self::Float(text) if fractions == Fractions::Decimals => decimal::write_canonical(text, out),
            Self::Float(text) => write_double(double(text), out),
            Self::Integer("-0") => out.push(b'0'),
            Self::Integer(text) => out.extend_from_slice(text.as_bytes()),
            Self::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Self::Null => out.extend_from_slice(b"null"),
        }
    }
}

/// How many members lie open at a time in most messages, and how deep these are.
const MEMBERS_MOSTLY: usize = 32;
const DEPTH_MOSTLY: usize = 4;

/// The reader's grammar is narrower than Rust's: this cannot fail.
fn double(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// A bracket that is still open: the name it stands under, and where its members begin.
struct Open<'a> {
    name: &'a str,
    first: usize,
}

impl<'a> Open<'a> {
    fn close(
        self,
        members: &mut ArenaVec<'a, (&'a str, Node<'a>)>,
        name: &mut &'a str,
        node: Node<'a>,
    ) -> Node<'a> {
        members.truncate(self.first);
        *name = self.name;
        node
    }
}
