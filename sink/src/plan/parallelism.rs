//! How many tasks read and write, and where Flink has an exchange in front of a sink.
//!
//! A source has `scan.parallelism` tasks or the job's `parallelism.default`, a sink has `sink.parallelism` or as many as
//! its source. Where the two are equal each task writes what it reads: the rows of a partition stay in order, and with
//! them those of a key. Where they differ rows are given out by the hash of the sink's key, so that one task of the sink
//! writes all changes of a key; and so they are where changes come by another key than the sink's, since rows of one key
//! there may then lie in any partition. `table.exec.sink.keyed-shuffle` can ask for that always, or never.
//!
//! The branches of a UNION ALL have one sink. Where one task reads them all it writes their rows in the order in which it
//! read them; where several tasks do, rows of one key may come from any of these, so they are given out by the hash too.

use std::collections::HashMap;

use super::distribution::Distribution;
use super::pipeline::{InsertPlan, Pipeline, SinkPlan, SourcePlan};
use super::update_before::has_same_key;
use crate::error::{Finding, Rule};
use crate::serializer::ChangeMode;
use crate::settings::{KeyedShuffle, Settings};

/// Decides how many tasks read, and for each INSERT how its rows come to those that write; what cannot be is found.
pub(super) fn distribute(pipelines: &mut [Pipeline], settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pipeline in &mut *pipelines {
        pipeline.tasks = source_tasks(pipeline, settings.parallelism);
    }
    let inputs = inputs(pipelines);
    for pipeline in pipelines {
        let Pipeline { sources, inserts, tasks } = pipeline;
        for insert in inserts {
            let input = inputs.get(&insert.statement).copied().unwrap_or(SinkInput::of(*tasks));
            match distribution(&sources[insert.source], insert, input, settings.keyed_shuffle) {
                Ok(distribution) => insert.distribution = distribution,
                Err(finding) => findings.push(finding),
            }
        }
    }
    findings
}

/// The tasks that read for one INSERT: those of all its branches.
#[derive(Clone, Copy)]
struct SinkInput {
    /// Of the branch with the fewest.
    fewest: u32,
    /// Of the branch with the most.
    most: u32,
    /// Tasks together; branches that read one topic have the same.
    together: u32,
    branches: usize,
}

impl SinkInput {
    /// One branch with so many tasks.
    fn of(tasks: u32) -> Self {
        Self { fewest: tasks, most: tasks, together: tasks, branches: 1 }
    }

    /// Beside branches that read another topic.
    fn and(self, other: Self) -> Self {
        Self {
            fewest: self.fewest.min(other.fewest),
            most: self.most.max(other.most),
            together: self.together + other.together,
            branches: self.branches + other.branches,
        }
    }

    /// Whether rows of a key come from several tasks, by whatever key their sources are parted.
    fn scatters_keys(self) -> bool {
        self.branches > 1 && self.together > 1
    }
}

/// By statement.
fn inputs(pipelines: &[Pipeline]) -> HashMap<usize, SinkInput> {
    let mut inputs: HashMap<usize, SinkInput> = HashMap::new();
    for pipeline in pipelines {
        for branches in pipeline.sinks() {
            let Some(insert) = branches.first() else { continue };
            let own = SinkInput { branches: branches.len(), ..SinkInput::of(pipeline.tasks) };
            inputs.entry(insert.statement).and_modify(|it| *it = it.and(own)).or_insert(own);
        }
    }
    inputs
}

/// The greatest of what its tables say, since they are read as one.
fn source_tasks(pipeline: &Pipeline, default: u32) -> u32 {
    if pipeline.reader().local.is_some() {
        return 1;
    }
    let of = |source: &SourcePlan| source.parallelism.unwrap_or(default);
    pipeline.sources.iter().map(of).max().unwrap_or(default).clamp(1, TASKS_MAX)
}

/// Flink's `CommonExecSink`, for rows that are only inserted too; and one writer for each key where several branches have
/// rows of it, which Flink leaves to its materializer.
fn distribution(
    source: &SourcePlan,
    insert: &InsertPlan,
    input: SinkInput,
    keyed_shuffle: KeyedShuffle,
) -> Result<Distribution, Finding> {
    let given = insert.sink.parallelism().map(|tasks| tasks.clamp(1, TASKS_MAX));
    let tasks = given.unwrap_or(input.most);
    let other = [input.fewest, input.most].into_iter().find(|it| given.is_some() && *it != tasks);
    let key = insert.sink.primary_key();
    if let Some(other) = other
        && key.is_empty()
        && source.carries_changes
    {
        let text = format!(
            "'sink.parallelism' = {tasks} differs from the {other} of table {}, whose rows change and go: without a \
             PRIMARY KEY nothing says which of them have to stay in order; declare one, or leave the option out",
            source.table
        );
        return Err(Finding::new(Rule::Parallelism, text).of(insert.sink.table()));
    }
    let gathers = input.scatters_keys() && !key.is_empty() && keyed_shuffle != KeyedShuffle::None;
    let differ = other.is_some() || gathers;
    let by_key = match keyed_shuffle {
        KeyedShuffle::None => false,
        KeyedShuffle::Auto => differ || changes_key(source, insert),
        KeyedShuffle::Force => true,
    };
    Ok(match (by_key && tasks > 1 && !key.is_empty(), differ) {
        (true, _) => Distribution::Hash { tasks, key: key.to_vec() },
        (false, true) => Distribution::Rebalance { tasks },
        (false, false) => Distribution::Forward,
    })
}

