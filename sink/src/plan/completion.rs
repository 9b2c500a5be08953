//! What may stand at a place of SQL that is being typed: keywords, tables, columns, functions, options and their values.

use super::catalog::Catalog;
use crate::format::table::FORMATS;
use crate::functions;
use crate::option::{OptionKind, OptionSpec};
use crate::options::settings::SETTINGS;
use crate::options::{CONNECTORS, known_keys};
use crate::sql::{Lexeme, LexemeKind, is_reserved, lexemes};

/// What may take the place of the word before the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// The byte at which that word begins.
    pub from: usize,
    /// In the order of the alphabet.
    pub candidates: Vec<String>,
}

/// What may stand behind the text.
pub(super) fn complete(catalog: &Catalog, text: &str) -> Completion {
    let (lexemes, in_comment) = lexemes(text);
    if in_comment {
        return Completion { from: text.len(), candidates: Vec::new() };
    }
    let from = lexemes.iter().rposition(|it| it.is_sign(";")).map_or(0, |at| at + 1);
    let statement = &lexemes[from..];
    // The word that is being typed, if the text ends in one.
    let typed = statement.last().filter(|it| {
        let ends = it.at + it.text.len() == text.len();
        ends && matches!(it.kind, LexemeKind::Word | LexemeKind::OpenText(_))
    });
    let before = &statement[..statement.len() - usize::from(typed.is_some())];
    let (from, stem) = typed.map_or((text.len(), ""), |it| (it.at, it.text));
    let is_quoted = typed.is_some_and(|it| it.is_text());
    let words = match expected(before) {
        Expected::Key(keys) => quoted(keys, is_quoted),
        Expected::Value(values) => quoted(values, is_quoted),
        _ if is_quoted => Vec::new(),
        Expected::Table => tables(catalog),
        Expected::Column(table) => columns(catalog, |name| name == table),
        Expected::Words(words) => cased(words, stem),
        Expected::Expression => {
            let named = |name: &str| !has_from(before) || before.iter().any(|it| it.text == name);
            let mut all = cased(KEYWORDS, stem);
            all.extend(cased(&functions::all().iter().map(|it| it.name).collect::<Vec<_>>(), stem));
            all.extend(tables(catalog));
            all.extend(columns(catalog, named));
            all
        }
    };
    let begins = |word: &String| {
        word.trim_start_matches('`').get(..stem.len()).is_some_and(|it| it.eq_ignore_ascii_case(stem))
    };
    let mut candidates: Vec<String> = words.into_iter().filter(begins).collect();
    candidates.sort_unstable();
    candidates.dedup();
    candidates.truncate(CANDIDATES_MAX);
    Completion { from, candidates }
}

/// More than this nobody reads.
const CANDIDATES_MAX: usize = 300;

/// What is expected behind the lexemes of a statement.
enum Expected {
    /// A key of WITH, OPTIONS or SET.
    Key(Vec<String>),
    /// The value of one.
    Value(Vec<String>),
    Table,
    /// Behind the table's name and a dot.
    Column(String),
    Words(&'static [&'static str]),
    Expression,
}

