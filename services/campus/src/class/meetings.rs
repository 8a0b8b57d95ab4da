//! The meetings of a class: when and where, who was there, and what is to be done before them.

use super::{Class, Meeting, No, Work, no_content, one_more};
use studium_kit::{Decision, Reason as _};
use studium_proto::campus::v1::{
    ClassAttendance, ClassAttendanceRecorded, ClassMeetingCancelled, ClassMeetingRescheduled, ClassMeetingScheduled,
    ClassWorkAssigned, ClassWorkDone, Reason, class_event::Event,
};

impl Class {
    pub(super) fn meetings_change(&mut self, event: &Event) {
        match event {
            Event::ClassMeetingScheduled(it) => {
                let meeting = Meeting { plan: it.clone(), ..Meeting::default() };
                self.meetings.insert(it.meeting_id.clone(), meeting);
            }
            Event::ClassMeetingRescheduled(it) => {
                if let Some(meeting) = self.meetings.get_mut(&it.meeting_id) {
                    meeting.plan = replanned(&meeting.plan, it);
                }
            }
            Event::ClassMeetingCancelled(it) => {
                if let Some(meeting) = self.meetings.get_mut(&it.meeting_id) {
                    meeting.is_cancelled = true;
                }
            }
            Event::ClassAttendanceRecorded(it) => {
                let number = self.number(&it.learner_id);
                if let (Some(meeting), Some(number)) = (self.meetings.get_mut(&it.meeting_id), number) {
                    meeting.attendance.insert(number, it.attendance);
                }
            }
            Event::ClassWorkAssigned(it) => {
                self.work.insert(it.work_id.clone(), Work { assigned: it.clone(), ..Work::default() });
            }
            Event::ClassWorkDone(it) => {
                let number = self.number(&it.learner_id);
                if let (Some(work), Some(number)) = (self.work.get_mut(&it.work_id), number) {
                    *work.done.entry(number).or_default() |= bits(&work.assigned, &it.content_ids);
                }
            }
            _ => {}
        }
    }

    pub(super) fn schedule(&self, it: &ClassMeetingScheduled) -> Decision<Self> {
        match self.meetings.get(&it.meeting_id) {
            Some(old) if old.plan == *it && !old.is_cancelled => return Ok(Vec::new()),
            Some(_) => {
                return Reason::MeetingExists.because(format!("`{}` is, or was, another meeting", it.meeting_id));
            }
            None => one_more(self.meetings.len(), "meetings")?,
        }
        must_make_sense(it)?;
        Ok(vec![Event::ClassMeetingScheduled(it.clone())])
    }

    pub(super) fn reschedule(&self, it: &ClassMeetingRescheduled) -> Decision<Self> {
        let meeting = self.meeting(&it.meeting_id)?;
        let plan = replanned(&meeting.plan, it);
        if plan == meeting.plan {
            return Ok(Vec::new());
        }
        must_not_have_been(meeting)?;
        must_make_sense(&plan)?;
        Ok(vec![Event::ClassMeetingRescheduled(it.clone())])
    }

    pub(super) fn cancel(&self, it: &ClassMeetingCancelled) -> Decision<Self> {
        if self.meetings.get(&it.meeting_id).is_some_and(|it| it.is_cancelled) {
            return Ok(Vec::new());
        }
        must_not_have_been(self.meeting(&it.meeting_id)?)?;
        Ok(vec![Event::ClassMeetingCancelled(it.clone())])
    }

    /// A meeting that was not cancelled.
    fn meeting(&self, meeting_id: &str) -> Result<&Meeting, No> {
        match self.meetings.get(meeting_id) {
            None => Reason::MeetingNotFound.because(format!("the class has no meeting `{meeting_id}`")),
            Some(it) if it.is_cancelled => {
                Reason::MeetingCancelled.because(format!("the meeting `{meeting_id}` was cancelled"))
            }
            Some(it) => Ok(it),
        }
    }

