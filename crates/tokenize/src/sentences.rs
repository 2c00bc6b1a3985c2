//! [`sentences`]: the sentences of a text.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

/// Where a sentence stands in its text, without the white space around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// In bytes.
    pub bytes: Range<usize>,
    /// In characters: Unicode code points.
    pub characters: Range<usize>,
}

/// Abbreviations that no sentence ends with: titles, and words that want another one.
const TITLES: [&str; 33] = [
    "mr", "mrs", "ms", "dr", "prof", "rev", "hon", "gen", "col", "lt", "sgt", "capt", "cmdr", "gov", "sen",
    "rep", "pres", "messrs", "mme", "mlle", "st", "mt", "vs", "cf", "e.g", "i.e", "viz", "al", "approx",
    "ca", "dept", "z.b", "bzw",
];

/// Abbreviations that stand before a number.
const NUMBERED: [&str; 19] = [
    "no", "nos", "nr", "fig", "figs", "eq", "eqs", "sec", "vol", "ch", "chap", "p", "pp", "art", "op", "ex",
    "tab", "ref", "refs",
];

/// Abbreviations that a sentence may end with: what follows decides.
const EITHER: [&str; 31] = [
    "inc", "ltd", "co", "corp", "bros", "jr", "sr", "etc", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec", "ave", "blvd", "rd", "univ", "assn", "dist", "est", "ft", "oz", "lb",
    "lbs",
];

/// Words that begin a sentence far more often than a name.
const STARTERS: [&str; 47] = [
    "a", "an", "the", "this", "that", "these", "those", "he", "she", "it", "we", "they", "you", "i", "his",
    "her", "its", "our", "their", "my", "there", "here", "and", "but", "or", "so", "yet", "in", "on", "at",
    "by", "for", "from", "with", "after", "before", "when", "while", "if", "as", "however", "what", "who",
    "where", "why", "how", "not",
];

/// Cuts a text into sentences: at the default boundaries of Unicode (UAX #29, section 5), which know full stops,
/// question and exclamation marks of all scripts, closing quotes and decimal numbers, and which end a sentence at
/// the end of each line.
///
/// Within a line, a boundary does not count where English reads on:
/// - after a title or a like abbreviation (`Dr.`, `e.g.`), and after one of a number before a digit (`Fig. 2`);
/// - after an initial (`J. Smith`), and after the number of a list (`1. First`);
/// - after `Inc.`, `Jan.`, `U.S.` and the like, unless a word follows that seldom begins a name (`The`, `He`);
/// - before a small letter (`"Go!" he said`).
///
/// White space belongs to no sentence; all other characters belong to one.
///
/// ```
/// use embert_tokenize::sentences;
///
/// let text = "Dr. Smith paid $3.50. \u{201c}Too much!\u{201d} she said.\n雨が降った。止んだ。";
/// let found: Vec<&str> = sentences(text).into_iter().map(|sentence| &text[sentence.bytes]).collect();
/// assert_eq!(found, ["Dr. Smith paid $3.50.", "“Too much!” she said.", "雨が降った。", "止んだ。"]);
/// ```
pub fn sentences(text: &str) -> Vec<Sentence> {
    let mut found: Vec<Sentence> = Vec::new();
    // How many characters stand before the piece, and whether its line is the last sentence's.
    let (mut characters, mut is_same_line) = (0, false);
    for (start, piece) in text.split_sentence_bound_indices() {
        let count = |part: &str| part.chars().count();
        let (sentence, before) = (piece.trim(), piece.len() - piece.trim_start().len());
        let first = characters + count(&piece[..before]);
        characters += count(piece);
        if !sentence.is_empty() {
            let start = start + before;
            let end = (start + sentence.len(), first + count(sentence));
            match found.last_mut() {
                Some(last) if is_same_line && reads_on(&text[last.bytes.clone()], sentence) => {
                    (last.bytes.end, last.characters.end) = end;
                }
                _ => found.push(Sentence { bytes: start..end.0, characters: first..end.1 }),
            }
            is_same_line = true;
        }
        is_same_line &= !piece[before + sentence.len()..].contains(ends_line);
    }
    found
}

