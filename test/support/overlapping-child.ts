/** Raw LMDB with `overlappingSync`, which shows a commit before it is on disk: the control that must fail. */
import { createInterface } from 'node:readline';
import { open } from 'lmdb';

const [path = ''] = process.argv.slice(2);
const root = open<Buffer, Buffer>({ path, overlappingSync: true, keyEncoding: 'binary', encoding: 'binary' });
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  await root.put(Buffer.from(`child/${line}`), Buffer.from(line));
  await root.flushed;
  console.log(`child/${line}`);
}
await root.close();
