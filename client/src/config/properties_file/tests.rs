//! As `java.util.Properties` reads, case by case.

use std::collections::BTreeMap;

use super::*;
use crate::config::oracle;

#[test]
fn every_file_is_read_as_java_reads_it() {
    let cases = oracle::cases("properties");
    assert!(cases.len() > 300, "only {} cases", cases.len());
    let mut refused = 0;
    for (bytes, java) in cases {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        match (parse_properties(&bytes), java["pairs"].as_object()) {
            (Ok(ours), Some(theirs)) => {
                let mut theirs: BTreeMap<_, _> = theirs
                    .iter()
                    .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                    .collect();
                let mut ours: BTreeMap<_, _> = ours.into_iter().collect();
                // A backslash alone at the very end is an empty key in Java, and nothing here.
                if shown.ends_with('\\') && theirs.get("").is_some_and(String::is_empty) {
                    theirs.remove("");
                    ours.remove("");
                }
                assert_eq!(ours, theirs, "{shown:?}");
            }
            (Err(_), None) => refused += 1,
            (ours, _) => panic!("{shown:?}: {ours:?}, and Java: {java}"),
        }
    }
    assert!(refused >= 4, "only {refused} files were refused");
}

#[test]
fn a_broken_escape_is_told_by_its_line_and_nothing_of_it_is_shown() {
    let told = |text: &str| parse_properties(text).unwrap_err().to_string();
    let text = "# one\n\na=b\\\n  c\nssl.key.password=hush\\u12";
    assert_eq!(told(text), "properties file: line 5: \\u wants four hexadecimal digits");
    assert_eq!(
        told("a=hush\\uD83C"),
        "properties file: line 1: \\u gives half a character, whose other half is missing"
    );
    assert_eq!(
        parse_properties(vec![b'a'; FILE_BYTES_MAX + 1]).unwrap_err().to_string(),
        "properties file: a properties file of more than 1048576 bytes"
    );
    assert!(parse_properties(vec![b'a'; FILE_BYTES_MAX]).is_ok());
}

#[test]
fn a_mark_of_utf_8_in_front_belongs_to_no_key() {
    assert_eq!(parse_properties("\u{feff}a=b").unwrap(), [("a".to_owned(), "b".to_owned())]);
}

#[test]
fn a_key_keeps_its_place_and_takes_its_last_value() {
    let pairs = parse_properties("b=1\na=2\nb=3").unwrap();
    assert_eq!(pairs, [("b".to_owned(), "3".to_owned()), ("a".to_owned(), "2".to_owned())]);
}

#[test]
fn no_text_makes_it_panic_or_shows_what_it_holds() {
    let text =
        "sasl.jaas.config = X required \\\n  password=\"hush-hush\" \\u00e4;\nssl.key.password:hush-hush\n!c";
    let mut refused = 0;
    for text in oracle::mutations(text) {
        if let Err(error) = parse_properties(&text) {
            refused += 1;
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
    assert!(refused > 20, "only {refused} were refused");
}
