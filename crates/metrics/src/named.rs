//! [`parse`]: a metric by its name.

use crate::MetricsError;

/// The one of `all` with the name `name`.
pub(crate) fn parse<M: Copy + Into<&'static str>>(all: &[M], name: &str) -> Result<M, MetricsError> {
    all.iter().copied().find(|metric| (*metric).into() == name).ok_or_else(|| MetricsError::UnknownMetric {
        name: name.to_owned(),
        known: all.iter().map(|metric| (*metric).into()).collect::<Vec<&str>>().join(", "),
    })
}