fn expected(before: &[Lexeme<'_>]) -> Expected {
    let Some(last) = before.last() else { return Expected::Words(STATEMENTS) };
    let first = before[0];
    if first.is_word("SET") || first.is_word("RESET") {
        return settings(before);
    }
    if let Some(options) = open_options(before) {
        return option(before, options);
    }
    if last.is_sign(".") && before.len() > 1 {
        return Expected::Column(before[before.len() - 2].text.to_owned());
    }
    let follows = FOLLOWERS.iter().find(|(words, _)| {
        let from = before.len().checked_sub(words.len());
        from.is_some_and(|from| before[from..].iter().zip(*words).all(|(it, word)| it.is_word(word)))
    });
    match follows {
        Some((_, [])) => Expected::Table,
        Some((_, words)) => Expected::Words(words),
        None => Expected::Expression,
    }
}

/// What follows these words; nothing: a table.
const FOLLOWERS: &[(&[&str], &[&str])] = &[
    (&["CREATE"], &["TABLE", "TEMPORARY", "VIEW"]),
    (&["CREATE", "TEMPORARY"], &["TABLE", "VIEW"]),
    (&["DROP"], &["TABLE", "VIEW"]),
    (&["DROP", "TABLE"], &[]),
    (&["DROP", "VIEW"], &[]),
    (&["IF", "EXISTS"], &[]),
    (&["INSERT"], &["INTO"]),
    (&["INTO"], &[]),
    (&["FROM"], &[]),
    (&["JOIN"], &[]),
    (&["LIKE"], &[]),
    (&["DESCRIBE"], &[]),
    (&["DESC"], &[]),
    (&["EXPLAIN"], &["INSERT", "SELECT", "STATEMENT", "VALUES", "WITH"]),
    (&["EXECUTE"], &["INSERT", "SELECT", "STATEMENT"]),
    (&["BEGIN"], &["STATEMENT"]),
    (&["STATEMENT"], &["SET"]),
    (&["SHOW"], &["COLUMNS", "CREATE", "FUNCTIONS", "TABLES", "VIEWS"]),
    (&["SHOW", "COLUMNS"], &["FROM"]),
    (&["SHOW", "CREATE"], &["TABLE", "VIEW"]),
    (&["SHOW", "CREATE", "TABLE"], &[]),
    (&["SHOW", "CREATE", "VIEW"], &[]),
];

/// How statements begin.
const STATEMENTS: &[&str] = &[
    "BEGIN", "CLEAR", "CREATE", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "HELP", "INSERT", "QUIT", "RESET",
    "SELECT", "SET", "SHOW", "USE", "VALUES", "WITH",
];

/// What stands in queries and tables besides names.
const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "ARRAY",
    "AS",
    "BETWEEN",
    "BIGINT",
    "BOOLEAN",
    "BYTES",
    "CASE",
    "CAST",
    "CROSS",
    "DATE",
    "DECIMAL",
    "DOUBLE",
    "ELSE",
    "END",
    "ENFORCED",
    "EXISTS",
    "FALSE",
    "FLOAT",
    "FROM",
    "IF",
    "IN",
    "INT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LATERAL",
    "LIKE",
    "MAP",
    "METADATA",
    "NOT",
    "NULL",
    "OR",
    "PRIMARY",
    "ROW",
    "SELECT",
    "SMALLINT",
    "STRING",
    "TABLE",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TINYINT",
    "TRUE",
    "UNION",
    "UNNEST",
    "VALUES",
    "VARCHAR",
    "VIRTUAL",
    "WATERMARK",
    "WHEN",
    "WHERE",
    "WITH",
];

fn has_from(before: &[Lexeme<'_>]) -> bool {
    before.iter().any(|it| it.is_word("FROM"))
}

/// Behind SET or RESET.
fn settings(before: &[Lexeme<'_>]) -> Expected {
    let specs = SETTINGS.iter();
    let equals = before.iter().position(|it| it.is_sign("="));
    let Some(equals) = equals else { return Expected::Key(specs.map(|spec| spec.key.to_owned()).collect()) };
    let key = before[equals - 1].text;
    let values = specs.filter(|spec| spec.key == key).flat_map(values);
    Expected::Value(values.collect())
}

/// The lexemes of the options that a WITH or OPTIONS opened and nothing closed.
fn open_options<'p, 'a>(before: &'p [Lexeme<'a>]) -> Option<&'p [Lexeme<'a>]> {
    let open = before.iter().rposition(|it| it.is_sign("("))?;
    let word = before[..open].last()?;
    let is_open = !before[open..].iter().any(|it| it.is_sign(")"));
    // A common table expression has its name between.
    (is_open && (word.is_word("WITH") || word.is_word("OPTIONS"))).then(|| &before[open + 1..])
}

fn option(before: &[Lexeme<'_>], options: &[Lexeme<'_>]) -> Expected {
    let given = |key: &str| {
        let at = options.iter().position(|it| it.is_text() && it.text == key)?;
        options.get(at + 2).map(|it| it.text)
    };
    if let [.., key, equals] = options
        && equals.is_sign("=")
    {
        return Expected::Value(option_values(key.text));
    }
    let connector = given("connector");
    let connectors = CONNECTORS.iter().filter(|it| connector.is_none_or(|name| it.name == name));
    let mut keys = vec!["connector".to_owned()];
    for it in connectors {
        keys.extend(it.options.iter().map(|spec| spec.key.to_owned()));
    }
    for (key, prefix) in [("format", ""), ("value.format", "value."), ("key.format", "key.")] {
        let format = FORMATS.iter().find(|it| given(key) == Some(it.name));
        let specs = format.into_iter().flat_map(|it| it.options.iter().map(move |spec| (it.name, spec.key)));
        keys.extend(specs.map(|(name, key)| format!("{prefix}{name}.{key}")));
    }
    if connector.is_none_or(|name| name.ends_with("kafka")) || before[0].is_word("SELECT") {
        keys.extend(known_keys().filter(|key| key.starts_with("properties.")).map(str::to_owned));
    }
    keys.retain(|key| given(key).is_none());
    Expected::Key(keys)
}

