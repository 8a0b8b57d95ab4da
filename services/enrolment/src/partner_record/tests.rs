//! The public contract speaks of the same things by the same numbers as the platform's own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use studium_proto::DESCRIPTORS;

#[test]
fn numbers_mean_the_same_in_both_contracts() {
    for name in ["EnrolmentState", "EnrolmentMode", "EnrolmentSource", "EndCause", "Outcome", "ConsentScope"] {
        let values = |package: &str| {
            let it = DESCRIPTORS.get_enum_by_name(&format!("studium.{package}.v1.{name}")).unwrap();
            it.values().map(|it| (it.number(), it.name().to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(values("enrolment"), values("partner"), "{name}");
    }
}
