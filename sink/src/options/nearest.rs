//! The name that was probably meant.

use strsim::levenshtein;

/// Names that are compared; each costs about a microsecond.
const NAMES_MAX: usize = 1_000;

/// Bytes of a name that is compared: comparing grows with the product of both.
const NAME_BYTES_MAX: usize = 100;

/// The nearest of `names`, if it is near: at most a third of the letters are wrong. Of equally near ones, the first
/// in the alphabet.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let names = names.into_iter().take(NAMES_MAX).filter(|other| other.len() <= NAME_BYTES_MAX);
    let distances = names.map(|other| (levenshtein(name, other), other));
    let (distance, nearest) = distances.min()?;
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
