//! The README of a data set's repository: which data sets it has, of which files, and what their classes are
//! called.

use serde_json::Value;

use crate::discover::named::Named;
use crate::discover::problem::FilesProblem;
use crate::read::{Header, Quoting, ReadOptions};

/// The parts of the front matter that describe the data.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Readme {
    /// The data sets in `configs`.
    pub(crate) configs: Vec<Config>,
    /// The hub's identifier of the licence, as `apache-2.0`.
    pub(crate) licence: Option<String>,
    /// `dataset_info`: a data set's name and its features.
    infos: Vec<(Option<String>, Value)>,
}

/// One data set of a repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Config {
    pub(crate) name: String,
    is_default: bool,
    /// The folder of the files: `data_dir`.
    pub(crate) folder: Option<String>,
    /// The patterns of each split, in the order of `data_files`; `None` where the files' names say the
    /// splits.
    pub(crate) splits: Option<Vec<(String, Vec<String>)>>,
    /// How the data set's files are read, as by `sep: ";"`.
    pub(crate) reading: ReadOptions,
    /// Settings for the reader of `datasets` that have no counterpart here.
    pub(crate) settings: Vec<String>,
    features: Value,
}

impl Readme {
    /// Reads the text of a README; the front matter is between two lines `---` at its top.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some(front) = front_matter(text) else { return Ok(Self::default()) };
        let front: Value = serde_saphyr::from_str(front).map_err(|error| error.to_string())?;
        let configs = match &front["configs"] {
            Value::Null => Vec::new(),
            Value::Array(configs) => configs.iter().map(Config::parse).collect::<Result<_, _>>()?,
            other => return Err(format!("`configs` is {other}, expected a list")),
        };
        let infos = match &front["dataset_info"] {
            Value::Array(infos) => infos.clone(),
            Value::Null => Vec::new(),
            info => vec![info.clone()],
        };
        let infos =
            infos.into_iter().map(|info| (name(&info["config_name"]), info["features"].clone())).collect();
        Ok(Self { configs, infos, licence: front["license"].as_str().map(str::to_owned) })
    }

    /// The data set called `wanted`; without a name, the only data set or the default one.
    pub(crate) fn config(&self, wanted: Option<&str>, place: &dyn Named) -> Result<&Config, FilesProblem> {
        let names = || self.configs.iter().map(|config| config.name.clone()).collect::<Vec<_>>();
        if let Some(wanted) = wanted {
            return self
                .configs
                .iter()
                .find(|config| config.name == wanted)
                .ok_or_else(|| FilesProblem::UnknownConfig { name: wanted.to_owned(), known: names() });
        }
        let is_default = |config: &&Config| config.is_default || config.name == "default";
        let mut defaults = self.configs.iter().filter(is_default);
        match (self.configs.as_slice(), defaults.next(), defaults.next()) {
            ([only], ..) => Ok(only),
            (_, Some(default), None) => Ok(default),
            _ => {
                let names = names();
                let commands = names.iter().map(|name| place.choose(name)).collect();
                Err(FilesProblem::Configs { names, commands })
            }
        }
    }

    /// The names of the classes of each column but `label` that has classes, or lists of them.
    pub(crate) fn other_class_names(&self, config: Option<&str>, label: &str) -> Vec<(String, Vec<String>)> {
        let features = self.features(config).into_iter().filter_map(Value::as_array).flatten();
        let names = features.filter_map(|feature| feature["name"].as_str()).filter(|name| *name != label);
        names.filter_map(|name| Some((name.to_owned(), self.class_names(config, name)?))).collect()
    }

    /// The names of the classes of a column, by their numbers.
    pub(crate) fn class_names(&self, config: Option<&str>, column: &str) -> Option<Vec<String>> {
        let features = self.features(config);
        let classes = features
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .find(|feature| feature["name"] == column)
            .and_then(classes)?;
        let names: Vec<String> = match classes {
            Value::Array(names) => names.iter().map(name).collect::<Option<_>>()?,
            Value::Object(names) => {
                let number = |index: usize| names.get(&index.to_string());
                (0..names.len()).map(|index| number(index).and_then(name)).collect::<Option<_>>()?
            }
            _ => return None,
        };
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        (names.len() > 1 && distinct.len() == names.len()).then_some(names)
    }

    /// The features of a data set: those of its entry in `configs`, then those of `dataset_info`.
    fn features(&self, config: Option<&str>) -> Vec<&Value> {
        let own = self.configs.iter().find(|other| Some(other.name.as_str()) == config);
        let info = match self.infos.as_slice() {
            [(None, features)] => Some(features),
            infos => {
                let config = config.unwrap_or("default");
                infos.iter().find(|(name, _)| name.as_deref() == Some(config)).map(|(_, features)| features)
            }
        };
        own.map(|config| &config.features).into_iter().chain(info).collect()
    }
}

