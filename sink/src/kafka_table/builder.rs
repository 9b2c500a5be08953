//! A table put together column by column: the CREATE TABLE that says the same is written, and read as any other.
//!
//! So a built table has passed every check that a written one has, the bounds of types and names among them.

use std::collections::BTreeMap;
use std::fmt;

use super::KafkaTable;
use crate::error::Error;
use crate::sql::Script;
use crate::types::DataType;

/// Declares an upsert-kafka table: see [`KafkaTable::builder`].
#[derive(Clone)]
#[must_use]
pub struct KafkaTableBuilder {
    name: String,
    columns: Vec<String>,
    primary_key: Vec<String>,
    options: BTreeMap<String, String>,
}

impl KafkaTable {
    /// An upsert-kafka table of this name, to which columns and options are added.
    pub fn builder(name: impl Into<String>) -> KafkaTableBuilder {
        let options = [("connector".to_owned(), "upsert-kafka".to_owned())].into();
        KafkaTableBuilder { name: name.into(), columns: Vec::new(), primary_key: Vec::new(), options }
    }
}

impl KafkaTableBuilder {
    /// One more column, behind those that are there.
    pub fn column(mut self, name: impl AsRef<str>, data_type: DataType) -> Self {
        self.columns.push(format!("{} {data_type}", quoted(name.as_ref())));
        self
    }

    /// One more column that is metadata of the record and is read and written, as `timestamp` and `headers` are: the
    /// key is Flink's.
    pub fn metadata_column(mut self, name: impl AsRef<str>, data_type: DataType, key: &str) -> Self {
        self.columns.push(format!("{} {data_type} METADATA FROM {}", quoted(name.as_ref()), literal(key)));
        self
    }

    /// The same where it is only read, as `partition` and `offset` are: a row that is written does not have it.
    pub fn virtual_column(mut self, name: impl AsRef<str>, data_type: DataType, key: &str) -> Self {
        let (name, key) = (quoted(name.as_ref()), literal(key));
        self.columns.push(format!("{name} {data_type} METADATA FROM {key} VIRTUAL"));
        self
    }

