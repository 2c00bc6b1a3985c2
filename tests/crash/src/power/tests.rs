use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::trace::Step;
use crate::tree::Node;

fn file(text: &str) -> Node {
    Node::File(text.as_bytes().into())
}

fn write(path: &str, text: &str) -> Step {
    Step::Write(path.into(), text.as_bytes().into())
}

/// The states that may be left, each as `path=content`, with `?` for a zero.
fn states(before: &[(&str, Node)], steps: &[Step]) -> BTreeSet<String> {
    let mut tree = Tree::default();
    for (path, node) in before {
        tree.insert(path.into(), node.clone());
    }
    let mut disk = Disk::new(&tree);
    for step in steps {
        disk.apply(step).unwrap();
    }
    let power = Power::new(&disk);
    let fates = power.fates(10_000, 0);
    assert_eq!(fates.left_out, 0);
    fates.tried.iter().map(|fate| shown(&power.state(fate))).collect()
}

fn shown(tree: &Tree) -> String {
    let mut words = Vec::new();
    for (path, node) in tree.iter() {
        match node {
            Node::Folder => words.push(format!("{}/", path.display())),
            Node::File(bytes) => {
                let text = String::from_utf8_lossy(bytes.as_slice()).replace('\0', "?");
                words.push(format!("{}={text}", path.display()));
            }
        }
    }
    words.join(" ")
}

fn set(states: &[&str]) -> BTreeSet<String> {
    states.iter().map(|&state| state.to_owned()).collect()
}

#[test]
fn a_new_file_without_syncs_may_be_anything() {
    let steps = [Step::CreateFile("a".into()), write("a", "1234")];
    assert_eq!(states(&[], &steps), set(&["", "a=", "a=12", "a=1234", "a=????", "a=??34"]));
}

#[test]
fn to_sync_a_file_is_not_to_sync_its_name() {
    let mut steps = vec![Step::CreateFile("a".into()), write("a", "1234"), Step::SyncFile("a".into())];
    assert_eq!(states(&[], &steps), set(&["", "a=1234"]));
    steps.push(Step::SyncDir(PathBuf::new()));
    assert_eq!(states(&[], &steps), set(&["a=1234"]));
}

#[test]
fn to_sync_a_name_is_not_to_sync_the_content() {
    let steps = [Step::CreateFile("a".into()), write("a", "12"), Step::SyncDir(PathBuf::new())];
    assert_eq!(states(&[], &steps), set(&["a=", "a=1", "a=12", "a=??", "a=?2"]));
}

#[test]
fn a_log_may_lose_its_end_alone() {
    let steps = [write("log", "bb"), Step::SyncFile("log".into()), write("log", "cc")];
    let expected = ["log=aabb", "log=aabbc", "log=aabbcc", "log=aabb??", "log=aabb?c"];
    assert_eq!(states(&[("log", file("aa"))], &steps), set(&expected));
}

/// Editors of old lost files in this way: the new name was on the disk before the new content.
#[test]
fn a_rename_over_a_file_is_one_step_whose_content_may_come_later() {
    let mut steps = vec![Step::CreateFile("t".into()), write("t", "22")];
    let rename = Step::Rename("t".into(), "a".into());
    let unsynced = states(&[("a", file("1"))], &[&steps[..], std::slice::from_ref(&rename)].concat());
    assert!(unsynced.contains("a=") && unsynced.contains("a=??"), "{unsynced:?}");
    steps.extend([Step::SyncFile("t".into()), rename]);
    let synced = states(&[("a", file("1"))], &steps);
    assert_eq!(synced, set(&["a=1", "a=1 t=22", "a=22"]));
    steps.push(Step::SyncDir(PathBuf::new()));
    assert_eq!(states(&[("a", file("1"))], &steps), set(&["a=22"]));
}

