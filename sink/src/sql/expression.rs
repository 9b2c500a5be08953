//! What of Flink's expressions the parser must be helped with: types behind CAST, units of time, CASE with lists,
//! BETWEEN SYMMETRIC, intervals between moments. Each comes out as a node that the binder knows; names with a blank are for the binder alone.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType as AstType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, TypedString, UnaryOperator, Value,
    ValueWithSpan,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token};

use super::token::is_word;

type Parsed = Result<Expr, ParserError>;

/// An operand that begins with a word or text that the parser reads otherwise than Flink.
pub(super) fn prefix(parser: &mut Parser<'_>) -> Option<Parsed> {
    let token = parser.peek_token_ref().clone();
    match token.token {
        Token::SingleQuotedString(_) => return continued(parser),
        Token::LParen => return parenthesized(parser),
        _ => {}
    }
    let Token::Word(word) = &token.token else { return None };
    if word.quote_style.is_some() {
        return None;
    }
    let is_call = parser.peek_nth_token_ref(1).token == Token::LParen;
    let name = word.value.to_ascii_uppercase();
    let parse: fn(&mut Parser<'_>, Span) -> Parsed = match (&*name, is_call) {
        ("CAST", true) => |parser, _| cast(parser, CastKind::Cast),
        ("TRY_CAST", true) => |parser, _| cast(parser, CastKind::TryCast),
        ("CONVERT", true) => |parser, _| convert(parser),
        ("FLOOR", true) => |parser, span| rounded(parser, ["FLOOR", "FLOOR TO"], span),
        ("CEIL" | "CEILING", true) => |parser, span| rounded(parser, ["CEIL", "CEIL TO"], span),
        ("EXTRACT", true) => extract,
        ("TIMESTAMPADD", true) => |parser, span| by_unit(parser, "TIMESTAMPADD", span),
        ("TIMESTAMPDIFF", true) => |parser, span| by_unit(parser, "TIMESTAMPDIFF", span),
        ("CASE", _) => |parser, _| case(parser),
        ("TIMESTAMP", false) if is_word(&parser.peek_nth_token_ref(1).token, "WITH") => {
            |parser, _| instant(parser)
        }
        ("INTERVAL", false) if begins_interval(parser) => interval,
        _ => return None,
    };
    parser.advance_token();
    Some(parse(parser, token.span))
}

/// BETWEEN SYMMETRIC and ASYMMETRIC.
pub(super) fn infix(parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Option<Parsed> {
    let is_not = is_word(&parser.peek_nth_token_ref(0).token, "NOT");
    let at = usize::from(is_not);
    if !is_word(&parser.peek_nth_token_ref(at).token, "BETWEEN") {
        return None;
    }
    let is_symmetric = is_word(&parser.peek_nth_token_ref(at + 1).token, "SYMMETRIC");
    let is_asymmetric = is_word(&parser.peek_nth_token_ref(at + 1).token, "ASYMMETRIC");
    if !is_symmetric && !is_asymmetric {
        return None;
    }
    let span = parser.peek_token_ref().span;
    for _ in 0..at + 2 {
        parser.advance_token();
    }
    Some(between(parser, left.clone(), precedence, is_symmetric, is_not, span))
}

fn between(
    parser: &mut Parser<'_>,
    left: Expr,
    precedence: u8,
    is_symmetric: bool,
    is_not: bool,
    span: Span,
) -> Parsed {
    let low = parser.parse_subexpr(precedence)?;
    parser.expect_keyword_is(Keyword::AND)?;
    let high = parser.parse_subexpr(precedence)?;
    if is_symmetric {
        let between = call("BETWEEN SYMMETRIC", vec![left, low, high], span);
        return Ok(if is_not { not(between) } else { between });
    }
    Ok(Expr::Between { expr: Box::new(left), negated: is_not, low: Box::new(low), high: Box::new(high) })
}

/// `(a - b) DAY` is the interval between two moments. What else stands in parentheses is read as the parser reads it, but
/// for queries, which are left to it.
fn parenthesized(parser: &mut Parser<'_>) -> Option<Parsed> {
    let first = &parser.peek_nth_token_ref(1).token;
    if is_word(first, "SELECT") || is_word(first, "WITH") {
        return None;
    }
    let span = parser.peek_token_ref().span;
    parser.advance_token();
    Some(in_parentheses(parser, span))
}

fn in_parentheses(parser: &mut Parser<'_>, span: Span) -> Parsed {
    let mut items = parser.parse_comma_separated(Parser::parse_expr)?;
    parser.expect_token(&Token::RParen)?;
    if items.len() != 1 {
        return Ok(Expr::Tuple(items));
    }
    let item = items.swap_remove(0);
    let Some(name) = interval_unit(&parser.peek_token_ref().token) else {
        return Ok(Expr::Nested(Box::new(item)));
    };
    let Expr::BinaryOp { left, op: BinaryOperator::Minus, right } = item else {
        return Ok(Expr::Nested(Box::new(item)));
    };
    // Which units follow says nothing more of the interval.
    qualifier(parser)?;
    Ok(call("MINUS TO", vec![text_of(name.to_owned(), span), *left, *right], span))
}

/// The unit that a word is, or whose plural it is.
fn interval_unit(token: &Token) -> Option<&'static str> {
    let Token::Word(word) = token else { return None };
    if word.quote_style.is_some() {
        return None;
    }
    let word = word.value.to_ascii_uppercase();
    INTERVAL_UNITS.into_iter().find(|unit| *unit == word || word.strip_suffix('S') == Some(*unit))
}

