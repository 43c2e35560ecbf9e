//! Scenes: frames that lie anywhere on the output, with masks, variances, weights and quality bits, and options that go with them.

use std::ops::Range;

use skystack_combine::{
    BoxError, Combine, CountProduct, CubeProduct, FrameSource, Grow, Layer, NO_VALUE, Options, Placement,
    Plane, Product, Products, SampleFormat, SampleType, ValueProduct, Variance, WorkingType,
};
use skystack_reject::{AvSigClip, Center, MinMax, Rejection, ScalingError, VarClip, VarRule};

use super::{Draw, Stack, noisy, order, scalings, sigclip, with_rejections};

/// One plane of a frame. Rows may be padded; what is in the padding must not be looked at.
#[derive(Debug, Clone)]
pub(crate) struct Sheet<E> {
    pub(crate) elements: Vec<E>,
    pub(crate) width: usize,
    padding: usize,
    /// Lent to the engine; otherwise it reads rows.
    lent: Option<Vec<E>>,
}

impl<E: Copy> Sheet<E> {
    fn new(draw: &mut Draw, elements: Vec<E>, width: usize) -> Self {
        let padding = draw.pick(&[0, 0, 3]);
        let lent = draw.chance(50);
        let sheet = Self { elements, width, padding, lent: None };
        if lent { Self { lent: Some(sheet.padded()), ..sheet } } else { sheet }
    }

    fn padded(&self) -> Vec<E> {
        let pad = |row: &[E]| row.iter().chain(&row[..1].repeat(self.padding)).copied().collect::<Vec<E>>();
        self.elements.chunks(self.width).flat_map(pad).collect()
    }

    /// The first `height` rows and `width` columns, as they were lent or read.
    fn cropped(&self, height: usize, width: usize) -> Self {
        let rows = self.elements.chunks(self.width).take(height);
        let elements = rows.flat_map(|row| &row[..width]).copied().collect();
        let sheet = Self { elements, width, padding: self.padding, lent: None };
        if self.lent.is_some() { Self { lent: Some(sheet.padded()), ..sheet } } else { sheet }
    }

    fn plane(&self) -> Option<Plane<'_, E>> {
        self.lent.as_ref().map(|data| Plane { data, stride: self.width + self.padding })
    }

    fn read(&self, rows: Range<usize>, out: &mut [E]) {
        out.copy_from_slice(&self.elements[rows.start * self.width..rows.end * self.width]);
    }
}

/// A plane for some frames.
#[derive(Debug, Clone)]
pub(crate) struct Sheets<E>(pub(crate) Vec<Option<Sheet<E>>>);

impl<E: Copy + Sync> Layer<E> for Sheets<E> {
    fn has(&self, frame: usize) -> bool {
        self.0[frame].is_some()
    }
    fn borrow(&self, frame: usize) -> Option<Plane<'_, E>> {
        self.0[frame].as_ref()?.plane()
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [E]) -> Result<(), BoxError> {
        self.0[frame].as_ref().ok_or("a plane that is not there was read")?.read(rows, out);
        Ok(())
    }
}

/// Frames, what belongs to their samples, and options for them.
#[derive(Debug, Clone)]
pub(crate) struct Scene<T> {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) placements: Vec<Option<Placement>>,
    pub(crate) samples: Vec<Sheet<T>>,
    /// The same as bytes.
    stored: Option<Vec<(SampleFormat, Sheet<u8>)>>,
    pub(crate) masks: Option<Sheets<u8>>,
    pub(crate) variances: Option<Sheets<T>>,
    pub(crate) weights: Option<Sheets<T>>,
    pub(crate) quality: Option<Sheets<u32>>,
    pub(crate) options: Options,
}

