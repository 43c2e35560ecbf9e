//! What a run says of itself: totals of each frame, warnings from samples, cards, HISTORY, the table of frames.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Folder, cards, hdu, read};
use ndarray::{Array2, Array3, s};
use skystack::fits::{Bitpix, FitsFile, Header, Image, InputPath, Limits};
use skystack::settings::Value;
use skystack::{
    AvSigClip, Combine, Frames, Gesd, Grow, InputVariance, MaskType, Masks, MinMax, NoiseModel, Norm,
    Offsets, OutputFiles, PerFrame, Report, SigClip, Stacker, Warning, Weight, simulate,
};

fn header(path: &Path) -> Header {
    Image::open(&InputPath::parse(path), &Limits::default()).expect("an image").header().clone()
}

/// All HISTORY on one line.
fn history(header: &Header) -> String {
    let cards = header.cards().iter().filter(|card| card.keyword() == "HISTORY");
    cards.map(|card| card.as_str()[8..].trim().to_owned() + " ").collect()
}

fn kinds(report: &Report) -> Vec<&'static str> {
    report.warnings.iter().map(Warning::kind).collect()
}

/// One frame of 4 x 2 pixels with these cards.
fn frame(folder: &Folder, name: &str, value: f32, cards: &[(&str, f64)], dates: &[(&str, &str)]) -> PathBuf {
    let mut header = Header::new();
    cards.iter().for_each(|(keyword, number)| header.set(keyword, *number, "").expect("a card"));
    dates.iter().for_each(|(keyword, date)| header.set(keyword, *date, "").expect("a card"));
    folder.write(name, Bitpix::F32, &[4, 2], &[value; 8], header)
}

#[test]
fn what_each_frame_lost_adds_up_whatever_the_plan() {
    let mut stack = simulate::stack(12, 40, 70, 3).frames;
    // Missing samples of their own number in some frames.
    stack.slice_mut(s![3, 5..7, ..]).fill(f32::NAN);
    stack.slice_mut(s![7, .., 11]).fill(f32::INFINITY);
    stack[[0, 39, 69]] = f32::NAN;
    let clip = || Stacker::new().reject(SigClip::iraf().lsigma(2.0).hsigma(2.0));
    for stacker in
        [clip(), clip().grow(Grow::new(1.5)), Stacker::new(), Stacker::new().combine(Combine::Median)]
    {
        let report = stacker.clone().threads(1).run(stack.view()).expect("a result").report;
        let missing: Vec<u64> = report.per_frame.iter().map(|frame| frame.missing).collect();
        assert_eq!(missing, [1, 0, 0, 140, 0, 0, 0, 40, 0, 0, 0, 0], "{stacker:?}");
        assert_eq!(report.missing, 181, "{stacker:?}");
        assert_eq!(report.per_frame.iter().map(|frame| frame.rejected()).sum::<u64>(), report.rejected);
        let grown = report.per_frame.iter().map(|frame| frame.grow).sum::<u64>();
        assert_eq!(grown > 0, report.settings.get("grow", "grow") == Some(&Value::Number(1.5)));
        let banded = in_bands(&stacker, &stack, &report);
        assert_eq!(banded.per_frame, report.per_frame);
        let pixels = |report: &Report| (report.empty, report.restored, report.zero_spread, report.missing);
        assert_eq!(pixels(&banded), pixels(&report));
    }
}

/// The same run in several bands, on two workers if the memory is there.
fn in_bands(stacker: &Stacker, stack: &Array3<f32>, whole: &Report) -> Report {
    let limited = stacker.clone().threads(1).mem_limit(whole.plan.peak_bytes - 1);
    let report = limited.run(stack.view()).expect("a result").report;
    assert!(whole.plan.bands == 1 && report.plan.bands > 1, "{:?}", report.plan);
    report
}

