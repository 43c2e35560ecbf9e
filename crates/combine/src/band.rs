//! One band: the rows of all frames, the rows of all outputs, and its tiles.

mod input;
mod output;
mod rows;

pub(crate) use input::{BandInput, Layers, PlacedPlane, Samples, StoredFormats};
pub use output::BandOutput;
pub(crate) use output::Tile;
pub(crate) use rows::{LayerRows, Rows, TileRows, WordRows, element, rows_bytes};
