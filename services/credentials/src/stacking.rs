//! Whether credentials add up to a stack: all reasons against it in a fixed order, and which ones to use.

use crate::acbs::credits;
use std::collections::BTreeSet;
use studium_proto::credentials::v1::{Reason, StackDefined};

/// Share of the credits at the level of the award, percent, where the stack does not say.
const LEVEL_SHARE_PERCENT: u32 = 75;

const DAY_MS: i64 = 86_400_000;

/// Where a component stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// The learner has no such thing.
    #[default]
    Unknown,
    /// It holds.
    Active,
    /// It is not to be relied on for the time being.
    Suspended,
    /// It is withdrawn, or gave way.
    Revoked,
}

/// One credential or recognition with which a learner applies.
#[derive(Debug, Clone, Default)]
pub struct Component {
    /// The credential or recognition.
    pub entry_id: String,
    /// For what; empty for a recognition.
    pub achievement_id: String,
    /// Who issued or recognised it.
    pub institution_id: String,
    /// Where it stands.
    pub standing: Standing,
    /// It holds until then, Unix milliseconds; 0 = for ever.
    pub valid_until_ms: i64,
    /// Components with one name here are the same or equivalent; empty = only itself.
    pub group: String,
    /// Level of the European Qualifications Framework; 0 = not said.
    pub eqf_level: u32,
    /// What it brought to the account, thousandths; 0 = nothing.
    pub credits_milli: u32,
    /// The stack award that uses it; empty if none.
    pub used_by: String,
    /// The learner finished it then, Unix milliseconds.
    pub finished_ms: i64,
}

/// Whether an achievement is the one that is named, in any version or in exactly that one.
fn is(achievement_id: &str, named: &str) -> bool {
    achievement_id == named || achievement_id.rsplit_once('~').is_some_and(|it| it.0 == named)
}

fn counts_here(it: &Component, stack: &StackDefined) -> bool {
    let by_institution =
        it.institution_id == stack.institution_id || stack.partner_institutions.contains(&it.institution_id);
    let named = stack.required_achievements.iter().chain(&stack.accepted_achievements);
    let by_name = stack.accepted_achievements.is_empty() || named.into_iter().any(|name| is(&it.achievement_id, name));
    by_institution && by_name
}

fn is_too_old(it: &Component, stack: &StackDefined, at_ms: i64) -> bool {
    let days = i64::from(stack.age_days_max);
    days > 0 && at_ms.saturating_sub(it.finished_ms) > days * DAY_MS
}

fn has_expired(it: &Component, at_ms: i64) -> bool {
    it.valid_until_ms != 0 && it.valid_until_ms <= at_ms
}

fn is_at_level(it: &Component, stack: &StackDefined) -> bool {
    it.eqf_level >= stack.eqf_level
}

