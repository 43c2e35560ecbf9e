//! Normalisation of sources of every kind against the reference, bit for bit; what is read, what is refused.

mod common;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use common::Draw;
use skystack_combine::normalise::{
    Compare, Factor, Measurement, NormRule, NormaliseError, Pair, PairWeight, SampleSize, Sampling,
    Statistic, Statsec, Values, Weights, compare_pairs, factors, least_squares, measure, sample_bytes,
    weights,
};
use skystack_combine::{
    BoxError, CombineError, Control, FrameSource, Layer, Placement, Plane, SampleFormat, SampleType,
    WorkingType,
};
use skystack_reference::Working;
use skystack_reference::normalise::sampling::{Image, sample};
use skystack_reference::normalise::{Source, factors as reference, statistic, weights as reference_weights};
use skystack_simd::Level;

/// How a source gives its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Borrow,
    Read,
    BorrowStored,
    ReadStored,
}

const WAYS: [Way; 4] = [Way::Borrow, Way::Read, Way::BorrowStored, Way::ReadStored];

/// One frame: where it lies, its values, and its mask if it has one.
#[derive(Clone)]
struct Frame<T> {
    place: Placement,
    values: Vec<T>,
    mask: Option<Vec<u8>>,
}

/// Frames of any size, in any form.
struct Frames<T> {
    frames: Vec<Frame<T>>,
    way: Way,
    /// Unsigned 16-bit integers, big endian, in place of the type itself.
    words: bool,
    bytes: Vec<Vec<u8>>,
    masks: Masks,
    asked: Mutex<Vec<(usize, Range<usize>)>>,
}

struct Masks(Vec<Option<(usize, Vec<u8>)>>);

impl Layer<u8> for Masks {
    fn has(&self, frame: usize) -> bool {
        self.0[frame].is_some()
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let (width, mask) = self.0[frame].as_ref().expect("a mask");
        out.copy_from_slice(&mask[rows.start * width..rows.end * width]);
        Ok(())
    }
}

impl<T: WorkingType> Frames<T> {
    fn new(frames: &[Frame<T>], way: Way, words: bool) -> Self {
        let encode = |value: &T| match (words, T::BYTES) {
            (true, _) => ((value.widen() as u16) ^ 0x8000).to_be_bytes().to_vec(),
            (_, 4) => (value.widen() as f32).to_be_bytes().to_vec(),
            _ => value.widen().to_be_bytes().to_vec(),
        };
        let bytes = frames.iter().map(|frame| frame.values.iter().flat_map(encode).collect()).collect();
        let mask = |frame: &Frame<T>| Some((frame.place.width, frame.mask.clone()?));
        let masks = Masks(frames.iter().map(mask).collect());
        Self { frames: frames.to_vec(), way, words, bytes, masks, asked: Mutex::new(vec![]) }
    }

    fn format(&self) -> SampleFormat {
        let number = match (self.words, T::BYTES) {
            (true, _) => SampleType::U16,
            (_, 4) => SampleType::F32,
            _ => SampleType::F64,
        };
        SampleFormat { big_endian: true, inverted: self.words, ..SampleFormat::native(number) }
    }

    fn is_stored(&self) -> bool {
        matches!(self.way, Way::BorrowStored | Way::ReadStored)
    }

    fn asked(&self, frame: usize, rows: &Range<usize>) {
        self.asked.lock().expect("no panic").push((frame, rows.clone()));
    }
}

