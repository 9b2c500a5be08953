//! UNNEST and table functions: a row becomes several, each with columns of its own.

use crate::bind::{NamedExpr, Scope, bind};
use crate::error::{Finding, Rule};
use crate::expr::Expr;
use crate::sql::{Expression, Factor, FromItem};
use crate::step::{CollectionKind, Expand, Expansion};
use crate::types::{DataType, Field, LogicalType};

/// Binds one of them behind a row of `width` columns: what it does, and its columns by name.
pub(super) fn bind_expansion(
    item: &FromItem,
    scope: &Scope<'_>,
    width: usize,
) -> Result<(Expand, Vec<NamedExpr>), Finding> {
    let (rows, mut fields, is_outer) = match &item.factor {
        Factor::Unnest { collection, is_outer, with_ordinality } => {
            let (rows, fields) = elements(collection, *with_ordinality, scope)?;
            (rows, fields, *is_outer)
        }
        Factor::Function { name, arguments, is_outer } if SPLITS.contains(&name.as_str()) => (
            pieces(name, arguments, scope)?,
            vec![Field::new("EXPR$0", LogicalType::STRING.nullable())],
            *is_outer,
        ),
        Factor::Function { name, .. } => {
            let text = format!(
                "no table function '{name}'; there are: {}; functions written in Java cannot run here",
                SPLITS.join(", ")
            );
            return Err(Finding::not_yet("table-function", text));
        }
        Factor::Rows(_) => return Err(Finding::not_yet("join", "a join is not supported yet")),
    };
    rename(&mut fields, item)?;
    let columns = fields.iter().enumerate().map(|(at, field)| {
        // What has no row is NULL.
        let nullable = field.data_type.nullable || is_outer;
        let data_type = DataType { nullable, ..field.data_type.clone() };
        NamedExpr { name: field.name.clone(), expr: Expr::column(width + at, data_type) }
    });
    Ok((Expand { rows, width: fields.len(), is_outer }, columns.collect()))
}

/// The names that stand behind the alias.
fn rename(fields: &mut [Field], item: &FromItem) -> Result<(), Finding> {
    if item.columns.is_empty() {
        return Ok(());
    }
    if item.columns.len() != fields.len() {
        let text = format!(
            "this gives {} columns ({}), and {} are named",
            fields.len(),
            fields.iter().map(|field| &*field.name).collect::<Vec<_>>().join(", "),
            item.columns.len()
        );
        return Err(Finding::new(Rule::Columns, text));
    }
    for (field, name) in fields.iter_mut().zip(&item.columns) {
        field.name = name.text.as_str().into();
    }
    Ok(())
}

fn elements(
    collection: &Expression,
    with_ordinality: bool,
    scope: &Scope<'_>,
) -> Result<(Expansion, Vec<Field>), Finding> {
    let collection = bind(&collection.ast, scope).map_err(|finding| finding.at(collection.at))?;
    let one = |data_type: &DataType| vec![Field::new("EXPR$0", data_type.clone())];
    let (kind, mut fields) = match &collection.data_type().logical {
        LogicalType::Array(item) => match &item.logical {
            LogicalType::Row(fields) => {
                let nullable = |field: &Field| {
                    let nullable = field.data_type.nullable || item.nullable;
                    Field::new(field.name.clone(), DataType { nullable, ..field.data_type.clone() })
                };
                (CollectionKind::ArrayOfRows, fields.iter().map(nullable).collect())
            }
            _ => (CollectionKind::Array, one(item)),
        },
        LogicalType::Map(key, value) => (
            CollectionKind::Map,
            vec![Field::new("KEY", (**key).clone()), Field::new("VALUE", (**value).clone())],
        ),
        LogicalType::Multiset(item) => (CollectionKind::Multiset, one(item)),
        other => {
            let text = format!("UNNEST takes an ARRAY, a MAP or a MULTISET; this is {other}");
            return Err(Finding::new(Rule::Type, text));
        }
    };
    if with_ordinality {
        fields.push(Field::new("ORDINALITY", LogicalType::Int.not_null()));
    }
    Ok((Expansion::Elements { collection, kind, with_ordinality }, fields))
}

/// DLI's functions that split a text.
const SPLITS: [&str; 2] = ["STRING_SPLIT", "SPLIT_CURSOR"];

fn pieces(name: &str, arguments: &[Expression], scope: &Scope<'_>) -> Result<Expansion, Finding> {
    let [text, separator] = arguments else {
        let text = format!("{name} takes a text and a separator; {} arguments are given", arguments.len());
        return Err(Finding::new(Rule::Type, text));
    };
    let text_of = |argument: &Expression| {
        let bound = bind(&argument.ast, scope).map_err(|finding| finding.at(argument.at))?;
        bound.implicitly_cast(&LogicalType::STRING).map_err(|bound| {
            let text = format!("{name} takes texts; this is {}", bound.data_type());
            Finding::new(Rule::Type, text).at(argument.at)
        })
    };
    Ok(Expansion::Pieces { text: text_of(text)?, separator: text_of(separator)? })
}
