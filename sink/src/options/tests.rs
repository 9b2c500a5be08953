//! The tables of options against themselves.

use super::*;

fn given(pairs: &[(&str, &str)]) -> Options {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Given::by(crate::plan::Origin::Caller, *value)))
        .collect()
}

#[test]
fn every_default_is_a_value_of_its_kind_and_every_row_says_something() {
    for connector in CONNECTORS {
        let mut keys = std::collections::BTreeSet::new();
        for spec in connector.options {
            let default = spec.default.map(|text| parse(spec.kind, text));
            assert_ne!(default, Some(None), "{}: {}", connector.name, spec.key);
            assert!(
                spec.about.ends_with(['.', ';']) || spec.about.contains(':'),
                "{}: {}",
                spec.key,
                spec.about
            );
            assert!(keys.insert(spec.key), "{}: {} twice", connector.name, spec.key);
        }
        for key in connector.required {
            assert!(keys.contains(key), "{}: {key} is required but no option", connector.name);
        }
    }
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_and_all() {
    let mut findings = Vec::new();
    let options = given(&[("prnt-identifier", "x"), ("connector", "print"), ("property-version", "1")]);
    unknown(&options, &PRINT, &[Space::connector(&PRINT)], &mut findings);
    let texts: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert_eq!(
        texts,
        ["unknown option 'prnt-identifier'; did you mean 'print-identifier'? 'print' knows: \
          print-identifier, properties.*, sink.parallelism, standard-error"]
    );
}

#[test]
fn defaults_stand_for_what_is_not_given_and_wrong_values_are_found() {
    let mut findings = Vec::new();
    let options = given(&[("scan.startup.mode", "EARLIEST-OFFSET"), ("scan.parallelism", "two")]);
    let set = Space::connector(&KAFKA).parse(&options, &mut findings);
    assert_eq!(set.text("scan.startup.mode"), Some("earliest-offset"));
    assert_eq!(set.text("scan.bounded.mode"), Some("unbounded"));
    let texts: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert_eq!(texts, ["'scan.parallelism' = 'two' is not a whole number"]);
}

#[test]
fn properties_lose_their_prefix() {
    let options = given(&[("properties.a.b", "1"), ("properties.", "2"), ("topic", "t")]);
    assert_eq!(properties(&options), [("".to_owned(), "2".to_owned()), ("a.b".to_owned(), "1".to_owned())]);
}
