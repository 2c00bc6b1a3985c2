//! Shows that a folder whose filling fails is not created, and that the old folder stays.

#![allow(clippy::print_stdout)]

use embert_files::{FileError, folder, write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let model = place.path().join("model");
    folder(&model, |model| write(&model.join("config.json"), b"the first"))?;
    let failed = folder(&model, |model| {
        write(&model.join("config.json"), b"the second")?;
        let source = std::io::Error::other("the disk is full");
        Err(FileError { action: "write", path: model.join("model.safetensors"), source })
    });
    if let Err(error) = failed {
        println!("{error}");
    }
    println!("{} has {:?}", model.display(), std::fs::read_to_string(model.join("config.json"))?);
    println!("left over: {}", std::fs::read_dir(place.path())?.count() - 1);
    Ok(())
}