#[test]
fn an_exchange_is_one_step() {
    let before = [("a", Node::Folder), ("a/x", file("1")), ("t", Node::Folder), ("t/x", file("2"))];
    let exchange = [Step::Exchange("a".into(), "t".into())];
    let expected = set(&["a/ a/x=1 t/ t/x=2", "a/ a/x=2 t/ t/x=1"]);
    assert_eq!(states(&before, &exchange), expected);
    // The file that is removed then may be the one that the name still leads to.
    let remove = [&exchange[..], &[Step::RemoveFile("t/x".into())]].concat();
    assert!(states(&before, &remove).contains("a/ t/ t/x=2"));
    let sync = [&exchange[..], &[Step::SyncDir(PathBuf::new()), Step::RemoveFile("t/x".into())]].concat();
    assert_eq!(states(&before, &sync), set(&["a/ a/x=2 t/", "a/ a/x=2 t/ t/x=1"]));
}

#[test]
fn a_folder_comes_with_the_names_that_were_synced_in_it() {
    let mut steps = vec![Step::CreateDir("t".into()), Step::CreateFile("t/x".into())];
    let rename = Step::Rename("t".into(), "a".into());
    let unsynced = states(&[], &[&steps[..], std::slice::from_ref(&rename)].concat());
    assert_eq!(unsynced, set(&["", "t/", "t/ t/x=", "a/", "a/ a/x="]));
    steps.extend([Step::SyncDir("t".into()), rename]);
    assert_eq!(states(&[], &steps), set(&["", "t/ t/x=", "a/ a/x="]));
}

#[test]
fn a_file_moved_twice_has_one_name() {
    let before = [("a", file("1"))];
    let steps = [Step::Rename("a".into(), "b".into()), Step::Rename("b".into(), "c".into())];
    assert_eq!(states(&before, &steps), set(&["a=1", "b=1", "c=1"]));
    let exchange = [Step::Exchange("a".into(), "b".into()), Step::Rename("b".into(), "c".into())];
    let before = [("a", file("1")), ("b", file("2"))];
    assert_eq!(states(&before, &exchange), set(&["a=1 b=2", "a=2 b=1", "a=2 c=1"]));
}

#[test]
fn a_removed_name_may_be_there_again() {
    let before = [("a", file("1")), ("b", file("2"))];
    let steps = [Step::RemoveFile("a".into()), Step::RemoveFile("b".into())];
    assert_eq!(states(&before, &steps), set(&["", "a=1", "b=2", "a=1 b=2"]));
}

#[test]
fn an_emptied_file_may_be_empty_or_what_it_was() {
    let steps = [Step::Truncate("a".into()), write("a", "22")];
    let expected = ["a=1", "a=", "a=2", "a=22", "a=??", "a=?2"];
    assert_eq!(states(&[("a", file("1"))], &steps), set(&expected));
}

#[test]
fn of_many_fates_some_are_tried_and_the_others_counted() {
    let mut disk = Disk::new(&Tree::default());
    for number in 0..20 {
        disk.apply(&Step::CreateFile(format!("{number}").into())).unwrap();
    }
    let power = Power::new(&disk);
    let fates = power.fates(500, 1);
    let of = |names: usize| {
        let lost = |fate: &Fate| fate.iter().map(|digit| usize::from(*digit)).sum::<usize>();
        fates.tried.iter().filter(|fate| lost(fate) == names).count()
    };
    // None, one and two lost; none, one and two kept.
    assert_eq!([of(0), of(1), of(2), of(18), of(19), of(20)], [1, 20, 190, 190, 20, 1]);
    assert_eq!(fates.left_out, (1 << 20) - fates.tried.len() as u64);
    assert_eq!(power.fates(500, 1), fates, "the same seed gives the same ones");
    assert_ne!(power.fates(500, 2), fates);
}

#[test]
fn what_nothing_leads_to_has_no_fate() {
    let mut disk = Disk::new(&Tree::default());
    let steps = [
        Step::CreateDir("t".into()),
        Step::CreateFile("t/x".into()),
        Step::SyncDir("t".into()),
        Step::RemoveFile("t/x".into()),
        Step::RemoveDir("t".into()),
        Step::SyncDir(PathBuf::new()),
    ];
    for step in &steps {
        disk.apply(step).unwrap();
    }
    assert!(disk.pending.is_empty() && Power::new(&disk).fates(9, 0).tried == [Fate::new()]);
    assert!(disk.apply(&Step::RemoveFile(Path::new("t/x").into())).is_err());
}
