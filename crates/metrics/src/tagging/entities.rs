//! [`entities`] and [`strict_entities`]: the entities that tags say.

use serde::Serialize;

use super::scheme::{Scheme, TagError};

/// A run of words of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Entity<'a> {
    /// The type; `_` where the tags have none.
    pub kind: &'a str,
    /// The index of the first word.
    pub start: usize,
    /// The index after that of the last word.
    pub end: usize,
}

/// The entities of a sequence of tags, as seqeval's `get_entities` and conlleval find them: leniently,
/// whatever the scheme. A tag that continues no entity begins one, and a change of type ends one.
///
/// seqeval does not know BILOU's `L` and `U` in this mode and loses entities; here they are read as `E` and
/// `S`, which say the same. Any text is taken for a tag, as there: check with [`Scheme::check`] first.
///
/// ```
/// use embert_metrics::{Entity, entities};
///
/// let found = entities(&["I-PER", "I-PER", "O", "B-LOC"]);
/// assert_eq!(found[0], Entity { kind: "PER", start: 0, end: 2 });
/// assert_eq!(found[1], Entity { kind: "LOC", start: 3, end: 4 });
/// ```
pub fn entities<T: AsRef<str>>(tags: &[T]) -> Vec<Entity<'_>> {
    let mut found = Vec::new();
    // The type before the first word is seqeval's, and not that of `O`.
    let (mut previous, mut start) = (('O', ""), 0);
    for (index, tag) in tags.iter().map(AsRef::as_ref).chain(["O"]).enumerate() {
        let tag = lenient(tag);
        if is_ended(previous, tag) {
            found.push(Entity { kind: previous.1, start, end: index });
        }
        if is_started(previous, tag) {
            start = index;
        }
        previous = tag;
    }
    found
}

/// The prefix and the type as seqeval's default mode reads them from any text.
fn lenient(tag: &str) -> (char, &str) {
    let Some(first) = tag.chars().next() else { return ('O', "_") };
    let rest = &tag[first.len_utf8()..];
    let kind = rest.split_once('-').map_or(rest, |(_, kind)| kind);
    let prefix = match first {
        'L' => 'E',
        'U' => 'S',
        other => other,
    };
    (prefix, if kind.is_empty() { "_" } else { kind })
}

/// seqeval's `end_of_chunk`: whether an entity ends between two tags.
fn is_ended((before, old): (char, &str), (prefix, new): (char, &str)) -> bool {
    match (before, prefix) {
        ('E' | 'S', _) | ('B' | 'I', 'B' | 'S' | 'O') => true,
        ('O' | '.', _) => false,
        _ => old != new,
    }
}

/// seqeval's `start_of_chunk`: whether an entity begins at the second of two tags.
fn is_started((before, old): (char, &str), (prefix, new): (char, &str)) -> bool {
    match (before, prefix) {
        (_, 'B' | 'S') | ('E' | 'S' | 'O', 'E' | 'I') => true,
        (_, 'O' | '.') => false,
        _ => old != new,
    }
}

/// The entities that are tagged exactly as the scheme demands, as seqeval's `mode="strict"` finds them; all
/// else is left out.
///
/// # Errors
/// A tag that is not of the scheme.
pub fn strict_entities<T: AsRef<str>>(tags: &[T], scheme: Scheme) -> Result<Vec<Entity<'_>>, TagError> {
    scheme.check(tags)?;
    let outside = ('O', "_");
    // Hyphens around the type are no part of it, in this mode of seqeval alone.
    let read = |tag| {
        let (prefix, kind) = scheme.parse_tag(tag).unwrap_or(outside);
        let kind = kind.trim_matches('-');
        (prefix, if kind.is_empty() { "_" } else { kind })
    };
    let tags: Vec<_> = tags.iter().map(|tag| read(tag.as_ref())).chain([outside]).collect();
    let (mut found, mut start) = (Vec::new(), 0);
    while start < tags.len() {
        let before = if start == 0 { outside } else { tags[start - 1] };
        if !scheme.starts(before, tags[start]) {
            start += 1;
            continue;
        }
        let mut end = start + 1;
        while end < tags.len() && scheme.continues(tags[end - 1], tags[end]) {
            end += 1;
        }
        // The last of `tags` begins and continues nothing, so `end` is an index.
        if scheme.ends(tags[end - 1], tags[end]) {
            found.push(Entity { kind: tags[start].1, start, end });
        }
        start = end;
    }
    Ok(found)
}

