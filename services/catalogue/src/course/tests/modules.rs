//! The module tree: order, cycles, references and licences.

use super::*;
use studium_proto::catalogue::v1::ResourceRemoved;

fn module(id: &str, parent: &str, place: u32) -> ModuleAdded {
    ModuleAdded { module_id: id.into(), parent_id: parent.into(), place, title: id.to_uppercase() }
}

fn added(id: &str, parent: &str, place: u32) -> Event {
    Event::ModuleAdded(module(id, parent, place))
}

fn moved(id: &str, parent: &str, place: u32) -> ModuleMoved {
    ModuleMoved { module_id: id.into(), parent_id: parent.into(), place }
}

fn resource(id: &str, module: &str) -> ResourceAdded {
    ResourceAdded {
        resource_id: id.into(),
        module_id: module.into(),
        kind: 1,
        title: "film".into(),
        ..ResourceAdded::default()
    }
}

/// `a` with `a1` and `a2` below it, then `b`.
fn tree() -> Vec<Event> {
    with(complete(), &[added("a", "", 0), added("b", "", 1), added("a1", "a", 0), added("a2", "a", 1)])
}

fn outline(course: &Course) -> Vec<&str> {
    course.page.modules.iter().map(|it| it.module_id.as_str()).collect()
}

#[test]
fn modules_stand_in_order() {
    let add = |id: &str, parent: &str, place| ann().asks(Command::AddModule(module(id, parent, place)));
    let course = given::<Course>(&tree()).when(add("c", "", u32::MAX)).then(&[added("c", "", 2)]);
    assert_eq!(outline(&course), ["a", "a1", "a2", "b", "c"]);
    let course = given::<Course>(&tree()).when(add("c", "", 0)).then(&[added("c", "", 0)]);
    assert_eq!(outline(&course), ["c", "a", "a1", "a2", "b"]);
    let course = given::<Course>(&tree()).when(add("a3", "a", 9)).then(&[added("a3", "a", 2)]);
    assert_eq!(outline(&course), ["a", "a1", "a2", "a3", "b"]);
    given::<Course>(&tree()).when(add("c", "nowhere", 0)).refused(Reason::ModuleNotFound);
    given::<Course>(&tree()).when(add("a1", "b", 0)).refused(Reason::ModuleExists);
}

#[test]
fn modules_move_with_all_below_them() {
    let go = |id: &str, parent: &str, place| ann().asks(Command::MoveModule(moved(id, parent, place)));
    let course = given::<Course>(&tree()).when(go("a", "", 9)).then(&[Event::ModuleMoved(moved("a", "", 1))]);
    assert_eq!(outline(&course), ["b", "a", "a1", "a2"]);
    let course = given::<Course>(&tree()).when(go("a", "b", 0)).then(&[Event::ModuleMoved(moved("a", "b", 0))]);
    assert_eq!(outline(&course), ["b", "a", "a1", "a2"]);
    let course = given::<Course>(&tree()).when(go("a1", "a", 1)).then(&[Event::ModuleMoved(moved("a1", "a", 1))]);
    assert_eq!(outline(&course), ["a", "a2", "a1", "b"]);
    given::<Course>(&tree()).when(go("a1", "a", 0)).nothing();
    given::<Course>(&tree()).when(go("x", "", 0)).refused(Reason::ModuleNotFound);
}

#[test]
fn a_module_never_stands_below_itself() {
    for below in ["a", "a1"] {
        let go = Command::MoveModule(moved("a", below, 0));
        given::<Course>(&tree()).when(ann().asks(go)).refused(Reason::ModuleCycle);
    }
}

#[test]
fn what_is_removed_is_gone_with_all_below() {
    let remove = |id: &str| ann().asks(Command::RemoveModule { module_id: id.into() });
    let gone = Event::ModuleRemoved(ModuleRemoved { module_id: "a".into() });
    let course = given::<Course>(&tree()).when(remove("a")).then(std::slice::from_ref(&gone));
    assert_eq!(outline(&course), ["b"]);
    given::<Course>(&tree()).when(remove("x")).refused(Reason::ModuleNotFound);
    // An id is never used twice, not even below what was removed.
    let again = ann().asks(Command::AddModule(module("a1", "", 0)));
    given::<Course>(&with(tree(), &[gone])).when(again).refused(Reason::ModuleExists);
}

