//! Calls of SQL that are no lists of arguments, read as plain calls of the table of functions: TRIM(BOTH x FROM y),
//! POSITION(x IN y), JSON_VALUE(… RETURNING …), MAP[…], x IS JSON and their kin.
//!
//! What comes out has the names and arguments that `expr/functions` binds. Names with a blank in them are for this alone.

use sqlparser::ast::{CastKind, Expr, Ident, ObjectName, UnaryOperator, Value};
use sqlparser::dialect::{Dialect, GenericDialect, Precedence};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token};

use super::node::{call, literal, text_of, type_named, type_text};
use super::token::is_word;

type ReadForm = Result<Expr, ParserError>;

/// The form that begins here, if one does.
pub(super) fn prefix(parser: &mut Parser<'_>) -> Option<ReadForm> {
    let token = parser.peek_token_ref();
    let span = token.span;
    let Token::Word(word) = &token.token else { return None };
    if word.quote_style.is_some() {
        return None;
    }
    let name = word.value.to_ascii_uppercase();
    let bracket = &parser.peek_nth_token_ref(1).token;
    let is_form = if *bracket == Token::LBracket { name == "MAP" } else { FORMS.contains(&name.as_str()) };
    if !is_form || !matches!(bracket, Token::LParen | Token::LBracket) {
        return None;
    }
    parser.advance_token();
    parser.advance_token();
    Some(Form { parser, span }.read(&name))
}

/// Names behind which a parenthesis begins a form.
const FORMS: [&str; 10] = [
    "TRIM",
    "SUBSTRING",
    "SUBSTR",
    "POSITION",
    "OVERLAY",
    "JSON_VALUE",
    "JSON_QUERY",
    "JSON_EXISTS",
    "JSON_OBJECT",
    "JSON_ARRAY",
];

/// `x IS [NOT] JSON [VALUE | OBJECT | ARRAY | SCALAR]`, if that follows.
pub(super) fn infix(parser: &mut Parser<'_>, operand: &Expr) -> Option<ReadForm> {
    let is = |at: usize, word: &str| is_word(&parser.peek_nth_token_ref(at).token, word);
    let negated = is(1, "NOT");
    let json = if negated { 2 } else { 1 };
    if !is(0, "IS") || !is(json, "JSON") {
        return None;
    }
    let span = parser.peek_nth_token_ref(json).span;
    let kind = ["VALUE", "OBJECT", "ARRAY", "SCALAR"].into_iter().find(|kind| is(json + 1, kind));
    for _ in 0..=json + usize::from(kind.is_some()) {
        parser.advance_token();
    }
    let call = call(&format!("IS JSON {}", kind.unwrap_or("VALUE")), vec![operand.clone()], span);
    Some(Ok(if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(call) } } else { call }))
}

/// A form whose name and opening bracket are read.
struct Form<'p, 'a> {
    parser: &'p mut Parser<'a>,
    /// Where its name stands.
    span: Span,
}

impl Form<'_, '_> {
    fn read(&mut self, name: &str) -> ReadForm {
        match name {
            "TRIM" => self.trim(),
            "SUBSTRING" | "SUBSTR" => self.substring(),
            "POSITION" => self.position(),
            "OVERLAY" => self.overlay(),
            "JSON_VALUE" => self.json_value(),
            "JSON_QUERY" => self.json_query(),
            "JSON_EXISTS" => self.json_exists(),
            "JSON_OBJECT" => self.json_object(),
            "JSON_ARRAY" => self.json_array(),
            _ => self.map(),
        }
    }

    fn call(&self, name: &str, args: Vec<Expr>) -> Expr {
        call(name, args, self.span)
    }

    fn expr(&mut self) -> ReadForm {
        self.parser.parse_expr()
    }

    /// A constant text among the arguments, which says how.
    fn word(&self, text: &str) -> Expr {
        text_of(text.to_owned(), self.span)
    }

    fn close(&mut self, name: &str, args: Vec<Expr>) -> ReadForm {
        self.parser.expect_token(&Token::RParen)?;
        Ok(self.call(name, args))
    }

    /// Whether the next words are these, which are then read.
    fn takes(&mut self, words: &[&str]) -> bool {
        let are = words.iter().enumerate().all(|(at, word)| self.is(at, word));
        if are {
            words.iter().for_each(|_| self.parser.advance_token());
        }
        are
    }

    fn is(&self, at: usize, word: &str) -> bool {
        is_word(&self.parser.peek_nth_token_ref(at).token, word)
    }

    fn expect(&mut self, word: &str) -> Result<(), ParserError> {
        if self.takes(&[word]) {
            return Ok(());
        }
        let found = self.parser.peek_token();
        self.parser.expected(word, found)
    }