impl<T: WorkingType> FrameSource<T> for Frames<T> {
    fn frames(&self) -> usize {
        self.frames.len()
    }
    fn height(&self) -> usize {
        self.frames[0].place.height
    }
    fn width(&self) -> usize {
        self.frames[0].place.width
    }
    fn placement(&self, frame: usize) -> Option<Placement> {
        Some(self.frames[frame].place)
    }
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        let Frame { place, values, .. } = &self.frames[frame];
        (self.way == Way::Borrow).then_some(Plane { data: values, stride: place.width })
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        self.asked(frame, &rows);
        let Frame { place, values, .. } = &self.frames[frame];
        out.copy_from_slice(&values[rows.start * place.width..rows.end * place.width]);
        Ok(())
    }
    fn stored(&self, _: usize) -> Option<SampleFormat> {
        self.is_stored().then(|| self.format())
    }
    fn borrow_stored(&self, frame: usize) -> Option<Plane<'_, u8>> {
        let stride = self.frames[frame].place.width * self.format().bytes();
        (self.way == Way::BorrowStored).then_some(Plane { data: &self.bytes[frame], stride })
    }
    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        self.asked(frame, &rows);
        let row = self.frames[frame].place.width * self.format().bytes();
        out.copy_from_slice(&self.bytes[frame][rows.start * row..rows.end * row]);
        Ok(())
    }
    fn masks(&self) -> Option<&dyn Layer<u8>> {
        Some(&self.masks)
    }
}

/// A sky with stars, holes and ties.
fn drawn<T: WorkingType>(draw: &mut Draw, words: bool, (width, height): (usize, usize)) -> Frame<T> {
    let (level, noise) = (draw.pick(&[20.0, 300.0, 5000.0]), draw.pick(&[0.4, 3.0, 15.0]));
    let value = |draw: &mut Draw| {
        let star = if draw.chance(5) { draw.pick(&[50.0, 900.0, 40_000.0]) } else { 0.0 };
        let value = level + noise * draw.normal() + star;
        match words {
            true => value.round().clamp(0.0, 65_535.0),
            false if draw.chance(3) => draw.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]),
            false => value,
        }
    };
    let values: Vec<T> = (0..width * height).map(|_| T::narrow(value(draw))).collect();
    let classes = |draw: &mut Draw| (0..width * height).map(|_| draw.pick(&[0, 0, 0, 1, 255])).collect();
    let mask = draw.chance(40).then(|| classes(draw));
    let (x, y) = (draw.below(9) as isize - 4, draw.below(9) as isize - 4);
    Frame { place: Placement { x, y, height, width }, values, mask }
}

/// What all frames cover, in pixels of the output.
fn common<T>(frames: &[Frame<T>]) -> (Range<isize>, Range<isize>) {
    let of = |from: fn(&Placement) -> (isize, usize)| {
        let ranges = || frames.iter().map(|frame| from(&frame.place));
        let end = ranges().map(|(start, length)| start + length as isize).min().expect("frames");
        ranges().map(|(start, _)| start).max().expect("frames")..end
    };
    (of(|place| (place.x, place.width)), of(|place| (place.y, place.height)))
}

const ALL: [Statistic; 9] = [
    Statistic::Mode,
    Statistic::Median,
    Statistic::IrafMedian,
    Statistic::Mean,
    Statistic::Biweight,
    Statistic::Ikss,
    Statistic::IkssScale,
    Statistic::FastScale,
    Statistic::Noise,
];

fn expected(of: Statistic, sample: &[f64], whole: bool, working: Working) -> Option<f64> {
    Some(match of {
        Statistic::Mode => statistic::mode(sample, whole),
        Statistic::Median => statistic::median(sample, working),
        Statistic::IrafMedian => statistic::iraf_median(sample),
        Statistic::Mean => statistic::mean(sample),
        Statistic::Biweight => statistic::biweight_location(sample, working),
        Statistic::Ikss => statistic::ikss_lite(sample, working).0,
        Statistic::IkssScale => statistic::ikss_lite(sample, working).1,
        Statistic::Noise => statistic::noise(sample, working),
        Statistic::FastScale => return None,
    })
}

fn control() -> Control<'static> {
    Control::new(Level::Baseline)
}

