//! Types of other databases, and the type of Flink's to write instead.

/// What is wrong with a type's name; `None` is one that a placeholder gave.
pub(super) fn unknown(name: Option<&str>) -> String {
    let Some(name) = name else { return format!("the placeholder's value is no type; there are: {NAMES}") };
    let upper = name.to_ascii_uppercase();
    match FOREIGN.iter().find(|(names, _)| names.contains(&&*upper)) {
        Some((_, instead)) => format!("{upper} is no type of Flink; write {instead}"),
        None => format!("'{}' is no type; there are: {NAMES}", super::token::cut(name)),
    }
}

/// The type that holds what `name` UNSIGNED does.
pub(super) fn unsigned(name: &str) -> String {
    let wider = match name {
        "TINYINT" => "SMALLINT",
        "SMALLINT" => "INT",
        "INT" | "INTEGER" => "BIGINT",
        "BIGINT" => "DECIMAL(20, 0)",
        name => name,
    };
    format!("no type is UNSIGNED; for {name} UNSIGNED write {wider}")
}

/// What is wrong with a length behind a type that has none.
pub(super) fn no_length(name: &str) -> String {
    let instead = match name {
        "STRING" => "VARCHAR(n)".to_owned(),
        "BYTES" => "VARBINARY(n)".to_owned(),
        "FLOAT" | "DOUBLE" => format!("{name}, or DECIMAL(p, s)"),
        "DATE" => "TIMESTAMP(p)".to_owned(),
        name => name.to_owned(),
    };
    format!("{name} takes no length; write {instead}")
}

/// What is wrong with TIMESTAMP WITH TIME ZONE.
pub(super) const WITH_TIME_ZONE: &str = "TIMESTAMP WITH TIME ZONE keeps a zone for each value, which no format does; \
    write TIMESTAMP_LTZ(3), an instant";

const NAMES: &str = "BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL, CHAR, VARCHAR, STRING, \
    BINARY, VARBINARY, BYTES, DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ, ARRAY, MULTISET, MAP, ROW";

const FOREIGN: &[(&[&str], &str)] = &[
    (
        &[
            "TEXT",
            "TINYTEXT",
            "MEDIUMTEXT",
            "LONGTEXT",
            "CLOB",
            "NCLOB",
            "NCHAR",
            "NVARCHAR",
            "NVARCHAR2",
            "VARCHAR2",
            "CITEXT",
            "BPCHAR",
            "UUID",
            "UNIQUEIDENTIFIER",
            "JSON",
            "JSONB",
            "XML",
            "ENUM",
            "STR",
        ],
        "STRING",
    ),
    (&["LONG", "INT8", "INT64", "BIGSERIAL", "SERIAL8"], "BIGINT"),
    (&["INT4", "INT32", "MEDIUMINT", "SERIAL", "YEAR"], "INT"),
    (&["SHORT", "INT2", "INT16", "SMALLSERIAL"], "SMALLINT"),
    (&["BYTE"], "TINYINT"),
    (&["BOOL", "BIT"], "BOOLEAN"),
    (&["FLOAT4", "REAL", "SINGLE", "FLOAT32"], "FLOAT"),
    (&["FLOAT8", "BINARY_DOUBLE", "FLOAT64"], "DOUBLE"),
    (&["NUMBER", "BIGNUMERIC", "BIGDECIMAL"], "DECIMAL(38, s) with s digits behind the point"),
    (&["MONEY", "SMALLMONEY"], "DECIMAL(19, 4)"),
    (&["DATETIME", "DATETIME2", "SMALLDATETIME"], "TIMESTAMP(3)"),
    (&["TIMESTAMPTZ", "TIMESTAMP_TZ", "DATETIMEOFFSET", "INSTANT"], "TIMESTAMP_LTZ(3)"),
    (&["TIMESTAMP_NTZ"], "TIMESTAMP(3)"),
    (&["TIMETZ"], "TIME"),
    (&["BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "BYTEA", "IMAGE", "RAW"], "BYTES"),
    (&["STRUCT", "RECORD", "OBJECT", "TUPLE"], "ROW<name TYPE, …>"),
    (&["LIST", "SET"], "ARRAY<TYPE>"),
    (&["DICT", "HASHMAP", "HSTORE"], "MAP<STRING, TYPE>"),
    (&["INTERVAL", "VARIANT", "NULL", "ANY"], "another one: values of this type cannot be read or written"),
];
