//! The statements of a script, in the words of Flink.

use std::sync::Arc;

use crate::error::{Finding, Position};
use crate::types::DataType;

/// A statement, in the words of Flink.
#[derive(Debug)]
pub(crate) enum Statement {
    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `SET 'key' = 'value'`
    Set(WithOption),
    /// `RESET ['key']`; the value is empty.
    Reset(Option<WithOption>),
    /// `DROP TABLE t`, `DROP VIEW v`
    Drop(Drop),
    /// `USE database`, `USE CATALOG c`
    Use(Use),
    /// `INSERT INTO t [(a, b)] query`
    Insert(Insert),
    /// A query whose rows are printed.
    Select(Query),
    /// `CREATE VIEW`
    CreateView(CreateView),
    /// `SHOW TABLES` and its like.
    Show(Show),
    /// `DESCRIBE t`
    Describe(TableName),
    /// `EXPLAIN statement`, or a statement set: what its statements come to is told, and they are not run.
    Explain(Vec<Statement>),
    /// One that changes nothing here, and why.
    NoEffect(String),
    /// One that we know but cannot do, and the table or view that it would have made.
    Refused { findings: Vec<Finding>, declares: Option<TableName> },
}

/// The name of a table as a statement writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    /// One to three parts: `[[catalog.]database.]table`.
    pub(crate) path: Vec<String>,
    pub(crate) at: Position,
    /// What a hint behind it sets for this use.
    pub(crate) options: Vec<WithOption>,
}

/// `DROP TABLE [IF EXISTS] t`, and the same of views.
#[derive(Debug)]
pub(crate) struct Drop {
    pub(crate) table: TableName,
    pub(crate) if_exists: bool,
    /// `TABLE` or `VIEW`
    pub(crate) kind: &'static str,
}

/// What names without a catalog or a database mean from here on.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) catalog: Option<String>,
    pub(crate) database: Option<String>,
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: Position,
}

/// `CREATE TABLE`
#[derive(Clone, Debug)]
pub(crate) struct CreateTable {
    pub(crate) name: TableName,
    pub(crate) if_not_exists: bool,
    pub(crate) columns: Vec<Column>,
    /// Every one that is declared: a second one is an error of the plan.
    pub(crate) primary_keys: Vec<PrimaryKey>,
    pub(crate) watermarks: Vec<Watermark>,
    pub(crate) partitioned_by: Vec<Name>,
    pub(crate) options: Vec<WithOption>,
    pub(crate) like: Option<Like>,
    /// What is refused of it, besides what the plan finds.
    pub(crate) findings: Vec<Finding>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: Name,
    pub(crate) kind: ColumnKind,
}

/// Where a column's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum ColumnKind {
    /// The message's key or value.
    Physical(DataType),
    /// `METADATA [FROM 'key'] [VIRTUAL]`
    Metadata { data_type: DataType, key: Option<String>, is_virtual: bool },
    /// `AS expression`
    Computed(Expression),
}

/// `PRIMARY KEY (a, b) NOT ENFORCED`
#[derive(Clone, Debug)]
pub(crate) struct PrimaryKey {
    pub(crate) columns: Vec<Name>,
    pub(crate) is_enforced: bool,
    pub(crate) at: Position,
}

/// A key and a value, in WITH or SET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WithOption {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) at: Position,
}

/// What stands in one hint comment.
#[derive(Clone, Debug)]
pub(crate) struct Hint {
    pub(crate) at: Position,
    /// Where the token before it begins: the name that it belongs to.
    pub(crate) after: Option<Position>,
    /// Whether it stands behind SELECT, where Flink's hints about joins and state are.
    pub(crate) is_of_query: bool,
    /// What OPTIONS sets.
    pub(crate) options: Vec<WithOption>,
    /// Hints of other names, which Flink knows and a job here has no use for.
    pub(crate) others: Vec<String>,
}

/// `INSERT INTO`
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) table: TableName,
    /// `(a, b)` behind the table.
    pub(crate) columns: Option<Vec<Name>>,
    pub(crate) query: Query,
}

/// `WATERMARK FOR column AS expression`
#[derive(Clone, Debug)]
pub(crate) struct Watermark {
    /// A column, or a field of one.
    pub(crate) column: Vec<Name>,
    pub(crate) expression: Expression,
}

/// `LIKE table (INCLUDING ALL …)`
#[derive(Clone, Debug)]
pub(crate) struct Like {
    pub(crate) table: TableName,
    /// In their order; empty is Flink's default.
    pub(crate) rules: Vec<LikeRule>,
}

/// `INCLUDING OPTIONS` and its like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LikeRule {
    pub(crate) merging: Merging,
    /// `ALL`, `OPTIONS`, …, in upper case.
    pub(crate) part: &'static str,
    pub(crate) at: Position,
}

