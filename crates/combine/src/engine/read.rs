//! The rows of a band: lent by the source, or read into buffers that are allocated once.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use skystack_simd::Element;

use super::{Control, Worker, lock, on_workers};
use crate::band::{Layers, PlacedPlane, Samples, StoredFormats};
use crate::options::Variance;
use crate::{BoxError, CombineError, CountProduct, FrameSource, Layer, Options, Placement, Plane};

/// The shapes of the output and of its frames.
#[derive(Debug)]
pub(super) struct Geometry {
    pub(super) height: usize,
    pub(super) width: usize,
    /// `None`: the frame covers the output.
    placements: Vec<Option<Placement>>,
}

impl Geometry {
    pub(super) fn of<T>(source: &impl FrameSource<T>) -> Self {
        let placements = (0..source.frames()).map(|frame| source.placement(frame)).collect();
        Self { height: source.height(), width: source.width(), placements }
    }

    pub(super) fn frames(&self) -> usize {
        self.placements.len()
    }

    fn placement(&self, frame: usize) -> Placement {
        let whole = Placement { x: 0, y: 0, height: self.height, width: self.width };
        self.placements[frame].unwrap_or(whole)
    }
}

/// Values of the working type.
pub(crate) struct Values<'s, S>(pub(crate) &'s S);

impl<T: Element, S: FrameSource<T>> Layer<T> for Values<'_, S> {
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        self.0.borrow(frame)
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        self.0.read(frame, rows, out)
    }
}

/// Samples as they are stored.
pub(crate) struct Stored<'s, S, T>(&'s S, PhantomData<fn() -> T>);

impl<'s, S, T> Stored<'s, S, T> {
    pub(crate) const fn of(source: &'s S) -> Self {
        Self(source, PhantomData)
    }
}

impl<T: Element, S: FrameSource<T>> Layer<u8> for Stored<'_, S, T> {
    fn borrow(&self, frame: usize) -> Option<Plane<'_, u8>> {
        self.0.borrow_stored(frame)
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        self.0.read_stored(frame, rows, out)
    }
}

/// Is there what the options need, does every plane that is lent hold what it says, and are there pixels?
pub(super) fn check<T: Element>(
    source: &impl FrameSource<T>,
    options: &Options,
    samples: SampleLayer<'_, T>,
    geometry: &Geometry,
) -> Result<(), CombineError> {
    let Geometry { height, width, .. } = geometry;
    if *height == 0 || *width == 0 {
        let found = format!("{width} x {height}");
        return Err(CombineError::Option { option: "size of a frame", found, needed: "at least one pixel" });
    }
    match samples {
        SampleLayer::Values(layer) => check_planes(layer, geometry, |_| 1)?,
        SampleLayer::Stored(layer, formats) => check_planes(layer, geometry, |frame| formats.bytes(frame))?,
    }
    check_layer(source.masks(), false, "masks", geometry)?;
    check_layer(source.variances(), options.variance == Variance::Planes, "variances", geometry)?;
    check_layer(source.weights(), options.sample_weights, "weights of samples", geometry)?;
    check_layer(source.quality(), false, "quality bits", geometry)?;
    if options.sample_weights && !options.combine.is_weighted() {
        let found = "given for a statistic that ignores them".to_owned();
        return Err(CombineError::Option {
            option: "weights of samples",
            found,
            needed: "combine average or wmedian",
        });
    }
    Ok(())
}

fn check_layer<E>(
    layer: Option<&dyn Layer<E>>,
    wanted: bool,
    option: &'static str,
    geometry: &Geometry,
) -> Result<(), CombineError> {
    match layer {
        None if wanted => {
            let needed = "a source that has them";
            Err(CombineError::Option { option, found: "none".to_owned(), needed })
        }
        None => Ok(()),
        Some(layer) => check_planes(layer, geometry, |_| 1),
    }
}

fn check_planes<E>(
    layer: &dyn Layer<E>,
    geometry: &Geometry,
    elements: impl Fn(usize) -> usize,
) -> Result<(), CombineError> {
    for frame in (0..geometry.placements.len()).filter(|frame| layer.has(*frame)) {
        let Placement { height, width, .. } = geometry.placement(frame);
        let Some(Plane { data, stride }) = layer.borrow(frame) else { continue };
        let row = width.saturating_mul(elements(frame));
        let reaches = stride.checked_mul(height.saturating_sub(1)).and_then(|start| start.checked_add(row));
        if stride < row || reaches.is_none_or(|end| data.len() < end) {
            return Err(CombineError::plane(frame, data.len(), stride));
        }
    }
    Ok(())
}