const INTERVAL_UNITS: [&str; 8] = ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"];

/// Texts on lines below each other are one text.
fn continued(parser: &mut Parser<'_>) -> Option<Parsed> {
    let first = parser.peek_token_ref().clone();
    let second = parser.peek_nth_token_ref(1);
    if !matches!(second.token, Token::SingleQuotedString(_)) || second.span.start.line <= first.span.end.line
    {
        return None;
    }
    let mut text = String::new();
    let mut line = 0;
    while let Token::SingleQuotedString(part) = parser.peek_token_ref().token.clone() {
        let span = parser.peek_token_ref().span;
        if span.start.line == line {
            break;
        }
        line = span.end.line;
        text.push_str(&part);
        parser.advance_token();
    }
    Some(Ok(text_of(text, first.span)))
}

/// Behind CAST: `(x AS type)`.
fn cast(parser: &mut Parser<'_>, kind: CastKind) -> Parsed {
    parser.expect_token(&Token::LParen)?;
    let operand = parser.parse_expr()?;
    parser.expect_keyword_is(Keyword::AS)?;
    let data_type = type_text(parser, &Token::RParen)?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast { kind, expr: Box::new(operand), data_type, format: None })
}

/// Behind CONVERT: `(type, x)`.
fn convert(parser: &mut Parser<'_>) -> Parsed {
    parser.expect_token(&Token::LParen)?;
    let data_type = type_text(parser, &Token::Comma)?;
    parser.expect_token(&Token::Comma)?;
    let operand = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast { kind: CastKind::Cast, expr: Box::new(operand), data_type, format: None })
}

