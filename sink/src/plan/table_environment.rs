//! Statements that come one after another, each planned over what those before it made: what a prompt stands on.

use std::collections::vec_deque::{IntoIter, VecDeque};

use super::completion::{self, Completion};
use super::job_draft::Ground;
use super::job_plan::Plan;
use super::notice::Notice;
use super::plan_options::PlanOptions;
use super::planner::Planner;
use crate::error::Error;
use crate::settings::Settings;
use crate::sql::{self, Script, Statement};

/// The tables, views and settings that statements made so far.
///
/// ```
/// use upsert_kafka_sink::plan::{PlanOptions, TableEnvironment};
///
/// let mut tables = TableEnvironment::new(PlanOptions::new())?;
/// for statement in TableEnvironment::parse("CREATE VIEW v AS SELECT 1 AS a; SELECT a + 1 FROM v;")? {
///     let plan = tables.plan(statement)?;
///     println!("{} to run", plan.inserts().count());
/// }
/// # Ok::<(), upsert_kafka_sink::Error>(())
/// ```
pub struct TableEnvironment {
    options: PlanOptions,
    ground: Ground,
    /// Of what the caller sets: told once, and not with each statement.
    notices: Vec<Notice>,
}

/// The statements of a text, those of a statement set as one.
pub struct Statements {
    parts: IntoIter<Vec<Statement>>,
    quits: bool,
}

/// A statement, or a statement set, that was parsed and not yet planned.
pub struct ParsedStatement(Vec<Statement>);

impl TableEnvironment {
    /// Nothing is made yet.
    ///
    /// # Errors
    /// A setting of the caller that makes no sense.
    pub fn new(options: PlanOptions) -> Result<Self, Error> {
        let (settings, notices, findings) = Settings::of_caller(&options.settings);
        if !findings.is_empty() {
            return Err(Error::plan(findings));
        }
        let notices = notices.into_iter().chain(options.credentials.notices().iter().cloned());
        let notices = notices.map(|text| Notice { table: None, text }).collect();
        Ok(Self { options, ground: Ground { settings, ..Ground::default() }, notices })
    }

    /// What the user should know of what the caller sets.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Parses a text; places in what is said of its statements are places in it.
    ///
    /// # Errors
    /// The first place where the text is not SQL.
    pub fn parse(script: impl Into<Script>) -> Result<Statements, Error> {
        let script = script.into();
        let (parts, quits) = sql::on_known_stack(|| sql::parse_parts(&script))?;
        Ok(Statements { parts: VecDeque::from(parts).into_iter(), quits })
    }

    /// Plans a statement over what those before it made. What it makes stands from then on. Its plan may have nothing
    /// to run.
    ///
    /// # Errors
    /// Everything that is wrong with it; then it has made nothing.
    pub fn plan(&mut self, statement: ParsedStatement) -> Result<Plan, Error> {
        let (options, ground) = (&self.options, self.ground.clone());
        let (mut plan, ground) = sql::on_known_stack(move || {
            let mut planner = Planner::over(options, ground);
            statement.0.into_iter().for_each(|it| planner.add(it));
            planner.finish_part()
        })?;
        self.ground = ground;
        plan.notices.retain(|notice| !self.notices.contains(notice));
        Ok(plan)
    }

    /// What may stand at a place of a text, given as the bytes before it.
    pub fn complete(&self, text: &str) -> Completion {
        completion::complete(&self.ground.catalog, text)
    }

    /// `TABLE.OPTION` of each option that the caller sets of a table that was not made yet.
    pub fn unmet_options(&self) -> impl Iterator<Item = String> {
        let options = self.options.overrides.iter().enumerate();
        let unmet = options.filter(|(index, _)| !self.ground.overrides_met.contains(index));
        unmet.map(|(_, it)| format!("{}.{}", it.table, it.option))
    }
}

impl Statements {
    /// Whether QUIT or EXIT stands behind them.
    pub fn quits(&self) -> bool {
        self.quits
    }
}

impl Iterator for Statements {
    type Item = ParsedStatement;

