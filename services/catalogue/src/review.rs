//! The way of a working copy to publication: written, reviewed by somebody else, offered as a numbered version.

use std::collections::BTreeSet;
use studium_kit::{Reason as _, Rejection};
use studium_proto::catalogue::v1::Reason;

/// Where a working copy stands. Retirement is the aggregate's own matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Being written.
    #[default]
    Draft,
    /// Waits for a reviewer.
    InReview,
    /// Approved, not offered yet.
    Approved,
    /// Offered; unchanged since.
    Published,
}

/// The way of a working copy to publication.
///
/// Each question answers `Ok(true)` if it is to happen now and `Ok(false)` if it is so already.
#[derive(Debug, Clone, Default)]
pub(crate) struct Review {
    stage: Stage,
    authors: BTreeSet<String>,
    /// The last request for changes, while nothing has been submitted since.
    wanted: Option<(String, String)>,
    version: u32,
}

type Answer = Result<bool, Rejection<Reason>>;

impl Review {
    /// Where the working copy stands.
    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// The latest version; 0 = never published.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// The person has written at the version in the making.
    pub(crate) fn is_author(&self, person: &str) -> bool {
        self.authors.contains(person)
    }

    /// The working copy may be changed.
    pub(crate) fn may_edit(&self) -> Result<(), Rejection<Reason>> {
        match self.stage {
            Stage::Draft | Stage::Published => Ok(()),
            Stage::InReview => Reason::InReview.because("it waits for a review; ask for changes to go on writing"),
            Stage::Approved => Reason::InReview.because("it is approved; ask for changes to go on writing"),
        }
    }

    /// The working copy may be handed in, if nothing that a version must have is `missing`.
    pub(crate) fn may_submit(&self, missing: &[&str]) -> Answer {
        match self.stage {
            Stage::InReview | Stage::Approved => Ok(false),
            Stage::Published => Reason::NothingToReview
                .because(format!("nothing has changed since version {} was published", self.version)),
            Stage::Draft if missing.is_empty() => Ok(true),
            Stage::Draft => Reason::Incomplete.because(format!("still missing: {}", missing.join(", "))),
        }
    }

    pub(crate) fn may_want_changes(&self, reviewer: &str, comment: &str) -> Answer {
        match self.stage {
            Stage::InReview | Stage::Approved => Ok(true),
            Stage::Draft if self.wanted.as_ref().is_some_and(|(who, what)| who == reviewer && what == comment) => {
                Ok(false)
            }
            Stage::Draft | Stage::Published => Reason::NotInReview.because("it was not handed in for review"),
        }
    }

    pub(crate) fn may_approve(&self, reviewer: &str) -> Answer {
        match self.stage {
            Stage::Approved => Ok(false),
            Stage::InReview if self.is_author(reviewer) => {
                Reason::ReviewerIsAuthor.because("you wrote at this version; somebody else reviews it")
            }
            Stage::InReview => Ok(true),
            Stage::Draft | Stage::Published => Reason::NotInReview.because("it was not handed in for review"),
        }
    }

    pub(crate) fn may_publish(&self) -> Answer {
        match self.stage {
            Stage::Published => Ok(false),
            Stage::Approved => Ok(true),
            Stage::Draft | Stage::InReview => Reason::NotApproved.because("no reviewer has approved it yet"),
        }
    }

    pub(crate) fn joined(&mut self, author: &str) {
        self.authors.insert(author.to_owned());
    }

    pub(crate) fn edited(&mut self) {
        self.stage = Stage::Draft;
    }

    pub(crate) fn submitted(&mut self, by: &str) {
        self.authors.insert(by.to_owned());
        self.wanted = None;
        self.stage = Stage::InReview;
    }

    pub(crate) fn changes_wanted(&mut self, reviewer: &str, comment: &str) {
        self.wanted = Some((reviewer.to_owned(), comment.to_owned()));
        self.stage = Stage::Draft;
    }

    pub(crate) fn approved(&mut self) {
        self.stage = Stage::Approved;
    }

    pub(crate) fn published(&mut self, version: u32) {
        self.version = version;
        self.authors.clear();
        self.wanted = None;
        self.stage = Stage::Published;
    }

    /// What every decider that has a review keeps: an invariant for laws.
    #[cfg(test)]
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.stage == Stage::Published && (self.version == 0 || !self.authors.is_empty()) {
            return Err("published, but no version, or somebody is writing".to_owned());
        }
        if matches!(self.stage, Stage::InReview | Stage::Approved) && self.authors.is_empty() {
            return Err("handed in by nobody".to_owned());
        }
        Ok(())
    }
}
