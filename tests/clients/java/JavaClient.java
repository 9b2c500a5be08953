import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.serialization.*;

/** The Java client: every capability, a function each. */
public final class JavaClient {
    public static void main(String[] args) {
        new Checks().add("produce", JavaClient::produce).add("codecs", JavaClient::codecs).add("acks0", JavaClient::acks0)
            .add("assign", JavaClient::assign).add("group", JavaClient::group).add("pattern", JavaClient::pattern)
            .add("transactions", JavaClient::transactions).add("admin", JavaClient::admin).run();
    }

    private static Map<String, Object> with(String... settings) {
        var all = new HashMap<String, Object>(Map.of("bootstrap.servers", Checks.BOOTSTRAP));
        for (int at = 0; at < settings.length; at += 2) all.put(settings[at], settings[at + 1]);
        return all;
    }

    private static KafkaProducer<String, String> producer(String... settings) {
        return new KafkaProducer<>(with(settings), new StringSerializer(), new StringSerializer());
    }

    private static KafkaConsumer<String, String> consumer(String... settings) {
        var all = with(settings);
        all.put("auto.offset.reset", "earliest");
        all.put("enable.auto.commit", "false");
        all.put("heartbeat.interval.ms", "300");
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    private static void send(KafkaProducer<String, String> to, String topic, List<String> lines) throws Exception {
        var sent = new ArrayList<java.util.concurrent.Future<RecordMetadata>>();
        for (var line : lines) {
            var pair = line.split("\t", 2);
            sent.add(to.send(new ProducerRecord<>(topic, pair[0], pair[1])));
        }
        to.flush();
        for (var each : sent) each.get();
    }

    private static void sendOnce(String topic, List<String> lines, String... settings) throws Exception {
        try (var producer = producer(settings)) {
            send(producer, topic, lines);
        }
    }

    private static List<TopicPartition> partitions(String topic) {
        return IntStream.range(0, 4).mapToObj(index -> new TopicPartition(topic, index)).toList();
    }

    /** A consumer that was given every partition of the topic by hand. */
    private static KafkaConsumer<String, String> assigned(String topic, String... settings) {
        var it = consumer(settings);
        it.assign(partitions(topic));
        it.seekToBeginning(partitions(topic));
        return it;
    }

    private static List<String> poll(Consumer<String, String> it, int ms) {
        var lines = new ArrayList<String>();
        it.poll(Duration.ofMillis(ms)).forEach(record -> lines.add(record.key() + "\t" + record.value()));
        return lines;
    }

    /** So many records, and not one more that would come soon. */
    private static List<String> read(Consumer<String, String> it, int count) throws Exception {
        var got = new ArrayList<String>();
        Checks.until(count + " records", () -> {
            got.addAll(poll(it, 500));
            return got.size() >= count;
        });
        got.addAll(poll(it, 300));
        it.close();
        Checks.holds(got.size() == count, got.size() + " records instead of " + count);
        return got;
    }

    private static void produce() throws Exception {
        sendOnce("produce", Checks.RECORDS);
        sendOnce("produce", Checks.RECORDS, "acks", "1", "enable.idempotence", "false");
        Checks.same(read(assigned("produce"), 2 * Checks.RECORDS.size()), Checks.twice(Checks.RECORDS));
    }

    private static void codecs() throws Exception {
        for (var codec : Checks.CODECS) {
            sendOnce("theirs-" + codec, Checks.RECORDS, "compression.type", codec, "linger.ms", "50");
            for (var topic : List.of("theirs-" + codec, "ours-" + codec)) {
                Checks.same(read(assigned(topic), Checks.RECORDS.size()), Checks.RECORDS);
            }
        }
    }

    private static void acks0() throws Exception {
        var lines = Checks.numbers(2000, "acks 0");
        sendOnce("acks-0", lines, "acks", "0", "enable.idempotence", "false");
        Checks.same(read(assigned("acks-0"), 2000), lines);
    }

    private static void assign() throws Exception {
        sendOnce("assign", Checks.RECORDS);
        var it = assigned("assign");
        var ends = it.endOffsets(partitions("assign"));
        long count = ends.values().stream().mapToLong(end -> end).sum();
        Checks.holds(count == Checks.RECORDS.size(), "ends: " + ends);
        var asked = new HashMap<TopicPartition, Long>();
        partitions("assign").forEach(each -> asked.put(each, 1L));
        it.offsetsForTimes(asked).values().forEach(found -> Checks.holds(found.offset() == 0, "the first since 1970"));
        ends.forEach((each, end) -> it.seek(each, end - 1));
        read(it, 4);
    }

    private static void group() throws Exception {
        sendOnce("group", Checks.RECORDS);
        var one = consumer("group.id", "g");
        var two = consumer("group.id", "g");
        one.subscribe(List.of("group"));
        two.subscribe(List.of("group"));
        var got = new ArrayList<String>();
        Checks.until("two partitions for each of two members", () -> {
            got.addAll(poll(one, 100));
            got.addAll(poll(two, 100));
            return one.assignment().size() == 2 && two.assignment().size() == 2 && got.size() >= Checks.RECORDS.size();
        });
        two.close();
        Checks.until("all partitions for who stayed", () -> {
            poll(one, 100);
            return one.assignment().size() == 4;
        });
        var ends = new HashMap<TopicPartition, OffsetAndMetadata>();
        one.endOffsets(partitions("group")).forEach((each, end) -> ends.put(each, new OffsetAndMetadata(end)));
        one.commitSync(ends);
        one.close();
        sendOnce("group", List.of("late\tlate"));
        var three = consumer("group.id", "g");
        three.subscribe(List.of("group"));
        Checks.same(read(three, 1), List.of("late\tlate"));
    }

    private static void pattern() throws Exception {
        for (var topic : List.of("pattern-1", "pattern-2", "other")) sendOnce(topic, List.of("k\t" + topic));
        var it = consumer("group.id", "p");
        it.subscribe(Pattern.compile("^pattern-.*"));
        Checks.same(read(it, 2), List.of("k\tpattern-1", "k\tpattern-2"));
    }

    private static void transactions() throws Exception {
        var position = new TopicPartition("group", 0);
        try (var producer = producer("transactional.id", "t"); var member = consumer("group.id", "t")) {
            member.subscribe(List.of("group"));
            Checks.until("a member", () -> !poll(member, 100).isEmpty());
            producer.initTransactions();
            for (boolean commits : List.of(false, true)) {
                producer.beginTransaction();
                send(producer, "transactions", Checks.numbers(10, commits ? "committed" : "aborted"));
                var offset = new OffsetAndMetadata(commits ? 7 : 3);
                producer.sendOffsetsToTransaction(Map.of(position, offset), member.groupMetadata());
                if (commits) producer.commitTransaction(); else producer.abortTransaction();
            }
            Checks.holds(member.committed(Set.of(position)).get(position).offset() == 7, "the offset committed");
        }
        var committed = assigned("transactions", "isolation.level", "read_committed");
        Checks.same(read(committed, 10), Checks.numbers(10, "committed"));
        read(assigned("transactions"), 20);
    }

    private static void admin() throws Exception {
        try (var admin = Admin.create(with())) {
            var topic = new NewTopic("admin", 2, (short) 1).configs(Map.of("retention.ms", "1000000"));
            admin.createTopics(List.of(topic)).all().get();
            Checks.holds(setting(admin).equals("1000000"), "retention.ms of a new topic");
            var change = new AlterConfigOp(new ConfigEntry("retention.ms", "2000000"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(RESOURCE, List.of(change))).all().get();
            Checks.holds(setting(admin).equals("2000000"), "retention.ms altered");
            admin.createPartitions(Map.of("admin", NewPartitions.increaseTo(4))).all().get();
            var described = admin.describeTopics(List.of("admin")).allTopicNames().get().get("admin");
            Checks.holds(described.partitions().size() == 4, "partitions created");
            sendOnce("admin", Checks.RECORDS);
            admin.deleteRecords(Map.of(new TopicPartition("admin", 0), RecordsToDelete.beforeOffset(-1))).all().get();
            Checks.holds(admin.listTopics().names().get().containsAll(List.of("admin", "ours-gzip")), "topics listed");
            var nodes = admin.describeCluster().nodes().get();
            admin.describeLogDirs(nodes.stream().map(Node::id).toList()).allDescriptions().get();
            electAndReassign(admin);
            groups(admin);
            refused(admin.describeAcls(AclBindingFilter.ANY).values(), SecurityDisabledException.class);
            admin.deleteTopics(List.of("admin")).all().get();
            Checks.until("the topic gone", () -> !admin.listTopics().names().get().contains("admin"));
        }
    }

    private static final ConfigResource RESOURCE = new ConfigResource(ConfigResource.Type.TOPIC, "admin");

    private static String setting(Admin admin) throws Exception {
        return admin.describeConfigs(List.of(RESOURCE)).all().get().get(RESOURCE).get("retention.ms").value();
    }

    private static void electAndReassign(Admin admin) throws Exception {
        var partition = new TopicPartition("admin", 0);
        var elected = admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions().get().get(partition);
        Checks.holds(elected.isEmpty() || elected.get().toString().contains("ElectionNotNeeded"), "elected: " + elected);
        var nowhere = Optional.of(new NewPartitionReassignment(Arrays.asList(99)));
        var refused = admin.alterPartitionReassignments(Map.of(partition, nowhere));
        refused(refused.all(), org.apache.kafka.common.errors.InvalidReplicaAssignmentException.class);
    }

    private static void refused(KafkaFuture<?> future, Class<?> why) throws Exception {
        try {
            future.get();
        } catch (ExecutionException error) {
            Checks.holds(why.isInstance(error.getCause()), "refused otherwise: " + error.getCause());
            return;
        }
        Checks.holds(false, "not refused: " + why.getSimpleName());
    }

    private static void groups(Admin admin) throws Exception {
        var position = new TopicPartition("ours-none", 0);
        try (var member = consumer("group.id", "a")) {
            member.subscribe(List.of("ours-none"));
            Checks.until("an assignment", () -> poll(member, 100) != null && member.assignment().size() == 4);
            member.commitSync(Map.of(position, new OffsetAndMetadata(1)));
            var listed = admin.listGroups().all().get().stream().anyMatch(it -> it.groupId().equals("a"));
            Checks.holds(listed, "the group is listed");
            var group = admin.describeConsumerGroups(List.of("a")).all().get().get("a");
            Checks.holds(group.members().size() == 1, "one member of the group");
        }
        var kept = admin.listConsumerGroupOffsets("a").partitionsToOffsetAndMetadata().get();
        Checks.holds(kept.get(position).offset() == 1, "the offset committed");
        admin.deleteConsumerGroups(List.of("a")).all().get();
    }
}
