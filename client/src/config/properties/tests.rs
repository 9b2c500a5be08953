//! Every key of Java's is known with Java's default, and every refusal names what it refuses.

use std::collections::HashMap;
use std::io::Read;

use serde_json::Value;

use super::*;
use crate::ErrorKind;
use crate::config::{Acks, OffsetReset, PartitionerClass};

/// Defaults that are not Java's, each with the reason.
const DEPARTURES: [(&str, &str); 3] = [
    // Who commits by itself commits what nobody may have worked on yet: only where asked for.
    ("enable.auto.commit", "false"),
    // A number switches off the kernel's own tuning, which is better on every link but the slowest.
    ("send.buffer.bytes", "-1"),
    ("receive.buffer.bytes", "-1"),
];

const ROLES: [(&str, Role); 3] =
    [("producer", Role::Producer), ("consumer", Role::Consumer), ("admin", Role::Admin)];

#[test]
fn every_java_key_is_known_for_the_clients_that_have_it() {
    let golden = golden();
    for (name, role) in ROLES {
        let java: HashSet<&str> =
            golden[name].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
        let ours: HashSet<&str> =
            table::rows().filter(|row| row.roles.include(role)).map(|row| row.name).collect();
        assert_eq!(java.difference(&ours).collect::<Vec<_>>(), Vec::<&&str>::new(), "{name}: MISSING");
        let mut further: Vec<&str> = ours.difference(&java).copied().collect();
        further.sort_unstable();
        assert_eq!(further, table::ours(role), "{name}: neither Java's nor said to be ours");
    }
}

/// Issue 12: the table that `explain --properties FILE` prints is held to Java's list.
#[test]
fn explain_lists_every_key_of_javas_with_its_default_or_a_reason() {
    let golden = golden();
    let mut compared = 0;
    for (name, role) in ROLES {
        let config = Config::for_role(role);
        let explained: HashMap<&str, Explained> = config.explain(role).collect();
        let rows = golden[name].as_array().unwrap();
        assert_eq!(explained.len(), rows.len() + table::ours(role).len(), "{name}");
        for row in rows {
            let key = row["name"].as_str().unwrap();
            let departed = DEPARTURES.iter().find(|(departed, _)| *departed == key);
            match &explained[key] {
                Explained::Honoured(ours) => {
                    let java = departed.map_or_else(|| text(&row["default"]), |(_, ours)| (*ours).to_owned());
                    assert_eq!(*ours, java, "{name}: {key}");
                    compared += 1;
                }
                Explained::Ignored(why) | Explained::Refused(why) => assert!(why.len() > 20, "{key}: {why}"),
            }
        }
    }
    assert!(compared > 200, "only {compared} defaults were compared");
}

#[test]
fn a_default_that_is_written_out_is_never_refused() {
    let golden = golden();
    for (name, role) in ROLES {
        let rows = golden[name].as_array().unwrap();
        let pairs = rows.iter().map(|row| (row["name"].as_str().unwrap(), text(&row["default"])));
        Config::from_properties(pairs, role).unwrap();
    }
}

