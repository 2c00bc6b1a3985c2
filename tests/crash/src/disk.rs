//! [`Disk`]: a file system, with the part that is surely on the disk and the part that may be.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::trace::Step;
use crate::tree::{Bytes, Node, Tree};

/// The number of a file or folder, whatever its names.
pub(crate) type Id = usize;

/// The number of the root folder.
const ROOT: Id = 0;

/// A name, after the number of its folder.
pub(crate) type Name = (Id, OsString);

/// A file or folder without its names.
#[derive(Clone, Debug)]
pub(crate) enum Inode {
    Folder,
    File {
        /// The content that is on the disk whatever happens.
        synced: Bytes,
        /// The content that programs read.
        now: Bytes,
    },
}

/// A change of names that is on the disk as a whole or not at all.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The change's place in the order of all changes.
    pub(crate) number: usize,
    /// The file or folder of each changed name afterwards.
    pub(crate) names: Vec<(Name, Option<Id>)>,
    /// The files and folders that gain or lose a name by the change.
    pub(crate) moved: BTreeSet<Id>,
}

/// An operation that is impossible after the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} is not there or is of another kind, for: {step}")]
pub struct Impossible {
    /// The path that the operation is about.
    pub path: PathBuf,
    /// The operation.
    pub step: String,
}

/// A file system.
#[derive(Clone, Debug)]
pub struct Disk {
    pub(crate) inodes: Vec<Inode>,
    now: BTreeMap<Name, Id>,
    /// The file or folder of each name on the disk, and the number of the change that put it there.
    pub(crate) synced: BTreeMap<Name, (usize, Option<Id>)>,
    pub(crate) pending: Vec<Change>,
    changes: usize,
}

impl Disk {
    /// A file system that holds `tree`, with everything on the disk.
    pub fn new(tree: &Tree) -> Self {
        let mut disk = Self {
            inodes: vec![Inode::Folder],
            now: BTreeMap::new(),
            synced: BTreeMap::new(),
            pending: Vec::new(),
            changes: 0,
        };
        for (path, node) in tree.iter() {
            let inode = match node {
                Node::Folder => Inode::Folder,
                Node::File(bytes) => Inode::File { synced: bytes.clone(), now: bytes.clone() },
            };
            if let Some(name) = disk.name(path) {
                disk.inodes.push(inode);
                let id = disk.inodes.len() - 1;
                disk.now.insert(name.clone(), id);
                disk.synced.insert(name, (0, Some(id)));
            }
        }
        disk
    }

    /// Applies one operation.
    ///
    /// # Errors
    /// The operation's file or folder does not exist, or is of another kind.
    pub fn apply(&mut self, step: &Step) -> Result<(), Impossible> {
        let there = |found: Option<Name>, path: &Path| {
            found.ok_or_else(|| Impossible { path: path.to_owned(), step: step.to_string() })
        };
        match step {
            Step::Nothing => {}
            Step::CreateDir(path) | Step::CreateFile(path) => {
                let name = there(self.name(path), path)?;
                self.inodes.push(match step {
                    Step::CreateDir(_) => Inode::Folder,
                    _ => Inode::File { synced: Bytes::default(), now: Bytes::default() },
                });
                let id = self.inodes.len() - 1;
                self.change(vec![(name, Some(id))]);
            }
            Step::Write(path, bytes) => {
                let now = self.content(path, step)?;
                let both = [now.as_slice(), bytes.as_slice()].concat();
                *now = both.as_slice().into();
            }
            Step::Adopt(path, bytes) => *self.content(path, step)? = bytes.clone(),
            Step::Truncate(path) => *self.content(path, step)? = Bytes::default(),
            Step::SyncFile(path) => {
                let content = self.content(path, step)?.clone();
                let id = self.find(path);
                if let Some(Inode::File { synced, .. }) = id.and_then(|id| self.inodes.get_mut(id)) {
                    *synced = content;
                }
            }
            Step::SyncDir(path) => {
                let id = self.find(path);
                let Some(id) = id.filter(|id| matches!(self.inodes[*id], Inode::Folder)) else {
                    return Err(Impossible { path: path.clone(), step: step.to_string() });
                };
                self.sync_names(id);
            }
            Step::Rename(from, to) => {
                let (old, new) = (there(self.name(from), from)?, there(self.name(to), to)?);
                let Some(&id) = self.now.get(&old) else { return there(None, from).map(drop) };
                self.change(vec![(old, None), (new, Some(id))]);
            }
            Step::Exchange(one, other) => {
                let (first, second) = (there(self.name(one), one)?, there(self.name(other), other)?);
                let ids = (self.now.get(&first).copied(), self.now.get(&second).copied());
                let (Some(a), Some(b)) = ids else { return there(None, one).map(drop) };
                self.change(vec![(first, Some(b)), (second, Some(a))]);
            }
            Step::RemoveFile(path) | Step::RemoveDir(path) => {
                let name = there(self.name(path).filter(|name| self.now.contains_key(name)), path)?;
                self.change(vec![(name, None)]);
            }
        }
        self.forget();
        Ok(())
    }

