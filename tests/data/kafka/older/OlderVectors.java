import static org.apache.kafka.common.record.RecordBatch.MAGIC_VALUE_V0;
import static org.apache.kafka.common.record.RecordBatch.MAGIC_VALUE_V1;
import static org.apache.kafka.common.record.RecordBatch.MAGIC_VALUE_V2;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.TimestampType;

/**
 * Golden vectors of the message versions that kafka-clients 3.9 has and Kafka 4.4 has not.
 *
 * <p>Usage: java -cp 'lib/*' OlderVectors.java API_VERSIONS_JSON_GZ OUT. README.md beside this file says more.
 */
public class OlderVectors {
    static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    static final ObjectMapper MAPPER = JsonMapper.builder().enable(JsonParser.Feature.ALLOW_COMMENTS).build();
    static final List<String> DIRECTIONS = List.of("request", "response");
    static final int LONG = 130;
    static final int MUTATIONS = 10;

    public static void main(String[] args) throws Exception {
        Path out = Path.of(args[1]);
        Files.createDirectories(out);
        Map<Integer, Integer> minimums = minimums(Path.of(args[0]));
        Map<String, JsonNode> schemas = schemas();

        try (BufferedWriter lines = Files.newBufferedWriter(out.resolve("schema_3_9.jsonl"))) {
            for (JsonNode schema : schemas.values()) line(lines, withoutAbout(schema));
        }

        TreeMap<Integer, String> apis = new TreeMap<>();
        schemas.forEach((name, schema) -> {
            if (name.endsWith("Request")) apis.put(schema.get("apiKey").intValue(), name.replaceAll("Request$", ""));
        });
        try (BufferedWriter lines = Files.newBufferedWriter(out.resolve("older.jsonl"));
             BufferedWriter mutated = Files.newBufferedWriter(out.resolve("older_mutated.jsonl"))) {
            System.out.println("| key | API | versions | request lines | response lines | mutated |");
            System.out.println("|---|---|---|---|---|---|");
            for (Map.Entry<Integer, String> api : apis.entrySet()) {
                List<Short> versions = new ArrayList<>();
                JsonNode schema = schemas.get(api.getValue() + "Request");
                int minimum = minimums.get(api.getKey());
                Versions valid = Versions.of(schema.get("validVersions"));
                for (int v = valid.from; v <= valid.to && v < minimum; v++) versions.add((short) v);
                if (versions.isEmpty()) continue;
                List<String> counts = new ArrayList<>();
                int mutations = 0;
                for (String direction : DIRECTIONS) {
                    Message message = new Message(api.getKey(), api.getValue(), direction, schemas);
                    List<Integer> written = new ArrayList<>();
                    for (short version : versions) {
                        boolean highest = version == versions.get(versions.size() - 1);
                        written.add(message.vectors(version, highest, lines));
                    }
                    counts.add(String.join(" + ", written.stream().map(String::valueOf).toList()));
                    mutations += message.mutations(versions, mutated);
                }
                System.out.printf("| %d | %s | %s | %s | %s | %d |%n", api.getKey(), api.getValue(),
                        String.join(", ", versions.stream().map(String::valueOf).toList()),
                        counts.get(0), counts.get(1), mutations);
            }
        }
        System.out.println("\nbatches by magic and compression, mutated lines too: " + Values.WRITTEN);
        System.out.println("skipped: " + Message.SKIPPED);
    }

