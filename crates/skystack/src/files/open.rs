//! The frames of a run: images that are open, where they lie on the output, and what belongs to their samples.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skystack_combine::{
    BoxError, FrameSource, Layer, MOST_FRAMES, Options, Placement, SampleFormat, SampleType,
};
use skystack_fits::{Bitpix, Card, FitsWriter, Header, Image, InputPath, Limits, Physical, Working};
use skystack_plan::{Machine, Plan, Source, Workload, open_files};
use skystack_simd::Element;

use super::layers::{MaskFiles, VarianceFiles};
use crate::noise::Numbered;
use crate::offsets::{Framed, Layout};
use crate::report::without_folder;
use crate::stacker::Outtype;
use crate::trace::Column;
use crate::{Error, ErrorKind, FrameReport, InputVariance, MaskType, OutputFiles, Stacker, Warning, header};

/// HISTORY and IMCMBnnn of a frame.
const CARDS_OF_A_FRAME: usize = 4;

/// What a frame takes in the table of frames.
const TABLE_BYTES: usize = 512;

/// What a frame takes in the JSON report.
const JSON_BYTES: usize = 1024;

/// Most offenders that one message names.
const MOST_NAMED: usize = 3;

/// One plane of an input image.
pub(crate) struct Frame {
    pub(super) image: Arc<Image>,
    pub(super) plane: usize,
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

    pub(crate) fn short_name(&self) -> String {
        without_folder(&self.name()).to_owned()
    }

    pub(super) fn shape(&self) -> (usize, usize) {
        (self.image.height(), self.image.width())
    }

    pub(super) fn report(&self) -> FrameReport {
        FrameReport {
            exposure: self.header().number("EXPTIME"),
            ncombine: self.header().number("NCOMBINE").filter(|n| is_count(*n)).unwrap_or(1.0),
            datasum: self.header().text("DATASUM"),
            ..FrameReport::new(self.name())
        }
    }
}

/// Can this be a number of images?
fn is_count(ncombine: f64) -> bool {
    (1.0..1e9).contains(&ncombine)
}

/// All frames of a run.
pub(crate) struct Inputs {
    pub(super) images: Vec<Arc<Image>>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) layout: Layout,
    masks: Option<MaskFiles>,
    variances: Option<VarianceFiles>,
    wants_masks: bool,
    machine: Machine,
}

impl Inputs {
    /// Opens every input, its mask and its variances, and places the frames.
    pub(crate) fn open<P: AsRef<Path>>(inputs: &[P], stacker: &Stacker) -> Result<Self, Error> {
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
        let layout = layout(&frames, stacker)?;
        let masks = MaskFiles::open(&frames, &stacker.masks)?;
        let variances = match &stacker.variance {
            InputVariance::Extension(name) => Some(VarianceFiles::open(&frames, name)?),
            _ => None,
        };
        let wants_masks = stacker.masks.kind != MaskType::None;
        Ok(Self { images, frames, layout, masks, variances, wants_masks, machine })
    }

