//! The name that was probably meant.

use strsim::levenshtein;

/// The nearest of `names`, if it is near: at most a third of the letters are wrong.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = names.into_iter().map(|other| (levenshtein(name, other), other));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count().max(nearest.chars().count()) / 3 + 1).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_error_finds_its_name_and_nonsense_does_not() {
        let names = ["key.format", "value.format", "topic"];
        assert_eq!(nearest("value.fromat", names), Some("value.format"));
        assert_eq!(nearest("topics", names), Some("topic"));
        assert_eq!(nearest("something else", names), None);
    }
}
