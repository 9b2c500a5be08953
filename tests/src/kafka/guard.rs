//! A child that cannot outlive us: it is killed when we drop it, exit, or are killed ourselves.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

/// A process under a shell that waits for the end of its own stdin, which we hold.
///
/// A destructor alone would not do: statics are not dropped, and kill -9 runs nothing.
#[derive(Debug)]
pub(super) struct Guarded {
    shell: Child,
    stdin: Option<ChildStdin>,
    process_id: u32,
}

impl Guarded {
    /// Starts the command; what it prints goes to the file.
    pub(super) fn spawn(command: &[&str], folder: &Path, output: &Path) -> io::Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", WATCH, "guard"])
            .args(command)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(output)?)
            .spawn()?;
        let stdin = shell.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let process_id = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { shell, stdin, process_id })
    }

    /// The number of the process itself.
    pub(super) fn id(&self) -> u32 {
        self.process_id
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Sends a signal to the process itself, not to its shell.
    pub(super) fn signal(&self, name: &str) -> io::Result<()> {
        let id = self.process_id.to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).stderr(Stdio::null()).status()?;
        match sent.success() {
            true => Ok(()),
            false => Err(io::Error::other(format!("kill -{name} {id}: {sent}"))),
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // The shell returns once its child is dead; there is nothing to do about a shell that is gone already.
        let _ = self.shell.wait();
    }
}

/// Descriptor 3 is our pipe. A stopped process dies by KILL too.
const WATCH: &str = r#"
exec 3<&0
"$@" </dev/null >&2 3<&- &
child=$!
echo $child
exec >&2
{ read -r _ <&3; kill -9 $child; } 2>/dev/null &
watcher=$!
wait $child
status=$?
kill $watcher 2>/dev/null
exit $status
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn spawn(command: &[&str], name: &str) -> Guarded {
        let folder = std::env::temp_dir();
        Guarded::spawn(command, &folder, &folder.join(crate::kafka::unique(name))).expect("a shell")
    }

    fn alive(process_id: u32) -> bool {
        let mut kill = Command::new("kill");
        kill.args(["-0", &process_id.to_string()]).stderr(Stdio::null());
        kill.status().expect("kill").success()
    }

    #[test]
    fn dropping_kills_the_process_itself() {
        let child = spawn(&["sleep", "1000"], "guard-drop");
        let id = child.process_id;
        assert!(alive(id));
        drop(child);
        assert!(!alive(id));
    }

    #[test]
    fn a_stopped_process_dies_too() {
        let child = spawn(&["sleep", "1000"], "guard-stop");
        let id = child.process_id;
        child.signal("STOP").expect("it is there");
        drop(child);
        assert!(!alive(id));
    }

    #[test]
    fn it_says_how_the_process_ended() {
        let mut child = spawn(&["sh", "-c", "exit 7"], "guard-end");
        let status = child.shell.wait().expect("a status");
        assert_eq!(status.code(), Some(7));
        assert_eq!(child.ended().expect("a status"), Some(status));
    }
}
