// Judges our signed requests with the Standard Webhooks verifier and the CloudEvents parser, both written by others.
// verify.mjs NODE_MODULES SAMPLES_PROGRAM
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';

const [modules, program] = process.argv.slice(2);
const load = createRequire(modules + '/');
const {Webhook} = load('standardwebhooks');
const {HTTP} = load('cloudevents');

const samples = (at) =>
  execFileSync(program, [String(at)], {encoding: 'utf8'}).trim().split('\n').map((line) => JSON.parse(line));
const now = Math.floor(Date.now() / 1000);
const other = 'whsec_' + Buffer.alloc(24, 7).toString('base64');

let checks = 0;
for (const {name, secrets, headers, body} of samples(now)) {
  for (const secret of secrets) {
    assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body), `${name}: accepts our signature`);
    assert.throws(() => new Webhook(secret).verify(body + ' ', headers), `${name}: refuses a changed body`);
    assert.throws(
      () => new Webhook(secret).verify(body, {...headers, 'webhook-id': headers['webhook-id'] + '0'}),
      `${name}: refuses another id`);
    checks += 3;
  }
  assert.throws(() => new Webhook(other).verify(body, headers), `${name}: refuses a wrong key`);
  ++checks;
}
for (const {name, secrets, headers, body} of samples(now - 400)) {
  assert.throws(() => new Webhook(secrets[0]).verify(body, headers), `${name}: refuses an old timestamp`);
  ++checks;
}
const {headers, body} = samples(now).find((sample) => sample.name === 'cloudevents');
const event = HTTP.toEvent({headers, body});
assert.ok(event.validate());
assert.equal(event.id, headers['webhook-id']);
assert.equal(event.specversion, '1.0');
assert.equal(event.type, 'exhibit.incident.opened');
assert.equal(event.source, '/exhibit/acme');
assert.equal(new Date(event.time).toISOString(), '2026-11-22T02:12:42.500Z');
assert.deepEqual(event.data, JSON.parse(body));
console.log(`${checks + 7} checks held`);
