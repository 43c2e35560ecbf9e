//! The reference beside the engine for a whole scene: every product of every pixel, and what the run says of itself.

use skystack_combine::{
    CombineError, Control, CountProduct, CubeProduct, DQ_CLIPPED, DQ_FALLBACK, DQ_NO_DATA, DQ_SINGLE,
    FrameSource, FrameTotals, MemorySink, Placement, Summary, ValueProduct, Variance, WorkingType, run,
};
use skystack_plan::Plan;
use skystack_reference::{Frame, Growth, Shape, StackPixel, StackSetup, Variances, stack};
use skystack_simd::Level;

use super::oracle::{same, setup};
use super::scene::{Scene, Sheet, Sheets};

/// What the reference says of a scene.
pub(crate) fn expected<T: WorkingType>(scene: &Scene<T>) -> Vec<StackPixel> {
    let options = &scene.options;
    let wide = |sheet: &Sheet<T>| sheet.elements.iter().map(|y| y.widen()).collect::<Vec<f64>>();
    let widened: Vec<Vec<f64>> = scene.samples.iter().map(wide).collect();
    let layer = |layer: &Option<Sheets<T>>| -> Vec<Option<Vec<f64>>> {
        let Some(Sheets(sheets)) = layer else { return vec![None; scene.samples.len()] };
        sheets.iter().map(|sheet| sheet.as_ref().map(wide)).collect()
    };
    let (variances, weights) = (layer(&scene.variances), layer(&scene.weights));
    fn plane<E>(layer: &Option<Sheets<E>>, frame: usize) -> Option<&[E]> {
        layer.as_ref()?.0[frame].as_ref().map(|sheet| &sheet.elements[..])
    }
    let frame = |frame: usize| {
        let whole = Placement { x: 0, y: 0, height: scene.height, width: scene.width };
        let Placement { x, y, height, width } = scene.placements[frame].unwrap_or(whole);
        Frame {
            x,
            y,
            height,
            width,
            samples: &widened[frame],
            masks: plane(&scene.masks, frame),
            variances: variances[frame].as_deref(),
            weights: weights[frame].as_deref(),
            quality: plane(&scene.quality, frame),
        }
    };
    let frames: Vec<Frame<'_>> = (0..scene.samples.len()).map(frame).collect();
    let setup = StackSetup {
        setup: skystack_reference::Setup {
            weigh_by_variance: options.weigh_by_variance,
            ..setup(options, T::BYTES)
        },
        reject_scalings: options.reject_scalings.as_deref(),
        variances: match options.variance {
            Variance::None => Variances::None,
            Variance::Planes => Variances::Planes,
            Variance::Constant(v) => Variances::Constant(v),
            Variance::Noise => Variances::Noise,
            other => panic!("the reference does not know {other:?}"),
        },
        sample_weights: options.sample_weights,
        grow: Growth { radius: options.grow.radius, nkeep: options.grow.nkeep, maxrej: options.grow.maxrej },
        fallback: options.fallback,
        exposures: &options.exposures,
    };
    stack(&frames, shape(scene), &setup)
}

fn shape<T>(scene: &Scene<T>) -> Shape {
    Shape { frames: scene.samples.len(), height: scene.height, width: scene.width }
}

/// What the engine makes of it.
pub(crate) fn found<T: WorkingType>(
    scene: &Scene<T>,
    plan: &Plan,
    level: Level,
) -> Result<(MemorySink<T>, Summary), CombineError> {
    let products = &scene.options.products;
    let mut sink = MemorySink::new(products, scene.frames(), scene.height, scene.width);
    let summary = run(&scene.options, scene, &mut sink, plan, &Control::new(level))?;
    Ok((sink, summary))
}

/// The first product of the first pixel that differs, if any, with all that is known of that pixel; or what is wrong in the sums.
pub(crate) fn difference<T: WorkingType>(
    scene: &Scene<T>,
    expected: &[StackPixel],
    (sink, summary): &(MemorySink<T>, Summary),
) -> Option<String> {
    let of_pixel = expected.iter().enumerate().find_map(|(pixel, expected)| {
        let what = values(scene, sink, pixel, expected)
            .or_else(|| counts(sink, pixel, expected))
            .or_else(|| cubes(scene, sink, pixel, expected))?;
        Some(format!("{what}\n{}\nexpected {expected:?}", column(scene, pixel)))
    });
    of_pixel.or_else(|| sums(scene, expected, summary))
}

fn values<T: WorkingType>(
    scene: &Scene<T>,
    sink: &MemorySink<T>,
    pixel: usize,
    expected: &StackPixel,
) -> Option<String> {
    let (options, of) = (&scene.options, &expected.pixel);
    let image = sink.image()[pixel];
    if !same(image, of.value) {
        return Some(format!("image is {image:?}, not {:?}", of.value));
    }
    let root = |v: Option<f64>| v.map(f64::sqrt);
    ValueProduct::ALL.iter().find_map(|product| {
        let found = *sink.values(*product).get(pixel)?;
        let value = match product {
            ValueProduct::Weight => Some(expected.weight),
            ValueProduct::Exposure => Some(expected.exposure),
            _ if of.count == 0 => Some(options.blank),
            ValueProduct::Sigma => Some(of.sigma),
            ValueProduct::Variance => of.variance,
            ValueProduct::Error => root(of.variance),
            ValueProduct::Empirical => root(of.empirical),
            other => panic!("{other:?} is not compared"),
        };
        let value = T::narrow(value.expect("a definition of what the options allow")).widen();
        (!same(found, value)).then(|| format!("{product:?} is {found:?}, not {value:?}"))
    })
}

