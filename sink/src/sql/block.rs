//! The statements of a script one after another, and the blocks that some of them open: statement sets.

use super::lexed::Source;
use super::tokens::Tokens;
use sqlparser::tokenizer::Token;

use super::ast::Statement;
use super::script::Script;
use super::{hint, query, set, statement};
use crate::error::{Error, Finding, Position};

/// Takes sources in order, gives statements.
pub(super) struct Parser<'a> {
    script: &'a Script,
    statements: Vec<Statement>,
    block: Option<Block>,
    /// Where in `statements` each begins that stands by itself; those of a set do not.
    beginnings: Vec<usize>,
    /// Whether QUIT was met: nothing behind it counts.
    has_quit: bool,
}

/// `STATEMENT SET` that waits for its END.
struct Block {
    at: Position,
    use_of: SetUse,
}

/// What becomes of the statements of a set.
enum SetUse {
    Run,
    /// They are explained, and not run.
    Explain(Vec<Statement>),
    /// The set was refused as a whole.
    Refuse,
}

impl<'a> Parser<'a> {
    pub(super) fn new(script: &'a Script) -> Self {
        Self { script, statements: Vec::new(), block: None, beginnings: Vec::new(), has_quit: false }
    }

    pub(super) fn take(&mut self, source: &Source<'_>) -> Result<(), Error> {
        if self.has_quit {
            return Ok(());
        }
        if self.block.is_none() {
            self.beginnings.push(self.statements.len());
        }
        if let (None, Some(statement)) = (&self.block, set::parse(self.script, source)?) {
            self.statements.push(statement);
            return Ok(());
        }
        let lexed = source.tokens(self.script)?;
        let hints = lexed.hints.iter().map(|comment| hint::parse(self.script, comment));
        let hints = hints.collect::<Result<Vec<_>, _>>()?;
        if lexed.tokens.is_empty() {
            return Ok(());
        }
        let mut tokens = Tokens::new(self.script, lexed).with_hints(hints);
        let first = self.statements.len();
        match self.block.take() {
            Some(block) => self.in_block(&mut tokens, block)?,
            None => self.outside(&mut tokens)?,
        }
        self.hints(&tokens, first)
    }

    /// # Errors
    /// When a statement set is not closed.
    pub(super) fn finish(self) -> Result<Vec<Statement>, Error> {
        match self.block {
            Some(block) => Err(self
                .script
                .error_at(block.at, "this statement set is not closed: write END; behind its INSERTs")),
            None => Ok(self.statements),
        }
    }

