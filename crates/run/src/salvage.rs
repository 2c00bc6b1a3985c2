//! [`Salvaged`]: the readable part of a `sweep.json` that was cut or overwritten.

use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::At as _;
use crate::{PointResult, RunError, RunResult, SweepTable};

/// The part of a damaged `sweep.json` before the damage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Salvaged {
    /// The complete runs, those of the damaged point included.
    pub runs: Vec<RunResult>,
    /// The table with the complete points; `None` if the table's beginning is damaged.
    pub table: Option<SweepTable>,
}

impl Salvaged {
    /// Reads the file up to the damage.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let bytes = std::fs::read(path).at(path)?;
        let mut parts = Parts::default();
        // The error is the damage, which the caller knows of.
        let _ = Table(&mut parts).deserialize(&mut serde_json::Deserializer::from_slice(&bytes));
        let Parts { mut head, points, runs } = parts;
        head.insert("points".to_owned(), Value::Array(Vec::new()));
        let table = serde_json::from_value::<SweepTable>(Value::Object(head)).ok();
        Ok(Self { runs, table: table.map(|table| SweepTable { points, ..table }) })
    }
}

/// The parts that were read before an error.
#[derive(Default)]
struct Parts {
    /// The table's other fields.
    head: Map<String, Value>,
    points: Vec<PointResult>,
    runs: Vec<RunResult>,
}

/// Deserializers that store into their field, so that an error keeps the parts before it: one for each level
/// of the file.
struct Table<'a>(&'a mut Parts);
struct Points<'a>(&'a mut Parts);
struct Point<'a>(&'a mut Parts);
struct Runs<'a> {
    all: &'a mut Vec<RunResult>,
    of_point: &'a mut Vec<RunResult>,
}

macro_rules! reads {
    ($seed:ident, $method:ident) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.$method(self)
            }
        }
    };
}
reads!(Table, deserialize_map);
reads!(Points, deserialize_seq);
reads!(Point, deserialize_map);
reads!(Runs, deserialize_seq);

impl<'de> Visitor<'de> for Table<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a sweep's table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "points" {
                map.next_value_seed(Points(self.0))?;
            } else {
                let value = map.next_value()?;
                self.0.head.insert(key, value);
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Points<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a sweep's points")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut points: A) -> Result<(), A::Error> {
        while points.next_element_seed(Point(self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> Visitor<'de> for Point<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a point of a sweep")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut fields, mut runs) = (Map::new(), Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            if key == "runs" {
                map.next_value_seed(Runs { all: &mut self.0.runs, of_point: &mut runs })?;
            } else {
                fields.insert(key, map.next_value()?);
            }
        }
        fields.insert("runs".to_owned(), Value::Array(Vec::new()));
        let point = PointResult::deserialize(Value::Object(fields)).map_err(serde::de::Error::custom)?;
        self.0.points.push(PointResult { runs, ..point });
        Ok(())
    }
}

impl<'de> Visitor<'de> for Runs<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the runs of a point")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut runs: A) -> Result<(), A::Error> {
        while let Some(run) = runs.next_element::<RunResult>()? {
            self.all.push(run.clone());
            self.of_point.push(run);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Baseline, Better, Status};

    fn table() -> SweepTable {
        let run = |point: usize, seed: u64| RunResult {
            run: format!("runs/point-0{point}-seed-{seed}"),
            seed,
            status: if seed == 0 { Status::Complete } else { Status::Failed },
            error: (seed == 1).then(|| format!("why {point}")),
            value: Some(0.1),
            step: Some(3),
            seconds: Some(1.0),
            metrics: Some([("share", 0.1)].into_iter().collect()),
            baselines: vec![Baseline {
                name: "a".to_owned(),
                metrics: [("share", 0.05)].into_iter().collect(),
            }],
        };
        let point = |point: usize| PointResult {
            point: format!("point-0{point}"),
            settings: Map::from_iter([("epochs".to_owned(), Value::from(point))]),
            mean: Some(0.1),
            standard_deviation: None,
            baseline: Some(0.05),
            seconds: Some(1.0),
            trainable: Some(4),
            parameters: Some(8),
            runs: vec![run(point, 0), run(point, 1)],
        };
        SweepTable {
            format: crate::FORMAT,
            name: "s".to_owned(),
            metric: "share".to_owned(),
            better: Better::Higher,
            split: "validation".to_owned(),
            keys: vec!["epochs".to_owned()],
            seeds: vec![0, 1],
            points: vec![point(1), point(2)],
        }
    }

    /// Cut after every byte: a longer file never gives less, and the complete file gives everything.
    #[test]
    fn what_stands_before_the_damage_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sweep.json");
        let whole = serde_json::to_vec_pretty(&table()).unwrap();
        let (mut runs, mut points) = (0, 0);
        for end in 0..=whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            let found = Salvaged::read(&path).unwrap();
            let of_table = found.table.as_ref().map_or(0, |table| table.points.len());
            assert!(found.runs.len() >= runs && of_table >= points, "after {end} bytes");
            (runs, points) = (found.runs.len(), of_table);
            assert_eq!(found.runs, table().runs().take(runs).cloned().collect::<Vec<_>>());
            assert_eq!(SweepTable::read(&path).is_ok(), end == whole.len(), "after {end} bytes");
        }
        assert_eq!((runs, Salvaged::read(&path).unwrap().table), (4, Some(table())));
    }
}
