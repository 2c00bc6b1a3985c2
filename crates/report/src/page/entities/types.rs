//! [`Types`]: the types of entities with their scores, and the matrix of types against types.

use std::collections::BTreeMap;

use embert_run::{MetricInfo, TaggedExample};
use maud::{Markup, html};

use super::super::figure::Table;
use super::super::matrix::Matrix;
use crate::class_figures::ClassFigures;
use crate::counts::Counts;
use crate::entities::{Compared, Verdict};
use crate::examples::Split;
use crate::measures;
use crate::number::{counted, or_dash, thousands};

/// The most types of the matrix: its cells grow with the square.
const MOST_IN_MATRIX: usize = 15;
/// The name of the average that counts the entities of all types together.
const MICRO: &str = "micro";
/// The rows of the table that are open.
const OPEN_ROWS: usize = 20;

/// A type of entities.
pub(super) struct TypeRow {
    pub(super) name: String,
    pub(super) figures: ClassFigures,
    /// The number of true entities.
    pub(super) support: usize,
}

/// The types of a split, with the figures that the run recorded; where it recorded none, they are computed
/// from the examples.
pub(super) struct Types {
    pub(super) rows: Vec<TypeRow>,
    /// The recorded averages over the types, by name.
    averages: Vec<(String, ClassFigures)>,
    /// A row for each true type, a column for each found one; the last of both is no entity.
    counts: Vec<Vec<usize>>,
}

