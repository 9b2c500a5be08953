//! What names in a table come to, and the sentences of V-AUTH.

use std::path::Path;

use crate::credentials::{Credentials, MACHINE, PathMap};
use crate::error::Error;
use crate::plan::{Plan, PlanOptions, SinkPlan, plan};

const FILE: &str = r#"
[orders_tls]
kind = "kafka_ssl"
truststore = "obs://bucket-a/certs/client.jks"
truststore_password = "trust-hush"

[keys]
kind = "kafka_ssl"
keystore = "client.p12"
keystore_password = { env = "UPSERT_KAFKA_NO_SUCH_VARIABLE" }

[mrs_prod]
kind = "kerberos"
username = "flink_orders"
krb5_conf = "mrs/krb5.conf"
keytab = "mrs/user.keytab"
service_name = "kafka2"
domain_name = "hadoop.r"

[database]
kind = "password"
username = "u"
password = "db-hush"

[kafka_login]
kind = "secret"
version = "v1"
values = { jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="jaas-hush";', acks = "ack-hush" }

[_paths]
"obs://bucket-a/" = "bucket-a"
"#;

const PLAIN: &str = "'properties.sasl.jaas.config' = \
    'org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"jaas-hush\";',";

fn job(options: &str) -> String {
    format!(
        "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in', 'format' = 'json',
            'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g', 'scan.startup.mode' = 'earliest-offset');
         CREATE TABLE o (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'out',
            {options}
            'properties.bootstrap.servers' = 'a:1', 'key.format' = 'json', 'value.format' = 'json');
         INSERT INTO o SELECT * FROM src"
    )
}

fn credentials() -> Credentials {
    Credentials::parse(FILE, Path::new("conf/creds.toml"), PathMap::new(), MACHINE).unwrap()
}

fn planned(options: &str) -> Result<Plan, Error> {
    plan(&*job(options), &PlanOptions::new().with_credentials(credentials()))
}

fn refused(options: &str) -> String {
    let said = match planned(options) {
        Ok(plan) => panic!("is planned: {options}\n{}", plan.explain()),
        Err(error) => error.to_string(),
    };
    assert!(!said.contains("hush"), "{said}");
    said
}

/// The client's properties of the table that is written.
fn properties(plan: &Plan) -> Vec<(String, String)> {
    match &plan.pipelines[0].inserts[0].sink {
        SinkPlan::UpsertKafka(sink) => sink.properties.clone(),
        SinkPlan::Print(_) => Vec::new(),
    }
}

