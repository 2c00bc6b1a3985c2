//! What a comparison says of runs of several tasks.

use embert_run::MetricInfo;
use maud::{Markup, html};

use crate::Run;
use crate::compare::shared_metrics;
use crate::number::thousands;

/// Says which run has which task, and what all share.
pub(super) fn of_several(tasks: &[(String, Vec<&Run>)], runs: &[Run]) -> Markup {
    let shared: Vec<String> = shared_metrics(runs).iter().map(MetricInfo::in_sentence).collect();
    let shared = shared.join(", ");
    html! {
        div class="missing" role="note" {
            b { "The runs are of " (thousands(tasks.len())) " tasks:" }
            ul {
                @for (task, runs) in tasks {
                    li { (task) ": " (runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>().join(", ")) }
                }
            }
            p { "Compared are settings, times, and the metrics that all have: " (shared) ". A number of one task says little about another." }
        }
    }
}
