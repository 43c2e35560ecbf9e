//! One case: every pixel through the reference, every plane against the golden one.

use std::path::Path;

use skystack_reference::{Pixel, Reason, Setup, Shape, combined, grow, pixel, pooled, trace};
use skystack_reject::Rejection;

use crate::cases::{Case, Tolerance};
use crate::compare::{Plane, Scope, compare};
use crate::fits::Fits;
use crate::stack::Stack;

/// What was compared so far.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) image: usize,
    pub(crate) nrej: usize,
    pub(crate) rejmask: usize,
    pub(crate) sigma: usize,
    pub(crate) expmask: usize,
    pub(crate) values: usize,
}

/// Compares all planes of a case; the first one that differs is the error.
pub(crate) fn run(oracles: &Path, case: &Case, compared: &mut Compared) -> Result<(), String> {
    if let Some(key) = case.unknown_option() {
        return Err(format!("option {key} is not known to the tests of the reference"));
    }
    let stack = Stack::read(oracles, case)?;
    let frames = stack.facts(oracles, case);
    let setup = case.setup(stack.bitpix(), &frames);
    let expect = &case.expect;
    let golden =
        |path: &Option<String>| path.as_ref().map(|path| Fits::read(&oracles.join(path)).into_plane());
    let (image, nrej) = (golden(&expect.image).ok_or("no image")?, golden(&expect.nrej).ok_or("no nrej")?);
    // Where nothing is known of a departure all pixels are compared: it has to be looked at.
    let scope = Scope::of(case, stack.frames(), Some(&nrej));
    let pixels = pixels(case, &stack, &setup);
    let ours = |of: &dyn Fn(&Pixel) -> f64| pixels.iter().map(of).collect::<Vec<f64>>();
    let mut check = |name: &str, golden: &Plane, tolerance, data: Vec<f64>| {
        let planes = data.len() / pixels.len();
        let plane = Plane { width: stack.width, height: stack.height, planes, data };
        let agreed = compare(&plane, golden, tolerance, scope.include());
        compared.values += agreed.map_err(|difference| format!("{name}: {difference}"))?;
        Ok::<(), String>(())
    };
    let exact = Tolerance::default();

    check("image", &image, expect.tolerance, ours(&|p| p.value))?;
    compared.image += 1;
    check("nrej", &nrej, exact, ours(&|p| (stack.frames() - p.count) as f64))?;
    compared.nrej += 1;
    if let Some(rejmask) = golden(&expect.rejmask) {
        let of_frame = |frame: usize| ours(&|p| f64::from(!p.used[frame]));
        let data = (0..stack.frames()).flat_map(of_frame).collect();
        check("rejmask", &rejmask, exact, data)?;
        compared.rejmask += 1;
    }
    if let Some(sigma) = golden(&expect.sigma) {
        check("sigma", &sigma, expect.sigma_tolerance, ours(&|p| p.sigma))?;
        compared.sigma += 1;
    }
    if let Some(expmask) = golden(&expect.expmask) {
        let times = stack.keyword("EXPTIME");
        let has_weight = |frame: usize| setup.weights.is_none_or(|weights| weights[frame] > 0.0);
        let exposure = |p: &Pixel| {
            (0..times.len()).filter(|&i| p.used[i] && has_weight(i)).map(|i| times[i]).sum::<f64>()
        };
        check("expmask", &expmask, expect.tolerance, ours(&exposure))?;
        compared.expmask += 1;
    }
    Ok(())
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
