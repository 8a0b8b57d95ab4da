// The AsyncAPI document of the services' streams, checked by what others wrote: @asyncapi/parser judges it by the
// specification, and ajv has to understand the schema of every message. Nothing is fetched.
//
// usage: node streams.mjs docs/contract/asyncapi.json
import { Parser, fromFile } from '@asyncapi/parser';
import Ajv from 'ajv';

const [file] = process.argv.slice(2);
const failures = [];
const { document, diagnostics } = await fromFile(new Parser(), file).parse();
for (const it of diagnostics) {
  // 0 is an error, 1 a warning; the rest is advice.
  if (it.severity <= 1) failures.push(`${it.code}: ${it.message} at ${it.path.join('.')}`);
}
let channels = 0;
let messages = 0;
if (document) {
  const ajv = new Ajv({ strict: false });
  channels = document.channels().all().length;
  for (const message of document.components().messages().all()) {
    try {
      ajv.compile(message.payload().json());
      ajv.compile(message.headers().json());
      messages += 1;
    } catch (error) {
      failures.push(`${message.id()}: ${error.message}`);
    }
  }
  if (channels !== messages || channels < 40) failures.push(`${channels} channels, ${messages} messages`);
}
for (const it of failures) console.error(it);
console.log(`AsyncAPI of the streams: ${channels} channels, ${messages} messages, ${failures.length} failures`);
process.exit(failures.length === 0 ? 0 : 1);
