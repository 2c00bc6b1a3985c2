//! [`Power`]: the states that a file system may leave when the power goes.
//!
//! The model, after T. S. Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), is weaker than
//! any of ext4, XFS and btrfs: the states that they leave are among its states, beside states that none of
//! them leaves.
//!
//! - A file has the content of its last sync. What was done to the content since is there, not there, cut in
//!   the middle, there as zeros (the length was written, the pages were not), or there in its second half
//!   only (pages are written in any order).
//! - A name that was made, moved, exchanged or removed since its folder's last sync is as before or as after,
//!   whatever other names are: ext4 would keep the order of these changes, btrfs and others need not. A
//!   rename or an exchange is one step.
//! - The changes to the names of *one* file or folder have an order: a kept change comes with the earlier
//!   ones. So a file has one name, or none where none was ever put on the disk.
//! - To sync a file is not to sync its name, and to sync a folder is not to sync its own name. Most file
//!   systems do more.
//! - Synced contents and names are never lost: the disk doesn't lie.

use std::collections::BTreeSet;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::disk::{Disk, Id, Inode};
use crate::tree::{Bytes, Tree, is_read};

/// The fate of each change that is not surely on the disk: 0 where the change is kept, else how it is lost.
pub type Fate = Vec<u8>;

/// The states that a power cut may leave of a [`Disk`].
pub struct Power<'a> {
    disk: &'a Disk,
    /// The files that a program may read and whose content is not surely on the disk, with the contents that
    /// they may have: first the current content, then the one of their last sync.
    files: Vec<(Id, Vec<Bytes>)>,
}

/// The fates that are tried at one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fates {
    /// The fates that are tried.
    pub tried: Vec<Fate>,
    /// The number of other fates.
    pub left_out: u64,
}

impl<'a> Power<'a> {
    /// The states of a power cut now.
    pub fn new(disk: &'a Disk) -> Self {
        let files = disk
            .reached(is_read)
            .into_iter()
            .filter_map(|id| match &disk.inodes[id] {
                Inode::File { synced, now } if synced != now => Some((id, contents(synced, now))),
                _ => None,
            })
            .collect();
        Self { disk, files }
    }

    /// The number of fates of each change.
    fn radixes(&self) -> Vec<u8> {
        let names = self.disk.pending.iter().map(|_| 2);
        names.chain(self.files.iter().map(|(_, contents)| contents.len() as u8)).collect()
    }

    /// All fates, where there are at most `most`. Else those that differ from "all kept" or "all lost" in one
    /// change, at most `most` of those that differ in two, and `most` / 4 random ones.
    pub fn fates(&self, most: usize, seed: u64) -> Fates {
        let radixes = self.radixes();
        let all = radixes.iter().try_fold(1_u64, |all, &radix| all.checked_mul(radix.into()));
        if let Some(all) = all.filter(|all| *all <= most as u64) {
            let tried = (0..all).map(|number| digits(number, &radixes)).collect();
            return Fates { tried, left_out: 0 };
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let lost: Fate = vec![1; radixes.len()];
        let kept: Fate = vec![0; radixes.len()];
        let mut tried = BTreeSet::from([kept.clone(), lost.clone()]);
        let (mut single, mut pairs) = (Vec::new(), Vec::new());
        for base in [kept, lost] {
            for first in 0..radixes.len() {
                for one in changed(&base, first, &radixes) {
                    for second in first + 1..radixes.len() {
                        pairs.extend(changed(&one, second, &radixes));
                    }
                    single.push(one);
                }
            }
        }
        tried.extend(single);
        if pairs.len() > most {
            // A random part of the pairs, each as likely as any other.
            for place in 0..most {
                let other = random.random_range(place..pairs.len());
                pairs.swap(place, other);
            }
            pairs.truncate(most);
        }
        tried.extend(pairs);
        for _ in 0..most / 4 {
            tried.insert(radixes.iter().map(|&radix| random.random_range(0..radix)).collect());
        }
        let left_out = all.unwrap_or(u64::MAX).saturating_sub(tried.len() as u64);
        Fates { tried: tried.into_iter().collect(), left_out }
    }

    /// The tree that is left by a fate.
    pub fn state(&self, fate: &[u8]) -> Tree {
        let (names, contents) = fate.split_at(self.disk.pending.len().min(fate.len()));
        let mut kept: Vec<bool> = names.iter().map(|digit| *digit == 0).collect();
        let mut moved: BTreeSet<Id> = BTreeSet::new();
        for (change, kept) in self.disk.pending.iter().zip(&mut kept).rev() {
            *kept |= change.moved.iter().any(|id| moved.contains(id));
            if *kept {
                moved.extend(&change.moved);
            }
        }
        let mut there = self.disk.synced.clone();
        for (change, _) in self.disk.pending.iter().zip(kept).filter(|(_, kept)| *kept) {
            for (name, id) in &change.names {
                let place = there.entry(name.clone()).or_insert((change.number, *id));
                if change.number >= place.0 {
                    *place = (change.number, *id);
                }
            }
        }
        let names = there.iter().filter_map(|(name, (_, id))| Some((name, (*id)?)));
        self.disk.tree(names, |id, synced, _| {
            let place = self.files.iter().position(|(file, _)| *file == id);
            let content = place.and_then(|place| self.files[place].1.get(usize::from(contents[place])));
            content.unwrap_or(synced).clone()
        })
    }
}

/// The contents that a file may have after a power cut, with `synced` on the disk and `now` read by programs.
fn contents(synced: &Bytes, now: &Bytes) -> Vec<Bytes> {
    let (old, new) = (synced.as_slice(), now.as_slice());
    let begin = if new.starts_with(old) { old.len() } else { 0 };
    let middle = begin + (new.len() - begin) / 2;
    let zeros = |from: usize, to: usize| {
        let mut bytes = new.to_vec();
        bytes[from..to].fill(0);
        Bytes::from(bytes.as_slice())
    };
    let mut contents = vec![now.clone(), synced.clone()];
    let others = [new[..begin].into(), new[..middle].into(), zeros(begin, new.len()), zeros(begin, middle)];
    for other in others {
        if !contents.contains(&other) {
            contents.push(other);
        }
    }
    contents
}

/// All fates that differ from `fate` in the digit at `place`.
fn changed(fate: &Fate, place: usize, radixes: &[u8]) -> Vec<Fate> {
    let others = (0..radixes[place]).filter(|digit| *digit != fate[place]);
    let change = |digit| {
        let mut other = fate.clone();
        other[place] = digit;
        other
    };
    others.map(change).collect()
}

fn digits(mut number: u64, radixes: &[u8]) -> Fate {
    let digit = |radix: &u8| {
        let digit = (number % u64::from(*radix)) as u8;
        number /= u64::from(*radix);
        digit
    };
    radixes.iter().map(digit).collect()
}

#[cfg(test)]
mod tests;
