//! The Open University Learning Analytics Dataset as a registry: read, planned, played, compared.

mod campuses;
mod check;
mod credentials;
mod files;
mod known;
mod lanes;
mod oddities;
mod offer;
mod plan;
mod play;
mod report;
mod tally;
#[cfg(test)]
mod tests;
mod tutor_groups;

use super::{
    line::Line,
    rows::rows_were,
    settle::{SERVICES, settle},
};
use crate::{platform::Platform, progress::count};
use anyhow::{Result, bail};
use campuses::{Done, Named, Regions, Since, Sorted};
use check::Compared;
use clap::Args;
use files::Files;
use known::{Known, Way};
use plan::{Act, Plan, Step};
use play::REQUESTS;
use report::{Report, verdict};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use tally::{Answer, Tally};

/// How many connections the acts share.
const CONNECTIONS: usize = 4;

/// Acts on their way at a time, and credits of a module, where nothing else is said.
const IN_FLIGHT: u16 = 512;
const CREDITS: u32 = 15;

/// What `studium import oulad` takes.
#[expect(clippy::struct_excessive_bools, reason = "flags are what they are")]
#[derive(Debug, Args)]
pub struct OuladArgs {
    /// Directory with courses, assessments, studentInfo, studentRegistration and studentAssessment, as .csv or .csv.zst.
    #[arg(value_name = "DIR", value_parser = super::directory)]
    dir: PathBuf,
    /// Only this presentation, for example AAA-2013J; may be repeated.
    #[arg(long = "presentation", value_name = "ID")]
    presentations: Vec<String>,
    /// Import nothing; only compare the views with the files, and fail on any difference.
    #[arg(long)]
    check: bool,
    /// Make each region a campus with a plan and a seat for every learner, and enrol by seat; with --check compare them, too.
    #[arg(long, conflicts_with = "presentations")]
    campuses: bool,
    /// Make tutor groups of 20 mentorships in every second presentation, by rule; with --check compare outcomes, too.
    #[arg(long)]
    tutor_groups: bool,
    /// Issue a signed credential with credits for every pass; with --check compare them, too.
    #[arg(long)]
    credentials: bool,
    /// Credits (ECTS) that a module carries, which the files do not say.
    #[arg(long, default_value_t = CREDITS, value_parser = clap::value_parser!(u32).range(1..=120))]
    credits: u32,
    /// How many acts may be on their way at a time.
    #[arg(long, default_value_t = IN_FLIGHT, value_parser = clap::value_parser!(u16).range(1..=4096))]
    in_flight: u16,
}

impl OuladArgs {
    /// All presentations of a directory, and nothing beside the registry itself.
    pub fn all_of(dir: &Path) -> Self {
        let (campuses, tutor_groups, credentials, check) = Default::default();
        let (dir, presentations) = (dir.to_owned(), Vec::new());
        Self { dir, presentations, check, campuses, tutor_groups, credentials, credits: CREDITS, in_flight: IN_FLIGHT }
    }

    /// How many acts may be on their way at a time.
    pub fn in_flight(&self) -> usize {
        self.in_flight.into()
    }
}

