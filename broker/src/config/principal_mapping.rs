//! `ssl.principal.mapping.rules`: from the subject of a client's certificate to the name of its user.

use std::fmt;
use std::str::FromStr;

use fancy_regex::{Captures, Regex};

/// Rules as Kafka has them, `DEFAULT` without any. The first that matches the whole subject decides; where none does, the
/// client is refused.
///
/// ```
/// use upsert_kafka_broker::PrincipalMapping;
///
/// let rules: PrincipalMapping = "RULE:^CN=(.*?),OU=Services.*$/$1/L, DEFAULT".parse().unwrap();
/// assert_eq!(rules.name("CN=Orders,OU=Services,O=Example").as_deref(), Some("orders"));
/// assert_eq!(rules.name("CN=Somebody").as_deref(), Some("CN=Somebody"));
/// ```
///
/// A rule is `RULE:PATTERN/REPLACEMENT/`, `RULE:PATTERN/REPLACEMENT/L` (lower case) or `…/U` (upper case); a slash within is
/// written `\/`. Patterns are Java's, but that `\w` and `\d` know more than ASCII.
#[derive(Clone)]
pub struct PrincipalMapping(Vec<Rule>);

#[derive(Clone)]
enum Rule {
    /// The subject as it is.
    Default,
    Replace(Box<Replace>),
}

#[derive(Clone)]
struct Replace {
    /// As it was given.
    text: String,
    whole: Regex,
    pattern: Regex,
    replacement: Vec<Piece>,
    case: Case,
}

/// A part of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(usize),
}

#[derive(Clone, Copy)]
enum Case {
    Kept,
    Lower,
    Upper,
}

impl PrincipalMapping {
    /// The user of that subject; `None` where no rule is for it.
    pub fn name(&self, subject: &str) -> Option<String> {
        self.0.iter().find_map(|rule| match rule {
            Rule::Default => Some(subject.to_owned()),
            Rule::Replace(rule) => rule.name(subject),
        })
    }
}

impl Default for PrincipalMapping {
    fn default() -> Self {
        Self(vec![Rule::Default])
    }
}

impl FromStr for PrincipalMapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > RULES_BYTES_MAX {
            return Err(format!("the rules have more than {RULES_BYTES_MAX} bytes"));
        }
        let mut rules = Vec::new();
        let mut rest = text.trim();
        loop {
            rest = rest.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
            if rest.is_empty() {
                return Ok(Self(rules));
            }
            let (rule, behind) = first_rule(rest)?;
            rules.push(rule);
            let behind = behind.trim_start();
            if !behind.is_empty() && !behind.starts_with(',') {
                let rule = &rest[..rest.len() - behind.len()];
                return Err(format!("behind the rule {} stands {behind}", rule.trim_end()));
            }
            rest = behind;
        }
    }
}

/// The rule that a text begins with, and what stands behind it.
fn first_rule(text: &str) -> Result<(Rule, &str), String> {
    if let Some(behind) = text.strip_prefix("DEFAULT") {
        return Ok((Rule::Default, behind));
    }
    let not = || format!("neither DEFAULT nor RULE:PATTERN/REPLACEMENT/ with L or U behind: {text}");
    let (pattern, behind) = text.strip_prefix("RULE:").and_then(until_slash).ok_or_else(not)?;
    let (replacement, behind) = until_slash(behind).ok_or_else(not)?;
    let (case, behind) = match behind.as_bytes().first() {
        Some(b'L') => (Case::Lower, &behind[1..]),
        Some(b'U') => (Case::Upper, &behind[1..]),
        _ => (Case::Kept, behind),
    };
    let text = &text[..text.len() - behind.len()];
    Ok((Rule::Replace(Box::new(Replace::new(text, pattern, replacement, case)?)), behind))
}

/// What stands before the first slash that no backslash escapes, and what stands behind it.
fn until_slash(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let at = text.find(|c| {
        let found = c == '/' && !escaped;
        escaped = c == '\\' && !escaped;
        found
    })?;
    Some((&text[..at], &text[at + 1..]))
}

