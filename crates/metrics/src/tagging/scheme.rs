//! [`Scheme`]: the ways in which tags of words say where entities begin and end.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use strum::{Display, IntoStaticStr, VariantArray};

/// A scheme of tags. A word outside all entities has the tag `O`; the tag of a word in an entity is a prefix,
/// a hyphen and the entity's type (`B-PER`), or the prefix alone where there is only one type (`B`).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    IntoStaticStr,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "lowercase")]
#[serde(try_from = "String", into = "&'static str")]
pub enum Scheme {
    /// `iob1`: every word of an entity has `I`; `B` only where an entity follows directly on another one of
    /// the same type (Ramshaw and Marcus 1995; CoNLL-2003 as it was published).
    Iob1,
    /// `iob2`: the first word of an entity has `B`, the others have `I` (also called BIO).
    Iob2,
    /// `iobes`: `B` first, `I` inside, `E` last; `S` for an entity of one word.
    Iobes,
    /// `bilou`: `B` first, `I` inside, `L` last; `U` for an entity of one word.
    Bilou,
}

/// A tag that is not of the scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the tag at index {index} is `{tag}`, expected a tag of the scheme {scheme}: `O`, or one of {} with a type, as \
     in `B-PER`",
    scheme.listed()
)]
pub struct TagError {
    /// The place of the tag in its sequence, from 0.
    pub index: usize,
    /// The tag given.
    pub tag: String,
    /// The scheme that it is not of.
    pub scheme: Scheme,
}

/// No scheme has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no tagging scheme `{name}`; known are iob1, iob2, iobes, bilou")]
pub struct UnknownScheme {
    /// The name given.
    pub name: String,
}

impl Scheme {
    /// Every scheme, in the order in which they are listed to users.
    pub const ALL: &[Scheme] = Self::VARIANTS;

    /// The name, which [`FromStr`] parses.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The prefixes of words in entities.
    pub const fn prefixes(self) -> &'static [char] {
        match self {
            Self::Iob1 | Self::Iob2 => &['B', 'I'],
            Self::Iobes => &['B', 'I', 'E', 'S'],
            Self::Bilou => &['B', 'I', 'L', 'U'],
        }
    }

    /// Whether the scheme has this tag: `O`, a prefix alone, or a prefix, a hyphen and a type.
    pub fn has(self, tag: &str) -> bool {
        self.parse_tag(tag).is_some()
    }

    /// Checks that the scheme has all tags of a sequence.
    ///
    /// # Errors
    /// The first tag that it does not have.
    pub fn check<T: AsRef<str>>(self, tags: &[T]) -> Result<(), TagError> {
        match tags.iter().position(|tag| !self.has(tag.as_ref())) {
            None => Ok(()),
            Some(index) => Err(TagError { index, tag: tags[index].as_ref().to_owned(), scheme: self }),
        }
    }

    /// The prefix and the type of a tag of the scheme; the type is `_` where the tag has none.
    pub(crate) fn parse_tag(self, tag: &str) -> Option<(char, &str)> {
        let (prefix, kind) = split(tag)?;
        (prefix == 'O' || self.prefixes().contains(&prefix)).then_some((prefix, kind))
    }

    fn listed(self) -> String {
        self.prefixes().iter().map(char::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// The prefix and the type of a tag of any scheme.
pub(crate) fn split(tag: &str) -> Option<(char, &str)> {
    let prefix = tag.chars().next()?;
    match &tag[prefix.len_utf8()..] {
        "" => Some((prefix, "_")),
        rest => {
            rest.strip_prefix('-').filter(|kind| !kind.is_empty() && prefix != 'O').map(|kind| (prefix, kind))
        }
    }
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().copied().find(|scheme| scheme.name() == name);
        known.ok_or_else(|| UnknownScheme { name: name.to_owned() })
    }
}

impl TryFrom<String> for Scheme {
    type Error = UnknownScheme;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for &scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
            let json = serde_json::to_string(&scheme).unwrap();
            assert_eq!(json, format!("\"{scheme}\""));
            assert_eq!(serde_json::from_str::<Scheme>(&json).unwrap(), scheme);
        }
        let names: Vec<_> = Scheme::ALL.iter().map(|scheme| scheme.name()).collect();
        assert_eq!(names, ["iob1", "iob2", "iobes", "bilou"]);
        assert_eq!(
            "BIO".parse::<Scheme>().unwrap_err().to_string(),
            format!("there is no tagging scheme `BIO`; known are {}", names.join(", "))
        );
    }

    #[test]
    fn a_tag_of_another_kind_is_refused_with_its_place() {
        let check = |tags: &[&str]| Scheme::Iob2.check(tags);
        assert_eq!(check(&["O", "B-PER", "I-PER", "B", "I", "B-A-B"]), Ok(()));
        for wrong in ["X-PER", "B-", "PER", "", "o", "E-PER", "O-PER", "BPER", "Ü-PER", "b-PER"] {
            let error = check(&["O", wrong]).unwrap_err();
            assert_eq!((error.index, error.tag.as_str(), error.scheme), (1, wrong, Scheme::Iob2));
        }
        assert_eq!(
            Scheme::Bilou.check(&["S-PER"]).unwrap_err().to_string(),
            "the tag at index 0 is `S-PER`, expected a tag of the scheme bilou: `O`, or one of B, I, L, U with a \
             type, as in `B-PER`"
        );
        assert!(Scheme::Iobes.has("S-PER") && Scheme::Bilou.has("U-PER") && !Scheme::Iobes.has("U-PER"));
    }
}
