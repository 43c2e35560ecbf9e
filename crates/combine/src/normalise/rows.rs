//! Reading some columns of the rows of frames, of whatever kind the source is.
//!
//! Rows that nobody asks for are not read, and no more than one row, or a few, are held.

use std::ops::Range;

use skystack_simd::Element;

use super::sampling::{Places, Sampling};
use crate::engine::{Control, Stored, Values};
use crate::{CombineError, FrameSource, Layer, SampleFormat, SampleType};

/// Elements that are read at once where no row is left out: enough to read at the speed of a disk, little beside a sample.
const READ: usize = 1 << 16;

/// A source in the form in which it gives its samples.
pub(super) struct Frames<'a, T, S> {
    values: Values<'a, S>,
    stored: Stored<'a, S, T>,
    /// Where every frame is stored in some format, as the engine takes them then.
    formats: Option<Vec<SampleFormat>>,
    masks: Option<&'a dyn Layer<u8>>,
    pub(super) places: Places,
}

impl<'a, T: Element, S: FrameSource<T>> Frames<'a, T, S> {
    pub(super) fn of(source: &'a S) -> Self {
        Self {
            values: Values(source),
            stored: Stored::of(source),
            formats: (0..source.frames()).map(|frame| source.stored(frame)).collect(),
            masks: source.masks(),
            places: Places::of(source),
        }
    }

    /// Are the samples of `frame` stored as integers that nothing scales?
    pub(super) fn whole_numbers(&self, frame: usize) -> bool {
        let Some(SampleFormat { number, scaling, .. }) = self.values.0.stored(frame) else { return false };
        scaling.is_none() && !matches!(number, SampleType::F32 | SampleType::F64)
    }
}

/// What a worker reads rows with.
pub(super) struct RowBuffer<T> {
    values: Vec<T>,
    stored: Vec<u8>,
    masks: Vec<u8>,
    row: Vec<T>,
}

impl<T> Default for RowBuffer<T> {
    fn default() -> Self {
        Self { values: Vec::new(), stored: Vec::new(), masks: Vec::new(), row: Vec::new() }
    }
}

impl<T> RowBuffer<T> {
    /// Bytes for frames of `width` pixels, a stored sample being of up to 8 bytes.
    pub(super) fn bytes(width: usize) -> usize {
        let at_once =
            READ.max(width.saturating_mul(size_of::<f64>())).saturating_mul(size_of::<T>().max(1) + 1);
        at_once.saturating_add(width.saturating_mul(size_of::<T>()))
    }
}

/// Some columns of the rows of one frame.
pub(super) struct Rows<'a, T> {
    samples: Samples<'a, T>,
    masks: Option<PlaneRows<'a, u8>>,
    columns: Range<usize>,
    sampling: &'a Sampling,
    control: &'a Control<'a>,
    row: &'a mut Vec<T>,
}

enum Samples<'a, T> {
    Values(PlaneRows<'a, T>),
    Stored(PlaneRows<'a, u8>, SampleFormat),
}

impl<'a, T: Element> Rows<'a, T> {
    /// Of `frame`, the columns and rows of `section`; every `step`-th row will be asked for.
    pub(super) fn new<S: FrameSource<T>>(
        frames: &'a Frames<'a, T, S>,
        frame: usize,
        (columns, rows): (Range<usize>, Range<usize>),
        step: usize,
        (sampling, control): (&'a Sampling, &'a Control<'a>),
        buffer: &'a mut RowBuffer<T>,
    ) -> Self {
        let width = frames.places.width(frame);
        let RowBuffer { values, stored, masks, row } = buffer;
        let which = Which { frame, width, last: rows.end, step };
        let samples = match &frames.formats {
            None => Samples::Values(PlaneRows::new(&frames.values, which, 1, values)),
            Some(formats) => {
                let format = formats[frame];
                Samples::Stored(PlaneRows::new(&frames.stored, which, format.bytes(), stored), format)
            }
        };
        let layer = frames.masks.filter(|layer| layer.has(frame));
        let masks = layer.map(|layer| PlaneRows::new(layer, which, 1, masks));
        Self { samples, masks, columns, sampling, control, row }
    }

    /// The columns of row `y`, NaN where a sample is missing, masked or outside the thresholds.
    pub(super) fn row(&mut self, y: usize) -> Result<&[T], CombineError> {
        self.control.check()?;
        self.row.resize(self.columns.len(), T::NAN);
        match &mut self.samples {
            Samples::Values(plane) => self.row.copy_from_slice(plane.samples(y, &self.columns)?),
            Samples::Stored(plane, format) => format.decode(plane.samples(y, &self.columns)?, self.row),
        }
        let low = self.sampling.lthreshold.unwrap_or(f64::NEG_INFINITY);
        let high = self.sampling.hthreshold.unwrap_or(f64::INFINITY);
        for x in &mut *self.row {
            // B4: in f64, limits included.
            let good = x.is_finite() && low <= x.widen() && x.widen() <= high;
            *x = if good { *x } else { T::NAN };
        }
        if let Some(masks) = &mut self.masks {
            for (x, class) in self.row.iter_mut().zip(masks.samples(y, &self.columns)?) {
                *x = if *class == 0 { *x } else { T::NAN };
            }
        }
        Ok(self.row)
    }
}

/// The plane of a frame, and which of its rows.
#[derive(Clone, Copy)]
struct Which {
    frame: usize,
    /// Samples of a row.
    width: usize,
    /// The row after the last one that will be asked for.
    last: usize,
    step: usize,
}

/// Rows of one plane: lent by the layer, or read into a buffer, as many at once as are worth it.
struct PlaneRows<'a, E> {
    layer: &'a dyn Layer<E>,
    which: Which,
    /// Elements of a sample.
    elements: usize,
    buffer: &'a mut Vec<E>,
    /// Rows in the buffer.
    held: Range<usize>,
}

impl<'a, E: Copy + Default> PlaneRows<'a, E> {
    fn new(layer: &'a dyn Layer<E>, which: Which, elements: usize, buffer: &'a mut Vec<E>) -> Self {
        Self { layer, which, elements, buffer, held: 0..0 }
    }

    /// The samples `columns` of row `y`.
    fn samples(&mut self, y: usize, columns: &Range<usize>) -> Result<&[E], CombineError> {
        let Which { frame, width, .. } = self.which;
        let part = columns.start * self.elements..columns.end * self.elements;
        if let Some(plane) = self.layer.borrow(frame) {
            let start = y.saturating_mul(plane.stride);
            let end = start.saturating_add(part.end);
            let samples = plane.data.get(start.saturating_add(part.start)..end);
            return samples.ok_or_else(|| CombineError::plane(frame, plane.data.len(), plane.stride));
        }
        let row = width * self.elements;
        if !self.held.contains(&y) {
            self.read(y, row)?;
        }
        let start = (y - self.held.start) * row;
        Ok(&self.buffer[start + part.start..start + part.end])
    }

    /// Makes the buffer the rows from `y` on.
    fn read(&mut self, y: usize, row: usize) -> Result<(), CombineError> {
        let Which { frame, last, step, .. } = self.which;
        let at_once = if step == 1 { (READ / row.max(1)).max(1) } else { 1 };
        let rows = y..(y + at_once).min(last);
        self.held = 0..0;
        self.buffer.resize(rows.len() * row, E::default());
        let failed = |error| CombineError::Source { frame, rows: rows.clone(), error };
        self.layer.read(frame, rows.clone(), self.buffer).map_err(failed)?;
        self.held = rows;
        Ok(())
    }
}
