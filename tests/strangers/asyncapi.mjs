// The AsyncAPI document for partners, checked by what others wrote: @asyncapi/parser reads it and judges it by the
// specification, and ajv holds every example against the schema of its message, once as it is and once so that nothing
// unknown is let through. Nothing is fetched.
//
// usage: node asyncapi.mjs docs/partner/asyncapi.yaml
import { Parser, fromFile } from '@asyncapi/parser';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [file] = process.argv.slice(2);
const failures = [];
const fail = (text) => failures.push(text);

/** The same schema without room for members that it does not name. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, it]) => [name, closed(it)]));
  if (copy.properties && !copy.allOf) copy.additionalProperties = false;
  return copy;
}

/** A message's envelope and data apart, so that each can be closed: `allOf` of an open schema would close nothing. */
function parts(payload) {
  const [envelope, own] = payload.allOf;
  return {
    envelope: closed({ ...envelope, properties: { ...envelope.properties, data: {} } }),
    data: closed(own.properties.data),
    type: own.properties.type.const,
  };
}

const { document, diagnostics } = await fromFile(new Parser(), file).parse();
for (const it of diagnostics) {
  // 0 is an error, 1 a warning; the rest is advice.
  if (it.severity <= 1) fail(`${it.code}: ${it.message} at ${it.path.join('.')}`);
}
let examples = 0;
if (document) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const check = (schema, value, what) => {
    const validate = ajv.compile(schema);
    if (!validate(value)) fail(`${what}: ${ajv.errorsText(validate.errors)}`);
  };
  const messages = document.components().messages().all();
  for (const message of messages) {
    const payload = message.payload().json();
    for (const example of message.examples().all()) {
      const value = example.payload();
      const raw = JSON.parse(readFileSync(join(dirname(file), 'examples', `${example.name()}.json`), 'utf8'));
      if (JSON.stringify(raw) !== JSON.stringify(value)) fail(`${example.name()}: the document has another example`);
      check(payload, value, example.name());
      const { envelope, data, type } = parts(payload);
      check(envelope, value, `${example.name()} without room`);
      check(data, value.data, `${example.name()}'s data without room`);
      if (type !== value.type || type !== message.name()) fail(`${example.name()}: is a ${value.type}`);
      examples += 1;
    }
  }
  const channels = document.channels().all();
  for (const channel of channels) {
    if (channel.messages().all().length !== messages.length) fail(`${channel.id()}: does not carry every message`);
  }
  if (channels.length !== 3) fail(`${channels.length} ways in`);
  if (examples !== messages.length) fail(`${messages.length} messages, ${examples} examples`);
}
for (const it of failures) console.error(it);
console.log(`AsyncAPI: ${examples} examples, ${failures.length} failures`);
process.exit(failures.length === 0 ? 0 : 1);
