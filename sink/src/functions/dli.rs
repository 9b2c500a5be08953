//! What the SQL references of Huawei's DLI call built in, and what becomes of each name here.

/// Functions of one kind that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DliFunctions {
    /// What they are about, as the reference heads them.
    pub about: &'static str,
    /// The releases of Flink whose reference has them.
    pub releases: &'static str,
    /// Whose they are, and whether they run.
    pub verdict: DliVerdict,
    /// Each of them.
    pub uses: &'static [DliUse],
}

/// One name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DliUse {
    /// As the reference has it.
    pub name: &'static str,
    /// How it is used: an expression, or a query, over `t (s STRING, n INT, d DOUBLE, ts TIMESTAMP(3), b BYTES,
    /// a ARRAY<STRING>, m MAP<STRING, STRING>, r ROW<x INT>)`.
    pub example: &'static str,
}

/// Whose a function is, and whether it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DliVerdict {
    /// Flink's own, of this name; it runs.
    Flink,
    /// No Flink has it; it runs as the service's own does.
    DliAlone,
    /// Flink's own; it needs more than one row, which is coming.
    NotYet,
    /// No Flink has it so; it needs more than one row, which is coming.
    DliAloneNotYet,
}

impl DliVerdict {
    /// Whether a query with it runs.
    pub fn runs(self) -> bool {
        matches!(self, Self::Flink | Self::DliAlone)
    }
}

