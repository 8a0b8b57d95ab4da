//! Calls that show desks, mentoring records and signals, and those that answer a signal.

use super::{Api, Reply, TEXT_MAX, done, no};
use crate::{
    conversations::Conversations,
    desk_rows,
    mentee_programmes::{self, MenteeProgrammes},
    mentee_progress::{self, MenteeProgress, MenteeProgressRow},
    mentor_terms::{self, MentorTermRow, MentorTerms},
    mentoring_programmes,
    mentors::{self, Mentors},
    mentorships::{self, Mentorships},
    mentorships_of, record_counts,
    reviews::Reviews,
    risk::{Command, Risk},
    risk_signals::{self, Only, RiskSignals},
    sessions::Sessions,
};
use studium_kit::{By, Call, Fields, Page, fault};
use studium_proto::mentorship::v1::{
    AcknowledgeSignalRequest, AcknowledgeSignalResponse, GetMentorDeskRequest, GetMentorDeskResponse,
    GetMentoringRecordRequest, GetMentoringRecordResponse, ListSignalsRequest, ListSignalsResponse, MentoringRecord,
    Reason, RiskSignal, desk_service_server::DeskService,
};
use tonic::{Request, Response, Status};

impl Api {
    /// The record of one mentorship that the caller may see; none if it is another mentor's or institution's.
    async fn record(
        &self,
        call: &Call,
        it: &GetMentoringRecordRequest,
        row: mentorships::MentorshipRow,
    ) -> Result<Option<MentoringRecord>, Status> {
        let store = self.app.store();
        let terms = mentor_terms::of_mentorship(store, &row.programme_id, &it.learner_id).await.map_err(fault)?;
        let subject = call.caller.subject.as_str();
        let is_learner = subject == it.learner_id;
        let as_mentor = !is_learner && !call.caller.acts_for_all() && subject == it.mentor_id;
        let is_mentor = row.proposed_mentor_id == subject || terms.iter().any(|it| it.mentor_id == subject);
        let asks = By::caller(call, &[&it.learner_id, &it.mentor_id], &it.institution_id);
        if (as_mentor && !is_mentor) || !asks.acts_for(&row.institution_id) {
            return Ok(None);
        }
        let programme = mentoring_programmes::programme(store, &row.programme_id).await.map_err(fault)?;
        let courses = programme.as_ref().map_or(&[][..], |it| &it.course_ids.0);
        let progress = mentee_progress::of_learner(store, &it.learner_id).await.map_err(fault)?;
        let stands = mentee_programmes::of_learner(store, &it.learner_id).await.map_err(fault)?;
        let stands = stands.into_iter().find(|it| it.programme_id == row.programme_id).unwrap_or_default();
        let signals = risk_signals::of_learner(store, &it.learner_id).await.map_err(fault)?;
        let signals = signals.into_iter().filter(|it| it.programme_id == row.programme_id);
        let counts = record_counts::of_mentorship(store, &row.programme_id, &it.learner_id).await.map_err(fault)?;
        Ok(Some(MentoringRecord {
            sessions_held: counts.sessions.0,
            sessions_to_come: counts.sessions.1,
            reviews: counts.reviews.0,
            reviews_open: counts.reviews.1,
            conversations: counts.conversations.0,
            questions_open: counts.conversations.1,
            programme_title: programme.as_ref().map(|it| it.title.clone()).unwrap_or_default(),
            terms: terms.into_iter().map(MentorTermRow::shown).collect(),
            proposals: stands.proposals,
            proposals_declined: stands.declined,
            proposals_lapsed: stands.lapsed,
            courses_needed: stands.courses_needed,
            courses_completed: stands.courses_completed.0.len() as u32,
            progress: desk_rows::in_courses(&progress, courses).map(MenteeProgressRow::shown).collect(),
            signals: signals.map(|it| it.shown(&row.mentor_id, !is_learner)).collect(),
            mentorship: Some(row.shown()),
        }))
    }
}

