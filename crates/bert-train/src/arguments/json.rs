//! The option `--json`, which several commands have.

use clap::Args;

#[derive(Debug, Default, Args)]
pub(crate) struct JsonArgs {
    /// Print JSON for machines instead of a table for people
    #[arg(long)]
    pub(crate) json: bool,
}