    fn next(&mut self) -> Option<ParsedStatement> {
        self.parts.next().map(ParsedStatement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(tables: &mut TableEnvironment, text: &str) -> Result<Vec<Plan>, Error> {
        TableEnvironment::parse(text)?.map(|it| tables.plan(it)).collect()
    }

    const TABLES: &str = "CREATE TABLE src (id INT, name STRING) WITH ('connector' = 'datagen');
        CREATE TABLE sinks (id INT, name STRING) WITH ('connector' = 'print');";

    #[test]
    fn what_a_statement_made_stands_for_those_behind_it() {
        let mut tables = TableEnvironment::new(PlanOptions::new()).unwrap();
        assert!(run(&mut tables, TABLES).unwrap().iter().all(|plan| plan.inserts().count() == 0));
        run(&mut tables, "CREATE VIEW v AS SELECT id FROM src; SET 'pipeline.name' = 'a';").unwrap();
        let plans = run(&mut tables, "SELECT * FROM v; INSERT INTO sinks SELECT * FROM src").unwrap();
        assert_eq!(plans.len(), 2);
        assert!(plans[0].is_query() && !plans[1].is_query());
        assert_eq!((plans[0].query_columns(), plans[1].query_columns()), (vec!["id"], vec![]));
        assert_eq!(plans[1].settings.name.as_deref(), Some("a"));
        let error = run(&mut tables, "DROP VIEW v; SELECT * FROM v").unwrap_err().to_string();
        assert!(error.contains("no table 'v'") && error.contains("line 1, column 28"), "{error}");
    }

    #[test]
    fn a_statement_that_is_refused_makes_nothing() {
        let mut tables = TableEnvironment::new(PlanOptions::new()).unwrap();
        let text = "CREATE TABLE t (id INT, id INT) WITH ('connector' = 'print');";
        assert!(run(&mut tables, text).unwrap_err().to_string().contains("two columns 'id'"));
        run(&mut tables, &text.replace("id INT, id INT", "id INT")).unwrap();
        assert!(run(&mut tables, "CREATE TABLE t (a INT) WITH ('connector' = 'print')").is_err());
    }

    #[test]
    fn a_statement_set_is_one_statement_and_nothing_behind_quit_counts() {
        let mut tables = TableEnvironment::new(PlanOptions::new()).unwrap();
        run(&mut tables, TABLES).unwrap();
        let insert = "INSERT INTO sinks SELECT * FROM src;";
        let text = format!("BEGIN STATEMENT SET; {insert} {insert} END; {insert} QUIT; {insert}");
        let statements = TableEnvironment::parse(&*text).unwrap();
        assert!(statements.quits());
        let counts: Vec<_> = statements.map(|it| tables.plan(it).unwrap().inserts().count()).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn settings_of_the_caller_stand_under_the_text_and_reset_goes_back_to_them() {
        let options = PlanOptions::new().with_setting("pipeline.name", "outer");
        let mut tables = TableEnvironment::new(options.with_option("t", "topic", "x")).unwrap();
        let select = "SELECT 1;";
        let name = |tables: &mut TableEnvironment, text: &str| {
            run(tables, text).unwrap().pop().and_then(|plan| plan.settings.name)
        };
        assert_eq!(name(&mut tables, select).as_deref(), Some("outer"));
        assert_eq!(
            name(&mut tables, &format!("SET 'pipeline.name' = 'own'; {select}")).as_deref(),
            Some("own")
        );
        assert_eq!(name(&mut tables, &format!("RESET; {select}")).as_deref(), Some("outer"));
        assert_eq!(tables.unmet_options().collect::<Vec<_>>(), ["t.topic"]);
    }

    #[test]
    fn a_text_is_complete_behind_its_last_semicolon() {
        for text in ["SELECT 1;", "SELECT 1; -- done", "/* a */;", "SELEC 1;", "END;", "SELECT 1;\n\n"] {
            assert!(sql::is_complete(text), "{text}");
        }
        let set = "BEGIN STATEMENT SET; INSERT INTO t SELECT 1;";
        assert!(sql::is_complete(&format!("{set} END;")));
        for text in ["", "SELECT 1", "SELECT ';", "SELECT ';'", "-- ;", "/* ;", set, "SELECT 1; SELECT"] {
            assert!(!sql::is_complete(text), "{text}");
        }
    }
}
