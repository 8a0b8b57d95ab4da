//! The regions of the data set as campuses: who belongs to which, and how many seats each needs.

use crate::import::{
    oulad::{oddities::Oddity, plan::Plan},
    rows::{Table, find},
};
use anyhow::Result;
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    path::Path,
};

/// What the names of regions end in and their ids leave out.
const SUFFIX: &str = "-region";

/// One region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Region {
    /// The campus's id: `region-east-anglian`.
    pub id: String,
    /// As the files have it: `East Anglian Region`.
    pub name: String,
    /// Indices of its students in the plan, in their order.
    pub students: Vec<u32>,
}

impl Region {
    /// The plan's id.
    pub fn plan_id(&self) -> String {
        plan_of(&self.id)
    }

    /// The agreement's id.
    pub fn agreement_id(&self) -> String {
        format!("agreement-{}", self.id)
    }

    /// How many seats its plan has: a seat is a learner's, however many presentations the learner is registered in.
    pub fn seats(&self) -> u32 {
        self.students.len() as u32
    }
}

/// Who belongs to which region.
#[derive(Debug, Default)]
pub struct Regions {
    /// By id.
    pub list: Vec<Region>,
    /// By index of the student: index of the region; `None` without one.
    of: Vec<Option<u16>>,
}

/// Regions as the rows of studentInfo name them.
#[derive(Debug, Default)]
pub struct Named {
    names: BTreeMap<String, String>,
    of: HashMap<u64, String>,
    /// Students with rows of more than one region, in the order in which that was found, each once.
    pub moved: Vec<u64>,
}

impl Named {
    /// Reads studentInfo once more, for the regions alone.
    ///
    /// # Errors
    /// When the table has no such column or cannot be read.
    pub fn read(dir: &Path) -> Result<Self> {
        let mut named = Self::default();
        // Rows that cannot be read are told by the import itself.
        let mut unreadable = vec![];
        Table::open(&find(dir, "studentInfo")?, &["id_student", "region"])?.each(&mut unreadable, |row| {
            named.take(row.number(0, "id_student")?, row.text(1)?);
            Ok(())
        })?;
        Ok(named)
    }

    /// A row; the first row of a student that names a region decides.
    pub fn take(&mut self, student: u64, name: &str) {
        let Some(id) = campus_id(name) else { return };
        match self.of.entry(student) {
            Entry::Vacant(it) => drop(it.insert(id.clone())),
            Entry::Occupied(it) if *it.get() == id => {}
            Entry::Occupied(_) if self.moved.contains(&student) => {}
            Entry::Occupied(_) => self.moved.push(student),
        }
        self.names.entry(id).or_insert_with(|| name.to_owned());
    }

    /// The id of a student's region.
    pub fn of(&self, student: u64) -> Option<&str> {
        self.of.get(&student).map(String::as_str)
    }

    /// Ids and names of the regions that students belong to.
    pub fn names(&self) -> &BTreeMap<String, String> {
        &self.names
    }
}

impl Regions {
    /// The regions of the students that a plan imports; what is odd is noted in the plan.
    pub fn new(plan: &mut Plan, named: &Named) -> Self {
        let mut list: Vec<_> = named.names.iter().map(|(id, name)| Region::new(id, name)).collect();
        let mut of = Vec::with_capacity(plan.students.len());
        for (index, student) in (0..).zip(&plan.students) {
            let region = named.of(*student).and_then(|id| list.binary_search_by(|it| it.id.as_str().cmp(id)).ok());
            match region {
                Some(it) => list[it].students.push(index),
                None => plan.oddities.note(Oddity::RegionMissing, || format!("student {student}")),
            }
            of.push(region);
        }
        for it in &named.moved {
            plan.oddities.note(Oddity::RegionsSeveral, || format!("student {it}"));
        }
        // Nobody of such a region is imported.
        let kept: Vec<_> = list.iter().map(|it| !it.students.is_empty()).collect();
        let place = |region: usize| kept[..region].iter().filter(|it| **it).count() as u16;
        let of = of.into_iter().map(|it| it.map(place)).collect();
        list.retain(|it| !it.students.is_empty());
        Self { list, of }
    }

    /// The region of a student, by index.
    pub fn of(&self, student: u32) -> Option<&Region> {
        self.of[student as usize].map(|it| &self.list[usize::from(it)])
    }
}

impl Region {
    fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), students: vec![] }
    }
}

/// The id of a campus's plan.
pub fn plan_of(campus_id: &str) -> String {
    format!("plan-{campus_id}")
}

/// The campus's id of a region: `East Anglian Region` is `region-east-anglian`. `None`: no region is named.
pub fn campus_id(name: &str) -> Option<String> {
    let words = name.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    let slug = slug.strip_suffix(SUFFIX).unwrap_or(&slug);
    if slug.is_empty() { None } else { Some(format!("region-{slug}")) }
}