fn property(plan: &Plan, key: &str) -> Option<String> {
    properties(plan).into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

#[test]
fn a_section_lies_under_the_table_and_explain_tells_which_is_which() {
    let plan = planned(
        "'ssl_auth_name' = 'orders_tls', 'properties.security.protocol' = 'SSL',
         'properties.ssl.truststore.password' = 'own-hush',",
    )
    .unwrap();
    assert_eq!(property(&plan, "ssl.truststore.location").as_deref(), Some("conf/bucket-a/certs/client.jks"));
    assert_eq!(property(&plan, "ssl.truststore.password").as_deref(), Some("own-hush"));
    let text = plan.explain().to_string();
    for line in [
        "    'properties.ssl.truststore.location' = 'conf/bucket-a/certs/client.jks' (section orders_tls)",
        "    'properties.ssl.truststore.password' = '***'",
        "    'ssl_auth_name' = 'orders_tls'",
    ] {
        assert!(text.lines().any(|it| it == line), "no '{line}' in\n{text}");
    }
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn a_cluster_in_the_open_misses_nothing_that_tables_say_of_security() {
    let open = |options: &str, caller: PlanOptions| {
        let plan =
            plan(&*job(options), &caller.without_security()).unwrap_or_else(|e| panic!("{options}: {e}"));
        let security = ["security", "sasl", "ssl", "java", "connector", "kerberos"];
        let left: Vec<_> = properties(&plan).into_iter().map(|it| it.0).collect();
        assert!(!left.iter().any(|key| security.iter().any(|it| key.starts_with(it))), "{options}: {left:?}");
        plan
    };
    let said =
        "table o: what is said there of TLS and logins is not used: the cluster of this run has neither";
    for options in [
        // None of these names and files is there.
        "'ssl_auth_name' = 'nowhere', 'krb_auth_name' = 'nobody', 'properties.security.protocol' = 'SASL_SSL',",
        &format!("{SASL} {PLAIN} 'properties.sasl.mechanism' = 'PLAIN', 'properties.linger.ms' = '7',"),
        "'properties.ssl.truststore.location' = 'obs://bucket/of/nobody.jks', 'properties.security.protocol' = 'SSL',",
        "'properties.connector.auth.open' = 'true', 'properties.connector.kerberos.principal' = 'u',",
        "'properties.java.security.auth.login.config' = '/nowhere', 'properties.kerberos.domain.name' = 'x',",
        // And this is no login at all.
        "'properties.sasl.mechanism' = 'ROT13',",
        "'dew.csms.secretName' = 'nobody', 'dew.csms.decrypt.fields' = 'properties.sasl.jaas.config',
         'properties.sasl.jaas.config' = 'jaas',",
    ] {
        let plan = open(options, PlanOptions::new());
        assert_eq!(plan.notices().iter().map(ToString::to_string).collect::<Vec<_>>(), [said], "{options}");
        assert!(plan.explain().to_string().contains("not used, since the cluster has neither"), "{options}");
        assert!(!plan.explain().to_string().contains("hush"));
    }
    // What else a table says holds, of a secret too.
    let fields = "'dew.csms.secretName' = 'kafka_login', 'properties.acks' = 'acks',
         'dew.csms.decrypt.fields' = 'properties.acks, properties.sasl.jaas.config',
         'properties.sasl.jaas.config' = 'jaas', 'properties.linger.ms' = '7',";
    let error = plan(&*job(fields), &PlanOptions::new().with_credentials(credentials()).without_security());
    assert!(
        error.unwrap_err().to_string().contains("acks"),
        "its value is that of the secret, and none of Kafka's"
    );
    let plan = open("'properties.linger.ms' = '7',", PlanOptions::new());
    assert_eq!((property(&plan, "linger.ms").as_deref(), plan.notices().len()), (Some("7"), 0));
    let of_caller = PlanOptions::new().with_property("security.protocol", "SSL");
    let said = open("", of_caller).notices().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(said.len() == 1 && said[0].starts_with("tables src, o: "), "{said:?}");
}

#[test]
fn the_callers_properties_lie_under_both() {
    let options = PlanOptions::new()
        .with_credentials(credentials())
        .with_property("security.protocol", "SSL")
        .with_property("ssl.truststore.location", "of-caller")
        .with_property("ssl.truststore.password", "caller-hush")
        .with_property("linger.ms", "7")
        .with_property("linger.ms", "8")
        .with_property("group.id", "other");
    let text = job("'ssl_auth_name' = 'orders_tls', 'properties.ssl.truststore.password' = 'own-hush',");
    let plan = plan(&*text, &options).unwrap();
    for (key, value) in [
        ("security.protocol", "SSL"),
        ("ssl.truststore.location", "conf/bucket-a/certs/client.jks"),
        ("ssl.truststore.password", "own-hush"),
        ("linger.ms", "7"),
    ] {
        assert_eq!(property(&plan, key).as_deref(), Some(value), "{key}");
    }
    assert_eq!(plan.pipelines[0].sources[0].group_id.as_deref(), Some("g"));
    let text = plan.explain().to_string();
    assert!(text.contains("'properties.linger.ms' = '7' (properties of the caller)"), "{text}");
    assert!(
        !text.contains("property group.id"),
        "of a consumer's key nothing is said for a producer: {text}"
    );
}

#[test]
fn a_login_to_kerberos_is_made_of_a_section() {
    let plan = planned(
        "'krb_auth_name' = 'mrs_prod', 'properties.security.protocol' = 'SASL_PLAINTEXT',
         'properties.sasl.mechanism' = 'GSSAPI',",
    )
    .unwrap();
    for (key, value) in [
        (
            "sasl.jaas.config",
            "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true useTicketCache=false \
             keyTab=\"conf/mrs/user.keytab\" principal=\"flink_orders\";",
        ),
        ("java.security.krb5.conf", "conf/mrs/krb5.conf"),
        ("sasl.kerberos.service.name", "kafka2"),
        ("kerberos.domain.name", "hadoop.r"),
    ] {
        assert_eq!(property(&plan, key).as_deref(), Some(value), "{key}");
    }
    assert!(
        plan.explain()
            .to_string()
            .contains("  logs in by Kerberos as flink_orders with the keys of conf/mrs/user.keytab")
    );
}

#[test]
fn a_text_beside_a_name_may_only_say_the_same_login() {
    let text = |principal: &str| {
        format!(
            "'krb_auth_name' = 'mrs_prod', 'properties.security.protocol' = 'SASL_PLAINTEXT',
             'properties.sasl.jaas.config' = 'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true
             keyTab=\"conf/mrs/user.keytab\" principal=\"{principal}\";',"
        )
    };
    let plan = planned(&text("flink_orders")).unwrap();
    assert!(
        property(&plan, "sasl.jaas.config").unwrap().contains("useKeyTab=true\n"),
        "the table's own text stays"
    );
    assert_eq!(property(&plan, "java.security.krb5.conf").as_deref(), Some("conf/mrs/krb5.conf"));
    assert_says(&text("other"), "two logins: 'krb_auth_name' and 'properties.sasl.jaas.config'; keep one");
}

#[test]
fn a_login_is_made_of_the_later_spelling_and_none_of_it_reaches_the_client() {
    let plan = planned(
        "'properties.connector.auth.open' = 'true', 'properties.connector.kerberos.principal' = 'badge_job',
         'properties.connector.kerberos.krb5' = 'obs://bucket-a/krb5.conf',
         'properties.connector.kerberos.keytab' = 'obs://bucket-a/user.keytab',
         'properties.security.protocol' = 'SASL_PLAINTEXT', 'properties.sasl.mechanism' = 'GSSAPI',",
    )
    .unwrap();
    assert_eq!(property(&plan, "java.security.krb5.conf").as_deref(), Some("conf/bucket-a/krb5.conf"));
    let jaas = property(&plan, "sasl.jaas.config").unwrap();
    assert!(jaas.contains("keyTab=\"conf/bucket-a/user.keytab\" principal=\"badge_job\";"), "{jaas}");
    assert_eq!(property(&plan, "sasl.kerberos.service.name").as_deref(), Some("kafka"));
    let theirs: Vec<_> =
        properties(&plan).into_iter().filter(|(key, _)| key.starts_with("connector")).collect();
    assert_eq!(theirs, []);
    let text = plan.explain().to_string();
    assert!(text.contains("'properties.connector.kerberos.principal' = 'badge_job'"), "{text}");
    assert!(
        text.contains("'properties.sasl.jaas.config' = '***' (from 'properties.connector.kerberos.*')"),
        "{text}"
    );
    assert!(text.contains("'properties.connector.auth.open' has no effect here"), "{text}");
    assert!(plan.notices().iter().all(|notice| !notice.text.contains("connector")), "{:?}", plan.notices());
}

#[test]
fn a_value_of_a_secret_takes_the_place_of_its_key_before_it_is_judged() {
    let dew = "'dew.endpoint' = 'kms', 'dew.csms.secretName' = 'kafka_login', 'dew.csms.version' = 'v1',
               'dew.csms.decrypt.fields' = ' properties.sasl.jaas.config ', 'properties.sasl.jaas.config' = 'jaas',";
    let plain = "'properties.security.protocol' = 'SASL_PLAINTEXT', 'properties.sasl.mechanism' = 'PLAIN',";
    let plan = planned(&format!("{dew}{plain}")).unwrap();
    assert!(property(&plan, "sasl.jaas.config").unwrap().contains("password=\"jaas-hush\""));
    let text = plan.explain().to_string();
    assert!(text.contains("'properties.sasl.jaas.config' = '***' (secret kafka_login)"), "{text}");
    assert!(!text.contains("hush"), "{text}");
    assert!(properties(&plan).iter().all(|(key, _)| !key.starts_with("dew")));

    // Judged afterwards: the text is for PLAIN.
    let said = refused(&format!("{dew}'properties.security.protocol' = 'SASL_PLAINTEXT',"));
    assert!(said.contains("'properties.sasl.jaas.config' is for PLAIN, but"), "{said}");
}

#[test]
fn a_secret_in_the_place_of_any_option_is_shown_nowhere() {
    let dew = "'dew.csms.secretName' = 'kafka_login',";
    let options = [
        "properties.acks",
        "properties.client.id",
        "sink.parallelism",
        "key.fields-prefix",
        "topic",
        "connector",
    ];
    for option in options {
        let fields = format!("{dew} 'dew.csms.decrypt.fields' = '{option}', '{option}' = 'acks',");
        let text = job(&fields).replace("'topic' = 'out',", "").replace("'connector' = 'upsert-kafka',", "");
        let text = match option {
            "topic" => text,
            "connector" => text.replace("WITH (\n", "WITH ('topic' = 'out',\n"),
            _ => job(&fields),
        };
        let outcome = plan(&*text, &PlanOptions::new().with_credentials(credentials()));
        let said = match &outcome {
            Ok(plan) => plan.explain().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(!said.contains("hush"), "{option}: {said}");
    }
}

/// What is given, and the exact sentence: it alone is said, about the table.
fn assert_says(options: &str, sentence: &str) {
    let said = refused(options);
    let is_said = said.lines().any(|line| line.starts_with("table o: ") && line.contains(sentence));
    assert!(is_said, "{options}\n  says     {said}\n  and not  {sentence}");
    assert_eq!(said.lines().count(), 1, "{options}\n  says {said}");
}

const SSL: &str = "'ssl_auth_name' = 'orders_tls',";
const KRB: &str = "'krb_auth_name' = 'mrs_prod',";
const SASL: &str = "'properties.security.protocol' = 'SASL_SSL',";
const GSSAPI: &str = "'properties.sasl.mechanism' = 'GSSAPI',";
const NEEDS_USER: &str =
    "needs a user: 'properties.sasl.jaas.config' = '…LoginModule required username=\"…\" password=\"…\";'";

#[test]
fn a_protocol_and_a_mechanism_must_fit_what_is_named() {
    for (options, sentence) in [
        (
            format!(
                "{SSL}'properties.security.protocol' = 'SASL_PLAINTEXT', 'properties.sasl.mechanism' = 'PLAIN',{PLAIN}"
            ),
            "'ssl_auth_name' = 'orders_tls' needs 'properties.security.protocol' = 'SSL' or 'SASL_SSL', not SASL_PLAINTEXT",
        ),
        (
            SSL.to_owned(),
            "'ssl_auth_name' = 'orders_tls' needs 'properties.security.protocol' = 'SSL' or 'SASL_SSL', not unset",
        ),
        (
            format!("{KRB}{SASL}'properties.sasl.mechanism' = 'PLAIN',"),
            "'krb_auth_name' = 'mrs_prod' needs 'properties.sasl.mechanism' = 'GSSAPI', not PLAIN",
        ),
        (
            format!("{KRB}'properties.security.protocol' = 'SSL',"),
            "'krb_auth_name' = 'mrs_prod' needs 'properties.security.protocol' = 'SASL_PLAINTEXT' or 'SASL_SSL', not SSL",
        ),
        (
            format!("{SSL}{SASL}{GSSAPI}{PLAIN}"),
            "'properties.sasl.jaas.config' is for PLAIN, but 'properties.sasl.mechanism' = 'GSSAPI'; set PLAIN, or remove \
             the text and name 'krb_auth_name'",
        ),
        (
            format!("{SASL}'properties.sasl.mechanism' = 'PLAIN',"),
            &format!("'properties.sasl.mechanism' = 'PLAIN' {NEEDS_USER}"),
        ),
        (
            format!("{SASL}'properties.sasl.mechanism' = 'SCRAM-SHA-512',"),
            &format!("'properties.sasl.mechanism' = 'SCRAM-SHA-512' {NEEDS_USER}"),
        ),
        (
            format!("{SSL}{SASL}"),
            "'properties.sasl.mechanism' = 'GSSAPI' needs a login: 'krb_auth_name', or \
             'properties.connector.kerberos.principal', '.krb5' and '.keytab'",
        ),
    ] {
        assert_says(&options, sentence);
    }
}

#[test]
fn a_name_must_be_there_and_of_its_kind_and_a_login_must_be_one() {
    for (options, sentence) in [
        (
            "'ssl_auth_name' = 'orders_tsl', 'properties.security.protocol' = 'SSL',".to_owned(),
            "'ssl_auth_name' = 'orders_tsl': no such credential in conf/creds.toml; it holds: database (password), \
             kafka_login (secret), keys (kafka_ssl), mrs_prod (kerberos), orders_tls (kafka_ssl)",
        ),
        (
            "'ssl_auth_name' = 'database', 'properties.security.protocol' = 'SSL',".to_owned(),
            "'ssl_auth_name' = 'database' is of kind password, not kafka_ssl",
        ),
        (
            format!("'krb_auth_name' = 'orders_tls',{SASL}"),
            "'krb_auth_name' = 'orders_tls' is of kind kafka_ssl, not kerberos",
        ),
        (
            "'ssl_auth_name' = 'keys', 'properties.security.protocol' = 'SSL',".to_owned(),
            "'keys.keystore_password': the environment variable UPSERT_KAFKA_NO_SUCH_VARIABLE is not set",
        ),
        (
            format!("{SASL}'properties.connector.kerberos.krb5' = 'k', 'properties.connector.kerberos.keytab' = 'k',"),
            "missing 'properties.connector.kerberos.principal': a Kerberos login needs principal, krb5 and keytab",
        ),
        (
            format!("{KRB}{SASL}'properties.connector.kerberos.principal' = 'p', 'properties.connector.kerberos.krb5' = 'k',
                     'properties.connector.kerberos.keytab' = 'k',"),
            "two logins: 'krb_auth_name' and 'properties.connector.kerberos.*'; keep one",
        ),
        (
            format!("{KRB}{SASL}{PLAIN}"),
            "two logins: 'krb_auth_name' and 'properties.sasl.jaas.config'; keep one",
        ),
    ] {
        assert_says(&options, sentence);
    }
}

#[test]
fn a_path_of_a_bucket_needs_a_place_and_a_password_has_its_own() {
    for (options, sentence) in [
        (
            "'pwd_auth_name' = 'database',".to_owned(),
            "'pwd_auth_name' belongs to database tables; a Kafka user and password stand in 'properties.sasl.jaas.config'",
        ),
        (
            "'properties.security.protocol' = 'SSL', 'properties.ssl.truststore.location' = 'obs://b/x.jks',".to_owned(),
            "'properties.ssl.truststore.location' = 'obs://b/x.jks' lies in an object store that is not read here; copy \
             the file and map it: --map-path obs://b/=DIR",
        ),
        (
            "'properties.security.protocol' = 'SSL', 'properties.ssl.truststore.location' = 'obs://bucket-a/../x',".to_owned(),
            "'properties.ssl.truststore.location' = 'obs://bucket-a/../x' leaves the folder that stands for its bucket",
        ),
    ] {
        assert_says(&options, sentence);
    }
}

#[test]
fn a_secret_by_key_is_looked_for_by_name_version_and_key() {
    for (options, sentence) in [
        (
            "'dew.csms.secretName' = 'kafka_logon', 'dew.csms.decrypt.fields' = 'topic',".to_owned(),
            "no secret 'kafka_logon' (version latest) in conf/creds.toml; it holds: kafka_login",
        ),
        (
            "'dew.csms.secretName' = 'kafka_login', 'dew.csms.version' = 'v2', 'dew.csms.decrypt.fields' = 'topic',".to_owned(),
            "secret 'kafka_login' has version v1 in conf/creds.toml, not 'dew.csms.version' = 'v2'",
        ),
        (
            "'dew.csms.secretName' = 'kafka_login', 'dew.csms.decrypt.fields' = 'topic',".to_owned(),
            "secret 'kafka_login' has no entry 'out', which 'topic' asks for; it has: acks, jaas",
        ),
        (
            "'dew.csms.secretName' = 'kafka_login', 'dew.csms.decrypt.fields' = 'properties.sasl.jaas',".to_owned(),
            "'dew.csms.decrypt.fields' names 'properties.sasl.jaas', which is no option of the table",
        ),
        (
            "'dew.csms.secretName' = 'kafka_login',".to_owned(),
            "missing 'dew.csms.decrypt.fields': 'dew.csms.secretName' cannot do without",
        ),
        ("'dew.csms.secretname' = 'kafka_login',".to_owned(), "unknown option 'dew.csms.secretname'; did you mean 'dew.csms.secretName'?"),
    ] {
        assert_says(&options, sentence);
    }
}

#[test]
fn without_a_file_a_name_asks_for_one() {
    let text = job("'ssl_auth_name' = 'orders_tls', 'properties.security.protocol' = 'SSL',");
    let said = plan(&*text, &PlanOptions::new()).unwrap_err().to_string();
    let sentence = "'ssl_auth_name' = 'orders_tls' needs a credentials file: --credentials FILE, or the environment \
                    variable UPSERT_KAFKA_CREDENTIALS";
    assert!(said.contains(sentence), "{said}");
}

#[test]
fn a_closed_door_beside_files_of_a_bucket_is_a_warning() {
    let plan = planned(
        "'properties.security.protocol' = 'SSL', 'properties.connector.auth.open' = 'false',
         'properties.ssl.truststore.location' = 'obs://bucket-a/x.jks',",
    )
    .unwrap();
    let about = plan.notices().iter().map(ToString::to_string).filter(|it| it.contains("auth.open"));
    let notices: Vec<_> = about.collect();
    assert_eq!(
        notices,
        ["table o: 'properties.connector.auth.open' has no effect here: files are read where they are"]
    );
    assert_eq!(property(&plan, "ssl.truststore.location").as_deref(), Some("conf/bucket-a/x.jks"));
}