    fn comma(&mut self) -> Result<(), ParserError> {
        self.parser.expect_token(&Token::Comma).map(|_| ())
    }

    fn trim(&mut self) -> ReadForm {
        let side = ["BOTH", "LEADING", "TRAILING"].into_iter().find(|side| self.takes(&[side]));
        let name = format!("TRIM {}", side.unwrap_or("BOTH"));
        if side.is_some() && self.takes(&["FROM"]) {
            let text = self.expr()?;
            return self.close(&name, vec![text]);
        }
        let first = self.expr()?;
        if self.takes(&["FROM"]) {
            let text = self.expr()?;
            return self.close(&name, vec![text, first]);
        }
        match side {
            None => self.close("TRIM", vec![first]),
            Some(_) => self.expect("FROM").map(|()| first),
        }
    }

    fn substring(&mut self) -> ReadForm {
        let mut args = vec![self.expr()?];
        let words = self.takes(&["FROM"]);
        if !words {
            self.comma()?;
        }
        args.push(self.expr()?);
        let more = if words { self.takes(&["FOR"]) } else { self.parser.consume_token(&Token::Comma) };
        if more {
            args.push(self.expr()?);
        }
        self.close("SUBSTRING", args)
    }

    fn position(&mut self) -> ReadForm {
        // IN would otherwise be taken for the operator.
        let between = GenericDialect {}.prec_value(Precedence::Eq) + 1;
        let mut args = vec![self.parser.parse_subexpr(between)?];
        self.expect("IN")?;
        args.push(self.expr()?);
        if self.takes(&["FROM"]) {
            args.push(self.expr()?);
        }
        self.close("POSITION", args)
    }

    fn overlay(&mut self) -> ReadForm {
        let mut args = vec![self.expr()?];
        self.expect("PLACING")?;
        args.push(self.expr()?);
        self.expect("FROM")?;
        args.push(self.expr()?);
        if self.takes(&["FOR"]) {
            args.push(self.expr()?);
        }
        self.close("OVERLAY", args)
    }

    /// `[k, v, …]`
    fn map(&mut self) -> ReadForm {
        let args = if self.parser.peek_token_ref().token == Token::RBracket {
            Vec::new()
        } else {
            self.parser.parse_comma_separated(Parser::parse_expr)?
        };
        self.parser.expect_token(&Token::RBracket)?;
        Ok(self.call("MAP", args))
    }

    fn json_and_path(&mut self) -> Result<Vec<Expr>, ParserError> {
        let json = self.expr()?;
        self.comma()?;
        Ok(vec![json, self.expr()?])
    }

    /// NULL of the type behind RETURNING, STRING without.
    fn returning(&mut self) -> ReadForm {
        let data_type = if self.takes(&["RETURNING"]) {
            type_text(self.parser, ends_type)
        } else {
            type_named("STRING", self.span)
        };
        let null = Box::new(literal(Value::Null, self.span));
        Ok(Expr::Cast { kind: CastKind::Cast, expr: null, data_type, format: None })
    }

    fn json_value(&mut self) -> ReadForm {
        let mut args = self.json_and_path()?;
        if self.parser.peek_token_ref().token == Token::RParen {
            return self.close("JSON_VALUE", args);
        }
        args.push(self.returning()?);
        let null = || literal(Value::Null, Span::empty());
        let mut behaviours = [("EMPTY", self.word("NULL"), null()), ("ERROR", self.word("NULL"), null())];
        while self.parser.peek_token_ref().token != Token::RParen {
            let (kind, default) = if self.takes(&["NULL"]) {
                ("NULL", null())
            } else if self.takes(&["ERROR"]) {
                ("ERROR", null())
            } else {
                self.expect("DEFAULT")?;
                ("DEFAULT", self.expr()?)
            };
            self.expect("ON")?;
            let kind = self.word(kind);
            let place = usize::from(!self.is(0, "EMPTY"));
            self.expect(behaviours[place].0)?;
            (behaviours[place].1, behaviours[place].2) = (kind, default);
        }
        args.extend(behaviours.into_iter().flat_map(|(_, kind, default)| [kind, default]));
        self.close("JSON_VALUE", args)
    }

