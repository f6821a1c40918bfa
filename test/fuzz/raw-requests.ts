/** Bytes on a connection that are no request, or hardly one. */
import { connect } from 'node:net';
import type { Dice } from './dice.ts';

/** The lines of a head after the first, which names the host. */
const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  [line, 'Host: x', ...headers].map((text) => `${text}\r\n`).join('') + `\r\n${body}`;

const LIST = 'GET /storage/v1/b?project=p HTTP/1.1';
const INSERT = 'POST /storage/v1/b?project=p HTTP/1.1';
const UPLOAD = 'POST /upload/storage/v1/b/fuzzed-one/o?uploadType=media&name=cut HTTP/1.1';
const CHUNK = 'PUT /upload/storage/v1/b/fuzzed-one/o?upload_id=x HTTP/1.1';
const BATCH = 'POST /batch/storage/v1 HTTP/1.1';
const CALL = '--b\r\nContent-Type: application/http\r\n\r\nGET \u0000 HTTP/1.1\r\n\r\n--b--';

const HEADS: readonly string[] = [
  request(LIST),
  request('GET /storage/v1/b/fuzzed-one/o/../../b HTTP/1.1'),
  request('GET //storage//v1//b HTTP/1.1'),
  request('GET /storage/v1/b/%zz/o/%ff%fe HTTP/1.1'),
  request('GET http://other/storage/v1/b?project=p HTTP/1.1'),
  request('GET * HTTP/1.1'),
  `${LIST}\r\n\r\n`,
  `${LIST}\r\nHost: a b<script>\r\n\r\n`,
  request(INSERT, ['Content-Length: 5'], '{}'),
  request(INSERT, ['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  request(INSERT, ['Transfer-Encoding: chunked'], 'fffffffffffffffff\r\nx'),
  request(UPLOAD, ['Content-Length: 100'], 'short'),
  request(CHUNK, ['Content-Length: 0', 'Content-Length: 1']),
  request(`GET /${'a'.repeat(40_000)} HTTP/1.1`),
  request(
    'GET / HTTP/1.1',
    Array.from({ length: 3_000 }, () => 'X-Many: y'),
  ),
  request('BREW /storage/v1/b HTTP/1.1'),
  request('GET /storage/v1/b HTTP/9.9'),
  request(BATCH, ['Content-Type: multipart/mixed; boundary=b', `Content-Length: ${CALL.length}`], CALL),
];

export function makeRawRequest(dice: Dice): Buffer {
  const bytes = Buffer.from(dice.pick(HEADS), 'latin1');
  for (let flips = dice.pick([0, 0, 1, 2, 5]); flips > 0; flips -= 1) bytes[dice.below(bytes.length)] = dice.below(256);
  return dice.chance(0.3) ? bytes.subarray(0, dice.below(bytes.length)) : bytes;
}

/** What came back before the connection ended; the client ends it when nothing comes. */
export function sendRaw(url: string, bytes: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    const done = () => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(50, done);
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('error', done)
      .on('close', done);
    socket.end(bytes);
  });
}
