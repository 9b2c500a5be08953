//! A text that may be half a script, cut into words, texts in quotes and signs: for what looks at SQL while it is typed.

use super::lexical::{Lexer, Region};

/// A piece that is neither blank nor comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lexeme<'a> {
    pub(crate) kind: LexemeKind,
    /// Without the quotes around it.
    pub(crate) text: &'a str,
    /// Where that begins.
    pub(crate) at: usize,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LexemeKind {
    /// A name, a keyword or a number.
    Word,
    /// Between two of these quotes.
    Text(char),
    /// Behind this quote, which nothing closes.
    OpenText(char),
    /// Everything else, character by character.
    Sign,
}

impl Lexeme<'_> {
    /// Whether it is this word, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == LexemeKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this sign.
    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        self.kind == LexemeKind::Sign && self.text == sign
    }

    /// Whether it stands between quotes, closed or not.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, LexemeKind::Text(_) | LexemeKind::OpenText(_))
    }
}

/// The lexemes in their order; and whether the text ends within a comment.
pub(crate) fn lexemes(text: &str) -> (Vec<Lexeme<'_>>, bool) {
    let (mut lexer, mut out, mut at) = (Lexer::default(), Vec::new(), 0);
    // Where the text in quotes begins that was not closed yet.
    let mut opened: Option<(char, usize)> = None;
    while let Some((length, region)) = lexer.step(&text[at..]) {
        let piece = &text[at..at + length];
        match (region, opened) {
            (Region::Quoted(quote), None) => opened = Some((quote, at + length)),
            (Region::Quoted(quote), Some((_, from))) if lexer.region() == Region::Code => {
                out.push(Lexeme { kind: LexemeKind::Text(quote), text: &text[from..at], at: from });
                opened = None;
            }
            (Region::Code, _) if !piece.starts_with(char::is_whitespace) => {
                let is_word = piece.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                let kind = if is_word { LexemeKind::Word } else { LexemeKind::Sign };
                out.push(Lexeme { kind, text: piece, at });
            }
            _ => {}
        }
        at += length;
    }
    if let Some((quote, from)) = opened {
        out.push(Lexeme { kind: LexemeKind::OpenText(quote), text: &text[from..], at: from });
    }
    let in_comment = matches!(lexer.region(), Region::LineComment | Region::BlockComment);
    (out, in_comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_texts_and_signs_are_told_apart_and_comments_left_out() {
        let (lexemes, in_comment) = lexemes("SET 'a b'=x1; -- no\n /* no */ \"ü");
        let told: Vec<_> = lexemes.iter().map(|it| (it.kind, it.text, it.at)).collect();
        use LexemeKind::{OpenText, Sign, Text, Word};
        let expected = [
            (Word, "SET", 0),
            (Text('\''), "a b", 5),
            (Sign, "=", 9),
            (Word, "x1", 10),
            (Sign, ";", 12),
            (OpenText('"'), "ü", 31),
        ];
        assert_eq!((told, in_comment), (expected.to_vec(), false));
        assert!(super::lexemes("a -- b").1 && super::lexemes("a /* b").1);
    }
}
