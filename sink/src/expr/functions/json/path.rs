//! A JSON path: SQL's mode and the path behind it, as Jayway's JsonPath reads it.

use crate::expr::EvalError;
use crate::expr::function::Arguments;
use crate::expr::functions::signature::text;
use crate::row::Value;

/// A path that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JsonPath {
    /// `lax`: what is not there is nothing. Without a word a path is strict.
    pub(super) is_lax: bool,
    pub(super) steps: Vec<PathStep>,
}

/// The path of a call, or why it is none.
pub(super) type ReadPath = Result<JsonPath, String>;

/// An argument that is a path: read once where it is constant, else for each row.
pub(super) struct PathArgument {
    constant: Option<ReadPath>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum PathStep {
    /// `.name`, `['name']`
    Member(String),
    /// `['a', 'b']`
    Members(Vec<String>),
    /// `[0]`; a negative one counts from the end.
    Index(i64),
    /// `[0, 1]`
    Indexes(Vec<i64>),
    /// `[1:3]`
    Slice(Option<i64>, Option<i64>),
    /// `[*]`, `.*`
    All,
    /// `..`: whatever follows, at any depth.
    Descend,
    /// `.length()`, `.size()`
    Length,
}

/// Steps that a path may have.
const STEPS_MAX: usize = 200;

impl PathArgument {
    pub(super) fn of(args: &Arguments<'_>, index: usize) -> Self {
        Self { constant: args.constant_text(index).map(JsonPath::parse) }
    }

    /// The path of a row, which lies in `own` if it is no constant.
    ///
    /// # Errors
    /// The argument is no text.
    pub(super) fn of_row<'p>(
        &'p self,
        arg: Value<'_>,
        own: &'p mut Option<ReadPath>,
    ) -> Result<&'p ReadPath, EvalError> {
        match &self.constant {
            Some(path) => Ok(path),
            None => Ok(own.insert(JsonPath::parse(text(arg)?))),
        }
    }
}

impl JsonPath {
    /// Reads a path. A path that cannot be read is an error whatever its mode is.
    pub(super) fn parse(spec: &str) -> Result<Self, String> {
        let (is_lax, path) = mode(spec);
        let wrong = |why: &str| format!("'{spec}' is no JSON path: {why}");
        let trimmed = path.trim();
        if trimmed.is_empty() {
            return Err(wrong("it is empty"));
        }
        let rooted =
            if trimmed.starts_with(['$', '@']) { trimmed.to_owned() } else { format!("$.{trimmed}") };
        if rooted.ends_with('.') {
            return Err(wrong("it ends in a point"));
        }
        let mut steps = Vec::new();
        let mut rest = &rooted[1..];
        while !rest.is_empty() {
            if steps.len() == STEPS_MAX {
                return Err(wrong("it has more than 200 steps"));
            }
            rest = step(rest, &mut steps).map_err(|why| wrong(&why))?;
        }
        Ok(Self { is_lax, steps })
    }

    /// Whether it leads to one place.
    pub(super) fn is_definite(&self) -> bool {
        self.steps.iter().all(|step| {
            matches!(step, PathStep::Member(_) | PathStep::Members(_) | PathStep::Index(_) | PathStep::Length)
        })
    }
}

/// `lax` or `strict` in front, in any case.
fn mode(spec: &str) -> (bool, &str) {
    let trimmed = spec.trim_start();
    for (word, is_lax) in [("lax", true), ("strict", false)] {
        if trimmed.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word)) {
            let rest = &trimmed[word.len()..];
            let path = rest.trim_start();
            if path.len() < rest.len() && !path.is_empty() {
                return (is_lax, path);
            }
        }
    }
    (false, spec)
}

fn step<'p>(rest: &'p str, steps: &mut Vec<PathStep>) -> Result<&'p str, String> {
    if let Some(behind) = rest.strip_prefix("..") {
        steps.push(PathStep::Descend);
        return if behind.starts_with('[') { bracket(behind, steps) } else { member(behind, steps) };
    }
    if let Some(behind) = rest.strip_prefix('.') {
        return if behind.starts_with('[') { bracket(behind, steps) } else { member(behind, steps) };
    }
    if rest.starts_with('[') {
        return bracket(rest, steps);
    }
    Err(format!("'{rest}' stands where a point or a bracket should"))
}

