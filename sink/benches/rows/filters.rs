//! What a WHERE costs a row: the same job with so many of them and without any.

use crate::meter::Meter;
use crate::payments;
use crate::planned::{blackhole, feed, table, transform};

/// Each is true of every row, so that every row takes the whole way.
const CONDITIONS: &[(&str, &str)] = &[
    ("a number and a text beside literals", "price > 0.5 AND channel <> 'none'"),
    ("a BIGINT and an INT beside literals", "id >= 1000 AND n <> 5000"),
    ("a DECIMAL beside a DECIMAL, and beside a whole number", "amount > fee AND amount >= 10"),
    ("columns beside columns", "id > n AND name <> channel"),
    ("a TIMESTAMP within two literals", "paid >= '2021-01-01 00:00:00' AND paid < '2022-01-01 00:00:00'"),
    ("one or the other", "price < 0.5 OR channel <> 'none'"),
    (
        "a text within a list",
        "channel IN ('none', 'nil', 'partnerAppShop', 'webShop-mobile', 'miniAppShop', 'qqShop')",
    ),
    ("a text like a pattern", "name LIKE 'Cust%' AND channel LIKE '%Shop%'"),
];

/// So many of the same WHERE: one alone is lost in what machines differ by.
const TIMES: usize = 8;

pub(crate) fn run(meter: &Meter) {
    if !CONDITIONS.iter().any(|(name, _)| meter.wants(&title(name))) {
        return;
    }
    let messages = payments::messages();
    let mut bare = transform(&job("t"));
    let base = meter.cost(|| feed(&mut bare, &messages));
    for (name, condition) in CONDITIONS {
        if meter.wants(&title(name)) {
            let query = (0..TIMES).fold("t".to_owned(), |query, at| {
                format!("(SELECT * FROM {query} WHERE {condition}) AS q{at}")
            });
            let mut transform = transform(&job(&query));
            let cost = meter.cost(|| feed(&mut transform, &messages));
            meter.print(&title(name), cost.beyond(base, TIMES));
        }
    }
}

fn title(name: &str) -> String {
    format!("WHERE: {name}")
}

fn job(query: &str) -> String {
    let source = table("t", payments::COLUMNS, "kafka", "'format' = 'json'");
    format!("{source}{}INSERT INTO o SELECT id, n FROM {query}", blackhole("o", "id BIGINT, n INT"))
}