/// The characters that UAX #29 calls paragraph separators.
fn ends_line(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether `next` goes on with the sentence that `before` begins.
fn reads_on(before: &str, next: &str) -> bool {
    let first = next.trim_start_matches(|character: char| !character.is_alphanumeric()).chars().next();
    let begins_small = next.chars().next().is_some_and(char::is_lowercase);
    if begins_small {
        return true;
    }
    let Some(head) = before.strip_suffix('.') else { return false };
    let word = head.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(|character: char| !character.is_alphanumeric());
    if word.chars().all(|digit| digit.is_ascii_digit()) {
        // The number of a list is all there is before its text; a year ends a sentence.
        return !word.is_empty() && word.len() < 4 && before.trim_start_matches('(') == format!("{word}.");
    }
    let lower = word.to_lowercase();
    let is_one_of = |words: &[&str]| words.contains(&lower.as_str());
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    if is_one_of(&TITLES) || is_initial {
        return true;
    }
    if first.is_some_and(|first| first.is_ascii_digit()) && is_one_of(&NUMBERED) {
        return true;
    }
    (is_one_of(&EITHER) || is_acronym(word)) && !begins_with_starter(next)
}

/// True for letters with full stops between them, as in `U.S` and `a.m`, without the last one.
fn is_acronym(word: &str) -> bool {
    let parts = || word.split('.');
    parts().count() > 1
        && parts().all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic))
}

