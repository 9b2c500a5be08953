// The Java client's member of a group: the loop of ../consume/src/main.rs.
//
//   java -cp … Consume.java ADDRESS TOPIC RECORDS PROTOCOL
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Consume {
    /** The JIT has compiled what there is to compile by the last of them. */
    static final int ROUNDS = 6;

    public static void main(String[] args) {
        for (int round = 0; round < ROUNDS; round++) {
            run(args, round);
        }
    }

    static void run(String[] args, int round) {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("group.id", "java-" + args[3] + "-" + ProcessHandle.current().pid() + "-" + round);
        config.put("group.protocol", args[3]);
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        // As many as there are: a poll hands out 500 otherwise.
        config.put("max.poll.records", "100000");
        config.put("key.deserializer", ByteArrayDeserializer.class.getName());
        config.put("value.deserializer", ByteArrayDeserializer.class.getName());
        long records = Long.parseLong(args[2]), seen = 0, before = 0, bytes = 0, wall = 0, cpu = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
            consumer.subscribe(List.of(args[1]));
            while (seen < records) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    bytes += (record.key() == null ? 0 : record.key().length) + record.value().length;
                    seen++;
                }
                if (seen > 0 && wall == 0) {
                    wall = System.nanoTime();
                    cpu = cpu();
                    before = seen;
                }
            }
            wall = System.nanoTime() - wall;
            cpu = cpu() - cpu;
        }
        if (round == ROUNDS - 1 && bytes > 0) {
            System.out.printf("{\"client\":\"java\",\"wall_ns\":%.1f,\"cpu_ns\":%.1f}%n",
                (double) wall / (seen - before), (double) cpu / (seen - before));
        }
    }

    static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
