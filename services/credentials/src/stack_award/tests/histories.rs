//! Laws on random histories of a small world: learners, their accounts and their stack awards, whose policies take
//! their turns in any order.

use super::*;
use crate::{
    credit_account::{self, CreditAccount, Earning},
    stack_policies::{AccountsFollowStackAwards, StackAwardsFollowAccounts},
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use studium_kit::Policy as _;
use studium_proto::credentials::v1::{CreditsEarned, ReversalCause, credit_account_event::Event as AccountEvent};

const STACKS: [&str; 3] = ["s", "t", "u"];
const PARTS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What somebody does, or which policy takes its next turn.
#[derive(Debug, Clone)]
enum Turn {
    Earn(usize),
    Reverse(usize),
    Apply(usize, usize, usize),
    Release(usize),
    Policy(usize),
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => (0..5_usize).prop_map(Turn::Earn),
        1 => (0..5_usize).prop_map(Turn::Reverse),
        6 => (0..3_usize, 0..5_usize, 0..5_usize).prop_map(|(stack, a, b)| Turn::Apply(stack, a, b)),
        2 => (0..3_usize).prop_map(Turn::Release),
        15 => (0..2_usize).prop_map(Turn::Policy),
    ]
}

/// One event of the service's stream.
#[derive(Debug, Clone)]
enum Happened {
    Account(AccountEvent),
    Award(String, Event),
}

/// Ada's account, her stack awards, one stream, and how far each policy has followed it.
#[derive(Default)]
struct World {
    account: CreditAccount,
    awards: BTreeMap<String, StackAward>,
    stream: Vec<Happened>,
    followed: [usize; 2],
    /// From the stream alone: what is entered and not taken back, and which award uses it.
    entered: BTreeMap<String, u32>,
    ever: BTreeSet<String>,
    used: BTreeMap<String, String>,
    balance: i64,
    awarded: usize,
    lost: usize,
    refused: usize,
}

impl World {
    fn ask_account(&mut self, command: credit_account::Command) {
        for it in self.account.decide(&By::platform(1).asks(command)).unwrap() {
            self.account.evolve(&it);
            self.stream.push(Happened::Account(it));
        }
    }

    fn ask_award(&mut self, id: &str, asked: &Asked<Command>) {
        let award = self.awards.entry(id.to_owned()).or_default();
        for it in award.decide(asked).unwrap_or_default() {
            award.evolve(&it);
            self.stream.push(Happened::Award(id.to_owned(), it));
        }
    }

