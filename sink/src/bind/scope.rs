//! What names mean in an expression: the relations of FROM with their columns, and the session.

use sqlparser::ast::Ident;

use crate::error::{Finding, Rule};
use crate::expr::Expr;
use crate::expr::function::Session;
use crate::options::nearest;

/// What an expression can see.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// What stands in FROM, in its order.
    pub(crate) relations: &'a [Relation],
    /// What SET says of the session.
    pub(crate) session: &'a Session,
}

/// A table, view or subquery of FROM.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// Its alias alone, or `[[catalog.]database.]table`. Empty where it has no name.
    pub(crate) path: Vec<String>,
    /// In declared order.
    pub(crate) columns: Vec<NamedExpr>,
}

/// A column of a relation: of a table, the source's column; of a view, what the view makes of it.
#[derive(Clone, Debug)]
pub(crate) struct NamedExpr {
    /// Case counts.
    pub(crate) name: Box<str>,
    /// Over the columns of the source.
    pub(crate) expr: Expr,
}

impl Scope<'_> {
    /// `a`, `t.a`, `a.field`, `t.a.field.field`: as in SQL, a relation's name comes before a column's.
    pub(super) fn column(&self, path: &[Ident]) -> Result<Expr, Finding> {
        let names: Vec<&str> = path.iter().map(|ident| ident.value.as_str()).collect();
        for length in (1..names.len()).rev() {
            let (qualifier, rest) = names.split_at(length);
            if let Some(relation) = self.relations.iter().find(|it| it.is_called(qualifier))
                && let Some(column) = relation.column(rest[0])
            {
                return fields(column.clone(), &rest[1..]);
            }
        }
        let mut found = self.relations.iter().filter_map(|it| it.column(names[0]));
        match (found.next(), found.next()) {
            (Some(column), None) => fields(column.clone(), &names[1..]),
            (Some(_), Some(_)) => {
                let text =
                    format!("'{}' is a column of more than one table of FROM: write table.column", names[0]);
                Err(Finding::new(Rule::NoColumn, text))
            }
            (None, _) => Err(self.no_column(&names)),
        }
    }

    fn no_column(&self, names: &[&str]) -> Finding {
        if names.len() > 1
            && let Some(relation) = self.relations.iter().find(|it| it.is_called(&names[..1]))
        {
            return absent(names[1], relation.columns.iter().map(|it| &*it.name).collect());
        }
        absent(names[0], self.relations.iter().flat_map(|it| &it.columns).map(|it| &*it.name).collect())
    }
}

impl Relation {
    /// Whether a qualifier means it: `t`, `db.t` and `catalog.db.t` do, of `catalog.db.t`.
    fn is_called(&self, qualifier: &[&str]) -> bool {
        qualifier.len() <= self.path.len()
            && qualifier.iter().rev().zip(self.path.iter().rev()).all(|(part, name)| part == name)
    }

    fn column(&self, name: &str) -> Option<&Expr> {
        self.columns.iter().find(|it| &*it.name == name).map(|it| &it.expr)
    }
}

/// A field of a field of a ROW.
fn fields(expr: Expr, names: &[&str]) -> Result<Expr, Finding> {
    names
        .iter()
        .try_fold(expr, |expr, name| expr.field(name).map_err(|error| Finding::new(Rule::NoColumn, error.0)))
}

/// A name that nothing has, with the nearest that something has.
fn absent(name: &str, known: Vec<&str>) -> Finding {
    let hint = nearest(name, known.iter().copied()).map(|it| format!("did you mean '{it}'? "));
    let there = match &known[..] {
        [] => "there are none".to_owned(),
        known => format!("there are: {}", known.join(", ")),
    };
    Finding::new(Rule::NoColumn, format!("no column '{name}'; {}{there}", hint.unwrap_or_default()))
}