impl<T: WorkingType> FrameSource<T> for Scene<T> {
    fn frames(&self) -> usize {
        self.samples.len()
    }
    fn height(&self) -> usize {
        self.height
    }
    fn width(&self) -> usize {
        self.width
    }
    fn placement(&self, frame: usize) -> Option<Placement> {
        self.placements[frame]
    }
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        self.samples[frame].plane()
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        self.samples[frame].read(rows, out);
        Ok(())
    }
    fn stored(&self, frame: usize) -> Option<SampleFormat> {
        self.stored.as_ref().map(|stored| stored[frame].0)
    }
    fn borrow_stored(&self, frame: usize) -> Option<Plane<'_, u8>> {
        self.stored.as_ref()?[frame].1.plane()
    }
    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        self.stored.as_ref().ok_or("no stored samples")?[frame].1.read(rows, out);
        Ok(())
    }
    fn masks(&self) -> Option<&dyn Layer<u8>> {
        self.masks.as_ref().map(|layer| layer as &dyn Layer<u8>)
    }
    fn variances(&self) -> Option<&dyn Layer<T>> {
        self.variances.as_ref().map(|layer| layer as &dyn Layer<T>)
    }
    fn weights(&self) -> Option<&dyn Layer<T>> {
        self.weights.as_ref().map(|layer| layer as &dyn Layer<T>)
    }
    fn quality(&self) -> Option<&dyn Layer<u32>> {
        self.quality.as_ref().map(|layer| layer as &dyn Layer<u32>)
    }
}

/// What a test draws more of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Focus {
    /// Anything.
    Any,
    /// Growth across the borders of bands.
    Growth,
    /// Several rejections, the last of which may replace samples.
    Sequences,
    /// Masks and fallback, variances, weights.
    Layers,
}

impl<T: WorkingType> Scene<T> {
    /// Frames of `shape` (height, width) from pixel (x, y) of the output on, read row by row.
    pub(crate) fn placed(
        (height, width): (usize, usize),
        shape: (usize, usize),
        corners: &[(isize, isize)],
        frames: &[Vec<T>],
        options: Options,
    ) -> Self {
        let placement = |corner: &(isize, isize)| {
            Some(Placement { x: corner.0, y: corner.1, height: shape.0, width: shape.1 })
        };
        let sheet =
            |frame: &Vec<T>| Sheet { elements: frame.clone(), width: shape.1, padding: 0, lent: None };
        Self {
            height,
            width,
            placements: corners.iter().map(placement).collect(),
            samples: frames.iter().map(sheet).collect(),
            stored: None,
            masks: None,
            variances: None,
            weights: None,
            quality: None,
            options,
        }
    }

    /// A layer for all frames, of the shape of their samples.
    pub(crate) fn sheets<E: Copy>(&self, planes: &[Vec<E>]) -> Option<Sheets<E>> {
        let width = |frame: usize| self.samples[frame].width;
        let sheet = |(frame, plane): (usize, &Vec<E>)| {
            Some(Sheet { elements: plane.clone(), width: width(frame), padding: 0, lent: None })
        };
        Some(Sheets(planes.iter().enumerate().map(sheet).collect()))
    }

