//! Passes of clipping, whatever says how wide a sample's noise is (algorithms.md sections 5.0.3, 5.0.4 and 3.6).
//!
//! A clip measures the survivors: a centre, and a variance for each of them. Here they are tested, dropped and restored.

use skystack_reject::{Center, Restore};

use crate::column::Sample;
use crate::order::by_rank;
use crate::outcome::{Context, Dropped, Outcome, Pass, Side, Stop, f1};
use crate::restore::{must_keep, nearest_in_interval, nearest_of_last_pass};

/// Limits of the passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) lsigma: f64,
    pub(crate) hsigma: f64,
    pub(crate) maxiters: Option<u32>,
    pub(crate) minclip: u32,
    pub(crate) nkeep: u32,
    pub(crate) maxrej: Option<u32>,
    pub(crate) restore: Restore,
    pub(crate) style: Style,
}

impl Limits {
    fn factors(&self) -> [f64; 2] {
        [self.lsigma, self.hsigma]
    }
}

/// How samples are tested and restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// From the ends of the ranks to the first one that is kept; what is left is an interval (median centre).
    Inward,
    /// Every survivor by itself (mean centre).
    All,
}

impl Style {
    /// That of sigclip, avsigclip and ccdclip.
    pub(crate) fn about(center: Center) -> Self {
        if center == Center::Mean { Self::All } else { Self::Inward }
    }
}

/// What a pass tests against.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// c, a value of T.
    pub(crate) center: f64,
    /// √V where one V holds for all, otherwise NaN: a diagnostic.
    pub(crate) sigma: f64,
    /// V of each survivor, in frame order.
    pub(crate) variances: Vec<f64>,
    /// Why there is no test.
    pub(crate) stop: Option<Stop>,
}

impl Measured {
    /// One V for all survivors. F4: one that is not finite ends the clipping.
    pub(crate) fn common(center: f64, v: f64, survivors: &[Sample]) -> Self {
        let stop = (!v.is_finite()).then_some(Stop::NotFinite);
        Self { center, sigma: v.sqrt(), variances: vec![v; survivors.len()], stop }
    }

    /// A variance for each sample; one that is not finite keeps its sample.
    pub(crate) fn each(center: f64, survivors: &[Sample], of: impl Fn(Sample) -> f64) -> Self {
        let variances = survivors.iter().map(|&sample| of(sample)).collect();
        Self { center, sigma: f64::NAN, variances, stop: None }
    }

    /// The same, but for the test.
    pub(crate) fn stopping(self, stop: Stop) -> Self {
        Self { stop: Some(stop), ..self }
    }
}

/// A column on its way through the passes.
struct Clipping<'a, M> {
    limits: &'a Limits,
    /// Survivors and number of the pass, from 1, to what it tests against.
    measure: M,
    /// N, missing samples included.
    frames: usize,
    /// K; 0 unless samples are restored by `nearest`.
    k: usize,
    survivors: Vec<Sample>,
    dropped: Vec<Dropped>,
    passes: Vec<Pass>,
}

/// Drops what F1 drops, pass after pass, then restores.
pub(crate) fn clip(
    column: &[Sample],
    limits: &Limits,
    context: &Context,
    measure: impl FnMut(&[Sample], usize) -> Measured,
) -> Outcome {
    let k = match limits.restore {
        Restore::Nearest => must_keep(column.len(), limits.nkeep, limits.maxrej),
        Restore::Rollback | Restore::None => 0,
    };
    let (survivors, frames) = (column.to_vec(), context.facts.frames);
    let mut run = Clipping { limits, measure, frames, k, survivors, dropped: vec![], passes: vec![] };
    let stop = loop {
        if let Some(stop) = run.next_pass() {
            break stop;
        }
    };
    let restored = run.restored(column);
    Outcome { restored, stop, dropped: run.dropped, passes: run.passes, current: None }
}

