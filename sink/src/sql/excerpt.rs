//! The line of a script that an error shows: cut to a bound, its secrets hidden.

use super::lexical::{Lexer, Region};
use crate::error::Position;
use crate::options::{HIDDEN, is_harmless, looks_secret};

/// Characters of a line that an error shows.
const LINE_CHARS_MAX: usize = 160;

/// How many of them stand before the caret, if there are more.
const BEFORE_CHARS_MAX: usize = 100;

/// A line as it may be shown, and what indents a caret below the place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) line: String,
    pub(super) blanks: String,
}

/// The line of `text` with the place, if there is one.
pub(super) fn excerpt(text: &str, at: Position) -> Option<Excerpt> {
    let (line, start) = line(text, at.line)?;
    let chars: Vec<char> = line.chars().collect();
    let hidden = hidden(&chars, start);
    let caret = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
    Some(cut(&chars, &hidden, caret))
}

/// What is known at the beginning of a line.
struct Start {
    region: Region,
    /// Whether the statement is a query, in which `a = b` compares and sets nothing.
    is_query: bool,
}

fn line(text: &str, number: u64) -> Option<(&str, Start)> {
    let mut lexer = Lexer::default();
    let mut first_word = String::new();
    let mut word_ended = false;
    let (mut at, mut current) = (0, 1);
    while current < number {
        let (length, region) = lexer.step(&text[at..])?;
        let piece = &text[at..at + length];
        at += length;
        current += u64::from(piece == "\n");
        match piece {
            ";" if region == Region::Code => (first_word, word_ended) = (String::new(), false),
            _ if region == Region::Code && piece.starts_with(char::is_alphanumeric) => {
                if !word_ended && first_word.len() < 10 {
                    first_word.push_str(piece);
                }
            }
            _ => word_ended |= !first_word.is_empty(),
        }
    }
    let rest = &text[at..];
    let line = rest.split('\n').next().unwrap_or(rest);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let own_word = || line.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let word = if first_word.is_empty() { own_word() } else { &first_word };
    let is_query = ["INSERT", "SELECT", "WITH", "VALUES"].iter().any(|it| it.eq_ignore_ascii_case(word));
    Some((line, Start { region: lexer.region(), is_query }))
}

/// Which characters of a line must not be shown.
fn hidden(chars: &[char], start: Start) -> Vec<bool> {
    let mut hidden = vec![false; chars.len()];
    hide_texts(chars, start.region, &mut hidden);
    hide_values(chars, start.is_query, &mut hidden);
    hide_defaults(chars, &mut hidden);
    hidden
}

/// What stands in quotes, unless it is a key: `=` follows. In comments too, since hints are comments.
fn hide_texts(chars: &[char], start: Region, hidden: &mut [bool]) {
    // A text that began on a line before is open from the first character on.
    let mut open = match start {
        Region::Quoted(quote @ ('\'' | '"')) => Some((quote, 0)),
        _ => None,
    };
    for (index, &c) in chars.iter().enumerate() {
        match open {
            None if matches!(c, '\'' | '"') => open = Some((c, index + 1)),
            Some((quote, from)) if c == quote => {
                let is_key = chars[index + 1..].iter().find(|c| !c.is_whitespace()) == Some(&'=');
                hidden[from..index].fill(from == 0 || !is_key);
                open = None;
            }
            _ => {}
        }
    }
    if let Some((_, from)) = open {
        hidden[from..].fill(true);
    }
}

/// What stands behind the `=` of a key that is not known to be harmless, up to the end of the line whatever quotes say:
/// the mistake may be a missing quote.
fn hide_values(chars: &[char], is_query: bool, hidden: &mut [bool]) {
    let mut at = 0;
    while let Some(equals) = (at..chars.len()).find(|&it| chars[it] == '=') {
        at = equals + 1;
        let key = key_before(chars, equals);
        let is_setting = match &key {
            Key::Quoted(_) => true,
            Key::Bare(word) => !is_query || word.contains('.'),
            Key::None => !is_query,
        };
        if !is_setting {
            continue;
        }
        let value = value_after(chars, at);
        let text: String = chars[value.clone()].iter().collect();
        match key {
            Key::Quoted(key) | Key::Bare(key) if is_harmless(&key) && !looks_secret(&text) => {
                hidden[value.clone()].fill(false);
                at = value.end;
            }
            _ => {
                hidden[at..].fill(true);
                return;
            }
        }
    }
}

enum Key {
    Quoted(String),
    Bare(String),
    None,
}

fn key_before(chars: &[char], equals: usize) -> Key {
    let Some(last) = (0..equals).rev().find(|&it| !chars[it].is_whitespace()) else { return Key::None };
    let end = chars[last];
    if matches!(end, '\'' | '"' | '`') {
        let open = (0..last).rev().find(|&it| chars[it] == end);
        // Half a key in quotes is one that nobody knows.
        let from = open.map_or(last, |open| open + 1);
        return Key::Quoted(chars[from..last].iter().collect());
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '$');
    let start = (0..=last).rev().find(|&it| !is_word(chars[it])).map_or(0, |it| it + 1);
    if start > last { Key::None } else { Key::Bare(chars[start..=last].iter().collect()) }
}

