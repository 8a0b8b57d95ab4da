//! x
#![allow(clippy::all, clippy::pedantic, missing_docs, dead_code)]
#[path = "views/desk.rs"]
mod desk;
use std::time::Instant;
use studium_catalogue::{course_facets::*, course_search::*, page::Page};
use studium_proto::catalogue::v1::{course_event::Event as E, *};
async fn run(url: &str) {
    let mut desk = desk::Desk::open(url).await;
    let t = Instant::now();
    for line in std::fs::read_to_string("/tmp/views_scale/c.jsonl").unwrap().lines() {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        let s = |i: usize| v[i].as_str().unwrap().to_owned();
        desk.write(&s(0), 5, &[
            E::CourseCreated(CourseCreated { institution_id: s(3).replace(' ', "-"), kind: s(1), title: s(2) }),
            E::CourseDescribed(CourseDescribed { title: s(2), language: s(6), category: s(7), subcategory: s(8), rating_hundredths: (v[9].as_f64().unwrap() * 100.0) as u32, ..Default::default() }),
            E::CourseSkillsSet(CourseSkillsSet { skills: v[10].as_array().unwrap().iter().map(|x| Skill { uri: String::new(), label: x.as_str().unwrap().to_owned() }).collect() }),
            E::CourseWorkloadSet(CourseWorkloadSet { study_minutes: (v[4].as_f64().unwrap() * 60.0) as u32, ..Default::default() }),
            desk::publication(1),
        ]).await;
    }
    println!("written {:?}", t.elapsed());
    let store = desk.seen().await;
    println!("seen {:?}", t.elapsed());
    for text in ["", "p", "data", "machine learning", "introduction to the"] {
        let filter = SelectionFilter { text: text.into(), ..Default::default() };
        for _ in 0..2 {
            let t = Instant::now();
            let (_, total, _) = search(store, &filter, &Page::default()).await.unwrap();
            let a = t.elapsed();
            let t = Instant::now();
            let _ = facets(store, &filter).await.unwrap();
            let b = t.elapsed();
            let t = Instant::now();
            let _ = suggest(store, text, 0).await.unwrap();
            println!("{text:?} {total}: search {a:?} facets {b:?} suggest {:?}", t.elapsed());
        }
    }
    let t = Instant::now();
    let (rows, _) = list_as_of(store, "", 5, &Page::read(500, "").unwrap()).await.unwrap();
    println!("as of {} {:?}", rows.len(), t.elapsed());
    let filter = SelectionFilter { skills: vec!["Python Programming".into(), "Statistics".into()], ..Default::default() };
    let t = Instant::now();
    println!("{} by skill {:?}", matching(store, &filter).await.unwrap().len(), t.elapsed());
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scale() {
    let f = tempfile::tempdir().unwrap();
    println!("sqlite");
    run(&format!("sqlite:{}", f.path().join("c.db").display())).await;
    println!("postgres");
    let db = studium_testkit::postgres().unwrap().database().await.unwrap();
    run(&db.url).await;
    db.drop().await.unwrap();
}
