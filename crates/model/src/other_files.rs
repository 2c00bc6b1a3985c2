//! Files in a checkpoint's folder that are not read: files that are refused, and files that an error names.

use std::fs;
use std::path::Path;

use crate::ModelError;

/// Refuses files in a checkpoint's folder that `transformers` reads and that change the model, but that are
/// not implemented.
pub(crate) fn refuse_other_parts(dir: &Path) -> Result<(), ModelError> {
    let adapter = dir.join("adapter_config.json");
    if adapter.is_file() {
        let problem = "an adapter on the weights of a base model, which is not implemented: merge it into them with PEFT (merge_and_unload) and save the result";
        return Err(ModelError::Part { path: adapter, problem });
    }
    match file_names(dir)?.into_iter().find(|name| is_process_shard(name)) {
        Some(name) => {
            let problem = "a part of a checkpoint that several processes wrote, which transformers reads in place of model.safetensors and which is not implemented: save the whole model";
            Err(ModelError::Part { path: dir.join(name), problem })
        }
        None => Ok(()),
    }
}

/// Whether the name is like `shard-00000-model-00001-of-00002.safetensors`: a file that one process of a
/// distributed training saved.
fn is_process_shard(name: &str) -> bool {
    name.strip_suffix(".safetensors").is_some_and(|name| {
        let parts: Vec<&str> = name.split('-').collect();
        let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        matches!(parts[..], ["shard", rank, "model", number, "of", count] if [rank, number, count].into_iter().all(is_number))
    })
}

/// Weight files in other formats or under other names, which the error for a folder without weights names.
pub(crate) fn other_weights(dir: &Path) -> Result<Vec<String>, ModelError> {
    const FORMATS: [&str; 8] = ["safetensors", "bin", "pt", "pth", "h5", "msgpack", "gguf", "onnx"];
    let mut names = file_names(dir)?;
    names.retain(|name| {
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
        // Files that the `transformers` Trainer keeps beside the weights.
        extension.is_some_and(|extension| FORMATS.contains(&extension))
            && !["training_args.bin", "optimizer.pt", "scheduler.pt"].contains(&name.as_str())
    });
    Ok(names)
}

/// The names of the folder's entries, sorted.
fn file_names(dir: &Path) -> Result<Vec<String>, ModelError> {
    let failed = |source| ModelError::Read { path: dir.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_not_implemented_are_refused_by_name() {
        for (name, refused) in [
            ("adapter_config.json", true),
            ("shard-00000-model-00001-of-00002.safetensors", true),
            ("adapter_model.safetensors", false),
            ("model-00001-of-00002.safetensors", false),
            ("shard-0-model-00001-of-00002.safetensors", false),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(name), "x").unwrap();
            match refuse_other_parts(dir.path()) {
                Err(error) if refused => assert!(error.to_string().contains(name), "{error}"),
                Ok(()) if !refused => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
