//! [`chosen`]: of the windows that hold a word, the one that tells its tag.

use std::collections::BTreeMap;

/// A token of a text: its word's number, and its own number within the word.
pub(super) type Place = (u32, u32);

/// For each token of a text, in the text's order, the window that it is taken from and its index there.
/// `windows` has the tokens of each window, special tokens left out.
///
/// Neighbouring windows share tokens. A word's tokens come from the window in which the word has most context
/// on its lesser side; of several windows from the first. A word that no window holds whole is longer than a
/// window; then each of its tokens is chosen by itself, in the same way.
pub(super) fn chosen(windows: &[Vec<Place>]) -> Vec<(usize, usize)> {
    // By the word, and by the token's number within the word.
    let mut words: BTreeMap<u32, BTreeMap<u32, Vec<Candidate>>> = BTreeMap::new();
    for (window, tokens) in windows.iter().enumerate() {
        for (index, &(word, number)) in tokens.iter().enumerate() {
            let candidate = Candidate { window, index, after: tokens.len() - 1 - index };
            words.entry(word).or_default().entry(number).or_default().push(candidate);
        }
    }
    let mut chosen = Vec::new();
    for word in words.into_values() {
        let whole = whole_window(&word, windows.len());
        for candidates in word.into_values() {
            let found = match whole {
                Some(window) => candidates.into_iter().find(|candidate| candidate.window == window),
                // `max_by_key` takes the last of equals, so the order is turned around.
                None => candidates.into_iter().rev().max_by_key(|found| found.index.min(found.after)),
            };
            chosen.extend(found.map(|candidate| (candidate.window, candidate.index)));
        }
    }
    chosen
}

/// A token in one of the windows that hold it.
struct Candidate {
    window: usize,
    /// Its index in the window: the number of the text's tokens before it there.
    index: usize,
    /// The text's tokens after it in the window.
    after: usize,
}

/// The window with most context around a word, among those that hold all tokens of the word; `None` if no
/// window holds them all.
fn whole_window(word: &BTreeMap<u32, Vec<Candidate>>, windows: usize) -> Option<usize> {
    // For each window: the word's tokens that it holds, and the least context on either side.
    let mut found = vec![(0_usize, usize::MAX, usize::MAX); windows];
    for candidate in word.values().flatten() {
        let (tokens, before, after) = &mut found[candidate.window];
        *tokens += 1;
        *before = candidate.index.min(*before);
        *after = candidate.after.min(*after);
    }
    let whole = found.iter().enumerate().filter(|(_, (tokens, ..))| *tokens == word.len());
    whole.rev().max_by_key(|(_, (_, before, after))| before.min(after)).map(|(window, _)| window)
}
