//! SIGTERM, SIGINT and SIGHUP at every moment: a command ends cleanly, within its time, and says what it did not do.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_protocol::ApiKey;

use crate::program::{self, Ran, broker, run};

const SIGNALS: [&str; 3] = ["TERM", "INT", "HUP"];

/// A command at work with an open standard input.
struct Working(Child);

impl Working {
    fn start(args: &[&str]) -> Self {
        let child = program::command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.expect("the binary starts"))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.stdin.as_mut().expect("its input").write_all(bytes).expect("it reads");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Waits until the process has taken its signals over: what it does first.
    fn hears(self) -> Self {
        let taken = |text: &str| {
            let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let mask = u64::from_str_radix(mask.expect("a mask").trim(), 16).expect("a mask");
            // SIGHUP is 1, SIGINT 2, SIGTERM 15: all but the kernel's own count from 1.
            [1, 2, 15].iter().all(|signal| mask & (1 << (signal - 1)) != 0)
        };
        let path = format!("/proc/{}/status", self.0.id());
        poll_until(|| fs::read_to_string(&path).is_ok_and(|text| taken(&text)));
        self
    }

    fn end(mut self) -> Ran {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        // Its input stays open: a command ends for the signal, not for the end of it.
        self.0.stdout.take().expect("its output").read_to_end(&mut out).expect("it writes");
        self.0.stderr.take().expect("its errors").read_to_end(&mut err).expect("it writes");
        let status = self.0.wait().expect("it ends");
        program::ran(std::process::Output { status, stdout: out, stderr: err })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Another process cannot tell us: ask again until it is so.
fn poll_until(so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "it did not come to pass in 30 s");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn job(name: &str) -> String {
    let job = "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in',
      'properties.bootstrap.servers' = 'x:1', 'properties.group.id' = 'g',
      'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
    CREATE TABLE dst (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
      'topic' = 'out', 'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json');
    INSERT INTO dst SELECT * FROM src;";
    program::file(&format!("signals-{name}.sql"), job).to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_signal_in_the_first_milliseconds_and_while_connecting_ends_every_command() {
    // It takes connections and never answers.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = mute.local_addr().expect("its address").to_string();
    let job = job("connecting");
    for signal in SIGNALS {
        let commands: [(&[&str], i32); 4] = [
            (&["run", &job, "--bootstrap", &at], 0),
            (&["run", &job, "--embedded", "--input", "src=-"], 0),
            (&["consume", "t", "--bootstrap", &at], 0),
            // The rest of its input is not written.
            (&["produce", "t", "--bootstrap", &at], 5),
        ];
        for (args, code) in commands {
            let working = Working::start(args).hears();
            working.signal(signal);
            let began = Instant::now();
            let ran = working.end();
            assert_eq!(ran.code, code, "{signal} {args:?}: {}", ran.err);
            assert!(began.elapsed() < Duration::from_secs(20), "{signal} {args:?}: {:?}", began.elapsed());
            assert!(!ran.err.contains("panicked"), "{}", ran.err);
        }
        let broker = Working::start(&["broker", "--listen", "127.0.0.1:0"]).hears();
        broker.signal(signal);
        assert_eq!(broker.end().code, 0, "{signal}");
    }
}

#[test]
fn a_transaction_is_aborted_by_every_signal() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    let end = || run(&["topic", "dump", "t", "--bootstrap", &at, "--output", "raw"]).out.lines().count();
    for (done, signal) in SIGNALS.iter().enumerate() {
        let args = ["produce", "t", "--bootstrap", &at, "--property", "linger.ms=0"];
        let mut working = Working::start(&[&args[..], &["--property", "transactional.id=x"]].concat());
        working.write(b"never\nnever\n");
        // It is in the log, in an open transaction.
        poll_until(|| end() == 2 * (done + 1));
        working.signal(signal);
        let ran = working.end();
        assert_eq!(ran.code, 5, "{}", ran.err);
        assert!(
            ran.err.contains("the transaction was aborted: none of its 2 records is written"),
            "{}",
            ran.err
        );
    }
    assert_eq!(program::run_with_input(&["produce", "t", "--bootstrap", &at], b"seen\n").code, 0);
    // A transaction that were open would hold this back until its timeout.
    let args = ["consume", "t", "--bootstrap", &at, "--from", "earliest", "--count", "1", "--output", "raw"];
    let seen = run(&[&args[..], &["--property", "isolation.level=read_committed"]].concat());
    assert_eq!(seen.out, "null\tseen\n", "{}", seen.err);
}

#[test]
fn lines_that_were_read_before_a_signal_are_written() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    let mut working = Working::start(&["produce", "t", "--bootstrap", &at, "--property", "linger.ms=0"]);
    working.write(b"1\n2\nhalf a li");
    let dump = || run(&["topic", "dump", "t", "--bootstrap", &at, "--output", "raw"]).out;
    poll_until(|| dump().lines().count() == 2);
    working.signal("TERM");
    let ran = working.end();
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("a signal came before the input ended; 2 records are written"), "{}", ran.err);
    assert_eq!(dump(), "null\t1\nnull\t2\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_acknowledged_in_time_is_said_and_a_second_signal_does_not_wait() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let at = broker.address().to_string();
    let mut closed = broker.fault(Fault::new(ApiKey::PRODUCE, Action::Close).times(u32::MAX)).await;
    let mut seen = 0;
    for (signals, code) in [(1, 5), (2, 130)] {
        let timeout = if signals == 1 { "300ms" } else { "1h" };
        let args =
            ["produce", "t", "--bootstrap", &at, "--property", "linger.ms=0", "--stop-timeout", timeout];
        let mut working = Working::start(&args);
        tokio::task::block_in_place(|| working.write(b"1\n2\n"));
        seen += 2;
        closed.wait(seen).await;
        seen = closed.fired();
        working.signal("TERM");
        let ran = tokio::task::block_in_place(|| {
            if signals == 2 {
                // One that comes at once with the first counts as the same.
                while working.0.try_wait().expect("its state").is_none() {
                    std::thread::sleep(Duration::from_millis(50));
                    working.signal("INT");
                }
            }
            working.end()
        });
        assert_eq!(ran.code, code, "{}", ran.err);
        let says = if signals == 1 {
            "2 of 2 records are not acknowledged 300ms after the signal"
        } else {
            "a second signal"
        };
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    broker.stop().await;
}

#[test]
fn signals_that_come_together_are_one() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    for _ in 0..5 {
        let working = Working::start(&["consume", "t", "--bootstrap", &at]).hears();
        // timeout(1) does so: it signals its child, and then the group that the child is in.
        let both = format!("kill -TERM {0}; kill -INT {0}", working.0.id());
        assert!(Command::new("sh").args(["-c", &both]).status().expect("a shell").success());
        let ran = working.end();
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
}

#[test]
fn a_reader_that_stands_still_does_not_keep_a_command() {
    let (_broker, at) = broker();
    assert_eq!(run(&["topic", "create", "t", "--bootstrap", &at]).code, 0);
    let lines = "x".repeat(1000) + "\n";
    assert_eq!(
        program::run_with_input(&["produce", "t", "--bootstrap", &at], lines.repeat(1000).as_bytes()).code,
        0
    );
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let args = ["consume", "t", "--bootstrap", &at, "--from", "earliest", "--stop-timeout", "100 ms"];
    let mut child = program::command(&args).stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    // It has begun to write, and soon stands in a pipe that is full.
    reader.read_exact(&mut [0; 10]).expect("it writes");
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
    let status = child.wait().expect("it ends");
    // In time or not: by then it may stand between two writes.
    assert!([Some(0), Some(5)].contains(&status.code()), "{status:?}");
    drop(reader);
}

#[test]
fn a_standard_error_that_nobody_reads_does_not_keep_a_command() {
    // It takes connections and never answers, which is much to say at this level.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = mute.local_addr().expect("its address").to_string();
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let stderr = writer.try_clone().expect("a pipe");
    let args = ["consume", "t", "--bootstrap", &at, "--stop-timeout", "1h", "--log", "trace"];
    let mut command = program::command(&args);
    // The pipe is full from the start: whatever is said blocks whoever says it.
    std::thread::spawn(move || writer.write_all(&[b'x'; 1 << 20]));
    let mut child = Working(command.stdin(Stdio::piped()).stderr(stderr).spawn().expect("it starts")).hears();
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.0.try_wait().expect("its state").is_none() {
        assert!(Instant::now() < deadline, "a second signal did not end it");
        child.signal("TERM");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(matches!(child.0.wait().expect("it ends").code(), Some(0 | 130)));
    drop(reader);
}

#[test]
fn nohup_is_honoured() {
    let script = format!("trap '' HUP; exec {} broker --listen 127.0.0.1:0", program::PROGRAM);
    let mut child = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().expect("a shell");
    // It listens, so it has taken over what it takes over.
    child.stdout.as_mut().expect("its output").read_exact(&mut [0; 10]).expect("a line");
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its state");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    assert_eq!(u64::from_str_radix(mask.trim(), 16).expect("a mask") & 1, 1, "SIGHUP is no longer ignored");
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_time_without_a_unit_is_refused() {
    let (_, wrong) = ("", run(&["consume", "t", "--stop-timeout", "25"]));
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(wrong.err.contains("--stop-timeout 25: not a time such as '25 s'"), "{}", wrong.err);
}
