//! How the rows of an INSERT come from the tasks that read to the tasks that write: Flink's exchange in front of a sink.
//!
//! A source has `scan.parallelism` tasks or the job's `parallelism.default`, a sink has `sink.parallelism` or as many as
//! its source. Where the two are equal each task writes what it reads: the rows of a partition stay in order, and with
//! them those of a key. Where they differ rows are given out by the hash of the sink's key, so that one task of the sink
//! writes all changes of a key; `table.exec.sink.keyed-shuffle` can ask for that always, or never.

use super::pipeline::{InsertPlan, Pipeline, SourcePlan};
use crate::error::{Finding, Rule};
use crate::settings::{KeyedShuffle, Settings};
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
            Self::Rebalance { tasks } => {
                let writing = counted(*tasks, "writes", "write");
                Some(format!("rebalance: {reading}, {writing}, in turns"))
            }
        }
    }
}

/// Decides how many tasks read, and for each INSERT how its rows come to those that write; what cannot be is found.
pub(super) fn distribute(pipelines: &mut [Pipeline], settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pipeline in pipelines {
        pipeline.tasks = source_tasks(pipeline, settings.parallelism);
        let Pipeline { sources, inserts, tasks } = pipeline;
        for insert in inserts {
            match distribution(&sources[insert.source], insert, *tasks, settings.keyed_shuffle) {
                Ok(distribution) => insert.distribution = distribution,
                Err(finding) => findings.push(finding),
            }
        }
    }
    findings
}

/// The greatest of what its tables say, since they are read as one.
fn source_tasks(pipeline: &Pipeline, default: u32) -> u32 {
    if pipeline.reader().local.is_some() {
        return 1;
    }
    let of = |source: &SourcePlan| source.parallelism.unwrap_or(default);
    pipeline.sources.iter().map(of).max().unwrap_or(default).clamp(1, TASKS_MAX)
}

/// Flink's `CommonExecSink`, for rows that are only inserted too.
fn distribution(
    source: &SourcePlan,
    insert: &InsertPlan,
    source_tasks: u32,
    keyed_shuffle: KeyedShuffle,
) -> Result<Distribution, Finding> {
    let tasks = insert.sink.parallelism().unwrap_or(source_tasks).clamp(1, TASKS_MAX);
    let differ = tasks != source_tasks;
    let key = insert.sink.primary_key();
    if differ && key.is_empty() && source.carries_changes {
        let text = format!(
            "'sink.parallelism' = {tasks} differs from the {source_tasks} of table {}, whose rows change and go: without a \
             PRIMARY KEY nothing says which of them have to stay in order; declare one, or leave the option out",
            source.table
        );
        return Err(Finding::new(Rule::Parallelism, text).of(insert.sink.table()));
    }
    let by_key = match keyed_shuffle {
        KeyedShuffle::None => false,
        KeyedShuffle::Auto => differ,
        KeyedShuffle::Force => true,
    };
    Ok(match (by_key && tasks > 1 && !key.is_empty(), differ) {
        (true, _) => Distribution::Hash { tasks, key: key.to_vec() },
        (false, true) => Distribution::Rebalance { tasks },
        (false, false) => Distribution::Forward,
    })
}

fn counted(tasks: u32, does: &str, they_do: &str) -> String {
    match tasks {
        1 => format!("1 task {does}"),
        tasks => format!("{tasks} tasks {they_do}"),
    }
}

/// Tasks of one source, and of one sink: more than any machine has use for.
const TASKS_MAX: u32 = 256;

#[cfg(test)]
mod tests {
    use super::Distribution;
    use crate::plan::{PlanOptions, plan};

    /// How the rows of one INSERT come to their sink, where the job, the source and the sink say so much.
    fn planned(settings: &str, format: &str, scan: &str, sink: &str) -> Result<(u32, Distribution), String> {
        let job = format!(
            "{settings}
            CREATE TABLE src (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'in',
                'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g', 'format' = '{format}'{scan});
            {sink}
            INSERT INTO o SELECT * FROM src"
        );
        let plan = plan(&*job, &PlanOptions::default()).map_err(|error| error.to_string())?;
        let distribution = plan.inserts().next().unwrap().1.distribution.clone();
        Ok((plan.pipelines()[0].tasks, distribution))
    }

