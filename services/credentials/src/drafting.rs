//! Makes a definition of what the catalogue's version of a course or programme said, as complete as that is.
//!
//! What the catalogue does not say stays empty: nobody's guess should end up in a signed credential.

use crate::{
    achievement::Published,
    course_versions::{self, CourseSaid, CourseVersionRow},
    programme_versions::{self, ProgrammeVersionRow},
    run_marks::{self, RunMarkRow},
    stack, stacks,
};
use studium_kit::{Store, StoreError};
use studium_proto::{
    catalogue::v1::{IdentityVerification, ProgrammeKind},
    credentials::v1::{
        AchievedSkill, AchievementDefined, AchievementSource, AchievementType, AssessmentType, AwardedCredit,
        CreditRoute, Framework, Supervision,
    },
};

/// What the catalogue says of the version that a definition is about. Each version of a stack is there as soon as its
/// institution has defined it.
pub async fn published(
    store: &Store,
    source: AchievementSource,
    source_id: &str,
    version: u32,
) -> Result<Published, StoreError> {
    let (known, version) = match source {
        AchievementSource::Unspecified => return Ok(Published::default()),
        AchievementSource::Stack => {
            let row = stacks::stack(store, &stack::id(source_id, version)).await?;
            (row.map(|it| (it.institution_id, version)), Some(version))
        }
        AchievementSource::Course => (
            course_versions::course(store, source_id).await?.map(|it| (it.institution_id, it.offered_version)),
            course_versions::version(store, source_id, version).await?.map(|it| it.version),
        ),
        AchievementSource::Programme => (
            programme_versions::programme(store, source_id).await?.map(|it| (it.institution_id, it.offered_version)),
            programme_versions::version(store, source_id, version).await?.map(|it| it.version),
        ),
    };
    let (institution_id, latest) = known.unzip();
    Ok(Published { institution_id, latest: latest.unwrap_or_default(), has_version: version.is_some_and(|it| it > 0) })
}

/// A definition to begin with, if the catalogue has published the version.
pub async fn draft(
    store: &Store,
    source: AchievementSource,
    source_id: &str,
    version: u32,
) -> Result<Option<AchievementDefined>, StoreError> {
    match source {
        AchievementSource::Unspecified | AchievementSource::Stack => Ok(None),
        AchievementSource::Course => {
            let Some(row) = course_versions::version(store, source_id, version).await? else { return Ok(None) };
            let marks = run_marks::agreed(store, source_id, version).await?;
            Ok(Some(of_course(row, &marks)))
        }
        AchievementSource::Programme => {
            let Some(row) = programme_versions::version(store, source_id, version).await? else { return Ok(None) };
            let mut courses = Vec::new();
            for course_id in &row.said.0.required {
                // A programme names courses, not their versions: what counts is what they said when it was published.
                courses.push(course_versions::version_at(store, course_id, row.published_at).await?);
            }
            Ok(Some(of_programme(row, &courses)))
        }
    }
}

fn of_course(row: CourseVersionRow, marks: &RunMarkRow) -> AchievementDefined {
    let said = row.said.0;
    let level = said.offers.iter().find(|it| it.eqf_level > 0);
    let national = said.offers.iter().find(|it| !it.national_level.trim().is_empty());
    let mut degree_programmes: Vec<String> = Vec::new();
    for it in said.offers.iter().flat_map(|it| &it.programmes) {
        add(&mut degree_programmes, it.clone());
    }
    let routes = said.offers.iter().map(|it| route(&it.route)).find(|it| *it != CreditRoute::Unspecified);
    AchievementDefined {
        source: AchievementSource::Course as i32,
        source_id: row.course_id,
        source_version: row.version,
        institution_id: row.institution_id,
        achievement_type: AchievementType::Course as i32,
        eqf_level: level.map(|it| it.eqf_level).unwrap_or_default(),
        national_level: national.map(|it| it.national_level.clone()).unwrap_or_default(),
        credits: credits(&said),
        credit_route: routes.unwrap_or_default() as i32,
        degree_programmes,
        skills: said.skills.iter().map(|(uri, label)| skill(uri, label)).collect(),
        name: said.title,
        description: said.summary,
        language: said.language,
        field_of_study: said.subject,
        outcomes: said.outcomes,
        study_minutes: said.minutes.0,
        revision_minutes: said.minutes.1,
        assessment_minutes: said.minutes.2,
        assessment_method: said.assessment_method,
        assessment_type: if marks.has_exam { AssessmentType::Testing as i32 } else { 0 },
        summative_assessment: marks.pass_mark_millipoints > 0,
        pass_mark_millipoints: marks.pass_mark_millipoints,
        supervision: supervision(said.identity) as i32,
        ..AchievementDefined::default()
    }
}

