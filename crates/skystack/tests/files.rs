//! The facade on FITS files: values, products, headers, bad input, and the same bits as in memory.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Folder, cards, hdu, read};
use ndarray::{Array2, Array3};
use skystack::fits::{Bitpix, Header, Image, InputPath, Limits};
use skystack::{
    AvSigClip, CcdClip, Combine, CountProduct, CubeProduct, Error, ErrorKind, Footprint, Frames, Grow,
    InputVariance, MaskType, Masks, MinMax, NoiseModel, Norm, Normalisation, Offsets, OutputFiles, Outtype,
    Products, SigClip, Stacker, ValueProduct, VarClip, Weight, simulate,
};

fn header(path: &Path) -> Header {
    Image::open(&InputPath::parse(path), &Limits::default()).expect("an image").header().clone()
}

/// f32 values and all their bits, NaN included.
fn bits(image: &Array2<f32>) -> Vec<u32> {
    image.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn files_give_the_bits_of_arrays_for_every_memory_limit_and_thread_count() {
    let folder = Folder::new();
    let stack = simulate::stack(9, 70, 61, 3).frames;
    let paths = folder.stack(&stack);
    let products =
        Products::NONE.with(ValueProduct::Sigma).with(CountProduct::Nrej).with(CountProduct::Count);
    let products = products.with(CubeProduct::Rejmask);
    let stacker = Stacker::new().reject(SigClip::iraf().lsigma(2.0).hsigma(2.0)).products(products);
    let memory = stacker.run(stack.view()).expect("a result");
    for (limit, threads) in [(4_300_000, 1), (8 << 20, 3), (1 << 30, 16)] {
        let outputs = OutputFiles::new(folder.path("image.fits"))
            .sigma(folder.path("sigma.fits"))
            .nrej(folder.path("nrej.fits"))
            .count(folder.path("count.fits"))
            .rejmask(folder.path("rejmask.fits"))
            .overwrite(true);
        let report =
            stacker.clone().mem_limit(limit).threads(threads).run_files(&paths, outputs).expect("a result");
        assert!(report.plan.peak_bytes <= limit);
        assert_eq!(report.rejected, memory.report.rejected);
        let narrow = |name: &str| read(&folder.path(name), 0).mapv(|v| v as f32);
        let counts = |name: &str| read(&folder.path(name), 0).mapv(|v| v as u32);
        assert_eq!(bits(&narrow("image.fits")), bits(&memory.image));
        assert_eq!(bits(&narrow("sigma.fits")), bits(memory.values(ValueProduct::Sigma).expect("sigma")));
        assert_eq!(&counts("nrej.fits"), memory.counts(CountProduct::Nrej).expect("nrej"));
        assert_eq!(&counts("count.fits"), memory.counts(CountProduct::Count).expect("count"));
        for (frame, mask) in memory.cube(CubeProduct::Rejmask).expect("rejmask").outer_iter().enumerate() {
            assert_eq!(read(&folder.path("rejmask.fits"), frame).mapv(|v| v as u8), mask);
        }
    }
}

#[test]
fn the_header_says_what_was_done_and_inherits_what_is_still_true() {
    let folder = Folder::new();
    let paths = folder.stack(&simulate::stack(3, 8, 9, 1).frames);
    let weights = Weight::Given(vec![1.0, 1.0, 2.0]);
    let stacker = Stacker::new().reject(SigClip::astropy()).weight(weights).hthreshold(60_000.0);
    stacker.run_files(&paths, folder.path("out.fits")).expect("a result");
    let header = header(&folder.path("out.fits"));
    assert_eq!(header.integer("BITPIX"), Some(-32));
    assert_eq!((header.integer("NAXIS1"), header.integer("NAXIS2")), (Some(9), Some(8)));
    assert_eq!(header.text("OBJECT").as_deref(), Some("M 31"));
    assert_eq!(header.integer("NCOMBINE"), Some(3));
    // 0.25·10 + 0.25·20 + 0.5·30 and 10 + 20 + 30.
    assert_eq!((header.number("EXPTIME"), header.number("TEXPTIME")), (Some(22.5), Some(60.0)));
    assert_eq!(header.text("DATE-OBS").as_deref(), Some("2026-11-21T01:57:00"));
    assert_eq!(header.text("IMCMB002").as_deref(), Some("f001.fits"));
    let cards = header.cards().iter().filter(|card| card.keyword() == "HISTORY");
    let history: String = cards.map(|card| card.as_str()[8..].trim().to_owned() + " ").collect();
    let said = [
        "reject=sigclip lsigma=3 hsigma=3 center=median",
        "about=mean ddof=0",
        "hthreshold=60000",
        "frame 3 weight=0.5",
        "combine=average convention=iraf",
    ];
    for said in said {
        assert!(history.contains(said), "{said} in {history}");
    }
    let sum = Stacker::new().combine(Combine::Sum);
    sum.run_files(&paths, folder.path("sum.fits")).expect("a result");
    assert_eq!(self::header(&folder.path("sum.fits")).number("EXPTIME"), Some(60.0));
}

#[test]
fn the_type_of_the_computation_follows_the_widest_input() {
    let folder = Folder::new();
    let short = folder.write("u16.fits", Bitpix::I16, &[3, 1], &[65_535u16, 0, 32_768], Header::new());
    let long = folder.write("i32.fits", Bitpix::I32, &[3, 1], &[16_777_217i32, 1, -5], Header::new());
    let out = folder.path("out.fits");
    let run = |inputs: &[&PathBuf], outtype| {
        let outputs = OutputFiles::new(&out).overwrite(true);
        Stacker::new().combine(Combine::Max).outtype(outtype).run_files(inputs, outputs).expect("a result");
        (header(&out).integer("BITPIX"), read(&out, 0).into_raw_vec_and_offset().0)
    };
    assert_eq!(run(&[&short], Outtype::Real), (Some(-32), vec![65_535.0, 0.0, 32_768.0]));
    assert_eq!(run(&[&short, &long], Outtype::Real), (Some(-64), vec![16_777_217.0, 1.0, 32_768.0]));
    assert_eq!(run(&[&short], Outtype::Double).0, Some(-64));
    let as_bitpix = |bitpix| {
        let outputs = OutputFiles::new(&out).bitpix(bitpix).overwrite(true);
        Stacker::new().combine(Combine::Sum).run_files(&[&short, &long], outputs).expect("a result");
        (header(&out).integer("BITPIX"), read(&out, 0).into_raw_vec_and_offset().0)
    };
    assert_eq!(as_bitpix(Bitpix::F64), (Some(-64), vec![16_842_752.0, 1.0, 32_763.0]));
    assert_eq!(as_bitpix(Bitpix::F32), (Some(-32), vec![16_842_752.0, 1.0, 32_763.0]));
}

#[test]
fn an_integer_output_is_rounded_once() {
    let folder = Folder::new();
    let full = folder.write("full.fits", Bitpix::I16, &[2, 1], &[65_535u16, 1], Header::new());
    let (out, sigma) = (folder.path("sum.fits"), folder.path("sigma.fits"));
    let outputs = OutputFiles::new(&out).sigma(&sigma).bitpix(Bitpix::I32);
    let frames = vec![full; 301];
    Stacker::new().combine(Combine::Sum).run_files(&frames, outputs).expect("a result");
    // f32 has no 19 726 035.
    assert_eq!(read(&out, 0).into_raw_vec_and_offset().0, [19_726_035.0, 301.0]);
    assert_eq!(header(&sigma).integer("BITPIX"), Some(-32));
    // Just above one half: in f32 it is a half, which goes to the even 0.
    let half = |name, level: f32| folder.write(name, Bitpix::F32, &[1, 1], &[level], Header::new());
    let means = [half("a.fits", 0.0), half("b.fits", 1.0), half("c.fits", 0.500_000_06)];
    let outputs = OutputFiles::new(folder.path("mean.fits")).bitpix(Bitpix::I16);
    Stacker::new().run_files(&means, outputs).expect("a result");
    assert_eq!(read(&folder.path("mean.fits"), 0)[[0, 0]], 1.0);
}

#[test]
fn blank_and_nan_are_missing_and_an_empty_pixel_is_blank() {
    let folder = Folder::new();
    let mut header = Header::new();
    header.set("BLANK", -1, "").expect("a card");
    let a = folder.write("a.fits", Bitpix::I16, &[3, 1], &[-1i16, 10, -1], header);
    let b = folder.write("b.fits", Bitpix::F32, &[3, 1], &[4.0f32, f32::INFINITY, f32::NAN], Header::new());
    let outputs = OutputFiles::new(folder.path("out.fits")).count(folder.path("count.fits"));
    let report = Stacker::new().blank(-9.0).run_files(&[a, b], outputs).expect("a result");
    assert_eq!(read(&folder.path("out.fits"), 0).into_raw_vec_and_offset().0, [4.0, 10.0, -9.0]);
    assert_eq!(read(&folder.path("count.fits"), 0).into_raw_vec_and_offset().0, [1.0, 1.0, 0.0]);
    assert_eq!((report.missing, report.empty, report.rejected), (4, 1, 0));
}

#[test]
fn a_cube_is_as_many_frames_as_it_has_planes() {
    let folder = Folder::new();
    let planes: Vec<f32> = (0..5).flat_map(|plane| [plane as f32; 6]).collect();
    let cube = folder.write("cube.fits", Bitpix::F32, &[3, 2, 5], &planes, Header::new());
    let report = Stacker::new()
        .reject(MinMax::new(0.0, 1.0))
        .run_files(&[cube], folder.path("out.fits"))
        .expect("a result");
    assert_eq!(read(&folder.path("out.fits"), 0), Array2::from_elem((2, 3), 1.5));
    assert_eq!(report.frames.len(), 5);
    assert!(report.frames[4].name.ends_with("cube.fits plane 5"), "{}", report.frames[4].name);
    assert_eq!(header(&folder.path("out.fits")).integer("NAXIS"), Some(2));
}

fn refused(
    folder: &Folder,
    outcome: Result<skystack::Report, Error>,
    kind: ErrorKind,
    words: &[&str],
    left: &[String],
) {
    let error = outcome.expect_err("an error");
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{words:?} in {text}");
    assert!(!text.contains('\n'), "{text}");
    assert_eq!(folder.names(), left, "{text}");
}

#[test]
fn bad_input_is_one_line_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let mut paths = folder.stack(&simulate::stack(3, 8, 8, 1).frames);
    let small = folder.write("small.fits", Bitpix::F32, &[4, 2], &[0.0f32; 8], Header::new());
    fs::write(folder.path("text.fits"), "no FITS file at all\n").expect("a file");
    let whole = fs::read(&paths[0]).expect("a file");
    fs::write(folder.path("short.fits"), &whole[..2980]).expect("a file");
    let left = folder.names();
    let out = folder.path("out.fits");
    let with = |extra: &Path| -> Vec<PathBuf> { paths.iter().cloned().chain([extra.to_owned()]).collect() };
    let run = |inputs: Vec<PathBuf>| Stacker::new().run_files(&inputs, out.as_path());
    refused(&folder, run(Vec::new()), ErrorKind::Parameter, &["number of frames is 0"], &left);
    refused(&folder, run(with(&folder.path("gone.fits"))), ErrorKind::Io, &["gone.fits"], &left);
    refused(&folder, run(with(&folder.path("text.fits"))), ErrorKind::Format, &["text.fits"], &left);
    refused(&folder, run(with(&folder.path("short.fits"))), ErrorKind::Format, &["short.fits"], &left);
    refused(&folder, run(with(&small)), ErrorKind::Format, &["small.fits is 4 x 2", "needed 8 x 8"], &left);
    let outcome = Stacker::new().run_files(&paths, paths[1].as_path());
    refused(&folder, outcome, ErrorKind::Parameter, &["f001.fits is the input"], &left);
    let outcome = Stacker::new().run_files(&paths, OutputFiles::new(&out).nrej(&out));
    refused(&folder, outcome, ErrorKind::Parameter, &["out.fits is named twice"], &left);
    let outcome = Stacker::new().run_files(&paths, folder.path("no/such/folder/out.fits"));
    refused(&folder, outcome, ErrorKind::Io, &["no/such/folder"], &left);
    let outcome = Stacker::new().reject(MinMax::new(2.0, 1.0)).run_files(&paths, out.as_path());
    refused(&folder, outcome, ErrorKind::Parameter, &["nlow and nhigh drop 2 and 1 of 3 frames"], &left);
    let weighted = Stacker::new().combine(Combine::Median).weight(Weight::Exposure);
    refused(
        &folder,
        weighted.run_files(&paths, out.as_path()),
        ErrorKind::Parameter,
        &["weight", "median"],
        &left,
    );
    let weighted = Stacker::new().weight(Weight::Keyword("AIRMASS".into()));
    refused(
        &folder,
        weighted.run_files(&paths, out.as_path()),
        ErrorKind::Format,
        &["AIRMASS", "f000.fits"],
        &left,
    );
    let starved = Stacker::new().mem_limit(1000).run_files(&paths, out.as_path());
    refused(&folder, starved, ErrorKind::Limit, &["memory limit is 1000 B"], &left);
    paths.truncate(1);
    let existing = Stacker::new().run_files(&paths, folder.path("small.fits"));
    let before = fs::read(&small).expect("a file");
    refused(&folder, existing, ErrorKind::Io, &["small.fits"], &left);
    assert_eq!(fs::read(&small).expect("a file"), before);
}