/// From `=` to the end of the quoted text behind it, or to the next comma.
fn value_after(chars: &[char], from: usize) -> std::ops::Range<usize> {
    let first = (from..chars.len()).find(|&it| !chars[it].is_whitespace()).unwrap_or(chars.len());
    let end = match chars.get(first) {
        Some(quote @ ('\'' | '"')) => {
            (first + 1..chars.len()).find(|&it| chars[it] == *quote).map_or(chars.len(), |it| it + 1)
        }
        _ => (first..chars.len()).find(|&it| chars[it] == ',').unwrap_or(chars.len()),
    };
    from..end
}

/// `${NAME:-default}`: the default.
fn hide_defaults(chars: &[char], hidden: &mut [bool]) {
    let mut at = 0;
    while let Some(open) = (at..chars.len()).find(|&it| chars[it..].starts_with(&['$', '{'])) {
        let close = (open..chars.len()).find(|&it| chars[it] == '}').unwrap_or(chars.len());
        if let Some(default) = (open..close).find(|&it| chars[it..].starts_with(&[':', '-'])) {
            hidden[default + 2..close].fill(true);
        }
        at = close;
    }
}

/// Writes the line with `***` for each hidden part, cut around the caret.
fn cut(chars: &[char], hidden: &[bool], caret: usize) -> Excerpt {
    let from = caret.min(chars.len()).saturating_sub(BEFORE_CHARS_MAX);
    let to = chars.len().min(from + LINE_CHARS_MAX);
    let (mut line, mut blanks) = (String::new(), String::new());
    if from > 0 {
        (line, blanks) = ("…".to_owned(), " ".to_owned());
    }
    for at in from..to {
        let begins = hidden[at] && (at == from || !hidden[at - 1]);
        let piece = match (hidden[at], begins) {
            (false, _) => chars[at].to_string(),
            (true, true) => HIDDEN.to_owned(),
            (true, false) => String::new(),
        };
        // Within a hidden part the caret stands below its beginning.
        let is_before = if hidden[at] {
            at < caret && !hidden[at..caret.min(to)].iter().all(|it| *it)
        } else {
            at < caret
        };
        if is_before {
            // A tab before the caret stays a tab, so that both lines are indented alike.
            blanks.extend(piece.chars().map(|c| if c == '\t' { '\t' } else { ' ' }));
        }
        line.push_str(&piece);
    }
    if to < chars.len() {
        line.push('…');
    }
    Excerpt { line, blanks }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, line: u64, column: u64) -> String {
        let excerpt = excerpt(text, Position { line, column }).unwrap();
        format!("{}\n{}^", excerpt.line, excerpt.blanks)
    }

    fn line(text: &str) -> String {
        let number = text.lines().count() as u64;
        excerpt(text, Position { line: number, column: 1 }).unwrap().line
    }

    #[test]
    fn a_value_is_shown_if_its_key_is_harmless() {
        assert_eq!(
            line("WITH ('topic' = 'a,b', 'format'='json')"),
            "WITH ('topic' = 'a,b', 'format'='json')"
        );
        assert_eq!(
            line("CREATE TABLE t (a INT) WITH ('password' = 'hush', 'topic' = 'a')").find("hush"),
            None
        );
        assert_eq!(line("  'topic' = 'a', 'password' = 'hush'"), "  'topic' = 'a', 'password' =***");
        assert_eq!(line("'url' = 'http://u:hush@r'"), "'url' =***");
        assert_eq!(line("'topic' = 'http://u:hush@r'"), "'topic' =***");
        assert_eq!(line("SET pipeline.name = x;"), "SET pipeline.name = x;");
        assert_eq!(line("SET my.secret = hush;"), "SET my.secret =***");
    }

    #[test]
    fn a_missing_quote_or_a_second_line_hides_nothing_less() {
        assert_eq!(line("'topic' = 'a, 'password' = 'hush'"), "'topic' = 'a, 'password'***");
        assert_eq!(line("'password' = hush'"), "'password' =***");
        assert_eq!(line("'password'\n = 'hush'"), " =***");
        assert_eq!(line("'jaas' = 'x\n hush';"), "***';");
        assert_eq!(line("'jaas' = 'x\n user=\"a\" password=\"hush\";'"), "***");
        assert_eq!(line("-- 'password' = 'hush'"), "-- 'password' =***");
    }

    #[test]
    fn a_query_keeps_its_comparisons_without_their_texts() {
        assert_eq!(
            line("INSERT INTO t SELECT a FROM s WHERE a = b AND c = 'hush'"),
            "INSERT INTO t SELECT a FROM s WHERE a = b AND c = '***'"
        );
        assert_eq!(
            line("INSERT INTO t\nSELECT a FROM s /*+ OPTIONS('password' = 'hush') */ b"),
            "SELECT a FROM s /*+ OPTIONS('password' =***"
        );
        assert_eq!(line("SELECT ${A:-hush} FROM s"), "SELECT ${A:-***} FROM s");
    }

    #[test]
    fn the_caret_stands_below_its_place_though_what_is_before_was_hidden_or_cut() {
        assert_eq!(shown("SELECT 'long text', b c d", 1, 23), "SELECT '***', b c d\n                ^");
        assert_eq!(shown("\tSELECT a", 1, 9), "\tSELECT a\n\t       ^");
        let long = format!("{}b{}", "a".repeat(1000), "c".repeat(1_000_000));
        let cut = shown(&long, 1, 1001);
        assert_eq!(cut, format!("…{}b{}…\n{}^", "a".repeat(100), "c".repeat(59), " ".repeat(101)));
    }
}