#[tonic::async_trait]
impl DeskService for Api {
    async fn acknowledge_signal(&self, request: Request<AcknowledgeSignalRequest>) -> Reply<AcknowledgeSignalResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.id("learner_id", &it.learner_id);
        fields.check("signal", it.signal > 0, "is not the number of a signal");
        fields.optional_id("mentor_id", &it.mentor_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.optional_text("note", &it.note, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let row = mentorships::mentorship(self.app.store(), &it.programme_id, &it.learner_id).await.map_err(fault)?;
        let as_mentor = call.caller.subject == it.mentor_id && !it.mentor_id.is_empty();
        let command = Command::Acknowledge {
            signal: it.signal,
            present_mentor_id: row.map(|it| it.mentor_id).unwrap_or_default(),
            mentor_id: if as_mentor { it.mentor_id.clone() } else { String::new() },
            note: it.note,
        };
        let asked = By::caller(&call, &[&it.mentor_id], &it.institution_id).asks(command);
        let id = format!("{}~{}", it.programme_id, it.learner_id);
        done!(AcknowledgeSignalResponse, self.app.decide::<Risk>(&call, &id, &asked).await?)
    }

    async fn get_mentor_desk(&self, request: Request<GetMentorDeskRequest>) -> Reply<GetMentorDeskResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        fields.done()?;
        self.app.reached::<Mentors>(it.min_position).await?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        self.app.reached::<RiskSignals>(it.min_position).await?;
        self.app.reached::<Conversations>(it.min_position).await?;
        self.app.reached::<Reviews>(it.min_position).await?;
        self.app.reached::<Sessions>(it.min_position).await?;
        let store = self.app.store();
        let Some(mentor) = mentors::mentor(store, &it.mentor_id).await.map_err(fault)? else {
            return Err(no(Reason::MentorNotFound, "no such mentor is registered", &it.mentor_id));
        };
        if !By::caller(&call, &[&it.mentor_id], &it.institution_id).acts_for(&mentor.institution_id) {
            return Err(no(Reason::NotYourInstitution, "the mentor works for another institution", &it.mentor_id));
        }
        let desk = desk_rows::DeskRows::read(store, &it.mentor_id, call.now_ms()).await.map_err(fault)?;
        Ok(Response::new(GetMentorDeskResponse {
            state: mentor.state,
            capacity: mentor.capacity,
            load: mentor.load,
            paused_until_ms: mentor.paused_until_ms,
            items: desk.items(call.now_ms()),
            mentees: desk.mentees(call.now_ms()),
        }))
    }

    async fn get_mentoring_record(
        &self,
        request: Request<GetMentoringRecordRequest>,
    ) -> Reply<GetMentoringRecordResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.optional_id("mentor_id", &it.mentor_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        self.app.reached::<MentorTerms>(it.min_position).await?;
        self.app.reached::<MenteeProgrammes>(it.min_position).await?;
        self.app.reached::<MenteeProgress>(it.min_position).await?;
        self.app.reached::<RiskSignals>(it.min_position).await?;
        self.app.reached::<Conversations>(it.min_position).await?;
        self.app.reached::<Reviews>(it.min_position).await?;
        self.app.reached::<Sessions>(it.min_position).await?;
        let rows = mentorships_of::learner(self.app.store(), &it.learner_id).await.map_err(fault)?;
        let mut records = Vec::new();
        for row in rows {
            records.extend(self.record(&call, &it, row).await?);
        }
        Ok(Response::new(GetMentoringRecordResponse { records }))
    }

    async fn list_signals(&self, request: Request<ListSignalsRequest>) -> Reply<ListSignalsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<RiskSignals>(it.min_position).await?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        // A learner who is somebody's mentor, too, does not read notes on himself by way of it.
        let is_learner = |learner: &str| call.caller.subject == learner;
        let only = Only {
            programme_id: it.programme_id,
            learner_id: it.learner_id,
            mentor_id: it.mentor_id,
            institution_id: it.institution_id,
            open: it.open_only,
        };
        let rows = risk_signals::signals(self.app.store(), &only, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, risk_signals::RiskSignalRow::token);
        let mentors = risk_signals::mentors(self.app.store(), &rows).await.map_err(fault)?;
        let shown = |it: risk_signals::RiskSignalRow| -> RiskSignal {
            let mentor = mentors.get(&(it.programme_id.clone(), it.learner_id.clone())).map_or("", String::as_str);
            let with_note = !is_learner(&it.learner_id);
            it.shown(mentor, with_note)
        };
        Ok(Response::new(ListSignalsResponse { signals: rows.into_iter().map(shown).collect(), next_page_token }))
    }
}
