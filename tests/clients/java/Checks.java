import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What the Java programs share: the records to write, and a line of output per capability. */
final class Checks {
    static final String BOOTSTRAP = System.getenv("BOOTSTRAP");
    static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    static final List<String> RECORDS = records();
    private static final int CHECK_SECONDS_MAX = 40;
    private static final Duration WAIT_MAX = Duration.ofSeconds(15);

    interface Check {
        void run() throws Exception;
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    private final Map<String, Check> checks = new LinkedHashMap<>();

    Checks add(String name, Check check) {
        checks.put(name, check);
        return this;
    }

    /** Prints `NAME ok` or `NAME FAILED why` for each, and ends the program. */
    void run() {
        var out = System.out;
        out.println("version\t" + org.apache.kafka.common.utils.internals.AppInfoParser.getVersion());
        checks.forEach((name, check) -> out.println(name + "\t" + outcome(check)));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String outcome(Check check) {
        try {
            CompletableFuture.runAsync(() -> {
                try {
                    check.run();
                } catch (Exception | Error error) {
                    error.printStackTrace();
                    throw new IllegalStateException(error.toString(), error);
                }
            }, task -> new Thread(task).start()).get(CHECK_SECONDS_MAX, TimeUnit.SECONDS);
            return "ok";
        } catch (java.util.concurrent.TimeoutException error) {
            return "FAILED\tnot done within " + CHECK_SECONDS_MAX + " s";
        } catch (Exception error) {
            var cause = error.getCause() == null ? error : error.getCause();
            return "FAILED\t" + String.valueOf(cause.getMessage()).replace('\n', ' ');
        }
    }

    /** The lines KEY tab VALUE that everybody writes; the runner compares them with what our consumer reads. */
    private static List<String> records() {
        try {
            return Files.readAllLines(Path.of(System.getenv("RECORDS")));
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    static List<String> numbers(int count, String value) {
        var all = new ArrayList<String>();
        for (int n = 0; n < count; n++) all.add(n + "\t" + value);
        return all;
    }

    static <T> List<T> twice(List<T> list) {
        var all = new ArrayList<>(list);
        all.addAll(list);
        return all;
    }

    /** Both hold the same records, in whichever order. */
    static void same(List<String> read, List<String> wrote) {
        var left = new ArrayList<>(read);
        var right = new ArrayList<>(wrote);
        Collections.sort(left);
        Collections.sort(right);
        holds(left.equals(right), read.size() + " records read, " + wrote.size() + " written, or they differ");
    }

    static void holds(boolean condition, String what) {
        if (!condition) throw new IllegalStateException(what);
    }

    /** Looks again and again until it is true; the condition does a piece of work each time. */
    static void until(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + WAIT_MAX.toNanos();
        while (!condition.holds()) {
            holds(System.nanoTime() < deadline, what + ": not within " + WAIT_MAX.toSeconds() + " s");
            Thread.sleep(10);
        }
    }
}
