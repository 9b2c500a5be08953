//! Calls of functions: by name, and what SQL writes in words of its own.

use sqlparser::ast::{
    AccessExpr, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Subscript,
    Value as AstValue,
};

use super::folding::{folded, refused};
use super::{Binder, interval, place};
use crate::error::{Finding, Position, Rule};
use crate::expr::Expr;
use crate::expr::arithmetic::Arithmetic;
use crate::expr::case;
use crate::expr::cast;
use crate::expr::comparison::Comparison;
use crate::expr::function::{Arguments, BindError, FunctionSpec};
use crate::expr::functions::{FUNCTIONS, named};
use crate::expr::logic::{self, Connective};
use crate::options::nearest;
use crate::row::{Arena, Value};
use crate::types::{DataType, LogicalType};

impl Binder<'_> {
    /// A call as it is written.
    pub(super) fn function(&self, function: &Function, at: Option<Position>) -> Result<Expr, Finding> {
        let name = match &function.name.0[..] {
            [part] => part.as_ident().map(|ident| ident.value.as_str()),
            _ => None,
        };
        let name = name.ok_or_else(|| unknown(&function.name.to_string()))?;
        let is_plain = function.over.is_none()
            && function.filter.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, FunctionArguments::None);
        let args = match &function.args {
            FunctionArguments::None => Vec::new(),
            FunctionArguments::List(list)
                if list.duplicate_treatment.is_none() && list.clauses.is_empty() =>
            {
                list.args.iter().map(argument).collect::<Option<Vec<_>>>().ok_or_else(|| ill_called(name))?
            }
            _ => return Err(ill_called(name)),
        };
        if !is_plain {
            return Err(ill_called(name));
        }
        if name == "INTERVAL LITERAL" {
            return interval(&args);
        }
        self.call(name, args.into_iter(), at)
    }

    /// The function of that name with these arguments.
    pub(super) fn call<'t>(
        &self,
        name: &str,
        args: impl Iterator<Item = &'t Ast>,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let args = args.map(|arg| self.bind(arg)).collect::<Result<Vec<_>, _>>()?;
        self.apply(name, args, at)
    }

    /// The same with arguments that are bound.
    pub(super) fn apply(&self, name: &str, args: Vec<Expr>, at: Option<Position>) -> Result<Expr, Finding> {
        let name = name.to_ascii_uppercase();
        if let Some(form) = self.form(&name, &args, at) {
            return form.map(folded);
        }
        let spec = named(&name).ok_or_else(|| unknown(&name))?;
        let first =
            args.first().filter(|first| spec.name == "COALESCE" && !first.data_type().nullable).cloned();
        let call = self.bound(spec, args, at)?;
        // What stands behind a value that is never NULL is not computed.
        let call = match first {
            None => call,
            Some(first) => {
                case::as_type(first, &call.data_type().logical, self.scope.session).map_err(refused)?
            }
        };
        Ok(folded(call))
    }

    /// What is made of operators rather than computed by a function.
    fn form(&self, name: &str, args: &[Expr], at: Option<Position>) -> Option<Result<Expr, Finding>> {
        let bound = match (name, args) {
            ("IF", [condition, yes, no]) => self.choice(condition, yes, no),
            ("NULLIF", [value, other]) => self.null_if(value, other, at),
            ("MOD", [left, right]) if !is_temporal(left) && !is_temporal(right) => {
                Arithmetic::Remainder.bind(left.clone(), right.clone(), at)
            }
            ("BETWEEN SYMMETRIC", [value, one, other]) => return Some(self.symmetric(value, one, other, at)),
            _ => return None,
        };
        Some(bound.map_err(refused))
    }

    /// `IF(condition, yes, no)`
    fn choice(&self, condition: &Expr, yes: &Expr, no: &Expr) -> Result<Expr, BindError> {
        let args = [condition, yes, no];
        if args.iter().any(|arg| arg.is_bare_null()) {
            return Err(BindError(
                "IF does not take NULL, which has no type: CAST(NULL AS …) gives it one".into(),
            ));
        }
        if [yes, no].iter().any(|arg| is_nested(&arg.data_type().logical)) {
            return Err(BindError("IF does not take ARRAY, MAP or ROW: write CASE".into()));
        }
        let nullable = args.iter().any(|arg| arg.data_type().nullable);
        let branches = vec![(condition.clone(), yes.clone())];
        let choice = case::bind("IF", branches, Some(no.clone()), self.scope.session)?;
        let data_type = DataType { nullable, ..choice.data_type().clone() };
        Ok(choice.retyped(data_type))
    }

    /// `NULLIF(value, other)`: NULL where they are equal.
    fn null_if(&self, value: &Expr, other: &Expr, at: Option<Position>) -> Result<Expr, BindError> {
        if value.is_bare_null() {
            return Err(BindError("NULLIF(NULL, …) has no type: CAST(NULL AS …) gives it one".into()));
        }
        let equal = Comparison::Equal.bind(value.clone(), other.clone(), self.scope.session, at)?;
        let null = Expr::null(value.data_type().logical.clone());
        case::bind("NULLIF", vec![(equal, null)], Some(value.clone()), self.scope.session)
    }

    /// `value BETWEEN SYMMETRIC one AND other`
    fn symmetric(
        &self,
        value: &Expr,
        one: &Expr,
        other: &Expr,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let up = self.within(value.clone(), one.clone(), other.clone(), at)?;
        let down = self.within(value.clone(), other.clone(), one.clone(), at)?;
        Connective::Or.bind(vec![up, down]).map_err(refused)
    }

    /// A row of the table with its arguments, each cast to what it takes.
    fn bound(
        &self,
        spec: &'static FunctionSpec,
        args: Vec<Expr>,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let arena = Arena::new();
        let types: Vec<DataType> = args.iter().map(|arg| arg.data_type().clone()).collect();
        let constants: Vec<Option<Value<'_>>> =
            args.iter().map(|arg| arg.constant().map(|it| it.value(&arena))).collect();
        let literals: Vec<bool> = args.iter().map(Expr::is_literal).collect();
        let session = self.scope.session;
        let arguments = Arguments { types: &types, constants: &constants, literals: &literals, session };
        let bound = (spec.bind)(&arguments).map_err(|BindError(why)| {
            Finding::new(Rule::Type, format!("{}: {why}; usage: {}", spec.name, spec.usage.join(", ")))
        })?;
        let mut cast_args = Vec::with_capacity(args.len());
        for (arg, to) in args.iter().zip(&bound.casts) {
            cast_args.push(match to {
                None => arg.clone(),
                Some(to) if arg.is_bare_null() => Expr::null(to.clone()),
                Some(to) => {
                    let to = DataType { logical: to.clone(), nullable: arg.data_type().nullable };
                    folded(cast::bind(arg.clone(), &to, false, session).map_err(refused)?)
                }
            });
        }
        // A function that casts none of its last arguments need not say so.
        cast_args.extend(args.iter().skip(bound.casts.len()).cloned());
        Ok(Expr::call(spec.name, cast_args, bound, at))
    }

    /// What the parser has a node of its own for.
    pub(super) fn special(&self, expr: &Ast, at: Option<Position>) -> Result<Expr, Finding> {
        match expr {
            Ast::Like { negated, any: false, expr, pattern, escape_char } => {
                self.matching("LIKE", expr, pattern, escape_char.as_deref(), *negated, at)
            }
            Ast::SimilarTo { negated, expr, pattern, escape_char } => {
                self.matching("SIMILAR", expr, pattern, escape_char.as_deref(), *negated, at)
            }
            _ => Err(Finding::not_yet("expression", "this expression is not supported yet")),
        }
    }

    fn matching(
        &self,
        name: &str,
        operand: &Ast,
        pattern: &Ast,
        escape: Option<&Ast>,
        is_not: bool,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let matching = self.call(name, [operand, pattern].into_iter().chain(escape), at)?;
        if is_not { logic::not(matching).map(folded).map_err(refused) } else { Ok(matching) }
    }

    /// `a[1]`, `f(x).name`
    pub(super) fn access(
        &self,
        root: &Ast,
        chain: &[AccessExpr],
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let (mut value, chain) = self.root(root, chain)?;
        for access in chain {
            value = match access {
                AccessExpr::Dot(Ast::Identifier(ident)) => {
                    value.field(&ident.value).map_err(|error| Finding::new(Rule::NoColumn, error.0))?
                }
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    let index = self.bind(index)?;
                    self.apply("ITEM", vec![value, index], at)?
                }
                _ => {
                    return Err(Finding::new(
                        Rule::Type,
                        "Flink has neither slices nor calls behind a value",
                    ));
                }
            };
        }
        Ok(value)
    }

    /// A column with all names before the first bracket, since one of them may be a table's.
    fn root<'t>(&self, root: &Ast, chain: &'t [AccessExpr]) -> Result<(Expr, &'t [AccessExpr]), Finding> {
        let Ast::Identifier(first) = root else { return Ok((self.bind(root)?, chain)) };
        let mut path = vec![first.clone()];
        let mut rest = chain;
        while let [AccessExpr::Dot(Ast::Identifier(next)), behind @ ..] = rest {
            path.push(next.clone());
            rest = behind;
        }
        let column = self.scope.column(&path).map_err(|finding| finding.at(place(root)))?;
        Ok((column, rest))
    }
}