/// The classes of a feature, also of a list of them: `sequence: {class_label: ...}`, or `list` of newer
/// versions.
fn classes(feature: &Value) -> Option<&Value> {
    let inner =
        |feature: &'_ Value| ["dtype", "sequence", "list"].into_iter().find(|key| feature[key].is_object());
    let mut feature = feature;
    while let Some(key) = inner(feature) {
        feature = &feature[key];
    }
    feature["class_label"].get("names")
}

impl Config {
    fn parse(value: &Value) -> Result<Self, String> {
        let Some(fields) = value.as_object() else {
            return Err(format!("an entry of `configs` is {value}, expected a table"));
        };
        let Some(own) = name(&value["config_name"]) else {
            return Err("an entry of `configs` has no `config_name`".to_owned());
        };
        let known =
            ["config_name", "data_files", "data_dir", "default", "features", "description", "version"];
        let has_heading = fields.get("header").is_some_and(|header| !header.is_null());
        let mut reading = ReadOptions::default();
        let mut settings = Vec::new();
        for (key, value) in fields.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            if !set(&mut reading, key, value, has_heading) {
                settings.push(format!("{key}={value}"));
            }
        }
        Ok(Self {
            is_default: value["default"] == true,
            folder: name(&value["data_dir"]),
            splits: match &value["data_files"] {
                Value::Null => None,
                files => Some(splits(files).ok_or_else(|| format!("`data_files` of {own} is {files}"))?),
            },
            reading,
            settings,
            features: value["features"].clone(),
            name: own,
        })
    }
}

/// Applies a setting of pandas' reader of CSV; false for a setting that has no counterpart here.
fn set(reading: &mut ReadOptions, key: &str, value: &Value, has_heading: bool) -> bool {
    match (key, value) {
        ("sep" | "delimiter", Value::String(text)) => {
            reading.delimiter = text.parse().ok();
            reading.delimiter.is_some()
        }
        ("encoding", Value::String(text)) => {
            reading.encoding = text.parse().ok();
            reading.encoding.is_some()
        }
        ("quoting", Value::Number(number)) => {
            reading.quoting = Some(if number.as_u64() == Some(3) { Quoting::None } else { Quoting::Csv });
            true
        }
        // Names in place of those of a heading have no counterpart.
        ("names" | "column_names", Value::Array(names)) if !has_heading => {
            let names: Option<Vec<String>> = names.iter().map(name).collect();
            let names = names.filter(|names| names.len() > 1 && !names.iter().any(|name| name.contains(',')));
            reading.header = names.and_then(|names| names.join(",").parse().ok());
            reading.header.is_some()
        }
        ("header", Value::Null) => {
            reading.header.get_or_insert(Header::Absent);
            true
        }
        ("header", value) => value == 0 || value == "infer",
        _ => false,
    }
}

