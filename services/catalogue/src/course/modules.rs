//! The module tree of a course: no cycles, no id used twice, and reuse only of what the owner licenses.

use super::{Course, Event};
use crate::content;
use studium_kit::{Decision, Reason as _, Rejection};
use studium_proto::catalogue::v1::{
    ModuleAdded, ModuleMoved, ModuleRemoved, ModuleReuseLicensed, ModuleReused, Reason, ResourceAdded, ResourceRemoved,
    ReuseLicence,
};

/// What a course says of one of its modules to who wants to reuse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceModule {
    /// The institution that owns it.
    pub institution_id: String,
    /// Its title in the version asked for.
    pub title: String,
    /// Who may reuse it.
    pub licence: ReuseLicence,
}

/// What a course says of a part of one of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// It has this title in this version.
    There {
        /// The version.
        version: u32,
        /// The title.
        title: String,
    },
    /// There is no such version to be had.
    NoVersion,
    /// The version has no such module.
    NoModule,
}

type Change = Result<Option<Event>, Rejection<Reason>>;

impl Course {
    /// What it says of a module of one of its versions; none if it offers nothing or has no such module.
    pub fn module_for_reuse(&self, version: u32, module_id: &str) -> Option<SourceModule> {
        let title = self.versions.get(&version)?.get(module_id).filter(|_| !self.is_retired())?;
        let licence = self.licences.get(module_id).and_then(|it| ReuseLicence::try_from(*it).ok()).unwrap_or_default();
        Some(SourceModule { institution_id: self.institution_id()?.to_owned(), title: title.clone(), licence })
    }

    /// What it says of a module, or of the whole (no module), of a version (0 = the one that is offered).
    pub fn part(&self, version: u32, module_id: &str) -> Part {
        let version = if version == 0 { self.offered_version() } else { version };
        let Some(modules) = self.versions.get(&version).filter(|_| !self.is_retired()) else { return Part::NoVersion };
        let title = modules.get(module_id).cloned();
        title.map_or(Part::NoModule, |title| Part::There { version, title })
    }

    pub(super) fn add_module(&self, it: &ModuleAdded) -> Change {
        match content::module(&self.page, &it.module_id) {
            Some(old) if old.title == it.title && old.parent_id == it.parent_id && old.source_course_id.is_empty() => {
                return Ok(None);
            }
            _ => self.must_be_new(&it.module_id)?,
        }
        self.may_hold(&it.parent_id)?;
        let place = it.place.min(content::children(&self.page, &it.parent_id));
        Ok(Some(Event::ModuleAdded(ModuleAdded { place, ..it.clone() })))
    }

    pub(super) fn reuse_module(&self, it: &ModuleReused, source: Option<&SourceModule>, is_own: bool) -> Change {
        match content::module(&self.page, &it.module_id) {
            Some(old)
                if old.source_course_id == it.source_course_id
                    && old.source_version == it.source_version
                    && old.source_module_id == it.source_module_id
                    && old.parent_id == it.parent_id =>
            {
                return Ok(None);
            }
            _ => self.must_be_new(&it.module_id)?,
        }
        if is_own {
            return Reason::ReuseOfSelf.because("a course has its own modules already");
        }
        let Some(source) = source else {
            return Reason::ModuleNotFound.because(format!(
                "version {} of `{}` has no module `{}` that is offered",
                it.source_version, it.source_course_id, it.source_module_id
            ));
        };
        let own = Some(source.institution_id.as_str()) == self.institution_id();
        let is_licensed = match source.licence {
            ReuseLicence::Everybody => true,
            ReuseLicence::OwnInstitution => own,
            ReuseLicence::Nobody | ReuseLicence::Unspecified => false,
        };
        if !is_licensed {
            return Reason::ReuseNotLicensed
                .because(format!("`{}` does not license this module for reuse here", source.institution_id));
        }
        self.may_hold(&it.parent_id)?;
        let place = it.place.min(content::children(&self.page, &it.parent_id));
        Ok(Some(Event::ModuleReused(ModuleReused { place, title: source.title.clone(), ..it.clone() })))
    }

