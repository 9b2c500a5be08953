//! JSON values out of a stream of bytes, however they are laid out: one a line, several on a line, or one over many
//! lines. No I/O.
//!
//! What is not JSON is not lost: the line on which such a value begins is handed out as it is, with what is wrong, and
//! the next line begins anew. So one broken line among many costs that line alone, as it would on a topic.

/// Bytes that come piece by piece, and the values in them.
#[derive(Debug)]
pub(crate) struct JsonValues {
    /// What was not handed out yet.
    text: Vec<u8>,
    /// Where `text` is looked at next.
    at: usize,
    /// The line of that place, counted from 1.
    line: u64,
    /// The value that is being read.
    open: Option<Open>,
    /// A value is no larger.
    value_bytes_max: usize,
    ended: bool,
}

/// A value, or a line that is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JsonValue {
    /// Its bytes, as they stand.
    pub(crate) bytes: Vec<u8>,
    /// The line where it begins.
    pub(crate) line: u64,
    /// Why it is no JSON value.
    pub(crate) problem: Option<String>,
}

/// A value is larger than it may be; nothing behind it is read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    /// The line where it begins.
    pub(crate) line: u64,
}

#[derive(Debug)]
struct Open {
    begins: usize,
    line: u64,
    /// The brackets that are to be closed.
    stack: Vec<Bracket>,
    /// Inside of brackets, what may come.
    wants: Wants,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bracket {
    Object,
    Array,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    Value,
    /// Behind `[`
    ValueOrEnd,
    Name,
    /// Behind `{`
    NameOrEnd,
    Colon,
    CommaOrEnd,
}

/// The token that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Between,
    /// A number or a word; whether it is a good one is for others to say.
    Word,
    Text,
    /// In a text, behind a backslash.
    Escape,
}

/// What a byte led to.
enum Step {
    On,
    /// The value ends before the byte, or behind it.
    EndsBefore,
    EndsBehind,
    Wrong(&'static str),
}

impl JsonValues {
    /// Nothing yet.
    pub(crate) fn new(value_bytes_max: usize) -> Self {
        Self { text: Vec::new(), at: 0, line: 1, open: None, value_bytes_max, ended: false }
    }

    /// Takes what comes next.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let done = self.open.as_ref().map_or(self.at, |open| open.begins);
        self.text.drain(..done);
        self.at -= done;
        if let Some(open) = &mut self.open {
            open.begins = 0;
        }
        self.text.extend_from_slice(bytes);
    }

    /// Says that nothing comes any more.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// The next value that is whole; `None` asks for more, or is the end.
    ///
    /// # Errors
    /// A value that is too large.
    pub(crate) fn next(&mut self) -> Result<Option<JsonValue>, TooLarge> {
        while let Some(byte) = self.text.get(self.at).copied() {
            let Some(open) = &mut self.open else {
                if !self.ended
                    && self.text.len() - self.at < BYTE_ORDER_MARK.len()
                    && byte == BYTE_ORDER_MARK[0]
                {
                    return Ok(None);
                }
                self.begin(byte);
                continue;
            };
            match open.step(byte) {
                Step::On => {
                    self.line += u64::from(byte == b'\n');
                    self.at += 1;
                    if self.at - open.begins > self.value_bytes_max {
                        return Err(TooLarge { line: open.line });
                    }
                }
                Step::EndsBefore => return Ok(self.take(self.at)),
                Step::EndsBehind => return Ok(self.take(self.at + 1)),
                Step::Wrong(why) => {
                    let (begins, line) = (open.begins, open.line);
                    let problem = format!("line {}: {why}", self.line);
                    return match self.broken_line(problem) {
                        None if self.text.len() - begins > self.value_bytes_max => Err(TooLarge { line }),
                        value => Ok(value),
                    };
                }
            }
        }
        match &self.open {
            Some(open) if self.ended => match (open.part, open.stack.is_empty()) {
                (Part::Word, true) => Ok(self.take(self.text.len())),
                _ => Ok(self.broken_line("the text ends within the value".to_owned())),
            },
            _ => Ok(None),
        }
    }

    fn begin(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            self.line += u64::from(byte == b'\n');
            self.at += 1;
        } else if self.text[self.at..].starts_with(BYTE_ORDER_MARK) {
            self.at += BYTE_ORDER_MARK.len();
        } else {
            self.open = Some(Open {
                begins: self.at,
                line: self.line,
                stack: Vec::new(),
                wants: Wants::Value,
                part: Part::Between,
            });
        }
    }

    fn take(&mut self, end: usize) -> Option<JsonValue> {
        let open = self.open.take()?;
        self.at = end;
        Some(JsonValue { bytes: self.text[open.begins..end].to_vec(), line: open.line, problem: None })
    }

    /// The rest of the line on which the value begins, once all of it is there; what follows is looked at again.
    fn broken_line(&mut self, problem: String) -> Option<JsonValue> {
        let open = self.open.as_ref()?;
        let rest = &self.text[open.begins..];
        let length = match rest.iter().position(|byte| *byte == b'\n') {
            Some(length) => length,
            None if self.ended => rest.len(),
            None => return None,
        };
        let bytes = rest[..length].trim_ascii_end().to_vec();
        let (begins, line) = (open.begins, open.line);
        self.open = None;
        (self.at, self.line) = (begins + length, line);
        Some(JsonValue { bytes, line, problem: Some(problem) })
    }
}

