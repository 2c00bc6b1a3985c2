//! `inspect`, `tokenize`, `devices` and `completions`.

use embert_tests::program::{bert_train, succeed};
use serde_json::Value;

use crate::predict::model;

#[test]
fn inspect_counts_what_is_there() {
    let said = succeed(bert_train().arg("inspect").arg(model()).arg("--json"));
    let facts: Value = serde_json::from_str(&said).unwrap();
    let tensors = facts["tensors"].as_array().unwrap();
    let sum: u64 = tensors
        .iter()
        .map(|tensor| {
            tensor["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product::<u64>()
        })
        .sum();
    assert_eq!(facts["parameters"], sum);
    assert_eq!(facts["trainable_parameters"], sum);
    assert_eq!(facts["labels"], serde_json::json!(["neg", "pos"]));
    let layers = tensors
        .iter()
        .filter(|t| t["name"].as_str().unwrap().contains("attention.self.query.weight"))
        .count();
    assert_eq!(layers, 2);

    let table = succeed(bert_train().arg("inspect").arg(model()).args(["--freeze", "all_but_head"]));
    assert!(table.contains("classifier") && table.contains("258 trainable"), "{table}");
}

#[test]
fn tokenize_shows_each_token() {
    let said = succeed(
        bert_train()
            .args(["tokenize", "--max-length", "6", "--json", "--model"])
            .arg(model())
            .args(["the film is good and the food is bad", "yes"]),
    );
    let shown: Value = serde_json::from_str(&said).unwrap();
    let tokens = shown["tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), 6);
    assert_eq!((&tokens[0], &tokens[5]), (&"[CLS]".into(), &"[SEP]".into()));
    assert_eq!(shown["truncated"], true);
    assert_eq!(shown["token_type_ids"][5], 1);
    for (truncation, kept) in
        [("tail", ["the", "soup", "is", "bad"]), ("head_tail:2", ["the", "film", "is", "bad"])]
    {
        let mut command = bert_train();
        command.args(["tokenize", "--max-length", "6", "--json", "--truncation", truncation, "--model"]);
        let said = succeed(command.arg(model()).arg("the film is good and the soup is bad"));
        let shown: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(shown["tokens"].as_array().unwrap()[1..5], kept, "{truncation}");
    }
    let table = succeed(bert_train().args(["tokenize", "--model"]).arg(model()).arg("good"));
    assert!(table.contains("[CLS]") && table.contains("good"), "{table}");
}

#[test]
fn devices_says_what_auto_picks() {
    let said = succeed(bert_train().args(["devices", "--json"]));
    let facts: Value = serde_json::from_str(&said).unwrap();
    let auto = facts["auto"].as_str().unwrap();
    let picked =
        facts["backends"].as_array().unwrap().iter().find(|backend| backend["name"] == auto).unwrap();
    assert!(picked["compiled"] == true && picked["devices"].as_u64().unwrap() > 0, "{facts}");
}

#[test]
fn completions_name_the_commands() {
    let script = succeed(bert_train().args(["completions", "bash"]));
    assert!(
        script.contains("predict") && script.contains("--learning-rate"),
        "no completions: {}",
        script.len()
    );
}