fn option_values(key: &str) -> Vec<String> {
    if key == "connector" {
        return CONNECTORS.iter().map(|it| it.name.to_owned()).collect();
    }
    if key == "format" || key.ends_with(".format") {
        return FORMATS.iter().map(|it| it.name.to_owned()).collect();
    }
    let of_connectors = CONNECTORS.iter().flat_map(|it| it.options).filter(|spec| spec.key == key);
    let of_formats = FORMATS.iter().flat_map(|it| {
        it.options.iter().filter(|spec| {
            let own = key.strip_suffix(spec.key).and_then(|rest| rest.strip_suffix('.'));
            own.is_some_and(|rest| rest.rsplit('.').next() == Some(it.name))
        })
    });
    of_connectors.chain(of_formats).flat_map(values).collect()
}

/// The values of an option, where they can be listed.
fn values(spec: &OptionSpec) -> Vec<String> {
    let listed: &[&str] = match spec.kind {
        OptionKind::Choice(choices) | OptionKind::Exact(choices) => choices,
        OptionKind::Bool => &["true", "false"],
        _ => &[],
    };
    listed.iter().map(|it| (*it).to_owned()).collect()
}

/// Between quotes, unless one was typed already.
fn quoted(words: Vec<String>, is_quoted: bool) -> Vec<String> {
    if is_quoted { words } else { words.into_iter().map(|it| format!("'{it}'")).collect() }
}

/// In lower case where the user writes so.
fn cased(words: &[&str], stem: &str) -> Vec<String> {
    let is_lower = stem.starts_with(|c: char| c.is_ascii_lowercase());
    words.iter().map(|it| if is_lower { it.to_ascii_lowercase() } else { (*it).to_owned() }).collect()
}

fn tables(catalog: &Catalog) -> Vec<String> {
    catalog.columns().map(|(name, _)| as_name(name)).collect()
}

/// The columns of the tables that are meant.
fn columns(catalog: &Catalog, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let tables = catalog.columns().filter(|(name, _)| is_meant(name));
    tables.flat_map(|(_, columns)| columns.into_iter().map(as_name).collect::<Vec<_>>()).collect()
}

/// A name as SQL takes it.
fn as_name(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_plain && !is_reserved(name) { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

#[cfg(test)]
mod tests {
    use super::super::{PlanOptions, TableEnvironment};

    fn complete(text: &str) -> Vec<String> {
        let mut tables = TableEnvironment::new(PlanOptions::new()).unwrap();
        let made = "CREATE TABLE orders (order_id INT, `value` STRING) WITH ('connector' = 'datagen');
            CREATE VIEW recent AS SELECT order_id AS newest FROM orders;";
        for statement in TableEnvironment::parse(made).unwrap() {
            tables.plan(statement).unwrap();
        }
        let completion = tables.complete(text);
        completion.candidates.iter().map(|it| format!("{}{it}", &text[..completion.from])).collect()
    }

    #[test]
    fn a_word_is_completed_by_what_its_place_allows() {
        for (text, completed) in [
            ("SEL", "SELECT"),
            ("show ta", "show tables"),
            ("SELECT 1; DESCRIBE re", "SELECT 1; DESCRIBE recent"),
            ("SELECT * FROM ord", "SELECT * FROM orders"),
            ("SELECT orders.or", "SELECT orders.order_id"),
            ("SELECT newe", "SELECT newest"),
            ("SELECT coale", "SELECT coalesce"),
            ("SELECT orders.va", "SELECT orders.`value`"),
            ("CREATE TABLE t (a INT) WITH ('conn", "CREATE TABLE t (a INT) WITH ('connector"),
            (
                "CREATE TABLE t (a INT) WITH ('connector' = 'upsert",
                "CREATE TABLE t (a INT) WITH ('connector' = 'upsert-kafka",
            ),
            (
                "CREATE TABLE t WITH ('format' = 'raw', 'raw.end",
                "CREATE TABLE t WITH ('format' = 'raw', 'raw.endianness",
            ),
            (
                "CREATE TABLE t WITH ('raw.endianness' = 'li",
                "CREATE TABLE t WITH ('raw.endianness' = 'little-endian",
            ),
            ("SET 'execution.run", "SET 'execution.runtime-mode"),
        ] {
            assert_eq!(complete(text), [completed], "{text}");
        }
    }

    #[test]
    fn nothing_is_proposed_in_a_text_or_a_comment_nor_what_was_given() {
        assert!(complete("SELECT 'SEL").is_empty() && complete("-- SEL").is_empty());
        assert!(complete("SELECT * FROM orders WHERE newe").is_empty(), "a column of another table");
        let keys = complete("CREATE TABLE t (a INT) WITH ('connector' = 'datagen', ");
        let own = |key: &str| keys.iter().any(|it| it.ends_with(&format!(", '{key}'")));
        assert!(own("number-of-rows") && !own("connector") && !own("topic"), "{keys:?}");
        assert!(complete("SELECT ").contains(&"SELECT `value`".to_owned()));
    }
}
