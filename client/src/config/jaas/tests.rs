//! As Java's two parsers read, case by case; where ours takes more or less, that is said.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::config::{AwsRoleKeys, KerberosLogin, LoginModule, oracle};

const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule";
const KRB5: &str = "com.sun.security.auth.module.Krb5LoginModule";

/// A value in Java's words: where it takes a number, or a mark, its options have the name or the class null.
fn raw(entries: &[LoginEntry]) -> Vec<(String, BTreeMap<String, String>)> {
    let options = |entry: &LoginEntry| {
        entry.options.iter().map(|it| (it.name.clone(), it.value.reveal().to_owned())).collect()
    };
    entries.iter().map(|entry| (entry.class.clone(), options(entry))).collect()
}

fn java(entries: &Value) -> Vec<(String, BTreeMap<String, String>)> {
    let options = |entry: &Value| {
        let all = entry["options"].as_object().unwrap().iter();
        all.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    };
    let entries = entries.as_array().unwrap();
    entries.iter().map(|entry| (entry["class"].as_str().unwrap().to_owned(), options(entry))).collect()
}

/// Ours takes more than Java: words that begin as a number does, texts whose quotes are escaped, `'` in files.
fn takes_more(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || ['=', ';', '"', '\''].contains(&c));
    let numbers = words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit() || "-.*".contains(c)));
    numbers.count() > 0 || text.contains("\\\"") || text.contains('\'')
}

fn compare(kind: &str, read: impl Fn(&str) -> Result<Vec<LoginEntry>, NotJaas>) -> [usize; 4] {
    let [mut both, mut neither, mut more, mut less] = [0; 4];
    for (bytes, answer) in oracle::cases(kind) {
        let text = String::from_utf8(bytes).unwrap();
        let theirs = answer.get("entries").filter(|it| it.as_array().is_some_and(|it| !it.is_empty()));
        match (read(&text), theirs.map(java)) {
            (Ok(ours), Some(theirs)) if theirs.iter().all(|(_, options)| !options.contains_key("null")) => {
                both += 1;
                assert_eq!(raw(&ours), theirs, "{text:?}");
            }
            (Ok(_), _) => {
                more += 1;
                assert!(takes_more(&text), "{text:?} is taken, and Java says {answer}");
            }
            (Err(_), None) => neither += 1,
            (Err(why), Some(_)) => {
                less += 1;
                assert!(why.to_string().contains(tokens::NOT_CLOSED), "{text:?}: {why}, and Java takes it");
            }
        }
    }
    [both, neither, more, less]
}

#[test]
fn every_text_is_read_as_java_reads_it() {
    let [both, neither, more, less] = compare("jaas", |text| match entries(text)? {
        none if none.is_empty() => Err(NotJaas::whole("none")),
        some => Ok(some),
    });
    assert!(both > 40 && neither > 250, "{both} {neither} {more} {less}");
    assert!(more < 40 && less < 20, "{both} {neither} {more} {less}");
}

#[test]
fn every_file_is_read_as_java_reads_it() {
    let [both, neither, more, less] = compare("file", |text| file::client_entries(text, &|_| None));
    assert!(both > 25 && neither > 50, "{both} {neither} {more} {less}");
    assert!(more < 10 && less < 10, "{both} {neither} {more} {less}");
}

fn login(text: &str) -> Result<LoginModule, String> {
    entry(text).and_then(LoginEntry::typed).map(|typed| typed.module).map_err(|why| why.to_string())
}

fn plain(username: &str, password: &str) -> Result<LoginModule, String> {
    Ok(LoginModule::Plain { username: username.to_owned(), password: password.into() })
}

