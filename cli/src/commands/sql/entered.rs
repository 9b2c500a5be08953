//! What was typed at the prompt besides SQL.

/// What was typed besides SQL.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    Nothing,
    Help,
    Clear,
    Leave,
    Statements,
}

pub(super) fn entered(text: &str) -> Entered {
    let word = text.trim().trim_end_matches(';').trim().to_ascii_uppercase();
    match word.as_str() {
        "" => Entered::Nothing,
        "HELP" | "?" => Entered::Help,
        "CLEAR" => Entered::Clear,
        "QUIT" | "EXIT" => Entered::Leave,
        _ => Entered::Statements,
    }
}

/// Whether a line needs no `;`.
pub(super) fn is_word_of_the_prompt(text: &str) -> bool {
    entered(text) != Entered::Statements
}

/// What HELP tells.
pub(super) const HELP: &str = "\
Statements end with ';' and may span lines; Tab completes, arrows bring back what was typed before.
  CREATE TABLE t (…) WITH ('connector' = …);   CREATE VIEW v AS SELECT …;   DROP TABLE t;
  SELECT …;             its rows as they change: q or Ctrl-C ends it, and commits nothing
  INSERT INTO t …;      runs until its source ends or Ctrl-C stops it, which flushes and commits
  BEGIN STATEMENT SET; INSERT …; INSERT …; END;
  EXPLAIN …;   DESCRIBE t;   SHOW TABLES;   SHOW CREATE TABLE t;   SHOW FUNCTIONS;
  SET 'key' = 'value';   SET;   RESET;
  QUIT;                 or Ctrl-D
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_prompt_need_no_semicolon_and_are_no_statements() {
        for (text, what) in [
            (" \n", Entered::Nothing),
            (";", Entered::Nothing),
            ("help", Entered::Help),
            ("Quit ;", Entered::Leave),
            ("EXIT", Entered::Leave),
            ("clear;", Entered::Clear),
            ("SELECT 1", Entered::Statements),
            ("quit me", Entered::Statements),
        ] {
            assert_eq!(entered(text), what, "{text}");
        }
    }
}
