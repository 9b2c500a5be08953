import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

/**
 * Apache's own client as a servant of the tests: a JSON request per line in, a JSON answer per line out.
 * {"do": what, "config": {client properties}, …} gives {"ok": answer} or {"error": chain of causes}.
 * It ends when its input does, so it cannot outlive the test that started it.
 */
public class Client {
    static final ObjectMapper JSON = new ObjectMapper();
    static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        var worker = Executors.newSingleThreadExecutor();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            JsonNode request = JSON.readTree(line);
            worker.submit(() -> answer(request));
        }
        Runtime.getRuntime().halt(0);
    }

    static void answer(JsonNode request) {
        ObjectNode answer = JSON.createObjectNode();
        try {
            answer.set("ok", run(request));
        } catch (Throwable e) {
            answer.put("error", sentence(e));
        }
        byte[] line = (answer + "\n").getBytes(StandardCharsets.UTF_8);
        System.out.write(line, 0, line.length);
        System.out.flush();
    }

    static String sentence(Throwable e) {
        var out = new StringJoiner("; because ");
        for (; e != null; e = e.getCause()) out.add(e.toString());
        return out.toString();
    }

    static JsonNode run(JsonNode request) throws Exception {
        return switch (request.get("do").asText()) {
            case "create" -> create(request);
            case "produce" -> produce(request);
            case "transact" -> transact(request);
            case "consume" -> consume(request);
            case "subscribe" -> subscribe(request);
            case "ends" -> ends(request);
            case "configs" -> configs(request);
            case "commit" -> commit(request);
            case "committed" -> committed(request);
            default -> throw new IllegalArgumentException("no command " + request.get("do"));
        };
    }

    static Properties config(JsonNode request) {
        Properties out = new Properties();
        request.get("config").properties().forEach(it -> out.put(it.getKey(), it.getValue().asText()));
        return out;
    }

    /** topics: [{name, partitions, replication, configs}] */
    static JsonNode create(JsonNode request) throws Exception {
        var topics = new ArrayList<NewTopic>();
        for (JsonNode it : request.get("topics")) {
            var configs = new HashMap<String, String>();
            it.get("configs").properties().forEach(c -> configs.put(c.getKey(), c.getValue().asText()));
            topics.add(new NewTopic(it.get("name").asText(), it.get("partitions").asInt(), (short) it.get("replication").asInt())
                .configs(configs));
        }
        try (Admin admin = Admin.create(config(request))) {
            admin.createTopics(topics).all().get();
            return null;
        }
    }

    /** records: as `record` wants them, sent in order. */
    static JsonNode produce(JsonNode request) throws Exception {
        var sent = new ArrayList<Future<RecordMetadata>>();
        try (var producer = new KafkaProducer<>(config(request), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (JsonNode it : request.get("records")) sent.add(producer.send(record(it)));
            producer.flush();
        }
        ArrayNode out = JSON.createArrayNode();
        for (var it : sent) {
            RecordMetadata m = it.get();
            out.addObject().put("partition", m.partition()).put("offset", m.offset()).put("timestamp", m.timestamp());
        }
        return out;
    }

    /**
     * transactions: [{records, offsets?: {group, offsets}, commit, rival?}], one after the other by one producer.
     * With `rival` another producer takes the transactional id over before the end.
     */
    static JsonNode transact(JsonNode request) throws Exception {
        Properties config = config(request);
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            for (JsonNode it : request.get("transactions")) {
                producer.beginTransaction();
                for (JsonNode record : it.get("records")) producer.send(record(record));
                if (it.hasNonNull("offsets")) {
                    JsonNode given = it.get("offsets");
                    producer.sendOffsetsToTransaction(offsets(given), new ConsumerGroupMetadata(given.get("group").asText()));
                }
                // An abort drops what has not left yet.
                producer.flush();
                if (it.path("rival").asBoolean()) {
                    try (var rival = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
                        rival.initTransactions();
                    }
                }
                if (it.get("commit").asBoolean()) producer.commitTransaction();
                else producer.abortTransaction();
            }
        }
        return null;
    }

    /** {topic, partition?, timestamp?, key, value, headers: [[name, value]]} */
    static ProducerRecord<byte[], byte[]> record(JsonNode it) {
        Integer partition = it.hasNonNull("partition") ? (Integer) it.get("partition").asInt() : null;
        Long timestamp = it.hasNonNull("timestamp") ? (Long) it.get("timestamp").asLong() : null;
        var record = new ProducerRecord<>(it.get("topic").asText(), partition, timestamp, bytes(it.get("key")), bytes(it.get("value")));
        for (JsonNode h : it.get("headers")) record.headers().add(h.get(0).asText(), bytes(h.get(1)));
        return record;
    }

    /** All records of a topic up to its end, or up to `count` records if that is given: those are waited for. */
    static JsonNode consume(JsonNode request) throws Exception {
        Properties config = config(request);
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        config.put("max.poll.records", "100000");
        int count = request.path("count").asInt(0);
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        ArrayNode out = JSON.createArrayNode();
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = partitions(consumer, request.get("topic").asText());
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (count > 0 ? out.size() < count : !reached(consumer, ends)) {
                if (System.nanoTime() > deadline) throw new TimeoutException("60 s over, " + out.size() + " records read");
                for (var record : consumer.poll(Duration.ofMillis(200))) out.add(view(record));
            }
        }
        return out;
    }

    /** Joins a group and polls until something came or failed. */
    static JsonNode subscribe(JsonNode request) throws Exception {
        Properties config = config(request);
        config.put("group.id", request.get("group").asText());
        config.put("auto.offset.reset", "earliest");
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(request.get("topic").asText()));
            while (consumer.poll(Duration.ofMillis(200)).isEmpty())
                if (System.nanoTime() > deadline) throw new TimeoutException("20 s over, nothing came and nothing failed");
        }
        return null;
    }

    static List<TopicPartition> partitions(Consumer<?, ?> consumer, String topic) {
        return consumer.partitionsFor(topic).stream().map(it -> new TopicPartition(topic, it.partition()))
            .sorted(Comparator.comparingInt(TopicPartition::partition)).toList();
    }

    static boolean reached(Consumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream().allMatch(it -> consumer.position(it.getKey()) >= it.getValue());
    }

    static ObjectNode view(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode out = JSON.createObjectNode().put("topic", record.topic()).put("partition", record.partition())
            .put("offset", record.offset()).put("timestamp", record.timestamp()).put("timestamp_type", record.timestampType().toString())
            .put("key", hex(record.key())).put("value", hex(record.value()));
        ArrayNode headers = out.putArray("headers");
        for (Header it : record.headers()) headers.addArray().add(it.key()).add(hex(it.value()));
        return out;
    }

    /** The end offset of each partition, in order. */
    static JsonNode ends(JsonNode request) {
        try (var consumer = new KafkaConsumer<>(config(request), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = partitions(consumer, request.get("topic").asText());
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            ArrayNode out = JSON.createArrayNode();
            partitions.forEach(it -> out.add(ends.get(it)));
            return out;
        }
    }

    /** The configuration of a topic. */
    static JsonNode configs(JsonNode request) throws Exception {
        var topic = new org.apache.kafka.common.config.ConfigResource(
            org.apache.kafka.common.config.ConfigResource.Type.TOPIC, request.get("topic").asText());
        try (Admin admin = Admin.create(config(request))) {
            ObjectNode out = JSON.createObjectNode();
            admin.describeConfigs(List.of(topic)).all().get().get(topic).entries().forEach(it -> out.put(it.name(), it.value()));
            return out;
        }
    }

    /** group, offsets: [{topic, partition, offset, metadata}] */
    static JsonNode commit(JsonNode request) throws Exception {
        try (Admin admin = Admin.create(config(request))) {
            admin.alterConsumerGroupOffsets(request.get("group").asText(), offsets(request)).all().get();
            return null;
        }
    }

    /** offsets: [{topic, partition, offset, metadata}] */
    static Map<TopicPartition, OffsetAndMetadata> offsets(JsonNode given) {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (JsonNode it : given.get("offsets"))
            offsets.put(new TopicPartition(it.get("topic").asText(), it.get("partition").asInt()),
                new OffsetAndMetadata(it.get("offset").asLong(), it.path("metadata").asText("")));
        return offsets;
    }

    /** What a group has committed. */
    static JsonNode committed(JsonNode request) throws Exception {
        try (Admin admin = Admin.create(config(request))) {
            ArrayNode out = JSON.createArrayNode();
            var offsets = admin.listConsumerGroupOffsets(request.get("group").asText()).partitionsToOffsetAndMetadata().get();
            offsets.forEach((tp, it) -> {
                if (it == null) return;
                ObjectNode one = out.addObject().put("topic", tp.topic()).put("partition", tp.partition())
                    .put("offset", it.offset()).put("metadata", it.metadata());
                it.leaderEpoch().ifPresent(epoch -> one.put("leader_epoch", epoch));
            });
            return out;
        }
    }

    static byte[] bytes(JsonNode hex) {
        return hex == null || hex.isNull() ? null : HEX.parseHex(hex.asText());
    }

    static String hex(byte[] bytes) {
        return bytes == null ? null : HEX.formatHex(bytes);
    }
}
