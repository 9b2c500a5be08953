//! What an expression costs a row: a job with so many columns of it, and the same job with as many NULLs.

use crate::meter::Meter;
use crate::payments;
use crate::planned::{blackhole, feed, table, transform};

const EXPRESSIONS: &[(&str, &str, &str)] = &[
    ("CASE", "STRING", "CASE WHEN price > 4000 THEN 'high' WHEN price > 1000 THEN 'middle' ELSE 'low' END"),
    ("CAST of a DOUBLE", "STRING", "CAST(price AS STRING)"),
    ("CAST of a text", "BIGINT", "CAST(SUBSTRING(name FROM 10) AS BIGINT)"),
    ("CONCAT and SUBSTRING", "STRING", "CONCAT(SUBSTRING(name, 1, 8), '-', channel)"),
    ("UPPER", "STRING", "UPPER(name)"),
    ("arithmetic on DECIMAL", "DECIMAL(17, 4)", "CAST((amount - fee) * 1.07 AS DECIMAL(17, 4))"),
    ("arithmetic on DOUBLE and INT", "DOUBLE", "price * 1.07 + n"),
    ("ROUND", "DOUBLE", "ROUND(price * 1.07, 1)"),
    ("COALESCE", "STRING", "COALESCE(name, channel)"),
    ("DATE_FORMAT", "STRING", "DATE_FORMAT(paid, 'yyyy-MM-dd HH:mm')"),
    ("TO_TIMESTAMP", "TIMESTAMP(3)", "TO_TIMESTAMP(moment)"),
    ("TO_TIMESTAMP with a pattern", "TIMESTAMP(3)", "TO_TIMESTAMP(moment, 'yyyy-MM-dd HH:mm:ss')"),
    ("UNIX_TIMESTAMP", "BIGINT", "UNIX_TIMESTAMP(moment)"),
    ("FROM_UNIXTIME", "STRING", "FROM_UNIXTIME(id / 10)"),
    ("EXTRACT", "BIGINT", "EXTRACT(HOUR FROM paid)"),
    ("REGEXP_EXTRACT", "STRING", "REGEXP_EXTRACT(name, '([A-Z][a-z]+) (\\d+)', 2)"),
    ("REGEXP_REPLACE", "STRING", "REGEXP_REPLACE(name, '[0-9]+', '#')"),
    ("REGEXP", "BOOLEAN", "REGEXP(name, '^Customer \\d+$')"),
    ("REGEXP, its pattern a column", "BOOLEAN", "REGEXP(name, channel)"),
    ("LIKE, its pattern a column", "BOOLEAN", "name LIKE channel"),
    ("SIMILAR TO", "BOOLEAN", "name SIMILAR TO 'Cust[a-z]+ [0-9]+'"),
    ("SPLIT_INDEX", "STRING", "SPLIT_INDEX(name, ' ', 1)"),
    ("STR_TO_MAP", "STRING", "STR_TO_MAP(name, ' ', 'u')['C']"),
    ("JSON_VALUE", "STRING", "JSON_VALUE(doc, '$.items[0].sku')"),
    ("JSON_QUERY", "STRING", "JSON_QUERY(doc, '$.items[0]')"),
    ("JSON_EXISTS", "BOOLEAN", "JSON_EXISTS(doc, '$.items')"),
    ("JSON_OBJECT", "STRING", "JSON_OBJECT('id' VALUE id, 'name' VALUE name)"),
    ("PRINTF", "STRING", "PRINTF('%s has %05d of %.2f', name, n, price)"),
    ("LPAD", "STRING", "LPAD(channel, 20, '*')"),
    ("MD5", "STRING", "MD5(name)"),
    ("TO_BASE64", "STRING", "TO_BASE64(name)"),
];

/// So many columns of the same: one alone is lost in what machines differ by.
const TIMES: usize = 8;

pub(crate) fn run(meter: &Meter) {
    let messages = payments::messages();
    for (name, logical, expression) in EXPRESSIONS {
        let name = format!("expression: {name}");
        if !meter.wants(&name) {
            continue;
        }
        let mut bare = transform(&job(logical, &format!("CAST(NULL AS {logical})")));
        let base = meter.cost(|| feed(&mut bare, &messages));
        let mut transform = transform(&job(logical, expression));
        let cost = meter.cost(|| feed(&mut transform, &messages));
        meter.print(&name, cost.beyond(base, TIMES));
    }
}

fn job(logical: &str, expression: &str) -> String {
    let columns: Vec<String> = (0..TIMES).map(|at| format!("c{at} {logical}")).collect();
    let source = table("t", payments::COLUMNS, "kafka", "'format' = 'json'");
    let sink = blackhole("o", &columns.join(", "));
    format!("{source}{sink}INSERT INTO o SELECT {} FROM t", [expression; TIMES].join(", "))
}
