//! Which of the many disks that a power cut may leave are tried at one moment.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Numbers;
use super::disk::{Disk, Fate, sectors};

/// How many of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Depth {
    /// No power cut at all: the process is killed.
    Kill,
    /// All of it lost, one file's part lost, the last change torn, and one that looks random.
    Few,
    /// The telling ones, and so many that look random.
    Sampled(usize),
    /// Besides, each change lost alone, each kept alone, the power cut after each, the last one torn at each sector, and
    /// twenty that look random.
    All,
}

/// Which file bears the log's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// The one that was made last.
    Newest,
    /// None: it was made and its name is lost, or it was deleted.
    Missing,
    /// The one that was deleted before it.
    Deleted,
}

/// One way for everything pending to fare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) main: Vec<Fate>,
    pub(super) log: Vec<Fate>,
    pub(super) deleted: Vec<Fate>,
    pub(super) name: Name,
    /// No power cut: the process was killed, and all it did is there.
    pub(super) kill: bool,
}

/// The files at one moment.
pub(super) struct Moment<'a> {
    pub(super) number: usize,
    pub(super) main: &'a Disk,
    pub(super) log: &'a Disk,
    /// A log whose deletion may not have reached the disk.
    pub(super) deleted: Option<&'a Disk>,
    /// Whether the last change was to the log.
    pub(super) last_in_log: bool,
}

impl Plan {
    /// What a killed process leaves: everything it did.
    pub(super) fn kill(moment: &Moment<'_>) -> Self {
        let name = if moment.log.open { Name::Newest } else { Name::Missing };
        Self { kill: true, ..Self::uniform(moment, Fate::Kept, Fate::Kept, name) }
    }

    fn uniform(moment: &Moment<'_>, main: Fate, log: Fate, name: Name) -> Self {
        Self {
            main: vec![main; moment.main.pending.len()],
            log: vec![log; moment.log.pending.len()],
            deleted: vec![log; moment.deleted.map_or(0, |deleted| deleted.pending.len())],
            name,
            kill: false,
        }
    }

    /// Two plans with the same key give the same images.
    pub(super) fn key(&self, moment: &Moment<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        let doubtful = moment.main.is_doubtful() || moment.log.is_doubtful();
        (doubtful && self.kill).hash(&mut hasher);
        key_of(moment.main, &self.main, &mut hasher);
        self.name.hash(&mut hasher);
        match (self.name, moment.deleted) {
            (Name::Newest, _) => key_of(moment.log, &self.log, &mut hasher),
            (Name::Deleted, Some(deleted)) => key_of(deleted, &self.deleted, &mut hasher),
            _ => {}
        }
        hasher.finish()
    }
}

fn key_of(disk: &Disk, fates: &[Fate], hasher: &mut DefaultHasher) {
    let kept = fates.iter().take_while(|fate| **fate == Fate::Kept).count();
    let rest = &fates[kept..];
    let lost = rest.iter().rev().take_while(|fate| **fate == Fate::Lost).count();
    (disk.life, disk.settled + kept, &rest[..rest.len() - lost]).hash(hasher);
}

/// The power cuts that are tried at a moment; some of them may leave the same disk.
pub(super) fn power_cuts(moment: &Moment<'_>, depth: Depth) -> Vec<Plan> {
    if matches!(depth, Depth::Kill) {
        return Vec::new();
    }
    let pending = moment.main.pending.len() + moment.log.pending.len();
    let names = names(moment);
    if pending == 0 && names.len() == 1 {
        return vec![Plan::uniform(moment, Fate::Kept, Fate::Kept, names[0])];
    }
    let mut numbers = Numbers::new(moment.number as u64 + 1);
    let mut plans = Vec::new();
    let (kept, lost) = (Fate::Kept, Fate::Lost);
    if matches!(depth, Depth::Few) {
        plans.push(Plan::uniform(moment, lost, lost, *names.last().unwrap_or(&names[0])));
        plans.push(Plan::uniform(moment, kept, lost, names[0]));
        let mut plan = Plan::uniform(moment, kept, kept, names[0]);
        set_last(&mut plan, moment, torn(moment, &mut numbers));
        plans.push(plan);
        plans.push(random_plan(moment, &names, &mut numbers));
        return plans;
    }
    for name in &names {
        for (main, log) in [(kept, kept), (lost, lost), (kept, lost), (lost, kept)] {
            plans.push(Plan::uniform(moment, main, log, *name));
        }
    }
    let name = names[0];
    for others in [kept, lost] {
        let mut plan = Plan::uniform(moment, others, others, name);
        set_last(&mut plan, moment, torn(moment, &mut numbers));
        plans.push(plan);
    }
    let mut only_last = Plan::uniform(moment, lost, lost, name);
    set_last(&mut only_last, moment, kept);
    plans.push(only_last);
    let random = match depth {
        Depth::Kill | Depth::Few => 0,
        Depth::Sampled(count) => count,
        Depth::All => {
            singles(moment, &names, &mut plans);
            20
        }
    };
    for _ in 0..random {
        plans.push(random_plan(moment, &names, &mut numbers));
    }
    plans
}

