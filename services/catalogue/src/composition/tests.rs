//! The rules of compositions as sentences, and their laws.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn ann() -> By {
    By::of("ann", "ou")
}

fn birth() -> CompositionCreated {
    CompositionCreated {
        campus_id: "ou".into(),
        title: "Bread at home".into(),
        objectives: vec!["bakes".into()],
        teacher_id: "ann".into(),
    }
}

fn created() -> Event {
    Event::CompositionCreated(birth())
}

fn create(campus: Campus) -> Command {
    Command::Create { composition: birth(), campus }
}

fn content(item: &str, place: u32) -> CompositionContentAdded {
    CompositionContentAdded {
        item_id: item.into(),
        place,
        course_id: "bread".into(),
        course_version: 2,
        module_id: "m1".into(),
        title: "Flour".into(),
    }
}

fn add(item: &str, part: Part) -> Asked<Command> {
    let content = CompositionContentAdded { course_version: 0, title: String::new(), ..content(item, u32::MAX) };
    ann().asks(Command::AddContent { content, part, licensed: true })
}

fn there() -> Part {
    Part::There { version: 2, title: "Flour".into() }
}

fn added(item: &str, place: u32) -> Event {
    Event::CompositionContentAdded(content(item, place))
}

fn resource(item: &str, place: u32) -> CompositionResourceAdded {
    CompositionResourceAdded { item_id: item.into(), place, kind: 1, title: "film".into(), ..Default::default() }
}

fn published(version: u32) -> Event {
    Event::CompositionPublished(CompositionPublished { version })
}

#[test]
fn a_composition_belongs_to_a_campus() {
    given::<Composition>(&[]).when(ann().asks(create(Campus::Authorised))).then(&[created()]);
    given::<Composition>(&[]).when(ann().asks(create(Campus::NotAuthorised))).refused(Reason::NotACampus);
    given::<Composition>(&[]).when(ann().asks(create(Campus::Unknown))).refused(Reason::InstitutionNotFound);
    let eve = By::of("eve", "mit");
    given::<Composition>(&[]).when(eve.clone().asks(create(Campus::Authorised))).refused(Reason::NotYourInstitution);
    given::<Composition>(&[created()]).when(eve.asks(Command::Publish)).refused(Reason::NotYourInstitution);
    let other = CompositionCreated { title: "Cake".into(), ..birth() };
    let other = Command::Create { composition: other, campus: Campus::Authorised };
    given::<Composition>(&[created()]).when(ann().asks(other)).refused(Reason::CompositionExists);
    given::<Composition>(&[]).when(ann().asks(Command::Publish)).refused(Reason::CompositionNotFound);
}

#[test]
fn content_is_published_and_pinned() {
    given::<Composition>(&[created()]).when(add("i", there())).then(&[added("i", 0)]);
    given::<Composition>(&[created()]).when(add("i", Part::NoVersion)).refused(Reason::CourseNotPublished);
    given::<Composition>(&[created()]).when(add("i", Part::NoModule)).refused(Reason::ModuleNotFound);
    let unlicensed = |item: &str| match add(item, there()).command {
        Command::AddContent { content, part, .. } => ann().asks(Command::AddContent { content, part, licensed: false }),
        it => ann().asks(it),
    };
    given::<Composition>(&[created()]).when(unlicensed("i")).refused(Reason::ContentNotLicensed);
    // What is in stays in when the licence ends.
    given::<Composition>(&[created(), added("i", 0)]).when(unlicensed("i")).nothing();
    // A newer version of the course is other content.
    let newer = Part::There { version: 3, title: "Flour".into() };
    given::<Composition>(&[created(), added("i", 0)]).when(add("i", newer)).refused(Reason::ItemExists);
}

#[test]
fn items_stand_in_order() {
    let past = [created(), added("a", 0), added("b", 1)];
    let order = |it: &Composition| it.items.iter().map(|it| id_of(it).to_owned()).collect::<Vec<_>>();
    let own = |place| ann().asks(Command::AddResource(resource("r", place)));
    let composition =
        given::<Composition>(&past).when(own(1)).then(&[Event::CompositionResourceAdded(resource("r", 1))]);
    assert_eq!(order(&composition), ["a", "r", "b"]);
    let moved = CompositionItemMoved { item_id: "a".into(), place: 1 };
    let go = |place| ann().asks(Command::MoveItem(CompositionItemMoved { item_id: "a".into(), place }));
    let composition = given::<Composition>(&past).when(go(9)).then(&[Event::CompositionItemMoved(moved)]);
    assert_eq!(order(&composition), ["b", "a"]);
    given::<Composition>(&past).when(go(0)).nothing();
    given::<Composition>(&[created()]).when(go(0)).refused(Reason::ItemNotFound);
    let removed = Event::CompositionItemRemoved(CompositionItemRemoved { item_id: "a".into() });
    let remove = |id: &str| ann().asks(Command::RemoveItem { item_id: id.into() });
    given::<Composition>(&past).when(remove("a")).then(&[removed]);
    given::<Composition>(&past).when(remove("x")).refused(Reason::ItemNotFound);
}

#[test]
fn each_publication_is_a_version() {
    given::<Composition>(&[created()]).when(ann().asks(Command::Publish)).refused(Reason::Incomplete);
    given::<Composition>(&[created(), added("a", 0)]).when(ann().asks(Command::Publish)).then(&[published(1)]);
    let assessment = CompositionAssessmentAdded { item_id: "t".into(), place: 1, ..Default::default() };
    let past = [created(), added("a", 0), published(1), Event::CompositionAssessmentAdded(assessment)];
    given::<Composition>(&past).when(ann().asks(Command::Publish)).then(&[published(2)]);
    let aimless = CompositionDescribed { title: "Bread".into(), objectives: Vec::new() };
    let past = [created(), added("a", 0), Event::CompositionDescribed(aimless)];
    given::<Composition>(&past).when(ann().asks(Command::Publish)).refused(Reason::Incomplete);
}

#[test]
fn every_item_is_there_once() {
    let any_item = || proptest::sample::select(vec!["a", "b", "c"]);
    let any_command = prop_oneof![
        2 => Just(create(Campus::Authorised)),
        3 => any_item().prop_map(|it| add(it, there()).command),
        2 => (any_item(), 0..4_u32).prop_map(|(it, place)| Command::AddResource(resource(it, place))),
        2 => (any_item(), 0..4_u32).prop_map(|(it, place)| {
            Command::MoveItem(CompositionItemMoved { item_id: it.into(), place })
        }),
        2 => any_item().prop_map(|it| Command::RemoveItem { item_id: it.into() }),
        2 => Just(Command::Publish),
        1 => proptest::sample::select(vec!["x", "y"]).prop_map(|it| {
            Command::Describe(CompositionDescribed { title: it.into(), objectives: vec!["bakes".into()] })
        }),
    ];
    laws::hold::<Composition>(any_command.prop_map(|it| ann().asks(it)), |composition| {
        let ids: Vec<_> = composition.items.iter().map(id_of).collect();
        let once: BTreeSet<_> = ids.iter().collect();
        if once.len() == ids.len() { Ok(()) } else { Err(format!("twice in {ids:?}")) }
    });
}
