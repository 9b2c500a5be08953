//! The one table of functions: the binder, `upsert-kafka functions`, "did you mean" and the documentation are made of it.

use super::function::FunctionSpec;

mod collection;
pub(crate) mod common_type;
mod conditional;
mod datetime;
mod hash;
mod json;
mod math;
pub(crate) mod regex;
mod signature;
mod string;
mod utf16;

/// Every function, family after family.
pub(crate) static FUNCTIONS: &[&[FunctionSpec]] = &[
    conditional::FUNCTIONS,
    math::power::FUNCTIONS,
    math::trigonometry::FUNCTIONS,
    math::sign::FUNCTIONS,
    math::round::FUNCTIONS,
    math::chance::FUNCTIONS,
    string::case::FUNCTIONS,
    string::affix::FUNCTIONS,
    string::position::FUNCTIONS,
    string::cut::FUNCTIONS,
    string::pad::FUNCTIONS,
    string::join::FUNCTIONS,
    string::kind::FUNCTIONS,
    string::split::FUNCTIONS,
    string::code::FUNCTIONS,
    string::charset::FUNCTIONS,
    string::url::FUNCTIONS,
    string::url_code::FUNCTIONS,
    string::printf::FUNCTIONS,
    regex::like::FUNCTIONS,
    regex::similar::FUNCTIONS,
    regex::regexp::FUNCTIONS,
    regex::str_to_map::FUNCTIONS,
    hash::FUNCTIONS,
    json::value::FUNCTIONS,
    json::query::FUNCTIONS,
    json::exists::FUNCTIONS,
    json::construct::FUNCTIONS,
    json::quote::FUNCTIONS,
    collection::constructor::FUNCTIONS,
    collection::item::FUNCTIONS,
    collection::search::FUNCTIONS,
    collection::order::FUNCTIONS,
    collection::set::FUNCTIONS,
    collection::map::FUNCTIONS,
    collection::type_name::FUNCTIONS,
    datetime::parts::FUNCTIONS,
    datetime::span::FUNCTIONS,
    datetime::parse::FUNCTIONS,
    datetime::format::FUNCTIONS,
    datetime::clock::FUNCTIONS,
    datetime::arithmetic::FUNCTIONS,
    datetime::dli::FUNCTIONS,
];

/// The function of that name, in any case.
pub(crate) fn named(name: &str) -> Option<&'static FunctionSpec> {
    let is_it = |it: &&FunctionSpec| {
        it.name.eq_ignore_ascii_case(name) || it.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    };
    FUNCTIONS.iter().copied().flatten().find(is_it)
}

/// The names of all functions, in order.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = FUNCTIONS.iter().copied().flatten().map(|it| it.name).collect();
    names.sort_unstable();
    names
}