impl Open {
    fn step(&mut self, byte: u8) -> Step {
        match self.part {
            Part::Escape => {
                self.part = Part::Text;
                Step::On
            }
            Part::Text => match byte {
                b'\\' => self.to(Part::Escape),
                b'"' => self.value_ended(),
                b'\n' => Step::Wrong("the line ends within a text"),
                _ => Step::On,
            },
            Part::Word if is_of_word(byte) => Step::On,
            Part::Word if self.stack.is_empty() => match byte.is_ascii_whitespace() || is_bracket(byte) {
                true => Step::EndsBefore,
                false => Step::Wrong("this is no JSON value"),
            },
            Part::Word => {
                self.part = Part::Between;
                self.between(byte)
            }
            Part::Between => self.between(byte),
        }
    }

    fn between(&mut self, byte: u8) -> Step {
        use Wants::{Colon, CommaOrEnd, Name, NameOrEnd, Value, ValueOrEnd};
        if byte.is_ascii_whitespace() {
            return Step::On;
        }
        match (byte, self.wants) {
            (b'{', Value | ValueOrEnd) => self.opens(Bracket::Object, NameOrEnd),
            (b'[', Value | ValueOrEnd) => self.opens(Bracket::Array, ValueOrEnd),
            (b'}', NameOrEnd | CommaOrEnd) if self.stack.last() == Some(&Bracket::Object) => self.closes(),
            (b']', ValueOrEnd | CommaOrEnd) if self.stack.last() == Some(&Bracket::Array) => self.closes(),
            (b':', Colon) => self.then(Value),
            (b',', CommaOrEnd) => {
                self.then(if self.stack.last() == Some(&Bracket::Object) { Name } else { Value })
            }
            (b'"', Name | NameOrEnd) => {
                self.wants = Colon;
                self.to(Part::Text)
            }
            (b'"', Value | ValueOrEnd) => {
                self.wants = CommaOrEnd;
                self.to(Part::Text)
            }
            (_, Value | ValueOrEnd) if is_of_word(byte) => {
                self.wants = CommaOrEnd;
                self.to(Part::Word)
            }
            (_, wants) => Step::Wrong(wants.sentence()),
        }
    }

    fn to(&mut self, part: Part) -> Step {
        self.part = part;
        Step::On
    }

    fn then(&mut self, wants: Wants) -> Step {
        self.wants = wants;
        Step::On
    }

    fn opens(&mut self, bracket: Bracket, wants: Wants) -> Step {
        if self.stack.len() == DEPTH_MAX {
            return Step::Wrong("brackets within brackets more than 1000 deep");
        }
        self.stack.push(bracket);
        self.then(wants)
    }

    fn closes(&mut self) -> Step {
        self.stack.pop();
        self.value_ended()
    }

    /// A text, an object or an array ends with this byte; a name is no value.
    fn value_ended(&mut self) -> Step {
        self.part = Part::Between;
        if self.stack.is_empty() {
            return Step::EndsBehind;
        }
        if self.wants != Wants::Colon {
            self.wants = Wants::CommaOrEnd;
        }
        Step::On
    }
}

impl Wants {
    fn sentence(self) -> &'static str {
        match self {
            Self::Value => "a value is expected here",
            Self::ValueOrEnd => "a value or ']' is expected here",
            Self::Name => "a name in quotes is expected here",
            Self::NameOrEnd => "a name in quotes or '}' is expected here",
            Self::Colon => "':' is expected here",
            Self::CommaOrEnd => "',' or the closing bracket is expected here",
        }
    }
}

/// Of numbers, `true`, `null` and what somebody may take for them.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_') || !byte.is_ascii()
}

fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'{' | b'[')
}