    /// The tree that programs see.
    pub fn now(&self) -> Tree {
        self.tree(self.now.iter().map(|(name, id)| (name, *id)), |_, _, now| now.clone())
    }

    /// The tree of `names`. `content` gives the content of a file from its synced and its current content.
    pub(crate) fn tree<'a>(
        &self,
        names: impl Iterator<Item = (&'a Name, Id)>,
        content: impl Fn(Id, &Bytes, &Bytes) -> Bytes,
    ) -> Tree {
        let mut inside: BTreeMap<Id, Vec<(&OsString, Id)>> = BTreeMap::new();
        for ((folder, name), id) in names {
            inside.entry(*folder).or_default().push((name, id));
        }
        let mut tree = Tree::default();
        let mut folders = vec![(ROOT, PathBuf::new())];
        while let Some((folder, path)) = folders.pop() {
            // Each folder is taken out, so that folders in a circle end the walk.
            for (name, id) in inside.remove(&folder).into_iter().flatten() {
                let path = path.join(name);
                match &self.inodes[id] {
                    Inode::Folder => {
                        tree.insert(path.clone(), Node::Folder);
                        folders.push((id, path));
                    }
                    Inode::File { synced, now } => tree.insert(path, Node::File(content(id, synced, now))),
                }
            }
        }
        tree
    }

    /// Puts the names in a folder on the disk. A change of names in two folders is one step, so the sync of
    /// either folder puts all of it on the disk.
    fn sync_names(&mut self, folder: Id) {
        let (done, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|change: &Change| change.names.iter().any(|((place, _), _)| *place == folder));
        self.pending = pending;
        for Change { number, names, .. } in done {
            for (name, id) in names {
                let place = self.synced.entry(name).or_insert((number, id));
                if number >= place.0 {
                    *place = (number, id);
                }
            }
        }
    }

    fn change(&mut self, names: Vec<(Name, Option<Id>)>) {
        // A file that a rename replaces loses its name, but does not count as moved.
        let taken = names.iter().filter(|(_, id)| id.is_none()).filter_map(|(name, _)| self.now.get(name));
        let moved = names.iter().filter_map(|(_, id)| id.as_ref()).chain(taken).copied().collect();
        for (name, id) in &names {
            match id {
                Some(id) => self.now.insert(name.clone(), *id),
                None => self.now.remove(name),
            };
        }
        self.changes += 1;
        self.pending.push(Change { number: self.changes, names, moved });
    }

    /// Drops the names in folders that no name leads to any more, on the disk or not.
    fn forget(&mut self) {
        let reached = self.reached(|_| true);
        self.pending.retain(|change| change.names.iter().any(|((folder, _), _)| reached.contains(folder)));
        self.synced.retain(|(folder, _), _| reached.contains(folder));
        self.now.retain(|(folder, _), _| reached.contains(folder));
    }

    /// The files and folders that are reached by names, as they are now or may be after a power cut. Only
    /// names for which `counts` is true are followed.
    pub(crate) fn reached(&self, counts: impl Fn(&OsStr) -> bool) -> BTreeSet<Id> {
        let mut reached = BTreeSet::from([ROOT]);
        loop {
            let before = reached.len();
            let pending = self.pending.iter().flat_map(|change| &change.names).map(|(name, id)| (name, *id));
            let synced = self.synced.iter().map(|(name, (_, id))| (name, *id));
            let now = self.now.iter().map(|(name, id)| (name, Some(*id)));
            let found: Vec<Id> = pending
                .chain(synced)
                .chain(now)
                .filter_map(|((folder, name), id)| id.filter(|_| reached.contains(folder) && counts(name)))
                .collect();
            reached.extend(found);
            if reached.len() == before {
                return reached;
            }
        }
    }

    fn find(&self, path: &Path) -> Option<Id> {
        let mut id = ROOT;
        for name in path {
            id = *self.now.get(&(id, name.to_owned()))?;
        }
        Some(id)
    }

    fn name(&self, path: &Path) -> Option<Name> {
        let folder = self.find(path.parent()?)?;
        matches!(self.inodes[folder], Inode::Folder).then(|| Some((folder, path.file_name()?.to_owned())))?
    }

    fn content(&mut self, path: &Path, step: &Step) -> Result<&mut Bytes, Impossible> {
        let id = self.find(path);
        match id.and_then(|id| self.inodes.get_mut(id)) {
            Some(Inode::File { now, .. }) => Ok(now),
            _ => Err(Impossible { path: path.to_owned(), step: step.to_string() }),
        }
    }
}
