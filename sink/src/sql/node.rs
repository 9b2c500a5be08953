//! Nodes that the parser does not make by itself: calls, texts, literals, and types as they are written.

use sqlparser::ast::{
    DataType as AstType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, Value,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Span, Token};

/// A call of a function by its name here, which may have a blank in it.
pub(super) fn call(name: &str, args: Vec<Expr>, span: Span) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    let args = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_span(span, name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(args),
        within_group: Vec::new(),
        filter: None,
        null_treatment: None,
        over: None,
    })
}

/// A text in single quotes.
pub(super) fn text_of(text: String, span: Span) -> Expr {
    literal(Value::SingleQuotedString(text), span)
}

pub(super) fn literal(value: Value, span: Span) -> Expr {
    Expr::Value(value.with_span(span))
}

/// The type that stands here, as its text, up to a token outside of its brackets that is not its own.
pub(super) fn type_text(parser: &mut Parser<'_>, ends: impl Fn(&Token) -> bool) -> AstType {
    let span = parser.peek_token_ref().span;
    let (mut text, mut depth) = (String::new(), 0_usize);
    loop {
        let token = parser.peek_token_ref().token.clone();
        match &token {
            Token::EOF => break,
            token if depth == 0 && ends(token) => break,
            Token::LParen | Token::Lt => depth += 1,
            Token::RParen | Token::Gt => depth = depth.saturating_sub(1),
            Token::ShiftRight => depth = depth.saturating_sub(2),
            _ => {}
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&token.to_string());
        parser.advance_token();
    }
    type_named(&text, span)
}

/// A type by its text.
pub(super) fn type_named(text: &str, span: Span) -> AstType {
    AstType::Custom(ObjectName::from(vec![Ident::with_span(span, text)]), Vec::new())
}
