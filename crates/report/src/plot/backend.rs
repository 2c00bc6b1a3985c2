//! plotters' backend for SVG with classes for colours, which the page's style sheet defines, light or dark.
//!
//! plotters draws on whole pixels. One pixel is a tenth of a unit here, so that curves are smooth.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};

/// plotters' pixels in a unit of the SVG.
pub(crate) const SCALE: i32 = 10;

/// Collects SVG elements.
pub(crate) struct SvgClasses<'a> {
    out: &'a mut String,
    size: (u32, u32),
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl<'a> SvgClasses<'a> {
    /// A backend that appends to `out`, for an area of `size` units.
    pub(crate) fn new(out: &'a mut String, (width, height): (u32, u32)) -> Self {
        Self { out, size: (width * SCALE as u32, height * SCALE as u32) }
    }

    /// Appends one element; writing to a string can't fail.
    fn element(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(text);
    }
}

/// The commands of a path.
fn path(points: impl IntoIterator<Item = BackendCoord>, closed: bool) -> String {
    let mut data = String::new();
    let mut last = None;
    for point in points {
        if last == Some(point) {
            continue;
        }
        let _ = write!(data, "{}{} {}", if last.is_none() { 'M' } else { 'L' }, unit(point.0), unit(point.1));
        last = Some(point);
    }
    if closed {
        data.push('Z');
    }
    data
}

/// The class that stands for a colour: its blue part is the number of an [`Ink`](super::Ink).
fn class(color: BackendColor) -> String {
    let opacity = if color.alpha < 1.0 { format!("\" opacity=\"{}", color.alpha) } else { String::new() };
    format!("i{}{opacity}", color.rgb.2)
}

/// A coordinate in units, without a needless ".0".
fn unit(pixels: i32) -> String {
    if pixels % SCALE == 0 {
        (pixels / SCALE).to_string()
    } else {
        format!("{:.1}", f64::from(pixels) / f64::from(SCALE))
    }
}

/// `fill`, or `stroke` with its width.
fn paint(style: &impl BackendStyle, fill: bool) -> String {
    if fill {
        "fill=\"currentColor\"".to_owned()
    } else {
        format!(
            "fill=\"none\" stroke=\"currentColor\" stroke-width=\"{}\"",
            unit(style.stroke_width().cast_signed())
        )
    }
}

impl DrawingBackend for SvgClasses<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Done {
        self.element(format_args!(
            "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\".1\" height=\".1\" fill=\"currentColor\"/>",
            class(color),
            unit(point.0),
            unit(point.1)
        ));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        if style.color().alpha > 0.0 {
            let data = self::path(path, false);
            let paint = paint(style, false);
            self.element(format_args!("<path class=\"{}\" d=\"{data}\" {paint}/>", class(style.color())));
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Done {
        if style.color().alpha > 0.0 {
            let data = path(points, true);
            self.element(format_args!(
                "<path class=\"{}\" d=\"{data}\" fill=\"currentColor\"/>",
                class(style.color())
            ));
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        if style.color().alpha > 0.0 {
            self.element(format_args!(
                "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>",
                class(style.color()),
                unit(from.0.min(to.0)),
                unit(from.1.min(to.1)),
                unit((to.0 - from.0).abs()),
                unit((to.1 - from.1).abs()),
                paint(style, fill)
            ));
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Done {
        self.element(format_args!(
            "<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>",
            class(style.color()),
            unit(center.0),
            unit(center.1),
            unit(radius.cast_signed()),
            paint(style, fill)
        ));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Done {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // From the top, middle or bottom of the letters to their base line, in parts of their size.
        let down = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.32,
            VPos::Bottom => -0.32,
        };
        let (x, y) = (unit(at.0), unit(at.1));
        let turned = match style.transform() {
            FontTransform::None => String::new(),
            FontTransform::Rotate90 => format!(" transform=\"rotate(90 {x} {y})\""),
            FontTransform::Rotate180 => format!(" transform=\"rotate(180 {x} {y})\""),
            FontTransform::Rotate270 => format!(" transform=\"rotate(270 {x} {y})\""),
        };
        let text = maud::html! { (text) }.into_string();
        self.element(format_args!(
            "<text class=\"{}\" x=\"{x}\" y=\"{y}\" dy=\"{down}em\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"currentColor\"{turned}>{text}</text>",
            class(style.color()),
            unit(style.size() as i32),
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!([120, 125, -5, 0].map(unit), ["12", "12.5", "-0.5", "0"]);
    }

    #[test]
    fn points_that_fall_together_are_drawn_once() {
        let path = path([(0, 0), (0, 0), (5, 10), (5, 10), (0, 0)], false);
        assert_eq!(path, "M0 0L0.5 1L0 0");
    }
}