    pub(crate) fn draw(draw: &mut Draw, focus: Focus) -> Self {
        let frames = match draw.below(20) {
            0 => draw.pick(&[63, 64, 65, 70]),
            1..5 => 10 + draw.below(24),
            _ => 1 + draw.below(9),
        };
        let width = match draw.below(4) {
            0 => 1 + draw.below(9),
            1 if frames < 10 => 60 + draw.below(30),
            _ => 15 + draw.below(30),
        };
        let height = 1 + draw.below(if frames > 20 { 4 } else { 9 });
        let placed = draw.chance(45);
        let placement = |draw: &mut Draw| placement(draw, height, width);
        let placements: Vec<Option<Placement>> =
            (0..frames).map(|_| if placed && draw.chance(80) { placement(draw) } else { None }).collect();
        let shapes: Vec<(isize, isize, usize, usize)> = placements
            .iter()
            .map(|placement| placement.map_or((0, 0, height, width), |p| (p.x, p.y, p.height, p.width)))
            .collect();
        let canvas = Canvas::<T>::new(draw, frames, height, width);
        let mut samples: Vec<Sheet<T>> = shapes
            .iter()
            .enumerate()
            .map(|(frame, shape)| Sheet::new(draw, canvas.cut(frame, *shape), shape.3))
            .collect();
        let stored = draw.chance(20).then(|| store(draw, &mut samples));
        let options = options(draw, frames, focus);
        options.check::<T>(frames).unwrap_or_else(|error| panic!("{error}: {options:?}"));
        let more = focus == Focus::Layers;
        let masked = draw.chance(if more { 90 } else { 45 });
        let masks = masked.then(|| masks(draw, &shapes, (height, width)));
        let planes = |draw: &mut Draw, of: fn(&mut Draw, &[f64]) -> f64, palette: &[f64], has: usize| {
            let sheet = |draw: &mut Draw, shape: &(isize, isize, usize, usize)| {
                let values = (0..shape.2 * shape.3).map(|_| T::narrow(of(draw, palette))).collect();
                draw.chance(has).then(|| Sheet::new(draw, values, shape.3))
            };
            Sheets(shapes.iter().map(|shape| sheet(draw, shape)).collect())
        };
        let palettes: [&[f64]; 3] =
            [&[1.0, 4.0, 100.0, 0.3], &[1.0, 2.0, 0.0, -1.0, f64::NAN, f64::INFINITY, 1e-38, 1e38], &[9.0]];
        let palette = draw.pick(&palettes);
        let has_variances = options.variance == Variance::Planes || draw.chance(10);
        let variances = has_variances.then(|| planes(draw, |draw, of| draw.pick(of), palette, 95));
        let palettes: [&[f64]; 3] =
            [&[1.0, 0.25, 3.0, 0.1], &[0.0, 0.0, 1.0, 0.5, f64::NAN, -1.0], &[0.0, 2.0]];
        let palette = draw.pick(&palettes);
        let has_weights = options.sample_weights || draw.chance(10);
        let weights = has_weights.then(|| planes(draw, |draw, of| draw.pick(of), palette, 95));
        let has_quality = draw.chance(50);
        let quality = has_quality.then(|| {
            let bits = |draw: &mut Draw| if draw.chance(70) { 0 } else { 1u32 << draw.below(24) };
            let sheet = |draw: &mut Draw, shape: &(isize, isize, usize, usize)| {
                let bits = (0..shape.2 * shape.3).map(|_| bits(draw)).collect();
                draw.chance(85).then(|| Sheet::new(draw, bits, shape.3))
            };
            Sheets(shapes.iter().map(|shape| sheet(draw, shape)).collect())
        });
        Self { height, width, placements, samples, stored, masks, variances, weights, quality, options }
    }
}

impl<T: WorkingType> Scene<T> {
    /// How the samples come in.
    pub(crate) fn forms(&self) -> String {
        let lent: Vec<bool> = self.samples.iter().map(|sheet| sheet.lent.is_some()).collect();
        let stored = self.stored.as_ref().map(|stored| {
            stored.iter().map(|(form, sheet)| (form.number, sheet.lent.is_some())).collect::<Vec<_>>()
        });
        format!("lent {lent:?}, stored (and lent) {stored:?}")
    }
}

/// Somewhere on the output, over its border, or beside it.
fn placement(draw: &mut Draw, height: usize, width: usize) -> Option<Placement> {
    let along = |draw: &mut Draw, length: usize| {
        let own = 1 + draw.below(length + length / 2 + 1);
        let start = if draw.chance(90) {
            // At least half of it, or of the output, is there.
            draw.below(length + 1) as isize - own.div_ceil(2) as isize
        } else {
            draw.below(length + own + 3) as isize - own as isize - 1
        };
        (start, own)
    };
    let ((x, width), (y, height)) = (along(draw, width), along(draw, height));
    Some(Placement { x, y, height, width })
}

/// Columns beyond the output, from which frames are cut.
struct Canvas<T> {
    stack: Stack<T>,
    margin: usize,
}

impl<T: WorkingType> Canvas<T> {
    fn new(draw: &mut Draw, frames: usize, height: usize, width: usize) -> Self {
        let margin = 2;
        Self { stack: Stack::shaped(draw, frames, height + 2 * margin, width + 2 * margin), margin }
    }

    fn cut(&self, frame: usize, (x, y, height, width): (isize, isize, usize, usize)) -> Vec<T> {
        let Stack { height: rows, width: columns, frames } = &self.stack;
        let at = |own: usize, start: isize, length: usize| {
            (own as isize + start + self.margin as isize).clamp(0, length as isize - 1) as usize
        };
        let pixels = (0..height * width).map(|i| (i % width, i / width));
        pixels.map(|(i, j)| frames[frame][at(j, y, *rows) * columns + at(i, x, *columns)]).collect()
    }
}

