//! The demo's picture: one frame, the plain average and the clipped average of the same piece of sky.

use ndarray::{ArrayView2, Axis, Slice};
use skystack::simulate::{Hit, Simulated};

use super::Runs;
use crate::picture::{Canvas, Rgb, Stretch};

/// Side of the piece of sky that is shown [pixels of the sky].
const PIECE: usize = 320;
/// Pixels of the picture for one of the sky: a cosmic ray is one pixel wide and should be seen.
const ZOOM: usize = 2;
const GAP: usize = 12;
const CAPTION: usize = 58;

const PAPER: Rgb = [18, 20, 28];
const INK: Rgb = [235, 235, 240];
const SMALL_INK: Rgb = [150, 160, 180];

/// The frame that shows most.
pub(super) fn frame_with_most_hits(simulated: &Simulated) -> usize {
    let mut hits = vec![0_usize; simulated.frames.dim().0];
    simulated.hits.iter().for_each(|hit| hits[hit.frame] += 1);
    (0..hits.len()).rev().max_by_key(|&frame| hits[frame]).unwrap_or(0)
}

/// Three panels of equal stretch, with captions.
pub(super) fn picture(simulated: &Simulated, runs: &Runs, frame: usize) -> Canvas {
    let (frames, height, width) = simulated.frames.dim();
    let (wide, high) = (PIECE.min(width), PIECE.min(height));
    let (x, y) = liveliest(simulated, frame, wide, high);
    let single = simulated.frames.index_axis(Axis(0), frame);
    let panels: [(ArrayView2<'_, f32>, String, String); 3] = [
        (single, "One frame".into(), "cosmic rays, a trail, noise".into()),
        (
            runs.average.image.view(),
            format!("Average of {frames}"),
            "less noise, every hit still there".into(),
        ),
        (
            runs.clip_average.image.view(),
            format!("Sigma-clipped average of {frames}"),
            format!("--reject sigclip at {} sigma", runs.k),
        ),
    ];
    let stretch = Stretch::of(single);
    let (panel_width, panel_height) = (wide * ZOOM, high * ZOOM);
    let mut canvas = Canvas::new(GAP + 3 * (panel_width + GAP), GAP + panel_height + CAPTION);
    canvas.fill(PAPER);
    for (number, (image, title, subtitle)) in panels.into_iter().enumerate() {
        let left = GAP + number * (panel_width + GAP);
        let mut piece = image;
        piece.slice_axis_inplace(Axis(0), Slice::from(y..y + high));
        piece.slice_axis_inplace(Axis(1), Slice::from(x..x + wide));
        canvas.image(left, GAP, ZOOM, piece, &stretch);
        canvas.text(left, GAP + panel_height + 10, 3, &title, INK);
        canvas.text(left, GAP + panel_height + 38, 2, &subtitle, SMALL_INK);
    }
    canvas
}

/// Corner of the piece with the most hit samples of `frame`.
fn liveliest(simulated: &Simulated, frame: usize, wide: usize, high: usize) -> (usize, usize) {
    let (_, height, width) = simulated.frames.dim();
    let hits: Vec<&Hit> = simulated.hits.iter().filter(|hit| hit.frame == frame).collect();
    let corners = |size: usize, piece: usize| (0..=size - piece).step_by((piece / 4).max(1));
    let count = |&(x, y): &(usize, usize)| {
        let inside = |hit: &&&Hit| (x..x + wide).contains(&hit.x) && (y..y + high).contains(&hit.y);
        hits.iter().filter(inside).count()
    };
    let all = corners(height, high).flat_map(|y| corners(width, wide).map(move |x| (x, y)));
    all.max_by_key(count).unwrap_or((0, 0))
}
