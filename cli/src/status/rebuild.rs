//! What is said while a job rebuilds the state that an earlier run had: a bar on a terminal, lines elsewhere.

use std::time::Duration;

use upsert_kafka_sink::Rebuild;

/// One line with a bar, for a terminal.
pub(super) fn bar(rebuild: &Rebuild, elapsed: Duration) -> String {
    let part = part(rebuild);
    let filled = (part * BAR_WIDTH as f64) as usize;
    let left = match left(part, elapsed) {
        Some(left) => format!(", {:.0} s left", left.as_secs_f64().ceil()),
        None => String::new(),
    };
    format!(
        "rebuilding the state [{}{}] {} %, {}{left}",
        "#".repeat(filled),
        "-".repeat(BAR_WIDTH - filled),
        percent(part),
        kept(rebuild)
    )
}

/// One line of several, for a pipe or a file.
pub(super) fn line(rebuild: &Rebuild) -> String {
    let Rebuild { done, total, .. } = rebuild;
    format!(
        "note: rebuilding the state: {done} of {total} offsets ({} %), {}",
        percent(part(rebuild)),
        kept(rebuild)
    )
}

/// The last line, on both.
pub(super) fn done(rebuild: &Rebuild, elapsed: Duration) -> String {
    format!(
        "note: the state is rebuilt: {} from {} offsets in {:.1} s",
        kept(rebuild),
        rebuild.total,
        elapsed.as_secs_f64()
    )
}

fn kept(rebuild: &Rebuild) -> String {
    let keys = if rebuild.keys == 1 { "key" } else { "keys" };
    format!("{} {keys}, {:.1} MB", rebuild.keys, rebuild.bytes as f64 / 1e6)
}

fn part(rebuild: &Rebuild) -> f64 {
    (rebuild.done as f64 / rebuild.total.max(1) as f64).clamp(0.0, 1.0)
}

/// Rounded down: 100 % is all.
fn percent(part: f64) -> u32 {
    (part * 100.0) as u32
}

/// By the speed until now; nothing can be said before there is one.
fn left(part: f64, elapsed: Duration) -> Option<Duration> {
    let speaks = part > 0.0 && elapsed >= SPEAKS_AFTER;
    speaks.then(|| Duration::try_from_secs_f64(elapsed.as_secs_f64() * (1.0 - part) / part).ok()).flatten()
}

const BAR_WIDTH: usize = 20;
const SPEAKS_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn rebuild(done: i64, total: i64, keys: i64, bytes: i64) -> Rebuild {
        let mut it = Rebuild::default();
        (it.done, it.total, it.keys, it.bytes) = (done, total, keys, bytes);
        it
    }

    #[test]
    fn the_bar_grows_and_says_what_is_left() {
        let seconds = Duration::from_secs;
        assert_eq!(
            bar(&rebuild(0, 1_000, 0, 0), seconds(0)),
            "rebuilding the state [--------------------] 0 %, 0 keys, 0.0 MB"
        );
        assert_eq!(
            bar(&rebuild(259, 1_000, 1, 1_250_000), seconds(10)),
            "rebuilding the state [#####---------------] 25 %, 1 key, 1.2 MB, 29 s left"
        );
        assert_eq!(
            bar(&rebuild(1_000, 1_000, 700, 2_000_000), seconds(20)),
            "rebuilding the state [####################] 100 %, 700 keys, 2.0 MB, 0 s left"
        );
    }

    #[test]
    fn lines_say_the_same_without_a_bar() {
        assert_eq!(
            line(&rebuild(999, 1_000, 700, 2_000_000)),
            "note: rebuilding the state: 999 of 1000 offsets (99 %), 700 keys, 2.0 MB"
        );
        assert_eq!(
            done(&rebuild(1_000, 1_000, 700, 2_000_000), Duration::from_millis(1_540)),
            "note: the state is rebuilt: 700 keys, 2.0 MB from 1000 offsets in 1.5 s"
        );
    }
}
