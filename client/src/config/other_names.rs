//! Keys of other clients, and what Java calls them.

/// The end of a sentence on a key that is known elsewhere: to librdkafka (and so to kcat and to Confluent's clients),
/// kafka-python, the JVM, brokers, or serializers.
pub(super) fn elsewhere(key: &str) -> Option<String> {
    let row =
        |rows: &'static [(&str, &str)]| rows.iter().find(|(theirs, _)| *theirs == key).map(|(_, ours)| *ours);
    let named = [("librdkafka", LIBRDKAFKA), ("kafka-python", KAFKA_PYTHON), ("the JVM", JVM)];
    let found = named.iter().find_map(|(whose, rows)| row(rows).map(|ours| (whose, ours)));
    if let Some((whose, ours)) = found {
        return Some(format!("it is a name of {whose}'s; here as in Java it is {ours}"));
    }
    if BROKERS.contains(&key) {
        return Some("it is a setting of brokers".to_owned());
    }
    let is_of_serializers = SERIALIZERS.iter().any(|prefix| key.starts_with(prefix));
    is_of_serializers
        .then(|| "it is for serializers and their schema registry, and bytes are bytes here".to_owned())
}

const JAAS: &str = "sasl.jaas.config = …LoginModule required username=\"…\" password=\"…\";";
const KRB5: &str = "sasl.jaas.config = com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab=\"…\" principal=\"…\";";
const CA: &str = "ssl.truststore.location, with ssl.truststore.type = PEM";
const PEM_PAIR: &str = "ssl.keystore.location, a PEM file of the certificate chain and the key";

