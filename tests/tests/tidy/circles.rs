//! The files of a crate stand in floors: whoever imports another is not imported by it, nor through a third.
//!
//! A path is followed to the file that declares the name, through every `use` on its way. A `pub use` only hands a name on:
//! it counts where its own file uses the name too.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, Item, UseTree, Visibility};

use super::{Source, sources};

/// Files that import each other all the same, by what their paths begin with, and why.
const TANGLED: &[(&str, &str)] = &[
    ("broker/src/api.rs", "ApiVersions answers with the table in which it stands itself"),
    ("broker/src/api/api_versions.rs", "likewise"),
    (
        "broker/src/cluster",
        "what is due from time to time are methods of the cluster, which keeps their timers",
    ),
    ("broker/src/state", "the coordinators' methods are those of the state, which holds what they keep"),
    ("cli/src/commands/run", "a job on the broker inside is opened and carried as any other"),
    (
        "client/kerberos/src/crypto",
        "a key's type says how it is derived, and deriving asks for the type's sizes",
    ),
    ("client/src/producer/batch.rs", RECORDS),
    ("client/src/producer/delivery.rs", RECORDS),
    ("client/src/producer/partitioner.rs", RECORDS),
    ("client/src/producer/slots.rs", RECORDS),
    ("client/src/producer/topic.rs", RECORDS),
    ("client/src/record.rs", RECORDS),
    ("protocol/src/api.rs", "an API knows its frames, and a header asks which API it is of"),
    ("protocol/src/header.rs", "likewise"),
    ("protocol/src/json", "reading and writing share how names are written"),
    (
        "protocol/src/wire",
        "the trait of what can be read and written, its readers and writers, and who implements it",
    ),
];
const RECORDS: &str =
    "a record borrows the handle of its topic, which holds the partitioner that is shown records";

#[test]
fn no_two_files_import_each_other() {
    let sources = sources();
    let circles = circles(&sources);
    let is_known = |file: &&str| TANGLED.iter().any(|(begins, _)| file.starts_with(begins));
    let new: Vec<_> = circles.iter().filter(|circle| !circle.iter().all(is_known)).collect();
    assert!(
        new.is_empty(),
        "files that import each other; what they share goes into a file beneath: {new:#?}"
    );
    for (begins, why) in TANGLED {
        let still = circles.iter().flatten().any(|file| file.starts_with(begins));
        assert!(still, "{begins} is in no circle any more: strike the line ({why})");
    }
}

#[test]
fn a_circle_is_seen_however_its_names_are_written() {
    let seen = |files: &[(&str, &str)]| {
        let of = |(path, text): &(&str, &str)| Source::of(format!("client/src/{path}.rs"), text);
        circles(&files.iter().map(of).collect::<Vec<_>>()).len()
    };
    let (a, b) = ("pub struct A(crate::b::B);", "use crate::a::A;\npub struct B(Box<A>);");
    assert_eq!(seen(&[("lib", "mod a; mod b;"), ("a", a), ("b", b)]), 1);
    assert_eq!(seen(&[("lib", "mod a; mod b;"), ("a", a), ("b", "pub struct B;")]), 0);
    // Through what a third file hands on.
    let (hands_on, by_it) = ("pub use crate::c::d::A;", "use crate::c::{self};\npub struct B(Box<c::A>);");
    let inner = ("c/d", "pub struct A(crate::b::B);");
    assert_eq!(seen(&[("lib", ""), ("b", by_it), ("c", "mod d;\npub use self::d::A;"), inner]), 1);
    assert_eq!(
        seen(&[("lib", hands_on), ("b", "use crate::A;\npub struct B(A);"), ("c", "mod d;"), inner]),
        1
    );
    // A child that uses its parent's names, of which the parent uses one of the child's.
    let child = ("c/d", "use super::*;\npub fn d() -> super::C { C }");
    assert_eq!(seen(&[("lib", ""), ("c", "mod d;\npub struct C;\nfn c() { d::d(); }"), child]), 1);
    assert_eq!(seen(&[("lib", ""), ("c", "mod d;\npub use d::d;\npub struct C;"), child]), 0);
    let tested = "mod d;\npub struct C;\n#[cfg(test)]\nmod tests { fn c() { super::d::d(); } }";
    assert_eq!(seen(&[("lib", ""), ("c", tested), child]), 0);
}

/// The files of a crate that import each other, a set for each circle.
fn circles(sources: &[Source]) -> BTreeSet<BTreeSet<&str>> {
    let mut crates: BTreeMap<&str, Modules<'_>> = BTreeMap::new();
    for file in sources.iter().filter(|file| file.tests_from > 0) {
        let Some((of, place)) = file.path.rsplit_once("/src/").filter(|(_, it)| !it.starts_with("bin/"))
        else {
            continue;
        };
        let place = place.trim_end_matches(".rs").split('/').map(str::to_owned);
        let place = place.filter(|it| it != "lib").collect();
        crates.entry(of).or_default().insert(place, Module::of(file));
    }
    crates.values().flat_map(circles_of).collect()
}