/// The patterns of each split. Patterns without a split's name, as a text or a list, are those of the
/// training split.
fn splits(files: &Value) -> Option<Vec<(String, Vec<String>)>> {
    let paths = |value: &Value| match value {
        Value::String(path) => Some(vec![path.clone()]),
        Value::Array(paths) => {
            paths.iter().map(|path| path.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        }
        _ => None,
    };
    match files {
        Value::Object(splits) => {
            splits.iter().map(|(split, value)| Some((split.clone(), paths(value)?))).collect()
        }
        Value::Array(entries) if entries.iter().any(Value::is_object) => {
            entries.iter().map(|entry| Some((name(&entry["split"])?, paths(&entry["path"])?))).collect()
        }
        _ => Some(vec![("train".to_owned(), paths(files)?)]),
    }
}

/// A name, which YAML may take for a number or a truth value.
fn name(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn front_matter(text: &str) -> Option<&str> {
    let text = text.trim_start_matches('\u{feff}');
    let body = text.strip_prefix("---").filter(|rest| rest.starts_with(['\n', '\r']))?;
    body.split_once("\n---").map(|(front, _)| front)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Here;

    impl Named for Here {
        fn choose(&self, folder: &str) -> String {
            format!("d:{folder}")
        }
    }

    const README: &str = "---
license: mit
configs:
- config_name: en
  data_files: en/*.csv
- config_name: de
  default: true
  data_dir: de
  sep: ';'
  skiprows: 1
  data_files:
  - split: train
    path: [train.csv, more.csv]
  - split: dev
    path: dev.csv
dataset_info:
- config_name: de
  features:
  - name: label
    dtype:
      class_label:
        names:
          '0': schlecht
          '1': gut
- config_name: en
  features:
  - name: label
    dtype: string
---
# Reviews
";

    #[test]
    fn front_matter_says_which_data_sets_there_are() {
        let readme = Readme::parse(README).unwrap();
        assert_eq!(readme.licence.as_deref(), Some("mit"));
        let config = readme.config(None, &Here).unwrap();
        assert_eq!((config.name.as_str(), config.folder.as_deref()), ("de", Some("de")));
        let expected = [("train", vec!["train.csv", "more.csv"]), ("dev", vec!["dev.csv"])];
        let expected = expected.map(|(split, paths)| {
            (split.to_owned(), paths.into_iter().map(str::to_owned).collect::<Vec<_>>())
        });
        assert_eq!(config.splits.as_deref(), Some(&expected[..]));
        assert_eq!(config.reading.delimiter, Some(";".parse().unwrap()));
        assert_eq!(config.settings, ["skiprows=1"]);
        assert_eq!(readme.class_names(Some("de"), "label").unwrap(), ["schlecht", "gut"]);
        assert_eq!(readme.class_names(Some("en"), "label"), None);
        let en = readme.config(Some("en"), &Here).unwrap();
        assert_eq!(en.splits, Some(vec![("train".to_owned(), vec!["en/*.csv".to_owned()])]));
        let error = readme.config(Some("fr"), &Here).unwrap_err().to_string();
        assert!(error.contains("fr") && error.contains("en, de"), "{error}");
    }

    #[test]
    fn names_of_classes_in_lists_are_found() {
        for kind in ["sequence", "list", "dtype:\n        sequence", "sequence:\n        list"] {
            let inner = if kind.contains('\n') { "    " } else { "" };
            let text = format!(
                "---\ndataset_info:\n  features:\n  - name: tags\n    {kind}:\n      {inner}class_label:\n      {inner}  names:\n      {inner}    '0': O\n      {inner}    '1': B-PER\n---\n"
            );
            let readme = Readme::parse(&text).unwrap_or_else(|error| panic!("{text}{error}"));
            assert_eq!(readme.class_names(None, "tags").unwrap_or_else(|| panic!("{text}")), ["O", "B-PER"]);
            assert_eq!(readme.class_names(None, "label"), None);
            let [(name, names)] = &*readme.other_class_names(None, "label") else { panic!("{text}") };
            assert_eq!((name.as_str(), names.len()), ("tags", 2));
            assert!(readme.other_class_names(None, "tags").is_empty());
        }
    }

    #[test]
    fn several_data_sets_without_a_default_are_listed_with_what_to_type() {
        let readme = Readme::parse(&README.replace("default: true", "default: false")).unwrap();
        let error = readme.config(None, &Here).unwrap_err().to_string();
        assert!(error.contains("d:en, d:de"), "{error}");
        let both = README.replace("data_files: en/*.csv", "default: true");
        assert!(Readme::parse(&both).unwrap().config(None, &Here).is_err());
    }

    #[test]
    fn settings_of_the_reader_of_csv_are_taken_where_they_have_a_counterpart() {
        let config = |settings: &str| {
            let text = format!("---\nconfigs:\n- config_name: a\n  data_files: a.csv\n{settings}---\n");
            Readme::parse(&text).unwrap().configs.remove(0)
        };
        let taken = config(
            "  delimiter: \"\\t\"\n  header: null\n  names: [text, label]\n  quoting: 3\n  encoding: cp1252\n",
        );
        assert_eq!(taken.settings, Vec::<String>::new());
        assert_eq!(taken.reading.delimiter, Some("tab".parse().unwrap()));
        assert_eq!(taken.reading.header, Some(Header::Names(vec!["text".into(), "label".into()])));
        assert_eq!(taken.reading.quoting, Some(Quoting::None));
        assert!(taken.reading.encoding.is_some());
        assert_eq!(config("  header: null\n").reading.header, Some(Header::Absent));
        let left = config("  header: 0\n  names: [a, b]\n  sep: '::'\n  encoding: no-such\n");
        assert!(left.reading.is_default(), "{left:?}");
        assert_eq!(left.settings, ["names=[\"a\",\"b\"]", "sep=\"::\"", "encoding=\"no-such\""]);
    }

    #[test]
    fn a_readme_may_say_nothing() {
        for text in ["", "# Title", "---\nlicense: mit\n", "--- not\n---\n", "---\n\n---\n"] {
            let readme = Readme::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(readme, Readme::default(), "{text:?}");
        }
        for wrong in [
            "configs: 3",
            "configs: [3]",
            "configs:\n- data_files: a",
            "a: [",
            "configs:\n- config_name: a\n  data_files: 3",
        ] {
            assert!(Readme::parse(&format!("---\n{wrong}\n---\n")).is_err(), "{wrong}");
        }
    }
}
