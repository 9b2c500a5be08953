//! The one table of functions: the binder, `upsert-kafka functions`, "did you mean" and the documentation are made of it.

use super::function::FunctionSpec;

mod collection;
mod conditional;
mod datetime;
mod hash;
mod json;
mod math;
mod regex;
mod string;

/// Every function, family after family.
pub(crate) static FUNCTIONS: &[&[FunctionSpec]] = &[
    conditional::FUNCTIONS,
    math::FUNCTIONS,
    string::FUNCTIONS,
    regex::FUNCTIONS,
    hash::FUNCTIONS,
    json::FUNCTIONS,
    collection::FUNCTIONS,
    datetime::FUNCTIONS,
];

/// The function of that name, in any case.
pub(crate) fn named(name: &str) -> Option<&'static FunctionSpec> {
    let is_it = |it: &&FunctionSpec| {
        it.name.eq_ignore_ascii_case(name) || it.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    };
    FUNCTIONS.iter().copied().flatten().find(is_it)
}
