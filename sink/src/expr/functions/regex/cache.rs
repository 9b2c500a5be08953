//! Patterns that rows bring with them, compiled once as long as they come again soon.

use std::cell::Cell;

use crate::java_regex::{JavaPattern, PatternError};

/// What was compiled last, the latest at the end. One task has one.
#[derive(Default)]
pub(crate) struct PatternCache(Cell<Vec<CachedPattern>>);

struct CachedPattern {
    text: Box<str>,
    compiled: Result<JavaPattern, PatternError>,
}

/// Patterns that are kept: each may have some megabytes.
const PATTERNS_MAX: usize = 16;

impl PatternCache {
    /// Does something with a pattern, compiled; without a cache it is forgotten at once.
    pub(super) fn with<T>(
        cache: Option<&Self>,
        pattern: &str,
        apply: impl FnOnce(&Result<JavaPattern, PatternError>) -> T,
    ) -> T {
        let Some(Self(patterns)) = cache else { return apply(&JavaPattern::compile(pattern)) };
        let mut all = patterns.take();
        match all.iter().position(|it| *it.text == *pattern) {
            Some(at) => all[at..].rotate_left(1),
            None => {
                if all.len() == PATTERNS_MAX {
                    all.remove(0);
                }
                all.push(CachedPattern { text: pattern.into(), compiled: JavaPattern::compile(pattern) });
            }
        }
        let applied = apply(&all[all.len() - 1].compiled);
        patterns.set(all);
        applied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(cache: &PatternCache) -> Vec<String> {
        let all = cache.0.take();
        let texts = all.iter().map(|it| it.text.to_string()).collect();
        cache.0.set(all);
        texts
    }

    #[test]
    fn the_patterns_that_came_last_are_kept_and_no_more() {
        let cache = PatternCache::default();
        let matches = |pattern: &str, text: &str| {
            PatternCache::with(Some(&cache), pattern, |it| it.as_ref().unwrap().is_match(text).unwrap())
        };
        for at in 0..PATTERNS_MAX {
            assert!(matches(&format!("^{at}$"), &at.to_string()));
        }
        assert!(matches("^0$", "0") && !matches("^0$", "1"));
        assert!(matches("^new$", "new"));
        let kept = texts(&cache);
        assert_eq!(kept.len(), PATTERNS_MAX);
        assert_eq!(kept[PATTERNS_MAX - 2..], ["^0$", "^new$"], "the latest stand at the end");
        assert!(!kept.contains(&"^1$".to_owned()), "the oldest went");
    }

    #[test]
    fn a_broken_pattern_is_remembered_as_such() {
        let cache = PatternCache::default();
        for _ in 0..2 {
            let broken = |it: &Result<_, PatternError>| matches!(it, Err(PatternError::Invalid(_)));
            assert!(PatternCache::with(Some(&cache), "(", broken));
            assert_eq!(texts(&cache), ["("]);
        }
    }
}