    /// (height, width) of the output.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.layout.height, self.layout.width)
    }

    /// The frames, for numbers from their headers.
    pub(crate) fn numbered(&self) -> Vec<Numbered<'_>> {
        let numbered = |frame: &'_ Frame| Numbered { name: frame.name(), header: None };
        let mut all: Vec<Numbered<'_>> = self.frames.iter().map(numbered).collect();
        all.iter_mut().zip(&self.frames).for_each(|(numbered, frame)| numbered.header = Some(frame.header()));
        all
    }

    /// NCOMBINE of each frame.
    pub(crate) fn ncombine(&self) -> Vec<f64> {
        self.frames.iter().map(|frame| frame.report().ncombine).collect()
    }

    /// What a report says of the frames before anything is done.
    pub(super) fn reports(&self) -> Vec<FrameReport> {
        let mut reports: Vec<FrameReport> = self.frames.iter().map(Frame::report).collect();
        for (report, placement) in reports.iter_mut().zip(&self.layout.placements) {
            report.offset = (placement.x as i64, placement.y as i64);
        }
        if let Some(masks) = &self.masks {
            reports.iter_mut().enumerate().for_each(|(i, report)| report.mask = masks.name(i));
        }
        reports
    }

    /// What is odd about the inputs.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let ncombine = self.frames.iter().filter_map(|frame| {
            let found = frame.header().number("NCOMBINE").filter(|n| !is_count(*n))?;
            Some(Warning::Ncombine { frame: frame.name(), found })
        });
        let of_reading = self.images.iter().flat_map(|image| image.warnings());
        ncombine.chain(of_reading.cloned().map(Warning::Input))
    }

    /// The widest working type of the frames (B1), or what was asked for.
    pub(crate) fn working(&self, outtype: Outtype) -> Working {
        let widest = self.images.iter().map(|image| image.working()).max().unwrap_or(Working::F32);
        if outtype == Outtype::Double { Working::F64 } else { widest }
    }

    /// Type of the computation and of the output. An integer is rounded from f64, not a second time from f32 (docs/decisions/0036).
    pub(super) fn types(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<(Working, Bitpix), Error> {
        let working = match (outputs.bitpix, self.working(stacker.outtype)) {
            (Some(Bitpix::F64 | Bitpix::I16 | Bitpix::I32), _) => Working::F64,
            (None | Some(Bitpix::F32), working) => working,
            (Some(other), _) => {
                let message = format!("bitpix is {}, needed 16, 32, -32 or -64", other.code());
                return Err(Error::new(ErrorKind::Parameter, message));
            }
        };
        Ok((working, outputs.bitpix.unwrap_or(floats(working))))
    }

    /// Type of further images of values: that of the image, or what it were if it were not of integers.
    pub(super) fn floats(&self, stacker: &Stacker, bitpix: Bitpix) -> Bitpix {
        match bitpix {
            Bitpix::F32 | Bitpix::F64 => bitpix,
            _ => floats(self.working(stacker.outtype)),
        }
    }

    /// The number that stands for NaN in an integer image; nothing where no pixel can be empty but by `blank`, which must then
    /// fit the type.
    pub(super) fn integer_blank(stacker: &Stacker, bitpix: Bitpix) -> Result<Option<i64>, Error> {
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

    /// Some output pixels of row `y`: their samples as f64 of the working type, NaN where masked, and their variances if there are
    /// such.
    pub(crate) fn columns(
        &self,
        working: Working,
        pixels: Range<usize>,
        y: usize,
    ) -> Result<Vec<Column>, Error> {
        match working {
            Working::F32 => self.columns_as::<f32>(pixels, y),
            Working::F64 => self.columns_as::<f64>(pixels, y),
        }
    }

    fn columns_as<T: Element + Physical>(
        &self,
        pixels: Range<usize>,
        y: usize,
    ) -> Result<Vec<Column>, Error> {
        let mut columns = vec![Column::default(); pixels.len()];
        for i in 0..self.frames.len() {
            let row = self.row_of::<T>(i, y)?;
            for ((samples, variances), x) in columns.iter_mut().zip(pixels.clone()) {
                let own = self.layout.within(i, x, y).map(|(x, _)| x);
                let of = |row: &[T]| own.map_or(f64::NAN, |x| row[x].widen());
                samples.push(row.as_ref().map_or(f64::NAN, |(samples, _)| of(samples)));
                if self.variances.is_some() {
                    variances.push(row.as_ref().map_or(f64::NAN, |(_, variances)| of(variances)));
                }
            }
        }
        Ok(columns)
    }

    /// What frame `i` has in output row `y`, if it reaches it: samples, NaN where masked, and variances, if there are such.
    fn row_of<T: Element + Physical>(&self, i: usize, y: usize) -> Result<Option<RowOf<T>>, Error> {
        let frame = &self.frames[i];
        let (height, width) = frame.shape();
        let above = self.layout.placements.get(i).map_or(0, |placement| placement.y);
        let Some(y) = y.checked_add_signed(-above).filter(|y| *y < height) else { return Ok(None) };
        let mut samples = vec![T::NAN; width];
        frame.image.read_rows(frame.plane, y..y + 1, &mut samples, &mut Vec::new())?;
        if let Some(masks) = FrameSource::<T>::masks(self).filter(|masks| masks.has(i)) {
            let mut classes = vec![0; width];
            masks.read(i, y..y + 1, &mut classes).map_err(Error::from_box)?;
            let masked = samples.iter_mut().zip(classes).filter(|(_, class)| *class != 0);
            masked.for_each(|(sample, _)| *sample = T::NAN);
        }
        let mut variances = Vec::new();
        if let Some(layer) = FrameSource::<T>::variances(self) {
            variances.resize(width, T::NAN);
            layer.read(i, y..y + 1, &mut variances).map_err(Error::from_box)?;
        }
        Ok(Some((samples, variances)))
    }

    /// Everything that can be wrong before a byte of data is read.
    pub(super) fn check(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<(), Error> {
        let files = self.images.iter().map(|image| image.path());
        let masks = self.masks.iter().flat_map(MaskFiles::paths);
        let others: Vec<PathBuf> = files.chain(masks).map(Path::to_path_buf).collect();
        outputs.check(others.iter().map(PathBuf::as_path))?;
        let (working, bitpix) = self.types(stacker, outputs)?;
        Self::integer_blank(stacker, bitpix)?;
        let mut options = self.options(stacker, outputs)?;
        // Weights from statistics are not known yet: equal ones stand for them.
        if !matches!(stacker.weight, crate::Weight::None | crate::Weight::Variance) {
            options.weights = Some(vec![1.0; self.frames.len()]);
        }
        let checked = match working {
            Working::F32 => options.check::<f32>(self.frames.len()),
            Working::F64 => options.check::<f64>(self.frames.len()),
        };
        checked.map_err(|error| stacker.noise.named(error, &self.numbered()))
    }

    /// The options with everything that comes from headers; what comes from samples is not among them.
    pub(super) fn options(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<Options, Error> {
        let products = outputs.products();
        let numbered = self.numbered();
        stacker.options_for(&numbered, products)
    }

    pub(super) fn plan(&self, stacker: &Stacker, outputs: &OutputFiles) -> Result<Plan, Error> {
        let (frames, (height, width)) = (self.frames.len(), self.shape());
        let working = self.types(stacker, outputs)?.0;
        let element_bytes = if working == Working::F32 { 4 } else { 8 };
        let bytes_per_row = self.images.iter().map(|image| image.raw_bytes_per_row()).max().unwrap_or(0);
        let sample_bytes = self.images.iter().map(|image| image.bitpix().bytes()).max().unwrap_or(0);
        let layers = self.layer_bytes(outputs, element_bytes);
        let options = self.options(stacker, outputs)?;
        let workload = Workload::new(frames, height, width, sample_bytes + layers)
            .source(Source::File { bytes_per_row })
            .halo(options.halo(), options.code_bytes())
            .outputs(outputs.bytes_per_pixel(frames, element_bytes), false)
            .scratch(self.read_scratch(stacker, working)?)
            .fixed(outputs.images().count() * FitsWriter::SCRATCH_BYTES + self.text_bytes(outputs));
        stacker.plan(&options, workload, &self.machine)
    }

    /// Bytes of headers and report, most of which is about single frames: names and HISTORY of each in every header, twice while
    /// it is written.
    fn text_bytes(&self, outputs: &OutputFiles) -> usize {
        let headers = self.frames.len().min(header::MOST_NAMES) * CARDS_OF_A_FRAME * Card::BYTES * 2;
        let table = self.frames.len().saturating_sub(header::MOST_NAMES) * TABLE_BYTES;
        let report = outputs.report_path().map_or(0, |_| self.frames.len() * JSON_BYTES);
        headers * (1 + outputs.further.len()) + table + report
    }

    /// Bytes a sample of masks, variances and quality bits.
    fn layer_bytes(&self, outputs: &OutputFiles, element_bytes: usize) -> usize {
        let quality = outputs.products().contains(skystack_combine::CountProduct::Dq);
        let masks =
            self.masks.as_ref().map_or(0, |_| usize::from(self.wants_masks) + 4 * usize::from(quality));
        masks + self.variances.as_ref().map_or(0, |_| element_bytes)
    }

    /// Bytes that a worker needs before the first band, and to decode masks and variances.
    fn read_scratch(&self, stacker: &Stacker, working: Working) -> Result<usize, Error> {
        let wanted = stacker.wanted();
        let statistics = match working {
            Working::F32 => wanted.sample_bytes::<f32>(self, &self.numbered())?,
            Working::F64 => wanted.sample_bytes::<f64>(self, &self.numbered())?,
        };
        Ok(statistics)
    }
}

/// Where the frames lie.
fn layout(frames: &[Frame], stacker: &Stacker) -> Result<Layout, Error> {
    let framed = |frame: &Frame| Framed { name: frame.name(), shape: frame.shape(), header: None };
    let mut framed: Vec<Framed<'_>> = frames.iter().map(framed).collect();
    framed.iter_mut().zip(frames).for_each(|(framed, frame)| framed.header = Some(frame.header()));
    if stacker.offsets == crate::Offsets::None {
        check_shapes(frames)?;
    }
    stacker.offsets.layout(&framed, &stacker.footprint)
}

/// Frames without offsets have one shape: another one is more likely a mistake than a wish.
fn check_shapes(frames: &[Frame]) -> Result<(), Error> {
    let (height, width) = frames[0].shape();
    let differ: Vec<&Frame> = frames.iter().filter(|frame| frame.shape() != (height, width)).collect();
    if differ.is_empty() {
        return Ok(());
    }
    let describe = |frame: &&Frame| format!("{} is {} x {}", frame.name(), frame.shape().1, frame.shape().0);
    let mut named: Vec<String> = differ.iter().take(MOST_NAMED).map(describe).collect();
    if differ.len() > MOST_NAMED {
        named.push(format!("{} more differ", differ.len() - MOST_NAMED));
    }
    let first = frames[0].name();
    let message = format!("{}, needed {width} x {height} pixels as {first} (or offsets)", named.join(", "));
    Err(Error::new(ErrorKind::Format, message))
}

impl<T: Element + Physical> FrameSource<T> for Inputs {
    fn frames(&self) -> usize {
        self.frames.len()
    }
    fn height(&self) -> usize {
        self.shape().0
    }
    fn width(&self) -> usize {
        self.shape().1
    }

    fn placement(&self, frame: usize) -> Option<Placement> {
        self.layout.placements.get(frame).copied()
    }

    fn stored(&self, frame: usize) -> Option<SampleFormat> {
        Some(sample_format(&self.frames[frame].image))
    }

    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let Frame { image, plane } = &self.frames[frame];
        Ok(image.read_stored(*plane, rows, out)?)
    }

    fn masks(&self) -> Option<&dyn Layer<u8>> {
        let masks = self.masks.as_ref().filter(|_| self.wants_masks)?;
        Some(masks)
    }

    fn variances(&self) -> Option<&dyn Layer<T>> {
        let variances = self.variances.as_ref()?;
        Some(variances)
    }

    fn quality(&self) -> Option<&dyn Layer<u32>> {
        let masks = self.masks.as_ref()?;
        Some(masks)
    }
}

/// Samples and variances of a row of a frame; no variances where there are none.
type RowOf<T> = (Vec<T>, Vec<T>);

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