#[test]
fn samples_that_nkeep_brings_back_are_a_warning() {
    let stack = simulate::stack(8, 20, 20, 5).frames;
    let clip = SigClip::iraf().lsigma(1.5).hsigma(1.5).nkeep(8);
    for grows in [0.0, 1.0] {
        let all = Stacker::new()
            .reject(clip)
            .grow(Grow { nkeep: 8, ..Grow::new(grows) })
            .run(stack.view())
            .expect("a result")
            .report;
        // A pass needs one sample more than it must keep: none runs.
        assert_eq!((all.restored, all.rejected), (0, 0));
        let clip = clip.nkeep(7);
        let some = Stacker::new()
            .reject(clip)
            .grow(Grow { nkeep: 7, ..Grow::new(grows) })
            .run(stack.view())
            .expect("a result")
            .report;
        assert!(some.restored > 20 && some.restored <= 400, "{}", some.restored);
        assert!(kinds(&some).contains(&"restored"), "{:?}", some.warnings);
    }
    let integers = stack.mapv(|v| v as u16);
    let of = |stacker: Stacker| {
        let words = stacker.run(integers.view()).expect("a result").report;
        let values = stacker.run(integers.mapv(f32::from).view()).expect("a result").report;
        assert_eq!((words.restored, words.zero_spread), (values.restored, values.zero_spread));
        words.restored
    };
    assert!(of(Stacker::new().reject(clip.nkeep(7))) > 0);
    assert_eq!(of(Stacker::new().reject(clip.nkeep(1))), 0);
}

#[test]
fn samples_without_scatter_are_a_warning() {
    let mut stack = Array3::from_shape_fn((12, 10, 20), |(i, y, x)| (100 + (i * 7 + x * 3 + y) % 5) as f32);
    let report = |stack: &Array3<f32>, stacker: Stacker| stacker.run(stack.view()).expect("a result").report;
    let clip = || Stacker::new().reject(SigClip::iraf());
    assert_eq!(report(&stack, clip()).zero_spread, 0);
    // Two of 200 pixels are no more than one in a hundred, three are.
    stack.slice_mut(s![.., 4, 3..5]).fill(100.0);
    let two = report(&stack, clip());
    assert_eq!((two.zero_spread, kinds(&two).contains(&"zero_spread")), (2, false));
    stack.slice_mut(s![.., 9, 19]).fill(7.0);
    for stacker in
        [clip(), clip().grow(Grow::new(1.0)), clip().grow(Grow::new(3.0))].map(|stacker| stacker.threads(1))
    {
        let three = report(&stack, stacker.clone());
        assert_eq!((three.zero_spread, kinds(&three).contains(&"zero_spread")), (3, true));
        // Rows at the border of two bands are judged twice, and counted once.
        assert_eq!(in_bands(&stacker, &stack, &three).zero_spread, 3);
    }
    // One sample has no scatter either, and says nothing.
    let alone =
        Stacker::new().reject(SigClip::astropy()).run(stack.slice(s![..1, .., ..])).expect("a result");
    assert_eq!(alone.report.zero_spread, 0);
}

#[test]
fn a_frame_without_samples_and_pixels_without_samples_are_warnings() {
    let mut stack = simulate::stack(3, 10, 10, 1).frames;
    stack.slice_mut(s![1, .., ..]).fill(f32::NAN);
    stack.slice_mut(s![.., 0, 0]).fill(f32::NAN);
    let report = Stacker::new().run(stack.view()).expect("a result").report;
    assert_eq!(report.warnings, [Warning::FramesWithoutSamples { frames: vec![1] }]);
    stack.slice_mut(s![.., 0, 1]).fill(f32::NAN);
    let report = Stacker::new().run(stack.view()).expect("a result").report;
    assert!(report.warnings.contains(&Warning::EmptyPixels { pixels: 2, of: 100 }), "{:?}", report.warnings);
}

#[test]
fn a_frame_that_loses_most_is_named() {
    let mut stack = simulate::stack(15, 30, 30, 2).frames;
    stack.slice_mut(s![4, .., ..]).mapv_inplace(|v| v + 2000.0);
    let report = Stacker::new().reject(SigClip::iraf()).run(stack.view()).expect("a result").report;
    let frames = report.warnings.iter().find_map(|warning| match warning {
        Warning::FramesLoseMost { frames, .. } => Some(frames.clone()),
        _ => None,
    });
    let frames = frames.expect("a warning");
    assert_eq!(frames.len(), 1);
    assert!(frames[0].0 == 4 && frames[0].1 > 0.9, "{frames:?}");
}

