//! The least FITS reader that the oracle set needs: primary HDU, no BLANK. Independent of `skystack-fits` on purpose.

use std::path::Path;

use crate::compare::Plane;

pub(crate) struct Fits {
    header: Vec<(String, String)>,
    pub(crate) bitpix: i64,
    /// Axes, fastest first.
    pub(crate) axes: Vec<usize>,
    /// Physical values raw·BSCALE + BZERO.
    pub(crate) data: Vec<f64>,
}

impl Fits {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let cards: Vec<String> = bytes
            .chunks(80)
            .map(|card| String::from_utf8_lossy(card).into_owned())
            .take_while(|card| card.trim() != "END")
            .collect();
        let start = ((cards.len() + 1) * 80).next_multiple_of(2880);
        let header = cards.iter().filter_map(|card| split(card)).collect();
        let mut fits = Self { header, bitpix: 0, axes: vec![], data: vec![] };
        fits.bitpix = fits.whole("BITPIX");
        fits.axes = (1..=fits.whole("NAXIS")).map(|i| fits.whole(&format!("NAXIS{i}")) as usize).collect();
        let (scale, zero) = (fits.number("BSCALE").unwrap_or(1.0), fits.number("BZERO").unwrap_or(0.0));
        let size = fits.bitpix.unsigned_abs() as usize / 8;
        let pixels = bytes[start..].chunks_exact(size).take(fits.axes.iter().product());
        fits.data = pixels.map(|raw| decode(raw, fits.bitpix) * scale + zero).collect();
        assert_eq!(
            fits.data.len(),
            fits.axes.iter().product::<usize>(),
            "{}: its data end early",
            path.display()
        );
        fits
    }

    /// The values as an image or a cube.
    pub(crate) fn into_plane(self) -> Plane {
        let axis = |i: usize| self.axes.get(i).copied().unwrap_or(1);
        let planes = self.axes.iter().skip(2).product();
        Plane { width: axis(0), height: axis(1), planes, data: self.data }
    }

    fn whole(&self, key: &str) -> i64 {
        self.number(key).unwrap_or_else(|| panic!("{key} is missing")) as i64
    }

    /// The number behind a keyword.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let (_, value) = self.header.iter().find(|(name, _)| name == key)?;
        Some(value.parse().unwrap_or_else(|error| panic!("{key} = {value}: {error}")))
    }
}

fn split(card: &str) -> Option<(String, String)> {
    let (key, rest) = card.split_once("= ")?;
    Some((key.trim().to_owned(), rest.split('/').next()?.trim().to_owned()))
}

fn decode(raw: &[u8], bitpix: i64) -> f64 {
    match (bitpix, raw) {
        (8, &[a]) => f64::from(a),
        (16, &[a, b]) => f64::from(i16::from_be_bytes([a, b])),
        (32, &[a, b, c, d]) => f64::from(i32::from_be_bytes([a, b, c, d])),
        (64, _) => i64::from_be_bytes(raw.try_into().expect("8 bytes")) as f64,
        (-32, &[a, b, c, d]) => f64::from(f32::from_be_bytes([a, b, c, d])),
        (-64, _) => f64::from_be_bytes(raw.try_into().expect("8 bytes")),
        _ => panic!("BITPIX {bitpix}"),
    }
}
