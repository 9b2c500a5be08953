//! The statements of a script one after another, and the blocks that some of them open: statement sets.

use super::lexed::Source;
use super::tokens::Tokens;
use super::{Script, Statement, query, set, statement};
use crate::error::{Error, Finding, Position};

/// Takes sources in order, gives statements.
pub(super) struct Parser<'a> {
    script: &'a Script,
    statements: Vec<Statement>,
    block: Option<Block>,
    /// Whether QUIT was met: nothing behind it counts.
    has_quit: bool,
}

/// `STATEMENT SET` that waits for its END.
struct Block {
    at: Position,
    /// Whether its INSERTs are run; of a set that is only explained or compiled they are not.
    is_run: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(script: &'a Script) -> Self {
        Self { script, statements: Vec::new(), block: None, has_quit: false }
    }

    pub(super) fn take(&mut self, source: &Source<'_>) -> Result<(), Error> {
        if self.has_quit {
            return Ok(());
        }
        if let (None, Some(statement)) = (&self.block, set::parse(self.script, source)?) {
            self.statements.push(statement);
            return Ok(());
        }
        let lexed = source.tokens(self.script)?;
        if lexed.tokens.is_empty() {
            return Ok(());
        }
        let mut tokens = Tokens::new(self.script, lexed);
        let first = self.statements.len();
        match &self.block {
            Some(block) => {
                let is_run = block.is_run;
                self.in_block(&mut tokens, is_run)?;
            }
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

    fn in_block(&mut self, tokens: &mut Tokens<'_>, is_run: bool) -> Result<(), Error> {
        if tokens.eat_word("END") {
            tokens.expect_end()?;
            self.block = None;
        } else if tokens.is_word("INSERT") {
            let insert = query::insert(tokens)?;
            self.statements.extend(is_run.then_some(insert));
        } else if is_run {
            return Err(tokens.expected("INSERT or END: a statement set holds INSERTs alone"));
        }
        Ok(())
    }

    fn outside(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Error> {
        let at = tokens.here();
        if tokens.is_word("QUIT") || tokens.is_word("EXIT") {
            self.has_quit = true;
            return Ok(());
        }
        if tokens.eat_words(&["BEGIN", "STATEMENT", "SET"]) {
            self.block = Some(Block { at, is_run: true });
            return tokens.expect_end();
        }
        if tokens.is_word("EXECUTE") {
            return self.execute(tokens);
        }
        if tokens.is_word("EXPLAIN") || tokens.is_word("COMPILE") {
            return self.unexecuted(tokens);
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
            self.block = Some(Block { at, is_run: true });
            return if tokens.is_at_end() { Ok(()) } else { self.in_block(tokens, true) };
        }
        if tokens.is_word("INSERT") || tokens.is_word("SELECT") {
            let statement = statement::statement(tokens)?;
            self.statements.push(statement);
            return Ok(());
        }
        Err(tokens.expected("STATEMENT SET BEGIN or INSERT"))
    }

    /// EXPLAIN and COMPILE, of a statement or of a set whose statements follow.
    fn unexecuted(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Error> {
        let at = tokens.here();
        let is_explain = tokens.is_word("EXPLAIN");
        let mut opens = false;
        while !tokens.is_at_end() {
            opens |= tokens.eat_words(&["STATEMENT", "SET", "BEGIN"]);
            if opens && tokens.is_word("END") {
                opens = false;
            }
            tokens.advance();
        }
        if opens {
            self.block = Some(Block { at, is_run: false });
        }
        self.statements.push(if is_explain {
            let text = "EXPLAIN explains and runs nothing: 'upsert-kafka explain' tells a job's plan";
            Statement::NoEffect(text.to_owned())
        } else {
            let text = "COMPILE PLAN is not supported yet: write the INSERTs themselves";
            let findings = vec![Finding::not_yet("statements", text).at(at)];
            Statement::Refused { findings, declares: None }
        });
        Ok(())
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
                Statement::Refused { .. } | Statement::NoEffect(_) => true,
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
