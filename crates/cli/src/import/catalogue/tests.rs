//! Lists of courses as they come, good and bad, and what is read of them.
#![allow(clippy::unwrap_used)]

use super::source::Source;
use crate::import::rows::Unreadable;
use std::fs;
use studium_proto::catalogue::v1::{CourseLevel, ImportCoursesRequest};

fn read(name: &str, text: &str) -> (Vec<ImportCoursesRequest>, Vec<Unreadable>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    let mut source = Source::open(&path).unwrap();
    let (mut rows, mut unreadable) = (vec![], vec![]);
    loop {
        let some = source.some(2, &mut unreadable);
        if some.is_empty() {
            return (rows, unreadable, source.unused());
        }
        rows.extend(some);
    }
}

#[test]
fn a_csv_row_is_read_whole_whatever_the_order_of_its_columns() {
    let text = "slug,kind,title,institution,hours,level,language,subtitles,category,subcategory,rating,skills,subscribers,url\n\
                r-stats,COURSE,\"R, gently\",Uni A,14.5,Beginner,English,French; German,Data,Stats,4.7,\"[\"\"R\"\", \"\"Plots\"\"]\",99,https://a.example/r\n\
                bare,,Bare,Uni B,,,,,,,,[],,\n";
    let (rows, unreadable, unused) = read("list.csv", text);
    assert_eq!(unreadable, []);
    assert_eq!(unused, ["subscribers"]);
    let it = &rows[0];
    assert_eq!(
        (it.row, it.slug.as_str(), it.title.as_str(), it.institution.as_str()),
        (2, "r-stats", "R, gently", "Uni A")
    );
    assert_eq!((it.hours, it.rating, it.level()), (14.5, 4.7, CourseLevel::Beginner));
    assert_eq!((it.subtitles.join("|"), it.skills.join("|")), ("French|German".to_owned(), "R|Plots".to_owned()));
    assert_eq!(
        rows[1],
        ImportCoursesRequest {
            row: 3,
            slug: "bare".into(),
            title: "Bare".into(),
            institution: "Uni B".into(),
            ..Default::default()
        }
    );
}

#[test]
fn rows_that_make_no_sense_are_named_by_line_and_the_rest_is_read() {
    let text = "title,slug,institution,level,skills,hours\nA,,U,,,\nB,b,U,Mixed,,\nC,c,U,,[broken,\nD,d,U,,,-3\nE,e,U\nF,f,U,Advanced,,3\n";
    let (rows, unreadable, _) = read("list.csv", text);
    assert_eq!(rows.iter().map(|it| it.slug.as_str()).collect::<Vec<_>>(), ["f"]);
    assert_eq!(unreadable.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    let whys: Vec<_> = unreadable.iter().map(|it| it.why.as_str()).collect();
    assert_eq!(whys[0], "slug is missing");
    assert!(
        whys[1].contains("Mixed")
            && whys[2].contains("[broken")
            && whys[3].contains("-3")
            && whys[4].contains("3 fields"),
        "{whys:?}"
    );
}

#[test]
fn json_lines_do_as_well() {
    let text = "{\"slug\":\"a\",\"title\":\"A\",\"institution\":\"U\",\"skills\":[\"x\"],\"hours\":2}\nnonsense\n{\"slug\":\"b\"}\n";
    let (rows, unreadable, _) = read("list.jsonl", text);
    assert_eq!((rows.len(), rows[0].skills.len(), rows[0].row), (1, 1, 1));
    assert_eq!(unreadable.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(unreadable[1].why, "title is missing");
}

#[test]
fn a_row_that_is_not_utf8_and_a_file_that_breaks_off_do_not_stop_what_came_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list.jsonl");
    let course = |slug: &str| format!("{{\"slug\":\"{slug}\",\"title\":\"T\",\"institution\":\"U\"}}\n").into_bytes();
    fs::write(&path, [course("a"), b"\xff\n".to_vec(), course("b")].concat()).unwrap();
    let mut unreadable = vec![];
    let rows = Source::open(&path).unwrap().some(10, &mut unreadable);
    assert_eq!(rows.iter().map(|it| it.slug.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((unreadable[0].line, unreadable[0].why.as_str()), (2, "it is not UTF-8"));

    // Every other row is of noise, so that a part of the packed file is a part of the rows.
    let noise = (0..20_000_u64).map(|it| format!("c{it},{:x},U\n", it.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let text = "slug,title,institution\n".to_owned() + &noise.collect::<String>();
    let packed = zstd::encode_all(text.as_bytes(), 0).unwrap();
    let path = dir.path().join("list.csv.zst");
    fs::write(&path, &packed[..packed.len() - 1000]).unwrap();
    let (mut source, mut unreadable) = (Source::open(&path).unwrap(), vec![]);
    let rows = source.some(usize::MAX, &mut unreadable).len() as u64;
    assert!(rows > 0 && rows < 20_000, "{rows}");
    assert!(unreadable.len() == 1 && unreadable[0].line >= rows + 2, "{unreadable:?}");
    assert!(unreadable[0].why.starts_with("the rest is unreadable"), "{unreadable:?}");
    assert!(source.some(1, &mut unreadable).is_empty() && unreadable.len() == 1, "it is told once");
}

#[test]
fn a_table_without_what_it_must_have_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    for (text, why) in [
        ("", "list.csv is empty"),
        ("\n\n", "list.csv is empty"),
        (
            "slug,title\na,A\n",
            "list.csv has no column institution; name a table whose first line has slug, title, institution",
        ),
        ("slug,\"title\na,A\n", "names no columns: a quotation mark is never closed"),
    ] {
        let path = dir.path().join("list.csv");
        fs::write(&path, text).unwrap();
        let error = Source::open(&path).err().unwrap().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_file_of_another_sort_is_refused_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("courses.xlsx");
    fs::write(&path, "x").unwrap();
    let error = Source::open(&path).err().unwrap().to_string();
    assert!(error.contains("neither .csv nor .jsonl"), "{error}");
}
