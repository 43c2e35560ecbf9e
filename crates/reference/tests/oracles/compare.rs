//! One case: every pixel through the reference, every plane against the golden one.

use std::path::Path;

use skystack_reference::{Pixel, Setup, pixel};

use crate::case::{Case, number};
use crate::fits::Fits;

/// Planes compared so far.
#[derive(Debug, Default)]
pub(crate) struct Planes {
    pub(crate) image: usize,
    pub(crate) nrej: usize,
    pub(crate) rejmask: usize,
    pub(crate) sigma: usize,
}

/// Compares all planes of a case; the first pixel that differs is the error.
pub(crate) fn run(folder: &Path, case: &Case, planes: &mut Planes) -> Result<(), String> {
    let stack = folder.join("stacks").join(&case.stack);
    let frames = read_frames(&stack);
    let weights = weights(case, &stack, &frames);
    let rejection = case.rejection();
    let setup = case.setup(frames[0].bitpix, weights.as_deref(), &rejection);
    let golden =
        |key: &str| case.expect.get(key).map(|path| Fits::read(&folder.join(path.as_str().expect("a path"))));
    let pixels = pixels(&frames, &setup);

    close("image", case, &golden("image").ok_or("no image")?, &pixels, ["rtol", "atol"], |p| p.value)?;
    planes.image += 1;
    let nrej = golden("nrej").ok_or("no nrej")?;
    equal("nrej", &nrej, pixels.iter().map(|p| (frames.len() - p.count) as f64))?;
    planes.nrej += 1;
    if let Some(rejmask) = golden("rejmask") {
        let bits = (0..frames.len()).flat_map(|frame| pixels.iter().map(move |p| f64::from(!p.used[frame])));
        equal("rejmask", &rejmask, bits)?;
        planes.rejmask += 1;
    }
    if let Some(sigma) = golden("sigma") {
        close("sigma", case, &sigma, &pixels, ["sigma_rtol", "sigma_atol"], |p| p.sigma)?;
        planes.sigma += 1;
    }
    Ok(())
}

fn read_frames(stack: &Path) -> Vec<Fits> {
    let entries = std::fs::read_dir(stack).expect("the stack's folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with('f') && name.ends_with(".fits")
    });
    paths.sort();
    let frames: Vec<Fits> = paths.iter().map(|path| Fits::read(path)).collect();
    assert!(frames.windows(2).all(|pair| pair[0].axes == pair[1].axes && pair[0].bitpix == pair[1].bitpix));
    frames
}

/// Section 6.2: W·NCOMBINE (absent = 1), normalised to sum 1.
fn weights(case: &Case, stack: &Path, frames: &[Fits]) -> Option<Vec<f64>> {
    let keyword = |key: &str| -> Vec<f64> {
        let of = |frame: &Fits| frame.number(key).unwrap_or_else(|| panic!("no {key}"));
        frames.iter().map(of).collect()
    };
    let given = match case.option("weight")? {
        "none" => return None,
        "exposure" => keyword("EXPTIME"),
        source => match source.split_at(1) {
            ("!", key) => keyword(key),
            (_, file) => {
                let text = std::fs::read_to_string(stack.join(file)).expect("a file of weights");
                text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
            }
        },
    };
    assert_eq!(given.len(), frames.len());
    let ncombine = frames.iter().map(|frame| frame.number("NCOMBINE").unwrap_or(1.0));
    let counted: Vec<f64> = given.iter().zip(ncombine).map(|(w, count)| w * count).collect();
    let total: f64 = counted.iter().sum();
    Some(counted.iter().map(|w| w / total).collect())
}

fn pixels(frames: &[Fits], setup: &Setup) -> Vec<Pixel> {
    let column = |i: usize| frames.iter().map(|frame| frame.data[i]).collect::<Vec<_>>();
    (0..frames[0].data.len()).map(|i| pixel(&column(i), setup)).collect()
}

fn equal(plane: &str, golden: &Fits, ours: impl Iterator<Item = f64>) -> Result<(), String> {
    let ours: Vec<f64> = ours.collect();
    assert_eq!(ours.len(), golden.data.len(), "{plane}: shape");
    let differing: Vec<usize> = (0..ours.len()).filter(|&i| ours[i] != golden.data[i]).collect();
    match differing.first() {
        None => Ok(()),
        Some(&i) => {
            let (ours, golden, count) = (ours[i], golden.data[i], differing.len());
            Err(format!("{plane}: {count} pixels differ, first {i}: ours {ours}, golden {golden}"))
        }
    }
}

fn close(
    plane: &str,
    case: &Case,
    golden: &Fits,
    pixels: &[Pixel],
    tolerances: [&str; 2],
    of: impl Fn(&Pixel) -> f64,
) -> Result<(), String> {
    assert_eq!(pixels.len(), golden.data.len(), "{plane}: shape");
    let [rtol, atol] = tolerances.map(|key| number(&case.expect[key]));
    let agrees = |ours: f64, golden: f64| {
        // Equality first: it also stands for two equal infinities.
        ours == golden
            || (ours.is_nan() && golden.is_nan())
            || (ours - golden).abs() <= atol + rtol * golden.abs()
    };
    let pairs = || pixels.iter().map(&of).zip(golden.data.iter().copied()).enumerate();
    let differing = || pairs().filter(|(_, (ours, golden))| !agrees(*ours, *golden));
    match differing().next() {
        None => Ok(()),
        Some((i, (ours, golden))) => {
            let count = differing().count();
            Err(format!("{plane}: {count} pixels differ, first {i}: ours {ours}, golden {golden}"))
        }
    }
}