#[test]
fn trace_shows_the_pixel_that_the_run_computed() {
    let folder = Folder::new();
    let stack = simulate::stack(12, 20, 21, 5).frames;
    let paths = folder.stack(&stack);
    let noisy =
        Stacker::new().noise(NoiseModel { gain: 1.5.into(), rdnoise: 8.0.into(), snoise: 0.0.into() });
    let plain = Stacker::new().reject(SigClip::iraf().hsigma(2.0)).combine(Combine::Median);
    let median = Normalisation::Levels { scale: Norm::None, zero: Norm::Median };
    for stacker in [
        plain.clone(),
        // The noise of the whole row.
        Stacker::new().reject(AvSigClip::iraf()),
        Stacker::new().reject(SigClip::iraf()).zero(Norm::Median).scale(Norm::Mean),
        noisy.clone().reject(CcdClip::iraf()),
        noisy.clone().variance(InputVariance::Noise).reject(VarClip::dragons()),
        Stacker::new().variance(InputVariance::Constant(90.0)).reject(VarClip::dragons()),
        noisy.clone().variance(InputVariance::Noise).weight(Weight::Variance),
        noisy.variance(InputVariance::Noise).weight(Weight::Variance).scale(Norm::Mean).scaling_errors(true),
        // The same one twice is one.
        plain.clone().zero(Norm::Median).reject_normalisation(median.clone()),
    ] {
        let out = stacker.run(stack.view()).expect("a result");
        for (x, y) in [(0, 0), (20, 19), (7, 3)] {
            let (array, files) = (stacker.trace(stack.view(), x, y), stacker.trace_files(&paths, x, y));
            assert_eq!(array.expect("a trace").to_string(), files.as_ref().expect("a trace").to_string());
            assert_eq!(files.expect("a trace").pixel.value, f64::from(out.image[[y, x]]));
        }
    }
    assert_eq!(plain.trace(stack.view(), 21, 0).unwrap_err().kind(), ErrorKind::Parameter);
    // What it would not show it refuses.
    let growing = plain.clone().grow(Grow::new(1.5)).trace(stack.view(), 3, 3).unwrap_err().to_string();
    assert!(growing.contains("grow is 1.5, needed 0 for a trace"), "{growing}");
    let two = plain.reject_normalisation(median).trace(stack.view(), 3, 3).unwrap_err().to_string();
    assert!(two.contains("normalisation of its own"), "{two}");
}

