//! Queries: how their columns meet those of a table, and what an expression asks for.

use super::*;
use crate::expr::Keep;
use crate::expr::function::Moment;
use crate::row::{Arena, Timestamp, Value};

#[test]
fn columns_go_by_position_with_casts() {
    let insert = "INSERT INTO o SELECT id, name AS amt, s.amt FROM src AS s";
    let plan = job(&sink(COLUMNS, ""), insert).unwrap();
    let arena = Arena::new();
    let mut out = [Value::Null; 3];
    let row = [Value::Int(1), Value::String("a"), Value::Double(2.0)];
    assert_eq!(
        plan.pipelines[0].inserts[0].projection.apply(&row, &mut out, &Moment::still(&arena)).unwrap(),
        Keep::Yes
    );
    assert_eq!(out, [Value::BigInt(1), Value::String("a"), Value::Double(2.0)]);
}

#[test]
fn a_query_that_does_not_fit_is_shown_with_both_lists() {
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o SELECT id, name FROM src"),
        ["table o: the query gives 2 columns, the table takes 3\n  query: id INT, name STRING\n  \
          table: id BIGINT NOT NULL, name STRING, amt DOUBLE\n "]
    );
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o SELECT name, id, amt FROM src"),
        [
            "table o: column 'id' (position 1): STRING does not become BIGINT by itself; column 'name' (position 2): \
          INT does not become STRING by itself\n  query: name STRING, id INT, amt DOUBLE\n  \
          table: id BIGINT NOT NULL, name STRING, amt DOUBLE\n "
        ]
    );
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o (name) SELECT name FROM src"),
        ["table o: column 'id' is NOT NULL and not among those listed"]
    );
    assert_eq!(
        sentences(&sink(COLUMNS, ""), "INSERT INTO o SELECT ident, name, amt FROM src"),
        ["table src: no column 'ident'; there are: id, name, amt"]
    );
}

/// What Flink's documentation of TIMESTAMP_LTZ has of the two: an INSERT casts each to the other in the session's zone.
#[test]
fn a_wall_clock_is_an_instant_in_the_zone_of_the_session() {
    let text = |zone: &str, [from, to]: [&str; 2]| {
        let source = SOURCE.replace("amt DOUBLE", &format!("ts {from}"));
        let sink = sink(&format!("ts {to}, id INT PRIMARY KEY NOT ENFORCED"), "");
        format!("SET 'table.local-time-zone' = '{zone}';{source}{sink}INSERT INTO o SELECT ts, id FROM src")
    };
    let (wall_clock, instant) = ("TIMESTAMP(3)", "TIMESTAMP_LTZ(3)");
    // 2021-07-01 12:00:00, which Rome's clocks show at 10:00 UTC and New York's at 16:00 UTC.
    let noon = 1_625_140_800;
    for (zone, types, seconds) in [
        ("UTC", [wall_clock, instant], noon),
        ("Europe/Rome", [wall_clock, instant], noon - 2 * 3_600),
        ("Europe/Rome", [instant, wall_clock], noon + 2 * 3_600),
        ("America/New_York", [wall_clock, instant], noon + 4 * 3_600),
        ("America/New_York", [instant, wall_clock], noon - 4 * 3_600),
        ("GMT+08:00", [instant, wall_clock], noon + 8 * 3_600),
        ("Europe/Rome", [instant, instant], noon),
    ] {
        let plan = plan(&*text(zone, types), &PlanOptions::default()).unwrap();
        let (_, insert) = plan.inserts().next().unwrap();
        let row = [Value::Timestamp(Timestamp { seconds: noon, nanos: 0 }); 3];
        let arena = Arena::new();
        let stored =
            insert.projection.exprs().next().unwrap().evaluate(&row, &Moment::still(&arena)).unwrap();
        assert_eq!(stored, Value::Timestamp(Timestamp { seconds, nanos: 0 }), "{zone} {types:?}");
    }
    let error = plan(&*text("Rome", [wall_clock, instant]), &PlanOptions::default()).unwrap_err();
    assert_eq!(error.findings()[0].rule, Rule::Setting);
}

/// `SimpleDateFormat` looks for a year of two digits around the present, which is no time of planning here.
#[test]
fn a_year_of_two_digits_asks_for_the_present() {
    for (date, asks) in [
        ("TO_DATE(name, 'yyyy-M-d')", false),
        ("TO_DATE(name, 'yy-M-d')", true),
        ("TO_DATE('21-3-5', 'yy-M-d')", true),
        ("TO_DATE('2021-3-5', name)", true),
        ("UNIX_TIMESTAMP(name, 'yy-M-d')", true),
        ("UNIX_TIMESTAMP(name)", false),
    ] {
        let insert = format!("INSERT INTO o SELECT id, CAST({date} AS STRING), amt FROM src");
        let plan = job(&sink(COLUMNS, ""), &insert).unwrap();
        assert_eq!(plan.inserts().next().unwrap().1.reads_clock(), asks, "{date}");
    }
}

#[test]
fn a_unit_behind_parentheses_wants_the_difference_of_two_moments() {
    for (expression, why) in [
        ("(id - 1) DAY", "usage: (to - from) unit"),
        ("(CURRENT_DATE - CURRENT_TIMESTAMP) DAY", "cannot be subtracted"),
    ] {
        let found =
            sentences(&sink(COLUMNS, ""), &format!("INSERT INTO o SELECT {expression}, name, amt FROM src"));
        assert!(found.len() == 1 && found[0].contains(why), "{found:?}");
    }
}
