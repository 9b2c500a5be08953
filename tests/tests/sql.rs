//! `upsert-kafka sql`: a script from a pipe, and a prompt on a terminal, which `script` of util-linux gives it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::program::{self, PROGRAM, broker, run, run_with_input, start};

const ORDERS: &str =
    "CREATE TABLE orders (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'orders',
    'format' = 'json', 'properties.group.id' = 'shop', 'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset', 'properties.bootstrap.servers' = 'nobody:9092');\n";

#[test]
fn a_script_from_a_pipe_makes_fills_and_shows_a_table() {
    let rows = "INSERT INTO orders VALUES (1, 'a'), (2, CAST(NULL AS STRING));\n";
    let ran =
        run_with_input(&["sql"], format!("{ORDERS}{rows}SELECT * FROM orders WHERE id > 1;").as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[0].starts_with("2 rows in") || lines[0].starts_with("1 rows in"), "{}", ran.out);
    assert_eq!(lines[2], "| op |          id |                           name |");
    assert_eq!(lines[4], "| +I |           2 |                         <NULL> |");
    assert_eq!(lines.len(), 6, "{}", ran.out);
}

/// `--output` names the form of a SELECT as of everything else, and the counts make way for it.
#[test]
fn a_select_is_printed_in_the_form_that_is_asked_for() {
    let script = format!(
        "{ORDERS}INSERT INTO orders VALUES (1, 'a\"b'), (2, CAST(NULL AS STRING));
        SELECT id, name, CAST(id AS DECIMAL(5, 2)) / 4 AS part, MAP[id, TRUE] AS m FROM orders;"
    );
    let ran = |form: &str| {
        let ran = run_with_input(&["sql", "--output", form], script.as_bytes());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.contains("2 rows in, 2 rows out"), "{}", ran.err);
        ran.out
    };
    let json: Vec<serde_json::Value> =
        ran("json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        serde_json::json!({"op": "+I", "row": {"id": 1, "name": "a\"b", "part": 0.25, "m": "{1=true}"}}),
        serde_json::json!({"op": "+I", "row": {"id": 2, "name": null, "part": 0.5, "m": "{2=true}"}}),
    ];
    assert_eq!(json, expected);
    let raw: Vec<String> = ran("raw").lines().map(str::to_owned).collect();
    assert_eq!(raw.len(), 2, "{raw:?}");
    assert!(raw[0].starts_with("+I\t1\ta\"b\t0.25"), "{raw:?}");
    assert!(raw[1].starts_with("+I\t2\tnull\t0.50"), "{raw:?}");
}

#[test]
fn a_script_ends_at_its_first_failure_with_the_code_of_run() {
    let script = |text: &str| run_with_input(&["sql"], format!("{ORDERS}SHOW TABLES;\n{text}").as_bytes());
    for (text, code, says, is_run) in [
        ("SELEC 1; SHOW TABLES;", 3, "standard input: line 5, column 1: ", false),
        ("SELECT nope FROM orders; SHOW TABLES;", 3, "(line 5, column 8)", true),
        ("SELECT * FROM nobody", 3, "no table 'nobody'", true),
        ("QUIT; SELECT * FROM nobody", 0, "", true),
    ] {
        let ran = script(text);
        assert_eq!(ran.code, code, "{text}: {}", ran.err);
        assert!(ran.err.contains(says), "{text}: {}", ran.err);
        assert_eq!(ran.out.matches("table name").count(), usize::from(is_run), "{text}: {}", ran.out);
    }
    let away = run_with_input(
        &["sql", "--bootstrap", "127.0.0.1:1", "--set", "x.topic=y"],
        format!("{ORDERS}SELECT * FROM orders").as_bytes(),
    );
    assert_eq!(away.code, 4, "{}", away.err);
}

#[test]
fn a_script_of_a_file_runs_and_flags_stand_under_it() {
    let path = program::file("sql-script.sql", "SET;\nSET 'pipeline.name' = 'own';\nSET;\n");
    let conf = program::file(
        "sql-flink.conf",
        "# of the service\nflink.pipeline.name=outer\nparallelism.default: 2\n",
    );
    let (path, conf) = (path.to_str().unwrap(), conf.to_str().unwrap());
    let ran = run(&["sql", path, "--conf-file", conf, "--conf", "some.switch=on"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.trim(), "warning: setting 'some.switch' has no effect here");
    let name =
        |name: &str| ran.out.lines().filter(|it| it.contains("pipeline.name") && it.contains(name)).count();
    assert_eq!((name("outer"), name("own")), (1, 1), "{}", ran.out);
    for (args, says) in [
        (
            ["--conf", "parallelism.default=many"],
            "setting 'parallelism.default' = 'many': this is not a whole number",
        ),
        (["--conf", "hush"], "not of the form KEY=VALUE"),
        (["--conf-file", "nowhere.conf"], "--conf-file nowhere.conf: "),
    ] {
        let ran = run(&[&["sql", path][..], &args].concat());
        assert!(ran.code == 2 && ran.err.contains(says), "{args:?}: {}", ran.err);
    }
    let job = program::file(
        "sql-conf-job.sql",
        "CREATE TABLE t (a INT) WITH ('connector' = 'blackhole'); INSERT INTO t SELECT 1;",
    );
    let job = job.to_str().unwrap();
    let explained = run(&["explain", job, "--conf", "execution.checkpointing.interval=7 s"]).out;
    assert!(explained.contains("7 s") || explained.contains("7s"), "{explained}");
    assert_eq!(run(&["run", job, "--conf", "parallelism.default=many"]).code, 3);
}

#[test]
fn a_select_shows_rows_as_they_come_and_leaves_no_offsets() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "orders", "--bootstrap", &at]).code, 0);
    let unbounded = ORDERS.replace("'scan.bounded.mode' = 'latest-offset', ", "");
    let script =
        format!("SET 'execution.checkpointing.interval' = '1 h';\n{unbounded}SELECT id FROM orders;");
    let path = program::file("sql-live.sql", &script);
    let arguments = ["sql", path.to_str().unwrap(), "--bootstrap", &at];
    for _ in 0..2 {
        let mut running = start(&arguments);
        assert_eq!(run_with_input(&["produce", "orders", "--bootstrap", &at], b"{\"id\":7}\n").code, 0);
        // Heads, then a row: long before the checkpoint that would flush them.
        for expected in ["+----", "| op |", "+----", "| +I |           7 |"] {
            assert!(running.first_line().starts_with(expected));
        }
        running.signal("INT");
        let ran = running.end();
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.err.contains("goes on"), "{}", ran.err);
    }
}

