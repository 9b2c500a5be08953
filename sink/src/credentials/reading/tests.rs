//! Credentials files: what they hold, and what is said of those that are wrong.

use std::io;

use super::*;

/// Files and variables of a test.
struct Fixed;

impl SecretLookup for Fixed {
    fn file(&self, path: &Path) -> io::Result<String> {
        match path.to_str() {
            Some("conf/secrets/jaas.txt") => Ok("the jaas\r\n".to_owned()),
            Some("conf/two.txt") => Ok("two\n\n".to_owned()),
            Some("/mapped/p.txt") => Ok("mapped".to_owned()),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "SET").then(|| "from the environment".to_owned())
    }
}

fn read(text: &str) -> Result<Credentials, Error> {
    parse(text, Path::new("conf/creds.toml"), PathMap::new(), &Fixed)
}

fn says(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn held<'a>(credentials: &'a Credentials, name: &str, field: &str) -> Result<&'a str, &'a str> {
    let held = credentials.find(name).and_then(|section| section.field(field)).expect("a field");
    held.as_ref().map(Secret::reveal).map_err(String::as_str)
}

#[test]
fn a_section_holds_the_fields_of_dlis_form_in_both_spellings() {
    let credentials = read(
        r#"
        [tls]
        kind = "Kafka_SSL"
        truststore_path = "t.jks"
        truststore_password = "inline"
        keystore = "/abs/k.p12"
        [login]
        kind = 'kerberos'
        principal = "u"
        keytab_path = "u.keytab"
        krb5_conf = "krb5.conf"
        [db]
        kind = "password"
        username = "u"
        password = "p"
        [es]
        kind = "css"
        certificate_path = "c.cer"
        "#,
    )
    .unwrap();
    assert_eq!(credentials.names(), "db (password), es (css), login (kerberos), tls (kafka_ssl)");
    assert_eq!(held(&credentials, "tls", "truststore"), Ok("conf/t.jks"));
    assert_eq!(held(&credentials, "tls", "truststore_password"), Ok("inline"));
    assert_eq!(held(&credentials, "tls", "keystore"), Ok("/abs/k.p12"));
    assert_eq!(held(&credentials, "login", "username"), Ok("u"));
    assert_eq!(held(&credentials, "login", "keytab"), Ok("conf/u.keytab"));
}

#[test]
fn a_secret_is_a_text_a_file_or_a_variable_and_what_is_missing_is_said_when_it_is_asked_for() {
    let credentials = read(
        r#"
        [s]
        kind = "secret"
        version = "v1"
        values = { a = "text", b = { file = "secrets/jaas.txt" }, c = { env = "SET" }, d = { file = "gone" },
                   e = { env = "UNSET" }, f = { file = "two.txt" }, g = { file = "obs://b/p.txt" } }
        [_paths]
        "obs://b/" = "/mapped"
        "#,
    )
    .unwrap();
    let section = credentials.find("s").unwrap();
    let value = |key: &str| section.value(key).unwrap().as_ref().map(Secret::reveal).map_err(String::as_str);
    assert_eq!(value("a"), Ok("text"));
    assert_eq!(value("b"), Ok("the jaas"));
    assert_eq!(value("c"), Ok("from the environment"));
    assert_eq!(value("d"), Err("'s.d': the file conf/gone: no such file"));
    assert_eq!(value("e"), Err("'s.e': the environment variable UNSET is not set"));
    assert_eq!(value("f"), Ok("two\n"), "one line's end is the editor's, the other is not");
    assert_eq!(value("g"), Ok("mapped"));
}

#[test]
fn the_callers_map_wins_over_the_files_whose_folders_are_beside_it() {
    let text = "[t]\nkind = 'kafka_ssl'\ntruststore = 'obs://a/t'\nkeystore = 'obs://b/k'\n\
                [_paths]\n'obs://a/' = 'of-file'\n'obs://b/' = 'of-file'";
    let paths = PathMap::new().with("obs://a/", "of-caller").unwrap();
    let credentials = parse(text, Path::new("conf/creds.toml"), paths, &Fixed).unwrap();
    assert_eq!(held(&credentials, "t", "truststore"), Ok("of-caller/t"));
    assert_eq!(held(&credentials, "t", "keystore"), Ok("conf/of-file/k"));
}

