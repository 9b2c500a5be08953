//! Where quotes and comments begin and end in a script.

/// What a piece of a script belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    /// Words, numbers, operators and blanks.
    Code,
    /// Between two of these quotes, which belong to it.
    Quoted(char),
    /// `-- …` or `// …`, up to the end of the line.
    LineComment,
    /// `/* … */`
    BlockComment,
}

/// Follows a script piece by piece and knows which region each piece belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer {
    region: Region,
    /// The character before, since `//` behind a colon begins no comment: `SET path = hdfs://a`.
    before: char,
}

impl Default for Lexer {
    fn default() -> Self {
        Self { region: Region::Code, before: ' ' }
    }
}

impl Lexer {
    /// The region at the current place.
    pub(super) fn region(&self) -> Region {
        self.region
    }

    /// Steps over the next character of `rest`, over two that belong together, or over a word; `None` at the end.
    ///
    /// Gives the bytes that were stepped over and their region. A doubled quote inside quotes closes and opens them.
    pub(super) fn step(&mut self, rest: &str) -> Option<(usize, Region)> {
        let first = rest.chars().next()?;
        if is_word(first) {
            // Within a word nothing begins or ends.
            let length = rest.bytes().position(|byte| !is_word(byte.into())).unwrap_or(rest.len());
            self.before = first;
            return Some((length, self.region));
        }
        let (length, region) = match self.region {
            Region::Code => self.step_in_code(first, rest),
            Region::Quoted(quote) => {
                if first == quote {
                    self.region = Region::Code;
                }
                (first.len_utf8(), Region::Quoted(quote))
            }
            Region::LineComment if first == '\n' => {
                self.region = Region::Code;
                (1, Region::Code)
            }
            Region::BlockComment if rest.starts_with("*/") => {
                self.region = Region::Code;
                (2, Region::BlockComment)
            }
            region => (first.len_utf8(), region),
        };
        self.before = first;
        Some((length, region))
    }

    fn step_in_code(&mut self, first: char, rest: &str) -> (usize, Region) {
        let is_line_comment = rest.starts_with("--") || rest.starts_with("//") && self.before != ':';
        let (length, region) = match first {
            '\'' | '"' | '`' => (1, Region::Quoted(first)),
            '/' if rest.starts_with("/*") => (2, Region::BlockComment),
            _ if is_line_comment => (2, Region::LineComment),
            _ => (first.len_utf8(), Region::Code),
        };
        self.region = region;
        (length, region)
    }
}

/// Whether `;` is the last that stands in the text, comments and blanks aside.
pub(super) fn ends_statement(text: &str) -> bool {
    let (mut lexer, mut rest, mut ends) = (Lexer::default(), text, false);
    while let Some((length, region)) = lexer.step(rest) {
        let piece = &rest[..length];
        let is_blank = piece.starts_with(char::is_whitespace) && region == Region::Code;
        if !(is_blank || matches!(region, Region::LineComment | Region::BlockComment)) {
            ends = piece == ";" && region == Region::Code;
        }
        rest = &rest[length..];
    }
    ends && lexer.region() != Region::BlockComment
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(text: &str) -> String {
        let mut lexer = Lexer::default();
        let mut out = String::new();
        let mut rest = text;
        while let Some((length, region)) = lexer.step(rest) {
            let letter = match region {
                Region::Code => 'c',
                Region::Quoted(_) => 'q',
                Region::LineComment => 'l',
                Region::BlockComment => 'b',
            };
            out.extend(rest[..length].chars().map(|_| letter));
            rest = &rest[length..];
        }
        out
    }

    #[test]
    fn quotes_protect_comments_and_comments_protect_quotes() {
        assert_eq!(regions("a '--' b"), "ccqqqqcc");
        assert_eq!(regions("-- '\nb"), "llllcc");
        assert_eq!(regions("a//b\nc"), "clllcc");
        assert_eq!(regions("/*'*/'x''y'"), "bbbbbqqqqqq");
        assert_eq!(regions("s3://a"), "cccccc");
        assert_eq!(regions("'é'"), "qqq");
    }
}
