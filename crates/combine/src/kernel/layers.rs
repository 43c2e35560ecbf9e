//! What belongs to the samples of a group of columns: variances and weights (algorithms.md 7, 8.1).

use skystack_reject::{Columns, NoiseModel, Scaling, ScalingError};
use skystack_simd::{Element, Mask, Task, Vector};

use super::{ColumnsAt, why};
use crate::band::LayerRows;
use crate::options::Variance;

/// Loads the variances and weights of columns. A sample without a variance above zero becomes
/// missing, and one whose weight is no finite number, zero or more.
pub(super) struct FillLayers<'a, 'b, T, V: Vector> {
    pub(super) of: ColumnsAt<'a, T>,
    pub(super) columns: &'a mut Columns<'b, V>,
}

impl<T: Element, V: Vector<Element = T>> Task<V::Isa> for FillLayers<'_, '_, T, V> {
    type Output = ();

    #[inline(always)]
    fn run(self, isa: V::Isa) {
        let Self { of, columns } = self;
        let ColumnsAt { options, scalings, others, rows, x, .. } = of;
        let zero = V::splat(isa, T::zero());
        let is_known = |v: V| zero.lt(v) & v.zero_if_finite().eq(zero);
        for frame in 0..columns.variances.len() {
            let v = variance(isa, &of, scalings, frame, columns.samples[frame]);
            drop_unless(isa, columns, frame, is_known(v));
            columns.variances[frame] = v;
            if let Some(others) = others {
                let y = match options.variance {
                    Variance::Noise => of_raw(isa, &of, others, frame),
                    _ => v,
                };
                drop_unless(isa, columns, frame, is_known(variance(isa, &of, others, frame, y)));
            }
        }
        for frame in 0..columns.weights.len() {
            let w: V = load(isa, &rows.weights, frame, x);
            let is_finite = w.zero_if_finite().eq(zero);
            drop_unless(isa, columns, frame, zero.le(w) & is_finite);
            columns.weights[frame] = w;
        }
    }
}

/// The variance of the sample `y` of `frame` with these scalings: in f64, rounded once.
#[inline(always)]
fn variance<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    of: &ColumnsAt<'_, T>,
    scalings: &[Scaling],
    frame: usize,
    y: V,
) -> V {
    let ColumnsAt { options, rows, x, .. } = *of;
    let scaling = scalings.get(frame).copied().unwrap_or(Scaling::NONE);
    let v = match options.variance {
        Variance::Noise => NoiseModel::scaled(&options.noise[frame], &scaling).variance(isa, y.widen()),
        Variance::Constant(v) => scaled::<V>(isa, V::splat(isa, T::narrow(v)), &scaling),
        Variance::Planes => scaled::<V>(isa, load(isa, &rows.variances, frame, x), &scaling),
        Variance::None => unreachable!("columns of variances without variances"),
    };
    V::narrow(match options.scaling_errors.get(frame) {
        None => v,
        Some(error) => v + of_scaling(isa, error, y.widen()),
    })
}

/// [`ScalingError::variance`].
#[inline(always)]
fn of_scaling<W: Vector<Element = f64>>(isa: W::Isa, error: &ScalingError, y: W) -> W {
    let scale = y * W::splat(isa, error.scale);
    scale * scale + W::splat(isa, error.zero * error.zero)
}

/// The samples of `frame` with these scalings.
#[inline(always)]
fn of_raw<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    of: &ColumnsAt<'_, T>,
    scalings: &[Scaling],
    frame: usize,
) -> V {
    let mut lanes = V::splat(isa, T::NAN);
    let Scaling { multiply, add } = scalings.get(frame).copied().unwrap_or(Scaling::NONE);
    for (lane, to) in lanes.lanes_mut().iter_mut().enumerate().take(of.width - of.x) {
        let raw = why::raw(isa, of.rows, frame, of.x + lane).widen();
        *to = T::narrow(raw * multiply + add);
    }
    lanes
}

#[inline(always)]
fn drop_unless<V: Vector>(isa: V::Isa, columns: &mut Columns<'_, V>, frame: usize, good: V::Mask) {
    if (!good).any() {
        let sample = &mut columns.samples[frame];
        *sample = V::select(good, *sample, V::splat(isa, V::Element::NAN));
        columns.full = false;
    }
}

/// L elements of the plane of `frame` from pixel `x` on; NaN where it has none.
#[inline(always)]
fn load<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    rows: &LayerRows<'_, T>,
    frame: usize,
    x: usize,
) -> V {
    let missing = V::splat(isa, T::NAN);
    let Some((covered, elements)) = rows.get(frame) else { return missing };
    if covered.start <= x && x < covered.end {
        return V::load_partial(isa, &elements[x - covered.start..], T::NAN);
    }
    let mut lanes = missing;
    for (lane, to) in lanes.lanes_mut().iter_mut().enumerate() {
        if covered.contains(&(x + lane)) {
            *to = elements[x + lane - covered.start];
        }
    }
    lanes
}

/// v·(m·m): the variance of a scaled sample.
#[inline(always)]
fn scaled<V: Vector>(isa: V::Isa, v: V, scaling: &Scaling) -> V::Wide {
    v.widen() * V::Wide::splat(isa, scaling.multiply * scaling.multiply)
}