impl Types {
    pub(super) fn of(split: &Split<'_, TaggedExample>, compared: &[Compared<'_>]) -> Self {
        Self::recorded(split).unwrap_or_else(|| Self::computed(compared))
    }

    fn recorded(split: &Split<'_, TaggedExample>) -> Option<Self> {
        let detail = &split.scores?.detail;
        let counts = detail.confusion_matrix.clone();
        let row = |(number, class): (usize, &embert_run::ClassScores)| {
            let figures = ClassFigures::recorded(&class.metrics, Counts::of_class(&counts, number));
            Some(TypeRow { name: class.name.clone()?, figures, support: class.examples })
        };
        let rows: Vec<TypeRow> = detail.classes.iter().enumerate().map(row).collect::<Option<_>>()?;
        let size = rows.len() + 1;
        let fits = !rows.is_empty() && counts.len() == size && counts.iter().all(|row| row.len() == size);
        let all = Counts::of_all(&counts, rows.len());
        let average = |average: &embert_run::Average| {
            // The other averages have the zeros of undefined types.
            let counts = all.filter(|all| average.name == MICRO || all.truths + all.found == 0);
            (format!("{} average", average.name), ClassFigures::recorded(&average.metrics, counts))
        };
        let averages = detail.averages.iter().map(average).collect();
        fits.then_some(Self { rows, averages, counts })
    }

    fn computed(compared: &[Compared<'_>]) -> Self {
        let outcomes = || compared.iter().flat_map(|one| &one.outcomes);
        let mut by_type: BTreeMap<&str, Counts> = BTreeMap::new();
        for outcome in outcomes() {
            if let Some(truth) = outcome.truth {
                let counts = by_type.entry(&truth.entity_group).or_default();
                counts.truths += 1;
                counts.right += usize::from(outcome.is_right());
            }
            if let Some(found) = outcome.found {
                by_type.entry(&found.entity_group).or_default().found += 1;
            }
        }
        let numbers: BTreeMap<&str, usize> = by_type.keys().copied().zip(0..).collect();
        let none = numbers.len();
        let mut counts = vec![vec![0; none + 1]; none + 1];
        for outcome in outcomes() {
            let number = |group: Option<&String>| group.map_or(none, |group| numbers[group.as_str()]);
            let truth = number(outcome.truth.map(|entity| &entity.entity_group));
            let found = number(outcome.found.map(|entity| &entity.entity_group));
            // As the run itself counts: with other bounds an entity is both missed and invented.
            if matches!(outcome.verdict(), Verdict::OtherBounds | Verdict::OtherBoth) {
                counts[truth][none] += 1;
                counts[none][found] += 1;
            } else {
                counts[truth][found] += 1;
            }
        }
        let row = |(name, counts): (&str, Counts)| TypeRow {
            name: name.to_owned(),
            figures: ClassFigures::of(counts),
            support: counts.truths,
        };
        Self { rows: by_type.into_iter().map(row).collect(), averages: Vec::new(), counts }
    }

    /// The numbers of at most `most` types, those with the most entities, in the order of the rows.
    pub(super) fn largest(&self, most: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(self.rows[index].support));
        order.truncate(most);
        order.sort_unstable();
        order
    }

    pub(super) fn matrix(&self) -> Markup {
        let mut shown = self.largest(MOST_IN_MATRIX);
        let left_out = self.rows.len() - shown.len();
        let names: Vec<String> = shown.iter().map(|&index| self.rows[index].name.clone()).collect();
        let names: Vec<String> = names.into_iter().chain(["no entity".to_owned()]).collect();
        shown.push(self.rows.len());
        let (none, last) = (self.rows.len(), names.len() - 1);
        html! {
            (Matrix { label: "Types against types", corner: "true ╲ found", names: &names }
                .of_entities(
                    |row, column| self.counts[shown[row]][shown[column]],
                    |row| self.counts[shown[row]].iter().sum(),
                    last,
                ))
            @if left_out > 0 {
                p class="note" { (counted(left_out, "type")) " with fewer entities " (if left_out == 1 { "is" } else { "are" }) " left out; shares are of all types." }
            }
            p class="note" {
                (thousands((0..none).map(|row| self.counts[row][none]).sum())) " true entities have no found one with the same bounds, and "
                (thousands((0..none).map(|column| self.counts[none][column]).sum())) " found ones have no true one with them."
            }
        }
    }

    pub(super) fn table(&self, known: &[MetricInfo]) -> Markup {
        let named = ClassFigures::names(self.rows.iter().map(|row| &row.figures));
        let of = |name: &str, figures: &ClassFigures, entities: usize| -> Vec<String> {
            let figures = named.iter().map(|name| or_dash(figures.get(name)));
            std::iter::once(name.to_owned()).chain(figures).chain([thousands(entities)]).collect()
        };
        let rows = self.rows.iter().map(|row| of(&row.name, &row.figures, row.support));
        let all = self.rows.iter().map(|row| row.support).sum();
        let averages = self.averages.iter().map(|(name, figures)| of(name, figures, all));
        let titles = named.iter().map(|name| measures::of_label(name, known));
        let headings = ["type".to_owned()].into_iter().chain(titles).chain(["entities".to_owned()]);
        let (mut open, others) = Table::new(headings, rows.collect()).split(OPEN_ROWS);
        open.rows.extend(averages);
        html! {
            (open.render("Figures by type"))
            @if let Some(others) = others {
                details { summary { "The other " (counted(others.rows.len(), "type")) } (others.render("Other types")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{Average, ClassScores, Detail, Entity, Metrics, PredictedEntity, SplitScores};

    use super::*;

    #[test]
    fn what_a_run_has_not_recorded_is_computed_from_its_examples() {
        let entity = |group: &str, start| Entity { entity_group: group.to_owned(), start, end: start + 2 };
        let found = |group: &str, start| PredictedEntity {
            entity_group: group.to_owned(),
            score: 0.5,
            start,
            end: start + 2,
        };
        let example = TaggedExample {
            split: "test".to_owned(),
            id: 0,
            text: "x".repeat(40),
            entities: vec![entity("PER", 0), entity("LOC", 4), entity("LOC", 8), entity("LOC", 12)],
            predicted: vec![found("PER", 0), found("PER", 4), found("LOC", 9), found("ORG", 20)],
            words: 9,
            tokens: 9,
        };
        let compared = [Compared::of(&example)];
        let split = Split { name: "test", examples: vec![&example], scores: None };
        let types = Types::of(&split, &compared);
        let names: Vec<(&str, usize)> =
            types.rows.iter().map(|row| (row.name.as_str(), row.support)).collect();
        assert_eq!(names, [("LOC", 3), ("ORG", 0), ("PER", 1)]);
        assert_eq!(types.counts, [[0, 0, 1, 2], [0, 0, 0, 0], [0, 0, 1, 0], [1, 1, 0, 0]]);
        assert_eq!(types.rows[2].figures.get("precision"), Some(0.5));
        assert_eq!((types.rows[1].figures.get("recall"), types.rows[0].figures.get("f1")), (None, Some(0.0)));
        assert_eq!(types.largest(1), [0]);
    }

    #[test]
    fn a_type_that_is_never_found_has_no_precision() {
        let class = |name: &str, values: [f64; 3], examples| ClassScores {
            name: Some(name.to_owned()),
            metrics: ["precision", "recall", "f1"].into_iter().zip(values).collect(),
            examples,
        };
        let average = |name: &str| Average {
            name: name.to_owned(),
            metrics: ["precision", "recall", "f1"].into_iter().zip([0.0; 3]).collect(),
        };
        let row_of = |detail: Detail, name: &str| {
            let scores = SplitScores {
                split: "test".to_owned(),
                examples: 9,
                metrics: Metrics::default(),
                detail,
                baselines: Vec::new(),
            };
            let split = Split { name: "test", examples: Vec::new(), scores: Some(&scores) };
            let html = Types::of(&split, &[]).table(&[]).into_string();
            let row = html.split(&format!(">{name}</th>")).nth(1).unwrap().split("</tr>").next().unwrap();
            row.replace("<td>", "").split_terminator("</td>").collect::<Vec<_>>().join(" ")
        };
        let detail = Detail {
            classes: vec![
                class("LOC", [0.0; 3], 2),
                class("ORG", [0.0; 3], 0),
                class("PER", [0.0; 3], 1),
                class("EVENT", [0.0; 3], 0),
            ],
            averages: vec![average("micro"), average("macro")],
            // LOC is missed, ORG invented, PER taken for ORG, and there is no EVENT.
            confusion_matrix: vec![
                vec![0, 0, 0, 0, 2],
                vec![0; 5],
                vec![0, 1, 0, 0, 0],
                vec![0; 5],
                vec![0, 2, 0, 0, 0],
            ],
            ..Detail::default()
        };
        for (name, row) in [
            ("LOC", "– 0.0000 0.0000 2"),
            ("ORG", "0.0000 – 0.0000 0"),
            ("PER", "– 0.0000 0.0000 1"),
            ("EVENT", "– – – 0"),
            ("micro average", "0.0000 0.0000 0.0000 3"),
            ("macro average", "0.0000 0.0000 0.0000 3"),
        ] {
            assert_eq!(row_of(detail.clone(), name), row, "{name}");
        }
        // Nothing is found at all.
        let nothing = Detail {
            classes: vec![class("LOC", [0.0; 3], 2)],
            confusion_matrix: vec![vec![0, 2], vec![0, 0]],
            ..detail.clone()
        };
        assert_eq!(row_of(nothing.clone(), "micro average"), "– 0.0000 0.0000 2");
        assert_eq!(row_of(nothing, "macro average"), "0.0000 0.0000 0.0000 2");
        let no_entity = Detail {
            classes: vec![class("LOC", [0.0; 3], 0)],
            confusion_matrix: vec![vec![0, 0], vec![0, 0]],
            ..detail
        };
        assert_eq!(row_of(no_entity, "macro average"), "– – – 0");
    }

    /// The shares of a row are of all its entities, those with a type that the table leaves out included.
    #[test]
    fn a_share_is_of_the_whole_row_where_types_are_left_out() {
        let all = MOST_IN_MATRIX + 1;
        let mut counts = vec![vec![0; all + 1]; all + 1];
        for (kind, row) in counts.iter_mut().take(all).enumerate() {
            row[kind] = 2;
        }
        // The last type has the fewest entities; 6 of the first type's 8 entities are taken for it.
        counts[all - 1][all - 1] = 1;
        counts[0][all - 1] = 6;
        let rows = (0..all).map(|kind| TypeRow {
            name: format!("T{kind}"),
            figures: ClassFigures::default(),
            support: counts[kind].iter().sum(),
        });
        let types = Types { rows: rows.collect(), averages: Vec::new(), counts: counts.clone() };
        let html = types.matrix().into_string();
        assert!(html.contains("1 type with fewer entities is left out; shares are of all types."), "{html}");
        let first = html.split("T0</th><td").nth(1).unwrap().split("</td>").next().unwrap();
        assert!(first.contains("2 <small>25.0 %</small>"), "{first}");
    }
}
