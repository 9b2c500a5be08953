//! The binary as a child: run to its end, or watched while it runs.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The cli.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_upsert-kafka-under-test");

/// What a run printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the binary to its end, in the repository's root.
pub(crate) fn run(args: &[&str]) -> Ran {
    ran(command(args).output().expect("the binary runs"))
}

/// Runs it with something on its standard input.
pub(crate) fn run_with_input(args: &[&str], input: &[u8]) -> Ran {
    let child = command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the binary runs");
    child.stdin.take().expect("its input").write_all(input).expect("it reads");
    ran(child.wait_with_output().expect("it ends"))
}

/// Starts the binary; it is killed when the value goes.
pub(crate) fn start(args: &[&str]) -> Running {
    let child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    Running(child.expect("the binary starts"))
}

/// A binary at work.
pub(crate) struct Running(Child);

impl Running {
    /// Waits for the first line of standard output.
    pub(crate) fn first_line(&mut self) -> String {
        let mut line = String::new();
        let out = self.0.stdout.as_mut().expect("its output");
        BufReader::with_capacity(1, out).read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Sends a signal by name; a process that ended and was not yet waited for takes it in silence.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("its state").is_none()
    }

    /// The most memory it has had so far, in KiB; `None` where the kernel does not tell.
    pub(crate) fn memory_max_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    }

    /// SIGKILL, and its end awaited.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("it is there to be killed");
        self.0.wait().expect("it ends");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ran {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let read =
            |pipe: &mut dyn std::io::Read, into: &mut Vec<u8>| pipe.read_to_end(into).expect("it writes");
        read(self.0.stdout.as_mut().expect("its output"), &mut out);
        read(self.0.stderr.as_mut().expect("its errors"), &mut err);
        let status = self.0.wait().expect("it ends");
        ran(Output { status, stdout: out, stderr: err })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The embedded broker in a process of its own, with its address.
pub(crate) fn broker() -> (Running, String) {
    broker_of(1)
}

/// One of so many nodes, with the addresses of all.
pub(crate) fn broker_of(nodes: usize) -> (Running, String) {
    let mut broker = start(&["broker", "--listen", "127.0.0.1:0", "--nodes", &nodes.to_string()]);
    let line = broker.first_line();
    let address =
        line.strip_prefix("listening on ").and_then(|rest| rest.split(';').next()).expect("an address");
    let address = address.to_owned();
    (broker, address)
}

/// A file for this test, with these contents. Two tests may make the same one: whoever reads it meanwhile sees all of it.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let part = path.with_extension(format!("part-{}", WRITTEN.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&part, text).expect("a temporary file");
    std::fs::rename(&part, &path).expect("a temporary file gets its name");
    path
}

/// The binary with these arguments, in the repository's root, without standard input.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(args)
        .current_dir(upsert_kafka_tests::repository())
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

/// What an end came to.
pub(crate) fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}
