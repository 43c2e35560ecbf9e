//! One case: every pixel through the reference, every plane against the golden one.

use std::path::Path;

use skystack_reference::{Pixel, Reason, Setup, Shape, combined, grow, pixel, pooled, trace};
use skystack_reject::Rejection;

use crate::case::{Case, number};
use crate::fits::Fits;
use crate::stack::Stack;

/// Planes compared so far.
#[derive(Debug, Default)]
pub(crate) struct Planes {
    pub(crate) image: usize,
    pub(crate) nrej: usize,
    pub(crate) rejmask: usize,
    pub(crate) sigma: usize,
    pub(crate) expmask: usize,
}

/// Compares all planes of a case; the first pixel that differs is the error.
pub(crate) fn run(folder: &Path, case: &Case, planes: &mut Planes) -> Result<(), String> {
    let of_stack = folder.join("stacks").join(&case.stack);
    let stack = Stack::read(&of_stack, case);
    let frames = stack.facts(&of_stack, case);
    let setup = case.setup(stack.bitpix(), &frames);
    let golden =
        |key: &str| case.expect.get(key).map(|path| Fits::read(&folder.join(path.as_str().expect("a path"))));
    let pixels = pixels(case, &stack, &setup);
    let nrej = golden("nrej").ok_or("no nrej")?;
    let compare = Comparison { case, pixels: &pixels, compared: compared(case, &stack, &nrej.data) };

    compare.close("image", &golden("image").ok_or("no image")?.data, ["rtol", "atol"], |p| p.value)?;
    planes.image += 1;
    compare.equal("nrej", &nrej.data, |p| (stack.frames() - p.count) as f64)?;
    planes.nrej += 1;
    if let Some(rejmask) = golden("rejmask") {
        for (frame, plane) in rejmask.data.chunks(pixels.len()).enumerate() {
            compare.equal("rejmask", plane, |p| f64::from(!p.used[frame]))?;
        }
        planes.rejmask += 1;
    }
    if let Some(sigma) = golden("sigma") {
        compare.close("sigma", &sigma.data, ["sigma_rtol", "sigma_atol"], |p| p.sigma)?;
        planes.sigma += 1;
    }
    if let Some(expmask) = golden("expmask") {
        let times = stack.keyword("EXPTIME");
        let has_weight = |frame: usize| setup.weights.is_none_or(|weights| weights[frame] > 0.0);
        let exposure = |p: &Pixel| {
            (0..times.len()).filter(|&i| p.used[i] && has_weight(i)).map(|i| times[i]).sum::<f64>()
        };
        compare.close("expmask", &expmask.data, ["rtol", "atol"], exposure)?;
        planes.expmask += 1;
    }
    Ok(())
}

/// Which pixels are compared: all, or where the specification departs from the program only those where it does not
/// (section 3.8, "grow that leaves fewer than nkeep").
fn compared(case: &Case, stack: &Stack, nrej: &[f64]) -> Vec<bool> {
    let Some((_, nkeep)) = case.growth().filter(|_| case.spec_differs) else {
        return vec![true; nrej.len()];
    };
    nrej.iter().map(|nrej| stack.frames() as f64 - nrej >= f64::from(nkeep)).collect()
}

/// The results of all pixels: row by row for what is pooled, and then once more for what has grown.
fn pixels(case: &Case, stack: &Stack, setup: &Setup) -> Vec<Pixel> {
    let is_pooled = setup.rejections.iter().any(|rejection| matches!(rejection, Rejection::AvSigClip(_)));
    let mut pixels = Vec::new();
    let mut reasons = Vec::new();
    for y in 0..stack.height {
        let row: Vec<Vec<f64>> = (0..stack.width).map(|x| stack.column(y * stack.width + x)).collect();
        let pooled = if is_pooled { pooled(&row, setup) } else { f64::NAN };
        let setup = Setup { pooled, ..*setup };
        for column in &row {
            if case.growth().is_some() {
                reasons.push(trace(column, &setup).frames.iter().map(|stages| stages.reason()).collect());
            } else {
                pixels.push(pixel(column, &setup));
            }
        }
    }
    match case.growth() {
        Some((radius, nkeep)) => grown(stack, setup, &reasons, radius, nkeep),
        None => pixels,
    }
}

/// The results after growing; `reasons` by pixel and frame.
fn grown(stack: &Stack, setup: &Setup, reasons: &[Vec<Reason>], radius: f64, nkeep: u32) -> Vec<Pixel> {
    let frames = stack.frames();
    let shape = Shape { frames, height: stack.height, width: stack.width };
    let plane = |frame: usize| reasons.iter().map(move |of_pixel| of_pixel[frame]);
    let mut planes: Vec<Reason> = (0..frames).flat_map(plane).collect();
    grow(&mut planes, shape, radius, nkeep);
    let used = |pixel: usize| -> Vec<bool> {
        (0..frames).map(|frame| planes[frame * reasons.len() + pixel].is_used()).collect()
    };
    (0..reasons.len()).map(|pixel| combined(&stack.column(pixel), &used(pixel), setup)).collect()
}

struct Comparison<'a> {
    case: &'a Case,
    pixels: &'a [Pixel],
    compared: Vec<bool>,
}

impl Comparison<'_> {
    fn equal(&self, plane: &str, golden: &[f64], of: impl Fn(&Pixel) -> f64) -> Result<(), String> {
        self.differing(plane, golden, of, |ours, golden| ours == golden)
    }

    fn close(
        &self,
        plane: &str,
        golden: &[f64],
        tolerances: [&str; 2],
        of: impl Fn(&Pixel) -> f64,
    ) -> Result<(), String> {
        let [rtol, atol] = tolerances.map(|key| number(&self.case.expect[key]));
        self.differing(plane, golden, of, |ours, golden| agree(ours, golden, rtol, atol))
    }

    fn differing(
        &self,
        plane: &str,
        golden: &[f64],
        of: impl Fn(&Pixel) -> f64,
        agree: impl Fn(f64, f64) -> bool,
    ) -> Result<(), String> {
        assert_eq!(self.pixels.len(), golden.len(), "{plane}: shape");
        let ours = |i: usize| of(&self.pixels[i]);
        let differs = |&i: &usize| self.compared[i] && !agree(ours(i), golden[i]);
        let differing: Vec<usize> = (0..self.pixels.len()).filter(differs).collect();
        match differing.first() {
            None => Ok(()),
            Some(&i) => {
                let (ours, golden, count) = (ours(i), golden[i], differing.len());
                Err(format!("{plane}: {count} pixels differ, first {i}: ours {ours}, golden {golden}"))
            }
        }
    }
}

/// NaN agrees with NaN, an infinity with itself; the formula alone would let any number pass for a golden infinity.
fn agree(ours: f64, golden: f64, rtol: f64, atol: f64) -> bool {
    if !ours.is_finite() || !golden.is_finite() {
        return ours == golden || (ours.is_nan() && golden.is_nan());
    }
    (ours - golden).abs() <= atol + rtol * golden.abs()
}

#[test]
fn nan_and_infinities_agree_with_themselves_only() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    assert!(agree(nan, nan, 0.0, 0.0) && agree(inf, inf, 1e-6, 0.0));
    for (ours, golden) in
        [(0.0, inf), (0.0, -inf), (-inf, inf), (nan, inf), (inf, 0.0), (nan, 0.0), (0.0, nan)]
    {
        assert!(!agree(ours, golden, 1e-6, 1e9), "{ours} {golden}");
    }
}
