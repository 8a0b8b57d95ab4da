//! Calls that concern mentorships.

use super::{Api, Reply, TEXT_MAX, done, names, no, time_zone};
use crate::{
    mentee::{self, Mentee},
    mentor_terms::{self, MentorTermRow, MentorTerms},
    mentorship::{Command, Mentorship, Proposed},
    mentorships::{self, MentorshipRow, Mentorships, Only},
    terms::{self, Terms},
    terms_held::{self, TermsHeld},
    wishes,
};
use studium_kit::{By, Call, Fields, Outcome, Page, fault};
use studium_proto::mentorship::v1::{
    AcceptProposalRequest, AcceptProposalResponse, AssignMentorRequest, AssignMentorResponse, CancelHandOverRequest,
    CancelHandOverResponse, DeclineProposalRequest, DeclineProposalResponse, DescribeMenteeRequest,
    DescribeMenteeResponse, EndMentorshipRequest, EndMentorshipResponse, ExplainMatchRequest, ExplainMatchResponse,
    GetMentorshipRequest, GetMentorshipResponse, GetTermsRequest, GetTermsResponse, HandOverCause,
    ListMentorshipsRequest, ListMentorshipsResponse, MatchLine, MentorshipEnd, ProposalOrigin, RateMentorRequest,
    RateMentorResponse, Reason, RequestHandOverRequest, RequestHandOverResponse, RequestMentorshipRequest,
    RequestMentorshipResponse, RequestSource, SetTermsRequest, SetTermsResponse, mentorship_event::Event,
    mentorship_service_server::MentorshipService,
};
use tonic::{Request, Response, Status};

/// Days of silence that terms can name.
const RISK_DAYS_MAX: usize = 10;

/// A year, minutes: longer than any term can be.
const MINUTES_MAX: u32 = 366 * 24 * 60;

/// Which mentorship, and who speaks for it beside the learner: the mentor, and staff of the institution.
struct Which<'a> {
    programme: &'a str,
    learner: &'a str,
    mentor: &'a str,
    institution: &'a str,
}

/// The fields of a request that say which mentorship is meant.
macro_rules! which {
    ($it:ident, $($field:ident),*) => {{
        #[allow(clippy::needless_update, reason = "which fields there are differs")]
        Which {
            programme: &$it.programme_id,
            learner: &$it.learner_id,
            $($field: which!(@ $it $field),)*
            ..Which { programme: "", learner: "", mentor: "", institution: "" }
        }
    }};
    (@ $it:ident mentor) => { &$it.mentor_id };
    (@ $it:ident institution) => { &$it.institution_id };
}

impl Api {
    async fn mentorship(
        &self,
        (call, at_ms): (Call, i64),
        mut fields: Fields,
        which: &Which<'_>,
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("programme_id", which.programme);
        fields.id("learner_id", which.learner);
        fields.optional_id("mentor_id", which.mentor);
        fields.optional_id("institution_id", which.institution);
        fields.done()?;
        let call = call.at(at_ms)?;
        // A mentor or learner acts in his own matter, unless it is something that only staff asks for.
        let by_staff = matches!(command, Command::Request { .. } | Command::Propose(_) | Command::End { .. });
        let persons: &[&str] = if by_staff { &[] } else { &[which.learner, which.mentor] };
        let asked = By::caller(&call, persons, which.institution).asks(command);
        self.app.decide::<Mentorship>(&call, &format!("{}~{}", which.programme, which.learner), &asked).await
    }

    /// One mentorship that the caller may see.
    async fn seen(&self, call: &Call, which: &Which<'_>) -> Result<(MentorshipRow, Vec<MentorTermRow>), Status> {
        let (programme, learner) = (which.programme, which.learner);
        let id = format!("{programme}~{learner}");
        let row = mentorships::mentorship(self.app.store(), programme, learner).await.map_err(fault)?;
        let Some(row) = row else {
            return Err(no(Reason::MentorshipNotFound, "no mentor was ever asked for", &id));
        };
        let terms = mentor_terms::of_mentorship(self.app.store(), programme, learner).await.map_err(fault)?;
        let subject = call.caller.subject.as_str();
        let is_mentor = row.proposed_mentor_id == subject || terms.iter().any(|it| it.mentor_id == subject);
        if subject == which.mentor && subject != learner && !is_mentor && !call.caller.acts_for_all() {
            return Err(no(Reason::NotTheMentor, "somebody else is the learner's mentor", &id));
        }
        if !By::caller(call, &[learner, which.mentor], which.institution).acts_for(&row.institution_id) {
            return Err(no(Reason::NotYourInstitution, "the programme is another institution's", &id));
        }
        Ok((row, terms))
    }
}