/// A row is pooled over pixels that not every frame covers, in rows that not every frame reaches.
#[test]
fn trace_of_files_at_offsets_is_the_run() {
    let folder = Folder::new();
    let stack = simulate::stack(9, 8, 10, 4).frames;
    let paths = folder.stack(&stack);
    let offsets = (0..9).map(|i| (i % 3 - 1, (i % 4) * 2)).collect();
    let out = folder.path("out.fits");
    let stacker = Stacker::new().reject(AvSigClip::iraf().hsigma(1.5)).offsets(Offsets::Given(offsets));
    stacker.run_files(&paths, out.as_path()).expect("a result");
    let image = read(&out, 0);
    assert_eq!(image.dim(), (14, 12));
    for ((y, x), value) in image.indexed_iter() {
        let traced = stacker.trace_files(&paths, x, y).expect("a trace").pixel.value;
        assert_eq!(traced.to_bits(), value.to_bits(), "({x}, {y}): {traced}, {value}");
    }
}

#[test]
fn trace_of_arrays_sees_offsets_masks_and_variances() {
    let stack = simulate::stack(7, 9, 11, 3).frames.mapv(f64::from);
    let masks = Array3::from_shape_fn(stack.dim(), |(i, y, x)| u8::from((5 * i + 3 * y + x) % 6 == 0));
    let variances = Array3::from_shape_fn(stack.dim(), |(i, y, x)| ((i + 2 * y + x) % 4) as f64 * 50.0);
    let frames = Frames::new(stack.view()).masks(masks.view()).variances(variances.view());
    let offsets = [(0, 0), (2, 1), (-3, 4), (0, 2), (1, -1), (5, 5), (0, 0)];
    for stacker in [
        Stacker::new().reject(VarClip::dragons()),
        Stacker::new().weight(Weight::Variance),
        Stacker::new().footprint(Footprint::Intersection).combine(Combine::Median),
    ] {
        let stacker = stacker.offsets(Offsets::Given(offsets.to_vec()));
        let image = stacker.run(frames.clone()).expect("a result").image;
        for ((y, x), value) in image.indexed_iter() {
            let traced = stacker.trace(frames.clone(), x, y).expect("a trace").pixel.value;
            assert_eq!(traced.to_bits(), value.to_bits(), "({x}, {y}): {traced}, {value}");
        }
        let (height, width) = image.dim();
        assert!(
            stacker.trace(frames.clone(), width, 0).is_err()
                && stacker.trace(frames.clone(), 0, height).is_err()
        );
    }
    let weights = Array3::from_elem(stack.dim(), 2.0);
    let weighted = Stacker::new().trace(frames.weights(weights.view()), 0, 0).unwrap_err().to_string();
    assert!(weighted.contains("weights of their own"), "{weighted}");
    let none = Stacker::new().variance(InputVariance::Extension("VAR".into()));
    let (run, traced) = (none.run(stack.view()).map(|_| ()), none.trace(stack.view(), 0, 0).map(|_| ()));
    assert_eq!((run.is_err(), traced.is_err()), (true, true));
}