/// Imports the data set, or only checks that the platform has it.
///
/// # Errors
/// When the files are not what they should be, a service does not answer for long, acts are refused, or views and files differ.
pub async fn oulad(args: OuladArgs, platform: &Platform) -> Result<()> {
    let started = Instant::now();
    let (mut plan, regions) = prepare(&args, platform).await?;
    if args.check {
        settle(platform, &views(&args)).await?;
        let comparison = check::compare(platform, &args.dir, &args.presentations).await?;
        let campuses = compare_campuses(&args, platform, &plan).await?;
        let groups = compare_groups(&args, platform).await?;
        let credentials = compare_credentials(&args, platform).await?;
        return tell_comparison(platform, &comparison, campuses.as_deref(), groups.as_ref(), credentials.as_ref());
    }
    let groups = if args.tutor_groups { tutor_groups::groups(&plan) } else { vec![] };
    let steps = std::mem::take(&mut plan.steps);
    let plan = Arc::new(plan);
    let (catalogue_position, at_ms) = offer::announce(platform, &plan, args.credits).await?;

    let achievements =
        if args.credentials { credentials::play(platform, &plan, catalogue_position, at_ms).await? } else { 0 };

    let playing = Instant::now();
    let game = Game { platform, plan: &plan, in_flight: args.in_flight.into() };
    let (tally, mut campuses) = match &regions {
        Some((named, regions)) => {
            game.with_campuses(steps, named, regions, Since { at_ms, catalogue_position }).await?
        }
        None => (game.without_campuses(steps).await?, None),
    };
    let play_seconds = playing.elapsed().as_secs_f64();

    let mut tutors = play_groups(&args, platform, &plan, &groups).await?;
    settle(platform, &views(&args)).await?;
    let issued = issue(&args, platform, achievements).await?;
    if let Some(it) = &mut campuses {
        it.compared(compare_campuses(&args, platform, &plan).await?.unwrap_or_default());
    }
    if let Some(it) = &mut tutors {
        it.comparison = compare_groups(&args, platform).await?.unwrap_or_default();
    }
    let report = Report {
        presentations: plan.wanted().count(),
        credits: args.credits,
        acts: tally.counts(),
        refusals: tally.refusals(),
        oddities: plan.oddities.lines(),
        unreadable: plan.files.unreadable.clone(),
        not_imported: report::not_imported(args.campuses),
        comparison: check::compare(platform, &args.dir, &args.presentations).await?,
        play_seconds,
        seconds: started.elapsed().as_secs_f64(),
        per_second: tally.answered() as f64 / play_seconds,
        unchanged: tally.done() == 0
            && campuses.as_ref().is_none_or(|it| it.written() == 0)
            && tutors.as_ref().is_none_or(|it| it.written() == 0),
        campuses,
        tutor_groups: tutors,
        credentials: issued,
    };
    tell(platform, &report)
}

fn tell(platform: &Platform, report: &Report) -> Result<()> {
    platform.output.json(report);
    platform.output.say(report.words());
    if report.refused() > 0 {
        bail!("{} acts were refused; the report says which and why", count(report.refused()));
    }
    if !report.unreadable.is_empty() {
        bail!("{} unreadable and left out; the report says which and why", rows_were(report.unreadable.len() as u64));
    }
    demand_equal(&report.comparison, report.campuses.as_ref().map(|it| it.comparison.as_slice()))?;
    demand_equal_groups(report.tutor_groups.as_ref().map(|it| &it.comparison))?;
    demand_equal_credentials(report.credentials.as_ref().map(|it| (it.comparison.as_slice(), it.credits)))
}

/// The services whose views are waited for.
fn views(args: &OuladArgs) -> Vec<&'static str> {
    let more = [(args.campuses, "campus"), (args.tutor_groups, "mentorship"), (args.credentials, "credentials")];
    let more = more.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name);
    SERVICES.into_iter().chain(more).collect()
}

/// Waits until every pass has its credential, if that was asked for.
async fn issue(args: &OuladArgs, platform: &Platform, achievements: u64) -> Result<Option<credentials::Done>> {
    if !args.credentials {
        return Ok(None);
    }
    let started = Instant::now();
    let expected = credentials::compare(platform, &args.dir, &args.presentations).await?;
    let passes = credentials::total(&expected).passes;
    credentials::wait(platform, passes).await?;
    let comparison = credentials::compare(platform, &args.dir, &args.presentations).await?;
    let credits = credentials::wait_for_credits(platform, passes, args.credits).await?;
    Ok(Some(credentials::Done { achievements, seconds: started.elapsed().as_secs_f64(), credits, comparison }))
}

