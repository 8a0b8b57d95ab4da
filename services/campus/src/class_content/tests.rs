//! What courses and compositions come to as content of a class.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use studium_proto::catalogue::v1::{
    ModuleAdded, ModuleMoved, ModuleRemoved, ModuleReused, ResourceAdded, Skill, course_event::Event,
};

fn module(module_id: &str, parent_id: &str, place: u32) -> Event {
    let title = module_id.to_uppercase();
    Event::ModuleAdded(ModuleAdded { module_id: module_id.into(), parent_id: parent_id.into(), place, title })
}

fn resource(resource_id: &str, module_id: &str, skill: &str) -> Event {
    Event::ResourceAdded(ResourceAdded {
        resource_id: resource_id.into(),
        module_id: module_id.into(),
        skills: vec![Skill { uri: String::new(), label: skill.into() }],
        ..ResourceAdded::default()
    })
}

fn course(course_id: &str, events: Vec<Event>) -> CourseContentRow {
    let mut course = CourseContentRow { course_id: course_id.into(), version: 1, ..CourseContentRow::default() };
    for it in events {
        course.take_in(it);
    }
    course
}

fn shelf() -> Shelf {
    let algebra = vec![
        module("m1", "", 0),
        module("m1a", "m1", 0),
        module("m2", "", 1),
        module("gone", "m2", 0),
        resource("r1", "m1", "add"),
        resource("r2", "m1a", "subtract"),
        Event::ModuleRemoved(ModuleRemoved { module_id: "gone".into() }),
        Event::ModuleReused(ModuleReused {
            module_id: "logic".into(),
            place: 2,
            title: "Logic".into(),
            source_course_id: "proofs".into(),
            source_version: 1,
            source_module_id: "p1".into(),
            ..ModuleReused::default()
        }),
        // Second becomes first.
        Event::ModuleMoved(ModuleMoved { module_id: "m2".into(), parent_id: String::new(), place: 0 }),
    ];
    let proofs = vec![module("p1", "", 0), module("p1a", "p1", 0), resource("r1", "p1a", "infer")];
    let all = [course("algebra", algebra), course("proofs", proofs)];
    all.into_iter().map(|it| ((it.course_id.clone(), 1), it)).collect()
}

/// Ids, and the labels of the skills.
fn told(contents: &[Content]) -> Vec<(&str, Vec<&str>)> {
    contents.iter().map(|it| (it.id.as_str(), it.skills.iter().map(|it| it.label.as_str()).collect())).collect()
}

#[test]
fn a_course_is_the_whole_and_its_modules_in_order() {
    let contents = of_course(&shelf(), "algebra", 1);
    let expected = [
        ("algebra", vec!["add", "infer", "subtract"]),
        ("m2", vec![]),
        ("m1", vec!["add", "subtract"]),
        ("m1a", vec!["subtract"]),
        // What was taken in by reference trains what it trains there.
        ("logic", vec!["infer"]),
    ];
    assert_eq!(told(&contents), expected);
    assert_eq!(contents[0].top_content_ids, ["m2", "m1", "logic"]);
    // The catalogue has not told of it.
    assert_eq!(told(&of_course(&shelf(), "geometry", 1)), [("geometry", vec![])]);
}

#[test]
fn an_item_is_itself_and_the_modules_below_it() {
    let item = |id: &str, module_id: &str| Item {
        id: id.into(),
        title: id.into(),
        source: ("algebra".into(), 1, module_id.into()),
        skills: Vec::new(),
    };
    let one = of_item(&shelf(), &item("i1", "m1"));
    assert_eq!(told(&one), [("i1", vec!["add", "subtract"]), ("i1~m1a", vec!["subtract"])]);
    assert_eq!((one[1].course_id.as_str(), one[1].module_id.as_str()), ("algebra", "m1a"));
    let whole = of_item(&shelf(), &item("i2", ""));
    let ids: Vec<_> = whole.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["i2", "i2~m2", "i2~m1", "i2~m1a", "i2~logic"]);
    assert_eq!(whole[0].top_content_ids, ["i2~m2", "i2~m1", "i2~logic"]);
    let skills = vec![SkillName { uri: String::new(), label: "prove".into() }];
    let own = Item { id: "i3".into(), skills, ..Item::default() };
    assert_eq!(told(&of_item(&shelf(), &own)), [("i3", vec!["prove"])]);
}
