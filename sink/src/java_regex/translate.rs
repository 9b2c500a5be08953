//! Java's syntax of regular expressions in the words of the crate that matches them.
//!
//! What is the same in both passes through. What differs: Java's short classes (`\d`, `\w`, `\s`) and POSIX classes are
//! those of ASCII; its point stops at more than a newline; it quotes with `\Q…\E`; it writes some escapes otherwise.

use super::error::PatternError;

pub(super) struct Translated {
    pub(super) text: String,
    /// Whether `$` or `\Z` stands in it, outside of (?m).
    pub(super) has_end: bool,
}

/// Translates a pattern.
pub(super) fn translate(pattern: &str) -> Result<Translated, PatternError> {
    let mut translation = Translation {
        pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() * 2),
        has_end: false,
        flags: Flags::default(),
        open: Vec::new(),
    };
    translation.run()?;
    Ok(Translated { text: translation.out, has_end: translation.has_end })
}

/// Open groups at most.
const DEPTH_MAX: usize = 200;

const LINE_ENDS: &str = r"\n\r\x{85}\x{2028}\x{2029}";

#[derive(Clone, Copy, Default)]
struct Flags {
    /// `s`: the point takes line ends too.
    dot_all: bool,
    /// `m`: `^` and `$` stand at lines' ends.
    multi_line: bool,
    /// `x`: blanks and comments are nothing.
    comments: bool,
    /// `d`: the newline alone ends a line.
    unix_lines: bool,
    /// `U`: the short classes are those of Unicode.
    unicode: bool,
}

struct Translation<'a> {
    pattern: &'a str,
    rest: &'a str,
    out: String,
    has_end: bool,
    flags: Flags,
    /// The flags outside of each open group.
    open: Vec<Flags>,
}