#[test]
fn what_nobody_knows_is_refused_with_its_line_and_what_was_meant() {
    for (text, sentence) in [
        (
            "[t]\nkind = 'kafka_ssl'\ntrustore = 'x'",
            "conf/creds.toml, line 3: [t] has no field 'trustore'; did you mean 'truststore'?",
        ),
        (
            "[t]\nkind = 'kerberos'\nusername = 'u'\nkeytab = 'k'\nsomething_else_altogether = 'x'",
            "line 5: [t] has no field 'something_else_altogether'; kind kerberos has username, principal, keytab,",
        ),
        (
            "[t]\nkind = 'ssl'",
            "line 2: [t] has a kind that does not exist; there are kafka_ssl, kerberos, secret",
        ),
        ("[t]\nkind = 7", "line 2: [t] has a kind that does not exist"),
        ("\n[t]\ntruststore = 'x'", "line 2: [t] needs 'kind', one of kafka_ssl,"),
        ("kind = 'x'", "line 1: 'kind' stands in no section"),
        ("[t]\nkind = 'kafka_ssl'\ntruststore = 7", "line 3: [t]: 'truststore' is a text in quotes"),
        (
            "[t]\nkind = 'kafka_ssl'\nkey_password = { file = 'a', env = 'b' }",
            "line 3: [t]: 'key_password' is a text in quotes, { file = \"…\" } or { env = \"NAME\" }",
        ),
        ("[t]\nkind = 'kafka_ssl'\ntruststore = 'a'\ntruststore_path = 'b'", "[t] has 'truststore' twice"),
        ("[t]\nkind = 'kerberos'\nusername = 'u'", "line 1: [t] of kind kerberos needs 'keytab'"),
        ("[t]\nkind = 'secret'\nvalues = 'x'", "line 3: [t]: 'values' is a table"),
        ("[t]\nkind = 'secret'\nvalues = { a = 7 }", "line 3: [t]: 'a' is a text in quotes"),
        ("[_paths]\n's3://b/' = 'x'", "line 2: [_paths]: 's3://b/' is no prefix of an object store"),
        ("[_paths]\n'obs://b/' = 7", "line 2: [_paths] maps each prefix to a folder"),
        ("[a]\nkind = 'css'\n[a]\nkind = 'css'", "conf/creds.toml, line 3: "),
        ("[a\nkind = 'css'", "conf/creds.toml, line 1: "),
    ] {
        let said = says(text);
        assert!(said.contains(sentence), "{text}\n  says {said}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let said = says("[a]\nkind = 'kafka_ssl'\nx1 = 'x'\n[b]\nkind = 'nothing'\n[c]\nkind = 'kerberos'");
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn no_sentence_shows_what_a_line_holds() {
    for text in [
        "[a]\nkind = 'kafka_ssl'\ntruststore_password = hush-hush",
        "[a]\nkind = 'kafka_ssl'\ntruststore_password = 'hush-hush",
        "[a]\nkind = 'kafka_ssl'\ntruststore_password = \"hush-hush\\q\"",
        "[a]\nkind = 'kafka_ssl'\ntruststore_password = ['hush-hush']",
        "[a]\nkind = 'kafka_ssl'\ntruststore_password = { text = 'hush-hush' }",
        "[a]\nkind = 'hush-hush'",
        "[a]\nkind = 'secret'\nvalues = { a = ['hush-hush'] }",
    ] {
        let said = says(text);
        assert!(!said.contains("hush"), "{text}\n  says {said}");
    }
    let whole = read("[a]\nkind = 'kafka_ssl'\ntruststore_password = 'hush-hush'").unwrap();
    assert!(!format!("{whole:?}").contains("hush"), "{whole:?}");
}

#[test]
fn a_file_nests_within_bounds() {
    let text =
        format!("[a]\nkind = 'secret'\nvalues = {{ a = {}{} }}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(says(&text).starts_with("conf/creds.toml, line 3: "));
}
