//! The frames in a table behind the image, where they are too many for cards.

use skystack_combine::FrameTotals;
use skystack_fits::{Column, Table};

use super::MOST_NAMES;
use crate::{FrameReport, Report};

/// EXTNAME.
pub(super) const NAME: &str = "IMCMB";

/// The table, if there are more frames than IMCMBnnn can name: what IMCMBnnn and HISTORY would say of each.
pub(crate) fn table(report: &Report) -> Option<Table> {
    let frames = &report.frames;
    if frames.len() <= MOST_NAMES {
        return None;
    }
    let real = |name, of: fn(&FrameReport) -> Option<f64>| {
        let rows: Option<Vec<f64>> = frames.iter().map(of).collect();
        rows.map(|rows| Column::Real { name, unit: "", rows })
    };
    let place = |name, of: fn(&FrameReport) -> i64| Column::Integer {
        name,
        unit: "pixel",
        rows: frames.iter().map(of).collect(),
    };
    let count = |name, of: fn(&FrameTotals) -> u64| {
        let rows = report.per_frame.iter().map(|totals| of(totals) as i64).collect();
        Column::Integer { name, unit: "", rows }
    };
    let names = frames.iter().map(|frame| frame.short_name().to_owned()).collect();
    let mut columns = vec![Column::Text { name: "NAME", unit: "", rows: names }];
    let known = [
        real("WEIGHT", |frame| frame.weight),
        real("SCALE", |frame| frame.scale),
        real("ZERO", |frame| frame.zero),
        real("RSCALE", |frame| frame.reject_scale),
        real("RZERO", |frame| frame.reject_zero),
        real("GAIN", |frame| frame.noise.map(|noise| noise.gain)),
        real("RDNOISE", |frame| frame.noise.map(|noise| noise.rdnoise)),
        real("SNOISE", |frame| frame.noise.map(|noise| noise.snoise)),
    ];
    columns.extend(known.into_iter().flatten());
    columns.extend([place("DX", |frame| frame.offset.0), place("DY", |frame| frame.offset.1)]);
    columns.extend([
        count("NLOW", |of| of.low),
        count("NHIGH", |of| of.high),
        count("NGROW", |of| of.grow),
        count("NMISS", |of| of.missing),
    ]);
    if frames.iter().any(|frame| frame.datasum.is_some()) {
        let rows = frames.iter().map(|frame| frame.datasum.clone().unwrap_or_default()).collect();
        columns.push(Column::Text { name: "DATASUM", unit: "", rows });
    }
    Some(Table::new(NAME, columns))
}
