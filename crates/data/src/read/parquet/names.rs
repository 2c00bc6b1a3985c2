//! Names of classes that `datasets` leaves in a file.

use parquet::file::metadata::FileMetaData;
use serde_json::Value as Json;

/// The names of a column's class numbers, from the features that `datasets` writes into a file's metadata.
/// Metadata of another form count as absent: only that library says what they mean.
pub(super) fn class_names(metadata: &FileMetaData, column: &str) -> Option<Vec<String>> {
    let pairs = metadata.key_value_metadata()?;
    let text = pairs.iter().find(|pair| pair.key == "huggingface")?.value.as_ref()?;
    let features: Json = serde_json::from_str(text).ok()?;
    let features = features.get("info")?.get("features")?;
    let mut feature = match features.get(column) {
        Some(feature) => feature,
        None => column.split('.').try_fold(features, |features, name| features.get(name))?,
    };
    // A list of classes: `{"feature": {...}, "_type": "Sequence"}`, or `List` of newer versions, or
    // `[{...}]`.
    while let Some(inner) = feature.get("feature").or_else(|| feature.get(0)) {
        feature = inner;
    }
    if feature.get("_type")? != "ClassLabel" {
        return None;
    }
    let names = feature.get("names")?.as_array()?;
    names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}