impl<M: FnMut(&[Sample], usize) -> Measured> Clipping<'_, M> {
    /// One pass; says why it was the last one.
    fn next_pass(&mut self) -> Option<Stop> {
        if let Some(stop) = self.may_not_run() {
            return Some(stop);
        }
        let pass = self.passes.len() + 1;
        let measured = (self.measure)(&self.survivors, pass);
        let (factors, n) = (self.limits.factors(), self.survivors.len());
        self.passes.push(Pass::new(measured.center, measured.sigma, factors, n));
        if measured.stop.is_some() {
            return measured.stop;
        }
        let dropped = self.test(&measured, pass);
        self.drop_all(&dropped);
        if self.went_too_far() {
            self.undo(&dropped);
            return Some(Stop::Nkeep);
        }
        dropped.is_empty().then_some(Stop::Converged)
    }

    /// 5.0.3: a pass runs only while n ≥ minimum, and at most `maxiters` of them.
    fn may_not_run(&self) -> Option<Stop> {
        let n = self.survivors.len();
        let minclip = self.limits.minclip as usize;
        let minimum = match self.limits.restore {
            Restore::Nearest => minclip.max(self.k + 1),
            Restore::Rollback | Restore::None => minclip,
        };
        if n < minimum || n == 0 {
            return Some(match self.passes.len() {
                0 => Stop::NotEnoughSamples,
                // Only K forbids it.
                _ if n >= minclip && n > 0 => Stop::Nkeep,
                _ => Stop::TooFew,
            });
        }
        let exhausted = self.limits.maxiters.is_some_and(|most| self.passes.len() >= most as usize);
        exhausted.then_some(Stop::MaxIters)
    }

    /// F1 for the survivors.
    fn test(&self, measured: &Measured, pass: usize) -> Vec<Dropped> {
        let (c, factors) = (measured.center, self.limits.factors());
        let beyond = self.survivors.iter().zip(&measured.variances);
        let beyond: Vec<Dropped> = beyond.filter_map(|(&s, &v)| f1(s, c, v, factors, pass)).collect();
        match self.limits.style {
            Style::All => beyond,
            Style::Inward => self.inward(&beyond),
        }
    }

    /// From the lowest rank up while the low test says so, then from the highest down likewise, not below the first kept.
    fn inward(&self, beyond: &[Dropped]) -> Vec<Dropped> {
        let mut ranked = by_rank(&self.survivors);
        let found = |sample: &Sample, side| {
            beyond.iter().copied().find(|one| one.sample.frame == sample.frame && one.side == side)
        };
        let mut dropped: Vec<Dropped> = ranked.iter().map_while(|s| found(s, Side::Low)).collect();
        ranked.drain(..dropped.len());
        let highs: Vec<Dropped> = ranked.iter().rev().map_while(|s| found(s, Side::High)).collect();
        dropped.extend(highs);
        dropped
    }

    fn drop_all(&mut self, dropped: &[Dropped]) {
        self.survivors.retain(|s| dropped.iter().all(|dropped| dropped.sample.frame != s.frame));
        self.dropped.extend(dropped);
        if let Some(pass) = self.passes.last_mut() {
            *pass = pass.dropping(dropped);
        }
    }

    /// `restore = rollback`: n < nkeep, or N − n > maxrej, where missing samples count.
    fn went_too_far(&self) -> bool {
        let n = self.survivors.len();
        self.limits.restore == Restore::Rollback
            && (n < self.limits.nkeep as usize
                || self.limits.maxrej.is_some_and(|most| self.frames - n > most as usize))
    }

    /// Undoes exactly the last pass. Its samples stay in the record of the dropped; `restored` names them.
    fn undo(&mut self, dropped: &[Dropped]) {
        self.survivors.extend(dropped.iter().map(|dropped| dropped.sample));
        self.survivors.sort_by_key(|sample| sample.frame);
        if let Some(pass) = self.passes.last_mut() {
            pass.undone = true;
        }
    }

    /// The frames that come back.
    fn restored(&self, column: &[Sample]) -> Vec<usize> {
        let Some(last) = self.passes.last() else { return vec![] };
        let number = self.passes.len();
        let last_pass = || self.dropped.iter().copied().filter(|dropped| dropped.pass == number);
        if last.undone {
            return last_pass().map(|dropped| dropped.sample.frame).collect();
        }
        if self.survivors.len() >= self.k {
            return vec![];
        }
        match self.limits.style {
            Style::Inward => nearest_in_interval(column, &self.dropped, self.k, last.n),
            Style::All => {
                nearest_of_last_pass(&last_pass().collect::<Vec<_>>(), self.survivors.len(), self.k)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;

    /// −4 −3 0 1 5 with the given variances, k = 1, c = 0, one pass: the frames that go.
    fn gone(style: Style, variances: [f64; 5]) -> Vec<usize> {
        let limits = Limits {
            lsigma: 1.0,
            hsigma: 1.0,
            maxiters: Some(1),
            minclip: 1,
            nkeep: 0,
            maxrej: None,
            restore: Restore::None,
            style,
        };
        let column = samples(&[-4.0, -3.0, 0.0, 1.0, 5.0]);
        let outcome = clip(&column, &limits, &Context::of(5), |survivors, _| {
            Measured::each(0.0, survivors, |sample| variances[sample.frame])
        });
        (0..5).filter(|&frame| outcome.rejected(frame)).collect()
    }

    /// −4 with V = 16 is on its limit and stays; behind it −3 with V = 1 is beyond its own.
    #[test]
    fn an_inward_test_stops_at_the_first_sample_that_stays() {
        assert_eq!(gone(Style::Inward, [16.0, 1.0, 1.0, 0.5, 1.0]), [3, 4]);
        assert_eq!(gone(Style::All, [16.0, 1.0, 1.0, 0.5, 1.0]), [1, 3, 4]);
        assert_eq!(gone(Style::Inward, [15.9, 1.0, 1.0, 0.5, 25.0]), [0, 1]);
        assert_eq!(gone(Style::All, [15.9, 1.0, 1.0, 0.5, 25.0]), [0, 1, 3]);
    }

    #[test]
    fn a_variance_that_is_not_finite_keeps_its_sample() {
        assert_eq!(gone(Style::All, [f64::INFINITY, 1.0, 1.0, f64::NAN, 1.0]), [1, 4]);
    }
}
