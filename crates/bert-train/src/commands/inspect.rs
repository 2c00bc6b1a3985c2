//! `inspect`: a checkpoint's modules, parameters and tokenizer.

use std::path::Path;

use burn::tensor::Device;
use clap::Args;
use embert_data::tokenize::Tokenizer;
use embert_model::{DeviceChoice, Freeze, Head, LoadOptions, ModelFor, module_tree, named_parameters};
use embert_task::Task;
use serde_json::json;

use crate::arguments::JsonArgs;
use crate::error::Error;
use crate::output::say;
use crate::tasks::{task_of_model, with_task};
use crate::{output, sources};

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A folder, name, owner/name or owner/name@revision
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// Show what this would leave trainable: none, embeddings, encoder_below:N, embeddings+encoder_below:N,
    /// pooler or all_but_head
    #[arg(long, value_name = "WHAT", default_value = "none")]
    pub(crate) freeze: String,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

pub(crate) fn run(args: &InspectArgs) -> Result<(), Error> {
    let folder = sources::model_folder(&args.model)?;
    with_task!(task_of_model(&folder)?, T => inspect::<<T as Task>::Head>(args, &folder))
}

/// Prints the parts of the checkpoint in `folder` under a head.
fn inspect<H: Head>(args: &InspectArgs, folder: &Path) -> Result<(), Error> {
    let freeze: Freeze = args.freeze.parse()?;
    let (_, device): (_, Device) = "cpu".parse::<DeviceChoice>()?.resolve()?;
    let loaded = ModelFor::<H>::from_pretrained(folder, &LoadOptions::default(), &device)?;
    let model = freeze.apply(loaded.model)?;
    let parameters = named_parameters(&model);
    let count = |trainable: bool| -> usize {
        parameters
            .iter()
            .filter(|parameter| !trainable || parameter.trainable)
            .map(embert_model::NamedParameter::elements)
            .sum()
    };
    let tokenizer = Tokenizer::from_folder(folder)?;
    for note in tokenizer.notes() {
        say!("{note}");
    }
    let facts = tokenizer.facts();
    let labels = loaded.config.id2label.clone();
    let function = loaded.config.head_function();
    if args.json.json {
        let config: serde_json::Value = serde_json::from_str(&loaded.config.to_json()).unwrap_or_default();
        return output::json(&json!({
            "folder": folder.to_string_lossy(),
            "config": config,
            "parameters": count(false),
            "trainable_parameters": count(true),
            "tensors": parameters.iter().map(|parameter| json!({
                "name": parameter.name, "shape": parameter.shape, "trainable": parameter.trainable,
            })).collect::<Vec<_>>(),
            "newly_initialized": loaded.report.newly_initialized,
            "leftover": loaded.report.leftover,
            "labels": labels,
            "function": function.to_string(),
            "tokenizer": facts,
        }));
    }
    output::line(&format!("{}", folder.display()))?;
    output::block(&format!("{}", module_tree(&model)))?;
    output::line(&format!(
        "parameters  {} in all, {} trainable with freeze = {freeze}",
        output::thousands(count(false)),
        output::thousands(count(true))
    ))?;
    output::line(&format!("labels      {}", output::names(&labels)))?;
    let outputs = if labels.len() == 1 { "1 output".to_owned() } else { format!("{} outputs", labels.len()) };
    output::line(&format!("head        {outputs}, {function}"))?;
    for (what, names) in
        [("new         ", &loaded.report.newly_initialized), ("left over   ", &loaded.report.leftover)]
    {
        if !names.is_empty() {
            output::line(&format!("{what}{}", output::names(names)))?;
        }
    }
    output::line(&format!("tokenizer   {facts}"))
}