/// Credentials by module, and the credits that they bring.
type Issued = (Vec<credentials::Compared>, credentials::Credits);

/// The credentials beside the files, if they were asked for.
async fn compare_credentials(args: &OuladArgs, platform: &Platform) -> Result<Option<Issued>> {
    if !args.credentials {
        return Ok(None);
    }
    let comparison = credentials::compare(platform, &args.dir, &args.presentations).await?;
    let credits = credentials::credits(platform, credentials::total(&comparison).passes, args.credits).await?;
    Ok(Some((comparison, credits)))
}

/// Makes the tutor groups mentorships, if that was asked for.
async fn play_groups(
    args: &OuladArgs,
    platform: &Platform,
    plan: &Plan,
    groups: &[tutor_groups::Group],
) -> Result<Option<tutor_groups::Done>> {
    if !args.tutor_groups {
        return Ok(None);
    }
    let started = Instant::now();
    let acts = tutor_groups::play(platform, plan, groups, args.in_flight.into()).await?;
    Ok(Some(tutor_groups::Done { acts, seconds: started.elapsed().as_secs_f64(), ..Default::default() }))
}

/// The tutor groups and their outcomes beside the files, if they were asked for.
async fn compare_groups(args: &OuladArgs, platform: &Platform) -> Result<Option<tutor_groups::Comparison>> {
    if !args.tutor_groups {
        return Ok(None);
    }
    Ok(Some(tutor_groups::compare(platform, &args.dir, &args.presentations).await?))
}

/// What playing the registry needs.
struct Game<'a> {
    platform: &'a Platform,
    plan: &'a Arc<Plan>,
    in_flight: usize,
}

impl Game<'_> {
    async fn play(&self, label: &str, steps: Vec<Step>) -> Result<Tally> {
        let line = Line::open(self.platform, "enrolment", &["registrar"], "studium-import", CONNECTIONS).await?;
        let bar = self.platform.output.bar(label, steps.len() as u64);
        play::play(self.plan, steps, line, self.in_flight, bar).await
    }

    /// Everything by the university's own staff; who is there by a campus's seat stays there.
    async fn without_campuses(&self, mut steps: Vec<Step>) -> Result<Tally> {
        let mut by_seat = Tally::default();
        if campuses::was_begun(self.platform).await? {
            let known = Known::ask(self.platform, self.plan).await?;
            steps.retain(|it| {
                let student = self.plan.students[it.student as usize];
                let is_there = it.act == Act::Enrol && known.way(it.run, student) == Some(Way::Seat);
                if is_there {
                    by_seat.answered_with(it.act, Answer { position: 0, already: true });
                }
                !is_there
            });
        }
        let mut tally = self.play("playing the registry", steps).await?;
        tally.add(by_seat);
        Ok(tally)
    }

    /// Learners first, then all registrations by their seats, then everything that follows from these.
    async fn with_campuses(
        &self,
        steps: Vec<Step>,
        named: &Named,
        regions: &Regions,
        since: Since,
    ) -> Result<(Tally, Option<Done>)> {
        let known = Known::ask(self.platform, self.plan).await?;
        let mut sorted = Sorted::new(steps, self.plan, regions, &known);
        let mut tally = self.play("registering learners", sorted.registers.clone()).await?;
        let rest = std::mem::take(&mut sorted.rest);
        let how = (since, self.in_flight);
        let mut done = campuses::play(self.platform, self.plan, regions, &sorted, how, &mut tally).await?;
        done.in_several_regions.clone_from(&named.moved);
        tally.add(self.play("playing the registry", rest).await?);
        Ok((tally, Some(done)))
    }
}

