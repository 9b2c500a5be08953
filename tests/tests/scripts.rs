//! Scripts as people post them: each is planned, or refused for exactly the reasons that its first line gives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use upsert_kafka_sink::Error;
use upsert_kafka_sink::credentials::{Credentials, MACHINE, PathMap};
use upsert_kafka_sink::error::{ErrorKind, Rule};
use upsert_kafka_sink::plan::{PlanOptions, plan};
use upsert_kafka_sink::sql::Script;
use upsert_kafka_tests::data;

/// What a word of `-- needs:` means to us.
enum Need {
    /// It is there.
    Have,
    /// It is refused, as one of these.
    Lack(&'static [&'static str]),
    /// It is a part of something else that the line names and that is refused.
    Part(&'static [&'static str]),
}

use Need::{Have, Lack, Part};

/// Words of the scripts' first lines, and how the planner classifies them. A feature that arrives becomes `Have`.
const NEEDS: &[(&str, Need)] = &[
    ("arithmetic", Have),
    ("array", Have),
    ("avro-confluent", Have),
    ("between", Have),
    ("buffer-flush", Have),
    ("case", Have),
    ("cast", Have),
    ("comments", Have),
    ("computed-column", Have),
    ("concat-operator", Have),
    ("csv", Have),
    ("csv-key", Have),
    ("cte", Have),
    ("debezium-json", Have),
    ("dedup", Lack(&["window"])),
    ("distinct", Lack(&["distinct"])),
    ("drop", Have),
    ("fields-delimiter", Have),
    ("group-by", Lack(&["group-by"])),
    ("having", Lack(&["having"])),
    ("if-not-exists", Have),
    ("in", Have),
    ("insert-column-list", Have),
    ("is-null", Have),
    ("jdbc", Lack(&["Connector"])),
    ("key-fields-prefix", Have),
    ("like", Have),
    ("literal", Have),
    ("map-access", Have),
    ("metadata", Have),
    ("multiple-inserts", Have),
    ("nested-field", Have),
    ("no-last-semicolon", Have),
    ("placeholders", Have),
    ("processing-time", Have),
    ("projection", Have),
    ("quit", Have),
    ("raw-key", Have),
    ("registry-basic-auth", Have),
    ("row-type", Have),
    ("sasl-scram", Have),
    ("set-unquoted", Have),
    ("sink-parallelism", Have),
    ("statement-set", Have),
    ("subquery", Have),
    ("temporary-view", Have),
    ("time-zone", Have),
    ("top-n", Lack(&["window"])),
    ("truststore", Have),
    ("union-all", Have),
    ("unnest", Have),
    ("upsert-key-of-window", Part(&["window"])),
    ("upsert-source", Have),
    ("value-fields-include-except-key", Have),
    ("view", Have),
    ("where", Have),
    ("writable-metadata", Have),
];

/// What is meant by all words that begin so.
const NEEDS_OF_KIND: &[(&str, Need)] = &[
    ("agg:", Lack(&["aggregate"])),
    // A function of many rows is told with its OVER.
    ("function:", Part(&["window"])),
    ("join:", Lack(&["join"])),
    ("window:", Lack(&["window"])),
];

fn need(word: &str) -> Option<&'static Need> {
    let exact = NEEDS.iter().find(|(name, _)| *name == word);
    let kind = || NEEDS_OF_KIND.iter().find(|(start, _)| word.starts_with(start));
    exact.or_else(kind).map(|(_, need)| need)
}

/// What a script asks for besides its first line.
const UNSAID: &[(&str, &str)] = &[("11-metadata-both-ways.sql", "concat-operator")];

/// The scripts of DLI say in prose what they need; here is how the planner classifies it.
const DLI: &[(&str, &[&str])] = &[
    ("01-clicks-double-quotes.sql", &[]),
    ("02-device-lines-json-val.sql", &[]),
    ("03-dms-sasl-ssl-truststore.sql", &[]),
    ("04-ssl-auth-name.sql", &[]),
    ("05-krb-and-ssl-auth-names.sql", &[]),
    ("06-mrs-keytab-properties.sql", &[]),
    ("07-dew-jaas.sql", &[]),
    ("08-canal-shop-orders.sql", &[]),
    ("09-statement-set-routes.sql", &[]),
    ("10-upsert-read-print.sql", &[]),
    ("11-legacy-110-kafka.sql", &[]),
    ("12-legacy-110-upsert-refused.sql", &["legacy-options"]),
];

/// What follows from something that was refused, and must not be said beside it.
const CONSEQUENCES: [&str; 6] = [
    "no table '",
    "no 'connector'",
    "nothing to run",
    "the job has no INSERT",
    // Of an empty list.
    "there are:  ",
    "which is no column",
];