/// A program on a terminal of 80 columns and 24 rows.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Receiver<Vec<u8>>,
    /// What was shown and not yet looked at.
    shown: String,
}

impl Terminal {
    fn open(arguments: &str, state: &Path) -> Self {
        let command = format!("stty cols 80 rows 24; exec {PROGRAM} {arguments}");
        let child = Command::new("script")
            .args(["-qefc", &command, "/dev/null"])
            .env("TERM", "xterm")
            .env("XDG_STATE_HOME", state)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.expect("script of util-linux");
        let (keys, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, screen, shown: String::new() }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).unwrap();
    }

    /// Waits until this is shown; gives what was shown up to there.
    fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("{text:?} was not shown ({error}), but {:?}", self.shown),
            }
        }
    }

    /// Types a text and Enter, and waits for the prompt behind what it came to.
    fn enter(&mut self, text: &str) -> String {
        self.type_keys(&format!("{text}\r"));
        self.wait_for(TAKEN);
        self.wait_for(PROMPT)
    }

    fn end(mut self) -> i32 {
        drop(self.keys);
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

const PROMPT: &str = "sql> ";

/// The editor has taken a text: what is pasted is no longer marked.
const TAKEN: &str = "\x1b[?2004l";

fn state(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // It may be there from an earlier run.
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn a_prompt_answers_completes_remembers_and_survives_what_fails() {
    let state = state("sql-prompt");
    let mut terminal = Terminal::open("sql", &state);
    terminal.wait_for("on a broker inside this process");
    terminal.wait_for(PROMPT);
    terminal.enter("CREATE TABLE numbers (n INT) WITH (\r 'connector' = 'datagen', 'number-of-rows' = '3', \r'fields.n.kind' = 'sequence', 'fields.n.start' = '7', 'fields.n.end' = '9');");
    assert!(terminal.enter("SELECT n + 'x FROM numbers';").contains("line 1, column"));
    // Two keys of Tab complete a keyword and a table.
    let answer = terminal.enter("SELE\t n AS twice FROM numb\t;");
    assert!(answer.contains("twice") && answer.contains("\n7") && answer.contains("3 rows in"), "{answer}");
    let secret = "SET 'properties.sasl.jaas.config' = 'hush';";
    terminal.enter(secret);
    // Up brings back what was typed last, though no file keeps it.
    assert!(terminal.enter("\x1b[A").contains("has no effect"));
    assert!(terminal.enter("SHOW TABLES;").contains("numbers"));
    terminal.type_keys("quit\r");
    assert_eq!(terminal.end(), 0);
    let kept = std::fs::read_to_string(state.join("upsert-kafka/history")).unwrap();
    assert!(kept.contains("SELECT n AS twice FROM numbers;\n") && kept.contains("WITH (\\n"), "{kept}");
    assert!(!kept.contains("hush"), "{kept}");

    let mut terminal = Terminal::open("sql", &state);
    terminal.wait_for(PROMPT);
    assert!(terminal.enter("\x1b[A").contains("Empty set"), "SHOW TABLES of the run before");
    // Ctrl-D.
    terminal.type_keys("\x04");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_query_lives_on_a_terminal_and_ctrl_c_ends_the_statement_alone() {
    let mut terminal = Terminal::open("sql", &state("sql-lives"));
    terminal.wait_for(PROMPT);
    terminal.enter("CREATE TABLE ticks (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '200', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1000000');");
    for end in ["q", "\x03"] {
        terminal.type_keys("SELECT n FROM ticks;\r");
        terminal.wait_for("\x1b[?1049h");
        // More rows than the screen has: the table goes on, and says how to leave.
        terminal.wait_for("arrows and page keys scroll");
        terminal.type_keys(end);
        terminal.wait_for("\x1b[?1049l");
        let left = terminal.wait_for(PROMPT);
        assert!(left.contains("the last 20 of these: "), "{left}");
    }
    terminal.enter("CREATE TABLE gone (n INT) WITH ('connector' = 'blackhole');");
    terminal.type_keys("INSERT INTO gone SELECT n FROM ticks;\r");
    // The line of status on standard error: the job runs.
    terminal.wait_for("rows/s");
    terminal.type_keys("\x03");
    assert!(terminal.wait_for(PROMPT).contains("0 tombstones"));
    terminal.type_keys("exit\r");
    assert_eq!(terminal.end(), 0);
}