#[test]
fn resources_lie_in_modules() {
    let add = |it: ResourceAdded| ann().asks(Command::AddResource(it));
    let event = Event::ResourceAdded(resource("r", "a1"));
    given::<Course>(&tree()).when(add(resource("r", "a1"))).then(std::slice::from_ref(&event));
    given::<Course>(&tree()).when(add(resource("r", "x"))).refused(Reason::ModuleNotFound);
    given::<Course>(&tree()).when(add(resource("r", ""))).refused(Reason::ModuleNotFound);
    let past = with(tree(), &[event]);
    given::<Course>(&past).when(add(resource("r", "b"))).refused(Reason::ResourceExists);
    let remove = |id: &str| ann().asks(Command::RemoveResource { resource_id: id.into() });
    let gone = Event::ResourceRemoved(ResourceRemoved { resource_id: "r".into() });
    given::<Course>(&past).when(remove("r")).then(&[gone]);
    given::<Course>(&past).when(remove("x")).refused(Reason::ResourceNotFound);
}

fn reused() -> ModuleReused {
    ModuleReused {
        module_id: "c".into(),
        title: "Flour".into(),
        place: 2,
        source_course_id: "milling".into(),
        source_version: 3,
        source_module_id: "m1".into(),
        ..ModuleReused::default()
    }
}

fn source(institution: &str, licence: ReuseLicence) -> SourceModule {
    SourceModule { institution_id: institution.into(), title: "Flour".into(), licence }
}

fn reuse(source: Option<SourceModule>) -> Asked<Command> {
    let module = ModuleReused { title: String::new(), place: u32::MAX, ..reused() };
    ann().asks(Command::ReuseModule { module, source, is_own: false })
}

#[test]
fn only_what_the_owner_licenses_is_reused() {
    use ReuseLicence::{Everybody, Nobody, OwnInstitution, Unspecified};
    let event = Event::ModuleReused(reused());
    for licensed in [source("mit", Everybody), source("ou", OwnInstitution), source("ou", Everybody)] {
        given::<Course>(&tree()).when(reuse(Some(licensed))).then(std::slice::from_ref(&event));
    }
    for not in [source("mit", OwnInstitution), source("mit", Nobody), source("ou", Nobody), source("ou", Unspecified)] {
        given::<Course>(&tree()).when(reuse(Some(not))).refused(Reason::ReuseNotLicensed);
    }
    given::<Course>(&tree()).when(reuse(None)).refused(Reason::ModuleNotFound);
    let own = Command::ReuseModule { module: reused(), source: Some(source("ou", Everybody)), is_own: true };
    given::<Course>(&tree()).when(ann().asks(own)).refused(Reason::ReuseOfSelf);
}

#[test]
fn nothing_is_put_into_a_reference() {
    let past = with(tree(), &[Event::ModuleReused(reused())]);
    given::<Course>(&past)
        .when(ann().asks(Command::AddModule(module("c1", "c", 0))))
        .refused(Reason::ModuleIsReference);
    given::<Course>(&past)
        .when(ann().asks(Command::AddResource(resource("r", "c"))))
        .refused(Reason::ModuleIsReference);
    given::<Course>(&past)
        .when(ann().asks(Command::MoveModule(moved("a1", "c", 0))))
        .refused(Reason::ModuleIsReference);
    let license = ModuleReuseLicensed { module_id: "c".into(), licence: ReuseLicence::Everybody.into() };
    given::<Course>(&past).when(ann().asks(Command::LicenseModule(license))).refused(Reason::ModuleIsReference);
}

#[test]
fn a_licence_holds_at_once_and_for_published_versions() {
    let licence = ModuleReuseLicensed { module_id: "a".into(), licence: ReuseLicence::Everybody.into() };
    let past = with(tree(), &[submitted(), approved(), published(1)]);
    let course = given::<Course>(&past)
        .when(ann().asks(Command::LicenseModule(licence.clone())))
        .then(&[Event::ModuleReuseLicensed(licence)]);
    let offer = SourceModule { institution_id: "ou".into(), title: "A".into(), licence: ReuseLicence::Everybody };
    assert_eq!(course.module_for_reuse(1, "a"), Some(offer));
    assert_eq!(course.module_for_reuse(1, "a1").map(|it| it.licence), Some(ReuseLicence::Unspecified));
    assert_eq!(course.module_for_reuse(2, "a"), None);
    assert_eq!(course.part(0, "a1"), Part::There { version: 1, title: "A1".into() });
    assert_eq!(course.part(1, ""), Part::There { version: 1, title: "Bread".into() });
    assert_eq!((course.part(2, ""), course.part(1, "x")), (Part::NoVersion, Part::NoModule));
    let other = ModuleReuseLicensed { module_id: "x".into(), licence: 3 };
    given::<Course>(&past).when(ann().asks(Command::LicenseModule(other))).refused(Reason::ModuleNotFound);
}