/// Of the checklist in dli.md.
#[test]
fn point_47_a_users_name_is_read_in_escaped_quotes_and_without_any() {
    assert_eq!(login(&format!(r#"{PLAIN} required username=\"u\" password=\"p\";"#)), plain("u", "p"));
    assert_eq!(login(&format!("{PLAIN} required username=u password=p;")), plain("u", "p"));
    assert_eq!(login(&format!(r#"{PLAIN} required username="u" password=7;"#)), plain("u", "7"));
    assert_eq!(
        login(&format!(r#"{PLAIN} required username=\"u\" password=\"p\\\"q\";"#)),
        plain("u", "p\"q")
    );
}

#[test]
fn each_module_is_known_by_the_end_of_its_class() {
    let shaded = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security.scram.ScramLoginModule";
    assert_eq!(
        login(&format!(r#"{shaded} required username="u" password="p" tokenauth=true;"#)),
        Ok(LoginModule::Scram { username: "u".to_owned(), password: "p".into(), token_auth: true })
    );
    let oauth = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
    assert_eq!(
        login(&format!(r#"{oauth} required clientId="a" extension_b="c";"#)),
        Ok(LoginModule::OAuthBearer {
            options: vec![("clientId".to_owned(), "a".into()), ("extension_b".to_owned(), "c".into())]
        })
    );
    assert_eq!(
        login(
            r#"software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName="dev" awsStsRegion="eu"
               awsRoleExternalId="x" awsRoleAccessKeyId="AKIA" awsRoleSecretAccessKey="s";"#
        ),
        Ok(LoginModule::AwsMskIam {
            profile: Some("dev".to_owned()),
            role_arn: None,
            role_session_name: None,
            sts_region: Some("eu".to_owned()),
            role_external_id: Some("x".to_owned()),
            role_keys: AwsRoleKeys::new(Some("AKIA".into()), Some("s".into()), None)
        })
    );
    for (class, part) in [
        ("com.ibm.security.auth.module.Krb5LoginModule", "IBM's JVM"),
        ("com.sun.security.auth.module.JndiLoginModule", "Kafka's own clients refuse it"),
        ("PlainLoginModule", "org.apache.kafka.common.security.plain.PlainLoginModule is meant, perhaps"),
        ("com.acme.MyLoginModule", "known are org.apache.kafka"),
    ] {
        let why = login(&format!("{class} required username=\"u\";")).unwrap_err();
        assert!(why.contains(class) && why.contains(part), "{why}");
    }
}

#[test]
fn kerberos_options_are_judged_as_java_judges_them() {
    let text = format!(
        r#"{KRB5} required useKeyTab=true storeKey=true keyTab="FILE:/etc/a.keytab" principal="a@R" debug=true
           refreshKrb5Config=true doNotPrompt=true serviceName="kafka" colour="red";"#
    );
    let typed = entry(&text).and_then(LoginEntry::typed).ok().unwrap();
    let expected = KerberosLogin {
        principal: Some("a@R".to_owned()),
        keytab: Some("/etc/a.keytab".into()),
        ..KerberosLogin::default()
    };
    assert_eq!(typed.module, LoginModule::Kerberos(expected));
    assert_eq!(typed.service_name.as_deref(), Some("kafka"));
    assert_eq!(typed.told, ["option colour of Krb5LoginModule changes nothing here"]);

    let cache = |options: &str| match login(&format!("{KRB5} required {options};")) {
        Ok(LoginModule::Kerberos(login)) => Ok(login.ticket_cache),
        other => Err(other.unwrap_err()),
    };
    assert_eq!(cache("useTicketCache=true renewTGT=true"), Ok(Some("".into())));
    assert_eq!(cache("useTicketCache=true ticketCache=\"/tmp/c\""), Ok(Some("/tmp/c".into())));
    for (options, part) in [
        ("", "neither useKeyTab=true nor useTicketCache=true"),
        ("keyTab=\"a\"", "keyTab wants useKeyTab=true"),
        ("ticketCache=\"a\"", "ticketCache wants useTicketCache=true"),
        ("useKeyTab=true keyTab=\"a\" renewTGT=true", "renewTGT"),
        ("useTicketCache=true storeKey=true doNotPrompt=true", "storeKey"),
        ("useTicketCache=true isInitiator=false", "isInitiator"),
        ("useKeyTab=true", "needs keyTab"),
    ] {
        let why = cache(options).unwrap_err();
        assert!(why.contains(part), "{options}: {why}");
    }
}

#[test]
fn what_is_wrong_is_told_by_its_column_without_a_word_of_the_text() {
    for (text, expected) in [
        (
            format!("{PLAIN} required password=\"hush;"),
            "column 75: the quote is not closed before the line ends",
        ),
        (format!("{PLAIN} required password=\"hush\""), "column 81: an option or ; is missing here"),
        (
            format!("{PLAIN} required password=hush hush;"),
            "column 84: = and a value must follow an option; a value with other than letters and digits needs quotes",
        ),
        (format!("{PLAIN} required password=hush/hush;"), "column 85: an option or ; is missing here"),
        (format!("{PLAIN} hush;"), "column 57: this is none of required, requisite, sufficient, optional"),
        ("hush".to_owned(), "column 5: required, requisite, sufficient or optional must follow the class"),
        (String::new(), "it names no login module"),
        (format!("{PLAIN} required;\n{PLAIN} required;"), "it has 2 login modules, and Java takes one"),
        (
            format!("{PLAIN}\nrequired\n a=;"),
            "line 3, column 4: a value is missing here; one with / or = in it needs quotes",
        ),
        (format!("{PLAIN} required username=\"u\";"), "its PlainLoginModule has no password=\"…\""),
    ] {
        assert_eq!(login(&text).unwrap_err(), expected, "{text}");
    }
    let long = format!("{PLAIN} required a=\"{}\";", "x".repeat(TEXT_BYTES_MAX));
    assert_eq!(login(&long).unwrap_err(), "it is longer than 262144 bytes");
}

#[test]
fn an_option_that_may_be_half_a_password_is_not_named() {
    let told = |text: &str| entry(text).and_then(LoginEntry::typed).ok().unwrap().told;
    let sentence = "an option of PlainLoginModule is unknown and changes nothing; passwords belong in quotes";
    assert_eq!(told(&format!("{PLAIN} required username=u password=pass word=x;")), [sentence]);
    assert_eq!(
        told(&format!("{PLAIN} required username=\"u\" password=\"p\" serviceName=\"x\";")),
        ["option serviceName of PlainLoginModule changes nothing here"]
    );
}

#[test]
fn a_files_module_is_that_of_the_mechanism() {
    let text = format!(
        "// both\nKafkaClient {{ {KRB5} required useTicketCache=true; {PLAIN} required username=\"u\" password=\"${{user}}\"; }};"
    );
    let property = |name: &str| (name == "user").then(|| "me".to_owned());
    let module = |mechanism| {
        let entries = file::client_entries(&text, &property).ok().unwrap();
        entry_for(mechanism, entries).and_then(LoginEntry::typed).ok().unwrap().module
    };
    assert_eq!(Ok(module(crate::SaslMechanism::Plain)), plain("u", "me"));
    assert!(matches!(module(crate::SaslMechanism::Gssapi), LoginModule::Kerberos(_)));
    let told = |text: &str| file::client_entries(text, &property).err().unwrap().to_string();
    assert_eq!(told("A { X required; }; B { X required; };"), "it has no context KafkaClient, only A, B");
    assert!(
        told("KafkaClient { X required a=\"${x.y}\"; };").contains("option a has ${x.y}, a system property")
    );
}

#[test]
fn no_text_makes_it_panic_or_shows_what_it_holds() {
    let text = format!(r#"{PLAIN} required username="hush-me" password="hush\"-hush" debug=true; // hush"#);
    let file = format!("KafkaClient {{ {text}\n }};");
    let mut refused = 0;
    for text in oracle::mutations(&text) {
        if let Err(why) = login(&text) {
            refused += 1;
            assert!(!why.contains("hush"), "{text:?}: {why}");
        }
    }
    for text in oracle::mutations(&file) {
        if let Err(why) = file::client_entries(&text, &|_| None) {
            refused += 1;
            assert!(!why.to_string().contains("hush"), "{text:?}: {why}");
        }
    }
    assert!(refused > 1000, "only {refused} were refused");
}

#[test]
fn the_contexts_of_a_file_are_shown_no_longer_than_is_read() {
    let contexts: String =
        (0..200).map(|at| format!("x{at}{} {{ a.B required; }};", "y".repeat(1_000))).collect();
    let error = file::client_entries(&contexts, &|_| None).err().expect("it has no KafkaClient").to_string();
    assert!(
        error.contains("no context KafkaClient, only x0") && error.len() < 2_000,
        "{} bytes",
        error.len()
    );
}
