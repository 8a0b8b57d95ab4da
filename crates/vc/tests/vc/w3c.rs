//! The test vectors of the Recommendation on cryptosuites for Data Integrity with Ed25519, byte for byte.
//!
//! Key, credential, hashes and proofs are W3C's (vc-di-eddsa, `TestVectors`), under the W3C Software and Document
//! License; copyright (c) World Wide Web Consortium.

use super::at;
use serde_json::{Value, json};
use studium_vc::{
    canon,
    contexts::Contexts,
    keys::{SigningKey, VerifyingKey},
    proof::{self, ProofError},
};

const PUBLIC: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
const PRIVATE: &str = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq";
const METHOD: &str = "https://vc.example/issuers/5678#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
const PROOF_AND_DOCUMENT_HASH: &str = "4c4d3890a157f8d611b13c265c2c22f39aa0a567c7c7dd9ba3e45cd579784eeb\
     517744132ae165a5349155bef0bb0cf2258fff99dfe1dbd914b938d775a36017";
const PROOF_VALUE: &str = "z21EVs3eXERqTn4acNHT9viboqgzUaQ3kTmhPT3eA8qrVPE7CrQq78WkzctnMX5W4CrzcKnHw8V6dvy5pgWYCU5e9";
const PROOF_OPTIONS: &str = "\
_:c14n0 <http://purl.org/dc/terms/created> \"2023-02-24T23:36:38Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/security#DataIntegrityProof> .
_:c14n0 <https://w3id.org/security#cryptosuite> \"eddsa-rdfc-2022\"^^<https://w3id.org/security#cryptosuiteString> .
_:c14n0 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#assertionMethod> .
_:c14n0 <https://w3id.org/security#verificationMethod> \
<https://vc.example/issuers/5678#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2> .
";

/// The examples' context, which gives every term a meaning and is therefore not built in.
fn contexts() -> Contexts {
    let vocab = r#"{"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}"#;
    Contexts::embedded().clone().with("https://www.w3.org/ns/credentials/examples/v2", vocab).unwrap()
}

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "AlumniCredential"],
        "name": "Alumni Credential",
        "description": "A minimum viable example of an Alumni Credential.",
        "issuer": "https://vc.example/issuers/5678",
        "validFrom": "2023-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
    })
}

fn private() -> SigningKey {
    let bytes = bs58::decode(&PRIVATE[1..]).into_vec().unwrap();
    SigningKey::from_seed(bytes[2..].try_into().unwrap()).unwrap()
}

fn hash(text: &str) -> String {
    format!("{:?}", aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes())).replace("SHA256:", "")
}

/// The multikey behind the `#`; the examples' issuers have no document.
fn fragment(method: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_multikey(method.split_once('#')?.1).ok()
}

#[test]
fn the_key_pair_is_read() {
    assert_eq!(private().verifying_key().multikey(), PUBLIC);
    assert_eq!(VerifyingKey::from_multikey(PUBLIC).unwrap(), private().verifying_key());
}

#[test]
fn document_and_options_have_the_published_form_and_hash() {
    let document = canon::canonize(&credential(), &contexts()).unwrap();
    let options = json!({
        "@context": credential()["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
    });
    let options = canon::canonize(&options, &contexts()).unwrap();
    assert_eq!(options, PROOF_OPTIONS);
    assert_eq!(format!("{}{}", hash(&options), hash(&document)), PROOF_AND_DOCUMENT_HASH);
}

#[test]
fn the_proof_is_the_published_one() {
    let signed = proof::add(&credential(), &private(), METHOD, at("2023-02-24T23:36:38Z"), &contexts()).unwrap();
    let published = json!([{
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "proofValue": PROOF_VALUE,
    }]);
    assert_eq!(signed["proof"], published);
    assert_eq!(proof::verify(&signed, fragment, &contexts()).unwrap().len(), 1);
}

/// A proof of the published set or chain.
fn proof(number: usize) -> Value {
    let (id, method, value) = [
        (
            "urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544",
            "https://vc.example/issuers/56781#z6MktgKTsu1QhX6QPbyqG6geXdw6FQCZBPq7uQpieWbiQiG7",
            "z5KTX5yikM4eUukZW9qh66LGT3KZEUCACGpWcT2t4Yd54NMoFRchGmH4778omyNFAD3weSt6sNk5fuaMQmhhzNmEC",
        ),
        (
            "urn:uuid:8cc9022b-6b14-4cf3-8571-74972c5feb54",
            "https://vc.example/issuers/56782#z6MkhWqdDBPojHA7cprTGTt5yHv5yUi1B8cnXn8ReLumkw6E",
            "z5KXNyXDcm822dHS37tmS6Xc7FFNo8c73AfeqmfHoywPxnXWNjWKYK3VQzt3CMUoK9uAqsboVHKJXxuYwbdnfxZeA",
        ),
    ][number];
    json!({
        "type": "DataIntegrityProof",
        "id": id,
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "proofValue": value,
    })
}

#[test]
fn one_proof_may_stand_without_a_list() {
    let mut signed = credential();
    signed["proof"] = proof(0);
    assert!(proof::verify(&signed, fragment, &contexts()).is_ok());
}

#[test]
fn every_proof_of_a_set_is_checked() {
    let mut signed = credential();
    signed["proof"] = json!([proof(0), proof(1)]);
    assert_eq!(proof::verify(&signed, fragment, &contexts()).unwrap().len(), 2);
    signed["proof"][1]["proofValue"] = signed["proof"][0]["proofValue"].clone();
    let method = proof(1)["verificationMethod"].as_str().unwrap().to_owned();
    assert_eq!(proof::verify(&signed, fragment, &contexts()), Err(ProofError::Signature(method)));
}

#[test]
fn a_chain_of_proofs_is_refused() {
    let mut signed = credential();
    let mut last = proof(1);
    last["previousProof"] = proof(0)["id"].clone();
    signed["proof"] = json!([proof(0), last]);
    assert_eq!(proof::verify(&signed, fragment, &contexts()), Err(ProofError::PreviousProof));
}