/// Rows of the planes that the source does not hold in memory: one allocation each, used for every band.
pub(super) struct Buffers<E> {
    frames: Vec<Buffer<E>>,
}

struct Buffer<E> {
    /// Empty for a plane that is lent, or not there.
    rows: Vec<E>,
    /// Elements of a sample.
    elements: usize,
}

impl<E: Copy + Default + Send + Sync> Buffers<E> {
    fn new(
        layer: &dyn Layer<E>,
        geometry: &Geometry,
        band_rows: usize,
        elements: impl Fn(usize) -> usize,
    ) -> Result<Self, CombineError> {
        let frames = geometry.placements.len();
        let buffer = |frame| -> Result<Buffer<E>, CombineError> {
            let Placement { height, width, .. } = geometry.placement(frame);
            let elements = elements(frame);
            let mut rows = Vec::new();
            if layer.has(frame) && layer.borrow(frame).is_none() {
                let length = band_rows.min(height) * width * elements;
                let bytes = length.saturating_mul(size_of::<E>()).saturating_mul(frames);
                let failed = |_| CombineError::OutOfMemory { bytes };
                rows.try_reserve_exact(length).map_err(failed)?;
                rows.resize(length, E::default());
            }
            Ok(Buffer { rows, elements })
        };
        Ok(Self { frames: (0..frames).map(buffer).collect::<Result<_, _>>()? })
    }

    /// The rows `rows` of the output of every frame, read in parallel where they are not in memory.
    fn fill<'a>(
        &'a mut self,
        layer: &'a dyn Layer<E>,
        geometry: &Geometry,
        rows: Range<usize>,
        workers: &mut [Worker],
        control: &Control<'_>,
    ) -> Result<Vec<PlacedPlane<'a, E>>, CombineError> {
        let covered = |frame: usize| {
            let placement = geometry.placement(frame);
            let covered = placement.rows_within(rows.clone());
            let first = covered.start.wrapping_add_signed(placement.y.wrapping_neg());
            (covered.clone(), if covered.is_empty() { 0..0 } else { first..first + covered.len() })
        };
        let to_read = self.frames.iter_mut().enumerate().filter(|(_, buffer)| !buffer.rows.is_empty());
        let queue = Mutex::new(to_read);
        let failure: Mutex<Option<(usize, BoxError)>> = Mutex::new(None);
        on_workers(workers, |_| {
            while lock(&failure).is_none() && !control.cancelled() {
                // A statement of its own: the lock must not be held while the rows are read.
                let next = lock(&queue).next();
                let Some((frame, buffer)) = next else { return };
                let (_, own) = covered(frame);
                let out = own.len() * geometry.placement(frame).width * buffer.elements;
                if own.is_empty() {
                    continue;
                }
                if let Err(error) = layer.read(frame, own, &mut buffer.rows[..out]) {
                    // Of several broken frames the first is named, whoever meets it first.
                    let mut failure = lock(&failure);
                    if failure.as_ref().is_none_or(|(earlier, _)| frame < *earlier) {
                        *failure = Some((frame, error));
                    }
                }
            }
        })?;
        if let Some((frame, error)) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(CombineError::Source { frame, rows, error });
        }
        control.check()?;
        let placed = |(frame, buffer): (usize, &'a Buffer<E>)| {
            let (covered, own) = covered(frame);
            let placement = geometry.placement(frame);
            let plane = match layer.borrow(frame).filter(|_| layer.has(frame)) {
                Some(plane) => Plane { data: &plane.data[own.start * plane.stride..], stride: plane.stride },
                None => Plane { data: &buffer.rows, stride: placement.width * buffer.elements },
            };
            let columns = placement.columns_within(0..geometry.width);
            let left = if columns.is_empty() {
                0
            } else {
                columns.start.wrapping_add_signed(placement.x.wrapping_neg())
            };
            let rows = covered.start - rows.start..covered.end - rows.start;
            PlacedPlane { plane, rows, columns, left }
        };
        Ok(self.frames.iter().enumerate().map(placed).collect())
    }
}

/// The samples of a source, in the form in which they lie in memory.
#[derive(Clone, Copy)]
pub(super) enum SampleLayer<'a, T> {
    Values(&'a dyn Layer<T>),
    Stored(&'a dyn Layer<u8>, &'a StoredFormats),
}

/// Buffers of the samples.
pub(super) enum SampleBuffers<T> {
    Values(Buffers<T>),
    Stored(Buffers<u8>),
}

