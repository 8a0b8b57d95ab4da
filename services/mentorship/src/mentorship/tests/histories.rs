//! Laws on random histories: of one mentorship, and of a small world of mentors and learners whose policies
//! take their turns in any order.

use super::*;
use crate::{
    mentor::{self, Mentor},
    policies::{MentorshipsHearOfPlaces, PlacesFollowMentorships, follow_mentor},
    seeking_policies::begins_search,
};
use proptest::prelude::*;
use studium_kit::Policy as _;
use studium_proto::mentorship::v1::{BlockedBy, MentorDescribed, mentor_event::Event as MentorEvent};

const MENTORS: [&str; 3] = ["mia", "noa", "oto"];
const LEARNERS: [&str; 4] = ["ada", "bob", "cyd", "mia"];

pub(super) fn any_command() -> impl Strategy<Value = Command> {
    let mentor = || (0..3_usize).prop_map(|it| MENTORS[it].to_owned());
    let proposal = || 1..6_u32;
    let cause = || prop_oneof![Just(HandOverCause::Learner), Just(HandOverCause::Staff)];
    prop_oneof![
        2 => any::<bool>().prop_map(|is_paid| {
            Command::Join { institution_id: "ou".into(), programme_version: 1, is_paid }
        }),
        1 => Just(Command::Settle),
        5 => mentor().prop_map(|it| propose(&it)),
        2 => mentor().prop_map(|it| assign(&it)),
        6 => proposal().prop_map(|proposal| Command::Open { proposal }),
        2 => proposal().prop_map(|proposal| Command::Refuse { proposal, refusal: PlaceRefusal::Full }),
        5 => mentor().prop_map(|it| accept(&it)),
        2 => mentor().prop_map(|it| decline(&it)),
        1 => Just(Command::Lapse { answer_by_ms: NOW + 3 * DAY_MS }),
        1 => Just(Command::NoneFound(NoMentorFound::default())),
        3 => cause().prop_map(hand_over),
        1 => Just(Command::CancelHandOver { mentor_id: String::new() }),
        1 => Just(Command::Overdue { due_ms: NOW + 21 * DAY_MS }),
        1 => mentor().prop_map(|mentor_id| Command::Away { mentor_id, leaves_within_minutes: Some(DAY) }),
        1 => mentor().prop_map(|mentor_id| Command::Bar { mentor_id, within_minutes: DAY }),
        1 => Just(Command::Pause),
        2 => Just(Command::Resume),
        1 => Just(end(MentorshipEnd::Withdrawn)),
        1 => (1..6_u32).prop_map(|stars| Command::Rate { stars, comment: String::new() }),
    ]
}

/// What somebody does, or which policy takes its next turn.
#[derive(Debug, Clone)]
enum Turn {
    Mentor(usize, mentor::Command),
    Learner(usize, Command),
    /// Whoever is proposed to the learner accepts.
    Yes(usize),
    Policy(usize),
}

fn any_turn() -> impl Strategy<Value = Turn> {
    let of_mentor = prop_oneof![
        2 => (0..4_u32).prop_map(mentor::Command::SetCapacity),
        2 => Just(register()),
        1 => Just(mentor::Command::Pause { until_ms: 0, reason: String::new() }),
        1 => Just(mentor::Command::Resume),
        1 => Just(mentor::Command::Leave { reason: String::new() }),
        1 => (0..4_usize).prop_map(|it| mentor::Command::Block {
            learner_id: LEARNERS[it].into(),
            by: BlockedBy::Learner,
            reason: String::new(),
        }),
    ];
    prop_oneof![
        1 => (0..3_usize, of_mentor).prop_map(|(who, command)| Turn::Mentor(who, command)),
        8 => (0..4_usize, any_command()).prop_filter_map("policies do these", |(who, command)| {
            let by_policy = matches!(
                command,
                Command::Open { .. } | Command::Refuse { .. } | Command::Away { .. } | Command::Bar { .. }
                    | Command::NoneFound(_)
            );
            (!by_policy).then_some(Turn::Learner(who, command))
        }),
        6 => (0..4_usize).prop_map(Turn::Yes),
        30 => (0..4_usize).prop_map(Turn::Policy),
    ]
}

fn register() -> mentor::Command {
    let (mentor_id, institution_id, profile) = (String::new(), String::new(), MentorDescribed::default());
    mentor::Command::Register { mentor_id, institution_id, profile, capacity: 2 }
}

