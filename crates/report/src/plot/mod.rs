//! Plots: axes and layers, drawn by plotters into SVG that a page's style sheet colours.

mod axis;
mod backend;
mod draw;
mod figure;
mod layout;
mod measure;
mod range;

use maud::{Markup, PreEscaped, html};

pub(crate) use self::axis::Axis;
use self::figure::SIZE;
pub(crate) use self::figure::{Ink, Layer, MOST_ROWS, Plot, Ticks};
pub(crate) use self::range::{range, round_ticks};
use crate::ReportError;

impl Plot {
    /// Draws the plot as SVG, with `title` and `alt` for those who can't see it. `key` tells apart plots of
    /// one kind in a page.
    pub(crate) fn svg(&self, key: &str, title: &str, alt: &str) -> Result<Markup, ReportError> {
        let mut drawing = String::new();
        self.draw(&mut drawing)
            .map_err(|error| ReportError::Plot { plot: self.id, source: error.to_string().into() })?;
        let (width, height) = SIZE;
        let (title_id, alt_id) = (format!("{}{key}-title", self.id), format!("{}{key}-alt", self.id));
        Ok(html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) role="img"
                aria-labelledby=(format!("{title_id} {alt_id}")) {
                title id=(title_id) { (title) }
                desc id=(alt_id) { (alt) }
                (PreEscaped(drawing))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(layers: Vec<Layer>) -> Plot {
        Plot {
            id: "p",
            x: 0.0..10.0,
            y: 0.0..1.0,
            x_title: "step".into(),
            x_ticks: Ticks::Numbers,
            y_ticks: Ticks::Numbers,
            layers,
        }
    }

    #[test]
    fn colours_are_classes_and_texts_are_there() {
        let line = Layer::Line { points: vec![(0.0, 0.0), (10.0, 1.0)], ink: Ink::Series(1), faint: false };
        let svg = plot(vec![line]).svg("", "Loss <b>", "It falls").unwrap().into_string();
        assert!(svg.contains("Loss &lt;b&gt;") && svg.contains("<desc id=\"p-alt\">It falls"), "{svg}");
        assert!(
            svg.contains("class=\"i2\"") && svg.contains(">step</text>") && svg.contains(">0.4</text>"),
            "{svg}"
        );
        assert!(!svg.contains("rgb(") && !svg.contains('#'), "{svg}");
    }

    #[test]
    fn a_line_goes_where_its_points_are() {
        let line = Layer::Line { points: vec![(0.0, 0.0), (10.0, 1.0)], ink: Ink::Series(0), faint: false };
        let svg = plot(vec![line]).svg("", "", "").unwrap().into_string();
        // From the lower left to the upper right corner of the area within the margins of 400 x 240.
        assert!(svg.contains("d=\"M44 203.9L387.9 8\""), "{svg}");
    }
}
