//! What a job needs, and whether we have it.

use std::collections::BTreeMap;

/// Why a job with a feature does not run here yet; the rows are those of our roadmap.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Support {
    Runs,
    Needs(&'static str),
}

use Support::{Needs, Runs};

const MANY_ROWS: Support = Needs("state over many rows (roadmap, row 5)");

/// Names that case.json may use, and which of them run here. A name that ends in a colon is every name that begins so.
const FEATURES: &[(&str, Support)] = &[
    ("agg:", MANY_ROWS),
    ("bounded", Runs),
    ("buffer", Runs),
    ("case-when", Runs),
    ("cdc", Runs),
    ("checkpoint", Runs),
    ("collect", Runs),
    ("composite-key", Runs),
    ("constant-key", Runs),
    ("dedup", MANY_ROWS),
    ("error", Runs),
    ("exactly-once", Runs),
    ("except-key", Runs),
    ("filter", Runs),
    ("global-agg", MANY_ROWS),
    ("group-by", MANY_ROWS),
    ("group-by-expression", MANY_ROWS),
    ("grouping-sets", MANY_ROWS),
    ("having", MANY_ROWS),
    ("join", MANY_ROWS),
    ("join:", MANY_ROWS),
    ("json", Runs),
    ("kafka-sink", Runs),
    ("key-csv", Runs),
    ("key-prefix", Runs),
    ("key-raw", Runs),
    ("late-rows", MANY_ROWS),
    ("materializer", Runs),
    ("metadata", Runs),
    ("mini-batch", MANY_ROWS),
    ("nested", Runs),
    ("not-null", Runs),
    ("not-null-enforcer", Runs),
    ("null-group-key", MANY_ROWS),
    ("null-join-key", MANY_ROWS),
    ("over", MANY_ROWS),
    ("overflow", Runs),
    ("parallelism", Runs),
    ("parser", Runs),
    ("partitioning", Runs),
    ("print", Runs),
    ("projection", Runs),
    ("rank-output", MANY_ROWS),
    ("retraction", Runs),
    ("rowtime", MANY_ROWS),
    ("select-distinct", MANY_ROWS),
    ("self-join", MANY_ROWS),
    ("state-ttl", Runs),
    ("statement-set", Runs),
    ("temporal-join", MANY_ROWS),
    ("top-1", MANY_ROWS),
    ("top-n", MANY_ROWS),
    ("topic-list", Runs),
    ("two-level-agg", MANY_ROWS),
    ("types", Runs),
    ("union-all", Runs),
    ("upsert-source", Runs),
    ("value-csv", Runs),
    ("value-raw", Runs),
    ("values", Runs),
    ("views", Runs),
    ("watermark", MANY_ROWS),
    ("window", MANY_ROWS),
    ("window:", MANY_ROWS),
];

/// What a feature's name does not tell and the SQL does: `cdc` may be any of four formats.
const SEEN: &[(&str, &str, Support)] = &[
    (" GROUP BY ", "GROUP BY", MANY_ROWS),
    (" JOIN ", "JOIN", MANY_ROWS),
    (" OVER ", "OVER", MANY_ROWS),
    ("SELECT DISTINCT ", "DISTINCT", MANY_ROWS),
];

/// What we know of what a job needs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Needed {
    /// What we lack, by the reason; empty when the job must run, unless something is unknown.
    lacking: BTreeMap<&'static str, Vec<String>>,
    /// Features of which nobody has said whether they run: the planner decides.
    pub(super) unknown: Vec<String>,
}

impl Needed {
    /// What the job waits for, in a sentence; `None` when nothing is known to be missing.
    pub(super) fn lacking(&self) -> Option<String> {
        let reasons: Vec<_> =
            self.lacking.iter().map(|(why, names)| format!("{why}: {}", names.join(", "))).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

pub(super) fn needed(features: &[String], sql: &str) -> Needed {
    let mut needed = Needed::default();
    for feature in features {
        let is_it = |name: &str| *name == **feature || name.ends_with(':') && feature.starts_with(name);
        match FEATURES.iter().find(|(name, _)| is_it(name)) {
            Some((_, Runs)) => {}
            Some((_, Needs(why))) => needed.lacking.entry(why).or_default().push(feature.clone()),
            None => needed.unknown.push(feature.clone()),
        }
    }
    let sql = normal(sql);
    for (text, name, support) in SEEN {
        if let Needs(why) = support
            && sql.contains(text)
        {
            needed.lacking.entry(why).or_default().push((*name).to_owned());
        }
    }
    needed
}

/// Without comments, in capitals, one space between words.
fn normal(sql: &str) -> String {
    let lines: Vec<_> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(features: &[&str], sql: &str) -> (Option<String>, Vec<String>) {
        let features: Vec<_> = features.iter().map(|it| (*it).to_owned()).collect();
        let needed = needed(&features, sql);
        (needed.lacking(), needed.unknown)
    }

    #[test]
    fn what_is_lacking_is_named_with_its_reason_and_so_is_what_is_unknown() {
        let many = |names: &str| Some(format!("state over many rows (roadmap, row 5): {names}"));
        assert_eq!(of(&["json", "cdc"], "INSERT INTO o SELECT * FROM i"), (None, vec![]));
        assert_eq!(of(&["json", "window", "agg:sum"], "").0, many("window, agg:sum"));
        let sql = "SELECT a -- no join \nFROM i\ngroup  by a";
        assert_eq!(of(&[], sql).0, many("GROUP BY"));
        assert_eq!(of(&["teleport"], ""), (None, vec!["teleport".to_owned()]));
    }
}