fn circles_of<'a>(modules: &Modules<'a>) -> Vec<BTreeSet<&'a str>> {
    let arrows: BTreeMap<&str, BTreeSet<&str>> =
        modules.iter().map(|(at, it)| (it.file, it.arrows(at, modules))).collect();
    let reached = |from: &'a str| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(arrows[file].iter().filter(|to| reached.insert(**to)));
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        modules.values().map(|it| (it.file, reached(it.file))).collect();
    let in_circles = reached.iter().filter(|(file, all)| all.contains(*file));
    in_circles
        .map(|(file, all)| all.iter().copied().filter(|other| reached[other].contains(file)).collect())
        .collect()
}

/// The files of a crate, by the modules that they are.
type Modules<'a> = BTreeMap<Vec<String>, Module<'a>>;

/// A file as a module.
struct Module<'a> {
    file: &'a str,
    /// What is imported, by its name here.
    imports: BTreeMap<String, Vec<String>>,
    /// The names among these that are handed on.
    handed_on: BTreeSet<String>,
    /// Paths of more than one step, but for those of imports.
    paths: BTreeSet<Vec<String>>,
    words: BTreeSet<String>,
}

impl<'a> Module<'a> {
    fn of(file: &'a Source) -> Self {
        let text = file.lines.join("\n");
        let parsed = syn::parse_file(&text).unwrap_or_else(|why| panic!("{}: {why}", file.path));
        let (imports, handed_on, paths, words) = Default::default();
        let mut module = Self { file: &file.path, imports, handed_on, paths, words };
        for item in parsed.items.into_iter().filter(|item| !is_test(item)) {
            match item {
                Item::Use(used) => {
                    module.import(&used.tree, &mut Vec::new(), !matches!(used.vis, Visibility::Inherited));
                }
                // It says that there is a file, and uses nothing of it.
                Item::Mod(declared) if declared.content.is_none() => {}
                other => module.read(other.into_token_stream()),
            }
        }
        module
    }

    fn import(&mut self, tree: &UseTree, before: &mut Vec<String>, is_public: bool) {
        let (name, last) = match tree {
            UseTree::Path(step) => {
                before.push(step.ident.to_string());
                self.import(&step.tree, before, is_public);
                before.pop();
                return;
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, before, is_public));
                return;
            }
            // What a glob names cannot be told from here.
            UseTree::Glob(_) => return,
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(renamed) => (renamed.rename.to_string(), renamed.ident.to_string()),
        };
        let itself = last == "self";
        let name = if itself && name == "self" { before.last().cloned().unwrap_or_default() } else { name };
        let path = before.iter().cloned().chain((!itself).then_some(last)).collect();
        if is_public {
            self.handed_on.insert(name.clone());
        }
        self.imports.insert(name, path);
    }

    /// Takes the paths and the words of what is no import.
    fn read(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    self.words.insert(word.to_string());
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                other => {
                    self.end(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.read(group.stream());
                    }
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.paths.insert(path);
        }
    }

    /// The other files whose names it uses.
    fn arrows(&self, at: &[String], modules: &Modules<'a>) -> BTreeSet<&'a str> {
        let used = |name: &str| !self.handed_on.contains(name) || self.words.contains(name);
        let imports = self.imports.iter().filter(|(name, _)| used(name)).map(|(_, path)| path);
        let homes = imports.chain(&self.paths).filter_map(|path| home(at, path, modules, 0));
        homes.filter(|home| *home != self.file).collect()
    }
}

/// The file that declares what a path leads to; `None` for a module, and for what is of another crate.
fn home<'a>(at: &[String], path: &[String], modules: &Modules<'a>, depth: usize) -> Option<&'a str> {
    let (first, mut rest) = path.split_first()?;
    let mut at = match first.as_str() {
        "crate" => Vec::new(),
        "self" => at.to_vec(),
        "super" => at.split_last()?.1.to_vec(),
        _ => {
            rest = path;
            at.to_vec()
        }
    };
    let is_here = rest.len() < path.len();
    while let Some((step, behind)) = rest.split_first() {
        let below: Vec<String> = at.iter().chain([step]).cloned().collect();
        if step == "super" {
            at.pop()?;
        } else if modules.contains_key(&below) {
            at = below;
        } else {
            let module = modules.get(&at)?;
            let Some(import) = module.imports.get(step) else {
                let is_declared_there = is_here || rest.len() < path.len();
                return is_declared_there.then_some(module.file);
            };
            let whole: Vec<String> = import.iter().chain(behind).cloned().collect();
            let goes_on = depth < STEPS_MAX && whole != rest;
            return goes_on.then(|| home(&at, &whole, modules, depth + 1)).flatten();
        }
        rest = behind;
    }
    None
}

/// Names are handed on a few times; a name that is imported as itself would be for ever.
const STEPS_MAX: usize = 20;

fn is_test(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Fn(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Const(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        _ => &[],
    };
    attributes.iter().any(|it| it.path().is_ident("cfg") && it.to_token_stream().to_string().contains("test"))
}