/// The samples as bytes, in the form of the first frame or each in its own; `samples` become what these stand for.
fn store<T: WorkingType>(draw: &mut Draw, samples: &mut [Sheet<T>]) -> Vec<(SampleFormat, Sheet<u8>)> {
    let native = SampleFormat::native;
    let forms = [
        SampleFormat { big_endian: true, ..native(SampleType::I16) },
        SampleFormat { big_endian: true, inverted: true, blank: Some(7), ..native(SampleType::U16) },
        SampleFormat { big_endian: true, ..native(SampleType::F32) },
        SampleFormat { scaling: Some((0.37, 100.0)), ..native(SampleType::U8) },
        native(SampleType::F64),
    ];
    let common = draw.chance(50).then(|| draw.pick(&forms));
    let mut store = |sheet: &mut Sheet<T>| {
        let form = common.unwrap_or_else(|| draw.pick(&forms));
        let bytes: Vec<u8> = sheet.elements.iter().flat_map(|value| bytes(&form, value.widen())).collect();
        let mut values = vec![T::zero(); sheet.elements.len()];
        form.decode(&bytes, &mut values);
        *sheet = Sheet { elements: values, lent: None, ..*sheet };
        (form, Sheet::new(draw, bytes, sheet.width * form.bytes()))
    };
    samples.iter_mut().map(&mut store).collect()
}

/// `value`, or what is left of it, as it is stored.
fn bytes(form: &SampleFormat, value: f64) -> Vec<u8> {
    let mut bytes = match form.number {
        SampleType::F32 => (value as f32).to_le_bytes().to_vec(),
        SampleType::F64 => value.to_le_bytes().to_vec(),
        SampleType::U8 => vec![value as u8],
        SampleType::U16 => (value as u16 ^ 0x8000).to_le_bytes().to_vec(),
        _ => (value as i16).to_le_bytes().to_vec(),
    };
    if form.big_endian {
        bytes.reverse();
    }
    bytes
}

/// Masks of most frames: single samples, and a rectangle of the output in which all are bad.
fn masks(
    draw: &mut Draw,
    shapes: &[(isize, isize, usize, usize)],
    (height, width): (usize, usize),
) -> Sheets<u8> {
    let density = draw.pick(&[0, 3, 20, 70]);
    let classes: &[u8] = draw.pick(&[&[1][..], &[1, 2, 3, 7], &[2, NO_VALUE], &[1, 2, 3, 254, NO_VALUE]]);
    let hole = |draw: &mut Draw, length: usize| {
        let start = draw.below(length);
        start as isize..(start + 1 + draw.below(length)) as isize
    };
    let holed = draw.chance(60);
    let (columns, rows) = (hole(draw, width), hole(draw, height));
    let sheet = |draw: &mut Draw, (x, y, height, width): (isize, isize, usize, usize)| {
        let mut class = |i: usize| {
            let (x, y) = (x + (i % width) as isize, y + (i / width) as isize);
            let is_bad = holed && columns.contains(&x) && rows.contains(&y) || draw.chance(density);
            if is_bad { draw.pick(classes) } else { 0 }
        };
        let elements = (0..height * width).map(&mut class).collect();
        let sheet = Sheet::new(draw, elements, width);
        draw.chance(90).then_some(sheet)
    };
    Sheets(shapes.iter().map(|shape| sheet(draw, *shape)).collect())
}

/// Options for `frames` frames, of which everything may be drawn, with all the further images that they allow, or some.
fn options(draw: &mut Draw, frames: usize, focus: Focus) -> Options {
    let mut options = super::options(draw, frames);
    if focus == Focus::Sequences {
        let rejections = sequence(draw, frames);
        options = with_rejections(options, rejections);
    }
    options.variance = match draw.below(if focus == Focus::Layers { 4 } else { 8 }) {
        0 => Variance::Constant(draw.pick(&[49.0, 0.3])),
        1 => Variance::Noise,
        2 => Variance::Planes,
        _ => Variance::None,
    };
    if options.variance != Variance::None && draw.chance(35) {
        let at = draw.below(options.rejections.len() + 1);
        let mut rejections = options.rejections.clone();
        rejections.insert(at, varclip(draw));
        options = with_rejections(options, rejections);
    }
    let replaces = options.rejections.iter().any(|of| matches!(of, Rejection::MedSigma(_)));
    if !replaces && draw.chance(25) {
        options.reject_scalings = Some(if draw.chance(50) { scalings(draw, frames) } else { vec![] });
    }
    if options.variance != Variance::None && options.reject_scalings.is_none() && draw.chance(35) {
        let error = |draw: &mut Draw| ScalingError {
            scale: draw.pick(&[0.0, 0.01, 0.3]),
            zero: draw.pick(&[0.0, 2.5]),
        };
        options.scaling_errors = (0..frames).map(|_| error(draw)).collect();
    }
    let often = if focus == Focus::Layers { 40 } else { 15 };
    if replaces {
        options.weights = None;
    } else if options.combine.is_weighted() {
        options.sample_weights = draw.chance(often);
        options.weigh_by_variance = options.variance != Variance::None && draw.chance(often);
    } else if options.combine != Combine::Sum {
        options.weights = None;
    }
    options.exposures = (0..frames).map(|_| draw.pick(&[30.0, 60.5, 0.1, 0.0])).collect();
    if draw.chance(if focus == Focus::Growth { 100 } else { 35 }) {
        let radius = draw.pick(&[0.9, 1.0, 1.4, 1.5, 2.0, 2.3, 3.0, 4.5, 5.0]);
        options.grow = Grow {
            radius,
            nkeep: draw.pick(&[0, 1, 1, 2, 5, 1000]),
            maxrej: draw.pick(&[None, None, Some(0), Some(1), Some(3)]),
        };
    }
    options.fallback = draw.chance(60);
    options.products = products(draw, &options);
    options
}

