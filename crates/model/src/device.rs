//! [`DeviceChoice`]: the device that a user names, as `auto`, `cpu`, `flex`, `ndarray`, `cuda:1`, ...
//!
//! A build has the backends whose Cargo features are on. The error for any other backend names the feature to
//! enable.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use strum::{Display, IntoStaticStr};

/// A backend, by the name that `--device` and the Cargo features use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[non_exhaustive]
pub enum Backend {
    /// Burn's pure-Rust CPU backend, the default.
    Flex,
    /// Burn's older CPU backend, deprecated in Burn and kept for comparison.
    NdArray,
    /// NVIDIA GPUs.
    Cuda,
    /// AMD GPUs.
    Rocm,
    /// Apple GPUs.
    Metal,
    /// GPUs through Vulkan.
    Vulkan,
    /// GPUs through the graphics API that wgpu picks.
    Wgpu,
}

impl Backend {
    /// Every backend, in the order in which [`DeviceChoice::Auto`] tries them.
    pub const ALL: [Self; 7] =
        [Self::Cuda, Self::Rocm, Self::Metal, Self::Vulkan, Self::Wgpu, Self::Flex, Self::NdArray];

    /// The name in `--device`, which is also the Cargo feature that compiles the backend in.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether the backend is compiled into this build.
    pub fn is_compiled(self) -> bool {
        match self {
            Self::Flex => cfg!(feature = "flex"),
            Self::NdArray => cfg!(feature = "ndarray"),
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Rocm => cfg!(feature = "rocm"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::Wgpu => cfg!(feature = "wgpu"),
        }
    }

    /// The backend's devices on this machine, in the driver's order. Empty if the backend is not compiled in
    /// or finds no device.
    pub fn devices(self) -> Vec<Device> {
        match self {
            #[cfg(feature = "flex")]
            Self::Flex => vec![Device::flex()],
            #[cfg(feature = "ndarray")]
            #[allow(deprecated, reason = "kept as an opt-in to compare with")]
            Self::NdArray => vec![Device::ndarray()],
            #[cfg(feature = "cuda")]
            Self::Cuda => accelerators(burn::tensor::DeviceType::Cuda),
            #[cfg(feature = "rocm")]
            Self::Rocm => accelerators(burn::tensor::DeviceType::Rocm),
            #[cfg(feature = "metal")]
            Self::Metal => accelerators(burn::tensor::DeviceType::Metal),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => accelerators(burn::tensor::DeviceType::Vulkan),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => accelerators(burn::tensor::DeviceType::Wgpu),
            #[allow(unreachable_patterns, reason = "reachable in every build that lacks a backend")]
            _ => Vec::new(),
        }
    }
}

/// The accelerators of a kind. Enumerating them calls the driver; without an installed driver, the driver's
/// loader panics instead of returning an empty list.
#[cfg(any(feature = "cuda", feature = "rocm", feature = "metal", feature = "vulkan", feature = "wgpu"))]
fn accelerators(kind: burn::tensor::DeviceType) -> Vec<Device> {
    std::panic::catch_unwind(|| Device::enumerate(kind).into_vec()).unwrap_or_default()
}

/// The value of `--device`, resolved to a [`Device`] by [`DeviceChoice::resolve`].
///
/// ```
/// use embert_model::DeviceChoice;
///
/// let (backend, device) = "auto".parse::<DeviceChoice>()?.resolve()?;
/// println!("{backend}: {device:?}");
/// # Ok::<(), embert_model::DeviceError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first GPU of the machine, or the CPU if there is none.
    #[default]
    Auto,
    /// The backend's device with this index, 0 by default.
    Named(Backend, usize),
}

impl DeviceChoice {
    /// The device, without autodiff, and its backend.
    ///
    /// # Errors
    /// The backend is not in this build, or the machine has no device with this index.
    pub fn resolve(self) -> Result<(Backend, Device), DeviceError> {
        match self {
            Self::Auto => Backend::ALL
                .into_iter()
                .find_map(|backend| Some((backend, backend.devices().into_iter().next()?)))
                .ok_or(DeviceError::NoBackend),
            Self::Named(backend, _) if !backend.is_compiled() => Err(DeviceError::NotCompiled { backend }),
            Self::Named(backend, index) => {
                let mut devices = backend.devices();
                let found = devices.len();
                if index < found {
                    Ok((backend, devices.swap_remove(index)))
                } else {
                    Err(DeviceError::NotThere { backend, index, found })
                }
            }
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown { found: text.to_owned() };
        let (name, index) = match text.split_once(':') {
            Some((name, index)) => (name, index.parse().map_err(|_| unknown())?),
            None => (text, 0),
        };
        match name {
            "auto" if !text.contains(':') => Ok(Self::Auto),
            // "cpu" is the CPU backend of this build; Flex if the build has both.
            "cpu" if Backend::Flex.is_compiled() || !Backend::NdArray.is_compiled() => {
                Ok(Self::Named(Backend::Flex, index))
            }
            "cpu" => Ok(Self::Named(Backend::NdArray, index)),
            _ => Backend::ALL
                .into_iter()
                .find(|backend| backend.name() == name)
                .map(|backend| Self::Named(backend, index))
                .ok_or_else(unknown),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Named(backend, 0) => backend.fmt(f),
            Self::Named(backend, index) => write!(f, "{backend}:{index}"),
        }
    }
}

/// Why a device can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is no device that `--device` accepts.
    #[error(
        "unknown device \"{found}\": expected auto, cpu, flex, ndarray, cuda, rocm, metal, vulkan or wgpu, with an index as in cuda:1"
    )]
    Unknown {
        /// The given name.
        found: String,
    },
    /// The backend exists, but this build was made without it.
    #[error(
        "this build has no {backend} backend: build it with the Cargo feature \"{backend}\", as in `cargo run -p bert-train --features {backend}`"
    )]
    NotCompiled {
        /// The requested backend.
        backend: Backend,
    },
    /// The build has the backend, but the machine has no device with this index.
    #[error("no device {backend}:{index}: the {backend} backend found {found} device(s) on this machine")]
    NotThere {
        /// The requested backend.
        backend: Backend,
        /// The requested index.
        index: usize,
        /// The number of the backend's devices.
        found: usize,
    },
    /// A build without any backend.
    #[error("this build has no backend at all: enable the Cargo feature \"flex\"")]
    NoBackend,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for text in ["auto", "flex", "ndarray", "cuda", "cuda:3", "vulkan:1"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda:0".parse(), Ok(DeviceChoice::Named(Backend::Cuda, 0)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "auto:1"] {
            assert_eq!(
                text.parse::<DeviceChoice>(),
                Err(DeviceError::Unknown { found: text.to_owned() }),
                "{text}"
            );
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn cpu_is_flex_and_has_one_device() {
        assert_eq!("cpu".parse::<DeviceChoice>().unwrap().resolve().unwrap().0, Backend::Flex);
        let error = "flex:1".parse::<DeviceChoice>().unwrap().resolve().unwrap_err();
        assert_eq!(error, DeviceError::NotThere { backend: Backend::Flex, index: 1, found: 1 });
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_missing_backend_names_its_feature() {
        let error = "cuda".parse::<DeviceChoice>().unwrap().resolve().unwrap_err();
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }
}