/// All names, in the order of the references.
pub const DLI_FUNCTIONS: &[DliFunctions] = &[
    DliFunctions {
        about: "comparison",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("=", "n = 1"),
            used("<>", "n <> 1"),
            used("<", "n < 1"),
            used("<=", "n <= 1"),
            used(">", "n > 1"),
            used(">=", "n >= 1"),
            used("IS NULL", "s IS NULL"),
            used("IS NOT NULL", "s IS NOT NULL"),
            used("IS DISTINCT FROM", "n IS DISTINCT FROM 1"),
            used("IS NOT DISTINCT FROM", "n IS NOT DISTINCT FROM 1"),
            used("BETWEEN", "n BETWEEN SYMMETRIC 9 AND 1"),
            used("NOT BETWEEN", "n NOT BETWEEN 1 AND 9"),
            used("LIKE", "s LIKE 'a!%%' ESCAPE '!'"),
            used("NOT LIKE", "s NOT LIKE 'a%'"),
            used("SIMILAR TO", "s SIMILAR TO 'a(b|c)*'"),
            used("NOT SIMILAR TO", "s NOT SIMILAR TO 'a%'"),
            used("IN", "n IN (1, 2)"),
            used("NOT IN", "n NOT IN (1, 2)"),
        ],
    },
    DliFunctions {
        about: "logic",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("OR", "n = 1 OR n = 2"),
            used("AND", "n = 1 AND d = 2"),
            used("NOT", "NOT n = 1"),
            used("IS FALSE", "(n = 1) IS FALSE"),
            used("IS NOT FALSE", "(n = 1) IS NOT FALSE"),
            used("IS TRUE", "(n = 1) IS TRUE"),
            used("IS NOT TRUE", "(n = 1) IS NOT TRUE"),
            used("IS UNKNOWN", "(n = 1) IS UNKNOWN"),
            used("IS NOT UNKNOWN", "(n = 1) IS NOT UNKNOWN"),
        ],
    },
    DliFunctions {
        about: "arithmetic",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("+", "+ n + 1"),
            used("-", "- n - 1"),
            used("*", "n * 2"),
            used("/", "n / 2"),
            used("%", "n % 2"),
            used("POWER", "POWER(d, 2)"),
            used("ABS", "ABS(n)"),
            used("MOD", "MOD(n, 2)"),
            used("SQRT", "SQRT(d)"),
            used("LN", "LN(d)"),
            used("LOG10", "LOG10(d)"),
            used("LOG2", "LOG2(d)"),
            used("LOG", "LOG(2, d)"),
            used("EXP", "EXP(d)"),
            used("CEIL", "CEIL(d)"),
            used("CEILING", "CEILING(d)"),
            used("FLOOR", "FLOOR(d)"),
            used("SIN", "SIN(d)"),
            used("SINH", "SINH(d)"),
            used("COS", "COS(d)"),
            used("COSH", "COSH(d)"),
            used("TAN", "TAN(d)"),
            used("TANH", "TANH(d)"),
            used("COT", "COT(d)"),
            used("ASIN", "ASIN(d)"),
            used("ACOS", "ACOS(d)"),
            used("ATAN", "ATAN(d)"),
            used("ATAN2", "ATAN2(d, 2)"),
            used("DEGREES", "DEGREES(d)"),
            used("RADIANS", "RADIANS(d)"),
            used("SIGN", "SIGN(d)"),
            used("ROUND", "ROUND(d, 1)"),
            used("PI", "PI()"),
            used("E", "E()"),
            used("RAND", "RAND(n)"),
            used("RAND_INTEGER", "RAND_INTEGER(n, 9)"),
            used("UUID", "UUID()"),
            used("BIN", "BIN(n)"),
            used("HEX", "HEX(s)"),
            used("TRUNCATE", "TRUNCATE(d, 1)"),
        ],
    },
    DliFunctions {
        about: "text",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("||", "s || 'x'"),
            used("CHAR_LENGTH", "CHAR_LENGTH(s)"),
            used("CHARACTER_LENGTH", "CHARACTER_LENGTH(s)"),
            used("UPPER", "UPPER(s)"),
            used("LOWER", "LOWER(s)"),
            used("POSITION", "POSITION('x' IN s)"),
            used("TRIM", "TRIM(LEADING 'x' FROM s)"),
            used("LTRIM", "LTRIM(s)"),
            used("RTRIM", "RTRIM(s)"),
            used("REPEAT", "REPEAT(s, 2)"),
            used("REGEXP_REPLACE", "REGEXP_REPLACE(s, 'o+', '')"),
            used("OVERLAY", "OVERLAY(s PLACING 'x' FROM 2 FOR 1)"),
            used("SUBSTRING", "SUBSTRING(s FROM 2 FOR 1)"),
            used("SUBSTR", "SUBSTR(s, 2)"),
            used("REPLACE", "REPLACE(s, 'a', 'b')"),
            used("REGEXP_EXTRACT", "REGEXP_EXTRACT(s, '(a)(b)', 2)"),
            used("REGEXP", "REGEXP(s, 'o+')"),
            used("INITCAP", "INITCAP(s)"),
            used("CONCAT", "CONCAT(s, '-', s)"),
            used("CONCAT_WS", "CONCAT_WS('-', s, s)"),
            used("LPAD", "LPAD(s, 4, ' ')"),
            used("RPAD", "RPAD(s, 4, ' ')"),
            used("FROM_BASE64", "FROM_BASE64(s)"),
            used("TO_BASE64", "TO_BASE64(s)"),
            used("ASCII", "ASCII(s)"),
            used("CHR", "CHR(n)"),
            used("DECODE", "DECODE(b, 'UTF-8')"),
            used("ENCODE", "ENCODE(s, 'UTF-8')"),
            used("INSTR", "INSTR(s, 'x')"),
            used("LEFT", "LEFT(s, 2)"),
            used("RIGHT", "RIGHT(s, 2)"),
            used("LOCATE", "LOCATE('x', s, 2)"),
            used("PARSE_URL", "PARSE_URL(s, 'QUERY', 'k')"),
            used("REVERSE", "REVERSE(s)"),
            used("SPLIT_INDEX", "SPLIT_INDEX(s, ',', 0)"),
            used("STR_TO_MAP", "STR_TO_MAP(s, ',', ':')"),
        ],
    },
    DliFunctions {
        about: "date and time",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("DATE", "DATE '2021-03-25'"),
            used("TIME", "TIME '12:02:02'"),
            used("TIMESTAMP", "TIMESTAMP '2021-03-25 12:02:02'"),
            used("INTERVAL", "ts + INTERVAL '1 02' DAY TO HOUR"),
            used("CURRENT_DATE", "CURRENT_DATE"),
            used("CURRENT_TIME", "CURRENT_TIME"),
            used("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
            used("LOCALTIME", "LOCALTIME"),
            used("LOCALTIMESTAMP", "LOCALTIMESTAMP"),
            used("PROCTIME", "PROCTIME()"),
            used("EXTRACT", "EXTRACT(DAY FROM ts)"),
            used("YEAR", "YEAR(ts)"),
            used("QUARTER", "QUARTER(ts)"),
            used("MONTH", "MONTH(ts)"),
            used("WEEK", "WEEK(ts)"),
            used("DAYOFYEAR", "DAYOFYEAR(ts)"),
            used("DAYOFMONTH", "DAYOFMONTH(ts)"),
            used("DAYOFWEEK", "DAYOFWEEK(ts)"),
            used("HOUR", "HOUR(ts)"),
            used("MINUTE", "MINUTE(ts)"),
            used("SECOND", "SECOND(ts)"),
            used("FLOOR TO", "FLOOR(ts TO DAY)"),
            used("CEIL TO", "CEIL(ts TO DAY)"),
            used("OVERLAPS", "(ts, INTERVAL '1' HOUR) OVERLAPS (ts, INTERVAL '2' HOUR)"),
            used("DATE_FORMAT", "DATE_FORMAT(ts, 'yyyy-MM')"),
            used("TIMESTAMPADD", "TIMESTAMPADD(DAY, 1, ts)"),
            used("TIMESTAMPDIFF", "TIMESTAMPDIFF(DAY, ts, LOCALTIMESTAMP)"),
            used("CONVERT_TZ", "CONVERT_TZ(s, 'UTC', 'Asia/Shanghai')"),
            used("FROM_UNIXTIME", "FROM_UNIXTIME(n)"),
            used("UNIX_TIMESTAMP", "UNIX_TIMESTAMP(s, 'yyyy-MM-dd')"),
            used("TO_DATE", "TO_DATE(s)"),
            used("TO_TIMESTAMP", "TO_TIMESTAMP(s)"),
        ],
    },
    DliFunctions {
        about: "conditions",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("CASE", "CASE n WHEN 1 THEN 'a' ELSE s END"),
            used("NULLIF", "NULLIF(n, 1)"),
            used("COALESCE", "COALESCE(s, '')"),
            used("IF", "IF(n = 1, 'a', s)"),
            used("IS_ALPHA", "IS_ALPHA(s)"),
            used("IS_DECIMAL", "IS_DECIMAL(s)"),
            used("IS_DIGIT", "IS_DIGIT(s)"),
        ],
    },
    DliFunctions {
        about: "conversion",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[used("CAST", "CAST(s AS INT)")],
    },
    DliFunctions {
        about: "collections and rows",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("CARDINALITY", "CARDINALITY(a)"),
            used("[]", "a[1] || m['k']"),
            used("ELEMENT", "ELEMENT(ARRAY[s])"),
            used("ROW", "ROW(s, n)"),
            used("ARRAY", "ARRAY[s, 'x']"),
            used("MAP", "MAP['k', s]"),
            used(".", "t.r.x"),
        ],
    },
    DliFunctions {
        about: "hashes",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("MD5", "MD5(s)"),
            used("SHA1", "SHA1(s)"),
            used("SHA224", "SHA224(s)"),
            used("SHA256", "SHA256(s)"),
            used("SHA384", "SHA384(s)"),
            used("SHA512", "SHA512(s)"),
            used("SHA2", "SHA2(s, 256)"),
        ],
    },
    DliFunctions {
        about: "what came later",
        releases: "1.15",
        verdict: DliVerdict::Flink,
        uses: &[
            used("GREATEST", "GREATEST(n, 1)"),
            used("LEAST", "LEAST(n, 1)"),
            used("IFNULL", "IFNULL(s, '')"),
            used("TYPEOF", "TYPEOF(n)"),
            used("NOW", "NOW()"),
            used("CURRENT_ROW_TIMESTAMP", "CURRENT_ROW_TIMESTAMP()"),
            used("TO_TIMESTAMP_LTZ", "TO_TIMESTAMP_LTZ(n, 0)"),
            used("IS JSON", "s IS JSON OBJECT"),
            used("JSON_EXISTS", "JSON_EXISTS(s, '$.a')"),
            used("JSON_VALUE", "JSON_VALUE(s, '$.a' DEFAULT '-' ON EMPTY)"),
            used("JSON_QUERY", "JSON_QUERY(s, '$.a')"),
            used("JSON_STRING", "JSON_STRING(n)"),
            used("JSON_OBJECT", "JSON_OBJECT('k' VALUE n)"),
            used("JSON_ARRAY", "JSON_ARRAY(n, s)"),
        ],
    },
    DliFunctions {
        about: "a value of JSON by its path",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::DliAlone,
        uses: &[used("JSON_VAL", "JSON_VAL(s, '$.a[0]')")],
    },
    DliFunctions {
        about: "a row for each piece of a text",
        releases: "1.12, 1.15",
        verdict: DliVerdict::DliAlone,
        uses: &[used("STRING_SPLIT", "SELECT p FROM t, LATERAL TABLE(STRING_SPLIT(s, ',')) AS u (p)")],
    },
    DliFunctions {
        about: "the same, as it was called",
        releases: "1.10",
        verdict: DliVerdict::DliAlone,
        uses: &[used("SPLIT_CURSOR", "SELECT p FROM t, LATERAL TABLE(SPLIT_CURSOR(s, ',')) AS u (p)")],
    },
    DliFunctions {
        about: "days added to a time or a text",
        releases: "1.15",
        verdict: DliVerdict::DliAlone,
        uses: &[used("DATE_ADD", "DATE_ADD(ts, 1)"), used("DATE_SUB", "DATE_SUB(s, 1)")],
    },
    DliFunctions {
        about: "aggregates",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::NotYet,
        uses: &[
            used("COUNT", "COUNT(*)"),
            used("AVG", "AVG(d)"),
            used("SUM", "SUM(n)"),
            used("MAX", "MAX(n)"),
            used("MIN", "MIN(n)"),
            used("STDDEV_POP", "STDDEV_POP(d)"),
            used("STDDEV_SAMP", "STDDEV_SAMP(d)"),
            used("VAR_POP", "VAR_POP(d)"),
            used("VAR_SAMP", "VAR_SAMP(d)"),
            used("VARIANCE", "VARIANCE(d)"),
            used("COLLECT", "COLLECT(s)"),
            used("FIRST_VALUE", "FIRST_VALUE(s)"),
            used("LAST_VALUE", "LAST_VALUE(s)"),
            used("LISTAGG", "LISTAGG(s)"),
            used("RANK", "RANK() OVER (PARTITION BY s ORDER BY n)"),
            used("DENSE_RANK", "DENSE_RANK() OVER (PARTITION BY s ORDER BY n)"),
            used("ROW_NUMBER", "ROW_NUMBER() OVER (PARTITION BY s ORDER BY n)"),
            used("LEAD", "LEAD(n) OVER (PARTITION BY s ORDER BY ts)"),
            used("LAG", "LAG(n) OVER (PARTITION BY s ORDER BY ts)"),
        ],
    },
    DliFunctions {
        about: "windows",
        releases: "1.10, 1.12, 1.15",
        verdict: DliVerdict::NotYet,
        uses: &[
            used("TUMBLE", "SELECT s FROM t GROUP BY s, TUMBLE(ts, INTERVAL '1' HOUR)"),
            used("HOP", "SELECT s FROM t GROUP BY s, HOP(ts, INTERVAL '1' MINUTE, INTERVAL '1' HOUR)"),
            used("SESSION", "SELECT s FROM t GROUP BY s, SESSION(ts, INTERVAL '1' HOUR)"),
        ],
    },
    DliFunctions {
        about: "windows that tell early, and take what is late",
        releases: "1.12, 1.15",
        verdict: DliVerdict::DliAloneNotYet,
        uses: &[used(
            "TUMBLE with period and lateness",
            "SELECT s FROM t GROUP BY s, TUMBLE(ts, INTERVAL '1' HOUR, INTERVAL '1' MINUTE, INTERVAL '5' MINUTE)",
        )],
    },
];

