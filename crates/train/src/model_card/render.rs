//! A card's text, from the template.

use minijinja::{Environment, UndefinedBehavior};

use super::card::ModelCard;
use super::context::Context;
use super::front_matter::FrontMatter;
use crate::ConfigError;

const TEMPLATE: &str = include_str!("model_card.md");

/// Why a card can't be written. A valid run never causes this error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CardError {
    #[error("the settings of the model card")]
    Settings(#[from] ConfigError),
    #[error("the front matter of the model card")]
    FrontMatter(#[from] serde_saphyr::ser::Error),
    #[error("the template of the model card")]
    Template(#[from] minijinja::Error),
}

impl ModelCard<'_> {
    /// The text of the card.
    ///
    /// # Errors
    /// The settings or the front matter can't be written, or the template names a value that the context
    /// lacks.
    pub(crate) fn render(&self) -> Result<String, CardError> {
        // Without block scalars, in which a line of a name could be taken for the end of the front matter.
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        let front_matter = serde_saphyr::to_string_with_options(&FrontMatter::new(self), options)?;
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_keep_trailing_newline(true);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_template("model_card.md", TEMPLATE)?;
        Ok(environment.get_template("model_card.md")?.render(Context::new(self, front_matter)?)?)
    }
}