#[test]
fn avsigclip_at_a_low_level_is_a_warning() {
    let at = |level: f32| {
        let stack =
            Array3::from_shape_fn((6, 8, 8), |(i, y, x)| level + ((i * 5 + y * 3 + x) % 7) as f32 * 0.1);
        let files = Folder::new();
        let paths = files.stack(&stack);
        let stacker = Stacker::new().reject(AvSigClip::iraf());
        let array = stacker.run(stack.view()).expect("a result").report;
        let file = stacker.run_files(&paths, files.path("out.fits")).expect("a result");
        assert_eq!(array.warnings, file.warnings);
        kinds(&file).contains(&"low_level_for_avsigclip")
    };
    assert!(at(9.0) && !at(10.0));
}

#[test]
fn exposure_and_mean_time_follow_scale_and_weights() {
    let folder = Folder::new();
    let of = |name: &str, seconds: f64, start: &str| {
        frame(&folder, name, 100.0, &[("EXPTIME", seconds)], &[("DATE-OBS", start)])
    };
    let frames = [of("a.fits", 10.0, "2026-11-21T00:00:00"), of("b.fits", 30.0, "2026-11-21T00:01:00")];
    let out = folder.path("out.fits");
    let card = |stacker: Stacker, keyword: &str| {
        stacker.run_files(&frames, OutputFiles::new(&out).overwrite(true)).expect("a result");
        header(&out).number(keyword)
    };
    assert_eq!(card(Stacker::new(), "EXPTIME"), Some(20.0));
    assert_eq!(card(Stacker::new().scale(Norm::Exposure), "EXPTIME"), Some(10.0));
    assert_eq!(card(Stacker::new().scale(Norm::Exposure), "TEXPTIME"), Some(40.0));
    assert_eq!(card(Stacker::new().weight(Weight::Given(vec![1.0, 3.0])), "EXPTIME"), Some(25.0));
    assert_eq!(card(Stacker::new().combine(Combine::Median), "EXPTIME"), Some(20.0));
    let sum = || Stacker::new().combine(Combine::Sum);
    assert_eq!(card(sum(), "EXPTIME"), Some(40.0));
    assert_eq!(card(sum().scale(Norm::Exposure), "EXPTIME"), Some(20.0));
    // Middles at 5 s and 75 s, weights 10 and 30: 57.5 s after midnight.
    let mjd = card(Stacker::new(), "MJD-AVG").expect("a time");
    assert!((mjd - (61_365.0 + 57.5 / 86_400.0)).abs() < 1e-9, "{mjd}");
    // A frame without a sample adds nothing; one without a start leaves no mean time.
    let empty =
        frame(&folder, "c.fits", f32::NAN, &[("EXPTIME", 500.0)], &[("DATE-OBS", "2026-11-21T09:00:00")]);
    let three = [frames[0].clone(), frames[1].clone(), empty];
    Stacker::new().run_files(&three, OutputFiles::new(&out).overwrite(true)).expect("a result");
    assert_eq!(header(&out).number("EXPTIME"), Some(20.0));
    assert_eq!(header(&out).number("MJD-AVG"), Some(mjd));
    let undated = frame(&folder, "d.fits", 1.0, &[("EXPTIME", 5.0)], &[]);
    Stacker::new()
        .run_files(&[&three[0], &undated], OutputFiles::new(&out).overwrite(true))
        .expect("a result");
    assert_eq!(header(&out).number("MJD-AVG"), None);
}

