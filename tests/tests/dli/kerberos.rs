//! Logins by keytab, against a real Kafka and a KDC: skipped, aloud, where they are not to be had.

use upsert_kafka_tests::kafka::{Kdc, Listener, STORE_PASSWORD, Secured};

use super::cluster::{Job, SECRET, private_file};
use crate::program::{self, Ran, run};

/// A real Kafka, and the KDC of its realm.
struct Realm {
    kafka: &'static Secured,
    kdc: &'static Kdc,
}

const GSSAPI: &str = "'properties.sasl.mechanism' = 'GSSAPI',";

impl Realm {
    fn shared() -> Option<Self> {
        let kafka = Secured::shared()?;
        Some(Self { kafka, kdc: kafka.kdc()? })
    }

    /// A credentials file of a login, and of the authority of the listeners with TLS.
    fn credentials(&self, username: &str, krb5_conf: &str, keytab: &str) -> String {
        let text = format!(
            "[mrs_login]\nkind = 'kerberos'\nusername = '{username}'\nkrb5_conf = '{krb5_conf}'\nkeytab = '{keytab}'\n\
             [mrs_tls]\nkind = 'kafka_ssl'\ntruststore = '{}'\ntruststore_password = '{STORE_PASSWORD}'\n",
            self.kafka.stores().path("trust.jks")
        );
        private_file("kerberos.toml", &text)
    }

    /// The realm's krb5.conf with something replaced.
    fn krb5_conf(&self, from: &str, to: &str) -> String {
        let text = std::fs::read_to_string(self.kdc.krb5_conf()).unwrap();
        assert!(text.contains(from), "{text}");
        private_file("krb5.conf", &text.replace(from, to))
    }

    /// A job of one record over a listener, whose source and sink have these options.
    fn job(&self, listener: Listener, source: &str, sink: &str) -> Job {
        let protocol = format!("'properties.security.protocol' = '{}', {GSSAPI}", listener.protocol());
        let bootstrap = self.kafka.bootstrap(listener);
        let job = Job::of_two(&bootstrap, &format!("{protocol}{source}"), &format!("{protocol}{sink}"));
        let plaintext = self.kafka.bootstrap(Listener::Plaintext);
        for topic in [&job.input, &job.output] {
            let created = run(&["topic", "create", topic, "--bootstrap", &plaintext]);
            assert!(created.code == 0 || created.err.contains("TOPIC_ALREADY_EXISTS"), "{}", created.err);
        }
        let produce = ["produce", &job.input, "--bootstrap", &plaintext];
        assert_eq!(program::run_with_input(&produce, b"{\"id\":7}\n").code, 0);
        job
    }

    fn flows(&self, listener: Listener, source: &str, sink: &str, args: &[&str]) -> Ran {
        let job = self.job(listener, source, sink);
        let ran = run(&[&["run", job.path()], args].concat());
        assert_eq!(ran.code, 0, "{source}\n{}", ran.err);
        let plaintext = self.kafka.bootstrap(Listener::Plaintext);
        let dumped = run(&["topic", "dump", &job.output, "--bootstrap", &plaintext, "--output", "raw"]);
        assert_eq!(dumped.out, "{\"id\":7}\t{\"id\":7}\n", "{}", dumped.err);
        ran
    }

    fn fails(&self, options: &str, args: &[&str]) -> Ran {
        let options = format!("'properties.bootstrap.timeout.ms' = '3000', {options}");
        let job = self.job(Listener::SaslPlaintext, &options, &options);
        let ran = run(&[&["run", job.path()], args].concat());
        assert_eq!(ran.code, 4, "{options}\n{}", ran.err);
        assert!(!ran.err.contains(SECRET), "{}", ran.err);
        ran
    }
}

#[test]
fn point_33_a_name_of_a_login_lets_records_flow() {
    let Some(realm) = Realm::shared() else { return };
    let credentials = realm.credentials("alice", &realm.kdc.krb5_conf(), &realm.kdc.path("alice.keytab"));
    let name = "'krb_auth_name' = 'mrs_login',";
    realm.flows(Listener::SaslPlaintext, name, name, &["--credentials", &credentials]);
}

#[test]
fn point_34_both_names_let_records_flow_over_tls() {
    let Some(realm) = Realm::shared() else { return };
    let credentials = realm.credentials("alice", &realm.kdc.krb5_conf(), &realm.kdc.path("alice.keytab"));
    let names = "'krb_auth_name' = 'mrs_login', 'ssl_auth_name' = 'mrs_tls',";
    realm.flows(Listener::SaslSsl, names, names, &["--credentials", &credentials]);
}

