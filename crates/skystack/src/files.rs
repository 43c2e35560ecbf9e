//! Stacks in files: opening inputs, running the engine between a source and a sink of FITS rows.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use skystack_combine::{BoxError, FrameSource, MOST_FRAMES, Options, SampleFormat, SampleType};
use skystack_fits::{Bitpix, FitsWriter, Header, Image, InputPath, Limits, Physical, Stored, Working};
use skystack_plan::{Machine, Plan, Source, Workload, open_files};
use skystack_simd::Element;

use crate::output::FileSink;
use crate::stacker::Outtype;
use crate::weight::normalised;
use crate::{Error, ErrorKind, FrameReport, OutputFiles, Report, Stacker, Weight, header};

/// Most offenders that one message names.
const MOST_NAMED: usize = 3;

/// One plane of an input image.
pub(crate) struct Frame {
    image: Arc<Image>,
    plane: usize,
}

impl Frame {
    pub(crate) fn header(&self) -> &Header {
        self.image.header()
    }

    /// The input as it was given, and which plane of it.
    pub(crate) fn name(&self) -> String {
        let name = self.image.name_for_messages();
        if self.image.planes() == 1 { name.to_owned() } else { format!("{name} plane {}", self.plane + 1) }
    }

    /// The name without its folder: where files lay is nobody's business.
    pub(crate) fn short_name(&self) -> String {
        let name = self.name();
        name.rsplit('/').next().unwrap_or(&name).to_owned()
    }

    fn shape(&self) -> (usize, usize) {
        (self.image.height(), self.image.width())
    }

    fn report(&self) -> FrameReport {
        FrameReport {
            name: self.name(),
            exposure: self.header().get_f64("EXPTIME"),
            ncombine: self.header().get_f64("NCOMBINE").filter(|n| is_count(*n)).unwrap_or(1.0),
            weight: None,
        }
    }
}

/// Can this be a number of images?
fn is_count(ncombine: f64) -> bool {
    (1.0..1e9).contains(&ncombine)
}

/// All frames of a run: opened, of one shape.
pub(crate) struct Inputs {
    images: Vec<Arc<Image>>,
    pub(crate) frames: Vec<Frame>,
    machine: Machine,
}

impl Inputs {
    /// Opens every input and checks that the frames fit each other.
    pub(crate) fn open<P: AsRef<Path>>(inputs: &[P]) -> Result<Self, Error> {
        let machine = crate::machine();
        let kept_open = open_files(inputs.len(), &machine);
        let (mut images, mut frames) = (Vec::new(), Vec::new());
        let mut planes = 0usize;
        for (i, input) in inputs.iter().enumerate() {
            let mut image = Image::open(&InputPath::parse(input.as_ref()), &Limits::default())?;
            image.keep_open(i < kept_open);
            let image = Arc::new(image);
            planes = planes.saturating_add(image.planes());
            if planes > MOST_FRAMES {
                let message = format!("number of frames is {planes}, needed at most {MOST_FRAMES}");
                return Err(Error::new(ErrorKind::Limit, message));
            }
            frames.extend((0..image.planes()).map(|plane| Frame { image: Arc::clone(&image), plane }));
            images.push(image);
        }
        if frames.is_empty() {
            return Err(Error::new(ErrorKind::Parameter, "number of frames is 0, needed at least 1"));
        }
        let opened = Self { images, frames, machine };
        opened.check_shapes()?;
        Ok(opened)
    }

    fn check_shapes(&self) -> Result<(), Error> {
        let (height, width) = self.shape();
        let differ: Vec<&Frame> =
            self.frames.iter().filter(|frame| frame.shape() != (height, width)).collect();
        if differ.is_empty() {
            return Ok(());
        }
        let describe =
            |frame: &&Frame| format!("{} is {} x {}", frame.name(), frame.shape().1, frame.shape().0);
        let mut named: Vec<String> = differ.iter().take(MOST_NAMED).map(describe).collect();
        if differ.len() > MOST_NAMED {
            named.push(format!("{} more differ", differ.len() - MOST_NAMED));
        }
        let first = self.frames[0].name();
        let message = format!("{}, needed {width} x {height} pixels as {first}", named.join(", "));
        Err(Error::new(ErrorKind::Format, message))
    }

    /// (height, width) of every frame.
    pub(crate) fn shape(&self) -> (usize, usize) {
        self.frames[0].shape()
    }

    /// The widest working type of the frames (B1), or what was asked for.
    pub(crate) fn working(&self, outtype: Outtype) -> Working {
        let widest = self.images.iter().map(|image| image.working()).max().unwrap_or(Working::F32);
        if outtype == Outtype::Double { Working::F64 } else { widest }
    }

