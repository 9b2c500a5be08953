import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.internals.Exit;
import org.apache.kafka.tools.*;
import org.apache.kafka.tools.consumer.ConsoleConsumer;
import org.apache.kafka.tools.consumer.group.ConsumerGroupCommand;

/** The tools of Kafka's bin folder, their main methods called in one JVM: every capability, a function each. */
public final class ConsoleTools {
    public static void main(String[] args) {
        Exit.setExitProcedure((status, message) -> {
            FIRST.compareAndSet(null, new Exited(status, message));
            throw FIRST.get();
        });
        Exit.setShutdownHookAdder((name, hook) -> HOOKS.add(hook));
        System.out.println("transactions\tnone\tthe console producer has none");
        new Checks().add("produce", ConsoleTools::produce).add("codecs", ConsoleTools::codecs)
            .add("acks0", ConsoleTools::acks0).add("assign", ConsoleTools::assign).add("group", ConsoleTools::group)
            .add("pattern", ConsoleTools::pattern).add("admin", ConsoleTools::admin).run();
    }

    /** What a tool would do at its end, if it had a process of its own. */
    private static final List<Runnable> HOOKS = new CopyOnWriteArrayList<>();

    /** Some tools catch what leaves them and exit once more. */
    private static final AtomicReference<Exited> FIRST = new AtomicReference<>();

    private static final class Exited extends RuntimeException {
        final int status;

        Exited(int status, String message) {
            super("exit " + status + (message == null ? "" : ": " + message));
            this.status = status;
        }
    }

    private interface Main {
        void main(String[] args) throws Exception;
    }

    /** What the tool prints, given this standard input. */
    private static String call(Main tool, List<String> input, String... args) throws Exception {
        var out = System.out;
        var printed = new ByteArrayOutputStream();
        System.setIn(new ByteArrayInputStream((String.join("\n", input) + "\n").getBytes()));
        System.setOut(new PrintStream(printed));
        FIRST.set(null);
        try {
            tool.main(args);
        } catch (Exited exited) {
            Checks.holds(exited.status == 0, String.join(" ", args) + ": " + exited.getMessage() + " " + printed);
        } finally {
            System.out.flush();
            System.setOut(out);
        }
        return printed.toString();
    }

    private static String ask(Main tool, String... args) throws Exception {
        var all = new ArrayList<>(List.of("--bootstrap-server", Checks.BOOTSTRAP));
        all.addAll(Arrays.asList(args));
        return call(tool, List.of(), all.toArray(String[]::new));
    }

    private static void send(String topic, List<String> lines, String... settings) throws Exception {
        var args = new ArrayList<>(List.of("--bootstrap-server", Checks.BOOTSTRAP, "--topic", topic,
            "--reader-property", "parse.key=true"));
        for (var setting : settings) args.addAll(List.of("--command-property", setting));
        HOOKS.clear();
        call(ConsoleProducer::main, lines, args.toArray(String[]::new));
        HOOKS.forEach(Runnable::run);
    }

    private static List<String> read(int count, String... args) throws Exception {
        var all = new ArrayList<>(List.of("--formatter-property", "print.key=true", "--max-messages", count + ""));
        all.addAll(Arrays.asList(args));
        return lines(ask(ConsoleConsumer::main, all.toArray(String[]::new)));
    }

    private static List<String> lines(String text) {
        return text.lines().filter(line -> !line.isBlank()).toList();
    }

    private static void produce() throws Exception {
        send("produce", Checks.RECORDS, "enable.idempotence=true");
        send("produce", Checks.RECORDS, "acks=1");
        var all = read(2 * Checks.RECORDS.size(), "--topic", "produce", "--from-beginning");
        Checks.same(all, Checks.twice(Checks.RECORDS));
    }

    private static void codecs() throws Exception {
        for (var codec : Checks.CODECS) {
            send("theirs-" + codec, Checks.RECORDS, "compression.type=" + codec);
            for (var topic : List.of("theirs-" + codec, "ours-" + codec)) {
                Checks.same(read(Checks.RECORDS.size(), "--topic", topic, "--from-beginning"), Checks.RECORDS);
            }
        }
    }

    private static void acks0() throws Exception {
        var lines = Checks.numbers(2000, "acks 0");
        send("acks-0", lines, "acks=0");
        Checks.same(read(2000, "--topic", "acks-0", "--from-beginning"), lines);
    }

