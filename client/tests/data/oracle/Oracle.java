// What Java makes of .properties files and JAAS texts: `java -cp kafka-clients-4.4.0.jar:slf4j-api.jar
// --add-exports java.base/sun.security.provider=ALL-UNNAMED Oracle.java < cases.tsv > oracle.jsonl`.
// A case is a line: `properties`, `jaas` or `file`, a tab, its bytes in hex. An answer is a line of JSON.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.Configuration.Parameters;
import java.security.URIParameter;

public class Oracle {
    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            var parts = line.split("\t", 2);
            var bytes = HexFormat.of().parseHex(parts[1]);
            String answer;
            try {
                answer = switch (parts[0]) {
                    case "properties" -> properties(bytes);
                    case "jaas" -> jaas(new String(bytes, StandardCharsets.UTF_8));
                    default -> file(bytes);
                };
            } catch (Throwable e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                answer = "\"error\":" + text(cause.getClass().getSimpleName() + ": " + cause.getMessage());
            }
            System.out.println("{\"kind\":" + text(parts[0]) + ",\"hex\":" + text(parts[1]) + "," + answer + "}");
        }
    }

    // As our reader does: what is UTF-8 as such, else as a stream of ISO-8859-1.
    static String properties(byte[] bytes) throws Exception {
        var properties = new Properties();
        try {
            var decoded = StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes)).toString();
            properties.load(new StringReader(decoded));
        } catch (java.nio.charset.CharacterCodingException e) {
            properties.load(new ByteArrayInputStream(bytes));
        }
        var sorted = new TreeMap<String, Object>();
        properties.forEach((key, value) -> sorted.put((String) key, value));
        return "\"pairs\":" + map(sorted);
    }

    // Kafka's parser of sasl.jaas.config, and what JaasContext asks of its result.
    static String jaas(String text) throws Exception {
        var type = Class.forName("org.apache.kafka.common.security.JaasConfig");
        var constructor = type.getDeclaredConstructor(String.class, String.class);
        constructor.setAccessible(true);
        var config = (Configuration) constructor.newInstance("KafkaClient", text);
        return "\"entries\":" + entries(config.getAppConfigurationEntry("KafkaClient"));
    }

    static String file(byte[] bytes) throws Exception {
        Path path = Files.createTempFile("oracle", ".conf");
        try {
            Files.write(path, bytes);
            var config = Configuration.getInstance("JavaLoginConfig", new URIParameter(path.toUri()));
            var entries = config.getAppConfigurationEntry("KafkaClient");
            return entries == null ? "\"entries\":null" : "\"entries\":" + entries(entries);
        } finally {
            Files.delete(path);
        }
    }

    static String entries(AppConfigurationEntry[] entries) {
        var out = new StringBuilder("[");
        for (var entry : entries) {
            if (out.length() > 1) out.append(',');
            out.append("{\"class\":").append(text(entry.getLoginModuleName())).append(",\"options\":");
            var sorted = new TreeMap<String, Object>();
            entry.getOptions().forEach((key, value) -> sorted.put(String.valueOf(key), value));
            out.append(map(sorted)).append('}');
        }
        return out.append(']').toString();
    }

    static String map(Map<String, Object> map) {
        var out = new StringBuilder("{");
        map.forEach((key, value) -> {
            if (out.length() > 1) out.append(',');
            out.append(text(key)).append(':').append(text(String.valueOf(value)));
        });
        return out.append('}').toString();
    }

    static String text(String text) {
        var out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ' || c > '~') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }
}
