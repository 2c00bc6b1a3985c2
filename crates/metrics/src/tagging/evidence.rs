//! [`SchemeEvidence`]: which scheme the tags of a data set are in.

use super::scheme::{Scheme, split};

/// What sequences of tags say for and against each scheme.
///
/// Only tags that break a scheme are evidence: an entity that begins with `I` (after `O`, at the beginning or
/// after another type) is against IOB2, a `B` that does not separate two neighbours of one type is against
/// IOB1. Each entity is against one of the two, so that a single one decides.
///
/// ```
/// use embert_metrics::{Recognized, Scheme};
///
/// let of = |tags: &[&str]| Scheme::of([tags]).recognized();
/// assert_eq!(of(&["I-PER", "I-PER", "B-PER", "O"]), Recognized::One(Scheme::Iob1));
/// assert_eq!(of(&["B-PER", "I-PER", "B-PER", "O"]), Recognized::One(Scheme::Iob2));
/// assert_eq!(of(&["O", "O"]), Recognized::Open);
/// assert!(matches!(of(&["I-PER", "O", "B-PER"]), Recognized::Contradictory { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeEvidence {
    sequences: usize,
    /// Words in entities.
    labelled: usize,
    /// In the order of [`Scheme::ALL`].
    fits: [SchemeFit; 4],
    /// The first tag that no scheme has.
    unknown: Option<Place>,
}

/// How well the tags keep to one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemeFit {
    /// The scheme.
    pub scheme: Scheme,
    /// The number of tags that it does not have, or not in that place.
    pub breaks: usize,
    /// The first of them.
    pub first: Option<Place>,
    /// Of `breaks`, the number of tags that the scheme does not have in any place.
    pub foreign: usize,
}

/// Where a tag stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The number of the sequence, from 0.
    pub sequence: usize,
    /// The index of the tag in its sequence, from 0.
    pub index: usize,
}

/// What [`SchemeEvidence`] comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognized {
    /// All evidence points to this scheme: no other one has these tags, or it alone is kept to. Tags may
    /// still break IOBES or BILOU, see [`SchemeEvidence::fit`].
    One(Scheme),
    /// There is no entity: every scheme is kept to.
    Open,
    /// The prefixes are `B` and `I`, and some entities break IOB1, others IOB2: the first of each.
    Contradictory {
        /// A tag that says IOB2.
        against_iob1: Place,
        /// A tag that says IOB1.
        against_iob2: Place,
    },
    /// No scheme has all these tags. The place is the first tag that no scheme has (`X-PER`, `PER`); `None`
    /// where the tags mix schemes (`E` and `L`).
    No(Option<Place>),
}

impl Default for SchemeEvidence {
    fn default() -> Self {
        let fit = |scheme| SchemeFit { scheme, breaks: 0, first: None, foreign: 0 };
        let fits = [Scheme::Iob1, Scheme::Iob2, Scheme::Iobes, Scheme::Bilou].map(fit);
        Self { sequences: 0, labelled: 0, fits, unknown: None }
    }
}

impl Scheme {
    /// The evidence in a set of tag sequences. Data that is too large for memory is added to a
    /// [`SchemeEvidence`] sequence by sequence.
    pub fn of<S: AsRef<[T]>, T: AsRef<str>>(sequences: impl IntoIterator<Item = S>) -> SchemeEvidence {
        let mut evidence = SchemeEvidence::default();
        sequences.into_iter().for_each(|tags| evidence.add(tags.as_ref()));
        evidence
    }
}

impl SchemeEvidence {
    /// Adds a sequence of tags.
    pub fn add<T: AsRef<str>>(&mut self, tags: &[T]) {
        let sequence = self.sequences;
        self.sequences += 1;
        let outside = ('O', "_");
        let mut before = outside;
        for (index, tag) in tags.iter().map(AsRef::as_ref).enumerate() {
            let place = Place { sequence, index };
            let known = split(tag).filter(|_| Scheme::ALL.iter().any(|scheme| scheme.has(tag)));
            if known.is_none() {
                self.unknown.get_or_insert(place);
            }
            for fit in &mut self.fits {
                if !fit.scheme.has(tag) {
                    fit.foreign += 1;
                    fit.broken_at(place);
                } else if known.is_some_and(|tag| !fit.scheme.allows(before, tag)) {
                    fit.broken_at(place);
                }
            }
            let tag = known.unwrap_or(outside);
            self.labelled += usize::from(tag.0 != 'O');
            before = tag;
        }
        if let Some(last) = tags.len().checked_sub(1) {
            for fit in self.fits.iter_mut().filter(|fit| !fit.scheme.allows(before, outside)) {
                fit.broken_at(Place { sequence, index: last });
            }
        }
    }

    /// The number of tags other than `O`.
    pub fn labelled(&self) -> usize {
        self.labelled
    }

    /// How well the tags keep to `scheme`.
    pub fn fit(&self, scheme: Scheme) -> SchemeFit {
        self.fits[scheme as usize]
    }

    /// The schemes that every tag keeps to.
    pub fn valid(&self) -> Vec<Scheme> {
        self.fits.iter().filter(|fit| fit.breaks == 0).map(|fit| fit.scheme).collect()
    }

