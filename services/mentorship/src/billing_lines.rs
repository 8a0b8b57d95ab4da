//! What is to be billed for mentorships in a month: who was mentored by whom for how many days, and what is due.

use crate::{
    mentor_terms::MentorTermRow,
    mentorship_prices::Prices,
    mentorship_times::{MentorshipTimesRow, Round},
    months::Month,
};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{DAY_MS, Store, StoreError};
use studium_proto::mentorship::v1::{BillingBasis, BillingLine, BillingTotal};

/// The rules, for whoever pays.
pub const RULES: &str = "A day is a day of the calendar, UTC. It counts for the learner's last mentor on that day, so a day of \
    hand-over counts once; a day on which the learner rested throughout does not count. The price is that of the \
    programme's mentorship plan when the first mentor came, due once each time that mentorship was asked for, in the \
    month of the first mentor; where mentorship is included, nothing is due.";

/// The month and the date.
#[derive(Debug, Clone, Copy)]
pub struct Billed {
    /// The month.
    pub month: Month,
    /// As it was then.
    pub as_of_ms: i64,
}

/// Times with mentors that touch a month, of a programme, of an institution, or (empty) of all.
pub async fn terms(
    store: &Store,
    programme_id: &str,
    institution_id: &str,
    month: Month,
) -> Result<Vec<MentorTermRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentor_term_1 m WHERE from_ms > 0 AND from_ms < $3 AND (until_ms = 0 OR until_ms >= $4) \
         AND ($1 = '' OR programme_id = $1) AND ($2 = '' OR EXISTS (SELECT 1 FROM mentorship_times_1 t \
         WHERE t.programme_id = m.programme_id AND t.learner_id = m.learner_id AND t.institution_id = $2)) \
         ORDER BY programme_id, learner_id, proposal",
        MentorTermRow::COLUMN_LIST
    );
    let args = [programme_id.into(), institution_id.into(), month.ends_at_ms().into(), month.starts_at_ms().into()];
    store.query(&sql, &args).await
}

/// The lines of a month, by programme, learner and begin.
pub fn lines(
    mentorships: &[MentorshipTimesRow],
    terms: Vec<MentorTermRow>,
    prices: &Prices,
    billed: Billed,
) -> Vec<BillingLine> {
    let mut by_mentorship: BTreeMap<(String, String), Vec<MentorTermRow>> = BTreeMap::new();
    for mut it in terms.into_iter().filter(|it| it.from_ms <= billed.as_of_ms) {
        // What ended later had not ended then.
        if it.until_ms > billed.as_of_ms {
            it.until_ms = 0;
        }
        by_mentorship.entry((it.programme_id.clone(), it.learner_id.clone())).or_default().push(it);
    }
    let mut lines = Vec::new();
    for row in mentorships {
        let key = (row.programme_id.clone(), row.learner_id.clone());
        let Some(terms) = by_mentorship.get(&key) else { continue };
        let rounds = row.rounds(billed.as_of_ms);
        let (days, mut charged) = (days(terms, &rounds, billed), BTreeSet::new());
        for (term, days) in terms.iter().zip(days) {
            let Some(round) = round_of(&rounds, term) else { continue };
            let began = round.mentored_ms == Some(term.from_ms) && Month::of(term.from_ms) == billed.month;
            let is_first = began && charged.insert(round.number);
            let (basis, amount_minor, currency) = due(row, round, is_first, prices);
            if days == 0 && !is_first {
                continue;
            }
            lines.push(BillingLine {
                programme_id: term.programme_id.clone(),
                learner_id: term.learner_id.clone(),
                round: round.number,
                mentor_id: term.mentor_id.clone(),
                from_ms: term.from_ms,
                until_ms: term.until_ms,
                days,
                amount_minor,
                currency,
                basis: basis as i32,
            });
        }
    }
    lines
}

/// The round in which a mentor came.
fn round_of<'a>(rounds: &'a [Round], term: &MentorTermRow) -> Option<&'a Round> {
    rounds.iter().rfind(|it| it.asked_ms <= term.from_ms)
}

fn due(row: &MentorshipTimesRow, round: &Round, is_first: bool, prices: &Prices) -> (BillingBasis, i64, String) {
    match prices.at(&row.programme_id, round.mentored_ms.unwrap_or_default()) {
        None => (BillingBasis::NoPlan, 0, String::new()),
        Some(it) if it.included => (BillingBasis::Included, 0, it.currency),
        Some(it) if is_first => (BillingBasis::Price, it.amount_minor, it.currency),
        Some(it) => (BillingBasis::BilledBefore, 0, it.currency),
    }
}

/// How many days of the month count for each time with a mentor.
fn days(terms: &[MentorTermRow], rounds: &[Round], billed: Billed) -> Vec<u32> {
    let (first, end) = (billed.month.starts_at_ms(), billed.month.ends_at_ms().min(billed.as_of_ms + 1));
    let mut whose: BTreeMap<i64, usize> = BTreeMap::new();
    for (index, term) in terms.iter().enumerate() {
        let until = if term.until_ms == 0 { end } else { term.until_ms.min(end) };
        let (from, round) = (term.from_ms.max(first), round_of(rounds, term));
        let mut day = from.div_euclid(DAY_MS);
        while day * DAY_MS < until {
            let (from, until) = (from.max(day * DAY_MS), until.min((day + 1) * DAY_MS));
            if round.is_some_and(|it| it.awake_ms(from, until) > 0) {
                // A later mentor takes the day over.
                whose.insert(day, index);
            }
            day += 1;
        }
    }
    let mut days = vec![0; terms.len()];
    for it in whose.into_values() {
        days[it] += 1;
    }
    days
}

/// Sums by currency.
pub fn totals(lines: &[BillingLine]) -> Vec<BillingTotal> {
    let mut totals: BTreeMap<&str, BillingTotal> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for it in lines {
        let total = totals.entry(&it.currency).or_default();
        total.currency.clone_from(&it.currency);
        total.lines += 1;
        total.days += u64::from(it.days);
        total.amount_minor += it.amount_minor;
        let is_new = seen.insert((&it.currency, &it.programme_id, &it.learner_id, it.round));
        total.mentorships += u64::from(is_new);
    }
    totals.into_values().collect()
}

#[cfg(test)]
mod tests;