fn compare<T: WorkingType>(seed: u64) {
    let mut draw = Draw::new(seed);
    let words = T::BYTES == 4 && draw.chance(40);
    let sizes = [(11, 13), (40, 17), (9, 64), (30, 30)];
    let count = 1 + draw.below(5);
    let frames: Vec<Frame<T>> = (0..count)
        .map(|_| {
            let size = draw.pick(&sizes);
            drawn(&mut draw, words, size)
        })
        .collect();
    let (columns, rows) = common(&frames);
    let signed = |range: &Range<isize>| range.start as i64..range.end as i64;
    let statsec = match draw.below(4) {
        0 => Statsec::Whole,
        1 => Statsec::Input { columns: 2..25, rows: 1..11 },
        2 => Statsec::Output { columns: signed(&columns), rows: signed(&rows) },
        _ => Statsec::Overlap,
    };
    let lthreshold = draw.pick(&[None, Some(18.5)]);
    let hthreshold = draw.pick(&[None, Some(5010.0)]);
    let size = draw.pick(&[SampleSize::Thinned, SampleSize::All]);
    let sampling = Sampling { statsec: statsec.clone(), size, lthreshold, hthreshold };
    let working = if T::BYTES == 4 { Working::F32 } else { Working::F64 };
    let section = |place: &Placement| match &statsec {
        Statsec::Whole => (0..place.width, 0..place.height),
        Statsec::Input { columns, rows } => {
            (columns.start..columns.end.min(place.width), rows.start..rows.end.min(place.height))
        }
        _ => {
            let own =
                |range: &Range<isize>, start| (range.start - start) as usize..(range.end - start) as usize;
            (own(&columns, place.x), own(&rows, place.y))
        }
    };
    let samples: Vec<Vec<f64>> = frames
        .iter()
        .map(|frame| {
            let masked = |i: usize| frame.mask.as_ref().is_some_and(|mask| mask[i] != 0);
            let value = |(i, v): (usize, &T)| if masked(i) { f64::NAN } else { v.widen() };
            let data: Vec<f64> = frame.values.iter().enumerate().map(value).collect();
            let (columns, rows) = section(&frame.place);
            let image = Image { data: &data, width: frame.place.width };
            sample(image, columns, rows, size == SampleSize::All, (lthreshold, hthreshold))
        })
        .collect();
    let empty = samples.iter().position(Vec::is_empty);
    for (way, workers) in WAYS.into_iter().flat_map(|way| [(way, 1), (way, 3)]) {
        if words && !matches!(way, Way::BorrowStored | Way::ReadStored) {
            continue;
        }
        let source = Frames::new(&frames, way, words);
        match (measure(&source, &ALL, &sampling, workers, &control()), empty) {
            (Err(error), Some(frame)) => assert_eq!(error.frame(), Some(frame), "seed {seed} {error}"),
            (Ok(found), None) => {
                for (statistic, list) in ALL.iter().zip(found) {
                    for (frame, measured) in list.iter().enumerate() {
                        let expected = expected(*statistic, &samples[frame], words, working);
                        let same = expected.is_none_or(|v| v.to_bits() == measured.value.to_bits());
                        assert!(
                            same,
                            "seed {seed} {way:?} {statistic:?} of {frame}: {measured:?}, {expected:?}"
                        );
                        assert_eq!(measured.n, samples[frame].len(), "seed {seed} {way:?}");
                    }
                }
            }
            (found, empty) => panic!("seed {seed} {way:?}: {found:?}, empty {empty:?}"),
        }
    }
}

#[test]
fn statistics_of_every_source_are_those_of_the_reference() {
    for seed in 0..150 {
        compare::<f32>(seed);
        compare::<f64>(1000 + seed);
    }
}

fn plain<T: WorkingType>(width: usize, height: usize, value: impl Fn(usize, usize) -> f64) -> Frame<T> {
    let values = (0..width * height).map(|i| T::narrow(value(i % width, i / width))).collect();
    Frame { place: Placement { x: 0, y: 0, height, width }, values, mask: None }
}

