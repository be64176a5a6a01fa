//! The layout of treemaps: rectangles as large as what they stand for, and as square as can be.

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Divides `area` by `sizes`, which fall; one rectangle for each, in their order.
///
/// Squarified treemaps (Bruls, Huizing, van Wijk 2000): a row along the shorter side takes sizes as long as that makes
/// its rectangles more square.
pub(super) fn layout(sizes: &[f64], area: Rect) -> Vec<Rect> {
    let total: f64 = sizes.iter().sum();
    let scale = if total > 0.0 { area.width * area.height / total } else { 0.0 };
    let mut rects = Vec::with_capacity(sizes.len());
    let (mut rest, mut left) = (area, sizes);
    while !left.is_empty() {
        let side = rest.width.min(rest.height);
        let (row, behind) = left.split_at_checked(row_len(left, scale, side)).unwrap_or((left, &[]));
        rest = place_row(row, scale, rest, &mut rects);
        left = behind;
    }
    rects
}

/// How many sizes make the best row along a side of this length; at least one.
fn row_len(sizes: &[f64], scale: f64, side: f64) -> usize {
    let (mut sum, mut best) = (0.0, f64::INFINITY);
    let largest = sizes.first().copied().unwrap_or_default() * scale;
    for (index, size) in sizes.iter().enumerate() {
        sum += size * scale;
        let ratio = worst_ratio(largest, size * scale, sum, side);
        if ratio > best {
            return index;
        }
        best = ratio;
    }
    sizes.len()
}

/// How far from square the worst of a row is: the largest or the smallest of it.
fn worst_ratio(largest: f64, smallest: f64, sum: f64, side: f64) -> f64 {
    let (side, sum) = (side * side, sum * sum);
    (side * largest / sum).max(sum / (side * smallest))
}

/// Places a row at the shorter side of `area`; what is left of the area.
fn place_row(row: &[f64], scale: f64, area: Rect, rects: &mut Vec<Rect>) -> Rect {
    let sum: f64 = row.iter().sum::<f64>() * scale;
    let upright = area.width >= area.height;
    let side = if upright { area.height } else { area.width };
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let mut at = 0.0;
    for size in row {
        let len = if depth > 0.0 { size * scale / depth } else { 0.0 };
        rects.push(if upright {
            Rect { x: area.x, y: area.y + at, width: depth, height: len }
        } else {
            Rect { x: area.x + at, y: area.y, width: len, height: depth }
        });
        at += len;
    }
    if upright {
        Rect { x: area.x + depth, width: (area.width - depth).max(0.0), ..area }
    } else {
        Rect { y: area.y + depth, height: (area.height - depth).max(0.0), ..area }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { x: 0.0, y: 0.0, width: 600.0, height: 400.0 };

    #[test]
    fn areas_are_in_proportion_and_inside() {
        let sizes = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let rects = layout(&sizes, AREA);
        assert_eq!(rects.len(), sizes.len());
        for (rect, size) in rects.iter().zip(sizes) {
            assert!((rect.width * rect.height - size * 10_000.0).abs() < 1e-6, "{rect:?}");
            assert!(rect.x >= 0.0 && rect.x + rect.width <= 600.0 + 1e-9, "{rect:?}");
            assert!(rect.y >= 0.0 && rect.y + rect.height <= 400.0 + 1e-9, "{rect:?}");
            assert!((rect.width / rect.height).max(rect.height / rect.width) < 4.0, "{rect:?}");
        }
    }

    #[test]
    fn nothing_breaks_it() {
        assert!(layout(&[], AREA).is_empty());
        assert_eq!(layout(&[0.0, 0.0], AREA).len(), 2);
        assert!(layout(&[1e18, 1.0], AREA).iter().all(|rect| rect.width.is_finite() && rect.height.is_finite()));
    }
}