/// The patterns of `seqeval.scheme`.
impl Scheme {
    fn starts(self, (before, old): (char, &str), (prefix, new): (char, &str)) -> bool {
        match self {
            Self::Iob1 => match (before, prefix) {
                ('O' | 'B', 'I') => true,
                ('I', 'I') => old != new,
                ('I' | 'B', 'B') => old == new,
                _ => false,
            },
            Self::Iob2 => prefix == 'B',
            Self::Iobes => matches!(prefix, 'B' | 'S'),
            Self::Bilou => matches!(prefix, 'B' | 'U'),
        }
    }

    fn continues(self, (before, old): (char, &str), (prefix, new): (char, &str)) -> bool {
        let inside = match self {
            Self::Iob1 | Self::Iob2 => prefix == 'I',
            Self::Iobes => matches!(prefix, 'I' | 'E'),
            Self::Bilou => matches!(prefix, 'I' | 'L'),
        };
        inside && matches!(before, 'B' | 'I') && old == new
    }

    fn ends(self, (before, old): (char, &str), (prefix, new): (char, &str)) -> bool {
        match self {
            Self::Iob1 => match (before, prefix) {
                ('I' | 'B', 'I') => old != new,
                ('I' | 'B', 'O') | ('I', 'B') => true,
                ('B', 'B') => old == new,
                _ => false,
            },
            Self::Iob2 => match (before, prefix) {
                ('I' | 'B', 'I') => old != new,
                ('I' | 'B', 'O' | 'B') => true,
                _ => false,
            },
            Self::Iobes => matches!(before, 'S' | 'E'),
            Self::Bilou => matches!(before, 'U' | 'L'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(tags: &[&str]) -> Vec<(String, usize, usize)> {
        entities(tags).iter().map(|entity| (entity.kind.to_owned(), entity.start, entity.end)).collect()
    }

    fn of(kind: &str, start: usize, end: usize) -> (String, usize, usize) {
        (kind.to_owned(), start, end)
    }

    #[test]
    fn bilou_means_what_iobes_means() {
        let iobes = ["S-A", "S-A", "B-A", "E-A", "B-A", "I-A", "E-A", "E-B", "I-A"];
        let bilou = iobes.map(|tag| tag.replace('S', "U").replace('E', "L"));
        assert_eq!(entities(&bilou), entities(&iobes));
        assert_eq!(entities(&bilou)[..3].iter().map(|entity| entity.end).collect::<Vec<_>>(), [1, 2, 4]);
    }

    #[test]
    fn tags_without_a_type_are_of_one_nameless_type() {
        assert_eq!(spans(&["B", "I", "O", "I", "B"]), [of("_", 0, 2), of("_", 3, 4), of("_", 4, 5)]);
        let found = strict_entities(&["B", "I", "O", "I", "B"], Scheme::Iob2).unwrap();
        assert_eq!(
            found.iter().map(|entity| (entity.start, entity.end)).collect::<Vec<_>>(),
            [(0, 2), (4, 5)]
        );
    }

    #[test]
    fn no_tags_have_no_entities() {
        assert_eq!(spans(&[]), []);
        assert_eq!(strict_entities::<&str>(&[], Scheme::Bilou), Ok(vec![]));
    }

    #[test]
    fn strict_entities_name_a_foreign_tag() {
        assert_eq!(strict_entities(&["O", "E-A"], Scheme::Iob1).unwrap_err().index, 1);
    }
}