/// 1200 × 300 = 360 000 pixels: j = 2 leaves 90 000. No odd row is asked for; where none is left out many come at once.
#[test]
fn rows_that_the_step_skips_are_not_read() {
    let frame = plain::<f32>(1200, 300, |x, y| (x % 2 * 7 + y % 2 * 1000) as f64);
    for way in [Way::Read, Way::ReadStored] {
        let source = Frames::new(std::slice::from_ref(&frame), way, false);
        let found = measure(&source, &[Statistic::Mean], &Sampling::default(), 1, &control()).unwrap();
        assert_eq!((found[0][0].value, found[0][0].n), (0.0, 90_000));
        let asked = source.asked.lock().unwrap().clone();
        let even: Vec<_> = (0..150).map(|row| (0, 2 * row..2 * row + 1)).collect();
        assert_eq!(asked, even);
        source.asked.lock().unwrap().clear();
        let all = Sampling { size: SampleSize::All, ..Sampling::default() };
        let found = measure(&source, &[Statistic::Mean], &all, 1, &control()).unwrap();
        assert_eq!((found[0][0].value, found[0][0].n), (503.5, 360_000));
        let asked = source.asked.lock().unwrap().clone();
        assert!(
            asked.len() < 60 && asked.windows(2).all(|pair| pair[0].1.end == pair[1].1.start),
            "{asked:?}"
        );
        assert!(sample_bytes(&source, &all).unwrap() > 8 * 360_000);
        assert!(sample_bytes(&source, &Sampling::default()).unwrap() > 8 * 90_000);
    }
}

/// Searched are 2 2 3 4 5 7 8 8 10 11 12 12 13 13 13: windows of 1.1. From 2 on by 1, [12, 13.1) holds four of them; by 0.11, none does,
/// and [2, 3.1) is the first of three. Whether 1 or 0.11 depends on how the numbers are stored.
#[test]
fn integers_have_the_mode_of_integers() {
    let levels = [1, 1, 2, 2, 2, 3, 4, 5, 7, 8, 8, 10, 11, 12, 12, 13, 13, 13, 14, 14];
    let frame = plain::<f32>(20, 1, |x, _| f64::from(levels[x]));
    let mode = |way, words| {
        let source = Frames::new(std::slice::from_ref(&frame), way, words);
        measure(&source, &[Statistic::Mode], &Sampling::default(), 1, &control()).unwrap()[0][0].value
    };
    assert_eq!((mode(Way::ReadStored, true), mode(Way::BorrowStored, true)), (13.0, 13.0));
    assert_eq!((mode(Way::ReadStored, false), mode(Way::Borrow, false)), (2.0, 2.0));
}

/// Of 20 000 Gaussian values about 100 with σ = 5: errors by hand from σ and n.
#[test]
fn errors_are_standard_errors() {
    let mut draw = Draw::new(3);
    let values: Vec<f64> = (0..20_000).map(|_| 100.0 + 5.0 * draw.normal()).collect();
    let frame = plain::<f64>(200, 100, |x, y| values[y * 200 + x]);
    let source = Frames::new(std::slice::from_ref(&frame), Way::Borrow, false);
    let found = measure(&source, &ALL, &Sampling::default(), 1, &control()).unwrap();
    let root = 20_000f64.sqrt();
    for (statistic, expected) in [
        (Statistic::Mode, 1.44 * 5.0 / root.sqrt()),
        (Statistic::Median, 1.2533 * 5.0 / root),
        (Statistic::IrafMedian, 1.2533 * 5.0 / root),
        (Statistic::Mean, 5.0 / root),
        (Statistic::Biweight, 5.0 / root),
        (Statistic::Ikss, 1.2533 * 5.0 / root),
        (Statistic::IkssScale, 5.0 / (2.0f64 * 0.87).sqrt() / root),
        (Statistic::FastScale, 0.6745 * 1.5 * 5.0 / (2.0f64 * 0.37).sqrt() / root),
        (Statistic::Noise, 0.984 * 5.0 / 2f64.sqrt() / root),
    ] {
        let list = ALL.iter().position(|of| *of == statistic).unwrap();
        let error = found[list][0].error.unwrap();
        assert!((error / expected - 1.0).abs() < 0.03, "{statistic:?}: {error}, expected {expected}");
    }
    let one = Frames::new(&[plain::<f64>(1, 1, |_, _| 7.0)], Way::Borrow, false);
    let found = measure(&one, &ALL, &Sampling::default(), 1, &control()).unwrap();
    assert!(found.iter().all(|list| list[0].error.is_none() && list[0].n == 1));
}