/// Reads the files and plans the import, away from the threads that talk to services.
async fn prepare(args: &OuladArgs, platform: &Platform) -> Result<(Plan, Option<(Named, Regions)>)> {
    let spinner = platform.output.spinner("reading the files");
    let (dir, presentations, campuses) = (args.dir.clone(), args.presentations.clone(), args.campuses);
    let read = move || -> Result<_> {
        let mut plan = Plan::new(Files::read(&dir)?, &presentations)?;
        let named = if campuses { Some(Named::read(&dir)?) } else { None };
        let regions = named.map(|it| {
            let regions = Regions::new(&mut plan, &it);
            (it, regions)
        });
        Ok((plan, regions))
    };
    let prepared = tokio::task::spawn_blocking(read).await??;
    spinner.finish();
    Ok(prepared)
}

/// The campuses beside the files, if they were asked for.
async fn compare_campuses(
    args: &OuladArgs,
    platform: &Platform,
    plan: &Plan,
) -> Result<Option<Vec<campuses::Compared>>> {
    if !args.campuses {
        return Ok(None);
    }
    let known = Known::ask(platform, plan).await?;
    Ok(Some(campuses::compare(platform, &args.dir, &known).await?))
}

fn tell_comparison(
    platform: &Platform,
    comparison: &[Compared],
    regions: Option<&[campuses::Compared]>,
    groups: Option<&tutor_groups::Comparison>,
    issued: Option<&Issued>,
) -> Result<()> {
    let total = check::total(comparison);
    let equal = demand_equal(comparison, regions).and_then(|()| demand_equal_groups(groups));
    let equal = equal.and_then(|()| demand_equal_credentials(issued.map(|(it, credits)| (it.as_slice(), *credits))));
    let mut told = json!({"comparison": comparison, "total": total, "equal": equal.is_ok()});
    if let Some(it) = regions {
        told["campuses"] = json!({"comparison": it, "total": campuses::total(it)});
    }
    if let Some(it) = groups {
        told["tutor_groups"] = json!(it);
    }
    if let Some((it, credits)) = issued {
        told["credentials"] = json!({"comparison": it, "total": credentials::total(it), "credits": credits});
    }
    platform.output.json(&told);
    platform.output.say(check::shown(comparison));
    platform.output.say(verdict(comparison));
    if let Some(it) = regions {
        platform.output.say(campuses::shown(it));
        platform.output.say(campuses::verdict(it));
    }
    if let Some(it) = groups {
        platform.output.say(tutor_groups::shown(it));
        platform.output.say(tutor_groups::verdict(it));
    }
    if let Some((it, credits)) = issued {
        platform.output.say(credentials::shown(it));
        platform.output.say(credentials::verdict(it));
        platform.output.say(credits.verdict());
    }
    equal
}

fn demand_equal_groups(groups: Option<&tutor_groups::Comparison>) -> Result<()> {
    match groups.map_or(0, |it| it.presentations.iter().filter(|it| !it.equal).count()) {
        0 => Ok(()),
        different => bail!(
            "tutor groups or outcomes of {different} presentations differ from the files; import them with --tutor-groups"
        ),
    }
}

fn demand_equal_credentials(issued: Option<(&[credentials::Compared], credentials::Credits)>) -> Result<()> {
    let Some((modules, credits)) = issued else { return Ok(()) };
    if !credits.equal() {
        bail!("{}", credits.verdict());
    }
    match modules.iter().filter(|it| !it.equal).count() {
        0 => Ok(()),
        different => {
            bail!(
                "credentials of {different} modules differ from the passes in the files; import them with --credentials"
            )
        }
    }
}

fn demand_equal(comparison: &[Compared], regions: Option<&[campuses::Compared]>) -> Result<()> {
    let different = comparison.iter().filter(|it| !it.equal).count();
    if different > 0 {
        bail!(
            "{different} presentations differ from the files; import them, or see what the import's report says of refusals"
        );
    }
    match regions.unwrap_or_default().iter().filter(|it| !it.equal).count() {
        0 => Ok(()),
        different => bail!("{different} campuses differ from the files; import them with --campuses"),
    }
}
