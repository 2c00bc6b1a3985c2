//! [`Settings`]: the environment variables of `huggingface_hub`, with its rules.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::HubError;

const ENDPOINT: &str = "https://huggingface.co";
const TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of the environment. An empty variable counts as not set.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The hub's address, without a slash at its end.
    pub(crate) endpoint: String,
    pub(crate) token: Option<String>,
    /// The folder that holds `models--owner--name` and the other repositories.
    pub(crate) cache: PathBuf,
    pub(crate) offline: bool,
    /// The time limit for the head of a download's answer, and for each piece of its body.
    pub(crate) download_timeout: Duration,
    /// The time limit for requests about a repository or a file.
    pub(crate) metadata_timeout: Duration,
}

impl Settings {
    pub(crate) fn from_env() -> Result<Self, HubError> {
        Self::from_lookup(&|name| std::env::var(name).ok())
    }

    /// `lookup` is `std::env::var`, or a test's own table: all tests of a process share its environment.
    fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, HubError> {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        // `~` and `$NAME`, as Python's expanduser and expandvars: an unknown name stays as it is.
        let path = |text: &str| {
            let home = || get("HOME").or_else(|| std::env::home_dir()?.into_os_string().into_string().ok());
            PathBuf::from(shellexpand::full_with_context_no_errors(text, home, |name| get(name)).into_owned())
        };
        let is_true = |name: &str| {
            get(name)
                .is_some_and(|value| matches!(value.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE"))
        };
        let seconds = |name: &'static str| match get(name) {
            None => Ok(TIMEOUT),
            Some(value) => match value.trim().parse() {
                Ok(0) => Ok(TIMEOUT),
                Ok(seconds) => Ok(Duration::from_secs(seconds)),
                Err(_) => Err(HubError::InvalidSetting {
                    name,
                    value,
                    reason: "a whole number of seconds is expected",
                }),
            },
        };

        let home = match (get("HF_HOME"), get("XDG_CACHE_HOME")) {
            (Some(home), _) => path(&home),
            (None, Some(caches)) => path(&caches).join("huggingface"),
            (None, None) => path("~/.cache").join("huggingface"),
        };
        let cache = get("HF_HUB_CACHE")
            .or_else(|| get("HUGGINGFACE_HUB_CACHE"))
            .map_or_else(|| home.join("hub"), |cache| path(&cache));
        let clean = |token: String| {
            let token = token.replace(['\r', '\n'], "").trim().to_owned();
            (!token.is_empty()).then_some(token)
        };
        let token = if is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            None
        } else {
            get("HF_TOKEN").or_else(|| get("HUGGING_FACE_HUB_TOKEN")).and_then(clean).or_else(|| {
                let file = get("HF_TOKEN_PATH").map_or_else(|| home.join("token"), |file| path(&file));
                std::fs::read_to_string(file).ok().and_then(clean)
            })
        };
        Ok(Self {
            endpoint: get("HF_ENDPOINT")
                .unwrap_or_else(|| ENDPOINT.to_owned())
                .trim_end_matches('/')
                .to_owned(),
            token,
            cache,
            offline: is_true("HF_HUB_OFFLINE")
                || (get("HF_HUB_OFFLINE").is_none() && is_true("TRANSFORMERS_OFFLINE")),
            download_timeout: seconds("HF_HUB_DOWNLOAD_TIMEOUT")?,
            metadata_timeout: seconds("HF_HUB_ETAG_TIMEOUT")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Settings {
        Settings::from_lookup(&|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn the_cache_is_where_huggingface_hub_has_it() {
        for (variables, expected) in [
            (&[("HOME", "/home/u")][..], "/home/u/.cache/huggingface/hub"),
            (&[("HOME", "/home/u"), ("XDG_CACHE_HOME", "/caches")], "/caches/huggingface/hub"),
            (&[("HOME", "/home/u"), ("HF_HOME", "~/hf"), ("XDG_CACHE_HOME", "/caches")], "/home/u/hf/hub"),
            (&[("DATA", "/data"), ("HF_HOME", "$DATA/hf/$UNKNOWN")], "/data/hf/$UNKNOWN/hub"),
            (&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/cache")], "/cache"),
            (&[("HF_HOME", "/hf"), ("HUGGINGFACE_HUB_CACHE", "/old")], "/old"),
            (&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "")], "/hf/hub"),
        ] {
            assert_eq!(read(variables).cache, PathBuf::from(expected), "{variables:?}");
        }
    }

    #[test]
    fn the_token_comes_from_the_variable_or_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        assert_eq!(read(&[("HF_HOME", home)]).token, None);
        std::fs::write(folder.path().join("token"), " hf_file\n").unwrap();
        assert_eq!(read(&[("HF_HOME", home)]).token.as_deref(), Some("hf_file"));
        assert_eq!(read(&[("HF_HOME", home), ("HF_TOKEN", "hf_env\n")]).token.as_deref(), Some("hf_env"));
        assert_eq!(read(&[("HF_HOME", home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]).token, None);
        std::fs::write(folder.path().join("other"), "hf_other").unwrap();
        let other = format!("{home}/other");
        assert_eq!(
            read(&[("HF_HOME", "/none"), ("HF_TOKEN_PATH", &other)]).token.as_deref(),
            Some("hf_other")
        );
    }

    #[test]
    fn offline_is_a_truth_value() {
        for (value, expected) in
            [("1", true), ("true", true), ("YES", true), ("on", true), ("0", false), ("2", false)]
        {
            assert_eq!(read(&[("HF_HUB_OFFLINE", value)]).offline, expected, "{value}");
        }
        assert!(read(&[("TRANSFORMERS_OFFLINE", "1")]).offline);
        assert!(!read(&[("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")]).offline);
    }

    #[test]
    fn the_endpoint_loses_its_last_slash_and_time_limits_are_seconds() {
        let settings = read(&[("HF_ENDPOINT", "http://127.0.0.1:1/"), ("HF_HUB_DOWNLOAD_TIMEOUT", "3")]);
        assert_eq!(settings.endpoint, "http://127.0.0.1:1");
        assert_eq!(settings.download_timeout, Duration::from_secs(3));
        assert_eq!(settings.metadata_timeout, Duration::from_secs(10));
        assert_eq!(read(&[]).endpoint, "https://huggingface.co");
        let wrong = Settings::from_lookup(&|name| (name == "HF_HUB_ETAG_TIMEOUT").then(|| "soon".to_owned()));
        assert!(matches!(wrong, Err(HubError::InvalidSetting { name: "HF_HUB_ETAG_TIMEOUT", .. })));
    }
}