    fn json_query(&mut self) -> ReadForm {
        let mut args = self.json_and_path()?;
        if self.parser.peek_token_ref().token == Token::RParen {
            return self.close("JSON_QUERY", args);
        }
        args.push(self.returning()?);
        let wrapper = self.wrapper()?;
        args.push(self.word(wrapper));
        let mut behaviours = ["NULL", "NULL"];
        while self.parser.peek_token_ref().token != Token::RParen {
            let kinds: [(&str, &[&str]); 4] = [
                ("NULL", &["NULL"]),
                ("ERROR", &["ERROR"]),
                ("EMPTY ARRAY", &["EMPTY", "ARRAY"]),
                ("EMPTY OBJECT", &["EMPTY", "OBJECT"]),
            ];
            let Some((kind, _)) = kinds.into_iter().find(|(_, words)| self.takes(words)) else {
                let found = self.parser.peek_token();
                return self.parser.expected("NULL, ERROR, EMPTY ARRAY or EMPTY OBJECT", found);
            };
            self.expect("ON")?;
            let place = usize::from(!self.is(0, "EMPTY"));
            self.expect(["EMPTY", "ERROR"][place])?;
            behaviours[place] = kind;
        }
        args.extend(behaviours.map(|kind| self.word(kind)));
        self.close("JSON_QUERY", args)
    }

    fn wrapper(&mut self) -> Result<&'static str, ParserError> {
        let kind = if self.takes(&["WITHOUT"]) {
            "WITHOUT"
        } else if !self.takes(&["WITH"]) {
            return Ok("WITHOUT");
        } else if self.takes(&["CONDITIONAL"]) {
            "CONDITIONAL"
        } else {
            self.takes(&["UNCONDITIONAL"]);
            "UNCONDITIONAL"
        };
        self.takes(&["ARRAY"]);
        self.expect("WRAPPER")?;
        Ok(kind)
    }

    fn json_exists(&mut self) -> ReadForm {
        let mut args = self.json_and_path()?;
        if let Some(kind) = ["TRUE", "FALSE", "UNKNOWN", "ERROR"].into_iter().find(|kind| self.takes(&[kind]))
        {
            self.expect("ON")?;
            self.expect("ERROR")?;
            args.push(self.word(kind));
        }
        self.close("JSON_EXISTS", args)
    }

    fn json_object(&mut self) -> ReadForm {
        self.json_members("JSON_OBJECT", "NULL", |form, args| {
            // KEY is a word of SQL unless a column is called so.
            let column =
                form.is(1, "VALUE") || matches!(form.parser.peek_nth_token_ref(1).token, Token::Colon);
            if !column {
                form.takes(&["KEY"]);
            }
            args.push(form.key()?);
            if !form.parser.consume_token(&Token::Colon) {
                form.expect("VALUE")?;
            }
            form.json_member(args)
        })
    }

    /// A text before a colon would be taken for a path into it.
    fn key(&mut self) -> ReadForm {
        if self.parser.peek_nth_token_ref(1).token == Token::Colon {
            return Ok(Expr::Value(self.parser.parse_value()?));
        }
        self.expr()
    }

    fn json_array(&mut self) -> ReadForm {
        self.json_members("JSON_ARRAY", "ABSENT", Self::json_member)
    }

    fn json_members(
        &mut self,
        name: &str,
        on_null: &str,
        member: fn(&mut Self, &mut Vec<Expr>) -> Result<(), ParserError>,
    ) -> ReadForm {
        let mut args = vec![self.word(on_null)];
        loop {
            let behaviour = ["NULL", "ABSENT"].into_iter().find(|kind| self.takes(&[kind, "ON", "NULL"]));
            if let Some(kind) = behaviour {
                args[0] = self.word(kind);
                return self.close(name, args);
            }
            if self.parser.peek_token_ref().token == Token::RParen {
                return self.close(name, args);
            }
            if args.len() > 1 {
                self.comma()?;
            }
            member(self, &mut args)?;
        }
    }

    /// A value, and whether it is JSON already.
    fn json_member(&mut self, args: &mut Vec<Expr>) -> Result<(), ParserError> {
        let mut value = self.expr()?;
        let mut kind = "VALUE";
        if let Expr::Function(function) = &mut value
            && let Some(name) = function.name.0.first().and_then(|part| part.as_ident())
        {
            let name = name.value.to_ascii_uppercase();
            if matches!(name.as_str(), "JSON_OBJECT" | "JSON_ARRAY" | "JSON") {
                kind = "JSON";
            }
            if name == "JSON" {
                function.name = ObjectName::from(vec![Ident::with_span(self.span, "JSON PARSED")]);
            }
        }
        args.push(value);
        args.push(self.word(kind));
        Ok(())
    }
}

/// Whether what happens otherwise follows a type, or nothing does.
fn ends_type(token: &Token) -> bool {
    let words = ["NULL", "ERROR", "DEFAULT", "EMPTY", "WITH", "WITHOUT"];
    *token == Token::RParen || words.iter().any(|word| is_word(token, word))
}
