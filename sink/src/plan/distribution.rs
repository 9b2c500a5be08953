//! How the rows of an INSERT come from the tasks that read to the tasks that write.

use crate::types::Field;

/// Which task of the sink writes a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Distribution {
    /// The task that read it.
    #[default]
    Forward,
    /// One of so many, by the hash of these columns of the sink's row.
    Hash { tasks: u32, key: Vec<usize> },
    /// Each of so many in turn.
    Rebalance { tasks: u32 },
}

impl Distribution {
    /// How many tasks of the sink take rows of other tasks; `None` where each task writes what it reads.
    pub(crate) fn sink_tasks(&self) -> Option<u32> {
        match self {
            Self::Forward => None,
            Self::Hash { tasks, .. } | Self::Rebalance { tasks } => Some(*tasks),
        }
    }

    /// For a person, beside the number of tasks that read and the sink's columns; nothing where there is one task.
    pub(super) fn explained(&self, source_tasks: u32, columns: &[Field]) -> Option<String> {
        let reading = counted(source_tasks, "reads", "read");
        match self {
            Self::Forward if source_tasks == 1 => None,
            Self::Forward => Some(format!("forward: {source_tasks} tasks read and write")),
            Self::Hash { tasks, key } => {
                let names: Vec<&str> = key.iter().map(|column| &*columns[*column].name).collect();
                let (names, writing) = (names.join(", "), counted(*tasks, "writes", "write"));
                Some(format!("hash({names}): {reading}, {writing}, all rows of a key the same"))
            }
            Self::Rebalance { tasks: 1 } => Some(format!("gathered: {reading}, 1 task writes")),
            Self::Rebalance { tasks } => {
                let writing = counted(*tasks, "writes", "write");
                Some(format!("rebalance: {reading}, {writing}, in turns"))
            }
        }
    }
}

fn counted(tasks: u32, does: &str, they_do: &str) -> String {
    match tasks {
        1 => format!("1 task {does}"),
        tasks => format!("{tasks} tasks {they_do}"),
    }
}