#[test]
fn views_of_any_layout_give_the_same_bits() {
    let stack = simulate::stack(6, 13, 17, 9).frames;
    let stacker = Stacker::new().reject(SigClip::iraf()).threads(2);
    let expected = bits(&stacker.run(stack.view()).expect("a result").image);
    let fortran = stack.t().as_standard_layout().into_owned();
    assert_eq!(bits(&stacker.run(fortran.t()).expect("a result").image), expected);
    let mut padded = Array3::<f32>::from_elem((6, 13, 34), f32::NAN);
    padded
        .slice_each_axis_mut(|axis| ndarray::Slice::new(0, None, if axis.axis.0 == 2 { 2 } else { 1 }))
        .assign(&stack);
    let strided =
        padded.slice_each_axis(|axis| ndarray::Slice::new(0, None, if axis.axis.0 == 2 { 2 } else { 1 }));
    assert_eq!(bits(&stacker.run(strided).expect("a result").image), expected);
    let integers = stack.mapv(|v| v as u16);
    assert_eq!(bits(&stacker.run(integers.view()).expect("a result").image), expected);
    let empty = Array3::<f32>::zeros((0, 3, 3));
    assert_eq!(stacker.run(empty.view()).unwrap_err().kind(), ErrorKind::Parameter);
}