    /// Type of the computation and of the output, which are the same unless an f64 result is to be written as f32.
    fn types(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<(Working, Bitpix), Error> {
        let working = match (outputs.bitpix, self.working(stacker.outtype)) {
            (Some(Bitpix::F64), _) => Working::F64,
            (None | Some(Bitpix::F32 | Bitpix::I16 | Bitpix::I32), working) => working,
            (Some(other), _) => {
                let message = format!("bitpix is {}, needed 16, 32, -32 or -64", other.code());
                return Err(Error::new(ErrorKind::Parameter, message));
            }
        };
        Ok((working, outputs.bitpix.unwrap_or(floats(working))))
    }

    /// The number that stands for NaN in an integer image; nothing where no pixel can be empty but by `blank`, which must then
    /// fit the type.
    fn integer_blank(stacker: &Stacker, bitpix: Bitpix) -> Result<Option<i64>, Error> {
        let Some((low, high)) = bitpix.integer_range() else { return Ok(None) };
        let blank = stacker.options.blank;
        if blank.is_nan() {
            return Ok(Some(low));
        }
        if blank.fract() == 0.0 && (low as f64..=high as f64).contains(&blank) {
            return Ok(None);
        }
        let message = format!(
            "blank is {blank}, needed nan or a whole number from {low} to {high} for bitpix {}",
            bitpix.code()
        );
        Err(Error::new(ErrorKind::Parameter, message))
    }

    /// Normalised weights of the frames.
    pub(crate) fn weights(&self, weight: &Weight) -> Result<Option<Vec<f64>>, Error> {
        let keyword = |keyword: &str| -> Result<Vec<f64>, Error> {
            let value = |frame: &Frame| {
                let value = frame.header().get_f64(keyword);
                value.ok_or_else(|| {
                    let message =
                        format!("{} has no number in keyword {keyword}, needed for weight", frame.name());
                    Error::new(ErrorKind::Format, message)
                })
            };
            self.frames.iter().map(value).collect()
        };
        let raw = match weight {
            Weight::None => return Ok(None),
            Weight::Given(raw) => raw.clone(),
            Weight::Exposure => keyword("EXPTIME")?,
            Weight::Keyword(name) => keyword(name)?,
        };
        let reports: Vec<FrameReport> = self.frames.iter().map(Frame::report).collect();
        let ncombine: Vec<f64> = reports.iter().map(|frame| frame.ncombine).collect();
        let names: Vec<String> = reports.into_iter().map(|frame| frame.name).collect();
        normalised(&raw, &ncombine, &names).map(Some)
    }

    /// The samples of one output pixel, as f64 of the working type.
    pub(crate) fn column(&self, working: Working, x: usize, y: usize) -> Result<Vec<f64>, Error> {
        match working {
            Working::F32 => self.column_as::<f32>(x, y),
            Working::F64 => self.column_as::<f64>(x, y),
        }
    }

    fn column_as<T: Element + Physical>(&self, x: usize, y: usize) -> Result<Vec<f64>, Error> {
        let (mut row, mut raw) = (vec![T::NAN; self.shape().1], Vec::new());
        let mut sample = |frame: &Frame| -> Result<f64, Error> {
            frame.image.read_rows(frame.plane, y..y + 1, &mut row, &mut raw)?;
            Ok(row[x].widen())
        };
        self.frames.iter().map(&mut sample).collect()
    }

    /// Everything that can be wrong before a byte of data is read.
    fn check(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<(), Error> {
        outputs.check(self.images.iter().map(|image| image.path()))?;
        let options = self.options(stacker, outputs)?;
        let (working, bitpix) = self.types(stacker, outputs)?;
        Self::integer_blank(stacker, bitpix)?;
        match working {
            Working::F32 => options.check::<f32>(self.frames.len())?,
            Working::F64 => options.check::<f64>(self.frames.len())?,
        }
        Ok(())
    }

    /// The options with everything that comes from the frames.
    fn options(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<Options, Error> {
        let weights = self.weights(&stacker.weight)?;
        Ok(Options { weights, products: outputs.products(), per_frame: true, ..stacker.options.clone() })
    }

    fn plan(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<Plan, Error> {
        let (frames, (height, width)) = (self.frames.len(), self.shape());
        let element_bytes = if self.types(stacker, outputs)?.0 == Working::F32 { 4 } else { 8 };
        let bytes_per_row = self.images.iter().map(|image| image.raw_bytes_per_row()).max().unwrap_or(0);
        let sample_bytes = self.images.iter().map(|image| image.bitpix().bytes()).max().unwrap_or(0);
        let workload = Workload::new(frames, height, width, sample_bytes)
            .source(Source::File { bytes_per_row })
            .outputs(outputs.bytes_per_pixel(frames, element_bytes), false)
            .fixed(outputs.paths().count() * FitsWriter::SCRATCH_BYTES);
        stacker.plan(&self.options(stacker, outputs)?, workload, &self.machine)
    }
}

impl<T: Element> FrameSource<T> for Inputs {
    fn frames(&self) -> usize {
        self.frames.len()
    }
    fn height(&self) -> usize {
        self.shape().0
    }
    fn width(&self) -> usize {
        self.shape().1
    }

    fn stored(&self, frame: usize) -> Option<SampleFormat> {
        Some(sample_format(&self.frames[frame].image))
    }

    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let Frame { image, plane } = &self.frames[frame];
        Ok(image.read_stored(*plane, rows, out)?)
    }
}

/// The type of a file for values of the computation.
fn floats(working: Working) -> Bitpix {
    if working == Working::F32 { Bitpix::F32 } else { Bitpix::F64 }
}

/// How an image is stored, in the words of the engine.
fn sample_format(image: &Image) -> SampleFormat {
    let scaling = image.scaling();
    let inverted = scaling.is_unsigned_convention();
    let number = match (image.bitpix(), inverted) {
        (Bitpix::U8, false) => SampleType::U8,
        (Bitpix::U8, true) => SampleType::I8,
        (Bitpix::I16, false) => SampleType::I16,
        (Bitpix::I16, true) => SampleType::U16,
        (Bitpix::I32, false) => SampleType::I32,
        (Bitpix::I32, true) => SampleType::U32,
        (Bitpix::I64, false) => SampleType::I64,
        (Bitpix::I64, true) => SampleType::U64,
        (Bitpix::F32, _) => SampleType::F32,
        (Bitpix::F64, _) => SampleType::F64,
    };
    // A BLANK outside the stored type equals no sample.
    let (low, high) = image.bitpix().integer_range().unwrap_or((0, 0));
    let blank = scaling.blank().filter(|blank| (low..=high).contains(blank));
    let bits = u64::MAX >> (u64::BITS as usize - 8 * number.bytes());
    let scaled = !inverted && !scaling.is_identity();
    SampleFormat {
        number,
        big_endian: true,
        inverted,
        blank: blank.map(|blank| blank as u64 & bits),
        scaling: scaled.then(|| (scaling.bscale(), scaling.bzero())),
    }
}

/// The plan of a run.
pub(crate) fn plan<P: AsRef<Path>>(
    stacker: &Stacker,
    inputs: &[P],
    outputs: &OutputFiles,
) -> Result<Plan, Error> {
    let inputs = Inputs::open(inputs)?;
    inputs.check(stacker, outputs)?;
    inputs.plan(stacker, outputs)
}

/// A whole run.
pub(crate) fn run<P: AsRef<Path>>(
    stacker: &Stacker,
    inputs: &[P],
    outputs: &OutputFiles,
) -> Result<Report, Error> {
    let inputs = Inputs::open(inputs)?;
    inputs.check(stacker, outputs)?;
    match inputs.types(stacker, outputs)? {
        (Working::F32, bitpix) => run_as::<f32>(stacker, &inputs, outputs, bitpix),
        (Working::F64, bitpix) => run_as::<f64>(stacker, &inputs, outputs, bitpix),
    }
}

fn run_as<T: skystack_combine::WorkingType + Physical + Stored>(
    stacker: &Stacker,
    inputs: &Inputs,
    outputs: &OutputFiles,
    bitpix: Bitpix,
) -> Result<Report, Error> {
    let (frames, shape) = (inputs.frames.len(), inputs.shape());
    let options = inputs.options(stacker, outputs)?;
    let plan = inputs.plan(stacker, outputs)?;
    let blank = Inputs::integer_blank(stacker, bitpix)?;
    let floats = if bitpix == Bitpix::F32 { bitpix } else { T::BITPIX };
    let mut sink = FileSink::create(outputs, (bitpix, floats), blank, frames, shape)?;
    let summary = stacker.engine::<T>(&options, inputs, &mut sink, &plan)?;
    for image in &inputs.images {
        image.check_unchanged()?;
    }
    let mut report = Report::new(stacker, plan, summary, shape, T::BYTES);
    report.frames = inputs.frames.iter().map(Frame::report).collect();
    for (frame, weight) in report.frames.iter_mut().zip(options.weights.iter().flatten()) {
        frame.weight = Some(*weight);
    }
    for frame in &inputs.frames {
        if let Some(found) = frame.header().get_f64("NCOMBINE").filter(|n| !is_count(*n)) {
            report.warnings.push(format!("{}: NCOMBINE is {found}, counted as 1", frame.name()));
        }
    }
    let read_warnings = inputs.images.iter().flat_map(|image| image.warnings());
    report.warnings.extend(read_warnings.cloned());
    let shared = header::shared(stacker, &inputs.frames, &report)?;
    sink.finish(|product| header::of_product(&shared, product, blank))?;
    Ok(report)
}
