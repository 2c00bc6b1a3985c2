//! Sets of files whose names state the number of files: `train-00000-of-00003.csv`.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{self, Kind, Said};
use super::path::{folder_of, name_of};
use super::problem::FilesProblem;

/// Refuses a set of shards of which one is missing, superfluous or there twice.
pub(crate) fn check_shards<'a>(
    split: &'static str,
    files: impl Iterator<Item = &'a str>,
) -> Result<(), FilesProblem> {
    // Index, total and file by folder and name.
    type Sets<'a> = BTreeMap<(&'a str, &'a str), Vec<(u64, u64, &'a str)>>;
    let mut sets = Sets::new();
    for file in files {
        if let Some(shard) = names::shard(names::stem(name_of(file))) {
            sets.entry((folder_of(file), shard.base)).or_default().push((shard.index, shard.total, file));
        }
    }
    for ((_, base), shards) in sets {
        let total = shards[0].1;
        let refuse = |what: String| {
            let files = shards.iter().map(|(_, _, file)| (*file).to_owned()).collect();
            Err(FilesProblem::Shards { split, base: base.to_owned(), total, what, files })
        };
        if let Some((_, other, _)) = shards.iter().find(|(_, other, _)| *other != total) {
            return refuse(format!("or {other}, by the names"));
        }
        let mut indices = BTreeSet::new();
        if let Some((twice, ..)) = shards.iter().find(|(index, ..)| !indices.insert(*index)) {
            return refuse(format!("but {twice:05} is there twice"));
        }
        // Most count from 0, some from 1.
        let first = u64::from(!indices.contains(&0) && indices.contains(&total));
        if let Some(missing) = (first..first.saturating_add(total)).find(|index| !indices.contains(index)) {
            return refuse(format!("but {missing:05} is missing"));
        }
        if let Some(beyond) = indices.iter().find(|index| **index >= first.saturating_add(total)) {
            return refuse(format!("but there is one numbered {beyond:05}"));
        }
    }
    Ok(())
}

/// The note on a file that is one shard of several.
pub(crate) fn shard_note(name: &str) -> Option<String> {
    let shard = names::shard(names::stem(name)).filter(|shard| shard.total > 1)?;
    Some(format!("reads only {name}, one of {} shards; name its folder to read all", shard.total))
}

/// True for a shard as `push_to_hub` of `datasets` writes it: `data/train-00000-of-00001.parquet`.
pub(super) fn is_data_shard(file: &str) -> bool {
    folder_of(file) == "data"
        && matches!(Kind::of(name_of(file)), Kind::Table(_))
        && names::shard(names::stem(name_of(file)))
            .is_some_and(|shard| !matches!(names::said(shard.base), Said::Nothing))
}
