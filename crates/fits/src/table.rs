//! Small tables behind the images of an output: whole in memory, written once.

use crate::file::BLOCK;
use crate::header::{Card, Header};
use crate::layout;

/// A binary table (FITS 4.0, section 7.3).
///
/// ```
/// use skystack_fits::{Column, Table};
/// let names = Column::Text { name: "NAME", unit: "", rows: vec!["a.fits".into(), "b.fits".into()] };
/// let scales = Column::Real { name: "SCALE", unit: "", rows: vec![1.0, 1.25] };
/// let table = Table::new("FRAMES", vec![names, scales]);
/// assert_eq!(table.rows(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    name: String,
    columns: Vec<Column>,
}

/// A column with one value a row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// Strings, as wide as the longest one. Characters outside ASCII 32..=126 become `?`.
    Text {
        /// TTYPE.
        name: &'static str,
        /// TUNIT, if there is one.
        unit: &'static str,
        /// The values.
        rows: Vec<String>,
    },
    /// f64; NaN is undefined.
    Real {
        /// TTYPE.
        name: &'static str,
        /// TUNIT, if there is one.
        unit: &'static str,
        /// The values.
        rows: Vec<f64>,
    },
    /// i64.
    Integer {
        /// TTYPE.
        name: &'static str,
        /// TUNIT, if there is one.
        unit: &'static str,
        /// The values.
        rows: Vec<i64>,
    },
}

impl Column {
    fn name_and_unit(&self) -> (&'static str, &'static str) {
        match self {
            Self::Text { name, unit, .. }
            | Self::Real { name, unit, .. }
            | Self::Integer { name, unit, .. } => (name, unit),
        }
    }

    fn rows(&self) -> usize {
        match self {
            Self::Text { rows, .. } => rows.len(),
            Self::Real { rows, .. } => rows.len(),
            Self::Integer { rows, .. } => rows.len(),
        }
    }

    /// Bytes of a value.
    fn width(&self) -> usize {
        match self {
            // A string of no characters is allowed, but readers have stumbled over it.
            Self::Text { rows, .. } => rows.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1),
            Self::Real { .. } | Self::Integer { .. } => 8,
        }
    }

    fn form(&self) -> String {
        match self {
            Self::Text { .. } => format!("{}A", self.width()),
            Self::Real { .. } => "D".to_owned(),
            Self::Integer { .. } => "K".to_owned(),
        }
    }

    fn encode(&self, row: usize, width: usize, out: &mut Vec<u8>) {
        match self {
            Self::Text { rows, .. } => {
                let end = out.len() + width;
                let ascii = |c: char| if (' '..='~').contains(&c) { c as u8 } else { b'?' };
                out.extend(rows[row].chars().map(ascii));
                out.resize(end, b' ');
            }
            Self::Real { rows, .. } => out.extend(rows[row].to_be_bytes()),
            Self::Integer { rows, .. } => out.extend(rows[row].to_be_bytes()),
        }
    }
}

impl Table {
    /// A table with this EXTNAME.
    ///
    /// # Panics
    /// If the columns have different numbers of rows.
    pub fn new(name: &str, columns: Vec<Column>) -> Self {
        let table = Self { name: name.to_owned(), columns };
        assert!(table.columns.iter().all(|column| column.rows() == table.rows()), "columns of one length");
        table
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::rows)
    }

    /// The whole HDU, padded.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let widths: Vec<usize> = self.columns.iter().map(Column::width).collect();
        let mut bytes = layout::header_bytes(self.structure(widths.iter().sum()), &self.header());
        for row in 0..self.rows() {
            for (column, width) in self.columns.iter().zip(&widths) {
                column.encode(row, *width, &mut bytes);
            }
        }
        bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), 0);
        bytes
    }

    fn structure(&self, row_bytes: usize) -> Vec<Card> {
        let number = |keyword: &str, value: usize, comment: &str| {
            Card::parse(&format!("{keyword:<8}= {value:>20} / {comment}"))
        };
        vec![
            Card::parse("XTENSION= 'BINTABLE'           / binary table extension"),
            number("BITPIX", 8, "bytes"),
            number("NAXIS", 2, "number of axes"),
            number("NAXIS1", row_bytes, "bytes of a row"),
            number("NAXIS2", self.rows(), "number of rows"),
            number("PCOUNT", 0, "nothing behind the rows"),
            number("GCOUNT", 1, "one group"),
            number("TFIELDS", self.columns.len(), "number of columns"),
        ]
    }

    fn header(&self) -> Header {
        let text = |keyword: &str, value: &str| Card::parse(&format!("{keyword:<8}= '{value:<8}'"));
        let mut header = Header::new();
        for (i, column) in (1..).zip(&self.columns) {
            let (name, unit) = column.name_and_unit();
            header.push_card(text(&format!("TTYPE{i}"), name));
            header.push_card(text(&format!("TFORM{i}"), &column.form()));
            if !unit.is_empty() {
                header.push_card(text(&format!("TUNIT{i}"), unit));
            }
        }
        header.push_card(text("EXTNAME", &self.name));
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_whole_blocks_of_big_endian_rows() {
        let rows = vec!["long.fits".to_owned(), "é".to_owned()];
        let table = Table::new(
            "T",
            vec![
                Column::Text { name: "NAME", unit: "", rows },
                Column::Real { name: "SCALE", unit: "s", rows: vec![1.5, f64::NAN] },
                Column::Integer { name: "DX", unit: "pixel", rows: vec![-2, 3] },
            ],
        );
        let bytes = table.bytes();
        assert_eq!(bytes.len(), 2 * 2880);
        let header = Header::from_bytes(&bytes[..2880]);
        assert_eq!((header.integer("NAXIS1"), header.integer("NAXIS2")), (Some(25), Some(2)));
        assert_eq!(header.integer("TFIELDS"), Some(3));
        assert_eq!(header.text("TFORM1").as_deref(), Some("9A"));
        assert_eq!(header.text("TUNIT3").as_deref(), Some("pixel"));
        assert_eq!(header.text("EXTNAME").as_deref(), Some("T"));
        let (first, second) = (&bytes[2880..2905], &bytes[2905..2930]);
        assert_eq!(&first[..9], b"long.fits");
        assert_eq!(first[9..17], 1.5f64.to_be_bytes());
        assert_eq!(first[17..25], (-2i64).to_be_bytes());
        assert_eq!(&second[..9], b"?        ");
        assert!(bytes[2930..].iter().all(|byte| *byte == 0));
    }
}
