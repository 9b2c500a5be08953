//! A plan told to a person: what each table, key, value, option and default came to.

use std::fmt;

use super::notice::Notice;
use super::pipeline::{InsertPlan, Pipeline, SELECT, SinkPlan, SourcePlan};
use super::report::TableReport;
use crate::expr::{OnNull, Projection};
use crate::settings::{CHECKPOINT_INTERVAL, Settings};
use crate::step::{Expansion, Step};
use crate::types::Field;

/// The plan as text.
pub(super) struct Explained<'a> {
    pub(super) settings: &'a Settings,
    pub(super) pipelines: &'a [Pipeline],
    pub(super) tables: &'a [TableReport],
    pub(super) notices: &'a [Notice],
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in self.tables {
            write_table(f, table)?;
        }
        for pipeline in self.pipelines {
            for (source, insert) in pipeline.inserts() {
                write_insert(f, source, insert, pipeline.tasks)?;
            }
        }
        for pipeline in self.pipelines.iter().filter(|it| it.inserts.len() > 1) {
            let (topics, count) = (pipeline.reader().topics.join(", "), pipeline.inserts.len());
            writeln!(f, "topic {topics} is read once for {count} INSERTs; a commit waits for all of them\n")?;
        }
        let settings = self.settings;
        let default = if settings.checkpoint_interval == CHECKPOINT_INTERVAL { " (default)" } else { "" };
        writeln!(f, "job {}", settings.name.as_deref().unwrap_or("without a name"))?;
        writeln!(
            f,
            "  offsets are committed every {:?}{default}, once what they stand for is acknowledged",
            settings.checkpoint_interval
        )?;
        for notice in self.notices {
            writeln!(f, "notice: {notice}")?;
        }
        Ok(())
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, table: &TableReport) -> fmt::Result {
    writeln!(f, "{} {} ({})", table.role, table.name, table.connector)?;
    for line in &table.lines {
        writeln!(f, "  {line}")?;
    }
    writeln!(f, "  options")?;
    for option in &table.options {
        writeln!(f, "    '{}' = '{}'{}", option.key, option.value, option.origin)?;
    }
    writeln!(f)
}

fn write_insert(
    f: &mut fmt::Formatter<'_>,
    source: &SourcePlan,
    insert: &InsertPlan,
    source_tasks: u32,
) -> fmt::Result {
    let columns = insert.sink.columns();
    match insert.sink.table() {
        SELECT => writeln!(f, "select from {}", source.table)?,
        table => writeln!(f, "insert into {table} from {}", source.table)?,
    }
    let row = write_steps(f, source, insert)?;
    for (column, expr) in columns.iter().zip(insert.projection.exprs()) {
        writeln!(f, "  {} {} = {}", column.name, column.data_type, expr.display(&row))?;
    }
    if let Some(sentence) = not_null(&insert.projection, columns) {
        writeln!(f, "  {sentence}")?;
    }
    writeln!(f, "  {}", insert.update_before)?;
    if let SinkPlan::Kafka(sink) = &insert.sink
        && let Some(naming) = sink.delivery.naming()
    {
        writeln!(
            f,
            "  exactly-once: rows and offsets are one transaction, whose id begins with {}",
            naming.prefix
        )?;
    }
    if let Some(line) = insert.distribution.explained(source_tasks, columns) {
        writeln!(f, "  {line}")?;
    }
    if let Some(line) = across_processes(source, insert) {
        writeln!(f, "  {line}")?;
    }
    writeln!(f)
}

/// What processes that share the job rely on: an exchange does not reach from one into another.
fn across_processes(source: &SourcePlan, insert: &InsertPlan) -> Option<String> {
    let SinkPlan::Kafka(sink) = &insert.sink else { return None };
    let is_exchanged = insert.distribution.sink_tasks().is_some();
    let topics = source.topics.join(", ");
    (is_exchanged && !sink.primary_key.is_empty() && source.may_share()).then(|| {
        format!(
            "where several processes share the job, all rows of a key must come from one partition of {topics}: \
             the exchange is inside each"
        )
    })
}