    private static void assign() throws Exception {
        send("assign", Checks.RECORDS);
        int sum = 0;
        for (var line : lines(ask(GetOffsetShell::main, "--topic", "assign"))) {
            var parts = line.split(":");
            var end = Integer.parseInt(parts[2]);
            sum += end;
            read(1, "--topic", "assign", "--partition", parts[1], "--offset", (end - 1) + "");
            read(end, "--topic", "assign", "--partition", parts[1], "--offset", "earliest");
        }
        Checks.holds(sum == Checks.RECORDS.size(), sum + " records by their ends");
    }

    /** Two consumers that go on until nothing has come for a while. */
    private static void group() throws Exception {
        send("group", Checks.RECORDS);
        Runnable member = () -> {
            try {
                ConsoleConsumer.main(new String[] {"--bootstrap-server", Checks.BOOTSTRAP, "--topic", "group", "--group", "g",
                    "--from-beginning", "--timeout-ms", "6000", "--command-property", "heartbeat.interval.ms=300"});
            } catch (Exception error) {
                error.printStackTrace();
            }
        };
        var out = System.out;
        System.setOut(new PrintStream(new ByteArrayOutputStream()));
        var members = List.of(CompletableFuture.runAsync(member), CompletableFuture.runAsync(member));
        System.setOut(out);
        Checks.until("two partitions for each of two members", () -> lines(ask(ConsumerGroupCommand::main,
            "--describe", "--members", "--group", "g")).stream().filter(it -> it.trim().endsWith(" 2")).count() == 2);
        for (var each : members) each.get();
        var offsets = lines(ask(ConsumerGroupCommand::main, "--describe", "--group", "g"));
        var lags = offsets.stream().filter(it -> it.startsWith("g ")).map(it -> it.trim().split(" +")[5]).toList();
        Checks.holds(lags.equals(List.of("0", "0", "0", "0")), "lags: " + offsets);
        ask(ConsumerGroupCommand::main, "--group", "g", "--reset-offsets", "--to-earliest", "--topic", "group", "--execute");
        Checks.same(read(Checks.RECORDS.size(), "--topic", "group", "--group", "g"), Checks.RECORDS);
    }

    private static void pattern() throws Exception {
        for (var topic : List.of("pattern-1", "pattern-2", "other")) send(topic, List.of("k\t" + topic));
        var got = read(2, "--include", "pattern-.*", "--from-beginning");
        Checks.same(got, List.of("k\tpattern-1", "k\tpattern-2"));
    }

    private static void admin() throws Exception {
        ask(TopicCommand::main, "--create", "--topic", "admin", "--partitions", "2", "--config", "retention.ms=1000000");
        has(ask(TopicCommand::main, "--describe", "--topic", "admin"), "PartitionCount: 2", "retention.ms=1000000");
        ask(ConfigCommand::main, "--alter", "--topic", "admin", "--add-config", "retention.ms=2000000");
        has(ask(ConfigCommand::main, "--describe", "--topic", "admin"), "retention.ms=2000000");
        ask(TopicCommand::main, "--alter", "--topic", "admin", "--partitions", "4");
        has(ask(TopicCommand::main, "--describe", "--topic", "admin"), "PartitionCount: 4");
        send("admin", Checks.RECORDS);
        var json = "{\"partitions\": [{\"topic\": \"admin\", \"partition\": 0, \"offset\": -1}], \"version\": 1}";
        has(ask(DeleteRecordsCommand::main, "--offset-json-file", file("delete.json", json)), "low_watermark");
        has(ask(TopicCommand::main, "--list"), "admin", "ours-gzip");
        has(ask(LogDirsCommand::main, "--describe"), "logDirs");
        has(ask(BrokerApiVersionsCommand::main), "Produce(0)");
        has(ask(GroupsCommand::main, "--list"), "g ");
        ask(ConsumerGroupCommand::main, "--delete", "--group", "g");
        ask(TopicCommand::main, "--delete", "--topic", "admin");
        Checks.until("the topic gone", () -> !lines(ask(TopicCommand::main, "--list")).contains("admin"));
    }

    private static void has(String text, String... parts) {
        for (var part : parts) Checks.holds(text.contains(part), "no '" + part + "' in: " + text);
    }

    private static String file(String name, String text) throws IOException {
        return Files.writeString(Path.of(System.getenv("SCRATCH"), name), text).toString();
    }
}
