//! Criterion benches of skystack: see `benches/`.
