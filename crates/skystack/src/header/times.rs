//! EXPTIME, dates and the mean time of a result (algorithms.md section 9). What a frame lacks is not guessed: the card is absent.

use skystack_combine::Combine;
use skystack_fits::Header;

use super::common;
use crate::files::Frame;
use crate::{Error, Report};

const SECONDS_OF_A_DAY: f64 = 86_400.0;

/// EXPTIME is what the values stand for: the weighted mean of the frames that contribute, each as it is after its scale (for
/// combine=sum their sum); TEXPTIME the sum of all as they are. Absent unless every frame has it.
pub(super) fn exposure(header: &mut Header, combine: Combine, report: &Report) -> Result<(), Error> {
    let exposures: Option<Vec<f64>> = report.frames.iter().map(|frame| frame.exposure).collect();
    let Some(exposures) = exposures else { return Ok(()) };
    let total: f64 = exposures.iter().sum();
    let (mut sum, mut weights) = (0.0, 0.0);
    for (i, (frame, exposure)) in report.frames.iter().zip(&exposures).enumerate() {
        if report.contributes(i) {
            let weight = if combine == Combine::Sum { 1.0 } else { frame.weight.unwrap_or(1.0) };
            sum += weight * (exposure / frame.scale.unwrap_or(1.0));
            weights += weight;
        }
    }
    let exposure = if combine == Combine::Sum { sum } else { sum / weights };
    if exposure.is_finite() {
        header.set("EXPTIME", exposure, "[s] exposure that the values stand for")?;
    }
    if total.is_finite() {
        header.set("TEXPTIME", total, "[s] total exposure of all frames")?;
    }
    Ok(())
}

/// Earliest start and latest end, where every frame has an ISO date; the mean time of the exposures, where every frame says when
/// it was.
pub(super) fn dates(header: &mut Header, frames: &[Frame], report: &Report) -> Result<(), Error> {
    let all = |keyword: &str| {
        let iso = |text: &String| text.len() >= 10 && text.as_bytes()[4] == b'-' && text.is_ascii();
        let date = |frame: &Frame| frame.header().text(keyword).filter(iso);
        frames.iter().map(date).collect::<Option<Vec<String>>>()
    };
    // ISO dates sort as text.
    if let Some(start) = all("DATE-OBS").and_then(|dates| dates.into_iter().min()) {
        header.set("DATE-OBS", start, "earliest start")?;
    }
    if let Some(end) = all("DATE-END").and_then(|dates| dates.into_iter().max()) {
        header.set("DATE-END", end, "latest end")?;
    }
    let one_scale = common(frames, |frame| Some(frame.header().text("TIMESYS"))).is_some();
    let of = |(i, frame): (usize, &Frame)| {
        let exposure = report.frames[i].exposure?;
        Some((middle(frame.header(), exposure)?, if report.contributes(i) { exposure } else { 0.0 }))
    };
    let times: Option<Vec<(f64, f64)>> = frames.iter().enumerate().map(of).collect();
    if let Some(mean) = times.filter(|_| one_scale).and_then(|times| weighted_mean(&times)) {
        header.set("MJD-AVG", mean, "[d] mean time, weighted by exposure")?;
    }
    Ok(())
}

/// The mean of times with weights; without any weight, as biases have none, all count the same.
fn weighted_mean(times: &[(f64, f64)]) -> Option<f64> {
    let total: f64 = times.iter().map(|(_, weight)| weight).sum();
    let start = times.first()?.0;
    // About the first: a Julian date has few digits to spare.
    let mean = if total > 0.0 {
        start + times.iter().map(|(time, weight)| weight * (time - start)).sum::<f64>() / total
    } else {
        start + times.iter().map(|(time, _)| time - start).sum::<f64>() / times.len() as f64
    };
    mean.is_finite().then_some(mean)
}

/// The middle of a frame's exposure as a modified Julian date: as it says itself, or between start and end, or half an exposure
/// after the start.
fn middle(header: &Header, exposure: f64) -> Option<f64> {
    let number = |keyword: &str| header.number(keyword);
    let date = |keyword: &str| mjd(&header.text(keyword)?);
    if let Some(middle) = number("MJD-AVG").or_else(|| date("DATE-AVG")) {
        return Some(middle);
    }
    let start = number("MJD-BEG")
        .or_else(|| date("DATE-BEG"))
        .or_else(|| number("MJD-OBS"))
        .or_else(|| date("DATE-OBS"))?;
    let end = number("MJD-END").or_else(|| date("DATE-END")).filter(|end| *end >= start);
    Some(end.map_or(start + 0.5 * exposure / SECONDS_OF_A_DAY, |end| 0.5 * (start + end)))
}

/// `YYYY-MM-DDThh:mm:ss[.s...]` as a modified Julian date. A date without a time of day is no start.
fn mjd(text: &str) -> Option<f64> {
    let (date, time) = text.trim().trim_end_matches('Z').split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hour, minute) = (time.next()??, time.next()??);
    let second = time.next().unwrap_or(Some(0.0))?;
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0.0..24.0).contains(&hour)
        && (0.0..60.0).contains(&minute)
        && (0.0..61.0).contains(&second);
    in_range
        .then(|| days(year, month, day) as f64 + (hour * 3600.0 + minute * 60.0 + second) / SECONDS_OF_A_DAY)
}

/// Days of the Gregorian calendar since 1858-11-17, the zero of the modified Julian date. Years begin in March, so that the day
/// which leap years have more is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_month = (153 * month + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_month + day - 678_882
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_modified_julian_dates() {
        assert_eq!(mjd("1858-11-17T00:00:00"), Some(0.0));
        // FITS standard, paper IV: J2000.0 is MJD 51544.5.
        assert_eq!(mjd("2000-01-01T12:00:00"), Some(51_544.5));
        assert_eq!(mjd("2024-03-01T06:00:00.0Z").map(|mjd| mjd - mjd_of_leap_day()), Some(0.25));
        for bad in
            ["2024-02-29", "29/02/24", "2024-13-01T00:00:00", "2024-01-01T25:00:00", "", "T", "a-b-cTd:e"]
        {
            assert_eq!(mjd(bad), None, "{bad}");
        }
    }

    /// 2024-03-01, the day after a leap day.
    fn mjd_of_leap_day() -> f64 {
        mjd("2024-02-29T00:00:00").unwrap() + 1.0
    }

    #[test]
    fn the_middle_of_an_exposure_is_what_the_header_says_best() {
        let mut header = Header::new();
        assert_eq!(middle(&header, 10.0), None);
        header.set("DATE-OBS", "2000-01-01T12:00:00", "").unwrap();
        assert_eq!(middle(&header, 86_400.0), Some(51_545.0));
        header.set("MJD-END", 51_546.5, "").unwrap();
        assert_eq!(middle(&header, 86_400.0), Some(51_545.5));
        header.set("MJD-AVG", 51_540.0, "").unwrap();
        assert_eq!(middle(&header, 86_400.0), Some(51_540.0));
    }

    #[test]
    fn times_are_weighted_by_exposure() {
        assert_eq!(weighted_mean(&[(10.0, 1.0), (14.0, 3.0)]), Some(13.0));
        assert_eq!(weighted_mean(&[(10.0, 0.0), (14.0, 0.0)]), Some(12.0));
        assert_eq!(weighted_mean(&[]), None);
    }
}