/// The steps before the columns; back comes the row behind them.
fn write_steps(
    f: &mut fmt::Formatter<'_>,
    source: &SourcePlan,
    insert: &InsertPlan,
) -> Result<Vec<Field>, fmt::Error> {
    let mut row = source.columns.to_vec();
    for step in &insert.steps {
        match step {
            Step::Filter(filter) => writeln!(f, "  where {}", filter.display(&row))?,
            Step::Expand(expand) => {
                let from = row.len();
                row.extend((0..expand.width).map(|at| {
                    let name = format!("column {} of the row's rows", at + 1);
                    Field::new(name, crate::types::LogicalType::STRING.nullable())
                }));
                let of = &row[..from];
                match &expand.rows {
                    Expansion::Rows(rows) => writeln!(f, "  as {} rows", rows.len())?,
                    Expansion::Elements { collection, .. } => {
                        writeln!(f, "  a row for each element of {}", collection.display(of))?;
                    }
                    Expansion::Pieces { text, .. } => {
                        writeln!(f, "  a row for each piece of {}", text.display(of))?;
                    }
                }
            }
        }
    }
    Ok(row)
}

fn not_null(projection: &Projection, columns: &[Field]) -> Option<String> {
    let names: Vec<&str> =
        columns.iter().filter(|column| !column.data_type.nullable).map(|column| &*column.name).collect();
    let what = match projection.on_null() {
        OnNull::Fail => "fails the job",
        OnNull::Drop => "drops its row",
    };
    (!names.is_empty()).then(|| format!("a NULL in {} {what}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use crate::plan::{PlanOptions, plan};

    const JOB: &str = "
        CREATE TABLE src (id INT, name STRING) WITH (
            'connector' = 'kafka', 'topic' = 'in', 'properties.bootstrap.servers' = 'a:1',
            'properties.group.id' = 'g', 'properties.sasl.jaas.config' = 'x password=''hush''',
            'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
        CREATE TABLE o (k_id BIGINT, name STRING, PRIMARY KEY (k_id) NOT ENFORCED) WITH (
            'connector' = 'upsert-kafka', 'topic' = 'out', 'properties.bootstrap.servers' = 'a:1',
            'key.format' = 'json', 'value.format' = 'json', 'key.fields-prefix' = 'k_',
            'value.fields-include' = 'EXCEPT_KEY');
        INSERT INTO o SELECT * FROM src";

    #[test]
    fn what_becomes_of_a_client_property_is_told() {
        let given = "'properties.compression.lz4.level' = '3', 'properties.acks' = '1', 'properties.linger.ms' = '7',";
        let text = JOB.replace("'key.format'", &format!("{given} 'key.format'"));
        let options = PlanOptions::new().with_bootstrap("b:2");
        let text = plan(&*text, &options).unwrap().explain().to_string();
        for part in [
            "    'properties.linger.ms' = '7'",
            "property compression.lz4.level is ignored: lz4 has one level here",
            "enable.idempotence becomes false, since acks is 1: retries may write twice",
        ] {
            assert!(text.contains(part), "no '{part}' in\n{text}");
        }
    }

    #[test]
    fn what_the_sink_decides_itself_cannot_be_set() {
        for key in ["properties.partitioner.class", "properties.transactional.id"] {
            let text = JOB.replace("'key.format'", &format!("'{key}' = 'x', 'key.format'"));
            let options = PlanOptions::new().with_bootstrap("b:2");
            let error = plan(&*text, &options).unwrap_err().to_string();
            assert!(error.contains(&format!("'{key}': ")), "{error}");
        }
    }

    #[test]
    fn every_table_key_value_and_default_is_told() {
        let options = PlanOptions::new().with_bootstrap("b:2");
        let text = plan(JOB, &options).unwrap().explain().to_string();
        for line in [
            "source src (kafka)",
            "  reads topic in from earliest-offset",
            "    'scan.startup.mode' = 'earliest-offset'",
            "    'scan.bounded.mode' = 'unbounded' (default)",
            "    'properties.bootstrap.servers' = 'b:2' (set by the caller)",
            "    'properties.sasl.jaas.config' = '***'",
            "    'json.ignore-parse-errors' = 'false' (default)",
            "sink o (upsert-kafka)",
            "  key: k_id, without the prefix 'k_'",
            "  value: name",
            "insert into o from src",
            "  k_id BIGINT NOT NULL = id, cast from INT",
            "  name STRING = name",
            "  a NULL in k_id fails the job",
            "  offsets are committed every 5s (default), once what they stand for is acknowledged",
        ] {
            assert!(text.lines().any(|it| it == line), "no line '{line}' in\n{text}");
        }
        assert!(!text.contains("hush"));
    }
}