impl Replace {
    fn new(text: &str, pattern: &str, replacement: &str, case: Case) -> Result<Self, String> {
        let read = |pattern: &str| Regex::new(pattern).map_err(|why| format!("the pattern of {text}: {why}"));
        let (whole, pattern) = (read(&format!(r"\A(?:{pattern})\z"))?, read(pattern)?);
        let groups = pattern.captures_len() - 1;
        let replacement =
            pieces(replacement, groups).map_err(|why| format!("the replacement of {text}: {why}"))?;
        Ok(Self { text: text.to_owned(), whole, pattern, replacement, case })
    }

    /// As in Java the whole subject must match, and then every match within it is replaced.
    fn name(&self, subject: &str) -> Option<String> {
        // A pattern that takes too long is for nobody.
        if !self.whole.is_match(subject).unwrap_or(false) {
            return None;
        }
        let (mut name, mut copied, mut from) = (String::new(), 0, 0);
        while let Some(found) = self.pattern.captures_from_pos(subject, from).ok()? {
            let whole = found.get(0)?;
            name.push_str(subject.get(copied..whole.start())?);
            self.replace(&found, &mut name);
            copied = whole.end();
            let step = subject[copied..].chars().next().map_or(1, char::len_utf8);
            from = if whole.start() == whole.end() { copied + step } else { copied };
            if from > subject.len() {
                break;
            }
        }
        name.push_str(&subject[copied..]);
        Some(match self.case {
            Case::Kept => name,
            Case::Lower => name.to_lowercase(),
            Case::Upper => name.to_uppercase(),
        })
    }

    fn replace(&self, found: &Captures<'_, str>, name: &mut String) {
        for piece in &self.replacement {
            match piece {
                Piece::Text(text) => name.push_str(text),
                Piece::Group(group) => name.push_str(found.get(*group).map_or("", |it| it.as_str())),
            }
        }
    }
}

/// Java's replacements: `$n` is a group, as many digits as there is a group for; a backslash takes the next as it is.
fn pieces(text: &str, groups: usize) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => plain.push(rest.next().ok_or("it ends with a backslash")?),
            '$' => {
                let digit = rest.next_if(char::is_ascii_digit).and_then(|it| it.to_digit(10));
                let mut group =
                    digit.ok_or("behind a $ stands no number of a group; write \\$ for a dollar")?;
                if group as usize > groups {
                    // Kafka takes it for text, where there are groups at all.
                    if groups == 0 {
                        return Err(format!("the pattern has no group {group}"));
                    }
                    plain.extend(['$', char::from_digit(group, 10).unwrap_or_default()]);
                    continue;
                }
                let more = |group: u32, c: &char| {
                    Some(group * 10 + c.to_digit(10)?).filter(|it| *it as usize <= groups)
                };
                while let Some(longer) = rest.peek().and_then(|c| more(group, c)) {
                    group = longer;
                    rest.next();
                }
                pieces.extend((!plain.is_empty()).then(|| Piece::Text(std::mem::take(&mut plain))));
                pieces.push(Piece::Group(group as usize));
            }
            c => plain.push(c),
        }
    }
    pieces.extend((!plain.is_empty()).then_some(Piece::Text(plain)));
    Ok(pieces)
}

impl fmt::Display for PrincipalMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, rule) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            f.write_str(match rule {
                Rule::Default => "DEFAULT",
                Rule::Replace(rule) => &rule.text,
            })?;
        }
        Ok(())
    }
}

impl fmt::Debug for PrincipalMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrincipalMapping({self})")
    }
}

