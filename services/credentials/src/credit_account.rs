//! A credit account: one learner's credits in one scheme, each entered once, used once, and taken back exactly.

pub use crate::credit_ids::{id, parts};

use crate::acbs::{self, Class, Held, Term};
use crate::credit_ids::{achieved, credential_of};
use std::collections::BTreeMap;
use studium_kit::{Asked, Decider, Decision, Reason as _};
use studium_proto::credentials::v1::{
    AwardScheme, CreditKind, CreditLine, CreditsApplied, CreditsClassified, CreditsEarned, CreditsNotApplied,
    CreditsRecognised, CreditsRefused, CreditsReleased, CreditsReversed, DegreeAimSet, DegreeType, Reason,
    ReversalCause, credit_account_event::Event,
};

/// What can be asked of a credit account.
#[derive(Debug, Clone)]
pub enum Command {
    /// To enter what a credential brings, or to keep all reasons why not.
    Earn(Box<Earning>),
    /// To take back what an entry brought.
    Reverse { entry_id: String, cause: ReversalCause },
    /// To enter what an institution decided; a later decision takes the place of the one before.
    Recognise { scheme: AwardScheme, decision: CreditsRecognised },
    /// To let a stack award use entries: all of them or none.
    Apply { award_id: String, round: u32, target_milli: u32, components: Vec<String> },
    /// To free what a stack award uses.
    Release { award_id: String, round: u32 },
    /// To say as what an entry counts.
    Classify { entry_id: String, kind: CreditKind },
    /// To aim at a degree.
    Aim(DegreeType),
}

/// What a credential brings, and what its class was like.
#[derive(Debug, Clone, Default)]
pub struct Earning {
    /// The account's scheme.
    pub scheme: AwardScheme,
    /// The entry, without its term.
    pub entry: CreditsEarned,
    /// What the class was like.
    pub class: Class,
    /// The credential whose place it takes; empty if none. Its entry gives way in the same decision.
    pub supersedes: String,
}

/// Where an entry stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Stands {
    #[default]
    Free,
    Applied {
        award_id: String,
        round: u32,
    },
    Reversed,
}

/// One entry as far as the rules need it.
#[derive(Debug, Clone, Default)]
struct Entry {
    credits_milli: u32,
    institution_id: String,
    group: String,
    term: Term,
    kind: CreditKind,
    stands: Stands,
}

/// A credit account as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct CreditAccount {
    entries: BTreeMap<String, Entry>,
    /// What was refused, with the reasons given last.
    refused: BTreeMap<String, Vec<String>>,
    /// The last request of each stack award that was answered.
    answered: BTreeMap<String, u32>,
    degree: DegreeType,
    /// What all movements add up to, thousandths.
    balance_milli: i64,
}

