//! The scalar functions of SQL, as people read about them; the planner binds calls by the same table.

use crate::expr::function::FunctionSpec;
use crate::expr::functions::{FUNCTIONS, named};
use crate::options;

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
