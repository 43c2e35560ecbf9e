//! Every output of L pixels.

mod counts;
mod error;

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Isa, Mask, Task, Vector};

use super::codes::WriteCodes;
use super::weights::Weights;
use super::{Group, sigma, value};
use crate::band::Tile;
use crate::options::Resolved;
use crate::{CubeProduct, ValueProduct};

/// Writes the outputs of a group.
#[inline(always)]
pub(super) fn write<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    tile: &mut Tile<'_, T>,
    group: &Group<'_, T>,
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
) {
    let x = group.x;
    let value = value::combine(isa, options, columns, kept);
    // Where samples are replaced a pixel has a value without a sample that is its own.
    let image = match options.rejections.replaces() {
        true => canonical(isa, value),
        false => blanked(isa, options, kept, value),
    };
    image.store_partial(&mut tile.planes.image[x..]);
    if !options.products.is_none() {
        isa.call(WriteFurther { options, tile, group, columns, kept, image });
    }
}

/// The further images: a function of its own, because kernels write outputs in several places and seldom any but the image.
struct WriteFurther<'a, 'b, 'c, T, V: Vector> {
    options: &'a Resolved<T>,
    tile: &'a mut Tile<'b, T>,
    group: &'a Group<'a, T>,
    columns: &'a mut Columns<'c, V>,
    kept: &'a Kept<V>,
    image: V,
}

impl<T: Element, V: Vector<Element = T>> Task<V::Isa> for WriteFurther<'_, '_, '_, T, V> {
    type Output = ();

    #[inline(always)]
    fn run(self, isa: V::Isa) {
        let Self { options, tile, group, columns, kept, image } = self;
        write_values(isa, options, tile, group, columns, kept, image);
        write_masks(tile, group.x, columns.samples, kept);
        counts::write(tile, group, columns, kept);
        write_reasons(isa, options, tile, group, columns, kept);
    }
}

/// Images of the working type.
#[inline(always)]
fn write_values<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    tile: &mut Tile<'_, T>,
    group: &Group<'_, T>,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
    image: V,
) {
    let has = |product| options.products.contains(product);
    let propagates = has(ValueProduct::Error) || has(ValueProduct::Variance);
    let variance =
        if propagates { error::propagated(isa, options, columns, kept) } else { kept.count.widen() };
    for product in ValueProduct::ALL {
        if tile.planes.values(*product).is_empty() {
            continue;
        }
        let value = match product {
            ValueProduct::Sigma => sigma::sigma(isa, options, columns, kept, image),
            ValueProduct::Variance => V::narrow(variance),
            ValueProduct::Error => V::narrow(variance.sqrt()),
            ValueProduct::Empirical => error::empirical(isa, options, columns, kept, image),
            ValueProduct::Weight => V::narrow(Weights::of(options, columns).sum(isa, columns.samples, kept)),
            ValueProduct::Exposure => V::narrow(error::exposure(isa, options, columns, kept)),
        };
        let value = match product {
            // Nothing adds up to nothing.
            ValueProduct::Weight | ValueProduct::Exposure => zeroed(isa, kept, value),
            _ => blanked(isa, options, kept, value),
        };
        value.store_partial(&mut tile.planes.values_mut(*product)[group.x..]);
    }
}

/// A NaN that was computed (of values near the limits of f64) becomes the canonical one: its sign differs between CPUs.
#[inline(always)]
fn canonical<V: Vector>(isa: V::Isa, value: V) -> V {
    V::select(value.eq(value), value, V::splat(isa, V::Element::NAN))
}

/// `value` where samples were used, `blank` elsewhere; [`canonical`].
#[inline(always)]
fn blanked<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    kept: &Kept<V>,
    value: V,
) -> V {
    or_where_empty(isa, kept, value, options.blank)
}

#[inline(always)]
fn zeroed<T: Element, V: Vector<Element = T>>(isa: V::Isa, kept: &Kept<V>, value: V) -> V {
    or_where_empty(isa, kept, value, T::zero())
}

#[inline(always)]
fn or_where_empty<T: Element, V: Vector<Element = T>>(isa: V::Isa, kept: &Kept<V>, value: V, empty: T) -> V {
    let value = canonical(isa, value);
    if kept.all {
        return value;
    }
    let some = V::splat(isa, T::narrow(0.0)).lt(kept.count);
    V::select(some, value, V::splat(isa, empty))
}

/// One byte a sample: 1 where it is not used.
#[inline(always)]
fn write_masks<T: Element, V: Vector<Element = T>>(
    tile: &mut Tile<'_, T>,
    x: usize,
    samples: &[V],
    kept: &Kept<V>,
) {
    let width = tile.width();
    let rejmask = tile.planes.cube_mut(CubeProduct::Rejmask);
    if rejmask.is_empty() {
        return;
    }
    let lanes = V::LANES.min(width - x);
    for (i, y) in samples.iter().enumerate() {
        let out = &mut rejmask[i * width + x..][..lanes];
        let used = kept.bounds.contain(*y).bits();
        for (lane, out) in out.iter_mut().enumerate() {
            *out = u8::from(used >> lane & 1 == 0);
        }
    }
}

/// One byte a sample: why it is used or not.
#[inline(always)]
fn write_reasons<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    tile: &mut Tile<'_, T>,
    group: &Group<'_, T>,
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
) {
    let width = tile.width();
    let reasons = tile.planes.cube_mut(CubeProduct::Reasons);
    if reasons.is_empty() {
        return;
    }
    match group.codes {
        None => isa.call(WriteCodes { options, group, width, columns, kept, codes: reasons }),
        Some(codes) => {
            let lanes = V::LANES.min(width - group.x);
            let rows = reasons.chunks_exact_mut(width).zip(codes.chunks_exact(width));
            rows.for_each(|(to, from)| to[group.x..][..lanes].copy_from_slice(&from[group.x..][..lanes]));
        }
    }
}
