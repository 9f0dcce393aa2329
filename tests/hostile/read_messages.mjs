// Reads mails and JSON bodies with mailparser and node's JSON: read_messages.mjs NODE_MODULES SAMPLES
// Prints for each line what it saw, as one JSON object a line.
import fs from 'node:fs';
import readline from 'node:readline';
import {createRequire} from 'node:module';

const [modules, samples] = process.argv.slice(2);
const {simpleParser} = createRequire(modules + '/')('mailparser');
const base64 = (text) => Buffer.from(text, 'utf8').toString('base64');

async function readMail(wire) {
  const mail = await simpleParser(wire, {skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true});
  return {
    names: mail.headerLines.map((line) => line.key),
    to: mail.to.value.map((one) => one.address),
    from: mail.from.value.map((one) => one.address),
    subject: base64(mail.subject ?? ''),
    text: base64(mail.text ?? ''),
    id: mail.messageId,
    parents: [mail.inReplyTo ?? null, mail.references ?? null],
    html: mail.html === false ? null : mail.html,
    files: mail.attachments.map((one) => [one.contentType, base64(one.filename ?? ''), one.content.toString('base64')]),
  };
}

const lines = readline.createInterface({input: fs.createReadStream(samples)});
for await (const line of lines) {
  const {sink, wire} = JSON.parse(line);
  const bytes = Buffer.from(wire, 'base64');
  const seen = sink === 'mail' ? await readMail(bytes) : {json: base64(JSON.stringify(JSON.parse(bytes.toString('utf8'))))};
  console.log(JSON.stringify(seen));
}
