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
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.resource.*;
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
            case "page" -> page(request);
            case "group" -> group(request);
            case "join" -> Member.join(request);
            case "seen" -> Member.of(request).seen();
            case "leave" -> Member.of(request).leave();
            case "describe" -> describe(request);
            case "downgrade" -> downgrade(request);
            case "ends" -> ends(request);
            case "configs" -> configs(request);
            case "commit" -> commit(request);
            case "committed" -> committed(request);
            case "allow" -> allow(request);
            case "token" -> token(request);
            case "password" -> password(request);
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
        try (var producer = new KafkaProducer<>(config(request), new ByteArraySerializer(), new ByteArraySerializer())) {
            return sent(producer, request.get("records"));
        }
    }

    /** Sends them and waits for all: where each lies. */
    static ArrayNode sent(Producer<byte[], byte[]> producer, JsonNode records) throws Exception {
        var sent = new ArrayList<Future<RecordMetadata>>();
        for (JsonNode it : records) sent.add(producer.send(record(it)));
        producer.flush();
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
        ArrayNode out = JSON.createArrayNode();
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            for (JsonNode it : request.get("transactions")) {
                producer.beginTransaction();
                // All at once, since an abort drops what has not left yet.
                out.add(sent(producer, it.get("records")));
                if (it.hasNonNull("offsets")) {
                    JsonNode given = it.get("offsets");
                    producer.sendOffsetsToTransaction(offsets(given), new ConsumerGroupMetadata(given.get("group").asText()));
                }
                if (it.path("rival").asBoolean()) {
                    try (var rival = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
                        rival.initTransactions();
                    }
                }
                if (it.get("commit").asBoolean()) producer.commitTransaction();
                else producer.abortTransaction();
            }
        }
        return out;
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

    /** Some `limit` records of a partition from offset `from` on, where the next ones begin, and where it ends. */
    static JsonNode page(JsonNode request) {
        Properties config = config(request);
        int limit = request.get("limit").asInt();
        config.put("auto.offset.reset", "none");
        config.put("enable.auto.commit", "false");
        config.put("max.poll.records", String.valueOf(limit));
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        ObjectNode out = JSON.createObjectNode();
        ArrayNode records = out.putArray("records");
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partition = new TopicPartition(request.get("topic").asText(), request.get("partition").asInt());
            consumer.assign(List.of(partition));
            consumer.seek(partition, request.get("from").asLong());
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (records.size() < limit && consumer.position(partition) < end) {
                if (System.nanoTime() > deadline) throw new IllegalStateException("60 s over, " + records.size() + " records read");
                for (var record : consumer.poll(Duration.ofMillis(200))) records.add(view(record));
            }
            return out.put("next", consumer.position(partition)).put("end", end);
        }
    }

    /**
     * The life of a group: one member has all partitions, a second joins and they share, they read all `count`
     * records there are, each commits what it has read, the second leaves and the first has all again.
     */
    static JsonNode group(JsonNode request) throws Exception {
        Properties config = config(request);
        config.put("group.id", request.get("group").asText());
        config.put("auto.offset.reset", "earliest");
        config.putIfAbsent("enable.auto.commit", "false");
        var topic = List.of(request.get("topic").asText());
        int partitions = request.get("partitions").asInt(), count = request.get("count").asInt();
        ObjectNode out = JSON.createObjectNode();
        var values = new ArrayList<String>();
        try (var first = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            first.subscribe(topic);
            until("the first has all", () -> first.assignment().size() == partitions, List.of(first), values);
            out.set("alone", assignment(first));
            try (var second = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                second.subscribe(topic);
                var both = List.of(first, second);
                until("they share", () -> !second.assignment().isEmpty()
                    && first.assignment().size() + second.assignment().size() == partitions, both, values);
                out.putArray("shared").add(assignment(first)).add(assignment(second));
                // What the first read before it shared was not committed, so it may come again.
                until("all is read", () -> read(first) + read(second) >= count, both, values);
                first.commitSync();
                second.commitSync();
            }
            until("the first has all again", () -> first.assignment().size() == partitions, List.of(first), values);
            out.set("again", assignment(first));
        }
        ArrayNode read = out.putArray("values");
        values.stream().sorted().forEach(read::add);
        return out;
    }

    /** A member of a group that lives on a thread of its own, and commits what it gives up. */
    static final class Member extends Thread {
        static final Map<String, Member> ALL = new ConcurrentHashMap<>();
        final KafkaConsumer<byte[], byte[]> consumer;
        final Set<Integer> has = new ConcurrentSkipListSet<>();
        final Queue<ConsumerRecord<byte[], byte[]>> read = new ConcurrentLinkedQueue<>();
        volatile boolean leaves;
        volatile Throwable failure;

        Member(Properties config, String topic) {
            consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
            consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                public void onPartitionsAssigned(Collection<TopicPartition> given) {
                    given.forEach(it -> has.add(it.partition()));
                }

                public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                    consumer.commitSync();
                    revoked.forEach(it -> has.remove(it.partition()));
                }

                public void onPartitionsLost(Collection<TopicPartition> lost) {
                    failure = new IllegalStateException("lost " + lost);
                }
            });
        }

        /** name, group, topic */
        static JsonNode join(JsonNode request) {
            Properties config = config(request);
            config.put("group.id", request.get("group").asText());
            config.put("auto.offset.reset", "earliest");
            config.put("enable.auto.commit", "false");
            var member = new Member(config, request.get("topic").asText());
            ALL.put(request.get("name").asText(), member);
            member.start();
            return JSON.createObjectNode();
        }

        static Member of(JsonNode request) {
            return ALL.get(request.get("name").asText());
        }

        @Override public void run() {
            try (consumer) {
                while (!leaves) for (var record : consumer.poll(Duration.ofMillis(50))) read.add(record);
            } catch (Throwable e) {
                failure = e;
            }
        }

        /** What it has, and what it has read: partition and value. */
        JsonNode seen() throws Exception {
            if (failure != null) throw new ExecutionException(failure);
            ObjectNode out = JSON.createObjectNode();
            ArrayNode partitions = out.putArray("has"), records = out.putArray("read");
            has.forEach(partitions::add);
            for (var record : read) records.addArray().add(record.partition()).add(hex(record.value()));
            return out;
        }

        JsonNode leave() throws Exception {
            leaves = true;
            join();
            return seen();
        }
    }

    /** Polls the members in turn until it holds. */
    static void until(String what, Callable<Boolean> holds, List<KafkaConsumer<byte[], byte[]>> members, List<String> values) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (!holds.call()) {
            if (System.nanoTime() > deadline) throw new TimeoutException("40 s over, and not yet: " + what);
            for (var member : members)
                for (var record : member.poll(Duration.ofMillis(50))) values.add(hex(record.value()));
        }
    }

    /** How many records lie before it in the partitions it has. */
    static long read(Consumer<?, ?> consumer) {
        return consumer.assignment().stream().mapToLong(consumer::position).sum();
    }

    static ArrayNode assignment(Consumer<?, ?> consumer) {
        ArrayNode out = JSON.createArrayNode();
        consumer.assignment().stream().map(TopicPartition::partition).sorted().forEach(out::add);
        return out;
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

    /** Registered brokers, all partitions, and by how many ms each controller is behind. */
    static JsonNode describe(JsonNode request) throws Exception {
        try (Admin admin = Admin.create(config(request))) {
            ObjectNode out = JSON.createObjectNode();
            ids(admin.describeCluster().nodes().get(), out.putArray("brokers"));
            var names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
            ArrayNode partitions = out.putArray("partitions");
            for (var topic : admin.describeTopics(names).allTopicNames().get().values())
                for (var it : topic.partitions()) {
                    ObjectNode one = partitions.addObject().put("topic", topic.name()).put("partition", it.partition());
                    if (it.leader() != null && !it.leader().isEmpty()) one.put("leader", it.leader().id());
                    ids(it.replicas(), one.putArray("replicas"));
                    ids(it.isr(), one.putArray("in_sync"));
                }
            ArrayNode voters = out.putArray("voters");
            var quorum = admin.describeMetadataQuorum().quorumInfo().get();
            for (var it : quorum.voters()) {
                long behind = System.currentTimeMillis() - it.lastCaughtUpTimestamp().orElse(0);
                voters.addObject().put("id", it.replicaId()).put("behind", it.replicaId() == quorum.leaderId() ? 0 : Math.max(0, behind));
            }
            return out;
        }
    }

    static void ids(Collection<org.apache.kafka.common.Node> nodes, ArrayNode out) {
        nodes.forEach(it -> out.add(it.id()));
    }

    static JsonNode downgrade(JsonNode request) throws Exception {
        var update = new FeatureUpdate((short) request.get("level").asInt(), FeatureUpdate.UpgradeType.SAFE_DOWNGRADE);
        try (Admin admin = Admin.create(config(request))) {
            admin.updateFeatures(Map.of(request.get("feature").asText(), update), new UpdateFeaturesOptions()).all().get();
            return null;
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

    /** resource_type, name, principal, operation: an ACL that allows it from everywhere. */
    static JsonNode allow(JsonNode request) throws Exception {
        var resource = new ResourcePattern(
            ResourceType.fromString(request.get("resource_type").asText()), request.get("name").asText(), PatternType.LITERAL);
        var entry = new AccessControlEntry(request.get("principal").asText(), "*",
            AclOperation.fromString(request.get("operation").asText()), AclPermissionType.ALLOW);
        try (Admin admin = Admin.create(config(request))) {
            admin.createAcls(List.of(new AclBinding(resource, entry))).all().get();
            return null;
        }
    }

    /** A delegation token for who is logged in by the config. */
    static JsonNode token(JsonNode request) throws Exception {
        try (Admin admin = Admin.create(config(request))) {
            var token = admin.createDelegationToken().delegationToken().get();
            return JSON.createObjectNode().put("id", token.tokenInfo().tokenId()).put("hmac", token.hmacAsBase64String());
        }
    }

    /** mechanism, user, password */
    static JsonNode password(JsonNode request) throws Exception {
        var mechanism = ScramMechanism.fromMechanismName(request.get("mechanism").asText());
        var info = new ScramCredentialInfo(mechanism, 4096);
        try (Admin admin = Admin.create(config(request))) {
            admin.alterUserScramCredentials(List.of(
                new UserScramCredentialUpsertion(request.get("user").asText(), info, request.get("password").asText()))).all().get();
            return null;
        }
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