#[test]
fn effective_gain_and_noise_are_there_where_they_are_common() {
    let folder = Folder::new();
    let of = |name: &str, gain: f64| {
        frame(&folder, name, 100.0, &[("GAIN", gain), ("RDNOISE", 4.0), ("EXPTIME", 1.0)], &[])
    };
    let (a, b, c) = (of("a.fits", 2.0), of("b.fits", 2.0), of("c.fits", 3.0));
    let d = of("d.fits", 2.0);
    let out = folder.path("out.fits");
    let cards = |stacker: Stacker, frames: &[&PathBuf]| {
        stacker.run_files(frames, OutputFiles::new(&out).overwrite(true)).expect("a result");
        (header(&out).number("GAINEFF"), header(&out).number("RDNEFF"))
    };
    let four = [&a, &b, &d, &a];
    assert_eq!(cards(Stacker::new(), &four), (Some(8.0), Some(8.0)));
    assert_eq!(cards(Stacker::new().combine(Combine::Sum), &four), (Some(2.0), Some(8.0)));
    let (gain, noise) = cards(Stacker::new().combine(Combine::Median), &four);
    assert_eq!(gain, Some(2.0 * 4.0 / 3.0 * 2.0));
    assert!((noise.expect("a noise") - (8.0f64 / 3.0).sqrt() * 4.0).abs() < 1e-12);
    assert_eq!(cards(Stacker::new(), &[&a, &c]), (None, None));
    assert_eq!(cards(Stacker::new().weight(Weight::Given(vec![1.0, 1.0, 1.0, 2.0])), &four), (None, None));
    assert_eq!(cards(Stacker::new().scale(Norm::Given(vec![1.0, 1.0, 1.0, 2.0])), &four), (None, None));
    let by_sample = Stacker::new().variance(InputVariance::Noise).weight(Weight::Variance);
    assert_eq!(cards(by_sample, &four), (None, None));
    let given = NoiseModel { gain: 1.5.into(), rdnoise: 3.0.into(), ..NoiseModel::default() };
    assert_eq!(cards(Stacker::new().noise(given), &four), (Some(6.0), Some(6.0)));
    // What gives no sample gives no electrons.
    let empty = frame(&folder, "empty.fits", f32::NAN, &[("GAIN", 2.0), ("RDNOISE", 4.0)], &[]);
    assert_eq!(cards(Stacker::new(), &[&a, &b, &d, &a, &empty]), (Some(8.0), Some(8.0)));
    assert_eq!(cards(Stacker::new(), &[&empty]), (None, None));
}

/// Frames of one sky of whole numbers, each (x, y) pixels into it, with world and physical coordinates that say so.
fn of_one_sky(folder: &Folder, places: &[(i64, i64)]) -> Vec<PathBuf> {
    let write = |(i, (dx, dy)): (usize, &(i64, i64))| {
        let mut header = Header::new();
        for (keyword, at) in [("CRPIX1", dx), ("CRPIX2", dy), ("CRPIX1A", dx), ("CRPIX2Z", dy)] {
            header.set(keyword, 50.5 - *at as f64, "").expect("a card");
        }
        // The first one says nothing: 0.
        if i > 0 {
            header.set("LTV1", (places[0].0 - dx) as f64, "").expect("a card");
            header.set("LTV2", (places[0].1 - dy) as f64, "").expect("a card");
        }
        let sky = |x: i64, y: i64| (7 * x + 1000 * y) as f32;
        let data: Vec<f32> = (0..6).flat_map(|y| (0..8).map(move |x| sky(x + dx, y + dy))).collect();
        folder.write(&format!("sky{i}.fits"), Bitpix::F32, &[8, 6], &data, header)
    };
    places.iter().enumerate().map(write).collect()
}

#[test]
fn a_stack_of_shifted_frames_registers_with_one_of_them() {
    let folder = Folder::new();
    // The first frame is neither left nor below of all others.
    let frames = of_one_sky(&folder, &[(4, 3), (2, 5), (9, 1)]);
    for offsets in [Offsets::Wcs, Offsets::Physical] {
        let stacker = Stacker::new().offsets(offsets.clone());
        let out = folder.path("out.fits");
        stacker.run_files(&frames, OutputFiles::new(&out).overwrite(true)).expect("a result");
        let header = header(&out);
        let numbers = ["CRPIX1", "CRPIX2", "CRPIX1A", "CRPIX2Z", "LTV1", "LTV2"].map(|k| header.number(k));
        assert_eq!(numbers, [48.5, 49.5, 48.5, 49.5, 2.0, 2.0].map(Some));
        let stack = read(&out, 0);
        for frame in &frames {
            let again = [&out, frame].map(Clone::clone);
            for (first, second) in [(0, 1), (1, 0)] {
                let pair = [&again[first], &again[second]];
                let both = folder.path("both.fits");
                stacker.run_files(&pair, OutputFiles::new(&both).overwrite(true)).expect("a result");
                assert_eq!(kept(&read(&both, 0)), kept(&stack), "{offsets:?}");
            }
        }
    }
    let still = Stacker::new().run_files(&frames, OutputFiles::new(folder.path("still.fits")));
    still.expect("a result");
    assert!(!header(&folder.path("still.fits")).contains("LTV1"));
}

