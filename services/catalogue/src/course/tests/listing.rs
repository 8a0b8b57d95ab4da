//! Courses as their providers list them.

use super::*;

fn listing() -> Listing {
    Listing {
        institution_id: "ou".into(),
        kind: "COURSE".into(),
        description: description("Bread"),
        workload_minutes: 600,
        skills: vec!["Baking".into()],
    }
}

fn import(listing: Listing) -> Asked<Command> {
    registrar().asks(Command::Import(Box::new(listing)))
}

fn skill(label: &str, uri: &str) -> Skill {
    Skill { uri: uri.into(), label: label.into() }
}

fn skills(skills: &[Skill]) -> Event {
    Event::CourseSkillsSet(CourseSkillsSet { skills: skills.to_vec() })
}

fn version(version: u32) -> Event {
    Event::CoursePublished(CoursePublished { version, imported: true })
}

fn imported() -> Vec<Event> {
    let workload = Event::CourseWorkloadSet(workload(600));
    vec![created(), described("Bread"), workload, skills(&[skill("Baking", "")]), version(1)]
}

#[test]
fn a_listing_is_published_as_it_is() {
    given::<Course>(&[]).when(import(listing())).then(&imported());
    given::<Course>(&imported()).when(import(listing())).nothing();
    let bare = Listing { workload_minutes: 0, skills: Vec::new(), ..listing() };
    given::<Course>(&[]).when(import(bare)).then(&[created(), described("Bread"), version(1)]);
}

#[test]
fn what_differs_is_a_new_version() {
    let renamed = Listing { description: description("Cake"), ..listing() };
    given::<Course>(&imported()).when(import(renamed)).then(&[described("Cake"), version(2)]);
    let longer = Listing { workload_minutes: 660, ..listing() };
    let workload = Event::CourseWorkloadSet(workload(660));
    given::<Course>(&imported()).when(import(longer)).then(&[workload, version(2)]);
    let silent = Listing { workload_minutes: 0, ..listing() };
    given::<Course>(&imported()).when(import(silent)).nothing();
}

#[test]
fn what_a_listing_does_not_say_stays() {
    let mut by_hand = description("Bread");
    by_hand.summary = "All about bread".into();
    by_hand.subject = "0721".into();
    let itemised = CourseWorkloadSet { study_minutes: 500, revision_minutes: 40, assessment_minutes: 60 };
    let by_hand = [
        Event::CourseDescribed(by_hand),
        Event::CourseWorkloadSet(itemised),
        skills(&[skill("Baking", "http://data.europa.eu/esco/skill/1")]),
        version(2),
    ];
    let past = with(imported(), &by_hand);
    given::<Course>(&past).when(import(listing())).nothing();
    let more = Listing { skills: vec!["Baking".into(), "Kneading".into()], ..listing() };
    let both = skills(&[skill("Baking", "http://data.europa.eu/esco/skill/1"), skill("Kneading", "")]);
    given::<Course>(&past).when(import(more)).then(&[both, version(3)]);
}

#[test]
fn a_listing_overrides_nobody() {
    let other = Listing { institution_id: "mit".into(), ..listing() };
    given::<Course>(&imported()).when(import(other)).refused(Reason::CourseExists);
    let kind = Listing { kind: "GUIDED PROJECT".into(), ..listing() };
    given::<Course>(&imported()).when(import(kind)).refused(Reason::CourseExists);
    given::<Course>(&complete()).when(import(listing())).refused(Reason::DraftUnderWay);
    given::<Course>(&with(complete(), &[submitted()])).when(import(listing())).refused(Reason::InReview);
    given::<Course>(&with(imported(), &[retired()])).when(import(listing())).refused(Reason::CourseRetired);
    let eve = By::of("eve", "mit").asks(Command::Import(Box::new(listing())));
    given::<Course>(&[]).when(eve).refused(Reason::NotYourInstitution);
}
