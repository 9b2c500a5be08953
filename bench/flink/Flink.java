// A SQL script on Flink within this JVM: each statement awaited. Prints what it took, as run.sh reads it.
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

public class Flink {
    public static void main(String[] args) throws Exception {
        TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
        long jobNanos = 0;
        for (String statement : Files.readString(Path.of(args[0])).split(";")) {
            String text = statement.strip();
            if (text.isEmpty()) {
                continue;
            }
            if (text.startsWith("SET ")) {
                String[] setting = text.substring("SET ".length()).split("=", 2);
                tables.getConfig().set(setting[0].strip().replace("'", ""), setting[1].strip().replace("'", ""));
                continue;
            }
            long began = System.nanoTime();
            var result = tables.executeSql(text);
            if (text.startsWith("INSERT")) {
                result.await();
                jobNanos += System.nanoTime() - began;
            }
        }
        System.out.printf("job %.3f%n", jobNanos / 1e9);
        // MiniCluster's threads are nobody's.
        System.exit(0);
    }
}
