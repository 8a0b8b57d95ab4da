//! Watches one programme in the mentorship stream: who is proposed, refused, assigned, and who finds nobody.

use super::desk::{MentorDesk, Programme};
use anyhow::{Context as _, Result};
use std::{collections::BTreeSet, time::Duration};
use studium_kit::Event as _;
use studium_log::Follow;
use studium_proto::mentorship::v1::{ProposalEnd, mentorship_event::Event};
use tokio::time::timeout;

/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_mins(2);

/// What has happened so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// Proposals made.
    pub proposed: u64,
    /// Proposals that came to nothing since the place had gone to somebody else meanwhile.
    pub refused: u64,
    /// Learners with a mentor, the last of them at a position.
    pub assigned: u64,
    /// The position of the latest assignment.
    pub position: u64,
    /// Learners for whom there is nobody at present.
    pub in_vain: BTreeSet<String>,
}

/// A proposal that a mentor may accept, or the learner who got a mentor.
#[derive(Debug)]
pub enum News {
    /// The mentor has a place for the learner.
    Opened { learner: String, mentor: String },
    /// The learner has a mentor.
    Assigned { learner: String },
}

/// Follows the stream for one programme.
pub struct Watch {
    follow: Follow,
    prefix: String,
    pub seen: Seen,
}

impl Watch {
    /// Begins where the stream ends now.
    pub async fn begin(desk: &MentorDesk, programme: Programme) -> Result<Self> {
        let head = desk.log.head("mentorship").await?;
        let prefix = format!("{}~", programme.id());
        Ok(Self { follow: desk.log.follow("mentorship", head), prefix, seen: Seen::default() })
    }

    /// Whether so many learners have a mentor, or are told that there is none.
    pub fn is_settled(&self, learners: u32) -> bool {
        self.seen.assigned + self.seen.in_vain.len() as u64 >= u64::from(learners)
    }

    /// What happens next.
    pub async fn next(&mut self) -> Result<Vec<News>> {
        let commits = timeout(PATIENCE, self.follow.next()).await;
        let commits = commits.with_context(|| format!("nothing happened for two minutes after {:?}", self.seen))??;
        let mut news = vec![];
        for stored in commits.iter().filter(|it| it.aggregate() == Event::AGGREGATE) {
            let Some(learner) = stored.id().strip_prefix(&self.prefix) else { continue };
            for bytes in &stored.commit.events {
                let event = Event::from_bytes(bytes).ok().flatten().context("an event cannot be read")?;
                news.extend(self.take_in(learner, event, stored.position));
            }
        }
        Ok(news)
    }

    fn take_in(&mut self, learner: &str, event: Event, position: u64) -> Option<News> {
        let seen = &mut self.seen;
        let learner = learner.to_owned();
        match event {
            Event::MentorProposed(_) => {
                seen.proposed += 1;
                seen.in_vain.remove(&learner);
                None
            }
            Event::ProposalEnded(it) => {
                seen.refused += u64::from(it.end() == ProposalEnd::NoPlace);
                None
            }
            Event::NoMentorFound(_) => {
                seen.in_vain.insert(learner);
                None
            }
            Event::ProposalOpened(it) => Some(News::Opened { learner, mentor: it.mentor_id }),
            Event::MentorAssigned(_) => {
                (seen.assigned, seen.position) = (seen.assigned + 1, position);
                Some(News::Assigned { learner })
            }
            _ => None,
        }
    }
}