/// Two to four rejections; the last of them may replace samples.
fn sequence(draw: &mut Draw, frames: usize) -> Vec<Rejection> {
    let mut rejections: Vec<Rejection> = Vec::new();
    for _ in 0..2 + draw.below(3) {
        let next = match draw.below(5) {
            0 => sigclip(draw).into(),
            1 => order(draw, frames),
            2 => MinMax::new(0.1, 0.2).into(),
            3 => AvSigClip::iraf().lsigma(draw.pick(&[1.0, 1.5, 2.03])).hsigma(1.5).into(),
            _ => noisy(draw),
        };
        let is_avsigclip = |of: &Rejection| matches!(of, Rejection::AvSigClip(_));
        if !(is_avsigclip(&next) && rejections.iter().any(is_avsigclip)) {
            rejections.push(next);
        }
    }
    // Replacing ones come last, so that what is before them is not cut off.
    rejections.sort_by_key(|of| matches!(of, Rejection::MedSigma(_)));
    rejections
}

fn varclip(draw: &mut Draw) -> Rejection {
    let factors = [0.5, 1.0, 2.03, 3.0, f64::INFINITY];
    let (lsigma, hsigma) = (draw.pick(&factors), draw.pick(&factors));
    if draw.chance(50) {
        let center = draw.pick(&[Center::Median, Center::Mean]);
        let mut clip =
            VarClip::dragons().lsigma(lsigma).hsigma(hsigma).center(center).nkeep(draw.pick(&[0, 1, 3]));
        clip.maxrej = draw.pick(&[None, Some(1)]);
        return clip.into();
    }
    let mut clip = VarClip::swarp().lsigma(lsigma).hsigma(lsigma);
    clip.rule = VarRule::Swarp { ampfrac: draw.pick(&[0.0, 0.05, 0.3]) };
    clip.into()
}

/// Everything that these options have, and often only some of it: kernels take shorter ways then.
fn products(draw: &mut Draw, options: &Options) -> Products {
    let mut products = Products::ALL;
    let is_noise = matches!(options.combine, Combine::Quadrature | Combine::Nmodel);
    if options.variance == Variance::None || is_noise {
        products = products.without(ValueProduct::Variance).without(ValueProduct::Error);
    }
    if !matches!(options.combine, Combine::Average | Combine::Median | Combine::Lmedian) {
        products = products.without(ValueProduct::Empirical);
    }
    if draw.chance(60) {
        return products;
    }
    let all = ValueProduct::ALL.iter().map(|of| Product::from(*of));
    let all = all.chain(CountProduct::ALL.iter().map(|of| (*of).into()));
    for product in all.chain(CubeProduct::ALL.iter().map(|of| (*of).into())) {
        if draw.chance(60) {
            products = products.without(product);
        }
    }
    products
}