impl Translation<'_> {
    fn run(&mut self) -> Result<(), PatternError> {
        while let Some(char) = self.next() {
            match char {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '.' => self.point(),
                '$' => self.end(),
                '(' => self.group()?,
                ')' => {
                    self.flags =
                        self.open.pop().ok_or_else(|| self.invalid("a parenthesis that was not opened"))?;
                    self.out.push(')');
                }
                '{' => self.repetition()?,
                // A class that begins with a bracket needs none outside.
                ']' | '}' => self.literal(char),
                '#' if self.flags.comments => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    self.rest = &self.rest[end..];
                }
                _ => self.out.push(char),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest.chars().next()?;
        self.rest = &self.rest[char.len_utf8()..];
        Some(char)
    }

    #[cold]
    fn invalid(&self, why: &str) -> PatternError {
        PatternError::Invalid(format!("'{}' is no regular expression: {why}", self.pattern))
    }

    #[cold]
    fn unsupported(&self, what: &str) -> PatternError {
        PatternError::Unsupported(format!(
            "the regular expression '{}' has {what}, which is not to be had here",
            self.pattern
        ))
    }

    fn literal(&mut self, char: char) {
        if char.is_ascii_punctuation() && char != '<' && char != '>' {
            self.out.push('\\');
        }
        self.out.push(char);
    }

    fn point(&mut self) {
        if self.flags.dot_all {
            self.out.push_str("(?s:.)");
        } else if self.flags.unix_lines {
            self.out.push_str(r"[^\n]");
        } else {
            self.out.push_str(&format!("[^{LINE_ENDS}]"));
        }
    }

    /// `{2}`, `{2,}`, `{2,3}`
    fn repetition(&mut self) -> Result<(), PatternError> {
        let inside = self.rest.split('}').next().unwrap_or_default();
        let is_count = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
        if least.is_empty() || !is_count(least) || !is_count(most) || inside.len() == self.rest.len() {
            return Err(self.invalid("a brace without a count of repetitions"));
        }
        self.out.push('{');
        self.out.push_str(inside);
        self.out.push('}');
        self.rest = &self.rest[inside.len() + 1..];
        Ok(())
    }

    fn end(&mut self) {
        if self.flags.multi_line {
            self.out.push('$');
        } else {
            self.has_end = true;
            self.out.push_str(r"\z");
        }
    }

    fn group(&mut self) -> Result<(), PatternError> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.unsupported("more than 200 groups within groups"));
        }
        let outside = self.flags;
        if !self.rest.starts_with('?') {
            self.open.push(outside);
            self.out.push('(');
            return Ok(());
        }
        for kind in ["?:", "?=", "?!", "?<=", "?<!", "?>"] {
            if let Some(rest) = self.rest.strip_prefix(kind) {
                self.rest = rest;
                self.open.push(outside);
                self.out.push('(');
                self.out.push_str(kind);
                return Ok(());
            }
        }
        if let Some(rest) = self.rest.strip_prefix("?<") {
            let name = rest.split('>').next().unwrap_or_default();
            let begins = name.starts_with(|char: char| char.is_ascii_alphabetic());
            if !begins || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(self.invalid("a group's name is not of letters and digits"));
            }
            self.rest =
                rest.get(name.len() + 1..).ok_or_else(|| self.invalid("a group's name has no end"))?;
            self.open.push(outside);
            self.out.push_str(&format!("(?<{name}>"));
            return Ok(());
        }
        self.inline_flags(outside)
    }

    /// `(?i)`, `(?i-s:`: Java's letters mean other things than the crate's.
    fn inline_flags(&mut self, outside: Flags) -> Result<(), PatternError> {
        self.next();
        let (mut on, mut off) = (String::new(), String::new());
        let mut sets = true;
        loop {
            let char = self.next().ok_or_else(|| self.invalid("a group's flags have no end"))?;
            match char {
                '-' if sets => sets = false,
                'i' => if sets { &mut on } else { &mut off }.push('i'),
                'm' => {
                    self.flags.multi_line = sets;
                    if sets { &mut on } else { &mut off }.push('m');
                }
                's' => self.flags.dot_all = sets,
                'x' => {
                    self.flags.comments = sets;
                    if sets { &mut on } else { &mut off }.push('x');
                }
                'd' => self.flags.unix_lines = sets,
                'U' => self.flags.unicode = sets,
                'u' => {}
                ':' | ')' => {
                    let off = if off.is_empty() { off } else { format!("-{off}") };
                    let flags = format!("{on}{off}");
                    if char == ':' {
                        self.open.push(outside);
                        self.out.push_str(&format!("(?{flags}:"));
                    } else if !flags.is_empty() {
                        self.out.push_str(&format!("(?{flags})"));
                    }
                    return Ok(());
                }
                _ => return Err(self.invalid("an unknown flag of a group")),
            }
        }
    }

    /// What stands behind a backslash, in a class or outside.
    fn escape(&mut self, in_class: bool) -> Result<(), PatternError> {
        let char = self.next().ok_or_else(|| self.invalid("it ends in a backslash"))?;
        match char {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' if self.flags.unicode => {
                self.out.push('\\');
                self.out.push(char);
            }
            'd' => self.set("0-9", false, in_class),
            'D' => self.set("0-9", true, in_class),
            's' => self.set(r" \t\n\x0B\x0C\r", false, in_class),
            'S' => self.set(r" \t\n\x0B\x0C\r", true, in_class),
            'w' => self.set("a-zA-Z0-9_", false, in_class),
            'W' => self.set("a-zA-Z0-9_", true, in_class),
            'h' => self.set(HORIZONTAL, false, in_class),
            'H' => self.set(HORIZONTAL, true, in_class),
            'v' => self.set(VERTICAL, false, in_class),
            'V' => self.set(VERTICAL, true, in_class),
            'p' | 'P' => self.property(char == 'P', in_class)?,
            'Q' => {
                let (quoted, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                quoted.chars().for_each(|char| self.literal(char));
            }
            'E' => {}
            'R' if !in_class => self.out.push_str(&format!(r"(?:\r\n|[{VERTICAL}])")),
            'b' | 'B' | 'A' | 'z' if !in_class => {
                self.out.push('\\');
                self.out.push(char);
            }
            'Z' if !in_class => {
                self.has_end = true;
                self.out.push_str(r"\z");
            }
            'G' | 'X' | 'N' => return Err(self.unsupported(&format!("\\{char}"))),
            '1'..='9' if !in_class => self.reference(char),
            'k' if !in_class => self.out.push_str(r"\k"),
            _ => self.character(char)?,
        }
        Ok(())
    }

    fn set(&mut self, members: &str, negated: bool, in_class: bool) {
        match (negated, in_class) {
            (false, true) => self.out.push_str(members),
            (false, false) => self.out.push_str(&format!("[{members}]")),
            (true, _) => self.out.push_str(&format!("[^{members}]")),
        }
    }

    /// As many digits as there are groups for.
    fn reference(&mut self, first: char) {
        self.out.push_str(&format!(r"(?:\{first})"));
    }

    /// One character by an escape.
    fn character(&mut self, char: char) -> Result<(), PatternError> {
        let code = match char {
            't' => 9,
            'n' => 10,
            'r' => 13,
            'f' => 12,
            'a' => 7,
            'e' => 27,
            '0' => self.octal()?,
            'x' if self.rest.starts_with('{') => self.braced()?,
            'x' => self.hexadecimal(2)?,
            'u' => self.unit()?,
            'c' => {
                let char = self.next().ok_or_else(|| self.invalid("\\c without a character"))?;
                u32::from(char) ^ 64
            }
            _ if char.is_ascii_alphabetic() => return Err(self.invalid("an unknown escape")),
            _ => {
                self.literal(char);
                return Ok(());
            }
        };
        let code = char::from_u32(code).ok_or_else(|| self.invalid("an escape is no character"))?;
        self.out.push_str(&format!(r"\x{{{:x}}}", u32::from(code)));
        Ok(())
    }

    /// `\0n`, `\0nn`, `\0mnn` with m up to 3.
    fn octal(&mut self) -> Result<u32, PatternError> {
        let most = if self.rest.starts_with(['0', '1', '2', '3']) { 3 } else { 2 };
        let digits = self.rest.bytes().take(most).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
        let code =
            u32::from_str_radix(&self.rest[..digits], 8).map_err(|_| self.invalid("\\0 without digits"))?;
        self.rest = &self.rest[digits..];
        Ok(code)
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, PatternError> {
        let code = self.rest.get(..digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.and_then(|text| u32::from_str_radix(text, 16).ok());
        let code = code.ok_or_else(|| self.invalid("an escape without its hexadecimal digits"))?;
        self.rest = &self.rest[digits..];
        Ok(code)
    }

    fn braced(&mut self) -> Result<u32, PatternError> {
        let end = self.rest.find('}').ok_or_else(|| self.invalid("an escape without its closing brace"))?;
        let code = u32::from_str_radix(&self.rest[1..end], 16);
        let code = code.map_err(|_| self.invalid("an escape without its hexadecimal digits"))?;
        self.rest = &self.rest[end + 1..];
        Ok(code)
    }

    /// A unit of UTF-16, and its other half if it has one.
    fn unit(&mut self) -> Result<u32, PatternError> {
        let high = self.hexadecimal(4)?;
        if (0xD800..0xDC00).contains(&high) && self.rest.starts_with("\\u") {
            self.rest = &self.rest[2..];
            let low = self.hexadecimal(4)?;
            return Ok(0x10000 + ((high - 0xD800) << 10) + low.wrapping_sub(0xDC00));
        }
        Ok(high)
    }

    /// `\p{…}`: POSIX's classes are ASCII's, the others Unicode's.
    fn property(&mut self, negated: bool, in_class: bool) -> Result<(), PatternError> {
        let name = match self.rest.strip_prefix('{') {
            Some(rest) => {
                let end = rest.find('}').ok_or_else(|| self.invalid("a class's name has no end"))?;
                self.rest = &rest[end + 1..];
                &rest[..end]
            }
            None => {
                let length = self.rest.chars().next().map_or(0, char::len_utf8);
                let (name, rest) = self.rest.split_at(length);
                self.rest = rest;
                name
            }
        };
        if let Some((_, class)) = POSIX.iter().find(|(posix, _)| *posix == name) {
            self.set(class, negated, in_class);
            return Ok(());
        }
        let sign = if negated { 'P' } else { 'p' };
        let name = match name {
            "javaLowerCase" => "Lowercase",
            "javaUpperCase" => "Uppercase",
            "javaWhitespace" => "White_Space",
            _ if name.starts_with("In") || name.starts_with("java") || name.starts_with("blk=") => {
                return Err(self.unsupported(&format!("\\p{{{name}}}")));
            }
            _ => name.strip_prefix("Is").unwrap_or(name),
        };
        self.out.push_str(&format!(r"\{sign}{{{name}}}"));
        Ok(())
    }

    /// A class in brackets, others within it.
    fn class(&mut self) -> Result<(), PatternError> {
        let mut depth = 1;
        self.out.push('[');
        self.negation();
        let mut first = true;
        while depth > 0 {
            let char = self.next().ok_or_else(|| self.invalid("a class in brackets has no end"))?;
            match char {
                '\\' => self.escape(true)?,
                '[' if depth == DEPTH_MAX => {
                    return Err(self.unsupported("more than 200 classes within classes"));
                }
                '[' => {
                    depth += 1;
                    self.out.push('[');
                    self.negation();
                }
                ']' if first => self.literal(']'),
                ']' => {
                    depth -= 1;
                    self.out.push(']');
                }
                '&' if self.rest.starts_with('&') => {
                    self.rest = &self.rest[1..];
                    self.out.push_str("&&");
                }
                // Doubled, these are operators of the crate.
                '-' if self.rest.starts_with('-') => self.out.push_str(r"\-"),
                '&' | '~' => self.literal(char),
                ' ' | '#' if self.flags.comments => {}
                _ => self.out.push(char),
            }
            first = false;
        }
        Ok(())
    }

    fn negation(&mut self) {
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest;
            self.out.push('^');
        }
    }
}

const HORIZONTAL: &str = r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";
const VERTICAL: &str = r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}";

const POSIX: &[(&str, &str)] = &[
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7F"),
    ("Alpha", "a-zA-Z"),
    ("Digit", "0-9"),
    ("Alnum", "a-zA-Z0-9"),
    ("Punct", r"!-/:-@\[-`\{-\~"),
    ("Graph", r"!-\~"),
    ("Print", r" -\~"),
    ("Blank", r" \t"),
    ("Cntrl", r"\x00-\x1F\x7F"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", r" \t\n\x0B\x0C\r"),
];