    /** Kafka 4.4's lowest version of every API key. */
    static Map<Integer, Integer> minimums(Path file) throws IOException {
        Map<Integer, Integer> minimums = new TreeMap<>();
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            for (JsonNode api : MAPPER.readTree(in)) minimums.put(api.get("key").intValue(), api.get("min").intValue());
        }
        return minimums;
    }

    /** The request and response schemas inside kafka-clients, by name, without the keys 4 to 7. */
    static Map<String, JsonNode> schemas() throws Exception {
        URI jar = URI.create("jar:" + ApiMessageType.class.getProtectionDomain().getCodeSource().getLocation());
        Map<String, JsonNode> schemas = new TreeMap<>();
        try (FileSystem files = FileSystems.newFileSystem(jar, Map.of());
             var paths = Files.list(files.getPath("common/message"))) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                if (!path.toString().endsWith(".json")) continue;
                JsonNode schema = MAPPER.readTree(Files.readString(path));
                int key = schema.path("apiKey").asInt(-1);
                if (key < 0 || key >= 4 && key <= 7) continue;
                schemas.put(schema.get("name").textValue(), schema);
            }
        }
        return schemas;
    }

    /** The schema without its prose. */
    static JsonNode withoutAbout(JsonNode node) {
        if (node.isArray()) {
            ArrayNode array = JSON.arrayNode();
            node.forEach(it -> array.add(withoutAbout(it)));
            return array;
        }
        if (!node.isObject()) return node;
        ObjectNode object = JSON.objectNode();
        node.fields().forEachRemaining(it -> {
            if (!it.getKey().equals("about")) object.set(it.getKey(), withoutAbout(it.getValue()));
        });
        return object;
    }

    static void line(BufferedWriter out, JsonNode node) throws IOException {
        out.write(MAPPER.writeValueAsString(node));
        out.write('\n');
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** A source of randomness of its own for every vector: one more vector changes no other. */
    static Random random(Object... of) {
        return new Random(Arrays.toString(of).hashCode() * 0x9E3779B97F4A7C15L);
    }

    /** "none", "3", "2-4" or "2+". */
    record Versions(int from, int to) {
        static Versions of(JsonNode text) {
            String it = text == null ? "none" : text.textValue();
            if (it.equals("none")) return new Versions(0, -1);
            if (it.endsWith("+")) return new Versions(Integer.parseInt(it.replace("+", "")), Short.MAX_VALUE);
            String[] ends = it.split("-");
            return new Versions(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]));
        }

        boolean contains(int version) {
            return from <= version && version <= to;
        }
    }

    enum Kind { DEFAULT, FILLED, FULL, NULLS, LONG }

    /** One API in one direction. */
    static class Message {
        static final List<String> SKIPPED = new ArrayList<>();

        final int key;
        final String api;
        final String direction;
        final JsonNode schema;
        final Class<? extends ApiMessage> type;
        final Class<?> converter;

        @SuppressWarnings("unchecked")
        Message(int key, String api, String direction, Map<String, JsonNode> schemas) throws Exception {
            this.key = key;
            this.api = api;
            this.direction = direction;
            String name = api + (direction.equals("request") ? "Request" : "Response");
            this.schema = schemas.get(name);
            String base = "org.apache.kafka.common.message." + name + "Data";
            this.type = (Class<? extends ApiMessage>) Class.forName(base);
            this.converter = Class.forName(base + "JsonConverter");
        }

        /** Writes every kind of vector of a version and returns how many. */
        int vectors(short version, boolean highest, BufferedWriter out) throws Exception {
            int written = 0;
            for (Kind kind : Kind.values()) {
                if (kind == Kind.LONG && !highest) continue;
                int times = kind == Kind.FILLED ? 3 : 1;
                for (int n = 0; n < times; n++) {
                    try {
                        line(out, vector(version, kind, n));
                        written++;
                    } catch (RuntimeException e) {
                        SKIPPED.add(api + " " + direction + " " + version + " " + kind + ": " + e);
                    }
                }
            }
            return written;
        }

        ObjectNode vector(short version, Kind kind, int n) throws Exception {
            ObjectNode values = values(version, kind, n);
            ApiMessage message = kind == Kind.DEFAULT ? type.getConstructor().newInstance() : fromJson(values, version);
            byte[] bytes = write(message, version);
            check(message, bytes, version);
            ObjectNode json = (ObjectNode) toJson(message, version);
            restoreRecords(schema.get("fields"), values, json);

            ApiMessageType keyed = ApiMessageType.fromApiKey((short) key);
            ObjectNode line = head(version);
            line.put("kind", kind.name().toLowerCase(Locale.ROOT)).put("n", n);
            line.put("flexible", Versions.of(schema.get("flexibleVersions")).contains(version));
            line.put("header_version", direction.equals("request")
                    ? keyed.requestHeaderVersion(version) : keyed.responseHeaderVersion(version));
            line.set("json", json);
            return line.put("hex", hex(bytes));
        }

        ObjectNode values(short version, Kind kind, int n) {
            if (kind == Kind.DEFAULT) return JSON.objectNode();
            Values values = new Values(random(api, direction, version, kind, n), kind, version, magic(version), schema);
            return values.struct(schema.get("fields"), 0);
        }

        /** The record format that clients and brokers use in this version. */
        byte magic(short version) {
            if (!api.equals("Produce") && !api.equals("Fetch")) return MAGIC_VALUE_V2;
            return version < 2 ? MAGIC_VALUE_V0 : MAGIC_VALUE_V1;
        }

        ObjectNode head(short version) {
            ObjectNode head = JSON.objectNode().put("api", api).put("key", key);
            return head.put("direction", direction).put("version", version);
        }

        /** The bytes must read back whole, equal, and to the same bytes and JSON. */
        void check(ApiMessage message, byte[] bytes, short version) throws Exception {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            ApiMessage again = read(buffer, version);
            boolean same = !buffer.hasRemaining() && again.equals(message)
                    && Arrays.equals(write(again, version), bytes)
                    && toJson(again, version).equals(toJson(message, version));
            if (!same) throw new IllegalStateException("not the same when read back");
        }

        /** About ten broken bodies, spread over the versions. */
        int mutations(List<Short> versions, BufferedWriter out) throws Exception {
            int each = (MUTATIONS + versions.size() - 1) / versions.size();
            int written = 0;
            for (short version : versions) {
                for (int i = 0; i < each; i++) {
                    byte[] good = write(fromJson(values(version, Kind.FILLED, i % 3), version), version);
                    line(out, mutation(version, good, i % 4 == 0, random(api, direction, version, "mutated", i)));
                    written++;
                }
            }
            return written;
        }

        ObjectNode mutation(short version, byte[] good, boolean cut, Random random) throws Exception {
            byte[] bad = cut ? Arrays.copyOf(good, random.nextInt(good.length)) : changed(good, random);
            ObjectNode line = head(version).put("name", cut ? "cut" : "bytes changed");
            ByteBuffer buffer = ByteBuffer.wrap(bad);
            try {
                ApiMessage message = read(buffer, version);
                line.put("result", "accepted").put("remaining", buffer.remaining());
                try {
                    line.put("rewritten", hex(write(message, version)));
                } catch (RuntimeException e) {
                    line.put("rewrite_exception", e.getClass().getName());
                }
            } catch (RuntimeException e) {
                line.put("result", "rejected").put("exception", e.getClass().getName());
            }
            return line.put("hex", hex(bad));
        }

        static byte[] changed(byte[] good, Random random) {
            byte[] extremes = {0, 1, 0x7f, (byte) 0x80, (byte) 0xff};
            byte[] bad = good.clone();
            int changes = 1 + random.nextInt(3);
            for (int i = 0; i < changes || Arrays.equals(bad, good); i++) {
                bad[random.nextInt(bad.length)] = random.nextInt(4) == 0
                        ? (byte) random.nextInt(256) : extremes[random.nextInt(extremes.length)];
            }
            return bad;
        }

        byte[] write(ApiMessage message, short version) {
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
            message.write(new ByteBufferAccessor(buffer), cache, version);
            if (buffer.hasRemaining()) throw new IllegalStateException("a size that is not what was written");
            return buffer.array();
        }

        ApiMessage read(ByteBuffer buffer, short version) throws Exception {
            try {
                return type.getConstructor(Readable.class, short.class)
                        .newInstance(new ByteBufferAccessor(buffer), version);
            } catch (InvocationTargetException e) {
                throw unwrapped(e);
            }
        }

        ApiMessage fromJson(JsonNode json, short version) throws Exception {
            try {
                return (ApiMessage) converter.getMethod("read", JsonNode.class, short.class)
                        .invoke(null, json, version);
            } catch (InvocationTargetException e) {
                throw unwrapped(e);
            }
        }

        JsonNode toJson(ApiMessage message, short version) throws Exception {
            try {
                return (JsonNode) converter.getMethod("write", type, short.class, boolean.class)
                        .invoke(null, message, version, true);
            } catch (InvocationTargetException e) {
                throw unwrapped(e);
            }
        }

        static RuntimeException unwrapped(InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) return cause;
            throw new IllegalStateException(e.getCause());
        }

        /** JsonConverter leaves records empty: puts the bytes that were read in their place. */
        void restoreRecords(JsonNode fields, JsonNode from, ObjectNode to) {
            for (JsonNode field : fields) {
                String name = camel(field);
                if (!from.hasNonNull(name)) continue;
                JsonNode nested = nested(schema, field);
                if (field.get("type").textValue().equals("records")) {
                    to.set(name, from.get(name));
                } else if (nested != null && from.get(name).isArray()) {
                    for (int i = 0; i < from.get(name).size(); i++) {
                        restoreRecords(nested, from.get(name).get(i), (ObjectNode) to.get(name).get(i));
                    }
                } else if (nested != null && to.has(name)) {
                    restoreRecords(nested, from.get(name), (ObjectNode) to.get(name));
                }
            }
        }
    }

    static String camel(JsonNode field) {
        String name = field.get("name").textValue();
        return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    /** The fields of the struct (or of the struct in the array), or null of a primitive. */
    static JsonNode nested(JsonNode schema, JsonNode field) {
        if (field.has("fields")) return field.get("fields");
        String type = field.get("type").textValue().replace("[]", "");
        for (JsonNode common : schema.path("commonStructs")) {
            if (common.get("name").textValue().equals(type)) return common.get("fields");
        }
        return null;
    }

    /** Random JSON for one vector. */
    static class Values {
        static final Map<String, Integer> WRITTEN = new TreeMap<>();
        /** Escaped, so that no locale reads this file otherwise: accents, Cyrillic, Japanese, signs, beyond 16 bits. */
        static final String[] WORDS = {
            "", "x", "\u00e9", "orders", "topic-a", "a.b-c_d", "na\u00efve",
            "\u0433\u0440\u0443\u043f\u043f\u0430", "\u65e5\u672c\u8a9e", "\u03a9\u2248\u00e7\u221a",
            "\ud834\udd1e", "\ud83e\udd80 crab", "\0\1"
        };
        static final List<CompressionType> CODECS = List.of(CompressionType.NONE, CompressionType.NONE,
                CompressionType.GZIP, CompressionType.SNAPPY, CompressionType.LZ4);

        final Random random;
        final Kind kind;
        final short version;
        final byte magic;
        final JsonNode schema;

        Values(Random random, Kind kind, short version, byte magic, JsonNode schema) {
            this.random = random;
            this.kind = kind;
            this.version = version;
            this.magic = magic;
            this.schema = schema;
        }

        /** `arrays` is how many arrays are around. */
        ObjectNode struct(JsonNode fields, int arrays) {
            ObjectNode struct = JSON.objectNode();
            for (JsonNode field : fields) {
                boolean there = Versions.of(field.get("versions")).contains(version);
                if (there) struct.set(camel(field), field(field, arrays));
            }
            return struct;
        }

        JsonNode field(JsonNode field, int arrays) {
            if (Versions.of(field.get("nullableVersions")).contains(version) && isNull()) return JSON.nullNode();
            String type = field.get("type").textValue();
            if (!type.startsWith("[]")) return value(type, field, arrays);
            ArrayNode array = JSON.arrayNode();
            for (int left = count(arrays); left > 0; left--) array.add(value(type.substring(2), field, arrays + 1));
            return array;
        }

        boolean isNull() {
            return kind == Kind.NULLS || kind == Kind.FILLED && random.nextInt(4) == 0;
        }

        int count(int arrays) {
            return switch (kind) {
                case LONG -> arrays == 0 ? LONG : random.nextInt(3);
                case FILLED -> random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(3);
                default -> 1 + random.nextInt(2);
            };
        }

        JsonNode value(String type, JsonNode field, int arrays) {
            return switch (type) {
                case "bool" -> JSON.booleanNode(random.nextInt(4) != 0);
                case "int8" -> JSON.numberNode(integer(Byte.MIN_VALUE, Byte.MAX_VALUE));
                case "int16" -> JSON.numberNode(integer(Short.MIN_VALUE, Short.MAX_VALUE));
                case "uint16" -> JSON.numberNode(integer(0, 0xffff));
                case "int32" -> JSON.numberNode(integer(Integer.MIN_VALUE, Integer.MAX_VALUE));
                case "uint32" -> JSON.numberNode(integer(0, 0xffffffffL));
                case "int64" -> JSON.numberNode(integer(Long.MIN_VALUE, Long.MAX_VALUE));
                case "float64" -> JSON.numberNode(random.nextGaussian());
                case "string" -> JSON.textNode(text());
                case "uuid" -> JSON.textNode(new Uuid(random.nextLong(), random.nextLong()).toString());
                case "bytes" -> base64(bytes(random.nextInt(20)));
                case "records" -> base64(records());
                default -> struct(nested(schema, field), arrays);
            };
        }

        /** An end of the range, or a small number, or any. */
        long integer(long least, long greatest) {
            return switch (random.nextInt(8)) {
                case 0 -> least;
                case 1 -> greatest;
                case 2 -> least < 0 ? -1 : 1;
                case 3, 4 -> random.nextInt((int) Math.min(greatest, 100_000));
                default -> least == Long.MIN_VALUE ? random.nextLong() : random.nextLong(least, greatest + 1);
            };
        }

        /** A word and a few letters; sometimes more than 127 bytes. */
        String text() {
            StringBuilder text = new StringBuilder();
            int words = kind != Kind.LONG && random.nextInt(12) == 0 ? 30 : 1;
            for (int i = 0; i < words; i++) text.append(WORDS[random.nextInt(WORDS.length)]);
            for (int i = random.nextInt(6); i > 0; i--) text.append((char) ('a' + random.nextInt(26)));
            return text.toString();
        }

        byte[] bytes(int size) {
            byte[] bytes = new byte[size];
            random.nextBytes(bytes);
            return bytes;
        }

        /** One or two batches, each of one to three records. */
        byte[] records() {
            ByteBuffer all = ByteBuffer.allocate(1 << 16);
            long offset = random.nextInt(1000);
            for (int batches = 1 + random.nextInt(2); batches > 0; batches--) {
                CompressionType codec = CODECS.get(random.nextInt(CODECS.size()));
                WRITTEN.merge(magic + " " + codec.name, 1, Integer::sum);
                int count = 1 + random.nextInt(3);
                all.put(batch(codec, offset, count).buffer());
                offset += count;
            }
            return Arrays.copyOf(all.array(), all.position());
        }

        MemoryRecords batch(CompressionType codec, long offset, int count) {
            TimestampType timestamps = magic == MAGIC_VALUE_V0 ? TimestampType.NO_TIMESTAMP_TYPE
                    : random.nextInt(4) == 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
            long now = 1_600_000_000_000L + random.nextInt(1_000_000);
            try (var builder = MemoryRecords.builder(ByteBuffer.allocate(1024), magic,
                    Compression.of(codec).build(), timestamps, offset, now)) {
                for (int i = 0; i < count; i++) {
                    byte[] key = random.nextInt(4) == 0 ? null : bytes(random.nextInt(8));
                    byte[] value = random.nextInt(6) == 0 ? null : bytes(random.nextInt(24));
                    long timestamp = magic == MAGIC_VALUE_V0 ? -1 : now - random.nextInt(1000);
                    builder.append(timestamp, key, value);
                }
                return builder.build();
            }
        }

        JsonNode base64(byte[] bytes) {
            return JSON.textNode(Base64.getEncoder().encodeToString(bytes));
        }
    }
}
