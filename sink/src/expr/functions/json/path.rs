//! A JSON path: SQL's mode and the path behind it, as Jayway's JsonPath reads it.

/// A path that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JsonPath {
    /// `lax`: what is not there is nothing. Without a word a path is strict.
    pub(super) is_lax: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
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
        self.steps
            .iter()
            .all(|step| matches!(step, Step::Member(_) | Step::Members(_) | Step::Index(_) | Step::Length))
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

fn step<'p>(rest: &'p str, steps: &mut Vec<Step>) -> Result<&'p str, String> {
    if let Some(behind) = rest.strip_prefix("..") {
        steps.push(Step::Descend);
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

fn member<'p>(rest: &'p str, steps: &mut Vec<Step>) -> Result<&'p str, String> {
    if let Some(rest) = rest.strip_prefix('*') {
        steps.push(Step::All);
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
        steps.push(Step::Length);
        return rest.ok_or_else(|| format!("the function {name}() is not to be had here"));
    }
    steps.push(Step::Member(name.to_owned()));
    Ok(behind)
}

fn bracket<'p>(rest: &'p str, steps: &mut Vec<Step>) -> Result<&'p str, String> {
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
        Step::All
    } else if let Some((from, to)) = inside.split_once(':') {
        Step::Slice(optional(from)?, optional(to)?)
    } else if inside.contains(',') {
        Step::Indexes(inside.split(',').map(number).collect::<Result<_, _>>()?)
    } else {
        Step::Index(number(inside)?)
    });
    Ok(behind)
}

/// `'a', 'b']`
fn quoted<'p>(inside: &'p str, steps: &mut Vec<Step>) -> Result<&'p str, String> {
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
            steps.push(if single { Step::Member(names.remove(0)) } else { Step::Members(names) });
            return Ok(behind);
        }
        rest = rest.strip_prefix(',').ok_or("a bracket is not closed")?.trim_start();
    }
}
