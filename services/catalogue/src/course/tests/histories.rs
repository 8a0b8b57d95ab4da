//! Random histories of courses, and what holds in all of them.

use super::*;
use proptest::prelude::*;

fn any_module() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned)
}

fn any_parent() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), any_module()]
}

fn any_listing() -> impl Strategy<Value = Command> {
    (0..2_u32, 0..2_u32).prop_map(|(title, hours)| {
        Command::Import(Box::new(Listing {
            institution_id: "ou".into(),
            kind: "COURSE".into(),
            description: description(["Bread", "Cake"][title as usize]),
            workload_minutes: hours * 60,
            skills: Vec::new(),
        }))
    })
}

fn any_content() -> impl Strategy<Value = Command> {
    prop_oneof![
        proptest::sample::select(vec!["Bread", "Cake"]).prop_map(|it| Command::Describe(description(it))),
        Just(Command::SetOutcomes(outcomes())),
        (1..3_u32).prop_map(|it| Command::SetWorkload(workload(it))),
        (any_module(), any_parent(), 0..4_u32).prop_map(|(module_id, parent_id, place)| {
            Command::AddModule(ModuleAdded { title: module_id.clone(), module_id, parent_id, place })
        }),
        (any_module(), any_parent(), 0..4_u32)
            .prop_map(|(module_id, parent_id, place)| Command::MoveModule(ModuleMoved { module_id, parent_id, place })),
        any_module().prop_map(|module_id| Command::RemoveModule { module_id }),
        (any_module(), any_parent()).prop_map(|(module_id, parent_id)| {
            let licence = ReuseLicence::Everybody;
            Command::ReuseModule {
                source: Some(SourceModule { institution_id: "mit".into(), title: "M".into(), licence }),
                module: ModuleReused { module_id, parent_id, source_version: 1, ..ModuleReused::default() },
                is_own: false,
            }
        }),
        (any_module(), any_module()).prop_map(|(resource_id, module_id)| {
            Command::AddResource(ResourceAdded { resource_id, module_id, ..ResourceAdded::default() })
        }),
        any_module().prop_map(|resource_id| Command::RemoveResource { resource_id }),
    ]
}

pub(super) fn any_command() -> impl Strategy<Value = Asked<Command>> {
    let command = prop_oneof![
        2 => Just(create(true)),
        8 => any_content(),
        2 => Just(Command::Submit),
        1 => Just(Command::RequestChanges { comment: "why".into() }),
        2 => Just(Command::Approve { comment: String::new() }),
        2 => Just(Command::Publish),
        1 => any_listing(),
    ];
    let retire = Command::Retire { reason: "old".into() };
    let command = prop_oneof![60 => command, 1 => Just(retire)];
    (proptest::sample::select(vec![ann(), bob(), registrar()]), command).prop_map(|(by, it)| by.asks(it))
}

/// Each module stands behind its parent, once, and its line upwards ends.
fn is_tree(course: &Course) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for it in &course.page.modules {
        if !it.parent_id.is_empty() && !seen.contains(&it.parent_id) {
            return Err(format!("`{}` stands before its parent, or without one", it.module_id));
        }
        if !seen.insert(it.module_id.clone()) {
            return Err(format!("`{}` stands there twice", it.module_id));
        }
        if !course.used_modules.contains(&it.module_id) {
            return Err(format!("`{}` was never added", it.module_id));
        }
    }
    Ok(())
}

/// What holds after every event.
pub(super) fn keeps(course: &Course) -> Result<(), String> {
    is_tree(course)?;
    course.review.check()?;
    let versions: Vec<_> = course.versions.keys().copied().collect();
    let expected: Vec<_> = (1..=course.review.version()).collect();
    if versions == expected { Ok(()) } else { Err(format!("versions {versions:?}")) }
}
