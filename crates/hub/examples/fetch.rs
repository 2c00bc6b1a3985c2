//! Fetches a model, or takes it from the cache:
//! `cargo run -p embert-hub --example fetch -- owner/name[@revision]`

#![allow(clippy::print_stdout)]

use embert_hub::{Event, Hub, HubError};

fn main() -> Result<(), HubError> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "sentence-transformers/all-MiniLM-L6-v2".to_owned());
    let hub = Hub::from_env()?;
    let model = hub.model(&name, &mut |event| match event {
        Event::Cached { file } => println!("{file}: in the cache"),
        Event::Retrying { file, error, .. } => println!("{file}: {error}; trying again"),
        Event::Finished { file, bytes } => println!("{file}: {bytes} bytes, verified"),
        _ => {}
    })?;
    println!("{} is in {}", name, model.folder.display());
    Ok(())
}
