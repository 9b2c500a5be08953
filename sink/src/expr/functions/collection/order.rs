//! The order of an ARRAY's elements.

use std::cmp::Ordering;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure};
use crate::expr::functions::signature::{BareNull, Takes, array, as_nullable_as, bound, integer, mistyped};
use crate::row::{Unscaled, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "ARRAY_SORT",
        aliases: &[],
        usage: &["ARRAY_SORT(array [, ascending [, nulls first]])"],
        since: "1.20",
        about: "The ARRAY sorted, ascending by default; NULLs stand first in ascending order, unless said.",
        bind: |args| {
            args.count(1, 3)?;
            let casts = args.check(&[Takes::Array, Takes::Boolean], BareNull::Taken)?;
            comparable(args)?;
            Ok(bound(casts, as_nullable_as(args, args.logical(0).clone()), Pure(sort)))
        },
    },
    FunctionSpec {
        name: "ARRAY_MAX",
        aliases: &[],
        usage: &["ARRAY_MAX(array)"],
        since: "1.18",
        about: "The greatest element, NULLs aside; NULL if there is none.",
        bind: |args| extreme(args, |args, _| extreme_of(args, Ordering::Greater)),
    },
    FunctionSpec {
        name: "ARRAY_MIN",
        aliases: &[],
        usage: &["ARRAY_MIN(array)"],
        since: "1.19",
        about: "The least element, NULLs aside; NULL if there is none.",
        bind: |args| extreme(args, |args, _| extreme_of(args, Ordering::Less)),
    },
    FunctionSpec {
        name: "ARRAY_REVERSE",
        aliases: &[],
        usage: &["ARRAY_REVERSE(array)"],
        since: "1.18",
        about: "The ARRAY from its end to its beginning.",
        bind: |args| {
            args.count(1, 1)?;
            let casts = args.check(&[Takes::Array], BareNull::Taken)?;
            let scalar = Pure(|args, moment| {
                let items = moment.arena.alloc_slice_copy(array(args[0])?);
                items.reverse();
                Ok(Value::Array(items))
            });
            Ok(bound(casts, as_nullable_as(args, args.logical(0).clone()), scalar))
        },
    },
    FunctionSpec {
        name: "ARRAY_SLICE",
        aliases: &[],
        usage: &["ARRAY_SLICE(array, from [, to])"],
        since: "1.18",
        about: "The elements from one place to another, both counted from 1, or backwards from -1.",
        bind: |args| {
            args.count(2, 3)?;
            let casts = args.check(&[Takes::Array, Takes::Integer], BareNull::Taken)?;
            Ok(bound(casts, as_nullable_as(args, args.logical(0).clone()), Pure(slice)))
        },
    },
];

type Evaluate = for<'a> fn(&[Value<'a>], &Moment<'a>) -> Result<Value<'a>, EvalError>;

/// The type of the elements, if they have an order.
fn comparable<'a>(args: &'a Arguments<'_>) -> Result<&'a LogicalType, BindError> {
    use LogicalType as T;
    match args.logical(0) {
        T::Array(element)
            if !matches!(element.logical, T::Array(_) | T::Map(..) | T::Multiset(_) | T::Row(_)) =>
        {
            Ok(&element.logical)
        }
        _ => Err(args.refused(0, "an ARRAY of elements that have an order")),
    }
}

fn extreme(args: &Arguments<'_>, evaluate: Evaluate) -> Result<Bound, BindError> {
    args.count(1, 1)?;
    let casts = args.check(&[Takes::Array], BareNull::Taken)?;
    let element = comparable(args)?.clone();
    Ok(bound(casts, element.nullable(), Pure(evaluate)))
}

fn extreme_of<'a>(args: &[Value<'a>], wanted: Ordering) -> Result<Value<'a>, EvalError> {
    let mut found = Value::Null;
    for item in array(args[0])?.iter().filter(|item| **item != Value::Null) {
        if found == Value::Null || compare(*item, found) == Some(wanted) {
            found = *item;
        }
    }
    Ok(found)
}