    /// The scheme that the evidence points to, or why there is none.
    pub fn recognized(&self) -> Recognized {
        if self.fits.iter().all(|fit| fit.foreign > 0) {
            return Recognized::No(self.unknown);
        }
        if self.labelled == 0 {
            return Recognized::Open;
        }
        let (iob1, iob2) = (self.fit(Scheme::Iob1), self.fit(Scheme::Iob2));
        if iob1.foreign > 0 {
            let of_four = if self.fit(Scheme::Iobes).foreign == 0 { Scheme::Iobes } else { Scheme::Bilou };
            return Recognized::One(of_four);
        }
        match (iob1.first, iob2.first) {
            (Some(against_iob1), Some(against_iob2)) => {
                Recognized::Contradictory { against_iob1, against_iob2 }
            }
            (None, Some(_)) => Recognized::One(Scheme::Iob1),
            // The first word of an entity breaks one of the two, so that here it is IOB1 that is broken.
            (_, None) => Recognized::One(Scheme::Iob2),
        }
    }
}

impl SchemeFit {
    fn broken_at(&mut self, place: Place) {
        self.breaks += 1;
        self.first.get_or_insert(place);
    }
}

impl Scheme {
    /// Whether a tag may follow on another one.
    fn allows(self, (before, old): (char, &str), (prefix, new): (char, &str)) -> bool {
        let continues = matches!(before, 'B' | 'I') && old == new;
        let is_open = matches!(before, 'B' | 'I');
        match self {
            Self::Iob1 => prefix != 'B' || continues,
            Self::Iob2 => prefix != 'I' || continues,
            Self::Iobes | Self::Bilou => match prefix {
                'I' | 'E' | 'L' => continues,
                _ => !is_open,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognized(sequences: &[&[&str]]) -> Recognized {
        Scheme::of(sequences).recognized()
    }

    #[test]
    fn iob1_is_recognized_where_all_evidence_points_to_it() {
        // The first sentences of CoNLL-2003 as it was published.
        let conll: &[&[&str]] = &[&["I-ORG", "O", "I-MISC", "O"], &["I-PER", "I-PER"], &["I-LOC", "B-LOC"]];
        assert_eq!(recognized(conll), Recognized::One(Scheme::Iob1));
        assert_eq!(Scheme::of(conll).valid(), [Scheme::Iob1]);
        assert_eq!(recognized(&[&["I-A", "I-B", "B-B", "B-B"]]), Recognized::One(Scheme::Iob1));
    }

    #[test]
    fn iob2_is_recognized_where_no_entity_begins_with_an_inside_tag() {
        assert_eq!(recognized(&[&["B-A", "B-A", "I-A"], &["O"]]), Recognized::One(Scheme::Iob2));
        assert_eq!(recognized(&[&["B", "I", "O"]]), Recognized::One(Scheme::Iob2));
    }

    #[test]
    fn one_entity_against_all_others_is_a_contradiction_with_both_places() {
        let place = |sequence, index| Place { sequence, index };
        let found = recognized(&[&["O"], &["B-A", "I-A"], &["O", "I-A"], &["B-A"]]);
        assert_eq!(found, Recognized::Contradictory { against_iob1: place(1, 0), against_iob2: place(2, 1) });
        let evidence = Scheme::of([["B-A", "I-B", "B-A"]]);
        assert_eq!((evidence.fit(Scheme::Iob1).breaks, evidence.fit(Scheme::Iob2).breaks), (2, 1));
        assert_eq!(evidence.valid(), []);
    }

    #[test]
    fn without_an_entity_every_scheme_is_open() {
        assert_eq!(recognized(&[&["O", "O"], &[]]), Recognized::Open);
        assert_eq!(SchemeEvidence::default().recognized(), Recognized::Open);
        assert_eq!(Scheme::of([["O"]]).valid(), Scheme::ALL);
    }

    #[test]
    fn last_and_single_words_tell_the_long_schemes() {
        assert_eq!(recognized(&[&["B-A", "E-A", "S-A"]]), Recognized::One(Scheme::Iobes));
        assert_eq!(recognized(&[&["B-A", "I-A", "L-A", "U-A"]]), Recognized::One(Scheme::Bilou));
        for (tags, breaks) in [
            (vec!["S-A", "B-A", "I-A"], 1),
            (vec!["S-A", "B-A", "O"], 1),
            (vec!["E-A", "O"], 1),
            (vec!["B-A", "E-B", "I-B"], 3),
            (vec!["B-A", "S-A", "B-A", "B-A", "E-A"], 2),
        ] {
            let evidence = Scheme::of([&tags]);
            assert_eq!(evidence.recognized(), Recognized::One(Scheme::Iobes), "{tags:?}");
            assert_eq!(evidence.fit(Scheme::Iobes).breaks, breaks, "{tags:?}");
            assert!(evidence.valid().is_empty(), "{tags:?}");
        }
    }

    #[test]
    fn what_no_scheme_has_is_no_scheme() {
        let place = Place { sequence: 1, index: 1 };
        assert_eq!(recognized(&[&["B-A"], &["O", "NOUN"]]), Recognized::No(Some(place)));
        assert_eq!(recognized(&[&["E-A", "L-A"]]), Recognized::No(None));
    }
}