#[test]
fn outputs_appear_all_or_none() {
    let folder = Folder::new();
    let paths = folder.stack(&simulate::stack(3, 8, 8, 1).frames);
    fs::write(folder.path("count.fits"), "old").expect("a file");
    // The folder of the image goes while the run is under way: publishing fails, and the count keeps its old content.
    let gone = folder.path("gone");
    fs::create_dir(&gone).expect("a folder");
    let outputs = OutputFiles::new(gone.join("out.fits")).count(folder.path("count.fits")).overwrite(true);
    let vanish = gone.clone();
    let stacker = Stacker::new().on_progress(move |_| drop(fs::remove_dir_all(&vanish)));
    let error = stacker.run_files(&paths, outputs).expect_err("an error");
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert_eq!(fs::read(folder.path("count.fits")).expect("a file"), b"old");
    assert_eq!(folder.names(), ["count.fits", "f000.fits", "f001.fits", "f002.fits"]);
}

#[test]
fn a_factor_that_nothing_can_reach_is_a_warning() {
    let stack = simulate::stack(9, 8, 8, 1).frames;
    let warnings = |clip: SigClip| {
        let report = Stacker::new().reject(clip).run(stack.view()).expect("a result").report;
        let of_w1 = report.warnings.iter().filter(|warning| warning.code() == Some("W1"));
        of_w1.map(ToString::to_string).collect::<Vec<_>>()
    };
    let warned = warnings(SigClip::iraf());
    assert_eq!(warned.len(), 1);
    for said in ["lsigma and hsigma", "9 frames", "2.83 sigma", "at least 11 frames"] {
        assert!(warned[0].contains(said), "{said} in {}", warned[0]);
    }
    assert!(warnings(SigClip::iraf().lsigma(2.5).hsigma(2.0)).is_empty());
    assert!(warnings(SigClip::astropy()).is_empty());
}

