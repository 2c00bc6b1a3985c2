//! [`to_iob2`] and [`from_iob2`]: tags of one scheme written in another.

use super::entities::entities;
use super::scheme::{Scheme, TagError};

/// The tags in IOB2 that have the [`entities`] of `tags`. Tags of IOB2 stay as they are. No labelled word
/// loses its type, also where the tags break the scheme.
///
/// # Errors
/// A tag that is not of `scheme`.
pub fn to_iob2<T: AsRef<str>>(tags: &[T], scheme: Scheme) -> Result<Vec<String>, TagError> {
    scheme.check(tags)?;
    Ok(write(tags, if scheme == Scheme::Iob2 { None } else { Some(Scheme::Iob2) }))
}

/// The tags in `scheme` that have the [`entities`] of the IOB2 tags `tags`. The inverse of [`to_iob2`] for
/// tags that keep to the scheme.
///
/// # Errors
/// A tag that is not of IOB2.
pub fn from_iob2<T: AsRef<str>>(tags: &[T], scheme: Scheme) -> Result<Vec<String>, TagError> {
    Scheme::Iob2.check(tags)?;
    Ok(write(tags, if scheme == Scheme::Iob2 { None } else { Some(scheme) }))
}

/// The tags in the scheme `target`, or as they are.
fn write<T: AsRef<str>>(tags: &[T], target: Option<Scheme>) -> Vec<String> {
    let mut written: Vec<String> = tags.iter().map(|tag| tag.as_ref().to_owned()).collect();
    let Some(target) = target else { return written };
    let mut before = None;
    for entity in entities(tags) {
        let last = entity.end - 1;
        let follows = before == Some((entity.kind, entity.start));
        for (index, tag) in written.iter_mut().enumerate().take(entity.end).skip(entity.start) {
            let prefix = match (target, index == entity.start, index == last) {
                (Scheme::Iob1, true, _) => {
                    if follows {
                        "B"
                    } else {
                        "I"
                    }
                }
                (Scheme::Iobes, true, true) => "S",
                (Scheme::Bilou, true, true) => "U",
                (Scheme::Iobes, false, true) => "E",
                (Scheme::Bilou, false, true) => "L",
                (_, true, _) => "B",
                (_, false, _) => "I",
            };
            // Every prefix is one letter of ASCII; what follows it, the type or nothing, stays.
            tag.replace_range(..1, prefix);
        }
        before = Some((entity.kind, entity.end));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_in_every_scheme() {
        let iob2 = ["B-A", "I-A", "B-A", "O", "B-B", "B-A", "I-A", "I-A"];
        for (scheme, tags) in [
            (Scheme::Iob1, ["I-A", "I-A", "B-A", "O", "I-B", "I-A", "I-A", "I-A"]),
            (Scheme::Iob2, iob2),
            (Scheme::Iobes, ["B-A", "E-A", "S-A", "O", "S-B", "B-A", "I-A", "E-A"]),
            (Scheme::Bilou, ["B-A", "L-A", "U-A", "O", "U-B", "B-A", "I-A", "L-A"]),
        ] {
            assert_eq!(from_iob2(&iob2, scheme).unwrap(), tags, "{scheme}");
            assert_eq!(to_iob2(&tags, scheme).unwrap(), iob2, "{scheme}");
        }
    }

    #[test]
    fn tags_without_a_type_stay_without_one() {
        assert_eq!(to_iob2(&["I", "I", "B"], Scheme::Iob1).unwrap(), ["B", "I", "B"]);
        assert_eq!(from_iob2(&["B", "O", "B", "I"], Scheme::Bilou).unwrap(), ["U", "O", "B", "L"]);
    }

    #[test]
    fn a_broken_entity_keeps_its_words() {
        assert_eq!(
            to_iob2(&["E-A", "I-B", "S-B", "I-B"], Scheme::Iobes).unwrap(),
            ["B-A", "B-B", "B-B", "B-B"]
        );
        assert_eq!(to_iob2(&["O", "I-A"], Scheme::Iob2).unwrap(), ["O", "I-A"], "IOB2 is not repaired");
    }

    #[test]
    fn a_foreign_tag_is_refused() {
        assert_eq!(to_iob2(&["O", "S-A"], Scheme::Iob1).unwrap_err().index, 1);
        assert_eq!(from_iob2(&["S-A"], Scheme::Iobes).unwrap_err().scheme, Scheme::Iob2);
    }
}
