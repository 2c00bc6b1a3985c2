//! The values of options, and their conversion to settings.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use embert_data::{Delimiter, Header, Quoting, TextEncoding};
use strum::VariantNames;

/// Converts an option's value to a setting.
pub(super) trait ToSetting {
    fn to_setting(&self) -> toml::Value;
}

impl ToSetting for String {
    fn to_setting(&self) -> toml::Value {
        self.as_str().into()
    }
}

impl ToSetting for bool {
    fn to_setting(&self) -> toml::Value {
        (*self).into()
    }
}

impl ToSetting for u32 {
    fn to_setting(&self) -> toml::Value {
        (*self).into()
    }
}

impl ToSetting for u64 {
    fn to_setting(&self) -> toml::Value {
        // A number beyond TOML's range becomes text, which the setting's own check refuses.
        i64::try_from(*self).map_or_else(|_| self.to_string().into(), Into::into)
    }
}

impl ToSetting for f64 {
    fn to_setting(&self) -> toml::Value {
        (*self).into()
    }
}

/// The words of a setting with a few to choose from, as the config spells them.
pub(super) fn words<E: VariantNames>() -> PossibleValuesParser {
    PossibleValuesParser::new(E::VARIANTS)
}

/// A word of a setting that is a list.
#[derive(Clone, Debug)]
pub(crate) struct OneOf(String);

impl ToSetting for OneOf {
    fn to_setting(&self) -> toml::Value {
        vec![self.0.clone()].into()
    }
}

/// A word of a setting that is a list of words, as the config spells them.
pub(super) fn one_of<E: VariantNames>() -> impl TypedValueParser<Value = OneOf> {
    words::<E>().map(OneOf)
}

/// Three shares, as typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitRatios(pub(crate) [f64; 3]);

impl ToSetting for SplitRatios {
    fn to_setting(&self) -> toml::Value {
        self.0.to_vec().into()
    }
}

pub(crate) fn split_ratios(text: &str) -> Result<SplitRatios, String> {
    let expected = || format!("\"{text}\" is not three shares: expected A/B/C, as in 0.8/0.1/0.1");
    let shares: Vec<f64> =
        text.split('/').map(str::parse).collect::<Result<_, _>>().map_err(|_| expected())?;
    Ok(SplitRatios(shares.try_into().map_err(|_| expected())?))
}

impl ToSetting for Delimiter {
    fn to_setting(&self) -> toml::Value {
        self.to_string().into()
    }
}

impl ToSetting for Quoting {
    fn to_setting(&self) -> toml::Value {
        self.to_string().into()
    }
}

impl ToSetting for TextEncoding {
    fn to_setting(&self) -> toml::Value {
        self.to_string().into()
    }
}

impl ToSetting for Header {
    fn to_setting(&self) -> toml::Value {
        match self {
            Self::Present => true.into(),
            Self::Absent => false.into(),
            Self::Names(names) => names.clone().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_that_are_none_are_refused() {
        for text in ["0.8/0.2", "0.8,0.1,0.1", "a/b/c"] {
            let error = split_ratios(text).unwrap_err();
            assert!(error.contains("0.8/0.1/0.1"), "{error}");
        }
    }
}