#[test]
fn a_script_is_planned_or_refused_for_the_reasons_of_its_first_line() {
    let mut planned = 0;
    for path in scripts(&data("flink/scripts")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut words = needs(&text);
        words.extend(UNSAID.iter().filter(|(name, _)| path.ends_with(name)).map(|(_, word)| *word));
        let outcome = judge(&text);
        let classes = outcome.as_ref().err().map(classes).unwrap_or_default();
        for word in &words {
            match need(word).unwrap_or_else(|| panic!("{}: nobody knows '{word}'", path.display())) {
                Have => {}
                Lack(reasons) => {
                    let is_told = reasons.iter().any(|reason| classes.contains(*reason));
                    assert!(is_told, "{}: '{word}' is not told, only {classes:?}", path.display());
                }
                Part(_) => {}
            }
        }
        let reasons: BTreeSet<&str> = words.iter().filter_map(|word| need(word)).flat_map(reasons).collect();
        let beyond: Vec<_> = classes.iter().filter(|class| !reasons.contains(&***class)).collect();
        assert!(beyond.is_empty(), "{}: {beyond:?} is no reason of {words:?}", path.display());
        if let Err(error) = &outcome {
            assert_causes_alone(&path, error);
        }
        planned += usize::from(outcome.is_ok());
    }
    assert_eq!(planned, SCRIPTS_PLANNED);
}

/// A feature that arrives moves scripts here.
const SCRIPTS_PLANNED: usize = 10;

#[test]
fn a_script_of_dli_is_planned_or_refused_for_what_is_not_there_yet() {
    let paths = scripts(&data("flink/scripts-dli"));
    assert_eq!(paths.len(), DLI.len());
    for (path, (name, expected)) in paths.iter().zip(DLI) {
        assert!(path.ends_with(name), "{} is not {name}", path.display());
        let outcome = judge(&std::fs::read_to_string(path).unwrap());
        let classes = outcome.as_ref().err().map(classes).unwrap_or_default();
        assert_eq!(classes.iter().collect::<Vec<_>>(), *expected, "{name}");
        if let Err(error) = &outcome {
            assert_causes_alone(path, error);
            assert!(!error.to_string().contains("s3cret") && !error.to_string().contains("p@ss;word"));
        }
    }
}

/// `UPSERT_KAFKA_SCRIPTS=DIR[:DIR…]`: how many of further scripts are planned, refused for what is not there yet, and
/// anything else, which fails.
#[test]
fn further_scripts_are_planned_or_refused_for_what_is_not_there_yet() {
    let Ok(folders) = std::env::var("UPSERT_KAFKA_SCRIPTS") else { return };
    let (mut planned, mut refused, mut failed) = (0, 0, Vec::new());
    for path in folders.split(':').flat_map(|folder| scripts(Path::new(folder))) {
        match judge(&std::fs::read_to_string(&path).unwrap()) {
            Ok(()) => planned += 1,
            Err(error) if is_not_yet(&error) && consequence(&error).is_none() => refused += 1,
            Err(error) => failed.push(format!("{}: {error}", path.display())),
        }
    }
    println!("{planned} planned, {refused} refused, {} failed", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn is_not_yet(error: &Error) -> bool {
    let is_not_yet = |rule: Rule| matches!(rule, Rule::NotYet(_) | Rule::Connector);
    error.kind() == ErrorKind::Plan && error.findings().iter().all(|finding| is_not_yet(finding.rule))
}

fn judge(text: &str) -> Result<(), Error> {
    let script = Script::substitute(text, |name| Some(format!("the-{name}")))?;
    plan(script, &PlanOptions::new().with_credentials(credentials())).map(drop)
}

/// What the scripts of DLI name, as their heads say it.
fn credentials() -> Credentials {
    let text = r#"
        [shop_tls]
        kind = "kafka_ssl"
        truststore = "client.jks"
        [mrs_tls]
        kind = "kafka_ssl"
        truststore = "truststore.jks"
        truststore_password = "changeit"
        [mrs_login]
        kind = "kerberos"
        username = "meter_job"
        krb5_conf = "krb5.conf"
        keytab = "user.keytab"
        [kafka_login]
        kind = "secret"
        version = "v3"
        [kafka_login.values]
        refund_jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required username=refund_job password=bare-Word_1;"
        [_paths]
        "obs://shop-bucket/" = "shop"
        "obs://ops/" = "ops"
    "#;
    Credentials::parse(text, Path::new("credentials.toml"), PathMap::new(), MACHINE).unwrap()
}

fn reasons(need: &Need) -> impl Iterator<Item = &'static str> {
    let reasons = match need {
        Have => &[][..],
        Lack(reasons) | Part(reasons) => reasons,
    };
    reasons.iter().copied()
}

fn classes(error: &Error) -> BTreeSet<String> {
    let class = |rule: Rule| match rule {
        Rule::NotYet(feature) => feature.to_owned(),
        other => format!("{other:?}"),
    };
    let mut classes: BTreeSet<String> = error.findings().iter().map(|finding| class(finding.rule)).collect();
    if classes.is_empty() {
        classes.insert(error.to_string());
    }
    classes
}

fn consequence(error: &Error) -> Option<&'static str> {
    CONSEQUENCES.into_iter().find(|consequence| error.to_string().contains(consequence))
}

fn assert_causes_alone(path: &Path, error: &Error) {
    assert_eq!(consequence(error), None, "{}: {error}", path.display());
    let told: BTreeSet<String> = error.findings().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), error.findings().len(), "{}: something is said twice: {error}", path.display());
}

fn needs(text: &str) -> Vec<&str> {
    let first = text.lines().next().and_then(|line| line.strip_prefix("-- needs: "));
    first.expect("a first line").split(", ").collect()
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    paths.sort();
    paths
}