/// One event of the service's stream.
#[derive(Debug, Clone)]
enum Happened {
    Mentor(String, MentorEvent),
    Mentorship(String, Event),
}

/// Mentors, learners, one stream, and how far each policy has followed it.
struct World {
    mentors: BTreeMap<String, Mentor>,
    mentorships: BTreeMap<String, Mentorship>,
    stream: Vec<Happened>,
    followed: [usize; 4],
    /// From the stream alone: who is whose mentor, and which pairs are blocked.
    mentor_of: BTreeMap<String, String>,
    blocked: BTreeSet<(String, String)>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            mentors: BTreeMap::new(),
            mentorships: LEARNERS.iter().map(|it| (format!("p~{it}"), Mentorship::default())).collect(),
            stream: Vec::new(),
            followed: [0; 4],
            mentor_of: BTreeMap::new(),
            blocked: BTreeSet::new(),
        };
        for it in MENTORS {
            world.mentors.insert(it.to_owned(), Mentor::default());
            world.ask_mentor(it, &By::platform(NOW).asks(register()));
        }
        world
    }

    fn ask_mentor(&mut self, id: &str, asked: &Asked<mentor::Command>) {
        let Some(mentor) = self.mentors.get_mut(id) else { return };
        let events = mentor.decide(asked).unwrap_or_default();
        for it in &events {
            mentor.evolve(it);
        }
        self.stream.extend(events.into_iter().map(|it| Happened::Mentor(id.to_owned(), it)));
    }

    fn ask_mentorship(&mut self, id: &str, asked: &Asked<Command>) {
        let Some(mentorship) = self.mentorships.get_mut(id) else { return };
        let events = mentorship.decide(asked).unwrap_or_default();
        for it in &events {
            mentorship.evolve(it);
        }
        self.stream.extend(events.into_iter().map(|it| Happened::Mentorship(id.to_owned(), it)));
    }

    /// Hands the next event to a policy. The search is the one with its own mind: it takes the first who is not tried.
    fn follow(&mut self, policy: usize) {
        let Some(event) = self.stream.get(self.followed[policy]).cloned() else { return };
        self.followed[policy] += 1;
        match (policy, &event) {
            (0, Happened::Mentorship(id, it)) => {
                for it in PlacesFollowMentorships.react(id, it, NOW) {
                    self.ask_mentor(&it.id, &it.command);
                }
            }
            (1, Happened::Mentor(id, it)) => {
                for it in MentorshipsHearOfPlaces.react(id, it, NOW) {
                    self.ask_mentorship(&it.id, &it.command);
                }
            }
            (2, Happened::Mentor(mentor, it)) => {
                let (MentorEvent::MentorPaused(_) | MentorEvent::MentorLeaving(_) | MentorEvent::PairBlocked(_)) = it
                else {
                    return;
                };
                let ids: Vec<_> = self.mentorships.keys().cloned().collect();
                for id in ids {
                    let learner = id.split_once('~').map_or("", |it| it.1);
                    let concerns = !matches!(it, MentorEvent::PairBlocked(it) if it.learner_id != learner);
                    if let Some(command) = follow_mentor(mentor, it, DAY).filter(|_| concerns) {
                        self.ask_mentorship(&id, &ask(command));
                    }
                }
            }
            (3, Happened::Mentorship(id, it)) if begins_search(it) => {
                let mentorship = &self.mentorships[id];
                let tried = |it: &&&str| !mentorship.tried.contains_key(**it) && mentorship.mentor() != Some(**it);
                let next = MENTORS.iter().find(tried).map(|it| propose(it));
                let learner_id = id.split_once('~').map_or("", |it| it.1).to_owned();
                let command = match next {
                    Some(Command::Propose(it)) => Command::Propose(Proposed { learner_id, ..it }),
                    _ => Command::NoneFound(NoMentorFound::default()),
                };
                self.ask_mentorship(&id.clone(), &ask(command));
            }
            _ => {}
        }
    }

    /// Reads what is new in the stream as a partner would, and says which law it breaks.
    fn judge(&mut self, from: usize) -> Result<(), String> {
        for happened in &self.stream[from..] {
            match happened {
                Happened::Mentor(mentor, MentorEvent::PairBlocked(it)) => {
                    self.blocked.insert((mentor.clone(), it.learner_id.clone()));
                }
                Happened::Mentor(mentor, MentorEvent::PlaceTaken(it)) => {
                    let learner = it.mentorship_id.split_once('~').map_or("", |it| it.1);
                    if self.blocked.contains(&(mentor.clone(), learner.to_owned())) {
                        return Err(format!("{mentor} and {learner} are to meet again"));
                    }
                }
                Happened::Mentorship(id, Event::MentorAssigned(it)) => {
                    let before = self.mentor_of.insert(id.clone(), it.mentor_id.clone()).unwrap_or_default();
                    if before != it.previous_mentor_id {
                        return Err(format!(
                            "{id}: {} follows {:?}, not {before:?}",
                            it.mentor_id, it.previous_mentor_id
                        ));
                    }
                    if id.ends_with(&format!("~{}", it.mentor_id)) {
                        return Err(format!("{id} mentors himself"));
                    }
                }
                Happened::Mentorship(id, Event::MentorshipEnded(_)) => drop(self.mentor_of.remove(id)),
                _ => {}
            }
        }
        for (id, mentorship) in &self.mentorships {
            // From the first assignment to the end there is exactly the one whom the stream tells of.
            if mentorship.mentor() != self.mentor_of.get(id).map(String::as_str) {
                return Err(format!(
                    "{id} has {:?}, the stream says {:?}",
                    mentorship.mentor(),
                    self.mentor_of.get(id)
                ));
            }
            let has_place = |mentor: &str| self.mentors[mentor].holds(id);
            if mentorship.mentor().is_some_and(|it| !has_place(it)) {
                return Err(format!("{id} has no place with its mentor"));
            }
        }
        match self.mentors.iter().find(|(_, it)| it.is_overfull()) {
            Some((id, _)) => Err(format!("{id} has more mentees than places")),
            None => Ok(()),
        }
    }

    /// Lets all policies come to rest; then places are held for mentors and open proposals, and for nothing else.
    fn come_to_rest(&mut self) -> Result<(), String> {
        for _ in 0..10_000 {
            if self.followed.iter().all(|it| *it == self.stream.len()) {
                let wanted: BTreeSet<_> = (self.mentorships.iter())
                    .flat_map(|(id, it)| {
                        let open = it.open.as_ref().map(|open| open.mentor_id.clone());
                        let mentor = it.mentor().map(str::to_owned);
                        open.into_iter().chain(mentor).map(move |mentor| (mentor, id.clone()))
                    })
                    .collect();
                let held: BTreeSet<_> = (self.mentors.iter())
                    .flat_map(|(mentor, it)| it.held().into_iter().map(move |id| (mentor.clone(), id)))
                    .collect();
                return if held == wanted { Ok(()) } else { Err(format!("held {held:?}, wanted {wanted:?}")) };
            }
            let from = self.stream.len();
            (0..4).for_each(|policy| self.follow(policy));
            self.judge(from)?;
        }
        Err("the policies never come to rest".to_owned())
    }
}

