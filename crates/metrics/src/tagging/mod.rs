//! Tagged words: entities, schemes of tags, and the metrics of taggers as seqeval defines them.

mod accumulator;
mod convert;
mod entities;
mod evidence;
mod majority;
mod metric;
mod report;
mod scheme;

pub use accumulator::TaggingAccumulator;
pub use convert::{from_iob2, to_iob2};
pub use entities::{Entity, entities, strict_entities};
pub use evidence::{Place, Recognized, SchemeEvidence, SchemeFit};
pub use majority::MajorityTags;
pub use metric::TaggingMetric;
pub use report::TaggingReport;
pub use scheme::{Scheme, TagError, UnknownScheme};
