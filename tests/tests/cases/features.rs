//! What a job needs, and whether we have it.

/// Names that case.json may use, and which of them run here.
const FEATURES: &[(&str, bool)] = &[
    ("projection", true),
    ("json", true),
    ("partitioning", true),
    ("cdc", true),
    ("key-prefix", true),
    ("except-key", true),
    ("not-null", true),
    ("nested", true),
    ("types", true),
    ("error", true),
    ("parser", true),
    ("print", true),
    ("bounded", true),
    ("buffer", true),
    ("checkpoint", true),
    ("collect", true),
    ("dedup", false),
    ("exactly-once", true),
    ("filter", true),
    ("group-by", false),
    ("kafka-sink", true),
    ("key-csv", true),
    ("key-raw", true),
    ("materializer", true),
    ("metadata", true),
    ("statement-set", true),
    ("temporal-join", false),
    ("top-n", false),
    ("topic-list", true),
    ("upsert-source", true),
    ("value-csv", true),
    ("value-raw", true),
    ("values", true),
    ("window", false),
];

/// What a feature's name does not tell and the SQL does: `cdc` may be any of four formats.
const SEEN: &[(&str, &str)] =
    &[(" GROUP BY ", "GROUP BY"), (" JOIN ", "JOIN"), ("SELECT DISTINCT ", "DISTINCT")];

/// What we lack for a job; empty when it must run.
///
/// # Errors
/// A feature that nobody knows: the case cannot be judged.
pub(super) fn missing(features: &[String], sql: &str) -> Result<Vec<String>, String> {
    let mut lacking = Vec::new();
    for feature in features {
        match FEATURES.iter().find(|(name, _)| name == feature) {
            Some((_, true)) => {}
            Some((_, false)) => lacking.push(feature.clone()),
            None => return Err(format!("unknown feature '{feature}'")),
        }
    }
    let sql = normal(sql);
    lacking.extend(SEEN.iter().filter(|(text, _)| sql.contains(text)).map(|(_, name)| (*name).to_owned()));
    Ok(lacking)
}

/// Without comments, in capitals, one space between words.
fn normal(sql: &str) -> String {
    let lines: Vec<_> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(features: &[&str], sql: &str) -> Result<Vec<String>, String> {
        missing(&features.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), sql)
    }

    #[test]
    fn what_is_lacking_is_named_and_what_is_unknown_is_an_error() {
        assert_eq!(lacking(&["json", "cdc"], "INSERT INTO o SELECT * FROM i"), Ok(vec![]));
        assert_eq!(lacking(&["json", "window"], ""), Ok(vec!["window".to_owned()]));
        let sql = "SELECT a -- no join \nFROM i\ngroup  by a";
        assert_eq!(lacking(&[], sql), Ok(vec!["GROUP BY".to_owned()]));
        assert!(lacking(&["teleport"], "").is_err());
    }
}
