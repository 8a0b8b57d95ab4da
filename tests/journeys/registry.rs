//! A small invented registry in the format of the Open University data set, with its oddities.

use std::{fmt::Write as _, fs, path::Path};

/// Learners in the registry.
pub const LEARNERS: u32 = 120;

/// What the views must show afterwards: passed, with distinction, failed, withdrawn.
pub const RESULTS: [u64; 4] = [30, 30, 30, 30];

/// Writes the files into a folder.
pub fn write(folder: &Path) -> std::io::Result<()> {
    let mut info = "code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,\
                    num_of_prev_attempts,studied_credits,disability,final_result\n"
        .to_owned();
    let mut registration =
        "code_module,code_presentation,id_student,date_registration,date_unregistration\n".to_owned();
    let mut results = "id_assessment,id_student,date_submitted,is_banked,score\n".to_owned();
    for learner in 1000..1000 + LEARNERS {
        let outcome = ["Pass", "Distinction", "Fail", "Withdrawn"][learner as usize % 4];
        let region = ["Scotland", "Wales", "Ireland"][learner as usize % 3];
        let _ = writeln!(info, "TST,2013J,{learner},F,{region},HE Qualification,,0-35,0,60,N,{outcome}");
        let registered = if learner % 30 == 0 { String::new() } else { (-100 + i64::from(learner % 50)).to_string() };
        let left = if outcome == "Withdrawn" { "80" } else { "" };
        let _ = writeln!(registration, "TST,2013J,{learner},{registered},{left}");
        for (assessment, day) in [(1, 20), (2, 70), (3, 120)] {
            // Some of those who left on day 80 hand in all the same; some results have no score, some are banked.
            let left_out = outcome == "Withdrawn" && assessment == 3 && learner % 8 != 3;
            if left_out {
                continue;
            }
            let banked = u8::from(assessment == 1 && learner % 40 == 1);
            let day = if banked == 1 { -1 } else { day };
            let score = if learner % 25 == 2 { String::new() } else { (40 + learner % 60).to_string() };
            let _ = writeln!(results, "{assessment},{learner},{day},{banked},{score}");
        }
    }
    let assessments = "code_module,code_presentation,id_assessment,assessment_type,date,weight\n\
                       TST,2013J,1,TMA,20,20.0\nTST,2013J,2,TMA,70,30.0\nTST,2013J,3,CMA,120,50.0\nTST,2013J,4,Exam,,100.0\n";
    fs::write(folder.join("courses.csv"), "code_module,code_presentation,module_presentation_length\nTST,2013J,240\n")?;
    fs::write(folder.join("assessments.csv"), assessments)?;
    fs::write(folder.join("studentInfo.csv"), info)?;
    fs::write(folder.join("studentRegistration.csv"), registration)?;
    fs::write(folder.join("studentAssessment.csv"), results)
}
