//! [`Modules`]: a crate's modules, the names in them, and the files that define the names.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMacro, ItemMod, ItemUse, Macro, UseTree, Visibility};

/// A path of names from the crate's root.
type Names = Vec<String>;

/// Files, each with the files that it imports.
pub(super) type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// The modules of a crate that have a file each, by their path of names from the crate's root.
pub(super) struct Modules(BTreeMap<Names, Module>);

#[derive(Default)]
struct Module {
    file: PathBuf,
    /// Names that a `use` binds, with the path that it names.
    bound: BTreeMap<String, Names>,
    /// Paths of names from elsewhere that the file uses itself.
    used: BTreeSet<Names>,
}

impl Modules {
    /// Reads a crate from its root file on.
    pub(super) fn of_crate(root: &Path) -> Result<Self, Box<dyn Error>> {
        let mut modules = Self(BTreeMap::new());
        modules.read(root.to_owned(), &Vec::new())?;
        Ok(modules)
    }

    fn read(&mut self, file: PathBuf, names: &Names) -> Result<(), Box<dyn Error>> {
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("can't read {}: {error}", file.display()))?;
        let syntax = syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut reader = Reader::default();
        reader.visit_file(&syntax);
        // A `pub use` counts as a use only where the file's own code has the name too.
        let handed_on = reader.handed_on.into_iter().filter(|(name, _)| reader.named.contains(name));
        let used = reader.used.into_iter().chain(handed_on.map(|(_, path)| path)).collect();
        let folder = folder_of_children(&file);
        self.0.insert(names.clone(), Module { file, bound: reader.bound, used });
        for child in reader.children {
            let beside = folder.join(format!("{child}.rs"));
            let inside = folder.join(&child).join("mod.rs");
            let path = if beside.is_file() { beside } else { inside };
            self.read(path, &[names.as_slice(), &[child]].concat())?;
        }
        Ok(())
    }

    /// Each file with the files that it imports.
    pub(super) fn imports(&self) -> Imports {
        let imports = self.0.iter().map(|(names, module)| {
            let files = module.used.iter().filter_map(|path| self.file_of(names, path, 0));
            (module.file.clone(), files.filter(|file| *file != module.file).collect())
        });
        imports.collect()
    }

    /// The file that defines what a path in the module `from` names; `None` for a name of another crate.
    fn file_of(&self, from: &Names, path: &[String], depth: usize) -> Option<PathBuf> {
        // A name that is bound to itself (an exported macro) would lead on for ever.
        if depth > 16 {
            return None;
        }
        let (mut at, rest) = self.start(from, path)?;
        for (index, name) in rest.iter().enumerate() {
            let child = [at.clone(), vec![name.clone()]].concat();
            if self.0.contains_key(&child) {
                at = child;
                continue;
            }
            if let Some(bound) = self.0.get(&at)?.bound.get(name) {
                let path = [bound, &rest[index + 1..]].concat();
                if let Some(file) = self.file_of(&at, &path, depth + 1) {
                    return Some(file);
                }
            }
            break;
        }
        Some(self.0.get(&at)?.file.clone())
    }

    /// The module that a path begins in, and what is left of the path.
    fn start<'a>(&self, from: &Names, path: &'a [String]) -> Option<(Names, &'a [String])> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some((Vec::new(), rest)),
            "self" => Some((from.clone(), rest)),
            "super" => {
                let mut at = from.clone();
                at.pop()?;
                let deeper = rest.iter().take_while(|name| *name == "super").count();
                at.truncate(at.len().checked_sub(deeper)?);
                Some((at, &rest[deeper..]))
            }
            child => {
                let is_child = self.0.contains_key(&[from.clone(), vec![child.to_owned()]].concat());
                is_child.then(|| (from.clone(), path))
            }
        }
    }
}

/// The folder with the files of a file's child modules.
fn folder_of_children(file: &Path) -> PathBuf {
    match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main" | "mod") => file.with_file_name(""),
        _ => file.with_extension(""),
    }
}

/// The modules, `use` items and paths of one file, without its tests.
#[derive(Default)]
struct Reader {
    children: Vec<String>,
    bound: BTreeMap<String, Names>,
    used: BTreeSet<Names>,
    /// The names that `pub use` binds, with their paths.
    handed_on: Vec<(String, Names)>,
    /// First names of the paths in the file's own code.
    named: BTreeSet<String>,
}

impl Reader {
    fn read_use(&mut self, tree: &UseTree, mut path: Names, is_public: bool) {
        let name = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.read_use(&tree.tree, path, is_public);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.read_use(tree, path.clone(), is_public));
            }
            UseTree::Glob(_) => {
                self.used.insert(path);
                return;
            }
            // `use a::{self}` binds `a`.
            UseTree::Name(tree) if tree.ident == "self" => path.last().cloned().unwrap_or_default(),
            UseTree::Name(tree) => {
                path.push(tree.ident.to_string());
                tree.ident.to_string()
            }
            UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                tree.rename.to_string()
            }
        };
        self.bound.insert(name.clone(), path.clone());
        if is_public {
            self.handed_on.push((name, path));
        } else {
            self.used.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        match &item.content {
            None => self.children.push(item.ident.to_string()),
            Some((_, items)) => items.iter().for_each(|item| self.visit_item(item)),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.read_use(&item.tree, Vec::new(), !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.named.extend(names.first().cloned());
        if names.len() > 1 {
            self.used.insert(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        // The arguments are no syntax tree: the words in them are enough to know that a name is used.
        let text = called.tokens.to_string();
        self.named
            .extend(text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').map(str::to_owned));
        visit::visit_macro(self, called);
    }

    /// The body of `macro_rules!` is used where the macro is called.
    fn visit_item_macro(&mut self, _: &'ast ItemMacro) {}
}

/// Whether an item exists in tests alone: `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
        condition.is_ok_and(|condition| condition == "test" || condition.starts_with("all (test"))
    })
}
