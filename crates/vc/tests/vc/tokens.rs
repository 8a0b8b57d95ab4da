//! The token form, and the ways in which tokens are forged.

use super::{at, key, method, signed, small};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use studium_vc::{
    contexts::Contexts,
    jwt::{self, JwtError, Token},
    keys::SigningKey,
    resolver::Fetched,
    verify::{self, Outcome},
};

fn token() -> String {
    jwt::sign(&small(), &key(), &method()).unwrap()
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&BASE64URL.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

/// A token with another header or payload, signed all the same by the rightful key.
fn forged(change: impl Fn(&mut Value, &mut Value)) -> String {
    let (mut header, mut payload) = (part(&token(), 0), part(&token(), 1));
    change(&mut header, &mut payload);
    let signed = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(payload.to_string()));
    format!("{signed}.{}", BASE64URL.encode(key().sign(signed.as_bytes())))
}

#[test]
fn a_token_has_the_form_of_open_badges() {
    let token = token();
    let key = key().verifying_key();
    assert_eq!(part(&token, 0), json!({"alg": "EdDSA", "jwk": key.jwk(), "kid": method(), "typ": "JWT"}));
    let payload = part(&token, 1);
    assert_eq!(payload["iss"], key.did_key());
    assert_eq!(payload["jti"], small()["id"]);
    assert_eq!(payload["sub"], "did:example:learner");
    assert_eq!(payload["nbf"], 1_782_810_000);
    assert_eq!(payload["exp"], 1_940_576_400);
    let read = Token::read(&token).unwrap();
    assert!(read.verifies(&key));
    assert_eq!((read.credential, read.key_id, read.key), (small(), Some(method()), Some(key)));
}

#[test]
fn signing_twice_gives_the_same_token_without_the_proof() {
    assert_eq!(token(), token());
    assert_eq!(jwt::sign(&signed(&small()), &key(), &method()).unwrap(), token());
}

#[test]
fn no_other_algorithm_is_believed() {
    for algorithm in ["none", "None", "HS256", "RS256", "ES256", "eddsa", "EdDSA ", ""] {
        let token = forged(|header, _| header["alg"] = algorithm.into());
        assert_eq!(Token::read(&token), Err(JwtError::Algorithm(algorithm.to_owned())));
    }
    let token = forged(|header, _| header["alg"] = json!(["EdDSA"]));
    assert_eq!(Token::read(&token), Err(JwtError::Algorithm(String::new())));
    let unsigned = format!("{}.", forged(|header, _| header["alg"] = "none".into()).rsplit_once('.').unwrap().0);
    assert_eq!(Token::read(&unsigned), Err(JwtError::Algorithm("none".to_owned())));
}

#[test]
fn every_part_is_covered() {
    let token = token();
    let parts: Vec<_> = token.split('.').collect();
    for number in 0..3 {
        for position in [0, parts[number].len() / 2, parts[number].len() - 2] {
            let mut bytes = parts[number].as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let mut other = parts.clone();
            let text = String::from_utf8(bytes).unwrap();
            other[number] = &text;
            let read = Token::read(&other.join("."));
            assert!(read.is_err() || !read.unwrap().verifies(&key().verifying_key()), "part {number} at {position}");
        }
    }
    let empty = format!("{}.{}.", parts[0], parts[1]);
    assert!(!Token::read(&empty).unwrap().verifies(&key().verifying_key()));
    let other = SigningKey::from_seed(&[8; 32]).unwrap().verifying_key();
    assert!(!Token::read(&token).unwrap().verifies(&other));
}

/// A reader that believes the key in the token and one that looks the issuer's up must not see different signers.
#[test]
fn a_token_carries_the_key_that_it_names() {
    let other = SigningKey::from_seed(&[8; 32]).unwrap().verifying_key();
    let check = |token: &str| {
        verify::credential(token, &Fetched::default(), at("2026-07-01T00:00:00Z"), Contexts::embedded()).outcome()
    };
    assert_eq!(check(&forged(|header, _| header["jwk"] = other.jwk())), Outcome::Failed);
    assert_eq!(check(&forged(|header, _| drop(header.as_object_mut().unwrap().remove("jwk")))), Outcome::Ok);
    assert_eq!(check(&forged(|header, _| drop(header.as_object_mut().unwrap().remove("kid")))), Outcome::Ok);
    assert_eq!(check(&forged(|header, _| *header = json!({"alg": "EdDSA", "typ": "JWT"}))), Outcome::Failed);
}

#[test]
fn claims_repeat_the_credential() {
    for (claim, value) in [
        ("iss", json!("did:example:other")),
        ("jti", json!("urn:x:other")),
        ("sub", json!("did:example:other")),
        ("nbf", json!(0)),
        ("exp", json!(99_999_999_999_i64)),
        ("exp", Value::Null),
    ] {
        let read = Token::read(&forged(|_, payload| payload[claim] = value.clone()));
        assert!(matches!(read, Err(JwtError::Claim { claim: named, .. }) if named == claim), "{claim}: {value}");
    }
    let without = forged(|_, payload| drop(payload.as_object_mut().unwrap().remove("validUntil")));
    assert_eq!(Token::read(&without), Err(JwtError::Claim { claim: "exp", member: "validUntil" }));
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    assert_eq!(Token::read(&forged(|header, _| header["crit"] = json!(["b64"]))), Err(JwtError::Critical));
    assert_eq!(
        Token::read(&forged(|header, _| header["typ"] = "at+jwt".into())),
        Err(JwtError::Type("at+jwt".to_owned()))
    );
    assert!(Token::read(&forged(|header, _| header["typ"] = "vc+jwt".into())).is_ok());
    assert!(matches!(Token::read(&forged(|header, _| header["jwk"]["kty"] = "oct".into())), Err(JwtError::Jwk(_))));
    for text in ["", "a.b", "a.b.c.d", "e30.e30.====", "W10.e30.e30", "{}"] {
        assert!(Token::read(text).is_err(), "{text}");
    }
}

#[test]
fn what_a_token_must_say_must_be_there() {
    for (member, named) in [("id", "id"), ("issuer", "issuer"), ("validFrom", "validFrom")] {
        let mut credential = small();
        credential.as_object_mut().unwrap().remove(member);
        assert_eq!(jwt::sign(&credential, &key(), &method()), Err(JwtError::Lacks(named)));
    }
    let mut credential = small();
    credential["validUntil"] = "one day".into();
    assert_eq!(jwt::sign(&credential, &key(), &method()), Err(JwtError::Lacks("validUntil")));
    credential.as_object_mut().unwrap().remove("validUntil");
    credential["credentialSubject"].as_object_mut().unwrap().remove("id");
    let payload = part(&jwt::sign(&credential, &key(), &method()).unwrap(), 1);
    assert!(payload.get("exp").is_none() && payload.get("sub").is_none());
}

/// Of two values some readers keep the first, some the last.
#[test]
fn no_member_is_given_twice() {
    let token = token();
    let parts: Vec<_> = token.split('.').collect();
    for (number, member, other) in
        [(0, "\"alg\"", "\"alg\":\"none\""), (1, "\"creditsEarned\"", "\"creditsEarned\":60")]
    {
        let text = part(&token, number).to_string().replacen(member, &format!("{other},{member}"), 1);
        let text = BASE64URL.encode(text);
        let signed = if number == 0 { format!("{text}.{}", parts[1]) } else { format!("{}.{text}", parts[0]) };
        let twice = format!("{signed}.{}", BASE64URL.encode(key().sign(signed.as_bytes())));
        assert!(matches!(Token::read(&twice), Err(JwtError::Malformed(_))), "part {number}");
    }
}
