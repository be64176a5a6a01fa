//! The charts of the page: bars, columns and maps, without any script.

use std::fmt::Write;

use super::page::Safe;
use super::treemap::{Rect, layout};

/// Something with a size.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    /// As text, not yet made safe.
    pub(super) label: String,
    /// What the size is in words.
    pub(super) caption: String,
    pub(super) size: u64,
    /// The number of its colour.
    pub(super) colour: usize,
}

/// All slices in one bar, side by side.
pub(super) fn stack(slices: &[Slice]) -> String {
    let total = total(slices);
    let mut html = String::from("<div class=\"stack\">");
    for slice in slices.iter().filter(|slice| slice.size > 0) {
        let _ = write!(
            html,
            "<i style=\"width:{:.3}%;background:var(--c{})\" title=\"{}: {}\"></i>",
            percent(slice.size, total),
            slice.colour,
            Safe(&slice.label),
            Safe(&slice.caption)
        );
    }
    html.push_str("</div>\n");
    html
}

/// One bar, as long as the part is of the whole.
pub(super) fn bar(part: u64, whole: u64, colour: usize) -> String {
    let width = percent(part, whole);
    format!("<span class=\"track\"><i style=\"width:{width:.2}%;background:var(--c{colour})\"></i></span>")
}

/// Columns side by side, each with its label below and its caption above.
pub(super) fn columns(slices: &[Slice]) -> String {
    let most = slices.iter().map(|slice| slice.size).max().unwrap_or(0);
    let step = WIDTH / slices.len().max(1) as f64;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} 236\" role=\"img\">");
    let _ = write!(svg, "<line x1=\"0\" y1=\"200\" x2=\"{WIDTH}\" y2=\"200\"/>");
    for (index, slice) in slices.iter().enumerate() {
        let middle = step * (index as f64 + 0.5);
        let width = (step * 0.62).min(64.0);
        let height = if slice.size == 0 { 0.0 } else { (percent(slice.size, most) * 1.7).max(2.0) };
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"3\" \
             style=\"fill:var(--c{})\"><title>{}: {}</title></rect>",
            middle - width / 2.0,
            200.0 - height,
            slice.colour,
            Safe(&slice.label),
            Safe(&slice.caption)
        );
        let _ = write!(
            svg,
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            192.0 - height,
            Safe(&slice.caption)
        );
        label_lines(&mut svg, middle, &slice.label);
    }
    svg.push_str("</svg>\n");
    svg
}

/// A label below a column, broken in two lines at its middle blank.
fn label_lines(svg: &mut String, middle: f64, label: &str) {
    let half = label.len() / 2;
    let blank = label.match_indices(' ').map(|(at, _)| at).min_by_key(|at| at.abs_diff(half));
    let lines = match blank {
        Some(at) if label.len() > 9 => label.split_at_checked(at).unwrap_or((label, "")),
        _ => (label, ""),
    };
    for (line, y) in [(lines.0, 217), (lines.1, 231)] {
        let _ = write!(
            svg,
            "<text class=\"axis\" x=\"{middle:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
            Safe(line.trim())
        );
    }
}

/// Rectangles as large as the slices, which fall in size.
pub(super) fn map(slices: &[Slice]) -> String {
    let slices: Vec<&Slice> = slices.iter().filter(|slice| slice.size > 0).collect();
    let sizes: Vec<f64> = slices.iter().map(|slice| slice.size as f64).collect();
    let area = Rect { x: 0.0, y: 0.0, width: MAP.0, height: MAP.1 };
    let mut svg = format!("<svg class=\"map\" viewBox=\"0 0 {} {}\" role=\"img\">", MAP.0, MAP.1);
    for (slice, rect) in slices.iter().zip(layout(&sizes, area)) {
        tile(&mut svg, slice, rect);
    }
    svg.push_str("</svg>\n");
    svg
}

fn tile(svg: &mut String, slice: &Slice, rect: Rect) {
    let Rect { x, y, width, height } = rect;
    let _ = write!(
        svg,
        "<g><title>{}: {}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"4\" \
         style=\"fill:var(--c{})\"/>",
        Safe(&slice.label),
        Safe(&slice.caption),
        slice.colour
    );
    if width > 56.0 && height > 24.0 {
        let label = cut(&slice.label, width - 14.0, 7.4);
        let _ = write!(svg, "<text class=\"on\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 8.0, y + 19.0, Safe(label));
    }
    if width > 64.0 && height > 42.0 {
        // The first part of a caption is what matters.
        let first = slice.caption.split(',').next().unwrap_or_default();
        let whole = fits(width - 14.0, 6.2) >= slice.caption.chars().count();
        let caption = if whole { slice.caption.clone() } else { cut(first, width - 14.0, 6.2) };
        let (x, y) = (x + 8.0, y + 35.0);
        let _ = write!(svg, "<text class=\"on small\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", Safe(caption));
    }
    svg.push_str("</g>");
}

/// How many characters fit, if each takes `each`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of characters")]
fn fits(width: f64, each: f64) -> usize {
    (width / each).max(1.0) as usize
}

/// As much of a text as fits, if a character takes `each`.
fn cut(text: &str, width: f64, each: f64) -> String {
    let fits = fits(width, each);
    if text.chars().count() <= fits {
        return text.to_owned();
    }
    text.chars().take(fits.saturating_sub(1)).chain(['…']).collect()
}

fn total(slices: &[Slice]) -> u64 {
    slices.iter().map(|slice| slice.size).sum()
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// The width that charts are drawn in.
const WIDTH: f64 = 560.0;

/// The size that maps are drawn in.
const MAP: (f64, f64) = (1120.0, 340.0);