#[test]
fn no_row_stands_twice() {
    for (_, role) in ROLES {
        let mut names: Vec<&str> =
            table::rows().filter(|row| row.roles.include(role)).map(|row| row.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{role:?}: {names:?}");
    }
}

#[test]
fn values_are_taken_as_their_types() {
    let (config, notices) = parsed(&[
        ("bootstrap.servers", "a:1, b:2"),
        ("linger.ms", " 20 "),
        ("acks", "-1"),
        ("auto.offset.reset", "earliest"),
    ])
    .unwrap();
    assert_eq!(config.bootstrap_servers.len(), 2);
    assert_eq!(config.linger.as_millis(), 20);
    assert_eq!((config.acks, config.auto_offset_reset), (Acks::All, OffsetReset::Earliest));
    assert_eq!(notices, []);
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_known() {
    let (_, notices) = parsed(&[("lingerms", "5"), ("paint.colour", "red")]).unwrap();
    assert_eq!(notices[0].to_string(), "property lingerms is unknown and ignored; did you mean linger.ms?");
    assert_eq!(notices[1].to_string(), "property paint.colour is unknown and ignored");
    assert_eq!(notices[0].kind, NoticeKind::Unknown);
}

#[test]
fn a_key_that_changes_nothing_is_told_with_the_reason() {
    let (_, notices) =
        Config::from_properties([("key.serializer", "x"), ("group.id", "g")], Role::Producer).unwrap();
    assert_eq!(notices[0].to_string(), "property key.serializer is ignored: keys and values are bytes here");
    assert_eq!(notices[1].to_string(), "property group.id is ignored: it is a property of consumers");
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    for (key, value, part) in [
        ("security.protocol", "SASL", "none of PLAINTEXT, SSL, SASL_SSL, SASL_PLAINTEXT"),
        ("transaction.two.phase.commit.enable", "true", "KIP-939"),
        ("partitioner.class", "org.Mine", "Java class 'org.Mine' cannot be loaded"),
        ("partitioner.class", "org.apache.kafka.clients.producer.UniformStickyPartitioner", "ignore.keys"),
        ("client.dns.lookup", "resolve_canonical_bootstrap_servers_only", "canonical"),
        ("linger.ms", "soon", "not a number of milliseconds"),
        ("acks", "2", "none of all, 1, 0"),
        ("bootstrap.servers", "kafka", "no port"),
        ("max.in.flight.requests.per.connection", "0", "too small"),
        ("metrics.num.samples", "0", "too small"),
        ("compression.gzip.level", "12", "1 to 9"),
        ("compression.zstd.level", "23", "to 22"),
        ("metadata.max.idle.ms", "4999", "5000 is the least"),
        ("interceptor.classes", "org.Mine", "Java class"),
        ("config.providers", "file", "not looked up"),
    ] {
        let error = parsed(&[(key, value)]).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(part), "{error}");
    }
    assert!(parsed(&[("transaction.two.phase.commit.enable", "false"), ("partitioner.class", "")]).is_ok());
}

/// `[0,...,3600]` in Java's words: what is within is taken, and what is beyond is refused.
#[test]
fn the_bounds_of_security_keys_are_javas() {
    let golden = golden();
    let mut bounded = 0;
    for row in golden["producer"].as_array().unwrap() {
        let key = row["name"].as_str().unwrap();
        let bounds =
            row["valid"].as_str().filter(|_| key.starts_with("sasl.")).and_then(|it| it.strip_prefix('['));
        let Some((low, high)) = bounds.and_then(|it| it.strip_suffix(']')?.split_once(",...,")) else {
            continue;
        };
        let is_whole = row["type"] != "DOUBLE";
        let beside = |bound: &str, by: f64| match is_whole {
            true => (bound.parse::<i64>().unwrap() + by.signum() as i64).to_string(),
            false => (bound.parse::<f64>().unwrap() + by).to_string(),
        };
        for good in [low.to_owned(), high.to_owned(), beside(low, 0.01), beside(high, -0.01)] {
            parsed(&[(key, &good)]).unwrap_or_else(|error| panic!("{key} = {good}: {error}"));
        }
        for bad in [beside(low, -0.01), beside(high, 0.01), "NaN".to_owned(), "x".to_owned()] {
            assert!(parsed(&[(key, &bad)]).is_err(), "{key} = {bad}");
        }
        bounded += 1;
    }
    assert_eq!(bounded, 6, "Java bounds six of them");
}

#[test]
fn a_key_of_another_clients_is_told_with_javas_name() {
    for (theirs, ours) in [
        ("ssl.ca.location", "ssl.truststore.location, with ssl.truststore.type = PEM"),
        ("sasl.mechanisms", "it is sasl.mechanism"),
        ("sasl.username", "sasl.jaas.config"),
        ("metadata.broker.list", "bootstrap.servers"),
        ("enable.ssl.certificate.verification", "ssl.endpoint.identification.algorithm"),
        ("ssl.mode.enable", "it is a setting of brokers"),
        ("basic.auth.user.info", "it is for serializers and their schema registry"),
    ] {
        let (_, notices) = parsed(&[(theirs, "hush")]).unwrap();
        let sentence = notices[0].to_string();
        assert!(sentence.starts_with(&format!("property {theirs} is unknown and ignored: ")), "{sentence}");
        assert!(sentence.contains(ours) && !sentence.contains("hush"), "{sentence}");
        assert_eq!(notices[0].kind, NoticeKind::Unknown);
    }
}

/// Point 51, as far as the client goes: whatever is given to a key that holds a secret, nobody says it again.
#[test]
fn point_51_a_secret_is_shown_by_nothing() {
    let secrets: Vec<&str> =
        table::rows().filter(|row| matches!(row.fate, Fate::Secret { .. })).map(|row| row.name).collect();
    let passwords: Vec<String> = golden()["producer"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["type"] == "PASSWORD")
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(passwords.iter().all(|it| secrets.contains(&it.as_str())), "{passwords:?}");
    let mut shown = String::new();
    for protocol in ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] {
        for mechanism in crate::SaslMechanism::ALL.map(|(_, name)| name) {
            for secret in &secrets {
                let hush = if *secret == "sasl.jaas.config" {
                    "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"hush\";"
                } else {
                    "hush"
                };
                let pairs = [("security.protocol", protocol), ("sasl.mechanism", mechanism), (secret, hush)];
                match parsed(&pairs) {
                    Ok((config, notices)) => {
                        shown += &format!("{config:?}{notices:?}");
                        shown.extend(notices.iter().map(Notice::to_string));
                        for (key, explained) in config.explain(Role::Any) {
                            shown += &format!("{explained:?}");
                            let is_set = explained == Explained::Honoured("***".to_owned());
                            assert!(
                                key != *secret
                                    || is_set
                                    || protocol == "PLAINTEXT"
                                    || secret.starts_with("ssl"),
                                "{key}"
                            );
                        }
                    }
                    Err(error) => shown += &format!("{error}{error:?}"),
                }
            }
        }
    }
    assert!(shown.len() > 100_000 && !shown.contains("hush"));
    let url = [("sasl.oauthbearer.token.endpoint.url", "https://me:hush@idp:443/token")];
    let (config, _) = parsed(&url).unwrap();
    let explained = config.explain(Role::Any).find(|(key, _)| *key == url[0].0).unwrap().1;
    assert_eq!(explained, Explained::Honoured("https://***@idp:443/token".to_owned()));
}