/// The names that the log may bear after the cut, the likeliest first.
fn names(moment: &Moment<'_>) -> Vec<Name> {
    let mut names = Vec::new();
    if moment.log.open {
        names.push(Name::Newest);
    }
    if !moment.log.named {
        names.push(Name::Missing);
        names.extend(moment.deleted.map(|_| Name::Deleted));
    }
    names
}

fn set_last(plan: &mut Plan, moment: &Moment<'_>, fate: Fate) {
    let fates = if moment.last_in_log { &mut plan.log } else { &mut plan.main };
    if let Some(last) = fates.last_mut() {
        *last = fate;
    }
}

/// A tear of the last write; kept or lost where that is what it comes to.
fn torn(moment: &Moment<'_>, numbers: &mut Numbers) -> Fate {
    let disk = if moment.last_in_log { moment.log } else { moment.main };
    disk.pending.last().map_or(Fate::Kept, |action| tear(sectors(action), numbers.next()))
}

fn tear(sectors: usize, bits: u64) -> Fate {
    let all = (1_u16 << sectors.min(15)) - 1;
    match u16::try_from(bits & u64::from(all)).unwrap() {
        0 => Fate::Lost,
        kept if kept == all => Fate::Kept,
        kept => Fate::Torn(kept),
    }
}

fn random_plan(moment: &Moment<'_>, names: &[Name], numbers: &mut Numbers) -> Plan {
    let mut fates = |disk: &Disk| {
        // Sometimes most is lost, sometimes most is kept.
        let share = 1 + numbers.below(9);
        let mut fate = |sectors: usize| match numbers.below(10) {
            draw if draw == share => tear(sectors, numbers.next()),
            draw if draw < share => Fate::Kept,
            _ => Fate::Lost,
        };
        disk.pending.iter().map(|action| fate(sectors(action))).collect::<Vec<_>>()
    };
    let (main, log) = (fates(moment.main), fates(moment.log));
    let deleted = moment.deleted.map(&mut fates).unwrap_or_default();
    Plan { main, log, deleted, name: names[numbers.below(names.len())], kill: false }
}

/// Each change alone, each prefix, and each tear of the last write, in each file.
fn singles(moment: &Moment<'_>, names: &[Name], plans: &mut Vec<Plan>) {
    for name in names {
        for (others, one) in [(Fate::Kept, Fate::Lost), (Fate::Lost, Fate::Kept)] {
            for at in 0..moment.main.pending.len() {
                let mut plan = Plan::uniform(moment, others, others, *name);
                plan.main[at] = one;
                plans.push(plan);
            }
            for at in 0..moment.log.pending.len() {
                let mut plan = Plan::uniform(moment, others, others, *name);
                plan.log[at] = one;
                plans.push(plan);
            }
        }
        for at in 0..moment.main.pending.len().max(moment.log.pending.len()) {
            let mut plan = Plan::uniform(moment, Fate::Kept, Fate::Kept, *name);
            plan.main.truncate(at);
            plan.log.truncate(at);
            plans.push(plan);
        }
    }
    let disk = if moment.last_in_log { moment.log } else { moment.main };
    let sectors = disk.pending.last().map_or(0, sectors);
    for cut in 1..sectors {
        for bits in [(1_u64 << cut) - 1, !((1_u64 << cut) - 1), 1 << cut, !(1 << cut)] {
            let mut plan = Plan::uniform(moment, Fate::Kept, Fate::Kept, names[0]);
            set_last(&mut plan, moment, tear(sectors, bits));
            plans.push(plan);
        }
    }
}
