//! HISTORY: what somebody needs to make the same image again, and what it did to each frame.

use skystack_combine::FrameTotals;
use skystack_fits::Header;

use super::{MOST_NAMES, table};
use crate::report::without_folder;
use crate::{FrameReport, Report};

/// Writes it.
pub(super) fn write(header: &mut Header, report: &Report) {
    let mut say = |line: String| header.push_history(&line);
    say(format!(
        "skystack {} combine, algorithms v1, arithmetic contract v1, backend=cpu",
        env!("CARGO_PKG_VERSION")
    ));
    report.settings.groups.iter().for_each(|group| say(group.to_string()));
    if report.frames.len() > MOST_NAMES {
        say(format!(
            "{} frames, one a row in the table {} behind the image",
            report.frames.len(),
            table::NAME
        ));
    } else {
        let no_totals = FrameTotals::default();
        for (i, frame) in report.frames.iter().enumerate() {
            say(of_frame(i, frame, report.per_frame.get(i).unwrap_or(&no_totals)));
        }
    }
    say(format!(
        "{} samples, {} missing, {} rejected, {} pixels empty",
        report.samples, report.missing, report.rejected, report.empty
    ));
    for warning in &report.warnings {
        // Without folders, as the names of the frames.
        let short = report
            .frames
            .iter()
            .fold(warning.to_string(), |text, frame| text.replace(&frame.name, frame.short_name()));
        say(format!("warning: {short}"));
    }
}

/// What became of one frame.
fn of_frame(i: usize, frame: &FrameReport, totals: &FrameTotals) -> String {
    let mut line = format!("frame {}", i + 1);
    let numbers = [("weight", frame.weight), ("scale", frame.scale), ("zero", frame.zero)];
    for (name, number) in numbers {
        if let Some(number) = number {
            line += &format!(" {name}={number}");
        }
    }
    let FrameTotals { low, high, grow, missing, .. } = totals;
    line += &format!(
        " offset={},{} low={low} high={high} grow={grow} missing={missing}",
        frame.offset.0, frame.offset.1
    );
    if let Some(noise) = frame.noise {
        line += &format!(" gain={} rdnoise={} snoise={}", noise.gain, noise.rdnoise, noise.snoise);
    }
    if let Some(mask) = &frame.mask {
        line += &format!(" mask={}", without_folder(mask));
    }
    if let Some(datasum) = &frame.datasum {
        line += &format!(" datasum={}", datasum.trim());
    }
    line
}