/// All that stands against awarding a stack for these components, in the order of the rules.
pub fn problems(stack: &StackDefined, components: &[Component], at_ms: i64) -> Vec<(Reason, String)> {
    let mut found = Vec::new();
    for it in components {
        let name = &it.entry_id;
        match it.standing {
            Standing::Unknown => found.push((Reason::StackComponentUnknown, format!("the learner has no `{name}`"))),
            Standing::Active | Standing::Suspended if has_expired(it, at_ms) => {
                found.push((Reason::StackComponentExpired, format!("`{name}` has run out")));
            }
            Standing::Suspended => found.push((Reason::StackComponentSuspended, format!("`{name}` is suspended"))),
            Standing::Revoked => found.push((Reason::StackComponentRevoked, format!("`{name}` holds no more"))),
            Standing::Active => {}
        }
    }
    let known: Vec<_> = components.iter().filter(|it| it.standing != Standing::Unknown).collect();
    found.extend(overlaps(&known));
    for it in known.iter().filter(|it| !it.used_by.is_empty()) {
        found.push((Reason::StackAlreadyUsed, format!("`{}` uses `{}`", it.used_by, it.entry_id)));
    }
    for it in known.iter().filter(|it| it.credits_milli == 0) {
        let why = format!("`{}` brought no credits in this scheme", it.entry_id);
        found.push((Reason::StackComponentWithoutCredits, why));
    }
    let sum = |counts: &dyn Fn(&Component) -> bool| -> u64 {
        known.iter().filter(|it| counts(it)).map(|it| u64::from(it.credits_milli)).sum()
    };
    let (have, need) = (sum(&|_| true), u64::from(stack.target_milli));
    if have < need {
        found.push((Reason::StackCreditsShort, format!("{} of {}", credits(have), credits(need))));
    }
    let at_level = sum(&|it| is_at_level(it, stack));
    let share = if stack.level_share_percent == 0 { LEVEL_SHARE_PERCENT } else { stack.level_share_percent };
    if at_level * 100 < have * u64::from(share) {
        let why = format!(
            "{} of {} credits are at level {} or above, {share} of 100 are needed",
            credits(at_level),
            credits(have),
            stack.eqf_level
        );
        found.push((Reason::StackLevelShare, why));
    }
    found.extend(required(stack, &known));
    for it in known.iter().filter(|it| is_too_old(it, stack, at_ms)) {
        let why = format!("`{}` is older than {} days", it.entry_id, stack.age_days_max);
        found.push((Reason::StackTooOld, why));
    }
    for it in known.iter().filter(|it| !counts_here(it, stack)) {
        found.push((Reason::StackNoAgreement, format!("`{}` of `{}`", it.entry_id, it.institution_id)));
    }
    found
}

fn overlaps(known: &[&Component]) -> Vec<(Reason, String)> {
    let (mut seen, mut told) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for it in known.iter().filter(|it| !it.group.is_empty()) {
        if !seen.insert(&it.group) && told.insert(&it.group) {
            found.push((Reason::StackOverlap, format!("`{}` is there twice", it.group)));
        }
    }
    found
}

/// What is required and missing, and whether the rest was finished in its order.
fn required(stack: &StackDefined, known: &[&Component]) -> Vec<(Reason, String)> {
    let mut found = Vec::new();
    let finished: Vec<_> = (stack.required_achievements.iter())
        .map(|name| known.iter().filter(|it| is(&it.achievement_id, name)).map(|it| it.finished_ms).min())
        .collect();
    let missing: Vec<_> = (stack.required_achievements.iter().zip(&finished))
        .filter(|(_, at)| at.is_none())
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        found.push((Reason::StackRequiredMissing, missing.join(", ")));
    }
    let times: Vec<_> = finished.iter().flatten().collect();
    if stack.is_rigid && !times.is_sorted() {
        found.push((Reason::StackOrder, "what is required was not finished in the order of the list".to_owned()));
    }
    found
}

/// Which of all components to use: first what is required, then what is at the level, each the oldest first, until the
/// target is reached. Always the same for the same components.
pub fn choose(stack: &StackDefined, mut all: Vec<Component>, at_ms: i64) -> Vec<Component> {
    all.retain(|it| {
        let is_free = it.used_by.is_empty() && it.credits_milli > 0;
        let holds = it.standing == Standing::Active && !has_expired(it, at_ms);
        is_free && holds && counts_here(it, stack) && !is_too_old(it, stack, at_ms)
    });
    let is_required = |it: &Component| stack.required_achievements.iter().any(|name| is(&it.achievement_id, name));
    let rank = |it: &Component| (!is_required(it), !is_at_level(it, stack), it.finished_ms);
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.entry_id.cmp(&b.entry_id)));
    let (mut chosen, mut groups, mut have) = (Vec::<Component>::new(), BTreeSet::new(), 0_u64);
    for it in all {
        let is_enough = have >= u64::from(stack.target_milli) && !is_required(&it);
        if is_enough || (!it.group.is_empty() && !groups.insert(it.group.clone())) {
            continue;
        }
        have += u64::from(it.credits_milli);
        chosen.push(it);
    }
    chosen
}

#[cfg(test)]
mod tests;