const LIBRDKAFKA: &[(&str, &str)] = &[
    ("batch.num.messages", "batch.size, in bytes"),
    ("bootstrap.server", "bootstrap.servers"),
    ("broker.list", "bootstrap.servers"),
    ("brokers", "bootstrap.servers"),
    ("compression.codec", "compression.type"),
    ("compression.level", "compression.gzip.level or compression.zstd.level"),
    (
        "enable.sasl.oauthbearer.unsecure.jwt",
        "OAuthBearerUnsecuredLoginCallbackHandler in sasl.login.callback.handler.class",
    ),
    (
        "enable.ssl.certificate.verification",
        "ssl.endpoint.identification.algorithm, whose empty value leaves out the check of the broker's name; the chain is \
         always checked, so give its authority in ssl.truststore.location",
    ),
    ("fetch.message.max.bytes", "max.partition.fetch.bytes"),
    ("fetch.wait.max.ms", "fetch.max.wait.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("message.max.bytes", "max.request.size"),
    ("message.send.max.retries", "retries"),
    ("message.timeout.ms", "delivery.timeout.ms"),
    ("metadata.broker.list", "bootstrap.servers"),
    ("partitioner", "partitioner.class"),
    ("queue.buffering.backpressure.threshold", "linger.ms and batch.size"),
    ("queue.buffering.max.kbytes", "buffer.memory, in bytes"),
    ("queue.buffering.max.messages", "buffer.memory, in bytes"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("queued.max.messages.kbytes", "fetch.max.bytes"),
    ("queued.min.messages", "fetch.max.bytes"),
    ("request.required.acks", "acks"),
    ("sasl.kerberos.keytab", KRB5),
    ("sasl.kerberos.principal", KRB5),
    ("sasl.mechanisms", "sasl.mechanism"),
    ("sasl.oauthbearer.assertion.jwt.template.file", "sasl.oauthbearer.assertion.template.file"),
    ("sasl.oauthbearer.assertion.private.key.pem", "sasl.oauthbearer.assertion.private.key.file"),
    ("sasl.oauthbearer.client.id", "sasl.oauthbearer.client.credentials.client.id"),
    ("sasl.oauthbearer.client.secret", "sasl.oauthbearer.client.credentials.client.secret"),
    ("sasl.oauthbearer.config", "options of OAuthBearerLoginModule in sasl.jaas.config"),
    ("sasl.oauthbearer.extensions", "extension_NAME=\"…\" of OAuthBearerLoginModule in sasl.jaas.config"),
    ("sasl.oauthbearer.grant.type", "sasl.oauthbearer.jwt.retriever.class"),
    (
        "sasl.oauthbearer.method",
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler in sasl.login.callback.handler.class",
    ),
    ("sasl.password", JAAS),
    ("sasl.username", JAAS),
    ("socket.connection.setup.timeout", "socket.connection.setup.timeout.ms"),
    ("socket.receive.buffer.bytes", "receive.buffer.bytes"),
    ("socket.send.buffer.bytes", "send.buffer.bytes"),
    ("socket.timeout.ms", "request.timeout.ms"),
    ("ssl.ca.certificate.stores", "ssl.truststore.location; without it the system's authorities are trusted"),
    ("ssl.ca.location", CA),
    ("ssl.ca.pem", "ssl.truststore.certificates"),
    ("ssl.certificate.location", PEM_PAIR),
    ("ssl.certificate.pem", "ssl.keystore.certificate.chain"),
    ("ssl.engine.location", "ssl.keystore.location: keys come from stores"),
    ("ssl.key.location", PEM_PAIR),
    ("ssl.key.pem", "ssl.keystore.key"),
    ("topic.metadata.refresh.interval.ms", "metadata.max.age.ms"),
];

const KAFKA_PYTHON: &[(&str, &str)] = &[
    ("bootstrap_servers", "bootstrap.servers"),
    ("sasl_kerberos_service_name", "sasl.kerberos.service.name"),
    ("sasl_mechanism", "sasl.mechanism"),
    ("sasl_plain_password", JAAS),
    ("sasl_plain_username", JAAS),
    ("security_protocol", "security.protocol"),
    ("ssl_cafile", CA),
    ("ssl_certfile", PEM_PAIR),
    ("ssl_check_hostname", "ssl.endpoint.identification.algorithm"),
    ("ssl_crlfile", "ssl.crl.location"),
    ("ssl_keyfile", PEM_PAIR),
    ("ssl_password", "ssl.key.password"),
];

/// System properties that stand beside Java's clients, on `KAFKA_OPTS`.
const JVM: &[(&str, &str)] = &[
    ("java.security.krb5.kdc", "java.security.krb5.conf, a file that names the KDC"),
    ("java.security.krb5.realm", "java.security.krb5.conf, a file that names the realm"),
    ("javax.net.ssl.keyStore", "ssl.keystore.location"),
    ("javax.net.ssl.keyStorePassword", "ssl.keystore.password"),
    ("javax.net.ssl.trustStore", "ssl.truststore.location"),
    ("javax.net.ssl.trustStorePassword", "ssl.truststore.password"),
];

const BROKERS: &[&str] = &[
    "advertised.listeners",
    "authorizer.class.name",
    "connections.max.reauth.ms",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "sasl.enabled.mechanisms",
    "sasl.kerberos.principal.to.local.rules",
    "sasl.mechanism.inter.broker.protocol",
    "sasl.server.callback.handler.class",
    "security.inter.broker.protocol",
    "ssl.client.auth",
    "ssl.mode.enable",
    "ssl.principal.mapping.rules",
    "super.users",
];

/// Confluent's files for Java have these beside the client's own keys.
const SERIALIZERS: &[&str] = &[
    "auto.register.schemas",
    "basic.auth.",
    "bearer.auth.",
    "key.subject.name.strategy",
    "schema.registry.",
    "specific.avro.reader",
    "use.latest.version",
    "value.subject.name.strategy",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table;

    #[test]
    fn no_key_of_theirs_is_one_of_ours_and_each_leads_to_one() {
        for (theirs, ours) in [LIBRDKAFKA, KAFKA_PYTHON, JVM].concat() {
            assert!(!table::rows().any(|row| row.name == theirs), "{theirs} is known");
            assert!(table::rows().any(|row| ours.contains(row.name)), "{theirs}: {ours}");
        }
        for theirs in [BROKERS, SERIALIZERS].concat() {
            assert!(!table::rows().any(|row| row.name.starts_with(theirs)), "{theirs} is known");
        }
    }
}
