//! A credential on paper: what it says, and a code that leads to the page where it is checked.

use super::{
    facts,
    paper::{self, Paper},
};
use crate::document;
use studium_kit::StoreError;
use studium_proto::credentials::v1::{AchievementDefined, CredentialIssued};

/// The side of the code, points.
const CODE: f32 = 110.0;

/// The file. It says nothing of the status, since paper does not change; the page behind the code does.
pub fn pdf(
    issued: &CredentialIssued,
    achievement: &AchievementDefined,
    name: Option<&str>,
) -> Result<Vec<u8>, StoreError> {
    let mut sheet = Paper::new();
    sheet.paragraph(paper::NOTE, &format!("Credential issued by {}", issued.issuer_name));
    sheet.paragraph(paper::TITLE, &achievement.name);
    if let Some(name) = name {
        sheet.paragraph(paper::STRONG, name);
        sheet.paragraph(
            paper::NOTE,
            "The name was given by the learner who shares this. It is not part of what the issuer signed.",
        );
    }
    if !achievement.description.is_empty() {
        sheet.paragraph(paper::TEXT, &achievement.description);
    }
    sheet.space(8.0);
    for fact in facts::of(issued, achievement) {
        sheet.entry(fact.label, fact.texts.iter().map(|it| it.words.as_str()));
    }
    sheet.space(14.0);
    sheet.keep(CODE + 50.0);
    sheet.paragraph(
        paper::NOTE,
        "Paper proves nothing. Whether this credential holds, and whether it was suspended, revoked or replaced, \
         the page at this address tells:",
    );
    sheet.code(&document::credential_url(issued), CODE);
    sheet.written(&achievement.name, issued.awarded_ms)
}