    /// The columns that a record's key is made of, in this order; they become NOT NULL.
    pub fn primary_key<N: AsRef<str>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.primary_key = columns.into_iter().map(|it| quoted(it.as_ref())).collect();
        self
    }

    /// The topic.
    pub fn topic(self, topic: impl Into<String>) -> Self {
        self.option("topic", topic)
    }

    /// The format of keys, such as `json`; options of it are `key.json.…`.
    pub fn key_format(self, format: impl Into<String>) -> Self {
        self.option("key.format", format)
    }

    /// The format of values, such as `json`; options of it are `value.json.…`.
    pub fn value_format(self, format: impl Into<String>) -> Self {
        self.option("value.format", format)
    }

    /// A property of the Kafka client, under Java's name: `properties.*` without the prefix.
    pub fn property(self, key: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.option(format!("properties.{}", key.as_ref()), value)
    }

    /// Any option of WITH, in the place of what was set under that name.
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(key.into(), value.into());
        self
    }

    /// The table. What its connector says of it is checked when it is opened.
    ///
    /// # Errors
    /// No columns; a type that SQL does not have, as an interval.
    pub fn build(self) -> Result<KafkaTable, Error> {
        KafkaTable::declared(Script::from(&*self.ddl()), true).map_err(Error::without_places)
    }

    fn ddl(&self) -> String {
        let mut members = self.columns.clone();
        if !self.primary_key.is_empty() {
            members.push(format!("PRIMARY KEY ({}) NOT ENFORCED", self.primary_key.join(", ")));
        }
        let options =
            self.options.iter().map(|(key, value)| format!("{} = {}", literal(key), literal(value)));
        let options: Vec<_> = options.collect();
        format!(
            "CREATE TABLE {} (\n  {}\n) WITH (\n  {}\n)",
            quoted(&self.name),
            members.join(",\n  "),
            options.join(",\n  ")
        )
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Its options may be secrets.
impl fmt::Debug for KafkaTableBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTableBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Field, LogicalType};

    fn built(data_type: DataType) -> KafkaTableBuilder {
        KafkaTable::builder("t`1")
            .column("id", LogicalType::BigInt.nullable())
            .column("the `v`", data_type)
            .primary_key(["id"])
            .topic("it's")
            .key_format("json")
            .value_format("json")
            .property("bootstrap.servers", "k:9092")
    }

    #[test]
    fn every_type_of_a_table_comes_through() {
        let field = |name: &str, logical: LogicalType| Field::new(name, logical.nullable());
        let nested =
            LogicalType::Row([field("a`b", LogicalType::Int), field("ARRAY", LogicalType::STRING)].into());
        let boxed = |logical: LogicalType| Box::new(logical.not_null());
        for logical in [
            LogicalType::Boolean,
            LogicalType::TinyInt,
            LogicalType::SmallInt,
            LogicalType::Int,
            LogicalType::BigInt,
            LogicalType::Float,
            LogicalType::Double,
            LogicalType::Decimal { precision: 38, scale: 18 },
            LogicalType::Char(3),
            LogicalType::VarChar(4),
            LogicalType::STRING,
            LogicalType::Binary(5),
            LogicalType::VarBinary(6),
            LogicalType::BYTES,
            LogicalType::Date,
            LogicalType::Time(0),
            LogicalType::Timestamp(9),
            LogicalType::TimestampLtz(3),
            LogicalType::Array(boxed(LogicalType::Array(boxed(LogicalType::Int)))),
            LogicalType::Map(boxed(LogicalType::STRING), boxed(nested.clone())),
            LogicalType::Multiset(boxed(LogicalType::STRING)),
            nested,
        ] {
            for data_type in [logical.clone().nullable(), logical.clone().not_null()] {
                let table = built(data_type.clone()).build().unwrap();
                assert_eq!(table.name(), "t`1");
                let columns = table.sink_plan().unwrap().sink.columns;
                let expected =
                    [Field::new("id", LogicalType::BigInt.not_null()), Field::new("the `v`", data_type)];
                assert_eq!(*columns, expected);
            }
        }
    }

    #[test]
    fn options_are_what_they_were_given_as() {
        let text = "a'b; \\ \n-- c /* d";
        let table = built(LogicalType::Int.nullable()).property("client.id", text).build().unwrap();
        let plan = table.sink_plan().unwrap().sink;
        assert_eq!(plan.topics.names(), ["it's"]);
        assert!(
            plan.properties.contains(&("client.id".to_owned(), text.to_owned())),
            "{:?}",
            plan.properties
        );
    }

    #[test]
    fn metadata_is_read_and_written_where_it_can_be() {
        let ltz = LogicalType::TimestampLtz(3).nullable();
        let table = built(LogicalType::Int.nullable())
            .metadata_column("at", ltz, "timestamp")
            .virtual_column("offset", LogicalType::BigInt.not_null(), "offset")
            .build()
            .unwrap();
        let names = |columns: &[Field]| columns.iter().map(|it| it.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&table.sink_plan().unwrap().sink.columns), ["id", "the `v`", "at"]);
        assert_eq!(names(&table.source_plan().unwrap().columns), ["id", "the `v`", "at", "offset"]);
    }

    #[test]
    fn what_is_wrong_is_said_of_the_table_without_places() {
        let refused = KafkaTable::builder("t")
            .column("id", LogicalType::BigInt.nullable())
            .topic("t")
            .option("sink.buffer-flush.max-rows", "x")
            .build()
            .and_then(|table| table.sink_plan().map(drop));
        let error = refused.unwrap_err();
        assert!(error.findings().len() > 2, "{error}");
        assert!(!error.to_string().contains("line "), "{error}");
        let of_types = built(LogicalType::Decimal { precision: 50, scale: 2 }.nullable()).build();
        let error = of_types.and_then(|table| table.sink_plan().map(drop)).unwrap_err().to_string();
        assert_eq!(error, "table t`1: DECIMAL(50, 2): the precision must lie between 1 and 38");
        assert!(built(LogicalType::IntervalDayTime.nullable()).build().is_err());
    }
}