    pub(super) fn record_attendance(&self, meeting_id: &str, rows: &[(String, ClassAttendance)]) -> Decision<Self> {
        let meeting = self.meeting(meeting_id)?;
        let mut events = Vec::new();
        for (learner_id, attendance) in rows {
            let number = self.recorded(learner_id, |it| meeting.attendance.contains_key(&it))?;
            let previous = meeting.attendance.get(&number).copied().unwrap_or_default();
            let attendance = i32::from(*attendance);
            if attendance != previous {
                let (meeting_id, learner_id) = (meeting_id.to_owned(), learner_id.clone());
                let noted = ClassAttendanceRecorded { meeting_id, learner_id, attendance, previous };
                events.push(Event::ClassAttendanceRecorded(noted));
            }
        }
        Ok(events)
    }

    pub(super) fn assign(&self, it: &ClassWorkAssigned, unknown: &[String]) -> Decision<Self> {
        match self.work.get(&it.work_id) {
            Some(old) if old.assigned == *it => return Ok(Vec::new()),
            Some(_) => {
                return Reason::WorkExists.because(format!("`{}` is another piece of work already", it.work_id));
            }
            None => one_more(self.work.len(), "pieces of work")?,
        }
        let meeting = self.meeting(&it.meeting_id)?;
        if it.due_at_ms > meeting.plan.starts_at_ms {
            return Reason::WorkDueAfterMeeting.because("the meeting begins before the work is due");
        }
        if let Some(content_id) = unknown.first() {
            return no_content(content_id);
        }
        Ok(vec![Event::ClassWorkAssigned(it.clone())])
    }

    pub(super) fn work_done(
        &self,
        work_id: &str,
        learner_ids: &[String],
        content_ids: &[String],
        (done_at_ms, said_by_learner): (i64, bool),
    ) -> Decision<Self> {
        let Some(work) = self.work.get(work_id) else {
            return Reason::WorkNotFound.because(format!("the class has no piece of work `{work_id}`"));
        };
        let whole = &work.assigned.content_ids;
        if let Some(other) = content_ids.iter().find(|it| !whole.contains(it)) {
            return no_content(other);
        }
        let asked = bits(&work.assigned, if content_ids.is_empty() { whole } else { content_ids });
        let mut events = Vec::new();
        for learner_id in learner_ids {
            let number = self.recorded(learner_id, |_| false)?;
            let new = asked & !work.done.get(&number).copied().unwrap_or_default();
            let content_ids: Vec<_> =
                whole.iter().zip(0..).filter(|(_, n)| bit(*n) & new != 0).map(|(it, _)| it.clone()).collect();
            if !content_ids.is_empty() {
                let (work_id, learner_id) = (work_id.to_owned(), learner_id.clone());
                let done = ClassWorkDone { work_id, learner_id, content_ids, done_at_ms, said_by_learner };
                events.push(Event::ClassWorkDone(done));
            }
        }
        Ok(events)
    }
}

/// The place of a content within the work: no bit beyond the 64th, which the form of the call keeps from happening.
fn bit(place: u32) -> u64 {
    1_u64.checked_shl(place).unwrap_or_default()
}

fn bits(work: &ClassWorkAssigned, content_ids: &[String]) -> u64 {
    let places = work.content_ids.iter().zip(0..).filter(|(it, _)| content_ids.contains(it));
    places.fold(0, |bits, (_, place)| bits | bit(place))
}

fn replanned(plan: &ClassMeetingScheduled, it: &ClassMeetingRescheduled) -> ClassMeetingScheduled {
    ClassMeetingScheduled {
        starts_at_ms: it.starts_at_ms,
        ends_at_ms: it.ends_at_ms,
        room: it.room.clone(),
        url: it.url.clone(),
        ..plan.clone()
    }
}

fn must_make_sense(it: &ClassMeetingScheduled) -> Result<(), No> {
    if it.ends_at_ms <= it.starts_at_ms {
        return Reason::MeetingMakesNoSense.because("it does not end after it began");
    }
    if it.room.is_empty() == it.url.is_empty() {
        return Reason::MeetingMakesNoSense.because("it is either face to face in a room or online at a URL");
    }
    Ok(())
}

fn must_not_have_been(meeting: &Meeting) -> Result<(), No> {
    if meeting.attendance.is_empty() {
        return Ok(());
    }
    Reason::MeetingTookPlace.because("attendance was recorded, so it took place as it was scheduled")
}
