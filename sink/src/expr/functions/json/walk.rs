//! What a JSON path leads to.

use super::path::{JsonPath, Step};
use crate::format::json::node::Node;
use crate::row::Arena;

/// What was found. `Ok(None)` is nothing, which a strict path does not lead to.
pub(super) type Found<'a> = Result<Option<Node<'a>>, String>;

/// Follows the path. A path that may lead to several places gives an array of them.
pub(super) fn find<'a>(root: Node<'a>, path: &JsonPath, arena: &'a Arena) -> Found<'a> {
    if root == Node::Null {
        return Err("the JSON text is null, which a path does not begin at".into());
    }
    let mut walk = Walk { arena, found: Vec::new() };
    let outcome = walk.follow(root, &path.steps, true);
    if path.is_definite() {
        return match (outcome, walk.found.first()) {
            (Ok(()), Some(node)) => Ok(Some(*node).filter(|node| *node != Node::Null || !path.is_lax)),
            _ if path.is_lax => Ok(None),
            (Err(why), _) => Err(why),
            (Ok(()), None) => Err("the path leads nowhere".into()),
        };
    }
    match outcome {
        Err(why) if !path.is_lax => Err(why),
        Err(_) => Ok(Some(Node::Array(&[]))),
        Ok(()) => Ok(Some(Node::Array(arena.alloc_slice_copy(&walk.found)))),
    }
}

struct Walk<'a> {
    arena: &'a Arena,
    found: Vec<Node<'a>>,
}

impl<'a> Walk<'a> {
    /// `definite`: only one place can have led here, so that what is missing is an error.
    fn follow(&mut self, node: Node<'a>, steps: &[Step], definite: bool) -> Result<(), String> {
        let Some((step, rest)) = steps.split_first() else {
            self.found.push(node);
            return Ok(());
        };
        match step {
            Step::Member(name) => self.member(node, name, rest, definite),
            Step::Members(names) => self.members(node, names, rest, definite),
            Step::Index(index) => {
                let Some(items) = array(node, definite, step)? else { return Ok(()) };
                item(items, *index).map_or(Ok(()), |item| self.follow(item, rest, definite))
            }
            Step::Indexes(indexes) => {
                let Some(items) = array(node, definite, step)? else { return Ok(()) };
                let items = indexes.iter().filter_map(|index| item(items, *index));
                self.each(items.collect(), rest)
            }
            Step::Slice(from, to) => {
                let Some(items) = array(node, definite, step)? else { return Ok(()) };
                self.each(slice(items, *from, *to).to_vec(), rest)
            }
            Step::All => self.each(children(node), rest),
            Step::Descend => self.descend(node, rest),
            Step::Length => {
                let length = match node {
                    Node::Array(items) => items.len(),
                    Node::Object(members) => members.len(),
                    _ => return self.follow(Node::Null, rest, definite),
                };
                let text = self.arena.alloc_str(&length.to_string());
                self.follow(Node::Integer(text), rest, definite)
            }
        }
    }

    fn member(&mut self, node: Node<'a>, name: &str, rest: &[Step], definite: bool) -> Result<(), String> {
        let Node::Object(members) = node else {
            return missing(definite, || format!("there is no object where member '{name}' is looked for"));
        };
        match members.iter().find(|(own, _)| *own == name) {
            Some((_, member)) => self.follow(*member, rest, definite),
            None => missing(definite, || format!("there is no member '{name}'")),
        }
    }

    fn members(
        &mut self,
        node: Node<'a>,
        names: &[String],
        rest: &[Step],
        definite: bool,
    ) -> Result<(), String> {
        let Node::Object(members) = node else {
            return missing(definite, || {
                format!("there is no object where members '{}' are looked for", names.join("', '"))
            });
        };
        let found = names.iter().filter_map(|name| members.iter().find(|(own, _)| own == name)).copied();
        if rest.is_empty() {
            let object: Vec<_> = found.collect();
            self.found.push(Node::Object(self.arena.alloc_slice_copy(&object)));
            return Ok(());
        }
        self.each(found.map(|(_, member)| member).collect(), rest)
    }

    fn each(&mut self, nodes: Vec<Node<'a>>, rest: &[Step]) -> Result<(), String> {
        nodes.into_iter().try_for_each(|node| self.follow(node, rest, false))
    }

    /// The node itself, then all below it; the reader has bounded how deep that goes.
    fn descend(&mut self, node: Node<'a>, rest: &[Step]) -> Result<(), String> {
        self.follow(node, rest, false)?;
        children(node).into_iter().try_for_each(|child| self.descend(child, rest))
    }
}

fn missing(definite: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if definite { Err(why()) } else { Ok(()) }
}

fn array<'a>(node: Node<'a>, definite: bool, step: &Step) -> Result<Option<&'a [Node<'a>]>, String> {
    match node {
        Node::Array(items) => Ok(Some(items)),
        _ if definite => Err(format!("there is no array where {step:?} is looked for")),
        _ => Ok(None),
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

fn children<'a>(node: Node<'a>) -> Vec<Node<'a>> {
    match node {
        Node::Array(items) => items.to_vec(),
        Node::Object(members) => members.iter().map(|(_, member)| *member).collect(),
        _ => Vec::new(),
    }
}
