//! The table that a person reads.

use skystack_reference::{Setup, Working, pixel, trace};
use skystack_reject::{Convention, Rejection, Scaling, SigClip};

static CLIP: [Rejection; 1] = [Rejection::SigClip(SigClip::iraf().lsigma(1.0).hsigma(1.0).nkeep(4))];

fn setup() -> Setup<'static> {
    let base = Setup::convention(Convention::Iraf, Working::F32);
    Setup { rejections: &CLIP, hthreshold: Some(500.0), ..base }
}

/// Valid: 10 12 4 30 11 10.1. c = 10.55, V = Σd²/5 = 85.53, σ = 9.25: only 30 goes (d = 19.45). Five are left, K = 4: pass 2
/// with c = 10.1, V = Σd²/4 = 10.37, σ = 3.22: 4 goes. Four are left, no third pass.
const COLUMN: [f64; 8] = [10.0, f64::NAN, 12.0, 900.0, 4.0, 30.0, 11.0, 10.1f32 as f64];

#[test]
fn every_stage_of_every_frame_is_in_the_table() {
    let expected = "\
frame                   input  ingest     rejection      restore   result
    1                      10  valid      kept                     used
    2                     NaN  missing                             missing
    3                      12  valid      kept                     used
    4                     900  threshold                           missing
    5                       4  valid      low, pass 2              rejected
    6                      30  valid      high, pass 1             rejected
    7                      11  valid      kept                     used
    8                    10.1  valid      kept                     used
";
    let table = trace(&COLUMN, &setup()).to_string();
    assert!(table.starts_with(expected), "{table}");
    assert!(table.contains("stop   nkeep or maxrej\nvalue  10.775 (Average, F32)\n"), "{table}");
    let counts = "counts 4 used, 2 rejected (1 low, 1 high), 0 restored, 2 missing, N = 8";
    assert!(table.ends_with(counts), "{table}");
}

#[test]
fn scaled_values_stand_beside_the_inputs_where_frames_are_scaled() {
    let scalings = [Scaling { multiply: 2.0, add: -1.0 }, Scaling::NONE];
    let setup = Setup { scalings: &scalings, ..Setup::convention(Convention::Iraf, Working::F64) };
    let table = trace(&[10.0, 19.0], &setup).to_string();
    let expected = "\
frame                   input                  scaled  ingest     rejection      restore   result
    1                      10                      19  valid      kept                     used
    2                      19                      19  valid      kept                     used
";
    assert!(table.starts_with(expected), "{table}");
}

#[test]
fn restored_and_undone_are_named() {
    let mut setup = setup();
    let rejections = [SigClip::imcombiners().lsigma(1.0).hsigma(1.0).nkeep(6).into()];
    setup.rejections = &rejections;
    let table = trace(&COLUMN, &setup).to_string();
    assert!(table.contains("high, pass 1   restored  used"), "{table}");
    assert!(table.contains("  undone\n"), "{table}");
}

#[test]
fn trace_and_pixel_agree() {
    assert_eq!(trace(&COLUMN, &setup()).pixel, pixel(&COLUMN, &setup()));
}
