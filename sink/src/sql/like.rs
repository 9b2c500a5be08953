//! `LIKE table (INCLUDING ALL …)`, behind the table that borrows.

use sqlparser::tokenizer::Token;

use super::ast::{Like, LikeRule, Merging};
use super::tokens::Tokens;
use crate::error::Error;

/// Behind LIKE.
pub(super) fn like(tokens: &mut Tokens<'_>) -> Result<Like, Error> {
    let table = tokens.table_name()?;
    let mut rules = Vec::new();
    if tokens.eat(&Token::LParen) {
        while !tokens.eat(&Token::RParen) {
            let rule = rule(tokens)?;
            if rules.iter().any(|it: &LikeRule| it.part == rule.part) {
                let reason = format!("{} is said twice behind LIKE", rule.part);
                return Err(tokens.error_at(rule.at, &reason));
            }
            rules.push(rule);
        }
    }
    Ok(Like { table, rules })
}

fn rule(tokens: &mut Tokens<'_>) -> Result<LikeRule, Error> {
    let at = tokens.here();
    let merging = MERGINGS.into_iter().find(|(word, _)| tokens.eat_word(word));
    let (_, merging) = merging.ok_or_else(|| tokens.expected("INCLUDING, EXCLUDING, OVERWRITING or ')'"))?;
    let part = PARTS.into_iter().find(|word| tokens.eat_word(word));
    let part = part.ok_or_else(|| tokens.expected(&PARTS.join(", ")))?;
    if merging == Merging::Overwriting && !OVERWRITABLE.contains(&part) {
        let reason = format!("OVERWRITING {part} is not there; of {} it is", OVERWRITABLE.join(", "));
        return Err(tokens.error_at(at, &reason));
    }
    Ok(LikeRule { merging, part, at })
}

const MERGINGS: [(&str, Merging); 3] = [
    ("INCLUDING", Merging::Including),
    ("EXCLUDING", Merging::Excluding),
    ("OVERWRITING", Merging::Overwriting),
];

const PARTS: [&str; 8] =
    ["ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS"];

const OVERWRITABLE: [&str; 4] = ["GENERATED", "METADATA", "OPTIONS", "WATERMARKS"];
