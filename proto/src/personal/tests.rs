//! Every event of the contract comes apart and together again, and each personal field has a holder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::{DESCRIPTORS, personal};
use prost::Message as _;

/// Every text says where it stands, every list has two items, and the second has no texts.
fn sample(message: &MessageDescriptor, with_texts: bool) -> DynamicMessage {
    let mut it = DynamicMessage::new(message.clone());
    for field in message.fields().filter(|it| !it.is_map()) {
        let value = |with_texts: bool| match field.kind() {
            Kind::String => {
                Some(Value::String(format!("text of {}", field.name()))).filter(|_| with_texts || !field.is_list())
            }
            Kind::Message(inner) => Some(Value::Message(sample(&inner, with_texts))),
            Kind::Uint32 => Some(Value::U32(7)),
            _ => None,
        };
        if !with_texts && matches!(field.kind(), Kind::String) {
            continue;
        }
        let value = match value(with_texts) {
            Some(it) if field.is_list() => Value::List([Some(it), value(false)].into_iter().flatten().collect()),
            Some(it) => it,
            None => continue,
        };
        it.set_field(&field, value);
    }
    it
}

fn marked(message: &MessageDescriptor, found: &mut Vec<FieldDescriptor>) {
    for field in message.fields() {
        if let Some(person) = option(&field.options(), "person") {
            let named = message.get_field_by_name(person.as_str().unwrap());
            let is_text = named.is_some_and(|it| matches!(it.kind(), Kind::String));
            assert!(is_text, "{} names no field beside it", field.full_name());
        }
        if option(&field.options(), "personal") == Some(Value::Bool(true)) {
            found.push(field);
        } else if let Kind::Message(inner) = field.kind() {
            marked(&inner, found);
        }
    }
}

#[test]
fn every_event_comes_apart_without_a_trace_and_together_again() {
    let mut seen = 0;
    for (aggregate, message) in crate::EVENTS {
        let envelope = DESCRIPTORS.get_message_by_name(message).unwrap();
        for arm in envelope.fields() {
            let Kind::Message(event) = arm.kind() else { panic!("no event") };
            let mut marks = Vec::new();
            marked(&event, &mut marks);
            let mut whole = DynamicMessage::new(envelope.clone());
            whole.set_field(&arm, Value::Message(sample(&event, true)));
            let bytes = whole.encode_to_vec();
            let subject = format!("{aggregate}.of~ada");
            let cut = personal(aggregate).and_then(|it| it.cut(&subject, "", &bytes));
            let Some(cut) = cut else {
                assert!(marks.is_empty(), "{} is not cut", event.full_name());
                continue;
            };
            seen += marks.len();
            for mark in &marks {
                let text = format!("text of {}", mark.name());
                let is_in = |it: &[u8]| it.windows(text.len()).any(|it| it == text.as_bytes());
                assert!(!is_in(&cut.event), "{} is left", mark.full_name());
                assert_eq!(cut.parts.iter().filter(|it| is_in(&it.1)).count(), 1, "{}", mark.full_name());
            }
            let plan = personal(aggregate).unwrap();
            let mended = cut.parts.iter().fold(cut.event.clone(), |event, (_, part)| plan.mend(&event, part));
            assert_eq!(DynamicMessage::decode(envelope.clone(), mended.as_slice()).unwrap(), whole);
        }
    }
    assert!(seen > 70, "only {seen} marked fields were seen");
}

#[test]
fn every_personal_field_of_an_event_has_a_holder_and_every_reference_leads_somewhere() {
    for (aggregate, message) in crate::EVENTS {
        let envelope = DESCRIPTORS.get_message_by_name(message).unwrap();
        let is_text = |it: &FieldDescriptor| matches!(it.kind(), Kind::String);
        let mut any = Vec::new();
        for arm in envelope.fields() {
            let Kind::Message(event) = arm.kind() else { panic!("no event") };
            let mut marks = Vec::new();
            marked(&event, &mut marks);
            for mark in &marks {
                assert!(is_text(mark), "{} is personal and no text", mark.full_name());
            }
            for owner in event.fields().filter(|it| option(&it.options(), "owner").is_some()) {
                assert!(is_text(&owner) && !owner.is_list(), "{} is nobody's id", owner.full_name());
            }
            any.extend(marks);
        }
        let holder = option(&envelope.options(), "holder");
        let is_said = matches!(holder, Some(Value::EnumNumber(1..)));
        assert_eq!(is_said, !any.is_empty(), "`{aggregate}` has personal fields if and only if it says whose they are");
    }
}

#[test]
fn the_holder_is_the_person_nearest_to_the_field() {
    let holders = |aggregate: &str, id: &str, owner: &str, event: Vec<u8>| {
        let cut = personal(aggregate).unwrap().cut(&format!("{aggregate}.{id}"), owner, &event).unwrap();
        cut.parts.into_iter().map(|it| it.0).collect::<Vec<_>>()
    };
    let event = |message: &str, arm: &str, texts: &[(&str, &[&str])]| {
        let envelope = DESCRIPTORS.get_message_by_name(message).unwrap();
        let arm = envelope.get_field_by_name(arm).unwrap();
        let Kind::Message(kind) = arm.kind() else { panic!("no event") };
        let mut it = DynamicMessage::new(kind.clone());
        for (name, values) in texts {
            let field = kind.get_field_by_name(name).unwrap();
            let mut values: Vec<_> = values.iter().map(|it| Value::String((*it).to_owned())).collect();
            it.set_field(&field, if field.is_list() { Value::List(values) } else { values.remove(0) });
        }
        let mut whole = DynamicMessage::new(envelope);
        whole.set_field(&arm, Value::Message(it));
        whole.encode_to_vec()
    };
    let class = "studium.campus.v1.ClassEvent";
    let note =
        |learners: &[&str]| event(class, "class_exercise_recorded", &[("note", &["good"]), ("learner_ids", learners)]);
    assert_eq!(holders("campus.class", "c", "", note(&["ada"])), ["ada"]);
    assert_eq!(holders("campus.class", "c", "", note(&["ada", "bob"])), ["campus.class.c"]);
    let email = event("studium.enrolment.v1.LearnerEvent", "email_changed", &[("email", &["a@x.org"])]);
    assert_eq!(holders("enrolment.learner", "ada", "", email), ["ada"]);
    let left = event("studium.enrolment.v1.EnrolmentEvent", "enrolment_withdrawn", &[("reason", &["ill"])]);
    assert_eq!(holders("enrolment.enrolment", "run~ada", "", left), ["ada"]);
    let credential = "studium.credentials.v1.CredentialEvent";
    let revoked = || event(credential, "credential_revoked", &[("note", &["forged"])]);
    assert_eq!(holders("credentials.credential", "a~ada~1", "ada", revoked()), ["ada"]);
    assert_eq!(holders("credentials.credential", "a~ada~1", "", revoked()), ["credentials.credential.a~ada~1"]);
    let issued = event(credential, "credential_issued", &[("learner_id", &["ada"])]);
    let plan = personal("credentials.credential").unwrap();
    assert_eq!((plan.owner(&issued), plan.owner(&revoked())), (Some("ada"), None));
}