/// A source whose frames from 2 on cannot be read.
struct Broken;

impl FrameSource<f32> for Broken {
    fn frames(&self) -> usize {
        6
    }
    fn height(&self) -> usize {
        2
    }
    fn width(&self) -> usize {
        2
    }
    fn read(&self, frame: usize, _: Range<usize>, out: &mut [f32]) -> Result<(), BoxError> {
        out.fill(1.0);
        if frame < 2 { Ok(()) } else { Err(format!("no frame {frame}").into()) }
    }
}

#[test]
fn the_first_frame_that_cannot_be_read_is_named() {
    for workers in [1, 4] {
        let error =
            measure(&Broken, &[Statistic::Mean], &Sampling::default(), workers, &control()).unwrap_err();
        assert_eq!((error.frame(), error.to_string().as_str()), (Some(2), "no frame 2"));
        let none = Compare::Differences { scales: &[] };
        let error =
            compare_pairs(&Broken, none, PairWeight::Pixels, 1, &Sampling::default(), workers, &control());
        assert_eq!(error.unwrap_err().frame(), Some(2));
    }
}

#[test]
fn cancelling_stops() {
    let cancel = AtomicBool::new(true);
    let control = control().cancel(&cancel);
    let frame = plain::<f32>(4, 4, |_, _| 1.0);
    let source = Frames::new(&[frame.clone(), frame], Way::Borrow, false);
    let error = measure(&source, &[Statistic::Mean], &Sampling::default(), 2, &control).unwrap_err();
    assert!(matches!(error, NormaliseError::Run(CombineError::Cancelled)));
    let pairs =
        compare_pairs(&source, Compare::Ratios, PairWeight::Pixels, 1, &Sampling::default(), 2, &control);
    assert!(matches!(pairs.unwrap_err(), NormaliseError::Run(CombineError::Cancelled)));
}