/// The pixels that have a value, with 0 for the others.
fn kept(image: &Array2<f64>) -> Array2<f64> {
    image.mapv(|v| if v.is_nan() { 0.0 } else { v })
}

#[test]
fn an_extension_has_the_keywords_of_the_primary_header_that_it_inherits() {
    let folder = Folder::new();
    let file = |name: &str, exposure: f64, inherit: Option<bool>| {
        let mut primary = cards(&[("EXPTIME", exposure), ("GAIN", 0.0), ("EXTRA", 3.0)]);
        primary.set("DATE-OBS", "2026-11-21T01:00:00", "").expect("a card");
        primary.push_history("of the file");
        let mut own = cards(&[("EXTNAME", "SCI")]);
        own.set("EXTRA", 4.0, "").expect("a card");
        inherit.iter().for_each(|inherit| own.set("INHERIT", *inherit, "").expect("a card"));
        hdu(&folder.mef(name, &[(&[], &[], primary), (&[2, 1], &[8.0, 8.0], own)]), "SCI")
    };
    let (a, b) = (file("a.fits", 10.0, Some(true)), file("b.fits", 30.0, Some(true)));
    let outputs = || OutputFiles::new(folder.path("out.fits")).overwrite(true);
    let stacker = Stacker::new().scale(Norm::Exposure);
    let report = stacker.run_files(&[&a, &b], outputs()).expect("a result");
    assert_eq!(report.frames[1].scale, Some(3.0));
    let header = header(&folder.path("out.fits"));
    assert_eq!((header.number("TEXPTIME"), header.number("EXTRA")), (Some(40.0), Some(4.0)));
    assert_eq!(header.text("DATE-OBS").as_deref(), Some("2026-11-21T01:00:00"));
    assert!(!header.contains("INHERIT") && !history(&header).contains("of the file"));
    for inherit in [None, Some(false)] {
        let alone = file("alone.fits", 10.0, inherit);
        let error = stacker.run_files(&[&a, &alone], outputs()).expect_err("no EXPTIME").to_string();
        assert!(error.contains("alone.fits[SCI] has no number in keyword EXPTIME"), "{error}");
    }
    // The header of a primary array is about that array.
    let own = cards(&[("INHERIT", true)]);
    let primary = cards(&[("EXPTIME", 10.0)]);
    let array = folder.mef("array.fits", &[(&[2, 1], &[1.0; 2], primary), (&[2, 1], &[8.0; 2], own)]);
    let error = stacker.run_files(&[&a, &hdu(&array, "1")], outputs()).expect_err("no EXPTIME").to_string();
    assert!(error.contains("array.fits[1] has no number in keyword EXPTIME"), "{error}");
    // A number of a header is wrong in a file, a given one is not.
    let of_gain = |gain| {
        let noise = NoiseModel { gain, ..NoiseModel::default() };
        Stacker::new().noise(noise).run_files(&[&a, &b], outputs()).expect_err("no gain").to_string()
    };
    let error = of_gain(PerFrame::Keyword("GAIN".into()));
    assert!(error.contains("a.fits[SCI], keyword GAIN: gain is 0 for frame 1, needed"), "{error}");
    assert!(!of_gain(PerFrame::Given(vec![1.0, 0.0])).contains(".fits"));
}