impl<T: Element> SampleBuffers<T> {
    pub(super) fn new(
        layer: SampleLayer<'_, T>,
        geometry: &Geometry,
        band_rows: usize,
    ) -> Result<Self, CombineError> {
        Ok(match layer {
            SampleLayer::Values(layer) => Self::Values(Buffers::new(layer, geometry, band_rows, |_| 1)?),
            SampleLayer::Stored(layer, formats) => {
                Self::Stored(Buffers::new(layer, geometry, band_rows, |frame| formats.bytes(frame))?)
            }
        })
    }

    /// The samples of the output rows `rows`.
    pub(super) fn fill<'a>(
        &'a mut self,
        layer: SampleLayer<'a, T>,
        geometry: &Geometry,
        rows: Range<usize>,
        workers: &mut [Worker],
        control: &Control<'_>,
    ) -> Result<Samples<'a, T>, CombineError> {
        Ok(match (self, layer) {
            (Self::Values(buffers), SampleLayer::Values(layer)) => {
                Samples::Values(buffers.fill(layer, geometry, rows, workers, control)?)
            }
            (Self::Stored(buffers), SampleLayer::Stored(layer, formats)) => {
                Samples::Stored(buffers.fill(layer, geometry, rows, workers, control)?, formats)
            }
            _ => unreachable!("buffers of the layer's own form"),
        })
    }
}

/// What belongs to the samples of a source, as far as the options want it.
pub(super) struct SourceLayers<'a, T> {
    masks: Option<&'a dyn Layer<u8>>,
    variances: Option<&'a dyn Layer<T>>,
    weights: Option<&'a dyn Layer<T>>,
    quality: Option<&'a dyn Layer<u32>>,
}

impl<'a, T: Element> SourceLayers<'a, T> {
    pub(super) fn of(source: &'a impl FrameSource<T>, options: &Options) -> Self {
        let quality = options.products.contains(CountProduct::Dq);
        Self {
            masks: source.masks(),
            variances: source.variances().filter(|_| options.variance == Variance::Planes),
            weights: source.weights().filter(|_| options.sample_weights),
            quality: source.quality().filter(|_| quality),
        }
    }
}

/// Buffers of them.
pub(super) struct LayerBuffers<T> {
    masks: Option<Buffers<u8>>,
    variances: Option<Buffers<T>>,
    weights: Option<Buffers<T>>,
    quality: Option<Buffers<u32>>,
}

impl<T: Element> LayerBuffers<T> {
    pub(super) fn new(
        layers: &SourceLayers<'_, T>,
        geometry: &Geometry,
        band_rows: usize,
    ) -> Result<Self, CombineError> {
        fn buffers<E: Copy + Default + Send + Sync>(
            layer: Option<&dyn Layer<E>>,
            geometry: &Geometry,
            band_rows: usize,
        ) -> Result<Option<Buffers<E>>, CombineError> {
            layer.map(|layer| Buffers::new(layer, geometry, band_rows, |_| 1)).transpose()
        }
        Ok(Self {
            masks: buffers(layers.masks, geometry, band_rows)?,
            variances: buffers(layers.variances, geometry, band_rows)?,
            weights: buffers(layers.weights, geometry, band_rows)?,
            quality: buffers(layers.quality, geometry, band_rows)?,
        })
    }

    /// What belongs to the samples of the output rows `rows`.
    pub(super) fn fill<'a>(
        &'a mut self,
        layers: &SourceLayers<'a, T>,
        geometry: &Geometry,
        rows: Range<usize>,
        workers: &mut [Worker],
        control: &Control<'_>,
    ) -> Result<Layers<'a, T>, CombineError> {
        let of = (geometry, &rows);
        Ok(Layers {
            masks: fill_layer(&mut self.masks, layers.masks, of, workers, control)?,
            variances: fill_layer(&mut self.variances, layers.variances, of, workers, control)?,
            weights: fill_layer(&mut self.weights, layers.weights, of, workers, control)?,
            quality: fill_layer(&mut self.quality, layers.quality, of, workers, control)?,
        })
    }
}

fn fill_layer<'a, E: Copy + Default + Send + Sync>(
    buffers: &'a mut Option<Buffers<E>>,
    layer: Option<&'a dyn Layer<E>>,
    (geometry, rows): (&Geometry, &Range<usize>),
    workers: &mut [Worker],
    control: &Control<'_>,
) -> Result<Vec<Option<PlacedPlane<'a, E>>>, CombineError> {
    let (Some(buffers), Some(layer)) = (buffers, layer) else { return Ok(Vec::new()) };
    let planes = buffers.fill(layer, geometry, rows.clone(), workers, control)?;
    let planes = planes.into_iter().enumerate();
    Ok(planes.map(|(frame, plane)| layer.has(frame).then_some(plane)).collect())
}