#[test]
fn point_40_a_user_without_a_realm_is_of_the_default_one_and_a_realm_stays() {
    let Some(realm) = Realm::shared() else { return };
    let name = "'krb_auth_name' = 'mrs_login',";
    let keytab = realm.kdc.path("alice.keytab");
    let elsewhere = realm.krb5_conf("default_realm = EXAMPLE.TEST", "default_realm = ELSEWHERE.TEST");
    let stays = realm.credentials("alice@EXAMPLE.TEST", &elsewhere, &keytab);
    realm.flows(Listener::SaslPlaintext, name, name, &["--credentials", &stays]);
    let default = realm.credentials("alice", &elsewhere, &keytab);
    let ran = realm.fails(name, &["--credentials", &default]);
    assert!(ran.err.contains("no KDC of realm ELSEWHERE.TEST"), "{}", ran.err);
}

#[test]
fn point_41_a_renew_lifetime_disturbs_nobody() {
    let Some(realm) = Realm::shared() else { return };
    let conf = realm.krb5_conf("[libdefaults]\n", "[libdefaults]\n  renew_lifetime = 0m\n");
    let credentials = realm.credentials("alice", &conf, &realm.kdc.path("alice.keytab"));
    let name = "'krb_auth_name' = 'mrs_login',";
    realm.flows(Listener::SaslPlaintext, name, name, &["--credentials", &credentials]);
}

#[test]
fn point_42_two_tables_log_in_by_two_krb5_conf_in_two_realms() {
    let Some(realm) = Realm::shared() else { return };
    let partner = realm.kdc.partner();
    // Of carol's realm is what is written without one there, and alice's is unknown in hers.
    let text = format!(
        "[one]\nkind = 'kerberos'\nusername = 'alice'\nkrb5_conf = '{}'\nkeytab = '{}'\n\
         [two]\nkind = 'kerberos'\nusername = 'carol'\nkrb5_conf = '{}'\nkeytab = '{}'\n",
        realm.kdc.krb5_conf(),
        realm.kdc.path("alice.keytab"),
        partner.krb5_conf(),
        partner.path("carol.keytab")
    );
    let credentials = private_file("two.toml", &text);
    let args = ["--credentials", &*credentials];
    let (one, two) = ("'krb_auth_name' = 'one',", "'krb_auth_name' = 'two',");
    for (source, sink) in [(one, two), (two, one)] {
        realm.flows(Listener::SaslPlaintext, source, sink, &args);
    }
    let swapped = text.replace(&partner.path("carol.keytab"), &realm.kdc.path("bob.keytab"));
    let swapped = private_file("swapped.toml", &swapped);
    let ran = realm.fails(two, &["--credentials", &swapped]);
    assert!(ran.err.contains("the keytab has no key of carol@PARTNER.TEST"), "{}", ran.err);
}

#[test]
fn point_43_the_later_spelling_logs_in_by_files_of_a_bucket() {
    let Some(realm) = Realm::shared() else { return };
    let options =
        "'properties.connector.auth.open' = 'true', 'properties.connector.kerberos.principal' = 'alice',
        'properties.connector.kerberos.krb5' = 'obs://ops/mrs/krb5.conf',
        'properties.connector.kerberos.keytab' = 'obs://ops/mrs/alice.keytab',";
    let folder = std::path::PathBuf::from(realm.kdc.krb5_conf());
    let map = format!("obs://ops/mrs/={}", folder.parent().unwrap().display());
    let ran = realm.flows(Listener::SaslPlaintext, options, options, &["--map-path", &map]);
    assert!(!ran.err.contains("connector"), "none of it reached the client: {}", ran.err);
}

#[test]
fn point_46_a_domain_name_is_the_second_part_of_the_brokers_principal() {
    let Some(realm) = Realm::shared() else { return };
    let credentials = realm.credentials("alice", &realm.kdc.krb5_conf(), &realm.kdc.path("alice.keytab"));
    let args = ["--credentials", &*credentials];
    let with = |domain: &str| {
        format!("'krb_auth_name' = 'mrs_login', 'properties.kerberos.domain.name' = '{domain}',")
    };
    let ran = realm.fails(&with("hadoop.r"), &args);
    assert!(ran.err.contains("kafka/hadoop.r@EXAMPLE.TEST"), "{}", ran.err);
    realm.flows(Listener::SaslPlaintext, &with("localhost"), &with("localhost"), &args);
}