#[tonic::async_trait]
impl MentorshipService for Api {
    async fn request_mentorship(&self, request: Request<RequestMentorshipRequest>) -> Reply<RequestMentorshipResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        let source = match it.source() {
            RequestSource::Unspecified => RequestSource::Staff,
            source => source,
        };
        let command = Command::Request { institution_id: it.institution_id.clone(), source };
        let which = which!(it, institution);
        done!(RequestMentorshipResponse, self.mentorship((call, it.at_ms), fields, &which, command).await?)
    }

    async fn accept_proposal(&self, request: Request<AcceptProposalRequest>) -> Reply<AcceptProposalResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        let command = Command::Accept { mentor_id: it.mentor_id.clone() };
        done!(AcceptProposalResponse, self.mentorship((call, it.at_ms), fields, &which!(it, mentor), command).await?)
    }

    async fn decline_proposal(&self, request: Request<DeclineProposalRequest>) -> Reply<DeclineProposalResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let command = Command::Decline { mentor_id: it.mentor_id.clone(), reason: it.reason };
        let which = which!(it, mentor);
        done!(DeclineProposalResponse, self.mentorship((call, it.at_ms), fields, &which, command).await?)
    }

    async fn assign_mentor(&self, request: Request<AssignMentorRequest>) -> Reply<AssignMentorResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        let by_people = [ProposalOrigin::Unspecified, ProposalOrigin::Staff, ProposalOrigin::Import];
        fields.check("origin", by_people.contains(&it.origin()), "is neither staff nor import");
        let origin = if it.origin() == ProposalOrigin::Import { ProposalOrigin::Import } else { ProposalOrigin::Staff };
        let (learner_id, mentor_id) = (it.learner_id.clone(), it.mentor_id.clone());
        let command = Command::Propose(Proposed { learner_id, mentor_id, origin, ..Proposed::default() });
        // The mentor is chosen here, and does not act.
        let which = which!(it, institution);
        done!(AssignMentorResponse, self.mentorship((call, it.at_ms), fields, &which, command).await?)
    }

    async fn request_hand_over(&self, request: Request<RequestHandOverRequest>) -> Reply<RequestHandOverResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let (cause, mentor_id) = match call.caller.subject.as_str() {
            subject if subject == it.learner_id => (HandOverCause::Learner, String::new()),
            subject if subject == it.mentor_id => (HandOverCause::Mentor, it.mentor_id.clone()),
            _ => (HandOverCause::Staff, String::new()),
        };
        let held = terms_held::terms(self.app.store(), &it.programme_id).await.map_err(fault)?;
        let within_minutes = held.hand_over_minutes;
        let command = Command::HandOver { mentor_id, cause, within_minutes, reason: it.reason };
        let which = which!(it, mentor, institution);
        done!(RequestHandOverResponse, self.mentorship((call, it.at_ms), fields, &which, command).await?)
    }

    async fn cancel_hand_over(&self, request: Request<CancelHandOverRequest>) -> Reply<CancelHandOverResponse> {
        let (call, it) = Call::open(request)?;
        let is_mentor = call.caller.subject == it.mentor_id && it.mentor_id != it.learner_id;
        let mentor_id = if is_mentor { it.mentor_id.clone() } else { String::new() };
        let which = which!(it, mentor, institution);
        let command = Command::CancelHandOver { mentor_id };
        done!(CancelHandOverResponse, self.mentorship((call, it.at_ms), Fields::new(), &which, command).await?)
    }

    async fn end_mentorship(&self, request: Request<EndMentorshipRequest>) -> Reply<EndMentorshipResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let end = if it.end() == MentorshipEnd::Unspecified { MentorshipEnd::Staff } else { it.end() };
        if end == MentorshipEnd::Staff {
            fields.text("reason", &it.reason, TEXT_MAX);
        }
        let command = Command::End { end, reason: it.reason };
        let which = which!(it, institution);
        done!(EndMentorshipResponse, self.mentorship((call, it.at_ms), fields, &which, command).await?)
    }

    async fn rate_mentor(&self, request: Request<RateMentorRequest>) -> Reply<RateMentorResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("stars", (1..=5).contains(&it.stars), "is not 1 to 5");
        fields.optional_text("comment", &it.comment, TEXT_MAX);
        let command = Command::Rate { stars: it.stars, comment: it.comment };
        done!(RateMentorResponse, self.mentorship((call, it.at_ms), fields, &which!(it,), command).await?)
    }

    async fn describe_mentee(&self, request: Request<DescribeMenteeRequest>) -> Reply<DescribeMenteeResponse> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.check("profile", it.profile.is_some(), "is not given");
        let profile = it.profile.unwrap_or_default();
        names(&mut fields, "profile.languages", &profile.languages);
        names(&mut fields, "profile.skills", &profile.skills);
        time_zone(&mut fields, "profile.time_zone", &profile.time_zone);
        fields.optional_text("profile.goals", &profile.goals, TEXT_MAX);
        fields.done()?;
        let asked = By::caller(&call, &[&it.learner_id], "").asks(mentee::Command::Describe(profile));
        done!(DescribeMenteeResponse, self.app.decide::<Mentee>(&call, &it.learner_id, &asked).await?)
    }

    async fn set_terms(&self, request: Request<SetTermsRequest>) -> Reply<SetTermsResponse> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.check("terms", it.terms.is_some(), "are not given");
        let set = it.terms.unwrap_or_default();
        let minutes = [set.proposal_minutes, set.hand_over_minutes, set.first_answer_minutes, set.review_lock_minutes];
        fields.check("terms", minutes.iter().all(|it| *it <= MINUTES_MAX), "have a time of more than a year");
        fields.check("terms.risk_days", set.risk_days.len() <= RISK_DAYS_MAX, "are more than 10");
        fields.check("terms.risk_days", set.risk_days.is_sorted_by(|a, b| a < b), "do not rise");
        fields.check("terms.risk_days", !set.risk_days.contains(&0), "are not 1 or more");
        fields.done()?;
        let asked = By::caller(&call, &[], "").asks(terms::Command::Set(set));
        done!(SetTermsResponse, self.app.decide::<Terms>(&call, &it.programme_id, &asked).await?)
    }

    async fn get_mentorship(&self, request: Request<GetMentorshipRequest>) -> Reply<GetMentorshipResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        self.app.reached::<MentorTerms>(it.min_position).await?;
        let (row, terms) = self.seen(&call, &which!(it, mentor, institution)).await?;
        let terms = terms.into_iter().map(MentorTermRow::shown).collect();
        Ok(Response::new(GetMentorshipResponse { mentorship: Some(row.shown()), terms }))
    }

    async fn list_mentorships(&self, request: Request<ListMentorshipsRequest>) -> Reply<ListMentorshipsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        let only = Only {
            state: it.state,
            programme_id: it.programme_id,
            learner_id: it.learner_id,
            mentor_id: it.mentor_id,
            institution_id: it.institution_id,
        };
        let rows = mentorships::mentorships(self.app.store(), &only, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, MentorshipRow::id);
        let mentorships = rows.into_iter().map(MentorshipRow::shown).collect();
        Ok(Response::new(ListMentorshipsResponse { mentorships, next_page_token }))
    }

    async fn explain_match(&self, request: Request<ExplainMatchRequest>) -> Reply<ExplainMatchResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        let (row, _) = self.seen(&call, &which!(it, institution)).await?;
        let found = wishes::search(self.app.store(), &row, call.now_ms()).await.map_err(fault)?;
        let fits = found.candidates.into_iter().map(|it| MatchLine { candidate: Some(it), exclusion: 0 });
        let others = found.excluded.into_iter();
        let others = others.map(|(it, why)| MatchLine { candidate: Some(it), exclusion: why as i32 });
        Ok(Response::new(ExplainMatchResponse { lines: fits.chain(others).collect() }))
    }

    async fn get_terms(&self, request: Request<GetTermsRequest>) -> Reply<GetTermsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.done()?;
        self.app.reached::<TermsHeld>(it.min_position).await?;
        let terms = terms_held::terms(self.app.store(), &it.programme_id).await.map_err(fault)?;
        Ok(Response::new(GetTermsResponse { terms: Some(terms) }))
    }
}
