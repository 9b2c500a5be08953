//! Text to statements of our own; nothing above sees the parser's tree.

mod ast;
mod block;
mod data_type;
mod dialect;
mod excerpt;
mod expression;
mod features;
mod foreign_type;
pub(crate) mod fragment;
mod hint;
mod lexed;
mod lexeme;
mod lexical;
mod like;
pub mod limits;
mod names;
mod nesting;
mod no_effect;
mod node;
mod options;
mod query;
mod relation;
mod reserved;
mod script;
mod set;
mod special_forms;
mod statement;
mod table;
mod token;
mod tokens;
mod unicode_escape;
mod window_function;

pub(crate) use self::ast::*;
pub(crate) use self::lexeme::{Lexeme, LexemeKind, lexemes};
pub(crate) use self::reserved::is_reserved;
pub use self::script::Script;
use crate::error::{Error, ErrorKind};

/// Parses a script of statements, each ended by `;` or the end of the text. Whoever calls sees to the stack: see
/// [`on_known_stack`].
///
/// # Errors
/// With line, column and the line itself, when the text is not SQL.
pub(crate) fn parse(script: &Script) -> Result<Vec<Statement>, Error> {
    let mut parser = block::Parser::new(script);
    for source in lexed::split(script)? {
        parser.take(&source)?;
    }
    parser.finish()
}

/// The same, statements that run together (those of a set) as one part each; and whether QUIT ended them.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_parts(script: &Script) -> Result<(Vec<Vec<Statement>>, bool), Error> {
    let mut parser = block::Parser::new(script);
    for source in lexed::split(script)? {
        parser.take(&source)?;
    }
    parser.finish_parts()
}

/// Whether a text that is being typed can be run as it stands: it ends behind the `;` of a statement, or of the END of a
/// statement set. What is wrong is complete too, since more text does not mend it.
pub fn is_complete(text: &str) -> bool {
    let script = Script::from(text);
    let complete = on_known_stack(|| {
        let mut parser = block::Parser::new(&script);
        for source in lexed::split(&script)? {
            parser.take(&source)?;
        }
        Ok(!parser.is_in_block())
    });
    lexical::ends_statement(text) && complete.unwrap_or(true)
}

/// The parser and the walks over its tree recurse. A thread is a stack of a known size, whoever calls.
///
/// # Errors
/// The machine gives no thread.
pub(crate) fn on_known_stack<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(limits::STACK_BYTES);
        let working = thread.spawn_scoped(scope, work);
        let working = working
            .map_err(|error| Error::caused(ErrorKind::Sql, "the script cannot be parsed now", error))?;
        working.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests;
