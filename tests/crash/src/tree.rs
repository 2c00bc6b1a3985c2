//! [`Tree`]: the files and folders in a folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use embert_files::{LOCK, is_temporary};

/// A file's content, shared by all states that have it.
#[derive(Clone, Debug)]
pub struct Bytes {
    content: Rc<[u8]>,
    hash: u64,
}

impl Bytes {
    /// The bytes of the content.
    pub fn as_slice(&self) -> &[u8] {
        &self.content
    }
}

impl From<&[u8]> for Bytes {
    fn from(content: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self { content: content.into(), hash: hasher.finish() }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        [].as_slice().into()
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.content == other.content
    }
}

/// A file or a folder.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A folder; its entries stand in the tree under their own paths.
    Folder,
    /// A file and its content.
    File(Bytes),
}

/// All files and folders below a folder, by their paths relative to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree(BTreeMap<PathBuf, Node>);

impl Tree {
    /// Reads all files and folders in `root`.
    ///
    /// # Errors
    /// A file or folder can't be read, or something is neither a file nor a folder.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.read_below(root, Path::new(""))?;
        Ok(tree)
    }

    fn read_below(&mut self, root: &Path, below: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root.join(below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.0.insert(path.clone(), Node::Folder);
                self.read_below(root, &path)?;
            } else {
                let content = fs::read(entry.path())?;
                self.0.insert(path, Node::File(content.as_slice().into()));
            }
        }
        Ok(())
    }

    /// Makes `root` hold this tree and nothing else.
    ///
    /// # Errors
    /// A file or folder can't be written.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        if root.symlink_metadata().is_ok() {
            fs::remove_dir_all(root)?;
        }
        fs::create_dir_all(root)?;
        for (path, node) in &self.0 {
            // A folder's path sorts before the paths in it.
            match node {
                Node::Folder => fs::create_dir(root.join(path))?,
                Node::File(bytes) => fs::write(root.join(path), bytes.as_slice())?,
            }
        }
        Ok(())
    }

    /// Adds a file or folder.
    pub fn insert(&mut self, path: PathBuf, node: Node) {
        self.0.insert(path, node);
    }

    /// The file or folder at a path.
    pub fn get(&self, path: &Path) -> Option<&Node> {
        self.0.get(path)
    }

    /// All files and folders, each folder before its entries.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_path(), node))
    }

    /// The files and folders below a folder.
    #[must_use]
    pub fn below(&self, folder: &Path) -> Self {
        let inside = self.0.iter().filter_map(|(path, node)| {
            let path = path.strip_prefix(folder).ok().filter(|path| *path != Path::new(""))?;
            Some((path.to_owned(), node.clone()))
        });
        Self(inside.collect())
    }

    /// A hash of the tree. The content of files that no later command reads does not count: files under a
    /// temporary name, the lock's file, event files for TensorBoard.
    pub fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (path, node) in &self.0 {
            path.hash(&mut hasher);
            match node {
                Node::Folder => 0_u64.hash(&mut hasher),
                Node::File(bytes) if path.iter().all(is_read) => (2_u64, bytes.hash).hash(&mut hasher),
                Node::File(_) => 1_u64.hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    /// The differing paths, and how each differs; at most ten.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (path, node) in &self.0 {
            match other.0.get(path) {
                None => found.push(format!("{} is missing", path.display())),
                Some(there) if there != node => found.push(format!("{} differs", path.display())),
                Some(_) => {}
            }
        }
        for path in other.0.keys().filter(|path| !self.0.contains_key(*path)) {
            found.push(format!("{} is there and should not be", path.display()));
        }
        found.truncate(10);
        found
    }
}

/// True for a name of files, or of a folder with files, that later commands read.
pub(crate) fn is_read(name: &OsStr) -> bool {
    !(is_temporary(name) || name == LOCK || name == "tensorboard")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut tree = Tree::default();
        tree.insert("a".into(), Node::Folder);
        tree.insert("a/b".into(), Node::File(b"1".as_slice().into()));
        tree.insert("a.txt".into(), Node::File(Bytes::default()));
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("old"), "x").unwrap();
        tree.write(&root).unwrap();
        let read = Tree::read(&root).unwrap();
        assert_eq!(read, tree);
        assert_eq!(read.hash(), tree.hash());
        assert_eq!(
            read.below(Path::new("a")).iter().map(|(path, _)| path).collect::<Vec<_>>(),
            [Path::new("b")]
        );
    }

    #[test]
    fn what_nobody_reads_does_not_count() {
        let tree = |path: &str, content: &str| {
            let mut tree = Tree::default();
            tree.insert(path.into(), Node::File(content.as_bytes().into()));
            tree
        };
        for path in [".tmp-a", ".tmp-a/b", ".lock", "run/tensorboard/a"] {
            assert_eq!(tree(path, "1").hash(), tree(path, "2").hash());
        }
        assert_ne!(tree(".tmp-a", "1").hash(), tree(".tmp-b", "1").hash());
        assert_ne!(tree("a", "1").hash(), tree("a", "2").hash());
        assert_eq!(tree("a", "1").difference(&tree("a", "2")), ["a differs"]);
        assert_eq!(tree("a", "1").difference(&tree("b", "1")).len(), 2);
    }
}