fn begins_with_starter(next: &str) -> bool {
    let next = next.trim_start_matches(|character: char| !character.is_alphanumeric());
    let word: String = next.chars().take_while(|character| character.is_alphabetic()).take(9).collect();
    STARTERS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|sentence| &text[sentence.bytes]).collect()
    }

    #[test]
    fn marks_at_the_end_of_a_sentence_end_it() {
        assert_eq!(cut("It rained. Did it? It did!  "), ["It rained.", "Did it?", "It did!"]);
        assert_eq!(cut("No end"), ["No end"]);
        assert_eq!(cut("Well... He left... and came."), ["Well...", "He left... and came."]);
        assert_eq!(cut("Wait\u{2026} what? Yes\u{2026} No."), ["Wait\u{2026} what?", "Yes\u{2026} No."]);
        assert_eq!(cut("Really?! Yes!!! Good."), ["Really?!", "Yes!!!", "Good."]);
        assert!(cut("").is_empty() && cut(" \n\u{3000}\u{2029}").is_empty());
    }

    #[test]
    fn numbers_and_names_with_full_stops_are_whole() {
        assert_eq!(
            cut("It cost 3.50 euros. Version 1.2.3 is out."),
            ["It cost 3.50 euros.", "Version 1.2.3 is out."]
        );
        assert_eq!(
            cut("See example.org. Or www.a.b for more."),
            ["See example.org.", "Or www.a.b for more."]
        );
        assert_eq!(
            cut("It fell by .5 percent. In 1999. Then it rose."),
            ["It fell by .5 percent.", "In 1999.", "Then it rose."]
        );
    }

    #[test]
    fn abbreviations_end_no_sentence() {
        assert_eq!(
            cut("Dr. Okafor met Mr. and Mrs. Li. They talked."),
            ["Dr. Okafor met Mr. and Mrs. Li.", "They talked."]
        );
        assert_eq!(
            cut("Some, e.g. Lagos or (i.e. Abuja), vs. Paris."),
            ["Some, e.g. Lagos or (i.e. Abuja), vs. Paris."]
        );
        assert_eq!(
            cut("J. R. R. Tolkien wrote. Smith et al. Agreed."),
            ["J. R. R. Tolkien wrote.", "Smith et al. Agreed."]
        );
        assert_eq!(
            cut("See Fig. 2 and No. 5. Is it a no. The end."),
            ["See Fig. 2 and No. 5.", "Is it a no.", "The end."]
        );
        assert_eq!(
            cut("1. Open it. 2. Close it. It has 12. Go."),
            ["1. Open it.", "2. Close it.", "It has 12.", "Go."]
        );
        assert_eq!(cut("So am I. Good."), ["So am I.", "Good."]);
    }

    #[test]
    fn after_an_abbreviation_of_either_kind_the_next_word_decides() {
        assert_eq!(
            cut("The U.S. Senate met in the U.S. The end."),
            ["The U.S. Senate met in the U.S.", "The end."]
        );
        assert_eq!(
            cut("Acme Inc. Chairman Li left Acme Inc. He is old."),
            ["Acme Inc. Chairman Li left Acme Inc.", "He is old."]
        );
        assert_eq!(
            cut("At 5 p.m. Monday it rained. At 6 p.m. it stopped."),
            ["At 5 p.m. Monday it rained.", "At 6 p.m. it stopped."]
        );
    }

    #[test]
    fn quotes_and_brackets_belong_to_their_sentence() {
        assert_eq!(
            cut("\u{201c}Go!\u{201d} he said. \u{201c}Now.\u{201d} She went."),
            ["\u{201c}Go!\u{201d} he said.", "\u{201c}Now.\u{201d}", "She went."]
        );
        assert_eq!(
            cut("He said \"Go.\" Then he left. (It was late.) Night fell."),
            ["He said \"Go.\"", "Then he left.", "(It was late.)", "Night fell."]
        );
        assert_eq!(cut("Yahoo! is a firm. It grew."), ["Yahoo! is a firm.", "It grew."]);
    }

    #[test]
    fn a_line_ends_its_sentence() {
        assert_eq!(
            cut("A heading\n\nA text that\r\ngoes on. Dr.\nSmith"),
            ["A heading", "A text that", "goes on.", "Dr.", "Smith"]
        );
        assert_eq!(cut("one\u{2028}two\u{2029}three\u{85}four"), ["one", "two", "three", "four"]);
    }

    #[test]
    fn other_scripts_have_sentences_too() {
        assert_eq!(cut("雨が降った。止んだ！？本当？"), ["雨が降った。", "止んだ！？", "本当？"]);
        assert_eq!(cut("Медведь спит. Он большой."), ["Медведь спит.", "Он большой."]);
        assert_eq!(cut("यह एक वाक्य है। दूसरा।"), ["यह एक वाक्य है।", "दूसरा।"]);
        assert_eq!(cut("هل وصل؟ نعم."), ["هل وصل؟", "نعم."]);
    }

    #[test]
    fn offsets_count_bytes_and_characters() {
        let text = " é\u{301}t\u{e9}. 🎬X.";
        let found = sentences(text);
        assert_eq!(found[0], Sentence { bytes: 1..9, characters: 1..6 });
        assert_eq!(found[1], Sentence { bytes: 10..16, characters: 7..10 });
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_is_outside_of_sentences(text in "([A-Za-z.!?\"( \n\u{2029}\u{3000}1é。]|Dr\\. |U\\.S\\. ){0,40}") {
            let characters: Vec<char> = text.chars().collect();
            let (mut byte, mut character) = (0, 0);
            for sentence in sentences(&text) {
                prop_assert!(text[byte..sentence.bytes.start].trim().is_empty());
                let found = &text[sentence.bytes.clone()];
                prop_assert!(!found.is_empty() && found.trim() == found);
                let of_characters: String = characters[sentence.characters.clone()].iter().collect();
                prop_assert_eq!(found, of_characters);
                prop_assert!(sentence.characters.start >= character);
                (byte, character) = (sentence.bytes.end, sentence.characters.end);
            }
            prop_assert!(text[byte..].trim().is_empty());
        }
    }
}
