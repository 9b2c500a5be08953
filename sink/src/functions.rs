//! The scalar functions of SQL, as people read about them; the planner binds calls by the same table.

use crate::expr::function::FunctionSpec;
use crate::expr::functions::{FUNCTIONS, named};
use crate::options;

mod dli;

pub use dli::{DLI_FUNCTIONS, DliFunctions, DliUse, DliVerdict};

/// What a person asks of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionHelp {
    /// As it is called, in upper case; SQL takes any case.
    pub name: &'static str,
    /// Other names of the same function.
    pub aliases: &'static [&'static str],
    /// How it is called: `SUBSTRING(text, from [, length])`.
    pub usage: &'static [&'static str],
    /// The first release of Flink that has it; `-` where only ours does, `DLI` where that service does.
    pub since: &'static str,
    /// One sentence.
    pub about: &'static str,
}

/// All functions that are called by a name, in the order of the alphabet.
pub fn all() -> Vec<FunctionHelp> {
    // A name with a blank, or one of signs, is a form of SQL's own.
    let is_called = |spec: &&FunctionSpec| spec.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut all: Vec<_> = FUNCTIONS.iter().copied().flatten().filter(is_called).map(help).collect();
    all.sort_by_key(|it| it.name);
    all
}

/// The function of that name or alias, in any case.
pub fn find(name: &str) -> Option<FunctionHelp> {
    named(name).map(help)
}

/// The name that was probably meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names = all().into_iter().flat_map(|it| it.aliases.iter().copied().chain([it.name]));
    options::nearest(&name.to_ascii_uppercase(), names)
}

fn help(spec: &'static FunctionSpec) -> FunctionHelp {
    let FunctionSpec { name, aliases, usage, since, about, .. } = spec;
    FunctionHelp { name, aliases, usage, since, about }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_function_is_found_by_any_of_its_names_and_a_slip_of_the_pen_by_the_nearest() {
        assert_eq!(find("coalesce").map(|it| it.name), Some("COALESCE"));
        assert_eq!(find("COALESK"), None);
        assert_eq!(nearest("coalesk"), Some("COALESCE"));
        assert_eq!(nearest("nothing_like_it_at_all"), None);
    }

    /// Functions of Flink's that are no row of the table under their name and release, and why.
    const ELSEWHERE: &[(&str, &str)] = &[
        ("CAST", "a word of the grammar, bound by its own rules"),
        ("TRY_CAST", "likewise"),
        ("CONVERT", "likewise: CAST by another word"),
        ("MOD", "the operator %"),
        ("CURRENT_ROW_TIMESTAMP", "an alias of CURRENT_TIMESTAMP, which is older"),
        ("SOURCE_WATERMARK", "stands in WATERMARK alone, which nothing waits for yet"),
        ("OBJECT_OF", "makes values of Java's classes"),
        ("PARSE_JSON", "makes a VARIANT, a type that no format of a topic has"),
        ("TRY_PARSE_JSON", "likewise"),
    ];
    /// Functions of Flink 1.12's documentation that the list leaves out.
    const UNLISTED: &[&str] = &["IS_ALPHA", "IS_DECIMAL", "IS_DIGIT", "OVERLAPS", "SECOND", "SIMILAR"];

    /// `functions.jsonl` has every function that Flink 2.2 knows, with the first release line that has it, and names that it
    /// does not know.
    #[test]
    fn flinks_functions_are_here_under_their_names_and_since_their_release() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/flink/expressions/functions.jsonl.gz");
        let text = std::io::read_to_string(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()));
        let (mut told, mut wrong) = (BTreeSet::new(), Vec::new());
        for line in text.unwrap().lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let name = row["name"].as_str().unwrap().to_owned();
            // 1.18.1 stands for 1.18.
            let since =
                row["since"].as_str().and_then(|it| it.rsplit_once('.')).map(|(line, _)| line.to_owned());
            let ours = find(&name).map(|it| it.since);
            let is_operator = row["operator"].as_bool() == Some(true);
            let is_elsewhere = ELSEWHERE.iter().any(|(elsewhere, _)| *elsewhere == name);
            match (&since, ours) {
                (Some(since), Some(ours)) if (since == ours) != is_elsewhere => {}
                (Some(_), None) if is_operator || is_elsewhere => {}
                (None, None | Some("DLI" | "-")) => {}
                _ => wrong.push(format!("{name}: of Flink {since:?}, here {ours:?}")),
            }
            told.extend(since.map(|_| name));
        }
        let of_flink = all().into_iter().filter(|it| !matches!(it.since, "DLI" | "-"));
        let invented = of_flink.map(|it| it.name).filter(|it| !told.contains(*it) && !UNLISTED.contains(it));
        wrong.extend(invented.map(|name| format!("{name}: Flink has none")));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn no_two_functions_share_a_name_and_each_says_what_it_is() {
        let mut names = BTreeSet::new();
        for spec in FUNCTIONS.iter().copied().flatten() {
            for name in spec.aliases.iter().chain([&spec.name]) {
                assert!(names.insert(*name), "{name} twice");
            }
            assert!(!spec.usage.is_empty(), "{}", spec.name);
            assert!(
                spec.about.ends_with(['.', '…']) && spec.about.len() > 5,
                "{}: {}",
                spec.name,
                spec.about
            );
        }
        assert!(names.len() > 6, "{names:?}");
    }
}