/// The text of a type up to a token that is not its own.
fn type_text(parser: &mut Parser<'_>, end: &Token) -> Result<AstType, ParserError> {
    let span = parser.peek_token_ref().span;
    let (mut text, mut depth) = (String::new(), 0_usize);
    loop {
        let token = parser.peek_token_ref().token.clone();
        match &token {
            Token::EOF => break,
            token if depth == 0 && token == end => break,
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
    let name = ObjectName::from(vec![Ident { value: text, quote_style: None, span }]);
    Ok(AstType::Custom(name, Vec::new()))
}

/// Behind FLOOR and CEIL: `(x)` or `(x TO DAY)`.
fn rounded(parser: &mut Parser<'_>, [plain, to]: [&str; 2], span: Span) -> Parsed {
    parser.expect_token(&Token::LParen)?;
    let mut args = vec![parser.parse_expr()?];
    let mut name = plain;
    if parser.parse_keyword(Keyword::TO) {
        name = to;
        args.insert(0, unit(parser)?);
    } else {
        while parser.consume_token(&Token::Comma) {
            args.push(parser.parse_expr()?);
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(call(name, args, span))
}

/// Behind EXTRACT: `(DAY FROM x)`.
fn extract(parser: &mut Parser<'_>, span: Span) -> Parsed {
    parser.expect_token(&Token::LParen)?;
    let unit = unit(parser)?;
    parser.expect_keyword_is(Keyword::FROM)?;
    let operand = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(call("EXTRACT", vec![unit, operand], span))
}

/// Behind TIMESTAMPADD and TIMESTAMPDIFF: `(DAY, a, b)`.
fn by_unit(parser: &mut Parser<'_>, name: &str, span: Span) -> Parsed {
    parser.expect_token(&Token::LParen)?;
    let mut args = vec![unit(parser)?];
    while parser.consume_token(&Token::Comma) {
        args.push(parser.parse_expr()?);
    }
    parser.expect_token(&Token::RParen)?;
    Ok(call(name, args, span))
}

/// A unit of time as a text in upper case.
fn unit(parser: &mut Parser<'_>) -> Parsed {
    let token = parser.peek_token_ref().clone();
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => {
            parser.advance_token();
            Ok(text_of(word.value.to_ascii_uppercase(), token.span))
        }
        _ => parser.expected("a unit of time such as DAY", token),
    }
}

/// Behind CASE. `WHEN a, b THEN` is two branches.
fn case(parser: &mut Parser<'_>) -> Parsed {
    let case_token = AttachedToken(parser.get_current_token().clone());
    let operand = match parser.parse_keyword(Keyword::WHEN) {
        true => None,
        false => {
            let operand = parser.parse_expr()?;
            parser.expect_keyword_is(Keyword::WHEN)?;
            Some(Box::new(operand))
        }
    };
    let mut conditions = Vec::new();
    loop {
        let mut alternatives = vec![parser.parse_expr()?];
        while operand.is_some() && parser.consume_token(&Token::Comma) {
            alternatives.push(parser.parse_expr()?);
        }
        parser.expect_keyword_is(Keyword::THEN)?;
        let result = parser.parse_expr()?;
        conditions
            .extend(alternatives.into_iter().map(|condition| CaseWhen { condition, result: result.clone() }));
        if !parser.parse_keyword(Keyword::WHEN) {
            break;
        }
    }
    let has_else = parser.parse_keyword(Keyword::ELSE);
    let else_result = if has_else { Some(Box::new(parser.parse_expr()?)) } else { None };
    let end_token = AttachedToken(parser.expect_keyword(Keyword::END)?);
    Ok(Expr::Case { case_token, end_token, operand, conditions, else_result })
}

/// Behind TIMESTAMP: `WITH LOCAL TIME ZONE '…'`.
fn instant(parser: &mut Parser<'_>) -> Parsed {
    for word in ["WITH", "LOCAL", "TIME", "ZONE"] {
        let token = parser.peek_token_ref().clone();
        if !is_word(&token.token, word) {
            return parser.expected(word, token);
        }
        parser.advance_token();
    }
    let name = ObjectName::from(vec![Ident::new("TIMESTAMP_LTZ")]);
    let data_type = AstType::Custom(name, Vec::new());
    Ok(Expr::TypedString(TypedString { data_type, value: parser.parse_value()?, uses_odbc_syntax: false }))
}

/// Whether a text or number stands behind INTERVAL, perhaps with a sign.
fn begins_interval(parser: &Parser<'_>) -> bool {
    let sign = matches!(parser.peek_nth_token_ref(1).token, Token::Minus | Token::Plus);
    let value = &parser.peek_nth_token_ref(1 + usize::from(sign)).token;
    matches!(value, Token::SingleQuotedString(_) | Token::Number(..))
}

/// Behind INTERVAL: `[-] '…' DAY[(2)] [TO SECOND[(3)]]`, as text, first unit, its precision, last unit.
fn interval(parser: &mut Parser<'_>, span: Span) -> Parsed {
    let is_negative = parser.consume_token(&Token::Minus);
    let _ = !is_negative && parser.consume_token(&Token::Plus);
    let value = match parser.next_token().token {
        Token::SingleQuotedString(text) | Token::Number(text, false) => text,
        _ => return Err(ParserError::ParserError("Expected: an interval".to_owned())),
    };
    let (first, precision, last) = qualifier(parser)?;
    let sign = text_of(if is_negative { "-" } else { "+" }.to_owned(), span);
    let mut args = vec![sign, text_of(value, span), first, text_of(precision, span)];
    args.extend(last);
    Ok(call("INTERVAL LITERAL", args, span))
}

/// `DAY[(2)] [TO SECOND[(3)]]`: the first unit, its precision, the last unit.
fn qualifier(parser: &mut Parser<'_>) -> Result<(Expr, String, Option<Expr>), ParserError> {
    let first = unit(parser)?;
    let digits = precision(parser)?;
    let last = if parser.parse_keyword(Keyword::TO) { Some(unit(parser)?) } else { None };
    if last.is_some() {
        precision(parser)?;
    }
    Ok((first, digits, last))
}

/// `(p)` or `(p, s)` behind a unit: the first number as it is written, or nothing.
fn precision(parser: &mut Parser<'_>) -> Result<String, ParserError> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(String::new());
    }
    let precision = parser.parse_literal_uint()?.to_string();
    if parser.consume_token(&Token::Comma) {
        parser.parse_literal_uint()?;
    }
    parser.expect_token(&Token::RParen)?;
    Ok(precision)
}

fn not(operand: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(operand) }
}

fn text_of(text: String, span: Span) -> Expr {
    Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span })
}

fn call(name: &str, args: Vec<Expr>, span: Span) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    let args = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident { value: name.to_owned(), quote_style: None, span }]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(args),
        within_group: Vec::new(),
        filter: None,
        null_treatment: None,
        over: None,
    })
}