#[test]
fn classes_that_mean_something_are_taken_whatever_a_build_put_in_front() {
    use crate::{JwtRetriever, OAuthLoginHandler};
    let oauth = "org.apache.kafka.common.security.oauthbearer";
    let handler = |class: &str| {
        let (config, _) = parsed(&[("sasl.login.callback.handler.class", class)])?;
        Ok::<_, Error>(config.sasl.oauth.login_handler)
    };
    let endpoint = OAuthLoginHandler::TokenEndpoint;
    assert_eq!(handler(&format!("{oauth}.OAuthBearerLoginCallbackHandler")).unwrap(), endpoint);
    assert_eq!(handler(&format!("{oauth}.secured.OAuthBearerLoginCallbackHandler")).unwrap(), endpoint);
    assert_eq!(handler(&format!("kafkashaded.{oauth}.OAuthBearerLoginCallbackHandler")).unwrap(), endpoint);
    let iam = "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler";
    assert_eq!(handler(iam).unwrap(), OAuthLoginHandler::AwsMskIam);
    let strimzi = handler("io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler").unwrap_err();
    assert!(strimzi.to_string().contains("sasl.oauthbearer.token.endpoint.url"), "{strimzi}");
    assert!(handler("com.acme.Mine").unwrap_err().to_string().contains("OAuthConfig::token_source"));
    let bearer = format!("{oauth}.JwtBearerJwtRetriever");
    let (config, _) = parsed(&[("sasl.oauthbearer.jwt.retriever.class", &bearer)]).unwrap();
    assert_eq!(config.sasl.oauth.jwt_retriever, JwtRetriever::JwtBearer);
    for (key, class) in [
        ("sasl.client.callback.handler.class", "com.acme.Mine"),
        ("sasl.login.class", "com.acme.Mine"),
        ("sasl.oauthbearer.jwt.validator.class", "com.acme.Mine"),
        ("sasl.oauthbearer.jwt.retriever.class", "com.acme.Mine"),
        ("ssl.engine.factory.class", "com.acme.Mine"),
    ] {
        let sentence = parsed(&[(key, class)]).unwrap_err().to_string();
        assert!(sentence.contains(key) && sentence.contains(class), "{sentence}");
    }
}