const fn used(name: &'static str, example: &'static str) -> DliUse {
    DliUse { name, example }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::functions::{all, find};
    use crate::plan::{PlanOptions, plan};

    const TABLE: &str =
        "CREATE TABLE t (s STRING, n INT, d DOUBLE, ts TIMESTAMP(3), b BYTES, a ARRAY<STRING>,
        m MAP<STRING, STRING>, r ROW<x INT>) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json',
        'properties.bootstrap.servers' = 'a:1', 'scan.startup.mode' = 'earliest-offset');";

    /// Every name of the table is used, by the planner of jobs, and comes to what the table says.
    #[test]
    fn each_becomes_what_the_table_says() {
        for DliFunctions { verdict, uses, .. } in DLI_FUNCTIONS {
            for DliUse { name, example } in *uses {
                let query = match example.starts_with("SELECT ") {
                    true => (*example).to_owned(),
                    false => format!("SELECT {example} FROM t"),
                };
                let planned = plan(&*format!("{TABLE} {query}"), &PlanOptions::default());
                match planned {
                    Ok(_) => assert!(verdict.runs(), "{name} runs: {query}"),
                    Err(error) => {
                        let told = error.to_string();
                        assert!(!verdict.runs(), "{name}: {query}: {told}");
                        let word = name.split(' ').next().unwrap();
                        assert!(told.contains(word) && told.contains("is coming"), "{name}: {told}");
                        let is_own = *verdict == DliVerdict::DliAloneNotYet;
                        assert_eq!(told.contains("DLI's"), is_own, "{name}: {told}");
                    }
                }
            }
        }
    }

    /// What is called Flink's stands in the table of functions with a release of Flink, what is called DLI's with none.
    #[test]
    fn whose_a_function_is_says_the_table_of_functions_too() {
        let mut of_dli = BTreeSet::new();
        for DliFunctions { verdict, uses, .. } in DLI_FUNCTIONS {
            for DliUse { name, .. } in *uses {
                let since = find(name).map(|it| it.since);
                match verdict {
                    DliVerdict::Flink => assert_ne!(since, Some("DLI"), "{name}"),
                    DliVerdict::DliAlone => assert!(since.is_none_or(|it| it == "DLI"), "{name}: {since:?}"),
                    DliVerdict::NotYet | DliVerdict::DliAloneNotYet => {
                        assert!(
                            since.is_none(),
                            "{name} is not of a row alone, and is in the table of what is"
                        );
                    }
                }
                of_dli.extend((since == Some("DLI")).then_some(*name));
            }
        }
        let all = all().into_iter().filter(|it| it.since == "DLI").map(|it| it.name);
        assert_eq!(of_dli, all.collect(), "what only DLI has is in its table");
    }

    #[test]
    fn no_name_stands_twice() {
        let mut names = BTreeSet::new();
        for DliUse { name, .. } in DLI_FUNCTIONS.iter().flat_map(|it| it.uses) {
            assert!(names.insert(*name), "{name} twice");
        }
    }
}
