//! The known word that someone probably meant.

use strsim::levenshtein;

/// The candidate at the least edit distance, if it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (levenshtein(&word, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= allowed)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let words = ["linger.ms", "batch.size", "acks"];
        assert_eq!(nearest("linger.m", words), Some("linger.ms"));
        assert_eq!(nearest("BATCH_SIZE", words), Some("batch.size"));
        assert_eq!(nearest("colour.of.the.sky", words), None);
    }
}