/// The sums of the pixels of a row, and the error if there is one.
fn sum_of(stacker: &Stacker, inputs: &[PathBuf], folder: &Folder) -> Result<Vec<f64>, String> {
    let outputs = OutputFiles::new(folder.path("out.fits")).overwrite(true);
    stacker.clone().combine(Combine::Sum).run_files(inputs, outputs).map_err(|e| e.to_string())?;
    Ok(read(&folder.path("out.fits"), 0).into_raw_vec_and_offset().0)
}

/// Three frames of 2 x 1 pixels: 1, 2 and 4.
fn powers(folder: &Folder) -> Vec<PathBuf> {
    let write = |(name, value)| folder.write(name, Bitpix::F32, &[2, 1], &[value; 2], Header::new());
    [("a.fits", 1.0f32), ("b.fits", 2.0), ("c.fits", 4.0)].map(write).to_vec()
}

#[test]
fn masks_and_variances_have_one_plane_or_one_for_each_frame() {
    let folder = Folder::new();
    let frames = powers(&folder);
    let cube = folder.mef(
        "cube.fits",
        &[
            (&[], &[], Header::new()),
            (&[2, 1, 3], &[1.0, 1.0, 2.0, 2.0, 4.0, 4.0], cards(&[("EXTNAME", "SCI")])),
            (&[2, 1, 2], &[1.0; 4], cards(&[("EXTNAME", "TWO")])),
        ],
    );
    let cube = vec![hdu(&cube, "SCI")];
    let masked = |planes: u64, mask: &[u8]| {
        let mask = folder.write("mask.fits", Bitpix::U8, &[2, 1, planes], mask, Header::new());
        Stacker::new().masks(Masks::new(MaskType::BadBits, 1).files(vec![mask]))
    };
    for inputs in [&frames, &cube] {
        assert_eq!(sum_of(&masked(1, &[1, 0]), inputs, &folder).map(|sums| sums[1]), Ok(7.0));
        assert_eq!(sum_of(&masked(3, &[1, 0, 0, 1, 0, 0]), inputs, &folder), Ok(vec![6.0, 5.0]));
        let error = sum_of(&masked(2, &[0; 4]), inputs, &folder).unwrap_err();
        assert!(error.contains("mask.fits has 2 planes, needed 1 or 3 as mask of"), "{error}");
    }
    let two = Stacker::new().variance(InputVariance::Extension("TWO".into()));
    let error = sum_of(&two, &cube, &folder).unwrap_err();
    assert!(error.contains("has 2 planes, needed 1 or 3 as variance of"), "{error}");
}

