//! Profiles: clusters by name, from one TOML file in the user's folder of settings.
//!
//! ```toml
//! [prod]
//! properties = "prod/client.properties"           # from this file's folder, under what stands here
//! credentials = "prod/credentials.toml"           # for run and explain
//! bootstrap.servers = "kafka-1:9093,kafka-2:9093" # Java's keys, quoted or not
//! sasl.jaas.config = { file = "prod/jaas.txt" }   # or { env = "NAME" }, or the text itself
//! ```

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use upsert_kafka_client::{Config, Role};

use crate::exit::Failure;

/// What a profile says.
#[derive(Default)]
pub(crate) struct Profile {
    /// Java's properties.
    pub(crate) pairs: Vec<(String, String)>,
    /// A file of further ones.
    pub(crate) properties: Option<PathBuf>,
    /// The credentials file of its jobs.
    pub(crate) credentials: Option<PathBuf>,
}

impl Profile {
    /// Reads the profile of that name.
    ///
    /// # Errors
    /// There is no file, or no such profile in it; or it says what makes no sense, by its line.
    pub(crate) fn load(name: &str) -> Result<Self, Failure> {
        let path = path()?;
        let wrong = |why: &dyn std::fmt::Display| {
            Failure::usage(format!("--profile {name}: {}: {why}", path.display()))
        };
        let text = std::fs::read_to_string(&path).map_err(|e| wrong(&e))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        parse(&text, name, folder).map_err(|why| wrong(&why))
    }
}

/// `XDG_CONFIG_HOME`, else `~/.config`.
fn path() -> Result<PathBuf, Failure> {
    let set = |name| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let folder =
        folder.ok_or_else(|| Failure::usage("--profile: neither XDG_CONFIG_HOME nor HOME is set"))?;
    Ok(folder.join("upsert-kafka").join("profiles.toml"))
}

/// The end of a sentence that begins with the file; no value is shown.
fn parse(text: &str, name: &str, folder: &Path) -> Result<Profile, String> {
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    let document = DeTable::parse(text)
        .map_err(|e| format!("line {}: {}", line(e.span().map_or(0, |span| span.start)), e.message()))?;
    let profiles = document.get_ref();
    let Some((_, profile)) = profiles.iter().find(|(key, _)| &**key.get_ref() == name) else {
        let names: Vec<_> = profiles.keys().map(|key| key.get_ref().to_string()).collect();
        return Err(format!("no such profile; there are: {}", names.join(", ")));
    };
    let DeValue::Table(table) = profile.get_ref() else {
        return Err(format!("line {}: '{name}' is no section", line(profile.span().start)));
    };
    let mut reading = ProfileReading { folder, known: known(), profile: Profile::default() };
    for (key, value) in table {
        reading
            .take(key.get_ref(), value)
            .map_err(|why| format!("line {}: {why}", line(value.span().start)))?;
    }
    Ok(reading.profile)
}

struct ProfileReading<'a> {
    folder: &'a Path,
    known: Vec<&'static str>,
    profile: Profile,
}

impl ProfileReading<'_> {
    fn take(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), String> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Table(table) => return self.take_table(key, table),
            DeValue::Array(_) | DeValue::Datetime(_) => {
                return Err(format!("'{key}' is no text and no number"));
            }
        };
        match key {
            "properties" => self.profile.properties = Some(self.folder.join(text)),
            "credentials" => self.profile.credentials = Some(self.folder.join(text)),
            _ => self.profile.pairs.push((key.to_owned(), text)),
        }
        Ok(())
    }

    /// `{ file = … }` and `{ env = … }` of a property; else the beginning of longer keys, which TOML reads as tables.
    fn take_table(&mut self, key: &str, table: &DeTable<'_>) -> Result<(), String> {
        let source = table.iter().next().filter(|_| table.len() == 1 && self.known.contains(&key));
        if let Some((source, value)) = source
            && let Some(place) = value.get_ref().as_str()
            && let Some(secret) = self.secret(key, source.get_ref(), place)
        {
            self.profile.pairs.push((key.to_owned(), secret?));
            return Ok(());
        }
        for (name, value) in table {
            self.take(&format!("{key}.{}", name.get_ref()), value)?;
        }
        Ok(())
    }

    fn secret(&self, key: &str, source: &str, place: &str) -> Option<Result<String, String>> {
        match source {
            "file" => {
                let path = self.folder.join(place);
                let text =
                    std::fs::read_to_string(&path).map_err(|e| format!("'{key}': {}: {e}", path.display()));
                Some(text.map(|text| text.strip_suffix('\n').unwrap_or(&text).to_owned()))
            }
            "env" => {
                let unset = || format!("'{key}': the environment variable {place} is not set");
                Some(std::env::var(place).map_err(|_| unset()))
            }
            _ => None,
        }
    }
}

fn known() -> Vec<&'static str> {
    Config::default().explain(Role::Any).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[dev]
bootstrap.servers = "a:1"
[prod]
"bootstrap.servers" = "b:1"
sasl.mechanism = "PLAIN"
sasl.jaas.config = { env = "CARGO_PKG_NAME" }
sasl.oauthbearer.assertion.file = "as.jwt"
retries = 7
enable.idempotence = false
properties = "prod.properties"
credentials = "/etc/credentials.toml"
"#;

    #[test]
    fn a_profile_has_javas_keys_quoted_or_not() {
        let profile = parse(TEXT, "prod", Path::new("conf")).expect("a profile");
        let mut pairs = profile.pairs;
        pairs.sort();
        let expected = [
            ("bootstrap.servers", "b:1"),
            ("enable.idempotence", "false"),
            ("retries", "7"),
            ("sasl.jaas.config", "upsert-kafka"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.oauthbearer.assertion.file", "as.jwt"),
        ];
        assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(profile.properties, Some(PathBuf::from("conf/prod.properties")));
        assert_eq!(profile.credentials, Some(PathBuf::from("/etc/credentials.toml")));
    }

    #[test]
    fn what_is_wrong_is_said_without_a_value() {
        for (text, says) in [
            (TEXT, "no such profile; there are: dev, prod"),
            ("[x]\nacks = ['hush']", "line 2: 'acks' is no text and no number"),
            ("[x]\nacks = hush", "line 2: "),
            ("x = 'hush'", "line 1: 'x' is no section"),
            (
                "[x]\nsasl.jaas.config = { env = 'NO_SUCH_VARIABLE_AT_ALL' }",
                "line 2: 'sasl.jaas.config': the environment",
            ),
            ("[x]\nsasl.jaas.config = { file = 'gone' }", "line 2: 'sasl.jaas.config': conf/gone: "),
        ] {
            let why = parse(text, "x", Path::new("conf")).err().expect(text);
            assert!(why.contains(says) && !why.contains("hush"), "{why}");
        }
    }
}