impl Decider for CreditAccount {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, Asked { by, command }: &Self::Command) -> Decision<Self> {
        match command {
            Command::Earn(it) => {
                by.may_act_for(&it.entry.institution_id, Reason::NotYourInstitution)?;
                Ok(self.earn(it))
            }
            Command::Reverse { entry_id, cause } => Ok(self.take_back(entry_id, *cause)),
            Command::Recognise { scheme, decision } => Ok(self.recognise(*scheme, decision)),
            Command::Apply { award_id, round, target_milli, components } => {
                Ok(self.apply(award_id, *round, *target_milli, components))
            }
            Command::Release { award_id, round } => Ok(self.release(award_id, *round)),
            Command::Classify { entry_id, kind } => {
                let Some(entry) = self.entries.get(entry_id) else {
                    return Reason::CreditEntryNotFound.because("the account has no such entry");
                };
                by.may_act_for(&entry.institution_id, Reason::NotYourInstitution)?;
                if entry.kind == *kind {
                    return Ok(Vec::new());
                }
                let classified = CreditsClassified { entry_id: entry_id.clone(), kind: *kind as i32 };
                Ok(vec![Event::CreditsClassified(classified)])
            }
            Command::Aim(degree) if *degree == self.degree => Ok(Vec::new()),
            Command::Aim(degree) => Ok(vec![Event::DegreeAimSet(DegreeAimSet { degree: *degree as i32 })]),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::CreditsEarned(it) => {
                self.balance_milli += i64::from(it.credits_milli);
                self.refused.remove(&it.credential_id);
                let entry = Entry {
                    credits_milli: it.credits_milli,
                    institution_id: it.institution_id.clone(),
                    group: it.equivalence_group.clone(),
                    term: Term { year: it.academic_year, semester: it.semester },
                    ..Entry::default()
                };
                self.entries.insert(it.credential_id.clone(), entry);
            }
            Event::CreditsRefused(it) => drop(self.refused.insert(it.credential_id.clone(), it.reasons.clone())),
            Event::CreditsRecognised(it) => {
                self.balance_milli += i64::from(it.credits_milli);
                self.refused.remove(&it.recognition_id);
                let entry = Entry {
                    credits_milli: it.credits_milli,
                    institution_id: it.institution_id.clone(),
                    term: Term { year: it.academic_year, semester: it.semester },
                    kind: it.kind(),
                    ..Entry::default()
                };
                self.entries.insert(it.recognition_id.clone(), entry);
            }
            Event::CreditsApplied(it) => {
                let stands = Stands::Applied { award_id: it.award_id.clone(), round: it.round };
                self.answered.insert(it.award_id.clone(), it.round);
                self.move_lines(&it.lines, -1, &stands);
            }
            Event::CreditsNotApplied(it) => drop(self.answered.insert(it.award_id.clone(), it.round)),
            Event::CreditsReleased(it) => self.move_lines(&it.lines, 1, &Stands::Free),
            Event::CreditsReversed(it) => {
                let line = CreditLine { entry_id: it.entry_id.clone(), credits_milli: it.credits_milli };
                self.move_lines(&[line], -1, &Stands::Reversed);
            }
            Event::CreditsClassified(it) => {
                if let Some(entry) = self.entries.get_mut(&it.entry_id) {
                    entry.kind = it.kind();
                }
            }
            Event::DegreeAimSet(it) => self.degree = it.degree(),
        }
    }
}

impl CreditAccount {
    fn move_lines(&mut self, lines: &[CreditLine], sign: i64, stands: &Stands) {
        for line in lines {
            self.balance_milli += sign * i64::from(line.credits_milli);
            if let Some(entry) = self.entries.get_mut(&line.entry_id) {
                entry.stands = stands.clone();
            }
        }
    }

    /// Enters a credential's credits, once for ever; what is refused is kept with all reasons.
    fn earn(&self, it: &Earning) -> Vec<Event> {
        if self.entries.contains_key(&it.entry.credential_id) {
            return Vec::new();
        }
        if let Some(other) = self.counts_as(&it.entry.credential_id, &it.supersedes) {
            return self.refuse(&it.entry, vec![counted(other)]);
        }
        let mut entry = it.entry.clone();
        if it.scheme == AwardScheme::KrAcbs {
            let term = Term::at(entry.finished_at_ms);
            (entry.academic_year, entry.semester) = (term.year, term.semester);
            let new = Held {
                credits_milli: entry.credits_milli,
                institution_id: &entry.institution_id,
                group: &entry.equivalence_group,
                term,
            };
            let problems = acbs::problems(&self.held_without(&it.supersedes), new, it.class, self.degree);
            if !problems.is_empty() {
                return self.refuse(&entry, problems);
            }
        }
        let mut events = self.reverse(&it.supersedes, ReversalCause::Superseded);
        events.push(Event::CreditsEarned(entry));
        events
    }

    fn refuse(&self, entry: &CreditsEarned, problems: Vec<(Reason, String)>) -> Vec<Event> {
        let (reasons, details) = named(problems);
        if self.refused.get(&entry.credential_id) == Some(&reasons) {
            return Vec::new();
        }
        vec![Event::CreditsRefused(CreditsRefused {
            credential_id: entry.credential_id.clone(),
            credits_milli: entry.credits_milli,
            institution_id: entry.institution_id.clone(),
            reasons,
            details,
        })]
    }