fn of_programme(row: ProgrammeVersionRow, courses: &[Option<CourseVersionRow>]) -> AchievementDefined {
    let said = row.said.0;
    let is_microcredential = said.kind == ProgrammeKind::Microcredential as i32;
    let kind = if is_microcredential { AchievementType::Microcredential } else { AchievementType::Certificate };
    let mut it = AchievementDefined {
        source: AchievementSource::Programme as i32,
        source_id: row.programme_id,
        source_version: row.version,
        institution_id: row.institution_id,
        achievement_type: kind as i32,
        name: if said.award.trim().is_empty() { said.title } else { said.award },
        description: said.summary,
        language: said.language,
        criteria: said.criteria,
        eqf_level: said.eqf_level,
        // The catalogue says that this sort is to the framework.
        frameworks: if is_microcredential { vec![Framework::Cmf2022 as i32] } else { Vec::new() },
        ..AchievementDefined::default()
    };
    for course in courses.iter().flatten() {
        let said = &course.said.0;
        for outcome in &said.outcomes {
            add(&mut it.outcomes, outcome.clone());
        }
        for (uri, label) in &said.skills {
            add(&mut it.skills, skill(uri, label));
        }
    }
    let all: Option<Vec<&CourseSaid>> = courses.iter().map(|it| it.as_ref().map(|it| &it.said.0)).collect();
    // Where learners choose, or a course is not known, there is no sum that holds for everybody.
    if let Some(all) = all.filter(|it| !said.has_electives && !it.is_empty()) {
        sum(&mut it, &all);
    }
    it
}

/// Adds up what all courses together take, and what they give in each scheme in which all of them give something.
fn sum(it: &mut AchievementDefined, all: &[&CourseSaid]) {
    let total = |of: fn(&CourseSaid) -> u32| all.iter().fold(0_u32, |sum, it| sum.saturating_add(of(it)));
    it.study_minutes = total(|it| it.minutes.0);
    it.revision_minutes = total(|it| it.minutes.1);
    it.assessment_minutes = total(|it| it.minutes.2);
    for first in all.first().map(|it| credits(it)).unwrap_or_default() {
        let of =
            |said: &&CourseSaid| said.offers.iter().find(|it| it.scheme == first.scheme).map(|it| it.credits_milli);
        let each: Option<Vec<u32>> = all.iter().map(of).collect();
        if let Some(each) = each {
            let credits_milli = each.into_iter().fold(0, u32::saturating_add);
            it.credits.push(AwardedCredit { scheme: first.scheme, credits_milli });
        }
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn skill(uri: &str, label: &str) -> AchievedSkill {
    AchievedSkill { uri: uri.to_owned(), label: label.to_owned() }
}

/// Credits as they were offered. The schemes have the same numbers in both contracts.
fn credits(said: &CourseSaid) -> Vec<AwardedCredit> {
    said.offers.iter().map(|it| AwardedCredit { scheme: it.scheme, credits_milli: it.credits_milli }).collect()
}

/// How the learner is identified, as the EU's recommendation sorts it.
fn supervision(identity: i32) -> Supervision {
    match IdentityVerification::try_from(identity).unwrap_or_default() {
        IdentityVerification::Unspecified => Supervision::Unspecified,
        IdentityVerification::None => Supervision::Unsupervised,
        IdentityVerification::Document => Supervision::DocumentChecked,
        IdentityVerification::Proctored => Supervision::OnlineIdentified,
        IdentityVerification::OnSite => Supervision::OnsiteIdentified,
    }
}

/// The catalogue says in words how credits come to count; only words that leave no doubt are understood.
fn route(words: &str) -> CreditRoute {
    let words = words.trim().to_lowercase();
    if words.starts_with("direct") {
        CreditRoute::Direct
    } else if words == "rpl" || words.starts_with("recognition of prior learning") {
        CreditRoute::Rpl
    } else {
        CreditRoute::Unspecified
    }
}

#[cfg(test)]
mod tests;