/// SQL's order; none with NaN.
fn compare(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(&b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(&b),
        (Value::Decimal(Unscaled(a)), Value::Decimal(Unscaled(b))) => Some(a.cmp(&b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(&b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(&b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some((a.seconds, a.nanos).cmp(&(b.seconds, b.nanos))),
        _ => Some(integer(left).ok()?.cmp(&integer(right).ok()?)),
    }
}

fn truth(value: Option<&Value<'_>>, default: bool) -> Result<bool, EvalError> {
    match value {
        None => Ok(default),
        Some(Value::Boolean(truth)) => Ok(*truth),
        Some(_) => Err(mistyped()),
    }
}

fn sort<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let ascending = truth(args.get(1), true)?;
    let nulls_first = truth(args.get(2), ascending)?;
    let order = |left: &Value<'a>, right: &Value<'a>| match (*left == Value::Null, *right == Value::Null) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        // Flink asks whether one is greater, and takes no for less: so equal elements change places.
        (false, false) if (compare(*left, *right) == Some(Ordering::Greater)) == ascending => {
            Ordering::Greater
        }
        (false, false) => Ordering::Less,
    };
    let items = moment.arena.alloc_slice_copy(array(args[0])?);
    // Java sorts short lists by insertion, so that they come out the same whatever the order says of NaN.
    if items.len() < JAVA_MERGES {
        insertion_sort(items, order);
    } else {
        items.sort_by(|left, right| {
            compare_total(*left, *right, nulls_first == ascending)
                .map_or(Ordering::Equal, |it| if ascending { it } else { it.reverse() })
        });
    }
    Ok(Value::Array(items))
}

/// Lists of this length or more are merged by Java.
const JAVA_MERGES: usize = 32;

fn compare_total(left: Value<'_>, right: Value<'_>, nulls_least: bool) -> Option<Ordering> {
    match (left == Value::Null, right == Value::Null) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(if nulls_least { Ordering::Less } else { Ordering::Greater }),
        (false, true) => Some(if nulls_least { Ordering::Greater } else { Ordering::Less }),
        (false, false) => match (left, right) {
            (Value::Float(a), Value::Float(b)) => Some(a.total_cmp(&b)),
            (Value::Double(a), Value::Double(b)) => Some(a.total_cmp(&b)),
            _ => compare(left, right),
        },
    }
}

/// Java's binary insertion sort: a run that is there already, turned if it descends, then one element after the other.
fn insertion_sort<'a>(items: &mut [Value<'a>], order: impl Fn(&Value<'a>, &Value<'a>) -> Ordering) {
    if items.len() < 2 {
        return;
    }
    let mut run = 2;
    if order(&items[1], &items[0]) == Ordering::Less {
        while run < items.len() && order(&items[run], &items[run - 1]) == Ordering::Less {
            run += 1;
        }
        items[..run].reverse();
    } else {
        while run < items.len() && order(&items[run], &items[run - 1]) != Ordering::Less {
            run += 1;
        }
    }
    for next in run..items.len() {
        let pivot = items[next];
        let (mut low, mut high) = (0, next);
        while low < high {
            let middle = low.midpoint(high);
            if order(&pivot, &items[middle]) == Ordering::Less {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        items[low..=next].rotate_right(1);
    }
}

fn slice<'a>(args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    let items = array(args[0])?;
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = |value: i64| if value < 0 { value + length + 1 } else { value };
    let from = place(integer(args[1])?).max(1);
    let to = match args.get(2) {
        Some(to) => match place(integer(*to)?) {
            0 => 1,
            to => to.min(length),
        },
        None => length,
    };
    if items.is_empty() || to < from {
        return Ok(Value::Array(&[]));
    }
    let from = usize::try_from(from - 1).unwrap_or(0);
    let to = usize::try_from(to).unwrap_or(0);
    Ok(Value::Array(items.get(from..to).unwrap_or(&[])))
}