/// What becomes of a part of the table behind LIKE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merging {
    /// Taken over; a second one of the same name is an error.
    Including,
    /// Left out.
    Excluding,
    /// Taken over, where the new table does not say it anew.
    Overwriting,
}

/// `CREATE [TEMPORARY] VIEW v [(a, b)] AS query`
#[derive(Debug)]
pub(crate) struct CreateView {
    pub(crate) name: TableName,
    pub(crate) if_not_exists: bool,
    /// Empty: the query's own names count.
    pub(crate) columns: Vec<Name>,
    pub(crate) query: Query,
}

/// What SHOW lists.
#[derive(Debug)]
pub(crate) enum Show {
    /// `SHOW TABLES`: views too, as in Flink.
    Tables,
    /// `SHOW VIEWS`
    Views,
    /// `SHOW FUNCTIONS`
    Functions,
    /// `SHOW CREATE TABLE t`, `SHOW CREATE VIEW v`
    Create(TableName),
    /// `SET;`
    Settings,
}

/// A query.
#[derive(Debug)]
pub(crate) struct Query {
    /// The tables and views that it names, where they could be told.
    pub(crate) tables: Vec<TableName>,
    /// Its rows, or everything for which it is more than we can do.
    pub(crate) body: Result<QueryBody, Vec<Finding>>,
    pub(crate) at: Position,
}

/// What gives rows: a query, or a part of one.
#[derive(Clone, Debug)]
pub(crate) enum QueryBody {
    /// The table, the view, or the query of an enclosing WITH of that name.
    Table(TableName),
    /// `SELECT`
    Select(Arc<Select>),
    /// `VALUES`
    Values(Arc<Values>),
    /// `… UNION ALL …`: at least two.
    UnionAll(Vec<QueryBody>),
    /// `WITH name AS (…) …`
    With { queries: Vec<NamedQuery>, body: Box<QueryBody> },
}

/// A query of WITH.
#[derive(Clone, Debug)]
pub(crate) struct NamedQuery {
    pub(crate) name: Name,
    /// Empty: its own names count.
    pub(crate) columns: Vec<Name>,
    pub(crate) body: QueryBody,
}

/// `VALUES (…), (…)`
#[derive(Debug)]
pub(crate) struct Values {
    /// At least one.
    pub(crate) rows: Vec<Vec<Expression>>,
    pub(crate) at: Position,
}

/// `SELECT items FROM … WHERE …`
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) items: Vec<Item>,
    /// Empty: one row without columns.
    pub(crate) from: Vec<FromItem>,
    pub(crate) filter: Option<Expression>,
    pub(crate) at: Position,
}

/// One part of FROM.
#[derive(Debug)]
pub(crate) struct FromItem {
    pub(crate) factor: Factor,
    pub(crate) alias: Option<Name>,
    /// `(a, b)` behind the alias; empty: the factor's own names count.
    pub(crate) columns: Vec<Name>,
    pub(crate) at: Position,
}

/// Where a part of FROM has its rows from.
#[derive(Debug)]
pub(crate) enum Factor {
    /// A table, a view or a subquery.
    Rows(QueryBody),
    /// `UNNEST(array)`: for each row of what stands before it, a row for each element.
    Unnest {
        /// An array, a map or a multiset of the row.
        collection: Expression,
        /// Whether a row without elements stays, with NULLs: LEFT JOIN.
        is_outer: bool,
        /// Whether the element's place, from 1, is its last column.
        with_ordinality: bool,
    },
    /// `LATERAL TABLE(function(…))`: the same of what a table function gives.
    Function {
        /// In upper case.
        name: String,
        arguments: Vec<Expression>,
        is_outer: bool,
    },
}

/// One item behind SELECT.
#[derive(Debug)]
pub(crate) enum Item {
    /// `*` or `t.*`
    All { qualifier: Vec<Name> },
    /// `expression [AS alias]`
    Expression { expression: Expression, alias: Option<Name> },
}

/// An expression as it was parsed, which the binder reads.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) ast: Arc<sqlparser::ast::Expr>,
    pub(crate) at: Position,
}

impl TableName {
    /// Whether these options of a hint are among those of this use.
    pub(super) fn has(&self, options: &[WithOption]) -> bool {
        options.iter().all(|option| self.options.contains(option))
    }
}

impl Expression {
    /// The name of the column, or of the field, that it is.
    pub(crate) fn column_name(&self) -> Option<&str> {
        use sqlparser::ast::Expr;
        match &*self.ast {
            Expr::Identifier(name) => Some(&name.value),
            Expr::CompoundIdentifier(path) => path.last().map(|name| name.value.as_str()),
            _ => None,
        }
    }
}
