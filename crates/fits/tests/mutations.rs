//! Twenty thousand damaged files: every one is read or refused, none panics, none takes long.

mod common;

use std::time::{Duration, Instant};

use common::{Folder, hdu, header, image, real_files};
use skystack_fits::{FitsFile, HduSelector, Header, InputPath};

/// Marsaglia's xorshift64: the same files on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let more = [
        "BSCALE  = 0.5",
        "BZERO   = 100.0",
        "BLANK   = -1",
        "LONG    = 'a&'",
        "CONTINUE  'b' / c",
        "HIERARCH ESO A = 1",
    ];
    let mut seeds = vec![image(16, &[7, 5], &more, &[1; 70]), image(-32, &[3, 2, 2], &[], &[9; 48])];
    seeds.push(image(64, &[4, 4], &["BZERO   = 9223372036854775808"], &[3; 128]));
    let mut mosaic = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T"]);
    let extension =
        ["XTENSION= 'IMAGE   '", "BITPIX  = 32", "NAXIS   = 2", "NAXIS1  = 3", "NAXIS2  = 3", "PCOUNT  = 0"];
    mosaic.extend(hdu(&[&extension[..], &["GCOUNT  = 1", "EXTNAME = 'SCI'"]].concat(), &[5; 36]));
    let table =
        ["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8", "NAXIS2  = 4", "PCOUNT  = 100"];
    mosaic.extend(hdu(&[&table[..], &["GCOUNT  = 1", "TFIELDS = 1"]].concat(), &[6; 132]));
    seeds.push(mosaic);
    let small = |bytes: &Vec<u8>| bytes.len() < 50_000;
    seeds.extend(real_files().iter().map(|path| std::fs::read(path).unwrap()).filter(small));
    seeds
}

/// Damages a file in one to six places, mostly where it hurts: in the values of its first cards.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    const NUMBERS: [&str; 12] = [
        "-1",
        "0",
        "1",
        "999",
        "1000",
        "4294967296",
        "9223372036854775807",
        "18446744073709551616",
        "1E99",
        "T",
        "'x'",
        "",
    ];
    for _ in 0..1 + random.below(6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len().min(4000));
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes[at] = b" '=/&0123456789-+.ETF"[random.below(21)],
            3 => {
                let number = NUMBERS[random.below(NUMBERS.len())];
                let start = at / 80 * 80 + 10;
                if start + 70 <= bytes.len() {
                    bytes[start..start + 70].copy_from_slice(format!("{number:<70}").as_bytes());
                }
            }
            4 => bytes.truncate(random.below(bytes.len())),
            5 => {
                let (from, to) = (random.below(50) * 80, random.below(50) * 80);
                if from.max(to) + 80 <= bytes.len() {
                    bytes.copy_within(from..from + 80, to);
                }
            }
            _ => {
                bytes.remove(at);
            }
        }
    }
}

/// Opens the file and reads every row of every image in it.
fn exercise(path: &std::path::Path) -> usize {
    let Ok(file) = FitsFile::open(path) else { return 0 };
    let mut raw = Vec::new();
    for hdu in file.hdus() {
        let _ = hdu.header().iter().count();
        assert!(hdu.header().inherit(2).cards().iter().all(skystack_fits::Card::is_valid));
        let Ok(image) = file.image(&HduSelector::Index(hdu.index())) else { continue };
        let mut out = vec![0.0_f32; image.width()];
        for plane in 0..image.planes() {
            for row in 0..image.height() {
                image.read_rows(plane, row..row + 1, &mut out, &mut raw).unwrap();
                assert!(out.iter().all(|v| !v.is_infinite()));
            }
        }
    }
    1
}

#[test]
fn twenty_thousand_damaged_files() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let seeds = seeds();
    for seed in &seeds {
        std::fs::write(&path, seed).unwrap();
        exercise(&path);
    }
    let mut random = Random(0x5eed_0f17_5f17);
    let mut read = 0;
    for i in 0..20_000 {
        let mut bytes = seeds[i % seeds.len()].clone();
        mutate(&mut bytes, &mut random);
        std::fs::write(&path, &bytes).unwrap();
        let start = Instant::now();
        read += exercise(&path);
        assert!(start.elapsed() < Duration::from_secs(5), "mutation {i}");
    }
    // Mutations that all fail at the first byte would test nothing.
    assert!((2_000..18_000).contains(&read), "{read} of 20000 were read");
}

#[test]
fn any_bytes_make_a_header_and_any_text_an_input() {
    let mut random = Random(7);
    for _ in 0..2_000 {
        let n = random.below(2000);
        let bytes: Vec<u8> =
            (0..n).map(|_| b"KEY = 'a&'/CONTINUE HIERARCH(1.E,)\n\xff"[random.below(36)]).collect();
        let header = Header::from_bytes(&bytes);
        for entry in header.iter() {
            let _ = header.value(&entry.keyword);
        }
        let mut copy = header.inherit(random.below(4));
        let _ = copy.set("KEY", 1, "");
        copy.remove("KEY");
        let text = String::from_utf8_lossy(&bytes[..n.min(20)]).into_owned();
        let _ = InputPath::parse(format!("{text}[{text}]")).to_string();
    }
}