    /// The statements, those of a set together; and whether QUIT ended them.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub(super) fn finish_parts(mut self) -> Result<(Vec<Vec<Statement>>, bool), Error> {
        let (beginnings, has_quit) = (std::mem::take(&mut self.beginnings), self.has_quit);
        let mut rest = self.finish()?;
        let mut parts: Vec<_> = beginnings.iter().rev().map(|at| rest.split_off(*at)).collect();
        parts.reverse();
        parts.retain(|part| !part.is_empty());
        Ok((parts, has_quit))
    }

    /// Whether a statement set waits for its END.
    pub(super) fn is_in_block(&self) -> bool {
        self.block.is_some()
    }

    fn in_block(&mut self, tokens: &mut Tokens<'_>, mut block: Block) -> Result<(), Error> {
        if tokens.eat_word("END") {
            tokens.expect_end()?;
            if let SetUse::Explain(statements) = block.use_of {
                self.statements.push(Statement::Explain(statements));
            }
            return Ok(());
        }
        if tokens.is_word("INSERT") {
            let insert = query::insert(tokens)?;
            match &mut block.use_of {
                SetUse::Run => self.statements.push(insert),
                SetUse::Explain(statements) => statements.push(insert),
                SetUse::Refuse => {}
            }
        } else if !matches!(block.use_of, SetUse::Refuse) {
            return Err(tokens.expected("INSERT or END: a statement set holds INSERTs alone"));
        }
        self.block = Some(block);
        Ok(())
    }

    fn outside(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Error> {
        let at = tokens.here();
        if tokens.is_word("QUIT") || tokens.is_word("EXIT") {
            self.has_quit = true;
            return Ok(());
        }
        if tokens.eat_words(&["BEGIN", "STATEMENT", "SET"]) {
            self.block = Some(Block { at, use_of: SetUse::Run });
            return tokens.expect_end();
        }
        if tokens.is_word("EXECUTE") {
            return self.execute(tokens);
        }
        if tokens.is_word("EXPLAIN") {
            return self.explain(tokens);
        }
        if tokens.is_word("COMPILE") {
            self.compile(tokens);
            return Ok(());
        }
        let statement = statement::statement(tokens)?;
        self.statements.push(statement);
        Ok(())
    }

    /// `EXECUTE STATEMENT SET BEGIN insert`, or `EXECUTE insert`
    fn execute(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Error> {
        let at = tokens.here();
        tokens.advance();
        if tokens.eat_words(&["STATEMENT", "SET"]) {
            tokens.expect_word("BEGIN")?;
            return self.open(tokens, Block { at, use_of: SetUse::Run });
        }
        if tokens.is_word("INSERT") || tokens.is_word("SELECT") {
            let statement = statement::statement(tokens)?;
            self.statements.push(statement);
            return Ok(());
        }
        Err(tokens.expected("STATEMENT SET BEGIN or INSERT"))
    }

    /// A statement may follow BEGIN without a semicolon between.
    fn open(&mut self, tokens: &mut Tokens<'_>, block: Block) -> Result<(), Error> {
        if tokens.is_at_end() {
            self.block = Some(block);
            return Ok(());
        }
        self.in_block(tokens, block)
    }

    /// EXPLAIN of a statement, or of a set whose statements follow.
    fn explain(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Error> {
        let at = tokens.here();
        tokens.advance();
        tokens.eat_words(&["PLAN", "FOR"]);
        while DETAILS.iter().any(|detail| tokens.eat_word(detail)) {
            tokens.eat(&Token::Comma);
        }
        if tokens.eat_words(&["STATEMENT", "SET"]) {
            tokens.expect_word("BEGIN")?;
            return self.open(tokens, Block { at, use_of: SetUse::Explain(Vec::new()) });
        }
        let statement = statement::statement(tokens)?;
        self.statements.push(Statement::Explain(vec![statement]));
        Ok(())
    }

    /// COMPILE, of a statement or of a set whose statements follow.
    fn compile(&mut self, tokens: &mut Tokens<'_>) {
        let at = tokens.here();
        let mut opens = false;
        while !tokens.is_at_end() {
            opens |= tokens.eat_words(&["STATEMENT", "SET", "BEGIN"]);
            if opens && tokens.is_word("END") {
                opens = false;
            }
            tokens.advance();
        }
        if opens {
            self.block = Some(Block { at, use_of: SetUse::Refuse });
        }
        let text = "COMPILE PLAN is not supported yet: write the INSERTs themselves";
        let findings = vec![Finding::not_yet("statements", text).at(at)];
        self.statements.push(Statement::Refused { findings, declares: None });
    }

    /// Every hint of a statement belongs to a table of it, or has no effect.
    fn hints(&mut self, tokens: &Tokens<'_>, first: usize) -> Result<(), Error> {
        for hint in tokens.hints() {
            let taken = |it: &Statement| match it {
                // Where the query is refused, nobody asks which of its tables the hint is of.
                Statement::Insert(insert) => {
                    insert.query.body.is_err()
                        || insert.query.tables.iter().chain([&insert.table]).any(|it| it.has(&hint.options))
                }
                Statement::Select(query) => {
                    query.body.is_err() || query.tables.iter().any(|it| it.has(&hint.options))
                }
                Statement::CreateView(view) => {
                    view.query.body.is_err() || view.query.tables.iter().any(|it| it.has(&hint.options))
                }
                Statement::Refused { .. } | Statement::NoEffect(_) | Statement::Explain(_) => true,
                _ => false,
            };
            let statements = &self.statements[first..];
            if !(hint.options.is_empty() || statements.is_empty() || statements.iter().any(taken)) {
                let reason = "this hint stands behind no table: write FROM t /*+ OPTIONS('key' = 'value') */";
                return Err(self.script.error_at(hint.at, reason));
            }
        }
        let others = tokens.hints().iter().flat_map(|hint| &hint.others);
        let others: Vec<_> =
            others.map(|name| Statement::NoEffect(format!("the hint {name} has no effect here"))).collect();
        self.statements.extend(others);
        Ok(())
    }
}

/// What Flink's EXPLAIN can tell besides; ours tells all it knows.
const DETAILS: [&str; 4] = ["ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE"];
