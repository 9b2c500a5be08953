//! What people's files hold: properties, and JAAS texts in them.

use upsert_kafka_client::hostile::jaas_file_login;
use upsert_kafka_client::{Config, LoginModule, Role, SaslMechanism, parse_properties};

/// Read or refused with a bounded sentence; and the bytes as a key and a value, escaped, are read as themselves.
pub fn properties(data: &[u8]) {
    match parse_properties(data) {
        // A JAAS file of any name would be read.
        Ok(pairs) if pairs.iter().any(|(key, _)| key.contains("login.config")) => {}
        Ok(pairs) => drop(Config::from_properties(pairs, Role::Any)),
        Err(error) => bounded(&error.to_string()),
    }
    let text = String::from_utf8_lossy(data);
    let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let (key, value) = text.split_at(half);
    let line = format!("{}={}", escaped(key), escaped(value));
    assert_eq!(parse_properties(&line).expect("escaped"), [(key.to_owned(), value.to_owned())], "{line:?}");
}

/// A login or a bounded sentence; and the bytes as a password within quotes are that password.
pub fn jaas(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for mechanism in ["PLAIN", "GSSAPI"] {
        if let Err(error) = login(mechanism, &text) {
            bounded(&error);
        }
    }
    let password: String = text.chars().filter(|c| !['\n', '\r'].contains(c)).collect();
    if password.trim().is_empty() {
        return;
    }
    let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    match login("PLAIN", &format!("{module} required username=\"u\" password=\"{quoted}\";")) {
        Ok(Some(LoginModule::Plain { password: read, .. })) => assert_eq!(read.reveal(), password),
        other => panic!("{quoted:?}: {other:?}"),
    }
}

/// The bytes as a file of JAAS contexts; and a context after them, in which `${…}` is filled in.
pub fn jaas_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for mechanism in [SaslMechanism::Plain, SaslMechanism::Gssapi, SaslMechanism::ScramSha256] {
        if let Err(error) = jaas_file_login(&text, mechanism) {
            bounded(&error);
        }
    }
    // Whatever the bytes are, a comment that holds them ends where it ends.
    let comment = text.replace('*', "");
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    let file = format!(
        "/*{comment}*/ KafkaClient {{ {module} required username=\"u\" password=\"${{filled.in}}\"; }};"
    );
    match jaas_file_login(&file, SaslMechanism::Plain) {
        Ok(LoginModule::Plain { password, .. }) => assert_eq!(password.reveal(), "filled.in"),
        other => panic!("{file:?}: {other:?}"),
    }
}

fn login(mechanism: &str, text: &str) -> Result<Option<LoginModule>, String> {
    let pairs =
        [("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", mechanism), ("sasl.jaas.config", text)];
    let (config, _) = Config::from_properties(pairs, Role::Any).map_err(|error| error.to_string())?;
    Ok(config.sasl.login)
}

/// As `java.util.Properties` stores a text.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\x0c' => "\\f".to_owned(),
        ' ' | '=' | ':' | '#' | '!' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        other => other.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escape).collect()
}

fn bounded(sentence: &str) {
    assert!(sentence.len() <= SENTENCE_BYTES_MAX, "an error of {} bytes", sentence.len());
}

const SENTENCE_BYTES_MAX: usize = 2_000;