/// Factors and weights of random numbers against the reference.
#[test]
fn factors_and_weights_are_those_of_the_reference() {
    for seed in 0..2000 {
        let mut draw = Draw::new(seed);
        let frames = 1 + draw.below(130);
        let numbers =
            |draw: &mut Draw, low: f64| (0..frames).map(|_| low + 1000.0 * draw.unit()).collect::<Vec<f64>>();
        let scale = (draw.below(3), numbers(&mut draw, 1e-3));
        let low = draw.pick(&[1e-3, -200.0]);
        let zero = (draw.below(3), numbers(&mut draw, low));
        let weight = (1 + draw.below(2), numbers(&mut draw, 0.0));
        let ncombine: Vec<f64> = (0..frames).map(|_| 1.0 + draw.below(5) as f64).collect();
        let ours = |(kind, numbers): &(usize, Vec<f64>)| match kind {
            0 => Values::None,
            1 => Values::exact(numbers),
            _ => Values::Given(numbers.clone()),
        };
        let theirs = |(kind, numbers): &(usize, Vec<f64>)| match kind {
            0 => Source::None,
            1 => Source::Measured(numbers.clone()),
            _ => Source::Given(numbers.clone()),
        };
        let rule = draw.pick(&[NormRule::Iraf, NormRule::Imcombiners, NormRule::Ccdproc]);
        let zero = if rule == NormRule::Ccdproc { (0, vec![]) } else { zero };
        let (our_scale, our_zero) = (ours(&scale), ours(&zero));
        let found = factors(rule, frames, &our_scale, &our_zero).unwrap();
        let expected = match rule {
            NormRule::Iraf => reference::iraf(frames, &theirs(&scale), &theirs(&zero)),
            NormRule::Imcombiners => reference::imcombiners(frames, &theirs(&scale), &theirs(&zero)),
            NormRule::Ccdproc => reference::ccdproc(frames, &theirs(&scale)),
        };
        for (frame, factor) in found.iter().enumerate() {
            assert_eq!(factor.scaling, expected.scalings[frame], "seed {seed} {rule:?} frame {frame}");
            assert_eq!(
                (factor.scale, factor.zero),
                (expected.scales[frame], expected.zeros[frame]),
                "seed {seed}"
            );
        }
        let source = if weight.0 == 1 {
            Weights::Measured(weight.1.clone())
        } else {
            Weights::Given(weight.1.clone())
        };
        let found_weights = weights(&source, &ncombine, &our_zero, &found).unwrap().weights;
        let expected_weights =
            reference_weights::iraf(&theirs(&weight), &ncombine, &theirs(&zero), &expected.scales);
        assert_eq!(found_weights, expected_weights, "seed {seed}");
        let noise: Vec<f64> = weight.1.iter().map(|w| w + 0.5).collect();
        let found_weights =
            weights(&Weights::Noise(noise.clone()), &ncombine, &our_zero, &found).unwrap().weights;
        assert_eq!(found_weights, Some(reference_weights::noise(&noise, &expected.scalings)), "seed {seed}");
    }
}

/// A sky with structure, at output pixel (x, y).
fn sky(x: i64, y: i64) -> f64 {
    500.0 + ((x * 37 + y * 101) % 211) as f64
}

/// Frames of gain g and zero z at places: g·(sky + z).
fn mosaic(places: &[(isize, isize)], gains: &[f64], zeros: &[f64]) -> Vec<Frame<f64>> {
    let frame = |i: usize| {
        let (left, up) = places[i];
        let value = |x, y| gains[i] * (sky(left as i64 + x as i64, up as i64 + y as i64) + zeros[i]);
        let mut frame = plain::<f64>(30, 20, value);
        frame.place = Placement { x: left, y: up, ..frame.place };
        frame
    };
    (0..places.len()).map(frame).collect()
}

#[test]
fn overlaps_recover_zeros_and_gains() {
    let places = [(0, 0), (20, 0), (40, 3), (20, 12), (300, 0), (310, 5)];
    let zeros = [0.0, 12.5, -3.25, 40.0, 5.0, 7.0];
    let ones = [1.0; 6];
    let of = |gains: &[f64], zeros: &[f64], way, compare: Compare<'_>, workers| {
        let source = Frames::new(&mosaic(&places, gains, zeros), way, false);
        compare_pairs(&source, compare, PairWeight::Pixels, 100, &Sampling::default(), workers, &control())
            .unwrap()
    };
    let none = Compare::Differences { scales: &[] };
    let pairs = of(&ones, &zeros, Way::Read, none, 1);
    let members: Vec<(usize, usize)> = pairs.iter().map(|pair| (pair.first, pair.second)).collect();
    // (0, 2) lie apart, (0, 3) have 10 × 8 = 80 pixels in common, (2, 3) have 10 × 11.
    assert_eq!(members, [(0, 1), (1, 2), (1, 3), (2, 3), (4, 5)]);
    assert_eq!(pairs[0], Pair { first: 0, second: 1, difference: -12.5, weight: 200.0 });
    for (way, workers) in [(Way::Borrow, 4), (Way::ReadStored, 2), (Way::BorrowStored, 1)] {
        assert_eq!(of(&ones, &zeros, way, none, workers), pairs, "{way:?}");
    }
    let found = least_squares(6, 0, &pairs).unwrap();
    assert_eq!((&found.references[..], found.warnings().len()), (&[0, 4][..], 1));
    let near =
        |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9) && a.len() == b.len();
    assert!(near(&found.values, &[0.0, 12.5, -3.25, 40.0, 0.0, 2.0]), "{found:?}");

    let gains = [1.0, 2.0, 0.5, 1.25, 3.0, 1.5];
    let ratios = of(&gains, &[0.0; 6], Way::Borrow, Compare::Ratios, 2);
    let scales = least_squares(6, 0, &ratios).unwrap().scales().unwrap();
    assert!(near(&scales, &[1.0, 2.0, 0.5, 1.25, 1.0, 0.5]), "{scales:?}");
    let differences = of(&gains, &zeros, Way::Borrow, Compare::Differences { scales: &gains }, 2);
    let factors: Vec<Factor> = least_squares(6, 0, &differences).unwrap().zeros(&gains);
    assert!((factors[3].scaling.add + 40.0).abs() < 1e-9 && factors[3].scaling.multiply == 0.8);
}

