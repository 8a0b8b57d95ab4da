//! What came of the credentials' story, in plain words, with numbers read back from the views.

use super::{
    achievement::Issued,
    bureau::{COURSE, TOO_SHORT},
    recognition::{RECEIVER, Recognised},
    status::Changed,
    stranger::Checked,
};
use crate::{demo::sample::COURSES, progress::Output};
use serde_json::{Value, json};
use studium_proto::credentials::v1::Finding;

/// All that is told of credentials.
pub struct Report {
    /// What is wrong with the course that is too short.
    pub refused: Vec<Finding>,
    /// What was issued.
    pub issued: Issued,
    /// What a stranger made of one.
    pub checked: Checked,
    /// What another university made of it.
    pub recognised: Recognised,
    /// What happened later.
    pub changed: Changed,
}

/// Thousandths as people write them.
fn points(milli: u32) -> String {
    format!("{}.{}", milli / 1_000, milli % 1_000 / 100)
}

impl Report {
    /// Prints it for people.
    pub fn say(&self, output: Output) {
        let (course, short) = (&COURSES[COURSE], &COURSES[TOO_SHORT]);
        let codes: Vec<_> = self.refused.iter().map(|it| it.code.as_str()).collect();
        output.say(format!(
            "\n\"{}\" ({} hours) is no microcredential of the Common Microcredential Framework: {}.",
            short.title,
            short.hours,
            codes.join(", ")
        ));
        output.say(format!(
            "\"{}\" ({} hours, {} ECTS) is one. {} had passed it, and {} got a signed credential without asking, all within {:.1} s.",
            course.title,
            course.hours,
            points(self.issued.credits_milli),
            self.issued.passed,
            self.issued.signed,
            self.issued.seconds
        ));
        output.say(format!("A stranger who knows only {} finds:", self.checked.url));
        for sentence in &self.checked.sentences {
            output.say(format!("  {sentence}"));
        }
        let it = &self.recognised;
        output.say(format!(
            "{} handed it in at {RECEIVER}. {} wanted to refuse without a substantial difference ({}), then refused for the \
             workload; on appeal {} let it count for {} Korean credits. In the account: {} ECTS and {} of the Academic Credit Bank; \
             nothing was converted by itself.",
            it.learner,
            it.first_officer,
            it.refused_refusal,
            it.recognition.officer,
            points(it.recognition.credits_milli),
            it.ects_milli as f64 / 1_000.0,
            it.korean_milli as f64 / 1_000.0,
        ));
        let it = &self.changed;
        output.say(format!(
            "The university signs with a new key now; what the old one signed holds. {}'s credential was revoked, which strangers \
             saw after {} ms. {}'s was awarded anew with {} instead of {} points; the old one says which took its place.",
            it.revoked,
            it.seen_after_ms,
            it.reawarded,
            points(it.marks.1),
            points(it.marks.0)
        ));
    }

    /// For scripts.
    pub fn json(&self) -> Value {
        let findings: Vec<_> = self.refused.iter().map(|it| json!({"code": it.code, "detail": it.detail})).collect();
        json!({
            "refused": findings,
            "achievement": self.issued.achievement_id, "passed": self.issued.passed, "signed": self.issued.signed,
            "seconds": self.issued.seconds, "stranger": {"url": self.checked.url, "checks": self.checked.sentences},
            "recognised": {
                "learner": self.recognised.learner, "at": RECEIVER, "first_officer": self.recognised.first_officer,
                "officer": self.recognised.recognition.officer, "ects_milli": self.recognised.ects_milli,
                "korean_milli": self.recognised.korean_milli,
            },
            "revoked": self.changed.revoked, "revocation_seen_after_ms": self.changed.seen_after_ms as u64,
            "holds_after_rotation": self.changed.holds_after_rotation,
            "reawarded": {"learner": self.changed.reawarded, "credential": self.changed.anew},
        })
    }
}