/// As deep as Jackson, and so Flink, reads. It also bounds how often a line is looked at again.
const DEPTH_MAX: usize = 1000;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of a text that comes in pieces of every length, with their lines.
    fn values(text: &str) -> Vec<(String, u64, bool)> {
        let mut all: Vec<Vec<_>> = [1, 2, 3, 7, text.len().max(1)].map(|size| in_pieces(text, size)).into();
        let last = all.pop().unwrap();
        assert!(
            all.iter().all(|it| *it == last),
            "it matters how the text is cut: {text:?}\n{all:?}\n{last:?}"
        );
        last
    }

    fn in_pieces(text: &str, size: usize) -> Vec<(String, u64, bool)> {
        let (mut values, mut found) = (JsonValues::new(1 << 20), Vec::new());
        let mut take = |values: &mut JsonValues| {
            while let Some(it) = values.next().unwrap() {
                found.push((String::from_utf8(it.bytes).unwrap(), it.line, it.problem.is_some()));
            }
        };
        for piece in text.as_bytes().chunks(size) {
            values.push(piece);
            take(&mut values);
        }
        values.end();
        take(&mut values);
        found
    }

    fn good(of: &[(&str, u64)]) -> Vec<(String, u64, bool)> {
        of.iter().map(|(text, line)| ((*text).to_owned(), *line, false)).collect()
    }

    #[test]
    fn values_are_found_however_they_are_laid_out() {
        assert_eq!(values("{\"a\":1}\n\n{\"a\":2}\n"), good(&[("{\"a\":1}", 1), ("{\"a\":2}", 3)]));
        assert_eq!(
            values("{\"a\":1} {\"a\":2}{\"a\":3}"),
            good(&[("{\"a\":1}", 1), ("{\"a\":2}", 1), ("{\"a\":3}", 1)])
        );
        let pretty = "{\n  \"a\": [1, 2],\n  \"b\": {\"c\": \"}\\\"{\"}\n}";
        assert_eq!(values(&format!("\u{feff}{pretty}\r\n{pretty}")), good(&[(pretty, 1), (pretty, 5)]));
        assert_eq!(values("[\n{},\n[]\n]"), good(&[("[\n{},\n[]\n]", 1)]));
        assert_eq!(values(""), []);
        assert_eq!(values(" \n\t\r\n"), []);
    }

    #[test]
    fn values_without_brackets_are_values_too() {
        assert_eq!(
            values("1 -2.5e3\nnull \"a b\"7"),
            good(&[("1", 1), ("-2.5e3", 1), ("null", 2), ("\"a b\"", 2), ("7", 2)])
        );
        assert_eq!(values("12{}"), good(&[("12", 1), ("{}", 1)]));
    }

    #[test]
    fn a_broken_line_costs_itself_alone() {
        let broken = |text: &str, line| (text.to_owned(), line, true);
        let whole = |text: &str, line| (text.to_owned(), line, false);
        assert_eq!(
            values("{\"a\":1}\n{\"a\":}\n{\"a\":3}"),
            [whole("{\"a\":1}", 1), broken("{\"a\":}", 2), whole("{\"a\":3}", 3)]
        );
        // Cut off in a name, in a text, and where the next line could go on.
        assert_eq!(values("{\"a\n{\"a\":2}"), [broken("{\"a", 1), whole("{\"a\":2}", 2)]);
        assert_eq!(values("{\"a\": \"x\r\n{\"a\":2}"), [broken("{\"a\": \"x", 1), whole("{\"a\":2}", 2)]);
        assert_eq!(
            values("{\"a\":\n{\"a\":2}\n{\"a\":3}"),
            [broken("{\"a\":", 1), whole("{\"a\":2}", 2), whole("{\"a\":3}", 3)]
        );
        assert_eq!(values("x, y\n{}"), [broken("x, y", 1), whole("{}", 2)]);
        assert_eq!(values("{}}\n{}"), [whole("{}", 1), broken("}", 1), whole("{}", 2)]);
        assert_eq!(values("{\"a\":1"), [broken("{\"a\":1", 1)]);
        assert_eq!(values("[1}"), [broken("[1}", 1)]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let mut values = JsonValues::new(100);
        values.push(b"{\n\"a\": 1,\n}\n");
        let value = values.next().unwrap().unwrap();
        assert_eq!((&*value.bytes, value.line), (&b"{"[..], 1));
        assert_eq!(value.problem.as_deref(), Some("line 3: a name in quotes is expected here"));
    }

    #[test]
    fn a_value_beyond_the_bound_and_brackets_without_end_are_refused() {
        let mut values = JsonValues::new(10);
        values.push(b"{}\n\n\"0123456789\"");
        assert_eq!(values.next().unwrap().map(|it| it.line), Some(1));
        assert_eq!(values.next(), Err(TooLarge { line: 3 }));
        let mut values = JsonValues::new(1 << 20);
        values.push("[".repeat(5000).as_bytes());
        values.end();
        assert!(values.next().unwrap().unwrap().problem.is_some_and(|it| it.contains("1000 deep")));
    }

    #[test]
    fn many_lines_that_open_and_never_close_take_linear_work() {
        let text = "[\n".repeat(20_000);
        let found = in_pieces(&text, text.len());
        assert_eq!(found.len(), 20_000);
    }
}
