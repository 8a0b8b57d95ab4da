// An OpenID Connect provider that others wrote (oidc-provider), on a free port of this machine, for one test.
//
//   node provider.mjs
//
// Its first line says where it is. Each further line answers one line of input, until there is no more:
//   {"rotate": true}                      new keys take the place of all old ones
//   {"sign": {...}, "header": {...}}      a token that the provider would not give: these claims under its own key
// Tokens that it does give come from its token endpoint, as for anybody: grant_type=client_credentials with
// resource=urn:studium:ALGORITHM for the audience `studium`, resource=urn:other for another.
// Diagnostics go to standard error.

import {createServer} from 'node:http';
import {createInterface} from 'node:readline';
import {exportJWK, generateKeyPair, importJWK, SignJWT} from 'jose';
import Provider from 'oidc-provider';

// Standard output is for answers only; the provider writes advice to it.
console.info = console.warn = console.error;

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

let number = 0;
async function newKeys() {
  number += 1;
  return Promise.all(ALGORITHMS.map(async (alg) => {
    const {privateKey} = await generateKeyPair(alg, {extractable: true});
    return {...await exportJWK(privateKey), alg, use: 'sig', kid: `${alg}-${number}`};
  }));
}

function resource(indicator) {
  const alg = indicator.split(':').at(-1);
  const audience = indicator === 'urn:other' ? 'other' : 'studium';
  return {
    scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: 600,
    jwt: {sign: {alg: ALGORITHMS.includes(alg) ? alg : 'RS256'}},
  };
}

function provider(issuer, keys) {
  const made = new Provider(issuer, {
    clients: [{
      client_id: 'registry', client_secret: 'a-secret-of-this-test-only', grant_types: ['client_credentials'],
      redirect_uris: [], response_types: [],
    }],
    jwks: {keys},
    features: {
      clientCredentials: {enabled: true},
      devInteractions: {enabled: false},
      resourceIndicators: {enabled: true, getResourceServerInfo: (_, indicator) => resource(indicator)},
    },
    ttl: {ClientCredentials: (_, token) => token.resourceServer?.accessTokenTTL ?? 600},
    // As Keycloak nests roles, and as Auth0 names what is not in a standard.
    extraTokenClaims: () => ({
      realm_access: {roles: ['staff', 'offline_access']},
      'https://uni.example/institutions': ['uni-a'],
    }),
  });
  return made.callback();
}

const server = createServer((request, response) => answers(request, response));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;
let keys = await newKeys();
let answers = provider(issuer, keys);

async function sign(claims, header) {
  const key = keys.find((it) => it.alg === header.alg);
  return new SignJWT(claims).setProtectedHeader({kid: key.kid, ...header}).sign(await importJWK(key, header.alg));
}

const say = (it) => process.stdout.write(`${JSON.stringify(it)}\n`);
say({issuer});
for await (const line of createInterface({input: process.stdin})) {
  const asked = JSON.parse(line);
  if (asked.rotate) {
    keys = await newKeys();
    answers = provider(issuer, keys);
    say({rotated: keys.map((it) => it.kid)});
  } else {
    say({token: await sign(asked.sign, asked.header)});
  }
}
server.closeAllConnections();
server.close();