    /// What counts already; what a stack award uses counts as well, what gives way does not.
    fn held_without(&self, superseded: &str) -> Vec<Held<'_>> {
        let counts = |(id, it): &(&String, &Entry)| it.stands != Stands::Reversed && id.as_str() != superseded;
        self.entries
            .iter()
            .filter(counts)
            .map(|(_, it)| Held {
                credits_milli: it.credits_milli,
                institution_id: &it.institution_id,
                group: &it.group,
                term: it.term,
            })
            .collect()
    }

    /// Takes back exactly what was entered; what a stack award uses is freed first, and the award is named.
    fn reverse(&self, entry_id: &str, cause: ReversalCause) -> Vec<Event> {
        let Some(entry) = self.entries.get(entry_id) else { return Vec::new() };
        let mut reversed = CreditsReversed {
            entry_id: entry_id.to_owned(),
            credits_milli: entry.credits_milli,
            cause: cause as i32,
            ..CreditsReversed::default()
        };
        match &entry.stands {
            Stands::Reversed => Vec::new(),
            Stands::Free => vec![Event::CreditsReversed(reversed)],
            Stands::Applied { award_id, round } => {
                (reversed.award_id, reversed.round) = (award_id.clone(), *round);
                let lines = vec![CreditLine { entry_id: entry_id.to_owned(), credits_milli: entry.credits_milli }];
                let released = CreditsReleased { award_id: award_id.clone(), round: *round, lines };
                vec![Event::CreditsReleased(released), Event::CreditsReversed(reversed)]
            }
        }
    }

    /// Takes back what a credential brought; one that is revoked takes with it what others made of it.
    fn take_back(&self, credential_id: &str, cause: ReversalCause) -> Vec<Event> {
        let mut events = self.reverse(credential_id, cause);
        if cause == ReversalCause::Revoked {
            let recognised =
                self.entries.keys().filter(|it| *it != credential_id && credential_of(it) == credential_id);
            events.extend(recognised.flat_map(|it| self.reverse(it, cause)));
        }
        events
    }

    /// The entry as which a credential counts, at whichever attempt: its own, or that of an institution that recognised
    /// it. What gives way to it does not count.
    fn counts_as(&self, credential_id: &str, superseded: &str) -> Option<&str> {
        let is_it = |id: &str| [id, credential_of(id)].map(achieved).contains(&achieved(credential_id));
        let live = self.entries.iter().filter(|(id, it)| it.stands != Stands::Reversed && *id != superseded);
        live.map(|(id, _)| id.as_str()).find(|id| is_it(id))
    }

    /// A decision of people: it counts for the caps of what follows, but no cap refuses it. What counts in this account
    /// already does not count twice, whoever recognises it.
    fn recognise(&self, scheme: AwardScheme, decision: &CreditsRecognised) -> Vec<Event> {
        let before = self.entries.get(&decision.recognition_id).filter(|it| it.stands != Stands::Reversed);
        let is_same = match before {
            Some(it) => it.credits_milli == decision.credits_milli,
            None => decision.credits_milli == 0,
        };
        if is_same {
            // What a stack award uses stays used: as what the credits count is all that changes, if it is said.
            let kind = decision.kind();
            let other = before.filter(|it| kind != CreditKind::Unspecified && it.kind != kind);
            let entry_id = decision.recognition_id.clone();
            let classified = CreditsClassified { entry_id, kind: kind as i32 };
            return other.map(|_| Event::CreditsClassified(classified)).into_iter().collect();
        }
        let credential = credential_of(&decision.recognition_id);
        let source = self.entries.get(credential).filter(|_| credential != decision.recognition_id);
        // What counts by an earlier decision goes on to count by this one.
        let other = self.counts_as(credential, "").filter(|_| before.is_none());
        let problem = match other {
            _ if decision.credits_milli == 0 => None,
            Some(other) => Some(counted(other)),
            None if source.is_some_and(|it| it.stands == Stands::Reversed) => {
                let why = "the credential was revoked, or another one took its place".to_owned();
                Some((Reason::CredentialNotActive, why))
            }
            None => None,
        };
        if let Some(problem) = problem {
            let refused = CreditsEarned {
                credential_id: decision.recognition_id.clone(),
                credits_milli: decision.credits_milli,
                institution_id: decision.institution_id.clone(),
                ..CreditsEarned::default()
            };
            return self.refuse(&refused, vec![problem]);
        }
        let mut events = self.reverse(&decision.recognition_id, ReversalCause::DecidedAnew);
        if decision.credits_milli > 0 {
            let mut decision = decision.clone();
            if scheme == AwardScheme::KrAcbs {
                let term = Term::at(decision.decided_at_ms);
                (decision.academic_year, decision.semester) = (term.year, term.semester);
            }
            events.push(Event::CreditsRecognised(decision));
        }
        events
    }

    /// Every request of an award is answered once, with all its entries or with all reasons.
    fn apply(&self, award_id: &str, round: u32, target_milli: u32, components: &[String]) -> Vec<Event> {
        if self.answered.get(award_id).is_some_and(|it| *it >= round) {
            return Vec::new();
        }
        let (mut problems, mut lines, mut have) = (Vec::new(), Vec::<CreditLine>::new(), 0_u64);
        for entry_id in components {
            if lines.iter().any(|it| it.entry_id == *entry_id) {
                continue;
            }
            let Some(entry) = self.entries.get(entry_id) else {
                let why = format!("`{entry_id}` brought no credits to the account");
                problems.push((Reason::StackComponentWithoutCredits, why));
                continue;
            };
            match &entry.stands {
                Stands::Reversed => {
                    problems.push((Reason::StackComponentRevoked, format!("`{entry_id}` was taken back")));
                }
                Stands::Applied { award_id, .. } => {
                    problems.push((Reason::StackAlreadyUsed, format!("`{award_id}` uses `{entry_id}`")));
                }
                Stands::Free => have += u64::from(entry.credits_milli),
            }
            lines.push(CreditLine { entry_id: entry_id.clone(), credits_milli: entry.credits_milli });
        }
        if problems.is_empty() && have < u64::from(target_milli) {
            let why = format!("{} of {}", acbs::credits(have), acbs::credits(target_milli.into()));
            problems.push((Reason::StackCreditsShort, why));
        }
        let award_id = award_id.to_owned();
        if problems.is_empty() {
            return vec![Event::CreditsApplied(CreditsApplied { award_id, round, lines })];
        }
        let (reasons, details) = named(problems);
        vec![Event::CreditsNotApplied(CreditsNotApplied { award_id, round, reasons, details })]
    }

    fn release(&self, award_id: &str, round: u32) -> Vec<Event> {
        let is_used = |it: &Entry| matches!(&it.stands, Stands::Applied { award_id: award, round: of } if award == award_id && *of == round);
        let used = self.entries.iter().filter(|(_, it)| is_used(it));
        let line = |(id, it): (&String, &Entry)| CreditLine { entry_id: id.clone(), credits_milli: it.credits_milli };
        let lines: Vec<_> = used.map(line).collect();
        if lines.is_empty() {
            return Vec::new();
        }
        vec![Event::CreditsReleased(CreditsReleased { award_id: award_id.to_owned(), round, lines })]
    }
}

fn counted(other: &str) -> (Reason, String) {
    (Reason::CreditsCountedAlready, format!("it counts as `{other}`"))
}

/// Reasons by name, with a sentence for each.
pub fn named(problems: Vec<(Reason, String)>) -> (Vec<String>, Vec<String>) {
    problems.into_iter().map(|(reason, detail)| (reason.name().to_owned(), detail)).unzip()
}

#[cfg(test)]
mod tests;
