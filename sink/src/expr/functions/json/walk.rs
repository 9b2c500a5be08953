//! What a JSON path leads to.

use std::fmt;

use super::path::{JsonPath, PathStep};
use crate::arena::ArenaVec;
use crate::format::json::node::Node;
use crate::row::Arena;

/// What was found. `Ok(None)` is nothing, which a strict path does not lead to.
pub(super) type PathResult<'a> = Result<Option<Node<'a>>, &'a str>;

/// Follows the path. A path that may lead to several places gives an array of them.
pub(super) fn find<'a>(root: Node<'a>, path: &JsonPath, arena: &'a Arena) -> PathResult<'a> {
    if root == Node::Null {
        return Err("the JSON text is null, which a path does not begin at");
    }
    let mut walk = Walk { arena, found: arena.vec() };
    let outcome = walk.follow(root, &path.steps, true);
    if path.is_definite() {
        return match (outcome, walk.found.first()) {
            (Ok(()), Some(node)) => Ok(Some(*node).filter(|node| *node != Node::Null || !path.is_lax)),
            _ if path.is_lax => Ok(None),
            (Err(why), _) => Err(why),
            (Ok(()), None) => Err("the path leads nowhere"),
        };
    }
    match outcome {
        Err(why) if !path.is_lax => Err(why),
        Err(_) => Ok(Some(Node::Array(&[]))),
        Ok(()) => Ok(Some(Node::Array(walk.found.into_slice()))),
    }
}

struct Walk<'a> {
    arena: &'a Arena,
    found: ArenaVec<'a, Node<'a>>,
}

impl<'a> Walk<'a> {
    /// `definite`: only one place can have led here, so that what is missing is an error.
    fn follow(&mut self, node: Node<'a>, steps: &[PathStep], definite: bool) -> Result<(), &'a str> {
        let Some((step, rest)) = steps.split_first() else {
            self.found.push(node);
            return Ok(());
        };
        match step {
            PathStep::Member(name) => self.member(node, name, rest, definite),
            PathStep::Members(names) => self.members(node, names, rest, definite),
            PathStep::Index(index) => {
                let Some(items) = self.array(node, definite, step)? else { return Ok(()) };
                item(items, *index).map_or(Ok(()), |item| self.follow(item, rest, definite))
            }
            PathStep::Indexes(indexes) => {
                let Some(items) = self.array(node, definite, step)? else { return Ok(()) };
                self.each(indexes.iter().filter_map(|index| item(items, *index)), rest)
            }
            PathStep::Slice(from, to) => {
                let Some(items) = self.array(node, definite, step)? else { return Ok(()) };
                self.each(slice(items, *from, *to).iter().copied(), rest)
            }
            PathStep::All => children(node).try_for_each(|child| self.follow(child, rest, false)),
            PathStep::Descend => self.descend(node, rest),
            PathStep::Length => {
                let length = match node {
                    Node::Array(items) => items.len(),
                    Node::Object(members) => members.len(),
                    _ => return self.follow(Node::Null, rest, definite),
                };
                let text = self.arena.formatted(format_args!("{length}"));
                self.follow(Node::Integer(text), rest, definite)
            }
        }
    }

    fn member(
        &mut self,
        node: Node<'a>,
        name: &str,
        rest: &[PathStep],
        definite: bool,
    ) -> Result<(), &'a str> {
        let Node::Object(members) = node else {
            let what = format_args!("there is no object where member '{name}' is looked for");
            return self.missing(definite, what);
        };
        match members.iter().find(|(own, _)| *own == name) {
            Some((_, member)) => self.follow(*member, rest, definite),
            None => self.missing(definite, format_args!("there is no member '{name}'")),
        }
    }

    fn members(
        &mut self,
        node: Node<'a>,
        names: &[String],
        rest: &[PathStep],
        definite: bool,
    ) -> Result<(), &'a str> {
        let Node::Object(members) = node else {
            if !definite {
                return Ok(());
            }
            let names = names.join("', '");
            return self
                .missing(true, format_args!("there is no object where members '{names}' are looked for"));
        };
        let found = names.iter().filter_map(|name| members.iter().find(|(own, _)| own == name)).copied();
        if rest.is_empty() {
            let mut object = self.arena.vec();
            object.extend(found);
            self.found.push(Node::Object(object.into_slice()));
            return Ok(());
        }
        self.each(found.map(|(_, member)| member), rest)
    }

    fn each(&mut self, mut nodes: impl Iterator<Item = Node<'a>>, rest: &[PathStep]) -> Result<(), &'a str> {
        nodes.try_for_each(|node| self.follow(node, rest, false))
    }

    /// The node itself, then all below it; the reader has bounded how deep that goes.
    fn descend(&mut self, node: Node<'a>, rest: &[PathStep]) -> Result<(), &'a str> {
        self.follow(node, rest, false)?;
        children(node).try_for_each(|child| self.descend(child, rest))
    }

    fn array(
        &self,
        node: Node<'a>,
        definite: bool,
        step: &PathStep,
    ) -> Result<Option<&'a [Node<'a>]>, &'a str> {
        let Node::Array(items) = node else {
            let what = format_args!("there is no array where {step:?} is looked for");
            return self.missing(definite, what).map(|()| None);
        };
        Ok(Some(items))
    }

    /// An error, if what is missing is one.
    fn missing(&self, definite: bool, what: fmt::Arguments<'_>) -> Result<(), &'a str> {
        if definite { Err(self.arena.formatted(what)) } else { Ok(()) }
    }
}

fn item<'a>(items: &[Node<'a>], index: i64) -> Option<Node<'a>> {
    let length = i64::try_from(items.len()).ok()?;
    let index = if index < 0 { length.checked_add(index)? } else { index };
    items.get(usize::try_from(index).ok()?).copied()
}

fn slice<'s, 'a>(items: &'s [Node<'a>], from: Option<i64>, to: Option<i64>) -> &'s [Node<'a>] {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = |index: i64| if index < 0 { (length + index).max(0) } else { index.min(length) };
    let from = usize::try_from(place(from.unwrap_or(0))).unwrap_or(0);
    let to = usize::try_from(place(to.unwrap_or(length))).unwrap_or(0);
    items.get(from..to).unwrap_or(&[])
}

fn children<'a>(node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let (items, members): (&[Node<'a>], &[(&str, Node<'a>)]) = match node {
        Node::Array(items) => (items, &[]),
        Node::Object(members) => (&[], members),
        _ => (&[], &[]),
    };
    items.iter().copied().chain(members.iter().map(|(_, member)| *member))
}
