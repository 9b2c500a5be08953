import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Java's client by every secured way into the broker. */
public final class SecureClient {
    private static final String STORES = System.getenv("STORES");
    private static final String PACKAGE = "org.apache.kafka.common.security.";
    private static final List<String> MECHANISMS = List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER");

    public static void main(String[] args) {
        String password = System.getenv("PASSWORD");
        var checks = new Checks().add("tls", () -> roundTrip("tls", with("SSL", true)))
            .add("mtls", () -> roundTrip("mtls", withCertificate()));
        for (var mechanism : MECHANISMS) {
            checks.add("plain/" + mechanism, () -> roundTrip("plain-" + mechanism, login("SASL_PLAINTEXT", mechanism, password)));
            checks.add("tls/" + mechanism, () -> roundTrip("tls-" + mechanism, login("SASL_SSL", mechanism, password)));
        }
        checks.add("wrong", SecureClient::wrong).run();
    }

    private static void wrong() throws Exception {
        for (var mechanism : MECHANISMS.subList(0, 3))
            for (var protocol : List.of("SASL_PLAINTEXT", "SASL_SSL")) {
                try {
                    roundTrip("wrong", login(protocol, mechanism, "wrong-hush-6b"));
                } catch (ExecutionException refused) {
                    Checks.holds(refused.getCause() instanceof AuthenticationException, mechanism + ": " + refused);
                    continue;
                }
                Checks.holds(false, mechanism + ": a wrong password gets in");
            }
    }

    /** The settings of a listener, whose address stands in the environment under its name. */
    private static Map<String, Object> with(String listener, boolean tls) {
        var all = new HashMap<String, Object>();
        all.put("bootstrap.servers", System.getenv(listener));
        all.put("security.protocol", listener.equals("MTLS") ? "SSL" : listener);
        all.put("max.block.ms", "10000");
        if (tls) {
            all.put("ssl.truststore.type", "PEM");
            all.put("ssl.truststore.location", Path.of(STORES, "ca.pem").toString());
        }
        return all;
    }

    private static Map<String, Object> withCertificate() {
        var all = with("MTLS", true);
        all.put("ssl.keystore.type", "PEM");
        all.put("ssl.keystore.location", Path.of(STORES, "client.store.pem").toString());
        return all;
    }

    private static Map<String, Object> login(String listener, String mechanism, String password) {
        var all = with(listener, listener.endsWith("SSL"));
        var user = " required username=\"alice\" password=\"" + password + "\";";
        all.put("sasl.mechanism", mechanism);
        all.put("sasl.jaas.config", switch (mechanism) {
            case "PLAIN" -> PACKAGE + "plain.PlainLoginModule" + user;
            case "OAUTHBEARER" ->
                PACKAGE + "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"alice\";";
            default -> PACKAGE + "scram.ScramLoginModule" + user;
        });
        return all;
    }

    private static void roundTrip(String way, Map<String, Object> settings) throws Exception {
        var topic = "java-" + way;
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, "k", "v")).get();
        }
        settings.put("auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream().map(it -> new TopicPartition(topic, it.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Checks.until("the record", () -> {
                for (var record : consumer.poll(Duration.ofMillis(200)))
                    return record.key().equals("k") && record.value().equals("v");
                return false;
            });
        }
    }
}