    pub(super) fn move_module(&self, it: &ModuleMoved) -> Change {
        let Some(module) = content::module(&self.page, &it.module_id) else { return no_module(&it.module_id) };
        self.may_hold(&it.parent_id)?;
        if !it.parent_id.is_empty() && content::is_within(&self.page, &it.parent_id, &it.module_id) {
            return Reason::ModuleCycle.because("a module cannot stand below itself");
        }
        let is_sibling = module.parent_id == it.parent_id;
        let place = it.place.min(content::children(&self.page, &it.parent_id) - u32::from(is_sibling));
        if is_sibling && content::place(&self.page, &it.module_id) == Some(place) {
            return Ok(None);
        }
        Ok(Some(Event::ModuleMoved(ModuleMoved { place, ..it.clone() })))
    }

    pub(super) fn remove_module(&self, module_id: &str) -> Change {
        match content::module(&self.page, module_id) {
            Some(_) => Ok(Some(Event::ModuleRemoved(ModuleRemoved { module_id: module_id.to_owned() }))),
            None if self.used_modules.contains(module_id) => Ok(None),
            None => no_module(module_id),
        }
    }

    pub(super) fn add_resource(&self, it: &ResourceAdded) -> Change {
        if self.page.modules.iter().flat_map(|module| &module.resources).any(|old| old == it) {
            return Ok(None);
        }
        if self.used_resources.contains(&it.resource_id) {
            return Reason::ResourceExists.because(format!("`{}` is, or was, another resource", it.resource_id));
        }
        if it.module_id.is_empty() {
            return no_module("");
        }
        self.may_hold(&it.module_id)?;
        Ok(Some(Event::ResourceAdded(it.clone())))
    }

    pub(super) fn remove_resource(&self, resource_id: &str) -> Change {
        if content::has_resource(&self.page, resource_id) {
            return Ok(Some(Event::ResourceRemoved(ResourceRemoved { resource_id: resource_id.to_owned() })));
        }
        if self.used_resources.contains(resource_id) {
            return Ok(None);
        }
        Reason::ResourceNotFound.because(format!("there is no resource `{resource_id}`"))
    }

    /// The licence is the owner's word, not content: it holds at once, whatever the state of the working copy.
    pub(super) fn license_module(&self, it: &ModuleReuseLicensed) -> Decision<Self> {
        if !self.used_modules.contains(&it.module_id) {
            return no_module(&it.module_id);
        }
        if content::module(&self.page, &it.module_id).is_some_and(|module| !module.source_course_id.is_empty()) {
            return Reason::ModuleIsReference.because("a reused module is licensed by the course that it comes from");
        }
        if self.licences.get(&it.module_id) == Some(&it.licence) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::ModuleReuseLicensed(it.clone())])
    }

    fn must_be_new(&self, module_id: &str) -> Result<(), Rejection<Reason>> {
        if self.used_modules.contains(module_id) {
            return Reason::ModuleExists.because(format!("`{module_id}` is, or was, another module"));
        }
        Ok(())
    }

    /// Something can be put below this module; empty is the top.
    fn may_hold(&self, module_id: &str) -> Result<(), Rejection<Reason>> {
        if module_id.is_empty() {
            return Ok(());
        }
        match content::module(&self.page, module_id) {
            None => no_module(module_id),
            Some(it) if !it.source_course_id.is_empty() => Reason::ModuleIsReference.because(format!(
                "`{module_id}` is a reference to `{}`; nothing can be put into it",
                it.source_course_id
            )),
            Some(_) => Ok(()),
        }
    }
}

fn no_module<T>(module_id: &str) -> Result<T, Rejection<Reason>> {
    Reason::ModuleNotFound.because(format!("there is no module `{module_id}`"))
}
