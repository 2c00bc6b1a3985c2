//! A target for the hub's cache.

use embert_hub::Hub;

use crate::target::{chain, join, parts};
use crate::{Target, seeds};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

pub(super) static MODEL: Target = Target {
    name: "hub-model",
    about: "A cached model: the commit that its branch stands for, its index, the shards that this names",
    seeds: || {
        let index = seeds::whole("tests/fixtures/model-sharded/model.safetensors.index.json");
        vec![
            join(&[COMMIT.as_bytes(), b"{}", &index]),
            join(&[
                COMMIT.as_bytes(),
                b"{}",
                b"{\"metadata\": {}, \"weight_map\": {\"a\": \"a.safetensors\", \"b\": \"../b\"}}",
            ]),
            join(&[&b"main\n"[..], b"{}", b"{}"]),
        ]
    },
    words: &["\"weight_map\"", "\"metadata\"", "a.safetensors", "../", "/", "\\", "null", COMMIT],
    run: |folder, input| {
        let [reference, config, index] = parts(input);
        let snapshot = format!("models--o--n/snapshots/{COMMIT}");
        folder.with(&[
            ("models--o--n/refs/main", reference),
            (&format!("{snapshot}/config.json"), config),
            (&format!("{snapshot}/model.safetensors.index.json"), index),
            (&format!("{snapshot}/a.safetensors"), b"x"),
        ]);
        let hub = Hub::builder().unwrap().cache(folder.path()).offline(true).build();
        for name in ["o/n", &format!("o/n@{COMMIT}")] {
            match hub.model(name, &mut |_| {}) {
                Ok(files) => {
                    let inside =
                        |path: &std::path::PathBuf| path.starts_with(folder.path()) && path.is_file();
                    assert!(files.files.iter().all(inside), "files outside the cache: {:?}", files.files);
                }
                Err(error) => drop(chain(&error)),
            }
        }
        input.len()
    },
};