/// Whether rows that change come by another key than that by which the sink takes them. Flink, which would keep the rows
/// of each of its keys then, gives them out by it.
fn changes_key(source: &SourcePlan, insert: &InsertPlan) -> bool {
    match &insert.sink {
        SinkPlan::Kafka(sink) if sink.changes != ChangeMode::Format => {
            source.carries_changes && !has_same_key(source, sink, &insert.projection)
        }
        _ => false,
    }
}

/// Tasks of one source, and of one sink: more than any machine has use for.
const TASKS_MAX: u32 = 256;

#[cfg(test)]
mod tests {
    use crate::plan::Distribution;
    use crate::plan::{PlanOptions, plan};

    /// How the rows of one INSERT come to their sink, where the job, the source and the sink say so much.
    fn planned(settings: &str, format: &str, scan: &str, sink: &str) -> Result<(u32, Distribution), String> {
        let key = if format == "json" { "" } else { ", PRIMARY KEY (id) NOT ENFORCED" };
        let job = format!(
            "{settings}
            CREATE TABLE src (id INT, name STRING{key}) WITH ('connector' = 'kafka', 'topic' = 'in',
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
    fn rows_that_change_by_another_key_are_given_out_by_the_sinks() {
        for (key, columns, expected) in [
            ("id", "id, name", Distribution::Forward),
            ("name", "id, name", Distribution::Hash { tasks: 4, key: vec![0] }),
            ("id", "id + 1, name", Distribution::Hash { tasks: 4, key: vec![0] }),
        ] {
            let job = format!(
                "{DEFAULT}
                CREATE TABLE src (id INT, name STRING, PRIMARY KEY ({key}) NOT ENFORCED) WITH ('connector' = 'kafka',
                    'topic' = 'in', 'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g',
                    'format' = 'debezium-json');
                {} INSERT INTO o SELECT {columns} FROM src",
                keyed("")
            );
            let plan = plan(&*job, &PlanOptions::default()).unwrap();
            let distribution = &plan.inserts().next().unwrap().1.distribution;
            assert_eq!(*distribution, expected, "by {key}, of {columns}");
        }
    }

    /// How the rows of each branch of a UNION ALL come to their sink: `a` and `b` are topics, `b2` is a table over the
    /// second of them.
    fn united(settings: &str, query: &str, sink: &str) -> Vec<Distribution> {
        let source = |name: &str, topic: &str| {
            format!(
                "CREATE TABLE {name} (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = '{topic}',
                    'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g', 'format' = 'json');"
            )
        };
        let sources = source("a", "in-a") + &source("b", "in-b") + &source("b2", "in-b");
        let job = format!("{settings} {sources} {sink} INSERT INTO o {query}");
        let plan = plan(&*job, &PlanOptions::default()).unwrap();
        plan.inserts().map(|(_, insert)| insert.distribution.clone()).collect()
    }

    #[test]
    fn rows_of_a_key_have_one_writer_whatever_branch_they_are_of() {
        let (two, one) =
            ("SELECT * FROM a UNION ALL SELECT * FROM b", "SELECT * FROM b UNION ALL SELECT * FROM b2");
        let hash = |tasks| vec![Distribution::Hash { tasks, key: vec![0] }; 2];
        let (forward, gathered) =
            (vec![Distribution::Forward; 2], vec![Distribution::Rebalance { tasks: 1 }; 2]);
        let never = "SET 'table.exec.sink.keyed-shuffle' = 'NONE';";
        for (settings, query, sink, expected) in [
            ("", two, keyed(""), gathered.clone()),
            ("", two, keyed(FOUR), hash(4)),
            (DEFAULT, two, keyed(""), hash(4)),
            (DEFAULT, one, keyed(""), hash(4)),
            ("", one, keyed(""), forward.clone()),
            ("", one, keyed(FOUR), hash(4)),
            (never, two, keyed(""), forward.clone()),
            ("", two, keyless(""), forward.clone()),
            ("", two, keyless(FOUR), vec![Distribution::Rebalance { tasks: 4 }; 2]),
        ] {
            assert_eq!(united(settings, query, &sink), expected, "{settings} {query} {sink}");
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
            (SCAN, keyed(", 'sink.parallelism' = '1'"), "  gathered: 2 tasks read, 1 task writes"),
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
    fn what_processes_rely_on_is_told_where_they_may_share_the_job() {
        let told = |bounded: &str, sink: &str| {
            let job = format!(
                "CREATE TABLE src (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'in', 'format' = 'json',
                    'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g'{bounded});
                {sink} INSERT INTO o SELECT * FROM src"
            );
            let text = plan(&*job, &PlanOptions::default()).unwrap().explain().to_string();
            text.contains("all rows of a key must come from one partition of in")
        };
        assert!(told("", &keyed(FOUR)));
        assert!(!told("", &keyed("")), "nothing is exchanged");
        assert!(!told("", &keyless(FOUR)), "nothing has to stay in order");
        assert!(!told(", 'scan.bounded.mode' = 'latest-offset'", &keyed(FOUR)), "one process reads it all");
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
