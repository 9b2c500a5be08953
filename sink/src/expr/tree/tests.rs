//! Expressions, alone: their values, types, and how they are told.

use super::*;

fn column(index: usize, logical: LogicalType) -> Expr {
    Expr::column(index, logical.nullable())
}

#[test]
fn a_column_is_the_value_that_the_row_has_there() {
    let arena = Arena::new();
    let moment = Moment::still(&arena);
    let text = String::from("a");
    let row = [Value::Int(1), Value::String(&text)];
    let value = column(1, LogicalType::STRING).evaluate(&row, &moment).map(|value| match value {
        Value::String(text) => text.as_ptr(),
        other => panic!("{other:?}"),
    });
    assert_eq!(value, Ok(text.as_ptr()), "borrowed, not copied");
    assert_eq!(arena.allocated_bytes(), 0);
}

#[test]
fn a_cast_changes_the_value_and_the_type_and_keeps_the_column() {
    let arena = Arena::new();
    let moment = Moment::still(&arena);
    let cast = column(0, LogicalType::Int).implicitly_cast(&LogicalType::BigInt).unwrap();
    assert_eq!(cast.data_type(), &LogicalType::BigInt.nullable());
    assert_eq!(cast.evaluate(&[Value::Int(7)], &moment), Ok(Value::BigInt(7)));
    assert_eq!(cast.evaluate(&[Value::Null], &moment), Ok(Value::Null));
    assert_eq!(cast.source_column(), Some(0));
    let columns = [Field::new("id", LogicalType::Int.nullable())];
    assert_eq!(cast.display(&columns).to_string(), "id, cast from INT");
}

#[test]
fn a_cast_that_changes_no_value_costs_nothing_and_is_not_told() {
    let wider = column(0, LogicalType::VarChar(3)).implicitly_cast(&LogicalType::STRING).unwrap();
    assert_eq!(wider, column(0, LogicalType::STRING));
    let columns = [Field::new("name", LogicalType::VarChar(3).nullable())];
    assert_eq!(wider.display(&columns).to_string(), "name");
}

#[test]
fn an_expression_that_flink_does_not_cast_by_itself_comes_back() {
    let text = column(0, LogicalType::STRING);
    assert_eq!(text.clone().implicitly_cast(&LogicalType::Int), Err(text));
}

#[test]
fn a_constant_of_a_call_is_cast_once_unless_that_fails() {
    let two = Expr::literal(Constant::Plain(Value::Int(2)), LogicalType::Int.not_null());
    let two = two.implicitly_cast(&LogicalType::Double).unwrap();
    let nan = Expr::literal(Constant::Plain(Value::Double(f64::NAN)), LogicalType::Double.not_null());
    let nan = nan.implicitly_cast(&LogicalType::Decimal { precision: 5, scale: 2 }).unwrap();
    let args = with_cast_constants(vec![two, nan]);
    assert_eq!(args[0].constant(), Some(&Constant::Plain(Value::Double(2.0))));
    assert_eq!(args[0].data_type().logical, LogicalType::Double);
    assert_eq!(args[1].constant(), None, "it fails when it is asked for");
}

#[test]
fn null_is_a_value_of_its_type_and_of_no_column() {
    let null = Expr::null(LogicalType::Int);
    assert_eq!(null.evaluate(&[Value::Int(1)], &Moment::still(&Arena::new())), Ok(Value::Null));
    assert_eq!((null.source_column(), null.display(&[]).to_string()), (None, "NULL".into()));
}

#[test]
fn what_a_cast_cannot_hold_is_an_error() {
    let to = LogicalType::Decimal { precision: 5, scale: 2 };
    let cast = column(0, LogicalType::Double).implicitly_cast(&to).unwrap();
    let error = cast.evaluate(&[Value::Double(f64::NAN)], &Moment::still(&Arena::new())).unwrap_err();
    assert_eq!(error.to_string(), "a DECIMAL cannot hold NaN or Infinity");
}

#[test]
fn of_three_truths_only_true_is_true() {
    let truth = column(0, LogicalType::Boolean);
    let arena = Arena::new();
    let moment = Moment::still(&arena);
    for (value, is_true) in
        [(Value::Boolean(true), true), (Value::Boolean(false), false), (Value::Null, false)]
    {
        assert_eq!(truth.is_true(&[value], &moment), Ok(is_true), "{value:?}");
    }
}
