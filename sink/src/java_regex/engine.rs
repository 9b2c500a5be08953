//! What matches a translated pattern: an automaton, or a backtracker where the pattern looks around or back.

use std::ops::Range;

use fancy_regex::{Assertion, CompileError, Expr as Node, ParseError, RegexBuilder};
use regex_automata::Input;
use regex_automata::meta;
use regex_automata::util::primitives::NonMaxUsize;

use super::error::{Exhausted, PatternError};
use crate::row::Arena;

/// One of two, by what the pattern asks for.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    /// It takes no memory of the allocator's once its own has grown, whatever is asked of groups.
    Automaton(meta::Regex),
    /// For look-around, references back and atomic groups. Each match with groups takes memory of the allocator's, as
    /// its crate gives them in no other way.
    Backtracker(fancy_regex::Regex),
}

/// Where a pattern was found, and one of its groups with it.
#[derive(Debug)]
pub(super) struct GroupMatch {
    pub(super) whole: Range<usize>,
    pub(super) group: Option<Range<usize>>,
}

/// Where an automaton writes what its groups found.
type Slot = Option<NonMaxUsize>;

/// Steps that a pattern with look-around or references back may take on one text; beyond, the row fails.
const BACKTRACKS_MAX: usize = 1_000_000;

/// Bytes that a compiled pattern may have.
const COMPILED_BYTES_MAX: usize = 10 * 1024 * 1024;

impl Engine {
    /// Compiles what Java's pattern was translated to.
    pub(super) fn built(pattern: &str, translated: &str) -> Result<Self, PatternError> {
        if let Some(automaton) = automaton(translated) {
            return Ok(Self::Automaton(automaton));
        }
        let regex = RegexBuilder::new(translated)
            .backtrack_limit(BACKTRACKS_MAX)
            .delegate_size_limit(COMPILED_BYTES_MAX)
            .delegate_dfa_size_limit(COMPILED_BYTES_MAX)
            .build();
        regex.map(Self::Backtracker).map_err(|error| match is_too_much(&error) {
            true => PatternError::Unsupported(format!(
                "the regular expression '{pattern}' is more than can be compiled here: {error}"
            )),
            false => PatternError::Invalid(format!("'{pattern}' is no regular expression: {error}")),
        })
    }

    /// How many groups there are, beside the whole.
    pub(super) fn groups(&self) -> usize {
        let all = match self {
            Self::Automaton(regex) => regex.captures_len(),
            Self::Backtracker(regex) => regex.captures_len(),
        };
        all - 1
    }

    pub(super) fn is_match(&self, text: &str) -> Result<bool, Exhausted> {
        match self {
            Self::Automaton(regex) => Ok(regex.is_match(text)),
            Self::Backtracker(regex) => regex.is_match(text).map_err(exhausted),
        }
    }

    /// The first match from a byte on.
    pub(super) fn find_at(&self, text: &str, from: usize) -> Result<Option<Range<usize>>, Exhausted> {
        match self {
            Self::Automaton(regex) => Ok(regex.search(&input(text, from)).map(|found| found.range())),
            Self::Backtracker(regex) => {
                let found = regex.find_from_pos(text, from).map_err(exhausted)?;
                Ok(found.map(|found| found.range()))
            }
        }
    }

    /// Room for what the groups up to this one find.
    pub(super) fn slots<'a>(&self, group: usize, arena: &'a Arena) -> &'a mut [Slot] {
        let count = match self {
            Self::Automaton(_) => 2 * (group + 1),
            Self::Backtracker(_) => 0,
        };
        arena.alloc_slice_fill_copy(count, None)
    }

    /// The first match from a byte on, with a group.
    pub(super) fn find_group_at(
        &self,
        text: &str,
        from: usize,
        group: usize,
        slots: &mut [Slot],
    ) -> Result<Option<GroupMatch>, Exhausted> {
        match self {
            Self::Automaton(regex) => {
                if regex.search_slots(&input(text, from), slots).is_none() {
                    return Ok(None);
                }
                let range = |group: usize| Some(slots[2 * group]?.get()..slots[2 * group + 1]?.get());
                Ok(range(0).map(|whole| GroupMatch { whole, group: range(group) }))
            }
            Self::Backtracker(regex) => {
                let found = regex.captures_from_pos(text, from).map_err(exhausted)?;
                let range = |group| found.as_ref()?.get(group).map(|it| it.range());
                Ok(range(0).map(|whole| GroupMatch { whole, group: range(group) }))
            }
        }
    }
}

