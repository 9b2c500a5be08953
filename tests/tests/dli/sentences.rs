//! What cannot be is said while planning: nothing connects here.

use crate::program::{self, Ran};

use super::cluster::{Job, PLAIN, SECRET, credentials};

/// `explain` of a job whose tables have these options; it fails, and tells no secret.
pub(super) fn refused(options: &str, args: &[&str]) -> Ran {
    let job = Job::new("nowhere.invalid:9093", options);
    let credentials = credentials();
    let ran = program::run(&[&["explain", job.path(), "--credentials", &credentials], args].concat());
    assert_eq!(ran.code, 3, "{options}\n{}{}", ran.out, ran.err);
    assert!(!ran.err.contains(SECRET) && !ran.out.contains(SECRET), "{}", ran.err);
    ran
}

/// It says so of both tables.
fn says(options: &str, sentence: &str) -> String {
    let ran = refused(options, &[]);
    for table in ["src", "o"] {
        let is_said = |line: &str| line.contains(&format!("table {table}: ")) && line.contains(sentence);
        assert!(ran.err.lines().any(is_said), "table {table}: no '{sentence}' in\n{}", ran.err);
    }
    ran.err
}

/// Options that must fail, each for a reason of its own; `secrecy` runs them all.
pub(super) const REFUSED: &[&str] = &[
    "'ssl_auth_name' = 'orders_tls', 'properties.security.protocol' = 'SASL_PLAINTEXT',",
    "'ssl_auth_name' = 'orders_tls',",
    "'ssl_auth_name' = 'orders_tsl', 'properties.security.protocol' = 'SSL',",
    "'ssl_auth_name' = 'database', 'properties.security.protocol' = 'SSL',",
    "'krb_auth_name' = 'mrs_prod', 'properties.connector.kerberos.principal' = 'p', \
     'properties.connector.kerberos.krb5' = 'k', 'properties.connector.kerberos.keytab' = 't', \
     'properties.security.protocol' = 'SASL_SSL',",
    "'properties.connector.kerberos.krb5' = 'k', 'properties.connector.kerberos.keytab' = 't', \
     'properties.security.protocol' = 'SASL_SSL',",
    "'properties.security.protocol' = 'SSL', 'properties.ssl.truststore.location' = 'obs://b/x.jks',",
    "'dew.csms.secretName' = 'kafka_login', 'dew.csms.decrypt.fields' = 'properties.sasl.jaas',",
    "'dew.csms.secretName' = 'kafka_login', 'dew.csms.decrypt.fields' = 'topic',",
    "'dew.csms.secretName' = 'kafka_login', 'dew.csms.decrypt.fields' = 'topic', 'dew.csms.version' = 'v2',",
    "'dew.csms.secretName' = 'kafka_login', 'dew.csms.decrypt.fields' = 'sink.parallelism', 'sink.parallelism' = 'other',",
    "'dew.csms.secretName' = 'kafka_login', 'dew.csms.decrypt.fields' = 'properties.acks', 'properties.acks' = 'other',",
    "'pwd_auth_name' = 'database',",
];

#[test]
fn point_32_a_name_of_stores_wants_tls_and_says_so_in_three_ways() {
    let sasl_plaintext = format!("{}{PLAIN}", REFUSED[0]);
    let gssapi = format!(
        "'ssl_auth_name' = 'orders_tls', 'properties.security.protocol' = 'SASL_SSL', {}",
        PLAIN.replace("'PLAIN'", "'GSSAPI'")
    );
    says(
        &sasl_plaintext,
        "'ssl_auth_name' = 'orders_tls' needs 'properties.security.protocol' = 'SSL' or 'SASL_SSL', not SASL_PLAINTEXT",
    );
    says(
        &gssapi,
        "'properties.sasl.jaas.config' is for PLAIN, but 'properties.sasl.mechanism' = 'GSSAPI'; set PLAIN, or remove the \
         text and name 'krb_auth_name'",
    );
    says(
        REFUSED[1],
        "'ssl_auth_name' = 'orders_tls' needs 'properties.security.protocol' = 'SSL' or 'SASL_SSL', not unset",
    );
}

#[test]
fn point_36_an_unknown_name_lists_those_that_exist_with_their_kinds() {
    let said = says(REFUSED[2], "'ssl_auth_name' = 'orders_tsl': no such credential in ");
    let names = "it holds: bare_tls (kafka_ssl), database (password), kafka_login (secret), keys_without_password \
                 (kafka_ssl), mrs_prod (kerberos), orders_tls (kafka_ssl), wrong_tls (kafka_ssl)";
    assert!(said.contains(names), "{said}");
}

#[test]
fn point_37_a_name_of_another_kind_tells_both_kinds() {
    says(REFUSED[3], "'ssl_auth_name' = 'database' is of kind password, not kafka_ssl");
}

#[test]
fn point_44_two_of_three_parts_of_a_login_name_the_third() {
    let sentence = "missing 'properties.connector.kerberos.principal': a Kerberos login needs principal, krb5 and keytab";
    says(REFUSED[5], sentence);
}

#[test]
fn point_45_a_name_and_the_later_spelling_are_two_logins() {
    says(REFUSED[4], "two logins: 'krb_auth_name' and 'properties.connector.kerberos.*'; keep one");
}

#[test]
fn point_48_a_bucket_is_mapped_by_the_longest_prefix_and_nothing_leaves_its_folder() {
    let line = "copy the file and map it: --map-path obs://b/=DIR";
    says(REFUSED[6], line);
    let job = Job::new(
        "nowhere.invalid:9093",
        "'properties.security.protocol' = 'SSL', \
        'properties.ssl.truststore.location' = 'obs://b/c/x.jks', 'properties.ssl.keystore.location' = 'obs://b/y.jks', \
        'properties.ssl.keystore.password' = 'keys-hush-22',",
    );
    let maps = ["--map-path", "obs://b/=/one", "--map-path", "obs://b/c/=/two"];
    let ran = program::run(&[&["explain", job.path()], &maps[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("'properties.ssl.truststore.location' = '/two/x.jks'"), "{}", ran.out);
    assert!(ran.out.contains("'properties.ssl.keystore.location' = '/one/y.jks'"), "{}", ran.out);

    let climbing = REFUSED[6].replace("obs://b/x.jks", "obs://b/../x");
    let ran = refused(&climbing, &["--map-path", "obs://b/=/one"]);
    assert!(ran.err.contains("'obs://b/../x' leaves the folder that stands for its bucket"), "{}", ran.err);
}

#[test]
fn point_50_a_field_an_entry_and_a_version_that_are_not_there_are_three_sentences() {
    says(
        REFUSED[7],
        "'dew.csms.decrypt.fields' names 'properties.sasl.jaas', which is no option of the table",
    );
    says(REFUSED[8], "secret 'kafka_login' has no entry 'dli-");
    says(REFUSED[8], "which 'topic' asks for; it has: jaas, other");
    says(REFUSED[9], "secret 'kafka_login' has version v1 in ");
    says(REFUSED[9], "not 'dew.csms.version' = 'v2'");
}

#[test]
fn point_53_a_password_by_name_belongs_to_databases() {
    says(
        "'pwd_auth_name' = 'database',",
        "'pwd_auth_name' belongs to database tables; a Kafka user and password stand in 'properties.sasl.jaas.config'",
    );
}
