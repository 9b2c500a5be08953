//! `run --health`: who starts processes is told whether one works, and whether it reads.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Stdio};
use std::time::{Duration, Instant};

use crate::program;

/// A job whose health is asked.
struct Watched {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Watched {
    fn start(bootstrap: &str) -> Self {
        let job = format!(
            "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in', 'format' = 'json',
                'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'healthy',
                'scan.startup.mode' = 'earliest-offset');
            CREATE TABLE p (id INT) WITH ('connector' = 'print');
            INSERT INTO p SELECT * FROM src;"
        );
        let path = program::file(&format!("health-{}.sql", bootstrap.replace(':', "-")), &job);
        let args = ["run", path.to_str().expect("UTF-8"), "--create-topics", "--health", "127.0.0.1:0"];
        let started = program::command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = started.expect("the binary starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("its errors"));
        let mut line = String::new();
        while !line.starts_with("health: ") {
            line.clear();
            assert!(stderr.read_line(&mut line).expect("a line") > 0, "it ends before it tells where");
        }
        let address = line.trim().strip_prefix("health: http://").and_then(|it| it.strip_suffix("/ready"));
        Self { address: address.expect("an address").to_owned(), child, stderr }
    }

    /// The status of an answer; `None` where nobody answers.
    fn ask(&self, path: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split(' ').nth(1)?.parse().ok()
    }

    fn wait_for(&self, path: &str, status: Option<u16>) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.ask(path) != status {
            assert!(Instant::now() < deadline, "{path} does not become {status:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::io::copy(&mut self.stderr, &mut std::io::sink());
    }
}

#[test]
fn a_job_is_ready_once_it_reads_and_until_it_is_asked_to_stop() {
    let (_broker, bootstrap) = program::broker();
    let mut job = Watched::start(&bootstrap);
    job.wait_for("/ready", Some(200));
    assert_eq!(job.ask("/live"), Some(200));
    assert_eq!(job.ask("/nothing"), Some(404));
    let kill = std::process::Command::new("kill").args(["-TERM", &job.child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    assert_eq!(job.child.wait().expect("its end").code(), Some(0));
    assert_eq!(job.ask("/ready"), None, "nobody is there any more");
}

#[test]
fn a_job_that_finds_no_broker_lives_and_is_not_ready() {
    let job = Watched::start("127.0.0.1:1");
    assert_eq!((job.ask("/live"), job.ask("/ready")), (Some(200), Some(503)));
}

#[test]
fn an_address_that_is_taken_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = taken.local_addr().expect("an address").to_string();
    let path = program::file(
        "health-taken.sql",
        "CREATE TABLE p (id INT) WITH ('connector' = 'print'); \
        CREATE TABLE d (id INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1'); INSERT INTO p SELECT * FROM d;",
    );
    let ran = program::run(&["run", path.to_str().expect("UTF-8"), "--health", &address]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains(&format!("--health {address}: ")), "{}", ran.err);
}

/// What is deployed is what there is: every flag of the manifests is one of `run`, and the job is planned.
#[test]
fn the_manifests_say_what_the_binary_takes() {
    let root = upsert_kafka_tests::repository();
    let help = program::run(&["run", "--help"]);
    let help = format!("{}{}", help.out, help.err);
    let mut flags = 0;
    for file in ["kubernetes.yaml", "compose.yaml"] {
        let text = std::fs::read_to_string(root.join("deploy").join(file)).expect("a manifest");
        for line in text.lines().filter(|line| line.contains("[\"run\"")) {
            for flag in line.split('"').filter(|word| word.starts_with("--")) {
                assert!(help.contains(flag), "{file}: {flag} is no flag of run");
                flags += 1;
            }
        }
    }
    assert_eq!(flags, 5, "those of both manifests");
    let job = root.join("deploy/job.sql");
    let explained =
        program::command(&["explain", job.to_str().expect("UTF-8")]).env("BOOTSTRAP", "a:1").output();
    let explained = explained.expect("the binary runs");
    assert!(explained.status.success(), "{}", String::from_utf8_lossy(&explained.stderr));
}