    fn follow(&mut self, policy: usize) {
        let Some(event) = self.stream.get(self.followed[policy]).cloned() else { return };
        self.followed[policy] += 1;
        match (policy, event) {
            (0, Happened::Award(id, it)) => {
                for it in AccountsFollowStackAwards.react(&id, &it, 1) {
                    assert_eq!(it.id, "ada~ects");
                    self.ask_account(it.command.command);
                }
            }
            (1, Happened::Account(it)) => {
                for it in StackAwardsFollowAccounts.react("ada~ects", &it, 1) {
                    self.ask_award(&it.id, &it.command);
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, turn: &Turn) {
        match turn {
            Turn::Earn(part) => self.ask_account(credit_account::Command::Earn(Box::new(Earning {
                scheme: AwardScheme::Ects,
                entry: CreditsEarned {
                    credential_id: PARTS[*part].into(),
                    credits_milli: 5_000,
                    ..CreditsEarned::default()
                },
                ..Earning::default()
            }))),
            Turn::Reverse(part) => {
                let (entry_id, cause) = (PARTS[*part].to_owned(), ReversalCause::Revoked);
                self.ask_account(credit_account::Command::Reverse { entry_id, cause });
            }
            // The views from which an application is made may be behind: everything looks free.
            Turn::Apply(stack, a, b) => {
                let id = id(STACKS[*stack], 1, "ada");
                self.ask_award(&id, &ask(request(&[PARTS[*a], PARTS[*b]])));
            }
            Turn::Release(stack) => self.ask_award(&id(STACKS[*stack], 1, "ada"), &ask(release())),
            Turn::Policy(policy) => self.follow(*policy),
        }
    }

    /// Reads what is new in the stream as a partner would, and says which law it breaks.
    fn judge(&mut self, from: usize) -> Result<(), String> {
        for happened in self.stream[from..].iter().cloned() {
            match happened {
                Happened::Account(AccountEvent::CreditsEarned(it)) => {
                    if !self.ever.insert(it.credential_id.clone()) {
                        return Err(format!("{} earns twice", it.credential_id));
                    }
                    self.balance += i64::from(it.credits_milli);
                    self.entered.insert(it.credential_id, it.credits_milli);
                }
                Happened::Account(AccountEvent::CreditsApplied(it)) => {
                    for line in it.lines {
                        self.balance -= i64::from(line.credits_milli);
                        if let Some(other) = self.used.insert(line.entry_id.clone(), it.award_id.clone()) {
                            return Err(format!("{} is used by {other} and {}", line.entry_id, it.award_id));
                        }
                    }
                }
                Happened::Account(AccountEvent::CreditsReleased(it)) => {
                    for line in it.lines {
                        self.balance += i64::from(line.credits_milli);
                        if self.used.remove(&line.entry_id).as_ref() != Some(&it.award_id) {
                            return Err(format!("{} was not used by {}", line.entry_id, it.award_id));
                        }
                    }
                }
                Happened::Account(AccountEvent::CreditsReversed(it)) => {
                    self.balance -= i64::from(it.credits_milli);
                    self.lost += usize::from(!it.award_id.is_empty());
                    if self.entered.remove(&it.entry_id) != Some(it.credits_milli) {
                        return Err(format!("{} is taken back, but not exactly", it.entry_id));
                    }
                }
                Happened::Account(AccountEvent::CreditsNotApplied(_)) => self.refused += 1,
                Happened::Award(_, Event::StackAwarded(_)) => self.awarded += 1,
                _ => {}
            }
        }
        let free: i64 = self.entered.iter().filter(|it| !self.used.contains_key(it.0)).map(|it| i64::from(*it.1)).sum();
        if self.balance < 0 || self.balance != free {
            return Err(format!("the balance is {}, free is {free}", self.balance));
        }
        Ok(())
    }

    /// Lets all policies come to rest; then awards use their components or know which they lost, and nothing else is
    /// used.
    fn come_to_rest(&mut self) -> Result<(), String> {
        while self.followed.iter().any(|it| *it < self.stream.len()) {
            let from = self.stream.len();
            (0..2).for_each(|policy| self.follow(policy));
            self.judge(from)?;
        }
        let mut wanted = BTreeMap::new();
        for (award_id, it) in &self.awards {
            match it.state {
                StackAwardState::Requested => return Err(format!("{award_id} never hears")),
                StackAwardState::Awarded => {
                    let held = it.components.iter().filter(|part| !it.lost.contains(*part));
                    wanted.extend(held.map(|part| (part.clone(), award_id.clone())));
                }
                _ => {}
            }
        }
        if wanted == self.used { Ok(()) } else { Err(format!("used {:?}, wanted {wanted:?}", self.used)) }
    }
}

#[test]
fn no_credit_is_in_two_stacks_whoever_comes_first() {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == proptest::test_runner::RngSeed::Random {
        config.rng_seed = proptest::test_runner::RngSeed::Fixed(1);
    }
    let seen = std::cell::Cell::new([0; 3]);
    proptest!(config, |(turns in prop::collection::vec(any_turn(), 1..200))| {
        let mut world = World::default();
        for turn in turns {
            let from = world.stream.len();
            world.turn(&turn);
            world.judge(from).map_err(TestCaseError::fail)?;
        }
        world.come_to_rest().map_err(TestCaseError::fail)?;
        let before = seen.get();
        seen.set([before[0] + world.awarded, before[1] + world.refused, before[2] + world.lost]);
    });
    assert!(seen.get().iter().all(|it| *it > 50), "too little happens (awarded, refused, lost): {:?}", seen.get());
}