fn argument(arg: &FunctionArg) -> Option<&Ast> {
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

/// A function that nobody has, with the nearest that somebody has.
fn unknown(name: &str) -> Finding {
    let all = FUNCTIONS.iter().copied().flatten();
    let names = all.flat_map(|spec| spec.aliases.iter().copied().chain([spec.name]));
    let upper = name.to_ascii_uppercase();
    let hint = nearest(&upper, names.filter(|name| !name.contains(' ')));
    let hint = hint.map(|it| format!("; did you mean {it}?")).unwrap_or_default();
    Finding::not_yet(
        "function",
        format!("there is no function {name}; functions written in Java cannot run here{hint}"),
    )
}

fn ill_called(name: &str) -> Finding {
    Finding::new(Rule::Type, format!("{name} is called with values alone: {name}(a, b)"))
}

/// The literal whose parts the parser's helper gave as texts.
fn interval(args: &[&Ast]) -> Result<Expr, Finding> {
    let texts: Vec<&str> = args.iter().filter_map(|arg| text(arg)).collect();
    let [sign, text, first, precision, last @ ..] = &texts[..] else { return Err(ill_called("INTERVAL")) };
    interval::literal(&interval::IntervalParts {
        is_negative: *sign == "-",
        text,
        first,
        precision: precision.parse().ok(),
        last: last.first().copied(),
    })
}

fn text(expr: &Ast) -> Option<&str> {
    match expr {
        Ast::Value(value) => match &value.value {
            AstValue::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn is_temporal(expr: &Expr) -> bool {
    expr.data_type().logical.is_temporal() || expr.data_type().logical.is_interval()
}

fn is_nested(logical: &LogicalType) -> bool {
    use LogicalType as T;
    matches!(logical, T::Array(_) | T::Map(..) | T::Multiset(_) | T::Row(_))
}
