//! What the comparisons with other libraries share.

use std::collections::BTreeSet;

use serde_json::Value;

/// Keys, counts, names and nulls must be equal, floating-point numbers within `tolerance`.
pub(crate) fn assert_close(found: &Value, expected: &Value, tolerance: f64, place: &str) {
    match (found, expected) {
        (Value::Object(found_fields), Value::Object(expected_fields)) => {
            let names = |fields: &serde_json::Map<String, Value>| -> BTreeSet<String> {
                fields.keys().cloned().collect()
            };
            assert_eq!(names(found_fields), names(expected_fields), "{place}");
            for (name, value) in found_fields {
                assert_close(value, &expected_fields[name], tolerance, &format!("{place}: {name}"));
            }
        }
        (Value::Array(found_items), Value::Array(expected_items)) => {
            assert_eq!(found_items.len(), expected_items.len(), "{place}: {found} against {expected}");
            for (index, (found, expected)) in found_items.iter().zip(expected_items).enumerate() {
                assert_close(found, expected, tolerance, &format!("{place}: {index}"));
            }
        }
        (Value::Number(found), Value::Number(expected)) if found.is_f64() => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((found - expected).abs() <= tolerance, "{place}: {found} against {expected}");
        }
        _ => assert_eq!(found, expected, "{place}"),
    }
}