#[test]
fn history_has_every_option_and_what_became_of_each_frame() {
    let folder = Folder::new();
    let stack = simulate::stack(4, 8, 9, 1).frames;
    let paths = folder.stack(&stack);
    let mask = folder.write(
        "mask.fits",
        Bitpix::U8,
        &[9, 8],
        &[[1u8].as_slice(), &[0u8; 71]].concat(),
        Header::new(),
    );
    let stacker = Stacker::new()
        .reject(MinMax::new(0.0, 1.0))
        .then_reject(Gesd::textbook())
        .masks(Masks::new(MaskType::BadBits, 1).files(vec![mask]))
        .scale(Norm::Exposure)
        .offsets(Offsets::Given(vec![(0, 0), (1, 0), (0, 0), (0, -1)]))
        .grow(Grow { nkeep: 2, ..Grow::new(1.5) })
        .lthreshold(-50.0);
    let report = stacker.run_files(&paths, folder.path("out.fits")).expect("a result");
    let history = history(&header(&folder.path("out.fits")));
    let order = [
        "algorithms v1, arithmetic contract v1, backend=cpu",
        "combine=average convention=iraf blank=nan lmedian=iraf sigma=iraf type=f32",
        "reject=minmax nlow=0 nhigh=1 reject=gesd alpha=0.05 max_outliers=0.3 nkeep=0 maxrej=none",
        "grow=1.5 nkeep=2 lthreshold=-50 hthreshold=none",
        "scale=exposure zero=none weight=none",
        "offsets=given footprint=union masktype=badbits maskvalue=1 masks=1_files",
        "gain=1 rdnoise=0 snoise=0 variance=none products=none",
    ];
    let places: Vec<_> = order.iter().map(|part| history.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {history}");
    let lost = report.per_frame[1];
    let line = format!(
        "frame 2 scale=2 zero=0 offset=1,1 low={} high={} grow={} missing={} mask=mask.fits",
        lost.low, lost.high, lost.grow, lost.missing
    );
    assert!(history.contains(&line), "{line} in {history}");
    assert!(!history.contains('{') && !history.contains("Some("), "{history}");
    assert!(history.contains("warning: gesd among 4 frames"), "{history}");
}

#[test]
fn more_than_999_frames_are_in_a_table() {
    let folder = Folder::new();
    let planes = vec![1.0f32; 1000];
    let cube = folder.write("cube.fits", Bitpix::F32, &[1, 1, 1000], &planes, Header::new());
    let one = folder.write("one.fits", Bitpix::F32, &[1, 1], &[4.0f32], Header::new());
    let outputs = OutputFiles::new(folder.path("out.fits")).count(folder.path("count.fits"));
    let stacker = Stacker::new().reject(MinMax::new(0.0, 1.0));
    stacker.run_files(&[&cube, &one], outputs).expect("a result");
    let out = header(&folder.path("out.fits"));
    assert!(!out.contains("IMCMB001") && history(&out).contains("1001 frames, one a row in the table IMCMB"));
    assert_eq!((out.logical("EXTEND"), out.integer("NCOMBINE")), (Some(true), Some(1001)));
    let file = FitsFile::open(folder.path("out.fits")).expect("a file");
    assert_eq!(file.warnings(), [] as [String; 0]);
    let [_, table] = file.hdus() else { panic!("two HDUs") };
    assert_eq!((table.name(), table.header().integer("NAXIS2")), (Some("IMCMB"), Some(1001)));
    let bytes = fs::read(folder.path("out.fits")).expect("bytes");
    let row = table.header().integer("NAXIS1").expect("a width") as usize;
    let last = &bytes[table.data_offset() as usize + 1000 * row..][..row];
    assert!(last.starts_with(b"one.fits"));
    // The one of 4 is the greatest: NLOW, NHIGH, NGROW, NMISS at the end of its row.
    let numbers: Vec<i64> = last[row - 32..]
        .chunks_exact(8)
        .map(|n| i64::from_be_bytes(n.try_into().expect("8 bytes")))
        .collect();
    assert_eq!(numbers, [0, 1, 0, 0]);
    // The table stands behind the image alone.
    assert_eq!(FitsFile::open(folder.path("count.fits")).expect("a file").hdus().len(), 1);
}

#[test]
fn arrays_have_frames_too() {
    let stack = simulate::stack(3, 6, 6, 1).frames;
    let stacker =
        Stacker::new().scale(Norm::Given(vec![1.0, 2.0, 4.0])).weight(Weight::Given(vec![1.0, 1.0, 2.0]));
    let report = stacker.run(Frames::new(stack.view())).expect("a result").report;
    let of = |i: usize| (report.frames[i].name.as_str(), report.frames[i].scale, report.frames[i].weight);
    assert_eq!(of(2), ("frame 3", Some(0.25), Some(0.5)));
    assert_eq!(report.settings.get("normalisation", "scale"), Some(&Value::Word("given".into())));
}