#[test]
fn a_variance_is_of_the_version_of_its_frame() {
    let folder = Folder::new();
    let file = |name: &str, versions: &[i64]| {
        let of = |extname: &str, version: i64| {
            let mut header = cards(&[("EXTNAME", extname)]);
            header.set("EXTVER", version, "").expect("a card");
            header
        };
        let mut hdus: Vec<(&[u64], &[f32], Header)> = vec![(&[], &[], Header::new())];
        hdus.extend([1, 2].map(|version| (&[1u64, 1][..], &[5.0f32][..], of("SCI", version))));
        let variances: [&[f32]; 4] = [&[0.0], &[1.0], &[4.0], &[9.0]];
        hdus.extend(versions.iter().map(|n| (&[1u64, 1][..], variances[*n as usize], of("VAR", *n))));
        vec![hdu(&folder.mef(name, &hdus), "SCI,2")]
    };
    let error_of = |inputs: &[PathBuf], name: &str| {
        let outputs = OutputFiles::new(folder.path("out.fits"))
            .product(ValueProduct::Error, folder.path("error.fits"))
            .overwrite(true);
        let stacker = Stacker::new().variance(InputVariance::Extension(name.into()));
        stacker.run_files(inputs, outputs).map_err(|e| e.to_string())?;
        Ok(read(&folder.path("error.fits"), 0)[[0, 0]])
    };
    assert_eq!(error_of(&file("both.fits", &[1, 2]), "var"), Ok(2.0));
    assert_eq!(error_of(&file("both.fits", &[1, 2]), "VAR,1"), Ok(1.0));
    assert_eq!(error_of(&file("one.fits", &[3]), "VAR"), Ok(3.0));
    let error: String = error_of(&file("other.fits", &[1, 3]), "VAR").unwrap_err();
    for said in ["other.fits[SCI,2]", "2 extensions VAR", "EXTVER 2", "VAR,n"] {
        assert!(error.contains(said), "{said} in {error}");
    }
}

#[test]
fn undefined_pixels_of_masks_are_bad_and_fractions_are_refused() {
    let folder = Folder::new();
    let frames = powers(&folder);
    let blank = folder.write("blank.fits", Bitpix::I16, &[2, 1], &[-1i16, 3], cards(&[("BLANK", -1)]));
    let nan = folder.write("nan.fits", Bitpix::F32, &[2, 1], &[f32::NAN, 3.0], Header::new());
    let half = folder.write("half.fits", Bitpix::F32, &[2, 1], &[0.5f32, 0.0], Header::new());
    let masked = |kind, value, mask: &PathBuf| {
        let good = folder.write("good.fits", Bitpix::U8, &[2, 1], &[3u8; 2], Header::new());
        let masks = Masks::new(kind, value).files(vec![mask.clone(), good.clone(), good]);
        sum_of(&Stacker::new().masks(masks), &frames, &folder)
    };
    for mask in [&blank, &nan] {
        for (kind, value) in [
            (MaskType::GoodValue, 3),
            (MaskType::BadValue, 7),
            (MaskType::GoodBits, 1),
            (MaskType::BadBits, 4),
        ] {
            assert_eq!(masked(kind, value, mask), Ok(vec![6.0, 7.0]), "{kind:?}");
        }
        // 3 is bad but usable; what is undefined is not even that.
        assert_eq!(masked(MaskType::NoValue, 7, mask), Ok(vec![6.0, 7.0]));
    }
    let error = masked(MaskType::BadBits, 1, &half).unwrap_err();
    assert!(error.contains("half.fits holds 0.5, needed whole numbers as a mask"), "{error}");
}

#[test]
fn a_frame_without_a_mask_is_good_and_bpm_is_a_name() {
    let folder = Folder::new();
    folder.write("mask.fits", Bitpix::U8, &[2, 1], &[1u8, 0], Header::new());
    let frame = |name: &str, header| folder.write(name, Bitpix::F32, &[2, 1], &[1.0f32; 2], header);
    let named = frame("named.fits", cards(&[("BPM", "mask.fits")]));
    let none = frame("none.fits", cards(&[("BPM", "")]));
    let number = frame("number.fits", cards(&[("BPM", 5)]));
    for (kind, value, sums) in
        [(MaskType::GoodValue, 1, vec![2.0, 1.0]), (MaskType::GoodBits, 1, vec![2.0, 1.0])]
    {
        let stacker = Stacker::new().masks(Masks::new(kind, value));
        assert_eq!(sum_of(&stacker, &[named.clone(), none.clone()], &folder), Ok(sums));
        let error = sum_of(&stacker, &[named.clone(), number.clone()], &folder).unwrap_err();
        assert!(error.contains("number.fits: BPM is 5, needed the name of a mask"), "{error}");
    }
    // A mask of this exposure is none of the result.
    assert!(!header(&folder.path("out.fits")).contains("BPM"));
}
