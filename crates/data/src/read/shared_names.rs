//! [`SharedNames`]: names of columns that rows share.

use std::sync::Arc;

/// Number of lists that are remembered: few, since most objects of a file have the same keys.
const REMEMBERED: usize = 8;

/// The names of the last few kinds of objects, so that objects with the same keys share one list of names.
#[derive(Default)]
pub(super) struct SharedNames {
    lists: Vec<Arc<[String]>>,
    /// The index of the list that the next new one replaces.
    oldest: usize,
}

impl SharedNames {
    /// The list of these names, which other rows may share.
    pub(super) fn shared<'a>(&mut self, names: impl Iterator<Item = &'a str> + Clone) -> Arc<[String]> {
        let known = self.lists.iter().find(|list| list.iter().map(String::as_str).eq(names.clone()));
        if let Some(list) = known {
            return Arc::clone(list);
        }
        let list: Arc<[String]> = names.map(str::to_owned).collect();
        if self.lists.len() < REMEMBERED {
            self.lists.push(Arc::clone(&list));
        } else {
            self.lists[self.oldest] = Arc::clone(&list);
            self.oldest = (self.oldest + 1) % REMEMBERED;
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_shared_while_few_lists_differ() {
        let mut names = SharedNames::default();
        let first = names.shared(["a", "b"].into_iter());
        assert!(Arc::ptr_eq(&first, &names.shared(["a", "b"].into_iter())));
        assert_eq!(*names.shared(["b", "a"].into_iter()), ["b", "a"]);
        for other in 0..2 * REMEMBERED {
            names.shared([other.to_string().as_str()].into_iter());
        }
        let again = names.shared(["a", "b"].into_iter());
        assert!(!Arc::ptr_eq(&first, &again) && first == again);
        assert_eq!(names.lists.len(), REMEMBERED);
    }
}
