//! `skystack combine` on good input.

mod support;

use skystack::fits::{Bitpix, FitsFile, HduSelector};
use support::{Folder, plane};

fn mean_of(folder: &Folder, frames: usize) -> Vec<f64> {
    let planes: Vec<Vec<f64>> =
        (0..frames).map(|k| plane(&folder.path(&format!("frame{k:03}.fits")))).collect();
    (0..planes[0].len()).map(|p| planes.iter().map(|plane| plane[p]).sum::<f64>() / frames as f64).collect()
}

fn image_type(folder: &Folder, name: &str) -> Bitpix {
    FitsFile::open(folder.path(name)).unwrap().image(&HduSelector::First).unwrap().bitpix()
}

#[test]
fn an_average_of_a_list_a_pattern_and_names_is_the_same_image() {
    let folder = Folder::with_frames(4, "40x30");
    folder.write("list.txt", "# four\nframe000.fits\r\nframe001.fits\n\nframe002.fits\nframe003.fits\n");
    folder.run("combine -o names.fits frame000.fits frame001.fits frame002.fits frame003.fits").succeeds();
    folder.run("combine --output=list.fits @list.txt").succeeds();
    folder.run("combine --output pattern.fits frame*.fits").succeeds();
    assert_eq!(plane(&folder.path("names.fits")), plane(&folder.path("list.fits")));
    assert_eq!(plane(&folder.path("names.fits")), plane(&folder.path("pattern.fits")));
    for (found, expected) in plane(&folder.path("names.fits")).iter().zip(mean_of(&folder, 4)) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} against {expected}");
    }
    assert_eq!(image_type(&folder, "names.fits"), Bitpix::F32);
}

#[test]
fn an_extension_in_brackets_is_read() {
    let folder = Folder::with_frames(3, "16x16");
    folder.run("combine -o plain.fits frame000.fits frame001.fits frame002.fits").succeeds();
    folder.run("combine -o brackets.fits frame000.fits[0] frame001.fits[0] frame002.fits[0]").succeeds();
    assert_eq!(plane(&folder.path("plain.fits")), plane(&folder.path("brackets.fits")));
}

#[test]
fn bitpix_minus_64_computes_and_writes_doubles() {
    let folder = Folder::with_frames(3, "24x16");
    folder.run("combine -o d.fits --bitpix -64 frame000.fits frame001.fits frame002.fits").succeeds();
    assert_eq!(image_type(&folder, "d.fits"), Bitpix::F64);
    for (found, expected) in plane(&folder.path("d.fits")).iter().zip(mean_of(&folder, 3)) {
        assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{found} against {expected}");
    }
}

#[test]
fn a_clip_removes_cosmic_rays_and_accounts_for_every_sample() {
    let folder = Folder::with_frames(15, "100x100");
    let outputs = "--sigma sigma.fits --nrej nrej.fits --count count.fits --rejmask mask.fits";
    folder.run(&format!("combine --reject sigclip -o clip.fits {outputs} frame0*.fits")).succeeds();
    folder.run("combine -o mean.fits frame0*.fits").succeeds();
    let (count, nrej) = (plane(&folder.path("count.fits")), plane(&folder.path("nrej.fits")));
    assert!(count.iter().zip(&nrej).all(|(used, rejected)| used + rejected == 15.0));
    assert!(nrej.iter().any(|&rejected| rejected > 0.0));
    let truth = plane(&folder.path("truth.fits"));
    let worst = |name: &str| {
        let image = plane(&folder.path(name));
        image.iter().zip(&truth).map(|(v, t)| v - t).fold(0.0, f64::max)
    };
    assert!(worst("mean.fits") > 100.0, "a hit of 10^3 DN and more shows in a plain mean of 15");
    assert!(worst("clip.fits") < 60.0, "worst excess of the clip: {}", worst("clip.fits"));
    assert!(plane(&folder.path("sigma.fits")).iter().all(|&sigma| sigma > 0.0));
}

#[test]
fn rejections_follow_each_other() {
    let folder = Folder::with_frames(9, "24x20");
    let rejected = |reject: &str| {
        folder
            .run(&format!("combine --overwrite -o o.fits --nrej n.fits --reject {reject} frame*.fits"))
            .succeeds();
        plane(&folder.path("n.fits"))
    };
    let (minmax, both) = (rejected("minmax --nlow 0"), rejected("minmax,sigclip --nlow 0 --lsigma 1.5"));
    assert!(minmax.iter().all(|nrej| *nrej == 1.0));
    assert!(both.iter().all(|nrej| *nrej >= 1.0) && both.iter().any(|nrej| *nrej > 1.0));
    let idle = "combine -o x.fits --reject minmax,extrema --convention iraf --lsigma 2 frame000.fits";
    folder.refuses(idle, 2, &["--lsigma", "minmax,extrema"]);
    folder.refuses("combine -o x.fits --reject none,minmax frame000.fits", 2, &["none"]);
}