fn input(text: &str, from: usize) -> Input<'_> {
    Input::new(text).range(from..)
}

/// An automaton for the pattern, if one can match it as the backtracker would.
fn automaton(translated: &str) -> Option<meta::Regex> {
    let tree = fancy_regex::Expr::parse_tree(translated).ok()?.expr;
    if tree.has_descendant_or_self(|node| !is_regular(node)) {
        return None;
    }
    let mut text = String::with_capacity(translated.len() * 2);
    tree.to_str(&mut text, 0);
    let config = meta::Config::new()
        .nfa_size_limit(Some(COMPILED_BYTES_MAX))
        .hybrid_cache_capacity(COMPILED_BYTES_MAX);
    // What fails, fails for the backtracker too, which says why.
    meta::Builder::new().configure(config).build(&text).ok()
}

/// Whether this part of a pattern is one of a regular language, whatever stands within it.
fn is_regular(node: &Node) -> bool {
    match node {
        Node::Empty | Node::Any { .. } | Node::Literal { .. } | Node::Delegate { .. } => true,
        Node::Concat(_) | Node::Alt(_) | Node::Group(_) => true,
        // Groups that never take part would not be counted.
        Node::Repeat { hi, .. } => *hi > 0,
        Node::Assertion(assertion) => matches!(
            assertion,
            Assertion::StartText
                | Assertion::EndText
                | Assertion::StartLine { .. }
                | Assertion::EndLine { .. }
                | Assertion::WordBoundary
                | Assertion::NotWordBoundary
        ),
        _ => false,
    }
}

/// Whether the pattern is a pattern, and only too large or too deep, or looks behind further than can be known.
fn is_too_much(error: &fancy_regex::Error) -> bool {
    match error {
        fancy_regex::Error::ParseError(_, why) => matches!(why, ParseError::RecursionExceeded),
        fancy_regex::Error::CompileError(why) => match &**why {
            CompileError::InnerError(why) => why.syntax_error().is_none(),
            _ => true,
        },
        _ => false,
    }
}

#[cold]
fn exhausted(error: fancy_regex::Error) -> Exhausted {
    Exhausted(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &[&str] = &[
        "a", "(a)", "(a|b)", "(b)*", "(b)+?", "(a?)", "[ab]", "[^a-]", "^", "(?m:$)", r"\b", r"\B",
        "(?:ab)+", "()", "(a){2}", "(?i:(A))", "(?<n>-)?", "(é|.)", r"\x{e9}", "(a|)", "((a)|b)*",
    ];

    /// Whoever matches, groups are numbered and filled alike.
    #[test]
    fn what_an_automaton_finds_the_backtrackers_crate_finds_too() {
        let arena = Arena::new();
        let texts = ["", "a", "ab", "ba-ab", "aab", "bb-", "é-a", "\n-b\na", "AéB"];
        for (left, right) in PARTS.iter().flat_map(|left| PARTS.iter().map(move |right| (left, right))) {
            let pattern = format!("{left}{right}").replacen("(?<n>-)?(?<n>-)?", "(?<n>-)?-?", 1);
            let engine = Engine::Automaton(automaton(&pattern).expect(&pattern));
            let other = Engine::Backtracker(fancy_regex::Regex::new(&pattern).unwrap());
            assert_eq!(engine.groups(), other.groups(), "{pattern}");
            for text in texts {
                assert_eq!(engine.is_match(text), other.is_match(text), "{pattern} in {text:?}");
                for from in text.char_indices().map(|it| it.0).chain([text.len()]) {
                    let place = format!("{pattern} in {text:?} from {from}");
                    assert_eq!(engine.find_at(text, from), other.find_at(text, from), "{place}");
                    for group in 0..=engine.groups() {
                        let found = |of: &Engine| {
                            let found = of.find_group_at(text, from, group, of.slots(group, &arena)).unwrap();
                            found.map(|it| (it.whole, it.group))
                        };
                        assert_eq!(found(&engine), found(&other), "{place}, group {group}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_looks_around_or_back_is_no_automatons() {
        for pattern in [r"(a)\1", "a(?=b)", "(?<!a)b", "a++", "(?>a|ab)c", "(a){0}"] {
            assert!(automaton(pattern).is_none(), "{pattern}");
        }
    }
}
