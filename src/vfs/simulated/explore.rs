//! Stops a recorded workload at each of its moments, and opens every disk it may have left there.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::content::Content;
use super::disk::{Disk, Fate};
use super::observer::{self, Action, Recorded};
use super::plan::{Depth, Moment, Name, Plan, power_cuts};
use super::{Numbers, folder};

/// What a workload did, and what it was told is done.
pub(crate) struct History {
    /// The vault file when the record began, all of it durable; no log was there.
    pub(crate) start: Vec<u8>,
    pub(crate) record: Vec<Recorded>,
    /// How long the record was when a state was acknowledged, and which.
    pub(crate) acknowledged: Vec<(usize, Content)>,
}

/// Records one workload on this thread.
pub(crate) struct Recorder {
    start: Vec<u8>,
    acknowledged: Vec<(usize, Content)>,
}

impl Recorder {
    /// Begins with the vault as it is, which nobody has open.
    pub(crate) fn begin(vault: &Path) -> Self {
        let start = fs::read(vault).unwrap();
        observer::start_record();
        Self { start, acknowledged: Vec::new() }
    }

    /// The workload was told that its change is done, and this is what it then reads.
    pub(crate) fn acknowledge(&mut self, content: Content) {
        self.acknowledged.push((observer::recorded(), content));
    }

    pub(crate) fn end(self) -> History {
        History { start: self.start, record: observer::take_record(), acknowledged: self.acknowledged }
    }
}

/// What is promised of an acknowledged change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// It survives a power cut.
    PowerCut,
    /// It survives the end of the process; a power cut may take the last ones, whole.
    Kill,
}

/// Opens an image, knowing what was acknowledged last before the cut, and gives the content it found or says what is
/// wrong.
pub(crate) type Judge<'a> = dyn FnMut(&Path, Option<Content>) -> Result<Content, String> + 'a;

/// How an exploration went.
#[derive(Debug)]
pub(crate) struct Explored {
    /// Writes, truncations, syncs, openings and deletions after each of which the disk was frozen.
    pub(crate) moments: usize,
    /// Crash points: different disks that were opened.
    pub(crate) images: usize,
    /// The states that a reader saw, in order, whoever acknowledged them.
    pub(crate) states: Vec<Content>,
}

/// Has every image that `depth` asks for opened by `judge`. Fails at the first image that breaks the promise.
pub(crate) fn explore<'a>(
    history: &'a History,
    depth: Depth,
    promise: Promise,
    judge: &'a mut Judge<'a>,
) -> Result<Explored, String> {
    let folder = folder();
    let path = folder.path().join("v");
    let mut explorer = Explorer {
        history,
        depth,
        promise,
        judge,
        log_path: folder.path().join("v-wal"),
        path,
        seen: HashSet::new(),
        explored: Explored { moments: 0, images: 0, states: Vec::new() },
    };
    explorer.run()?;
    explorer.every_acknowledged_state_was_seen()?;
    Ok(explorer.explored)
}

struct Explorer<'a> {
    history: &'a History,
    depth: Depth,
    promise: Promise,
    judge: &'a mut Judge<'a>,
    path: PathBuf,
    log_path: PathBuf,
    seen: HashSet<(u64, usize)>,
    explored: Explored,
}

