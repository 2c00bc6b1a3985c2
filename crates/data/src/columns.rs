//! [`Columns`]: which columns of a file are read, and as which kind.

/// Which columns of a file are read, in the order in which a [`Row`](crate::Row) has them. A column that is
/// asked for by its name must be in the file; columns that nobody asked for are not read.
///
/// A name with dots is a column's own name, or else the way to a value within structs: `answers.text`.
///
/// ```
/// use embert_data::Columns;
///
/// let columns = Columns::new().with_text("sentence").with_label("label");
/// let of_a_question = Columns::new().with_text("question").with_text("context").with("answers");
/// # assert_ne!(columns, of_a_question);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    wanted: Vec<Wanted>,
    all: bool,
}

/// A column that is asked for by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// The kind as which a column is read, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A text in each row.
    Text,
    /// A text, a number, a truth value or a list of them, or nothing.
    Label,
    /// Any value.
    Any,
}

impl Columns {
    /// No column yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also reads a column of texts: a row in which the text is null or missing can't be used.
    #[must_use]
    pub fn with_text(self, name: impl Into<String>) -> Self {
        self.and(name.into(), Kind::Text)
    }

    /// Also reads a column of labels: each a text, a number, a truth value, or a list of them. A label that
    /// is null, missing in an object of JSON, or a text of white space alone is
    /// [`Value::Null`](crate::Value::Null).
    #[must_use]
    pub fn with_label(self, name: impl Into<String>) -> Self {
        self.and(name.into(), Kind::Label)
    }

    /// Also reads a column of any values, nested ones too, each as it stands in the file. A key that an
    /// object of JSON lacks is [`Value::Null`](crate::Value::Null).
    #[must_use]
    pub fn with(self, name: impl Into<String>) -> Self {
        self.and(name.into(), Kind::Any)
    }

    /// Also reads each other column of the file, as [`with`](Self::with) does, after the ones that are named.
    #[must_use]
    pub fn with_all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Leaves out the column `name`, unless all columns are read.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.wanted.retain(|wanted| wanted.name != name);
        self
    }

    /// Adds a column. A column that is added twice is read once, as the stricter kind.
    fn and(mut self, name: String, kind: Kind) -> Self {
        match self.wanted.iter_mut().find(|wanted| wanted.name == name) {
            Some(wanted) => wanted.kind = wanted.kind.min(kind),
            None => self.wanted.push(Wanted { name, kind }),
        }
        self
    }

    /// The columns that are asked for by their names.
    pub(crate) fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// Whether all other columns are read too.
    pub(crate) fn all(&self) -> bool {
        self.all
    }

    /// The names of the columns that are asked for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> + Clone {
        self.wanted.iter().map(|wanted| &wanted.name)
    }

    /// The names of the columns of a kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &String> {
        self.wanted.iter().filter(move |wanted| wanted.kind == kind).map(|wanted| &wanted.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_asked_for_twice_is_read_as_what_demands_more() {
        let columns = Columns::new().with("a").with_label("b").with_text("a").with("b");
        assert_eq!(columns, Columns::new().with_text("a").with_label("b"));
        assert_eq!(columns.without("a"), Columns::new().with_label("b"));
    }
}