fn counts<T: WorkingType>(sink: &MemorySink<T>, pixel: usize, expected: &StackPixel) -> Option<String> {
    let of = &expected.pixel;
    let frames = of.used.len();
    CountProduct::ALL.iter().find_map(|product| {
        let found = *sink.counts(*product).get(pixel)?;
        let count = match product {
            CountProduct::Count => of.count,
            CountProduct::Nrej => of.nrej,
            CountProduct::Nlow => of.low,
            CountProduct::Nhigh => of.high,
            CountProduct::Ngrow => expected.grown,
            CountProduct::Nmiss => of.nmiss,
            CountProduct::Coverage => frames - of.nmiss,
            CountProduct::NrejMask => frames - of.count,
            CountProduct::Bpm if of.count == 0 => 1,
            CountProduct::Bpm => 2 * usize::from(expected.fallback),
            CountProduct::Dq => quality(expected) as usize,
            other => panic!("{other:?} is not compared"),
        };
        (found as usize != count).then(|| format!("{product:?} is {found:x}, not {count:x}"))
    })
}

/// Algorithms.md 8.6.
fn quality(expected: &StackPixel) -> u32 {
    let of = &expected.pixel;
    let set = |bit: u32, is: bool| if is { bit } else { 0 };
    expected.quality
        | set(DQ_NO_DATA, of.count == 0)
        | set(DQ_CLIPPED, of.low + of.high > 0)
        | set(DQ_FALLBACK, expected.fallback)
        | set(DQ_SINGLE, of.count == 1)
}

fn cubes<T: WorkingType>(
    scene: &Scene<T>,
    sink: &MemorySink<T>,
    pixel: usize,
    expected: &StackPixel,
) -> Option<String> {
    let pixels = scene.height * scene.width;
    CubeProduct::ALL.iter().find_map(|product| {
        let cube = sink.cube(*product);
        if cube.is_empty() {
            return None;
        }
        let found: Vec<u8> = cube.iter().skip(pixel).step_by(pixels).copied().collect();
        let wanted: Vec<u8> = match product {
            CubeProduct::Rejmask => expected.pixel.used.iter().map(|used| u8::from(!used)).collect(),
            CubeProduct::Reasons => expected.reasons.iter().map(|reason| *reason as u8).collect(),
            other => panic!("{other:?} is not compared"),
        };
        (found != wanted).then(|| format!("{product:?} is {found:?}, not {wanted:?}"))
    })
}

/// The totals of a run.
fn sums<T: WorkingType>(scene: &Scene<T>, expected: &[StackPixel], summary: &Summary) -> Option<String> {
    let total = |of: fn(&StackPixel) -> usize| expected.iter().map(|pixel| of(pixel) as u64).sum::<u64>();
    let samples = (scene.samples.len() * expected.len()) as u64;
    let missing = total(|of| of.pixel.nmiss);
    let rejected = total(|of| of.pixel.nrej);
    let empty = total(|of| usize::from(of.pixel.count == 0));
    let found = (summary.samples, summary.missing, summary.rejected, summary.empty);
    if found != (samples, missing, rejected, empty) {
        let wanted = (samples, missing, rejected, empty);
        return Some(format!("samples, missing, rejected, empty are {found:?}, not {wanted:?}"));
    }
    let restored = expected.iter().filter(|of| of.pixel.restored > 0).count() as u64;
    // Of several rejections, one may reject what another one brought back.
    if scene.options.rejections.len() == 1 && summary.restored != restored {
        return Some(format!("pixels with restored samples are {}, not {restored}", summary.restored));
    }
    let of_frame = |frame: usize| {
        let number = |reason: skystack_reference::Reason| {
            expected.iter().filter(|of| of.reasons[frame] == reason).count() as u64
        };
        use skystack_reference::Reason::{Grow, High, Low, Masked, Nodata, Outside, Threshold};
        let missing = [Outside, Nodata, Masked, Threshold].map(number).iter().sum();
        FrameTotals { low: number(Low), high: number(High), grow: number(Grow), missing }
    };
    let frames = if scene.options.per_frame { scene.samples.len() } else { 0 };
    let wanted: Vec<FrameTotals> = (0..frames).map(of_frame).collect();
    (summary.frames != wanted).then(|| format!("frames lost {:?}, not {wanted:?}", summary.frames))
}

/// Everything that came in at a pixel.
fn column<T: WorkingType>(scene: &Scene<T>, pixel: usize) -> String {
    let (x, y) = (pixel % scene.width, pixel / scene.width);
    let mut text = format!("pixel {x}, {y}");
    let whole = Placement { x: 0, y: 0, height: scene.height, width: scene.width };
    for frame in 0..scene.samples.len() {
        let place = scene.placements[frame].unwrap_or(whole);
        let own = (x as isize - place.x, y as isize - place.y);
        let inside =
            (0..place.width as isize).contains(&own.0) && (0..place.height as isize).contains(&own.1);
        if !inside {
            continue;
        }
        let at = own.1 as usize * place.width + own.0 as usize;
        fn of<E: Copy>(layer: &Option<Sheets<E>>, frame: usize, at: usize) -> Option<E> {
            layer.as_ref()?.0[frame].as_ref().map(|sheet| sheet.elements[at])
        }
        text += &format!(
            "\n  frame {frame}: {:?} mask {:?} variance {:?} weight {:?} quality {:?}",
            scene.samples[frame].elements[at],
            of(&scene.masks, frame, at),
            of(&scene.variances, frame, at),
            of(&scene.weights, frame, at),
            of(&scene.quality, frame, at)
        );
    }
    text
}