fn member<'p>(rest: &'p str, steps: &mut Vec<PathStep>) -> Result<&'p str, String> {
    if let Some(rest) = rest.strip_prefix('*') {
        steps.push(PathStep::All);
        return Ok(rest);
    }
    let end = rest.find(['.', '[', ' ', '(']).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    if name.is_empty() {
        return Err("a name is missing".into());
    }
    if behind.starts_with(' ') {
        return Err("a name with a blank must stand in brackets and quotes".into());
    }
    if let Some(call) = behind.strip_prefix('(') {
        let rest = call.strip_prefix(')').filter(|_| matches!(name, "length" | "size"));
        steps.push(PathStep::Length);
        return rest.ok_or_else(|| format!("the function {name}() is not to be had here"));
    }
    steps.push(PathStep::Member(name.to_owned()));
    Ok(behind)
}

fn bracket<'p>(rest: &'p str, steps: &mut Vec<PathStep>) -> Result<&'p str, String> {
    let inside = rest[1..].trim_start();
    if inside.starts_with(['\'', '"']) {
        return quoted(inside, steps);
    }
    if inside.starts_with('?') {
        return Err("filters are not to be had here".into());
    }
    let end = inside.find(']').ok_or("a bracket is not closed")?;
    let (inside, behind) = (inside[..end].trim(), &inside[end + 1..]);
    let number =
        |text: &str| text.trim().parse::<i64>().map_err(|_| format!("'{}' is no index", text.trim()));
    let optional = |text: &str| if text.trim().is_empty() { Ok(None) } else { number(text).map(Some) };
    steps.push(if inside == "*" {
        PathStep::All
    } else if let Some((from, to)) = inside.split_once(':') {
        PathStep::Slice(optional(from)?, optional(to)?)
    } else if inside.contains(',') {
        PathStep::Indexes(inside.split(',').map(number).collect::<Result<_, _>>()?)
    } else {
        PathStep::Index(number(inside)?)
    });
    Ok(behind)
}

/// `'a', 'b']`
fn quoted<'p>(inside: &'p str, steps: &mut Vec<PathStep>) -> Result<&'p str, String> {
    let mut names = Vec::new();
    let mut rest = inside;
    loop {
        let quote =
            rest.chars().next().filter(|char| matches!(char, '\'' | '"')).ok_or("a name is missing")?;
        let mut name = String::new();
        let mut chars = rest[1..].char_indices();
        let end = loop {
            match chars.next() {
                Some((_, '\\')) => name.extend(chars.next().map(|(_, char)| char)),
                Some((at, char)) if char == quote => break at + 1,
                Some((_, char)) => name.push(char),
                None => return Err("a quote is not closed".into()),
            }
        };
        names.push(name);
        rest = rest[end + 1..].trim_start();
        if let Some(behind) = rest.strip_prefix(']') {
            let single = names.len() == 1;
            steps.push(if single { PathStep::Member(names.remove(0)) } else { PathStep::Members(names) });
            return Ok(behind);
        }
        rest = rest.strip_prefix(',').ok_or("a bracket is not closed")?.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_step_by_step() {
        let path = JsonPath::parse("  LAX $.a[-1]['b c'][*]..d").unwrap();
        assert!(path.is_lax && !path.is_definite());
        let member = |name: &str| PathStep::Member(name.into());
        let steps =
            [member("a"), PathStep::Index(-1), member("b c"), PathStep::All, PathStep::Descend, member("d")];
        assert_eq!(path.steps, steps);
        assert_eq!(JsonPath::parse("a").unwrap(), JsonPath { is_lax: false, steps: vec![member("a")] });
        let slice = JsonPath::parse("$[1:]").unwrap();
        assert_eq!(slice.steps, [PathStep::Slice(Some(1), None)]);
    }

    #[test]
    fn what_is_no_path_says_why() {
        for (spec, why) in [
            ("", "empty"),
            ("$.", "ends in a point"),
            ("$[", "not closed"),
            ("$['a", "quote"),
            ("$[x]", "'x' is no index"),
            ("$.a b", "brackets"),
            ("$[?(@.a)]", "filters"),
            ("$.a.min()", "min()"),
        ] {
            let error = JsonPath::parse(spec).unwrap_err();
            assert!(error.contains(why) && error.contains(spec), "{error}");
        }
        assert!(JsonPath::parse(&format!("${}", "[0]".repeat(201))).is_err());
    }
}