/// One step towards a smaller scene that may fail as well, or nothing if there is no such step.
pub(crate) fn smaller<T: WorkingType>(scene: &Scene<T>, step: usize) -> Option<Scene<T>> {
    let mut next = scene.clone();
    let plain = Options::default();
    let of = &mut next.options;
    match step {
        0 => of.scalings = vec![],
        1 => (of.reject_scalings, of.scaling_errors) = (None, vec![]),
        2 => of.noise = vec![],
        3 => of.weights = None,
        4 => of.sample_weights = false,
        5 => of.weigh_by_variance = false,
        6 => of.grow = plain.grow,
        7 => of.fallback = false,
        8 => (of.lthreshold, of.hthreshold) = (None, None),
        9 => of.per_frame = false,
        10 => of.products = Products::NONE,
        11 => of.rejections = vec![],
        12 => (of.blank, of.combine) = (f64::NAN, Combine::Average),
        13 => next.masks = None,
        14 => next.quality = None,
        15 => next.stored = None,
        16 => (of.variance, of.scaling_errors, next.variances) = (Variance::None, vec![], None),
        17..20 => {
            of.rejections.get(step - 17)?;
            of.rejections.remove(step - 17);
        }
        20 if scene.height > 1 => next = cropped(scene, scene.height.div_ceil(2), scene.width),
        21 if scene.width > 1 => next = cropped(scene, scene.height, scene.width.div_ceil(2)),
        22 if scene.height > 1 => next = cropped(scene, scene.height - 1, scene.width),
        23 if scene.width > 1 => next = cropped(scene, scene.height, scene.width - 1),
        20..24 => {}
        _ if step - 24 < scene.samples.len() => next = without(scene, step - 24),
        _ => return None,
    }
    Some(next)
}

/// All frames but one.
fn without<T: WorkingType>(scene: &Scene<T>, frame: usize) -> Scene<T> {
    fn drop<E>(all: &mut Vec<E>, frame: usize) {
        if frame < all.len() && all.len() > 1 {
            all.remove(frame);
        }
    }
    let mut next = scene.clone();
    let of = &mut next.options;
    drop(&mut of.scalings, frame);
    drop(&mut of.scaling_errors, frame);
    of.reject_scalings.iter_mut().for_each(|of| drop(of, frame));
    drop(&mut of.noise, frame);
    of.weights.iter_mut().for_each(|of| drop(of, frame));
    drop(&mut of.exposures, frame);
    drop(&mut next.placements, frame);
    drop(&mut next.samples, frame);
    next.stored.iter_mut().for_each(|of| drop(of, frame));
    next.masks.iter_mut().for_each(|of| drop(&mut of.0, frame));
    next.variances.iter_mut().for_each(|of| drop(&mut of.0, frame));
    next.weights.iter_mut().for_each(|of| drop(&mut of.0, frame));
    next.quality.iter_mut().for_each(|of| drop(&mut of.0, frame));
    next
}

/// The lower left part.
fn cropped<T: WorkingType>(scene: &Scene<T>, height: usize, width: usize) -> Scene<T> {
    fn all<E: Copy>(
        layer: &Option<Sheets<E>>,
        crop: impl Fn(usize, &Sheet<E>) -> Sheet<E>,
    ) -> Option<Sheets<E>> {
        let crop =
            |(frame, sheet): (usize, &Option<Sheet<E>>)| sheet.as_ref().map(|sheet| crop(frame, sheet));
        layer.as_ref().map(|layer| Sheets(layer.0.iter().enumerate().map(crop).collect()))
    }
    // Frames that lie somewhere stay as they are.
    let whole = |frame: usize| scene.placements[frame].is_none();
    let crop = |frame: usize, sheet: &Sheet<T>| {
        if whole(frame) { sheet.cropped(height, width) } else { sheet.clone() }
    };
    let bytes = |(frame, (form, sheet)): (usize, &(SampleFormat, Sheet<u8>))| {
        let cut = if whole(frame) { sheet.cropped(height, width * form.bytes()) } else { sheet.clone() };
        (*form, cut)
    };
    Scene {
        height,
        width,
        samples: scene.samples.iter().enumerate().map(|(frame, sheet)| crop(frame, sheet)).collect(),
        stored: scene.stored.as_ref().map(|stored| stored.iter().enumerate().map(bytes).collect()),
        masks: all(
            &scene.masks,
            |i, sheet| if whole(i) { sheet.cropped(height, width) } else { sheet.clone() },
        ),
        quality: all(
            &scene.quality,
            |i, sheet| if whole(i) { sheet.cropped(height, width) } else { sheet.clone() },
        ),
        variances: all(&scene.variances, crop),
        weights: all(&scene.weights, crop),
        ..scene.clone()
    }
}