#[cfg(not(feature = "gssapi"))]
#[test]
fn a_mechanism_that_was_left_out_is_refused_by_its_feature() {
    assert_eq!(
        parsed(&[("security.protocol", "SASL_PLAINTEXT")]).unwrap_err().to_string(),
        "property sasl.mechanism: GSSAPI is not in this build, it is the feature gssapi of upsert-kafka-client"
    );
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_that_was_left_out_is_refused_by_its_feature() {
    assert_eq!(
        parsed(&[("security.protocol", "SSL")]).unwrap_err().to_string(),
        "property security.protocol: SSL is not in this build, it is the feature tls of upsert-kafka-client"
    );
}

#[test]
fn contradictions_asked_for_name_both_keys() {
    for (pairs, other) in [
        ([("enable.idempotence", "true"), ("acks", "1")], "acks (1)"),
        ([("enable.idempotence", "true"), ("acks", "0")], "acks (0)"),
        ([("enable.idempotence", "true"), ("retries", "0")], "retries (0)"),
        ([("enable.idempotence", "true"), ("max.in.flight.requests.per.connection", "6")], "max.in.flight"),
        // As in Java since 4.0, not only where idempotence was asked for.
        ([("max.in.flight.requests.per.connection", "6"), ("acks", "1")], "enable.idempotence (true)"),
        ([("transactional.id", "t-1"), ("enable.idempotence", "false")], "enable.idempotence (false)"),
        ([("transactional.id", "t-1"), ("acks", "1")], "acks (1)"),
        ([("transactional.id", "t-1"), ("acks", "0")], "acks (0)"),
        ([("transactional.id", "t-1"), ("retries", "0")], "retries (0)"),
        ([("transactional.id", "t-1"), ("max.in.flight.requests.per.connection", "6")], "connection (6)"),
        ([("partitioner.rack.aware", "true"), ("client.rack", " ")], "client.rack"),
        ([("delivery.timeout.ms", "1000"), ("request.timeout.ms", "996")], "linger.ms + request.timeout.ms"),
        ([("batch.size", "2000"), ("buffer.memory", "1000")], "buffer.memory"),
        ([("fetch.max.wait.ms", "500"), ("request.timeout.ms", "500")], "request.timeout.ms"),
        ([("retry.backoff.ms", "50"), ("retry.backoff.max.ms", "49")], "retry.backoff.max.ms"),
    ] {
        let error = parsed(&pairs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let sentence = error.to_string();
        let first = format!("{} ({})", pairs[0].0, pairs[0].1);
        assert!(sentence.contains(&first) && sentence.contains(other), "{sentence}");
    }
}

#[test]
fn settings_built_by_hand_are_held_to_the_same_rules() {
    let refused = |config: Config| config.check().unwrap_err().to_string();
    let transactional_id = Some("t-1".to_owned());
    assert_eq!(
        refused(Config {
            transactional_id: transactional_id.clone(),
            acks: Acks::Leader,
            ..Config::default()
        }),
        "properties transactional.id (t-1) and acks (1) contradict each other"
    );
    assert_eq!(
        refused(Config { transactional_id, enable_idempotence: false, ..Config::default() }),
        "properties transactional.id (t-1) and enable.idempotence (false) contradict each other"
    );
    assert_eq!(
        refused(Config { max_in_flight: 6, ..Config::default() }),
        "properties enable.idempotence (true) and max.in.flight.requests.per.connection (6) contradict each other"
    );
    Config { max_in_flight: 6, enable_idempotence: false, ..Config::default() }.check().unwrap();
    let long = std::time::Duration::from_millis(1 << 31);
    assert_eq!(
        refused(Config { transaction_timeout: long, ..Config::default() }),
        "property transaction.timeout.ms: 2147483648 is too large, 2147483647 is the most"
    );
}

#[test]
fn what_is_honoured_arrives_in_its_field() {
    let (config, notices) = Config::from_properties(
        [
            ("transactional.id", "t-1"),
            ("transaction.timeout.ms", "900000"),
            ("metadata.max.idle.ms", "5000"),
            ("partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner"),
            ("partitioner.adaptive.partitioning.enable", "true"),
            ("partitioner.availability.timeout.ms", "250"),
            ("partitioner.ignore.keys", "true"),
            ("partitioner.rack.aware", "true"),
            ("client.rack", "eu-1a"),
        ],
        Role::Producer,
    )
    .unwrap();
    let expected = Config {
        transactional_id: Some("t-1".to_owned()),
        transaction_timeout: std::time::Duration::from_secs(900),
        metadata_max_idle: std::time::Duration::from_secs(5),
        partitioner_class: PartitionerClass::RoundRobin,
        partitioner_adaptive: true,
        partitioner_availability_timeout: std::time::Duration::from_millis(250),
        partitioner_ignore_keys: true,
        partitioner_rack_aware: true,
        client_rack: Some("eu-1a".to_owned()),
        ..Config::for_role(Role::Producer)
    };
    assert_eq!((config, notices), (expected, vec![]));
}

#[test]
fn a_rack_is_honoured_for_producers_and_for_consumers() {
    for role in [Role::Producer, Role::Consumer, Role::Any] {
        let (config, notices) = Config::from_properties([("client.rack", "eu-1a")], role).unwrap();
        assert_eq!((config.client_rack.as_deref(), &notices[..]), (Some("eu-1a"), &[][..]), "{role:?}");
        let explained: Vec<_> = config.explain(role).filter(|(key, _)| *key == "client.rack").collect();
        assert_eq!(explained, [("client.rack", Explained::Honoured("eu-1a".to_owned()))], "{role:?}");
    }
}

#[test]
fn what_is_not_honoured_says_why_in_a_sentence() {
    for row in table::rows() {
        let (Fate::Ignored(why) | Fate::Refused { why, .. }) = row.fate else { continue };
        assert!(why.len() > 20 && why.contains(' ') && !why.ends_with('.'), "{}: {why}", row.name);
    }
    let fates = |role: Role| {
        let rows = table::rows().filter(|row| row.roles.include(role));
        rows.fold([0; 3], |[honoured, ignored, refused], row| match row.fate {
            Fate::Honoured { .. } | Fate::Secret { .. } => [honoured + 1, ignored, refused],
            Fate::Ignored(_) => [honoured, ignored + 1, refused],
            Fate::Refused { .. } => [honoured, ignored, refused + 1],
        })
    };
    let all = golden()["producer"].as_array().unwrap().len() + table::ours(Role::Producer).len();
    let [honoured, ignored, refused] = fates(Role::Producer);
    assert_eq!(honoured + ignored + refused, all);
    assert!(honoured >= 40, "of a producer's {all} keys only {honoured} are honoured");
}

#[test]
fn a_default_gives_way_and_says_so() {
    let (config, notices) = parsed(&[("acks", "1"), ("request.timeout.ms", "200000")]).unwrap();
    assert!(!config.enable_idempotence);
    assert_eq!(config.delivery_timeout.as_millis(), 200_005);
    assert_eq!(notices.iter().map(|notice| notice.kind).collect::<Vec<_>>(), [NoticeKind::Adjusted; 2]);
    for (key, value) in [("acks", "0"), ("acks", "1"), ("retries", "0")] {
        let (config, notices) = parsed(&[(key, value)]).unwrap();
        assert!(!config.enable_idempotence);
        let sentence =
            format!("enable.idempotence becomes false, since {key} is {value}: retries may write twice");
        assert_eq!(notices[0].to_string(), sentence);
    }
    let none =
        [("partitioner.availability.timeout.ms", "9"), ("partitioner.adaptive.partitioning.enable", "false")];
    let (_, notices) = parsed(&none).unwrap();
    assert_eq!(
        (notices[0].kind, &*notices[0].key),
        (NoticeKind::Unused, "partitioner.availability.timeout.ms")
    );
}

#[test]
fn the_first_connection_may_take_as_long_as_javas_first_call_unless_it_has_a_time_of_its_own() {
    for (pairs, ms) in [
        (&[][..], 10_000),
        (&[("max.block.ms", "2000")], 2_000),
        (&[("default.api.timeout.ms", "90000")], 90_000),
        (&[("default.api.timeout.ms", "90000"), ("max.block.ms", "2000")], 2_000),
        (&[("max.block.ms", "2000"), ("bootstrap.timeout.ms", "7000")], 7_000),
    ] {
        assert_eq!(parsed(pairs).unwrap().0.bootstrap_timeout.as_millis(), ms, "{pairs:?}");
    }
    let (config, notices) = parsed(&[("topic.metadata.propagation.max.ms", "30000")]).unwrap();
    assert_eq!((config.topic_metadata_propagation_max.as_millis(), notices.len()), (30_000, 0));
}

#[test]
fn every_key_can_be_explained() {
    let (config, _) = parsed(&[("linger.ms", "7")]).unwrap();
    let explained: Vec<_> = config.explain(Role::Producer).collect();
    assert_eq!(
        explained.len(),
        golden()["producer"].as_array().unwrap().len() + table::ours(Role::Producer).len()
    );
    assert!(explained.contains(&("linger.ms", Explained::Honoured("7".to_owned()))));
    let ignored = Explained::Ignored("keys and values are bytes here");
    assert!(explained.contains(&("key.serializer", ignored)));
}

fn parsed(pairs: &[(&str, &str)]) -> Result<(Config, Vec<Notice>), Error> {
    Config::from_properties(pairs.iter().copied(), Role::Any)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/kafka/configs.json.gz");
    let mut json = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut json).unwrap();
    serde_json::from_str(&json).unwrap()
}