/// Median 10 of 7 … 13, MAD 2 of 49 of each: V = (π/2)(1.4826·2)²/343. Masks and gaps leave pixels out.
#[test]
fn pairs_count_what_both_frames_have() {
    let first = plain::<f32>(49, 7, |_, y| 107.0 + y as f64);
    let mut second = plain::<f32>(49, 7, |_, _| 100.0);
    let of = |second: &Frame<f32>, weight, minoverlap| {
        let source = Frames::new(&[first.clone(), second.clone()], Way::Read, false);
        let none = Compare::Differences { scales: &[] };
        compare_pairs(&source, none, weight, minoverlap, &Sampling::default(), 1, &control())
    };
    let pair = of(&second, PairWeight::InverseVariance, 1).unwrap()[0];
    let variance = std::f64::consts::FRAC_PI_2 * (1.482602218505602f64 * 2.0).powi(2) / 343.0;
    assert!(pair.difference == 10.0 && (pair.weight * variance - 1.0).abs() < 1e-12, "{pair:?}");
    second.mask = Some((0..343).map(|i| u8::from(i >= 49)).collect());
    second.values[0] = f32::NAN;
    let pair = of(&second, PairWeight::Pixels, 48).unwrap();
    assert_eq!(pair, [Pair { first: 0, second: 1, difference: 7.0, weight: 48.0 }]);
    assert_eq!(of(&second, PairWeight::Pixels, 49).unwrap(), []);
    let error = of(&second, PairWeight::InverseVariance, 1).unwrap_err();
    assert!(error.to_string().contains("pair of frames 1 and 2: weight is inf"), "{error}");
}

/// 400 × 300 pixels in common: every second one of every second row, of both frames.
#[test]
fn large_overlaps_are_thinned() {
    let odd = |x: usize, y: usize| x % 2 == 1 || y % 2 == 1;
    let first = plain::<f32>(400, 300, |x, y| if odd(x, y) { 900.0 } else { 3.0 });
    let second = plain::<f32>(400, 300, |_, _| 1.0);
    let source = Frames::new(&[first, second], Way::Read, false);
    let none = Compare::Differences { scales: &[] };
    let found =
        compare_pairs(&source, none, PairWeight::Pixels, 100, &Sampling::default(), 1, &control()).unwrap();
    assert_eq!(found, [Pair { first: 0, second: 1, difference: 2.0, weight: 30_000.0 }]);
    assert!(source.asked.lock().unwrap().iter().all(|(_, rows)| rows.start % 2 == 0 && rows.len() == 1));
}

#[test]
fn an_exact_number_has_no_error() {
    assert_eq!(Measurement::exact(3.0), Measurement { value: 3.0, error: Some(0.0), n: 1 });
}
