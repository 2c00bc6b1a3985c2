//! The paths in a run's `config.toml`, which must mean the same from every working folder.

use std::path::{Component, Path, PathBuf};

use embert_sweep::Sweep;
use embert_train::{ConfigBuilder, TrainConfig};

use crate::error::Error;
use crate::output::say;
use crate::sources;

/// The absolute path, links kept; the path itself if there is no working folder.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The settings of the run in the folder `run`, with absolute paths of its model and data set.
///
/// Older versions stored relative paths as they were typed. A relative path starts at the folder that the run
/// was begun in, which follows from the run's path and its `output`, else at the working folder. A message
/// says which folder it is.
pub(crate) fn names_of_run(run: &Path, config: TrainConfig) -> Result<TrainConfig, Error> {
    let model = name_of_run(run, &config, Name { what: "model", key: "model", text: &config.model })?;
    let dataset = dataset_of_run(run, &config)?;
    Ok(TrainConfig { model, dataset, ..config })
}

/// The data set of the run in the folder `run`, with its absolute path.
pub(crate) fn dataset_of_run(run: &Path, config: &TrainConfig) -> Result<String, Error> {
    name_of_run(run, config, Name { what: "data set", key: "dataset", text: &config.dataset })
}

/// A path in a config: the kind of thing that it names, its key and its text.
#[derive(Clone, Copy)]
struct Name<'a> {
    what: &'static str,
    key: &'static str,
    text: &'a str,
}

fn name_of_run(run: &Path, config: &TrainConfig, name: Name<'_>) -> Result<String, Error> {
    let Name { what, key, text } = name;
    let path = Path::new(text);
    let settings = run.join("config.toml");
    if path.is_absolute() {
        // `path:name` is one of several data sets in a folder.
        let is_part = || text.rsplit_once(':').is_some_and(|(folder, _)| Path::new(folder).is_dir());
        return if path.exists() || is_part() {
            Ok(text.to_owned())
        } else {
            Err(Error::Gone { what, key, path: path.to_owned(), config: settings })
        };
    }
    let began_in = run.canonicalize().ok().and_then(|run| working_folder(&run, config.output.as_deref()?));
    let found = match &began_in {
        Some(folder) if folder.join(path).exists() => absolute(&folder.join(path)),
        // The working folder has a path of that name, which may be another file than the run's.
        Some(folder) if path.exists() => {
            let (name, folder) = (text.to_owned(), folder.clone());
            return Err(Error::OtherFolder { what, key, name, folder, config: settings });
        }
        // A shipped model keeps its name.
        None if path.exists() => match key {
            "model" => PathBuf::from(sources::absolute_model(text)),
            _ => absolute(path),
        },
        _ => return Ok(text.to_owned()),
    };
    if found == path {
        return Ok(text.to_owned());
    }
    let Some(found) = found.to_str() else { return Ok(text.to_owned()) };
    say!("{} has a relative path of an older version: the {what} {text} is {found}", settings.display());
    Ok(found.to_owned())
}

/// The sweep in `folder`, with absolute paths of its models and data sets. Relative paths of an older version
/// are relative to the folder that the sweep was begun in, which its first run tells.
pub(crate) fn names_of_sweep(folder: &Path, sweep: Sweep) -> Result<Sweep, Error> {
    let Some(began_in) = began_in(folder) else { return Ok(sweep) };
    let named = sweep.with_names(|key, name| {
        let path = absolute(&began_in.join(name));
        match path.to_str() {
            Some(found) if Path::new(name).is_relative() && path.exists() && found != name => {
                say!(
                    "{} has a relative path of an older version: the {key} {name} is {found}",
                    folder.display()
                );
                found.to_owned()
            }
            _ => name.to_owned(),
        }
    })?;
    Ok(named)
}

/// The folder that a sweep of an older version was begun in, by a run whose output is relative to it.
fn began_in(sweep: &Path) -> Option<PathBuf> {
    let runs = std::fs::read_dir(sweep.join("runs")).ok()?;
    runs.flatten().find_map(|run| {
        let config = ConfigBuilder::recorded().file(&run.path().join("config.toml")).ok()?.build().ok()?;
        working_folder(&run.path().canonicalize().ok()?, config.output.as_deref()?)
    })
}

/// The folder relative to which `output` is `run`, if there is one.
fn working_folder(run: &Path, output: &Path) -> Option<PathBuf> {
    let mut folder = run;
    for part in output.components().rev() {
        match part {
            Component::Normal(name) if folder.file_name() == Some(name) => folder = folder.parent()?,
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runs_place_and_its_output_tell_where_it_was_begun() {
        let of = |output: &str| working_folder(Path::new("/home/a/w1/runs/x"), Path::new(output));
        assert_eq!(of("runs/x"), Some("/home/a/w1".into()));
        assert_eq!(of("./x"), Some("/home/a/w1/runs".into()));
        assert_eq!(of("x/"), Some("/home/a/w1/runs".into()));
        // The run was moved since, or `output` was another path.
        for output in ["runs/y", "../x", "/home/a/w1/runs/x"] {
            assert_eq!(of(output), None, "{output}");
        }
    }

    fn config(model: &str, dataset: &str, output: &str) -> TrainConfig {
        TrainConfig {
            model: model.to_owned(),
            dataset: dataset.to_owned(),
            output: Some(output.into()),
            ..TrainConfig::default()
        }
    }

    #[test]
    fn relative_paths_of_old_runs_are_those_of_the_folder_they_were_begun_in() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        std::fs::create_dir_all(place.join("runs/x")).unwrap();
        std::fs::create_dir(place.join("bert")).unwrap();
        std::fs::write(place.join("reviews.csv"), "text,label\n").unwrap();
        let run = place.join("runs/x");
        let found = names_of_run(&run, config("./bert", "reviews.csv", "runs/x")).unwrap();
        assert_eq!(Path::new(&found.model), place.join("./bert"));
        assert_eq!(Path::new(&found.dataset), place.join("reviews.csv"));
        // Names of the hub and of cards, which are no existing paths.
        let named = names_of_run(&run, config("owner/name", "imdb", "runs/x")).unwrap();
        assert_eq!((named.model.as_str(), named.dataset.as_str()), ("owner/name", "imdb"));
        // The working folder of this test has a `src` too, which is not the run's.
        let error = dataset_of_run(&run, &config("./bert", "src", "runs/x")).unwrap_err().to_string();
        assert!(error.contains("dataset = \"src\"") && error.contains("whole path"), "{error}");
        // The folder that the run was begun in is unknown, so the working folder counts.
        let here = dataset_of_run(&run, &config("./bert", "src", "elsewhere")).unwrap();
        assert_eq!(Path::new(&here), absolute(Path::new("src")));
    }

    #[test]
    fn a_path_that_is_gone_is_said_with_the_file_that_names_it() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("gone.csv");
        let error = dataset_of_run(place.path(), &config("m", data.to_str().unwrap(), "x")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("gone.csv does not exist") && error.contains("config.toml"), "{error}");
    }
}
