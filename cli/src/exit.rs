//! How the process ends: a table of codes, shown by `--help` and the README.

use std::fmt;

/// What the process returns to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done; or who read standard output has left, and wants no more.
    Done = 0,
    /// The command line makes no sense.
    Usage = 2,
    /// The job's SQL, options or input file are wrong; nothing was connected.
    Job = 3,
    /// No broker could be reached, or it lacks what the job needs.
    Cluster = 4,
    /// It ran and failed: of a job offsets stand where all before is acknowledged, of anything else the message says what
    /// was not written.
    Running = 5,
    /// What `wire` was given is not what it should be.
    Wire = 6,
    /// A second signal: left at once, without flushing.
    Abandoned = 130,
}

impl Exit {
    /// Every code with what it says.
    pub(crate) const TABLE: &[(Self, &str)] = &[
        (Self::Done, "done, or the reader of standard output has left"),
        (Self::Usage, "wrong usage: unknown command, flag or value"),
        (Self::Job, "bad job: the file, its SQL or its options; nothing was written"),
        (Self::Cluster, "cluster: not reachable, or a topic is missing there"),
        (
            Self::Running,
            "failed while running, or output that cannot be written: offsets are committed only up to what was acknowledged",
        ),
        (Self::Wire, "wire: a file cannot be read, or bytes, JSON or vectors are wrong"),
        (Self::Abandoned, "a second SIGINT, SIGTERM or SIGHUP: left without flushing"),
    ];
}

/// Why a command ends early: a code and a sentence.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code.
    pub(crate) exit: Exit,
    /// What happened, to what, and what to do.
    pub(crate) message: String,
}

impl Failure {
    /// A failure of that kind.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// Nothing is wrong and nobody listens: the reader of standard output has left.
    pub(crate) fn quiet() -> Self {
        Self::new(Exit::Done, String::new())
    }

    /// Whether there is nothing to say.
    pub(crate) fn is_quiet(&self) -> bool {
        self.message.is_empty()
    }

    /// The command line is at fault.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