impl Explorer<'_> {
    fn run(&mut self) -> Result<(), String> {
        let mut main = Disk::with(self.history.start.clone());
        let mut log = Disk::default();
        let mut deleted = None;
        let mut last_in_log = false;
        for number in 0..=self.history.record.len() {
            if let Some(done) = number.checked_sub(1).map(|index| &self.history.record[index]) {
                last_in_log = done.log;
                match (&done.action, done.log) {
                    (Action::Delete, _) => {
                        let successor = log.successor();
                        deleted = Some(std::mem::replace(&mut log, successor));
                    }
                    (Action::FailedSync, in_log) => {
                        let disk = if in_log { &mut log } else { &mut main };
                        let mut numbers = Numbers::new(number as u64);
                        let fates: Vec<_> = (0..disk.pending.len())
                            .map(|_| if numbers.below(2) == 0 { Fate::Lost } else { Fate::Kept })
                            .collect();
                        disk.settle(&fates);
                    }
                    (action, true) => log.take(action),
                    (action, false) => main.take(action),
                }
                if log.named {
                    deleted = None;
                }
            }
            let moment = Moment { number, main: &main, log: &log, deleted: deleted.as_ref(), last_in_log };
            self.explored.moments += 1;
            self.freeze(&moment)?;
        }
        Ok(())
    }

    fn freeze(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        let kill = Plan::kill(moment);
        if let Some(content) = self.look(moment, &kill)?
            && self.explored.states.last() != Some(&content)
        {
            if self.explored.states.contains(&content) {
                return Err(format!("moment {}: a killed process went back to {content:?}", moment.number));
            }
            self.explored.states.push(content);
        }
        let promised = self.promised(moment.number)?;
        self.hold(moment, &kill, self.explored.states.last().copied(), promised)?;
        let bound = if self.promise == Promise::PowerCut { promised } else { 0 };
        for plan in power_cuts(moment, self.depth) {
            let content = self.look(moment, &plan)?;
            self.hold(moment, &plan, content, bound)?;
        }
        Ok(())
    }

    /// The number of the state that was acknowledged last.
    fn promised(&self, moment: usize) -> Result<usize, String> {
        let last = self.history.acknowledged.iter().rev().find(|(at, _)| *at <= moment);
        let Some((_, content)) = last else { return Ok(0) };
        let place = self.explored.states.iter().position(|state| state == content);
        place.ok_or_else(|| format!("moment {moment}: {content:?} is acknowledged and a kill loses it"))
    }

    /// Opens one image, unless its like was opened with the same promise.
    fn look(&mut self, moment: &Moment<'_>, plan: &Plan) -> Result<Option<Content>, String> {
        let acknowledged = self.history.acknowledged.iter().filter(|(at, _)| *at <= moment.number).count();
        if !self.seen.insert((plan.key(moment), acknowledged)) {
            return Ok(None);
        }
        let after =
            |disk: &Disk, fates: &[Fate]| if plan.kill { disk.after_kill() } else { disk.after(fates) };
        fs::write(&self.path, after(moment.main, &plan.main)).unwrap();
        match (plan.name, moment.deleted) {
            (Name::Newest, _) => fs::write(&self.log_path, after(moment.log, &plan.log)).unwrap(),
            (Name::Deleted, Some(deleted)) => {
                fs::write(&self.log_path, deleted.after(&plan.deleted)).unwrap();
            }
            _ => {
                let _ = fs::remove_file(&self.log_path);
            }
        }
        self.explored.images += 1;
        let promised = acknowledged.checked_sub(1).map(|last| self.history.acknowledged[last].1);
        let found = (self.judge)(&self.path, promised);
        found.map(Some).map_err(|error| format!("{}: {error}", described(moment, plan)))
    }

    /// Holds what was found against what was promised.
    fn hold(
        &self,
        moment: &Moment<'_>,
        plan: &Plan,
        content: Option<Content>,
        promised: usize,
    ) -> Result<(), String> {
        let Some(content) = content else { return Ok(()) };
        match self.explored.states.iter().position(|state| *state == content) {
            Some(found) if found >= promised => Ok(()),
            Some(found) => Err(format!(
                "{}: acknowledged and lost: state {found} is there, state {promised} was promised",
                described(moment, plan)
            )),
            None => Err(format!("{}: half done: {content:?}", described(moment, plan))),
        }
    }

    fn every_acknowledged_state_was_seen(&self) -> Result<(), String> {
        for (at, content) in &self.history.acknowledged {
            if !self.explored.states.contains(content) {
                return Err(format!("{content:?}, acknowledged at moment {at}, was never on the disk"));
            }
        }
        Ok(())
    }
}

fn described(moment: &Moment<'_>, plan: &Plan) -> String {
    let short = |fates: &[Fate]| {
        let mark = |fate: &Fate| match fate {
            Fate::Kept => "k".to_owned(),
            Fate::Lost => "-".to_owned(),
            Fate::Torn(bits) => format!("({bits:b})"),
        };
        fates.iter().map(mark).collect::<String>()
    };
    format!(
        "moment {} (vault {}, log {}, its name: {:?})",
        moment.number,
        short(&plan.main),
        short(&plan.log),
        plan.name
    )
}
