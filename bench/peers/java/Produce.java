// The Java client's producer: the loop of client/benches/produce/load.rs, a callback a record.
//
//   java -cp … Produce.java ADDRESS TOPIC KEYED(0|1) VALUE_BYTES BATCH_BYTES RECORDS RUNS
//   CA=ca.pem java …        over TLS
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Produce {
    public static void main(String[] args) {
        boolean keyed = args[2].equals("1");
        int length = Integer.parseInt(args[3]), runs = Integer.parseInt(args[6]);
        long records = Long.parseLong(args[5]);
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("linger.ms", "5");
        config.put("batch.size", args[4]);
        config.put("max.request.size", "1100000");
        config.put("key.serializer", ByteArraySerializer.class.getName());
        config.put("value.serializer", ByteArraySerializer.class.getName());
        if (System.getenv("CA") != null) {
            config.put("security.protocol", "SSL");
            config.put("ssl.truststore.type", "PEM");
            config.put("ssl.truststore.location", System.getenv("CA"));
        }
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config)) {
            // Once for the compiler.
            drive(producer, args[1], keyed, length, records);
            for (int run = 0; run < runs; run++) {
                long wall = System.nanoTime(), cpu = cpu();
                drive(producer, args[1], keyed, length, records);
                System.out.printf(
                    "{\"client\":\"java\",\"keyed\":%d,\"value_bytes\":%d,\"batch_size\":%s,\"topic\":\"%s\",\"wall_ns\":%.1f,\"cpu_ns\":%.1f}%n",
                    keyed ? 1 : 0, length, args[4], args[1],
                    (double) (System.nanoTime() - wall) / records, (double) (cpu() - cpu) / records);
            }
        }
    }

    static void drive(KafkaProducer<byte[], byte[]> producer, String topic, boolean keyed, int length, long records) {
        AtomicLong delivered = new AtomicLong();
        for (long i = 0; i < records; i++) {
            byte[] value = new byte[length];
            ByteBuffer.wrap(value).putLong(i);
            byte[] key = keyed ? new byte[16] : null;
            if (keyed) ByteBuffer.wrap(key).putLong(8, i * 0x9e3779b97f4a7c15L >>> 44);
            producer.send(new ProducerRecord<>(topic, key, value), (metadata, error) -> {
                if (error == null) delivered.incrementAndGet();
            });
        }
        producer.flush();
        if (delivered.get() != records) throw new IllegalStateException(delivered + " delivered of " + records);
    }

    static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
