//! The syntax of krb5.conf: sections, relations, subsections, includes.
//!
//! ```text
//! include /etc/krb5.more                 # a file, or a folder's *.conf
//! [realms]                               # [realms]* : what follows later does not count
//!     EXAMPLE.TEST = {                   # a subsection, which may also open on the next line
//!         kdc = kdc1.example.test        # several of one name are kept, in order
//!         note = "quoted \" \\ \t"
//!     }
//! ```

use crate::{Error, ErrorKind};

/// Where included files come from: whoever does I/O.
pub trait ConfFiles {
    /// The text of a file.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&mut self, path: &str) -> std::io::Result<String>;

    /// The names of a folder's files.
    ///
    /// # Errors
    /// It cannot be listed.
    fn list(&mut self, folder: &str) -> std::io::Result<Vec<String>>;
}

/// Relations by their path: `["libdefaults", "default_realm"]` and a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    relations: Vec<Relation>,
    /// Of all files that were included.
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Relation {
    path: Vec<String>,
    value: String,
}

/// Where in a file the reader is.
#[derive(Default)]
struct Place {
    /// The section, and the subsections that are open within it.
    path: Vec<String>,
    /// A relation without a value may open a subsection on the next line.
    pending: Option<String>,
}

impl Profile {
    /// Reads a text after those that were read before.
    pub(super) fn read(
        &mut self,
        text: &str,
        name: &str,
        depth: usize,
        files: &mut dyn ConfFiles,
    ) -> Result<(), Error> {
        self.bytes += text.len();
        if depth > DEPTH_MAX || self.bytes > BYTES_MAX {
            let what = "includes itself, or more than is bearable";
            return Err(Error::new(ErrorKind::Config, format!("{name} {what}")));
        }
        let mut place = Place::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start_matches('\u{feff}').trim();
            if let Some((directive, path)) = directive(line) {
                self.include(directive, path, name, depth, files)?;
            } else if let Err(why) = self.line(line, &mut place) {
                let sentence = format!("{name}, line {}: {why}", number + 1);
                return Err(Error::new(ErrorKind::Config, sentence));
            }
        }
        Ok(())
    }

    /// All values of that path, in order.
    pub(super) fn values(&self, path: &[&str]) -> Vec<&str> {
        let same = |it: &&Relation| it.path.iter().map(String::as_str).eq(path.iter().copied());
        self.relations.iter().filter(same).map(|it| it.value.as_str()).collect()
    }

    /// Names and values directly within that section.
    pub(super) fn within<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.relations.iter().filter_map(move |it| match &it.path[..] {
            [found, name] if found == section => Some((name.as_str(), it.value.as_str())),
            _ => None,
        })
    }

    /// Names of subsections of that section, each once.
    pub(super) fn subsections(&self, section: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for relation in &self.relations {
            if let [first, name, _, ..] = &relation.path[..]
                && first == section
                && !found.contains(&name.as_str())
            {
                found.push(name.as_str());
            }
        }
        found
    }

    fn line(&mut self, line: &str, place: &mut Place) -> Result<(), &'static str> {
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(());
        }
        if let Some(head) = line.strip_prefix('[') {
            let (name, rest) = head.split_once(']').ok_or("the section's ] is missing")?;
            let is_end = rest.trim().trim_start_matches('*').trim_start().starts_with(['#', ';']);
            if !is_end && !matches!(rest.trim(), "" | "*") {
                return Err("something follows the section's ]");
            }
            place.path = vec![name.trim().to_owned()];
            place.pending = None;
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix('}') {
            if place.path.len() > 1 {
                place.path.pop();
            }
            // `}*`, or a closing brace and the next relation on one line.
            return self.line(rest.trim_start_matches('*').trim(), place);
        }
        if line == "{" {
            let name = place.pending.take().ok_or("a { that opens nothing")?;
            return open(name, place);
        }
        let (name, value) = line.split_once('=').ok_or("neither a section nor a relation 'name = value'")?;
        let (name, value) = (name.trim().trim_end_matches('*').trim_end(), value.trim());
        if let Some(rest) = value.strip_prefix('{') {
            open(name.to_owned(), place)?;
            // `name = { a = b }` on one line is what nobody writes and MIT refuses; Java reads it.
            return rest.trim().split_inclusive('}').try_for_each(|it| self.inline(it.trim(), place));
        }
        place.pending = value.is_empty().then(|| name.to_owned());
        self.push(name, value, place);
        Ok(())
    }

    /// What stands between the braces of one line.
    fn inline(&mut self, text: &str, place: &mut Place) -> Result<(), &'static str> {
        let (relation, closes) = text.strip_suffix('}').map_or((text, false), |it| (it.trim(), true));
        if !relation.is_empty() {
            self.line(relation, place)?;
        }
        if closes { self.line("}", place) } else { Ok(()) }
    }

    fn push(&mut self, name: &str, value: &str, place: &Place) {
        let path = place.path.iter().map(String::as_str).chain([name]).map(str::to_owned).collect();
        self.relations.push(Relation { path, value: unquoted(value) });
    }

    fn include(
        &mut self,
        directive: Directive,
        path: &str,
        name: &str,
        depth: usize,
        files: &mut dyn ConfFiles,
    ) -> Result<(), Error> {
        let failed = |why: std::io::Error| {
            Error::new(ErrorKind::Config, format!("{name} includes {path}, which cannot be read: {why}"))
        };
        match directive {
            Directive::Module => Ok(()),
            Directive::Include => {
                let text = files.read(path).map_err(failed)?;
                self.read(&text, path, depth + 1, files)
            }
            Directive::IncludeFolder => {
                // A folder that is not there is what Debian's and Red Hat's own krb5.conf name.
                let mut names = match files.list(path) {
                    Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                    listed => listed.map_err(failed)?,
                };
                names.retain(|name| is_included(name));
                names.sort();
                for name in names {
                    let path = format!("{}/{name}", path.trim_end_matches('/'));
                    let text = files.read(&path).map_err(failed)?;
                    self.read(&text, &path, depth + 1, files)?;
                }
                Ok(())
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Directive {
    Include,
    IncludeFolder,
    /// A shared library of MIT's, which means nothing here.
    Module,
}

fn directive(line: &str) -> Option<(Directive, &str)> {
    let (word, rest) = line.split_once(char::is_whitespace)?;
    let path = rest.trim();
    // `include = x` is a relation of that name.
    let directive = match word {
        _ if path.starts_with('=') => return None,
        "include" => Directive::Include,
        "includedir" => Directive::IncludeFolder,
        "module" => Directive::Module,
        _ => return None,
    };
    Some((directive, path))
}

/// MIT's rule for the files of a folder.
fn is_included(name: &str) -> bool {
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
    };
    plain(name) || (name.ends_with(".conf") && !name.starts_with('.'))
}

fn open(name: String, place: &mut Place) -> Result<(), &'static str> {
    if place.path.len() > SUBSECTIONS_MAX {
        return Err("subsections are nested too deeply");
    }
    place.path.push(name);
    place.pending = None;
    Ok(())
}

fn unquoted(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"') else { return value.to_owned() };
    let (mut text, mut characters) = (String::new(), quoted.chars());
    while let Some(character) = characters.next() {
        text.push(match character {
            '"' => break,
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('b') => '\u{8}',
                Some(other) => other,
                None => break,
            },
            other => other,
        });
    }
    text
}

/// Of files that include one another.
const DEPTH_MAX: usize = 10;
/// Of all files together.
const BYTES_MAX: usize = 4 << 20;
const SUBSECTIONS_MAX: usize = 16;