/// A rule has a line; nobody has more than some dozens.
const RULES_BYTES_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(rules: &str) -> PrincipalMapping {
        rules.parse().unwrap_or_else(|why| panic!("{rules}: {why}"))
    }

    /// The cases of Kafka's `SslPrincipalMapperTest`.
    #[test]
    fn a_subject_has_the_name_that_kafka_gives_it() {
        let rules = mapping(
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L, RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L, \
             RULE:^cn=(.*?),ou=(.*?),dc=(.*?),dc=(.*?)$/$1@$2/U, RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U, DEFAULT",
        );
        for (subject, name) in [
            ("CN=Duke,OU=ServiceUsers,O=Org,C=US", "duke"),
            ("CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US", "duke@sme"),
            ("cn=duke,ou=sme,dc=mycp,dc=com", "DUKE@SME"),
            ("cN=duke,OU=JavaSoft,O=Sun Microsystems", "DUKE"),
            ("OU=JavaSoft,O=Sun Microsystems,C=US", "OU=JavaSoft,O=Sun Microsystems,C=US"),
        ] {
            assert_eq!(rules.name(subject).as_deref(), Some(name), "{subject}");
        }
        let commas = mapping(r"RULE:^CN=((\\, *|\w)+)(,.*|$)/$1/,DEFAULT");
        assert_eq!(commas.name(r"CN=Tkac\, Adam,OU=ITZ,DC=geodis,DC=cz").as_deref(), Some(r"Tkac\, Adam"));
        assert_eq!(mapping("RULE:^CN=(a)$/$1/").name("CN=b"), None);
        assert_eq!(mapping("").name("CN=b"), None);
        assert_eq!(PrincipalMapping::default().name("CN=b").as_deref(), Some("CN=b"));
    }

    /// The cases of Kafka's `SslPrincipalMapperTest`, shown as they are given.
    #[test]
    fn rules_are_told_apart_as_kafka_does() {
        for (text, rules) in [
            ("", ""),
            ("  RULE:// ,  DEFAULT  ", "RULE://, DEFAULT"),
            ("  RULE:   /     / ,  DEFAULT  ", "RULE:   /     /, DEFAULT"),
            ("  RULE:  /     /U   ,DEFAULT  ", "RULE:  /     /U, DEFAULT"),
            (
                "  RULE:([A-Z]*)/$1/U   ,RULE:([a-z]+)/$1/,   DEFAULT  ",
                "RULE:([A-Z]*)/$1/U, RULE:([a-z]+)/$1/, DEFAULT",
            ),
            (",   , , ,      , , ,   ", ""),
            (",,RULE://,,,DEFAULT,,", "RULE://, DEFAULT"),
            (r"RULE:\/\\\(\)\n\t/\/\//", r"RULE:\/\\\(\)\n\t/\/\//"),
            (
                r"RULE:,RULE:,/,RULE:,\//U,RULE:,/RULE:,/,RULE:,RULE:,/L,RULE:,/L,RULE:, DEFAULT, /DEFAULT/,DEFAULT",
                r"RULE:,RULE:,/,RULE:,\//U, RULE:,/RULE:,/, RULE:,RULE:,/L,RULE:,/L, RULE:, DEFAULT, /DEFAULT/, DEFAULT",
            ),
        ] {
            assert_eq!(mapping(text).to_string(), rules, "{text}");
        }
        for wrong in [
            "default",
            "DEFAUL",
            "DEFAULT/L",
            "DEFAULT/U",
            "RULE:CN=(.*?),OU=ServiceUsers.*/$1",
            "rule:^CN=(.*?),OU=ServiceUsers.*$/$1/",
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L/U",
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/L",
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/U",
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/LU",
            "RULE:(/$1/",
            "RULE:a/$1/",
            "RULE:a/$x/",
        ] {
            assert!(wrong.parse::<PrincipalMapping>().is_err(), "{wrong}");
        }
    }

    /// As Java's `Matcher.replaceAll` and Kafka's way with groups that are not there.
    #[test]
    fn replacements_are_javas() {
        let groups = |text| pieces(text, 12).unwrap();
        assert_eq!(groups("$123"), [Piece::Group(12), Piece::Text("3".into())]);
        assert_eq!(groups(r"\$1$2"), [Piece::Text("$1".into()), Piece::Group(2)]);
        assert_eq!(pieces("$1@$4", 3).unwrap(), [Piece::Group(1), Piece::Text("@$4".into())]);
        assert_eq!(mapping("RULE:.*/x/").name("abc").as_deref(), Some("xx"));
        assert_eq!(mapping("RULE:(a|ü)*/<$1>/").name("aü").as_deref(), Some("<ü><>"));
    }
}