    fn keyed(parallelism: &str) -> String {
        format!(
            "CREATE TABLE o (id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
                'topic' = 'out', 'properties.bootstrap.servers' = 'a:1', 'key.format' = 'json',
                'value.format' = 'json'{parallelism});"
        )
    }

    fn keyless(parallelism: &str) -> String {
        format!("CREATE TABLE o (id INT, name STRING) WITH ('connector' = 'blackhole'{parallelism});")
    }

    const FOUR: &str = ", 'sink.parallelism' = '4'";
    const SCAN: &str = ", 'scan.parallelism' = '2'";
    const DEFAULT: &str = "SET 'parallelism.default' = '4';";

    /// Spec 3.6: another parallelism than the input's that is not 1, for insert-only input too.
    #[test]
    fn rows_are_exchanged_by_key_where_the_parallelism_differs() {
        let hash = |tasks| Distribution::Hash { tasks, key: vec![0] };
        for (settings, scan, sink, expected) in [
            ("", "", "", (1, Distribution::Forward)),
            ("", "", FOUR, (1, hash(4))),
            ("", SCAN, FOUR, (2, hash(4))),
            (DEFAULT, "", "", (4, Distribution::Forward)),
            (DEFAULT, "", FOUR, (4, Distribution::Forward)),
            (DEFAULT, SCAN, "", (2, Distribution::Forward)),
            (DEFAULT, "", ", 'sink.parallelism' = '1'", (4, Distribution::Rebalance { tasks: 1 })),
            (DEFAULT, SCAN, ", 'sink.parallelism' = '2'", (2, Distribution::Forward)),
            ("SET 'table.exec.sink.keyed-shuffle' = 'FORCE';", SCAN, "", (2, hash(2))),
            ("SET 'table.exec.sink.keyed-shuffle' = 'FORCE';", "", "", (1, Distribution::Forward)),
            (
                "SET 'table.exec.sink.keyed-shuffle' = 'NONE';",
                SCAN,
                FOUR,
                (2, Distribution::Rebalance { tasks: 4 }),
            ),
            ("", "", ", 'sink.parallelism' = '100000'", (1, hash(256))),
        ] {
            let given = format!("{settings} scan {scan} sink {sink}");
            assert_eq!(planned(settings, "json", scan, &keyed(sink)), Ok(expected.clone()), "{given}");
            assert_eq!(planned(settings, "debezium-json", scan, &keyed(sink)), Ok(expected), "{given}");
        }
    }

    #[test]
    fn without_a_key_rows_that_are_only_inserted_go_in_turns_and_others_are_refused() {
        let rebalance = Distribution::Rebalance { tasks: 4 };
        assert_eq!(planned("", "json", "", &keyless(FOUR)), Ok((1, rebalance)));
        assert_eq!(planned("", "debezium-json", "", &keyless("")), Ok((1, Distribution::Forward)));
        let refused = planned("", "debezium-json", "", &keyless(FOUR)).unwrap_err();
        assert_eq!(
            refused,
            "table o: 'sink.parallelism' = 4 differs from the 1 of table src, whose rows change and go: without a PRIMARY \
             KEY nothing says which of them have to stay in order; declare one, or leave the option out"
        );
    }

    #[test]
    fn what_is_planned_is_told() {
        for (scan, sink, line) in [
            (SCAN, keyed(""), "  forward: 2 tasks read and write"),
            ("", keyed(FOUR), "  hash(id): 1 task reads, 4 tasks write, all rows of a key the same"),
            ("", keyless(FOUR), "  rebalance: 1 task reads, 4 tasks write, in turns"),
        ] {
            let job = format!(
                "CREATE TABLE src (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'in', 'format' = 'json',
                    'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g'{scan});
                {sink} INSERT INTO o SELECT * FROM src"
            );
            let text = plan(&*job, &PlanOptions::default()).unwrap().explain().to_string();
            assert!(text.lines().any(|it| it == line), "no line '{line}' in\n{text}");
        }
    }

    #[test]
    fn of_one_task_that_does_both_nothing_is_told() {
        let job = format!(
            "CREATE TABLE src (id INT, name STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
            {} INSERT INTO o SELECT * FROM src",
            keyed("")
        );
        let text = plan(&*job, &PlanOptions::default()).unwrap().explain().to_string();
        assert!(!text.contains("task"), "{text}");
    }
}