/// SWarp's clipping ends in a mean by inverse variances, unless other weights are asked for.
#[test]
fn varclip_of_swarp_weighs_by_variance() {
    let folder = Folder::with_frames(5, "24x20");
    let image = |flags: &str| {
        let reject = "--reject varclip --convention swarp --variance noise --rdnoise 5";
        folder.run(&format!("combine --overwrite -o o.fits {reject} {flags} frame*.fits")).succeeds();
        plane(&folder.path("o.fits"))
    };
    let (plain, weighted) = (image(""), image("--weight variance"));
    assert_eq!(plain, weighted);
    assert_ne!(plain, image("--weight none"));
}

#[test]
fn thresholds_take_samples_out_and_blank_fills_what_is_empty() {
    let folder = Folder::with_frames(3, "16x16");
    let frames = "frame000.fits frame001.fits frame002.fits";
    folder.run(&format!("combine -o nan.fits --hthreshold -1 {frames}")).succeeds();
    folder.run(&format!("combine -o minus.fits --hthreshold=-1 --blank -1 {frames}")).succeeds();
    folder.run(&format!("combine -o zero.fits --hthreshold -1 --convention iraf {frames}")).succeeds();
    assert!(plane(&folder.path("nan.fits")).iter().all(|v| v.is_nan()));
    assert!(plane(&folder.path("minus.fits")).iter().all(|&v| v == -1.0));
    assert!(plane(&folder.path("zero.fits")).iter().all(|&v| v == 0.0));
}

#[test]
fn weights_come_from_a_file_or_a_keyword() {
    let folder = Folder::with_frames(3, "20x10");
    let frames = "frame000.fits frame001.fits frame002.fits";
    folder.write("w.txt", "1\n0 # clouds\n1\n");
    folder.run(&format!("combine -o w.fits --weight @w.txt {frames}")).succeeds();
    folder.run("combine -o two.fits frame000.fits frame002.fits").succeeds();
    for (weighted, two) in plane(&folder.path("w.fits")).iter().zip(plane(&folder.path("two.fits"))) {
        assert!((weighted - two).abs() <= 1e-6 * two.abs());
    }
    folder.run(&format!("combine -o e.fits --weight exposure {frames}")).succeeds();
    folder.run(&format!("combine -o k.fits --weight !GAIN {frames}")).succeeds();
}

#[test]
fn neither_threads_nor_memory_change_a_bit() {
    let folder = Folder::with_frames(7, "200x150");
    let base = "combine --reject sigclip --combine median --progress never";
    folder.run(&format!("{base} -o a.fits frame*.fits")).succeeds();
    folder.run(&format!("{base} --threads 1 --mem-limit 64MiB -o b.fits frame*.fits")).succeeds();
    folder.run(&format!("{base} --threads 3 --device cpu -o c.fits frame*.fits")).succeeds();
    let bits = |name: &str| plane(&folder.path(name)).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    assert_eq!(bits("a.fits"), bits("b.fits"));
    assert_eq!(bits("a.fits"), bits("c.fits"));
}

#[test]
fn overwrite_replaces_and_quiet_says_nothing() {
    let folder = Folder::with_frames(2, "16x16");
    folder.write("old.fits", "old");
    let outcome = folder.run("combine -q --overwrite -o old.fits frame000.fits frame001.fits");
    outcome.succeeds();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    assert_eq!(plane(&folder.path("old.fits")).len(), 256);
}

#[test]
fn plan_says_what_would_happen_and_writes_nothing() {
    let folder = Folder::with_frames(3, "32x32");
    let before = folder.snapshot();
    for line in [
        "combine --plan -o out.fits frame000.fits frame001.fits frame002.fits",
        "plan frame000.fits frame001.fits frame002.fits",
    ] {
        let outcome = folder.run(line);
        assert!(!outcome.succeeds().stdout.is_empty(), "{outcome:?}");
    }
    assert_eq!(before, folder.snapshot());
}

#[test]
fn the_bits_are_those_of_every_instruction_level() {
    let folder = Folder::with_frames(5, "64x32");
    let mut images = Vec::new();
    for level in ["scalar", "baseline", "avx2", "avx512"] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_skystack"))
            .args([
                "combine",
                "--overwrite",
                "--reject",
                "sigclip",
                "--lsigma",
                "1.2",
                "-o",
                "out.fits",
                "frame*.fits",
            ])
            .current_dir(folder.path("."))
            .env("SKYSTACK_LEVEL", level)
            .output()
            .unwrap();
        assert!(output.status.success(), "{level}: {}", String::from_utf8_lossy(&output.stderr));
        images.push(plane(&folder.path("out.fits")).into_iter().map(f64::to_bits).collect::<Vec<_>>());
    }
    assert!(images.windows(2).all(|pair| pair[0] == pair[1]));
}
