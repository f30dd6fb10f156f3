// Follows the life of pairings from the beginning, knowing asyncapi.json and Kafka only. One JSON line per fact; exit code 1 for a broken promise.
//   KAFKA=127.0.0.1:9092 node follow.mjs [--until-end] [PAIRING]
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Kafka, logLevel } from 'kafkajs';

const TOPICS = ['tandem-matching-pairing', 'tandem-scheduling-session']; // both are keyed by the pairing
const [wanted] = process.argv.slice(2).filter((one) => !one.startsWith('--'));
const untilEnd = process.argv.includes('--until-end');
const prefix = process.env.TOPIC_PREFIX ?? '';

// What may be read, and what it looks like: from the published document alone.
const document = JSON.parse(readFileSync(new URL(process.env.ASYNCAPI ?? '../../../shared/contracts/asyncapi.json', import.meta.url)));
const ajv = addFormats(new Ajv({ strict: false, validateSchema: false }));
ajv.addSchema(document, 'asyncapi');
const at = (pointer) => ({ $ref: `asyncapi${pointer}` });
const readers = new Map();
for (const topic of TOPICS) {
  for (const { $ref } of Object.values(document.channels[topic].messages)) {
    const message = document.components.messages[$ref.split('/').pop()];
    readers.set(message.name, { headers: ajv.compile(at(message.headers.$ref)), payload: ajv.compile(at(message.payload.$ref)) });
  }
}

const kafka = new Kafka({ clientId: 'pairing-life', brokers: (process.env.KAFKA ?? '127.0.0.1:9092').split(','), logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `pairing-life-${process.pid}-${Date.now()}` });
const admin = kafka.admin();
const seen = new Set(); // at least once: a second copy carries the same id
const last = new Map(); // per topic and key the numbers rise by one
const left = new Map(); // offsets that were the end when reading began
let broken = 0;

const broke = (what, record) => {
  broken += 1;
  console.error(JSON.stringify({ broken: what, ...record }));
};

function take(topic, partition, message) {
  const text = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, value.toString()]));
  const place = { topic, partition, offset: message.offset };
  const reader = readers.get(text.ce_type);
  if (reader === undefined || seen.has(text.ce_id)) return; // a type of tomorrow, or a copy
  seen.add(text.ce_id);
  const [key, data] = [message.key.toString(), JSON.parse(message.value)];
  if (!reader.headers(text)) broke(ajv.errorsText(reader.headers.errors), place);
  if (!reader.payload(data)) broke(ajv.errorsText(reader.payload.errors), place);
  if (text.ce_subject !== key) broke('the subject is not the key', place);
  const lane = `${topic}/${key}`;
  if (Number(text.ce_sequence) > (last.get(lane) ?? Number(text.ce_sequence)) + 1) broke('a number is missing', place);
  last.set(lane, Number(text.ce_sequence));
  if (wanted === undefined || wanted === key) {
    console.log(JSON.stringify({ at: text.ce_time, pairing: key, fact: text.ce_type, sequence: Number(text.ce_sequence), data }));
  }
}

await Promise.all([consumer.connect(), admin.connect()]);
for (const topic of TOPICS) {
  for (const { partition, low, high } of await admin.fetchTopicOffsets(prefix + topic)) {
    if (Number(high) > Number(low)) left.set(`${prefix + topic}/${partition}`, Number(high));
  }
}
const done = new Promise((resolve) => {
  if (untilEnd && left.size === 0) resolve();
  consumer.on(consumer.events.CRASH, ({ payload }) => resolve(broke(payload.error.message, {})));
  consumer.subscribe({ topics: TOPICS.map((topic) => prefix + topic), fromBeginning: true }).then(() =>
    consumer.run({
      autoCommit: false, // it reads from the beginning each time
      eachMessage: async ({ topic, partition, message }) => {
        take(topic.slice(prefix.length), partition, message);
        if (Number(message.offset) + 1 >= (left.get(`${topic}/${partition}`) ?? 0)) left.delete(`${topic}/${partition}`);
        if (untilEnd && left.size === 0) resolve();
      },
    }),
  );
  process.once('SIGINT', resolve);
});
await done;
await Promise.all([consumer.disconnect(), admin.disconnect()]);
process.exit(broken === 0 ? 0 : 1);
