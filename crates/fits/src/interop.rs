//! Taking over an HDU from a program that reads headers with the `fitsrs` crate.

use std::path::Path;

use fitsrs::hdu::header::extension::image::Image as FitsrsImage;

use crate::error::FitsError;
use crate::file::FitsFile;
use crate::hdu::{Hdu, HduSelector};
use crate::header::Value;
use crate::image::Image;
use crate::limits::Limits;
use crate::structure::Place;

impl Image {
    /// The image that a `fitsrs` HDU stands for, read by this crate.
    ///
    /// `fitsrs` gives the place and shape of the data; it keeps no raw cards, and does not check sizes against the
    /// file. So the headers of `path` are read again within `limits`, the HDU whose data begin where `fitsrs` says
    /// is taken, and both must agree on type and axes.
    ///
    /// # Errors
    ///
    /// Those of [`FitsFile::open_with`] and [`FitsFile::image`]; `BadHeader` if `path` has no data at that place
    /// or of another type or shape, which means that the HDU is from another file, or the file has changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use skystack_fits::{Bitpix, FitsWriter, Header, Image, ImageSpec, Limits};
    ///
    /// let path = std::env::temp_dir().join(format!("skystack-doc-fitsrs-{}.fits", std::process::id()));
    /// let spec = ImageSpec { bitpix: Bitpix::U8, axes: vec![2, 1], header: Header::new() };
    /// let mut writer = FitsWriter::create(&path, &spec, true)?;
    /// writer.write_rows(0, 0, &[1_u8, 2])?;
    /// writer.finish()?;
    ///
    /// let reader = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
    /// let Some(Ok(fitsrs::HDU::Primary(hdu))) = fitsrs::Fits::from_reader(reader).next() else { panic!() };
    /// let image = Image::from_fitsrs(&path, &hdu, &Limits::default())?;
    /// assert_eq!(image.width(), 2);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), skystack_fits::FitsError>(())
    /// ```
    pub fn from_fitsrs(
        path: impl AsRef<Path>,
        hdu: &fitsrs::fits::HDU<FitsrsImage>,
        limits: &Limits,
    ) -> Result<Self, FitsError> {
        let path = path.as_ref();
        let (opened, file) = FitsFile::open_keeping(path, limits)?;
        let offset = hdu.get_data_unit_byte_offset();
        let shape = hdu.get_header().get_xtension();
        let found = opened.hdus().iter().find(|ours| ours.data_offset() == offset);
        let place = Place { path, hdu: found.map_or(0, Hdu::index) };
        let disagree = |keyword: &str, theirs: String, needed| {
            Err(place.bad(keyword, Some(&Value::Malformed(format!("{theirs} according to fitsrs"))), needed))
        };
        let Some(ours) = found else {
            return disagree("offset of data", offset.to_string(), "the offset of an HDU of this file");
        };
        if ours.bitpix().code() != i64::from(shape.get_bitpix() as i8) {
            return disagree("BITPIX", (shape.get_bitpix() as i8).to_string(), "the type in the file");
        }
        if ours.axes() != shape.get_naxis() {
            return disagree("NAXISn", format!("{:?}", shape.get_naxis()), "the axes in the file");
        }
        let selector = HduSelector::Index(ours.index());
        opened.into_image(&selector, file)
    }
}
