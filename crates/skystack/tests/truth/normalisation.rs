//! Scales and zeros that are measured, against those that the frames have.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array3;
use skystack::fits::{Bitpix, FitsWriter, Header, ImageSpec};
use skystack::{FrameReport, Norm, OutputFiles, Stacker, Statsec};

use crate::common::{ERRORS, draw, is, normal, pixels};

const LEVEL: f64 = 400.0;
const SIGMA: f64 = 20.0;
const SCALES: [f64; 6] = [1.0, 0.87, 1.12, 1.31, 0.94, 1.05];
const ZEROS: [f64; 6] = [0.0, 23.0, -17.0, 8.5, -31.0, 12.25];

/// What the report says of the frames of a stack in files.
fn measured(stacker: &Stacker, stack: &Array3<f64>) -> Vec<FrameReport> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("skystack-truth-{}-{number}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder of our own");
    let (_, height, width) = stack.dim();
    let write = |(frame, plane): (usize, ndarray::ArrayView2<'_, f64>)| {
        let path = folder.join(format!("frame{frame}.fits"));
        let axes = vec![width as u64, height as u64];
        let spec = ImageSpec { bitpix: Bitpix::F64, axes, header: Header::new() };
        let mut writer = FitsWriter::create(&path, &spec, false).expect("the folder is empty");
        writer
            .write_rows(0, 0, plane.as_slice().expect("a frame of a fresh array"))
            .expect("the disk has room");
        writer.finish().expect("the disk has room");
        path
    };
    let paths: Vec<_> = stack.outer_iter().enumerate().map(write).collect();
    let report = stacker.run_files(&paths, OutputFiles::new(folder.join("out.fits")));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    let frames = report.expect("the options are good").frames;
    assert_eq!(frames.len(), stack.dim().0);
    frames
}

/// Standard error of a statistic of all pixels, relative to that of the mean: 1 and √(π/2).
fn statistics() -> [(&'static str, Norm, f64); 4] {
    // The biweight is nearly as good as the mean.
    [
        ("mean", Norm::Mean, 1.0),
        ("median", Norm::Median, 1.2533),
        ("biweight", Norm::Biweight, 1.05),
        ("iksslite", Norm::IkssLite, 1.2533),
    ]
}

#[test]
fn scales_are_recovered() {
    let stack =
        draw(SCALES.len(), pixels(), 4000, |frame, rng| SCALES[frame] * (LEVEL + SIGMA * normal(rng)));
    // The scale of IKSS-lite is a width, tested below.
    for (name, norm, factor) in &statistics()[..3] {
        let frames = measured(&Stacker::new().scale(norm.clone()).statsample_all(true), &stack);
        let error = factor * SIGMA / (LEVEL * (pixels() as f64).sqrt());
        for (frame, truth) in frames.iter().zip(SCALES) {
            let found = frame.scale.expect("frames are scaled");
            is(&format!("scale from the {name}"), found / truth, 1.0, ERRORS * error * 2f64.sqrt());
        }
    }
}

#[test]
fn zeros_are_recovered() {
    let stack = draw(ZEROS.len(), pixels(), 4100, |frame, rng| LEVEL + ZEROS[frame] + SIGMA * normal(rng));
    for (name, norm, factor) in statistics() {
        let frames = measured(&Stacker::new().zero(norm).statsample_all(true), &stack);
        let error = factor * SIGMA / (pixels() as f64).sqrt();
        for (frame, truth) in frames.iter().zip(ZEROS) {
            let found = frame.zero.expect("frames are shifted");
            is(&format!("zero from the {name}"), found, truth, ERRORS * error * 2f64.sqrt());
        }
    }
}

/// Siril's addscale: the width of the background scales, its location shifts.
#[test]
fn widths_and_locations_are_recovered() {
    let stack = draw(SCALES.len(), pixels(), 4200, |frame, rng| {
        LEVEL + ZEROS[frame] + SCALES[frame] * SIGMA * normal(rng)
    });
    let stacker = Stacker::new().scale(Norm::IkssLite).zero(Norm::IkssLite).statsample_all(true);
    let frames = measured(&stacker, &stack);
    for (frame, truth) in frames.iter().zip(SCALES) {
        let found = frame.scale.expect("frames are scaled");
        // its efficiency is 0.87, and the first frame has an error too
        is(
            "scale from the width",
            found / truth,
            1.0,
            ERRORS * (2.0 / (2.0 * 0.87 * pixels() as f64)).sqrt(),
        );
    }
}

/// A star field over half of the frame moves a mean, not the section beside it.
#[test]
fn a_section_keeps_what_is_outside_of_it_out() {
    let half = pixels() / 2;
    let mut stack = draw(2, pixels(), 4300, |frame, rng| SCALES[frame] * (LEVEL + SIGMA * normal(rng)));
    let rows = stack.dim().1;
    stack.slice_mut(ndarray::s![1, rows / 2.., ..]).mapv_inplace(|value| value + 1000.0);
    let section = Statsec::Input { columns: 0..256, rows: 0..rows / 2 };
    let stacker = Stacker::new().scale(Norm::Mean).statsample_all(true);
    let found = |stacker: &Stacker| measured(stacker, &stack)[1].scale.expect("frames are scaled");
    let tolerance = ERRORS * SIGMA / LEVEL * (2.0 / half as f64).sqrt();
    is("scale of a section", found(&stacker.clone().statsec(section)) / SCALES[1], 1.0, tolerance);
    assert!(found(&stacker) / SCALES[1] > 1.5);
}