#[test]
fn everybody_has_exactly_one_mentor_with_a_place_whoever_comes_and_goes() {
    let assignments = std::cell::Cell::new(0);
    proptest!(laws::config(), |(turns in prop::collection::vec(any_turn(), 1..300))| {
        let mut world = World::new();
        world.judge(0).map_err(TestCaseError::fail)?;
        for turn in turns {
            let from = world.stream.len();
            match turn {
                Turn::Mentor(who, command) => world.ask_mentor(MENTORS[who], &By::platform(NOW).asks(command)),
                Turn::Learner(who, command) => {
                    let learner_id = LEARNERS[who].to_owned();
                    let command = match command {
                        Command::Propose(it) => Command::Propose(Proposed { learner_id, ..it }),
                        it => it,
                    };
                    world.ask_mentorship(&format!("p~{}", LEARNERS[who]), &ask(command));
                }
                Turn::Yes(who) => {
                    let id = format!("p~{}", LEARNERS[who]);
                    if let Some(open) = world.mentorships[&id].open.clone() {
                        world.ask_mentorship(&id, &ask(accept(&open.mentor_id)));
                    }
                }
                Turn::Policy(policy) => world.follow(policy),
            }
            world.judge(from).map_err(TestCaseError::fail)?;
        }
        world.come_to_rest().map_err(TestCaseError::fail)?;
        let assigned = |it: &&Happened| matches!(it, Happened::Mentorship(_, Event::MentorAssigned(_)));
        assignments.set(assignments.get() + world.stream.iter().filter(assigned).count());
    });
    assert!(assignments.get() > 100, "the histories assign nobody: {}", assignments.get());
}
