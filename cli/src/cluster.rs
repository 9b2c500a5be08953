//! How a command reaches its cluster: `--property` over `--properties` over `--profile`, and then what the command itself
//! wants. Nothing else opens a client.

use std::fmt;
use std::path::PathBuf;

use upsert_kafka_client::{Client, Config, Error, NoticeKind, Role, parse_properties};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::profile::Profile;
use crate::stderr::say;

/// One of Java's properties, with who says it.
#[derive(Clone)]
pub(crate) struct Property {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) by: GivenBy,
}

/// Who says a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GivenBy {
    /// `--property`, or a flag of its own.
    CommandLine,
    /// The file that `--properties` names.
    File(String),
    /// The profile of that name.
    Profile(String),
}

impl fmt::Display for GivenBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("--property"),
            Self::File(path) => f.write_str(path),
            Self::Profile(name) => write!(f, "profile {name}"),
        }
    }
}

/// What the command line says of the cluster: each key once, by whoever is first to be heard.
#[derive(Clone, Default)]
pub(crate) struct Properties {
    all: Vec<Property>,
    credentials: Option<PathBuf>,
}

impl Properties {
    /// Reads what the flags name.
    ///
    /// # Errors
    /// A file that cannot be read or makes no sense, a profile that is not there, a property without a value.
    pub(crate) fn given(args: &Args) -> Result<Self, Failure> {
        let mut given = Self::default();
        for text in args.values("--property").iter().rev() {
            let (key, value) = pair(text)?;
            given.add(key, value, &GivenBy::CommandLine);
        }
        for path in args.values("--properties").iter().rev() {
            given.add_file(path)?;
        }
        if let Some(name) = args.value("--profile") {
            let profile = Profile::load(name)?;
            // The file is what the profile builds on.
            profile
                .pairs
                .into_iter()
                .for_each(|(key, value)| given.add(&key, &value, &GivenBy::Profile(name.to_owned())));
            given.credentials = profile.credentials;
            if let Some(path) = profile.properties {
                given.add_file(&path.to_string_lossy())?;
            }
        }
        Ok(given)
    }

    /// Every property, each key once.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Property> {
        self.all.iter()
    }

    /// The credentials file that the profile names.
    pub(crate) fn credentials(&self) -> Option<&PathBuf> {
        self.credentials.as_ref()
    }

    /// Says which keys nobody knows, for whoever hands the rest on. What is wrong with a value is said where it is used.
    pub(crate) fn tell_unknown(&self) {
        let pairs = self.all.iter().map(|it| (&it.key, &it.value));
        let Ok((_, notices)) = Config::from_properties(pairs, Role::Any) else { return };
        let unknown = notices.iter().filter(|notice| notice.kind == NoticeKind::Unknown);
        unknown.for_each(|notice| say(format_args!("warning: {notice}")));
    }

    fn add(&mut self, key: &str, value: &str, by: &GivenBy) {
        if !self.all.iter().any(|known| known.key == key) {
            self.all.push(Property { key: key.to_owned(), value: value.to_owned(), by: by.clone() });
        }
    }

    fn add_file(&mut self, path: &str) -> Result<(), Failure> {
        let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("{path}: {why}"));
        let bytes = std::fs::read(path).map_err(|e| wrong(&e))?;
        for (key, value) in parse_properties(bytes).map_err(|e| wrong(&e))? {
            self.add(&key, &value, &GivenBy::File(path.to_owned()));
        }
        Ok(())
    }
}

/// `KEY=VALUE`. Of a text that is none no more is shown than may be a key.
fn pair(text: &str) -> Result<(&str, &str), Failure> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = text.find(|c| !is_key(c)).unwrap_or(text.len());
    match text[end..].trim_start().strip_prefix('=') {
        Some(value) => Ok((&text[..end], value)),
        None => Err(Failure::usage(format!("--property {}…: not of the form KEY=VALUE", &text[..end]))),
    }
}

/// The settings of a client in that role. `defaults` are the command's own, under what the user says.
///
/// # Errors
/// As [`Properties::given`], and what the client refuses.
pub(crate) fn config(args: &Args, role: Role, defaults: &[(&str, &str)]) -> Result<Config, Failure> {
    let given = Properties::given(args)?;
    let mut pairs: Vec<(&str, &str)> = vec![("bootstrap.servers", BOOTSTRAP)];
    pairs.extend(defaults);
    let is_said = |key: &str| given.iter().any(|it| it.key == key && it.by == GivenBy::CommandLine);
    pairs.extend(given.iter().map(|it| (&*it.key, &*it.value)));
    if let Some(servers) = args.value("--bootstrap").filter(|_| !is_said("bootstrap.servers")) {
        pairs.push(("bootstrap.servers", servers));
    }
    let mut last: Vec<(&str, &str)> = Vec::new();
    for (key, value) in pairs {
        last.retain(|(known, _)| *known != key);
        last.push((key, value));
    }
    let (config, notices) = Config::from_properties(last, role).map_err(|e| Failure::usage(e.to_string()))?;
    // A file is shared by producers, consumers and Java: what has no effect here, `explain --properties` tells.
    let of_file = |key: &str| given.iter().any(|it| it.key == key && it.by != GivenBy::CommandLine);
    let told = notices.iter().filter(|it| it.kind != NoticeKind::Ignored || !of_file(&it.key));
    told.for_each(|notice| say(format_args!("warning: {notice}")));
    Ok(config)
}

/// Where a cluster is looked for when nobody says.
const BOOTSTRAP: &str = "127.0.0.1:9092";

/// A client of the cluster.
pub(crate) async fn client(args: &Args, role: Role) -> Result<Client, Failure> {
    open(config(args, role, &[])?).await
}

/// The same for whoever only reads; what retention took meanwhile is passed over.
pub(crate) async fn reader(args: &Args, more: &[(&str, &str)]) -> Result<Client, Failure> {
    let defaults = [&[("auto.offset.reset", "earliest")], more].concat();
    open(config(args, Role::Consumer, &defaults)?).await
}

async fn open(config: Config) -> Result<Client, Failure> {
    Client::open(config).await.map_err(failed)
}

/// What a broker refused or did not answer.
pub(crate) fn failed(error: Error) -> Failure {
    Failure::new(Exit::Cluster, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_a_key_and_a_value_and_nothing_else_is_shown() {
        assert_eq!(pair("a.b=c=d").expect("a pair"), ("a.b", "c=d"));
        assert_eq!(pair("a.b = c").expect("a pair"), ("a.b", " c"));
        for text in ["a.b", "sasl.jaas.config: x password=\"hush\"", "hush hush=1"] {
            let failure = pair(text).expect_err("no pair");
            assert!(failure.message.contains("not of the form KEY=VALUE"), "{failure}");
            assert!(
                !failure.message.contains("hush h") && !failure.message.contains("\"hush\""),
                "{failure}"
            );
        }
    }
}
