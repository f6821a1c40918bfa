import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelPolicy } from '../../model/channel.ts';
import { callableUrl, mayConnect } from './channel-address.ts';

const OPEN: ChannelPolicy = { loopback: false, hosts: [] };
const LOOPBACK: ChannelPolicy = { loopback: true, hosts: [] };

const isCallable = (address: string, policy: ChannelPolicy) => {
  try {
    return callableUrl(address, policy).href !== '';
  } catch {
    return false;
  }
};

test('https is called, private networks included; this machine and what no application has are not', () => {
  const called = [
    'https://app.example/hook?a=b',
    'https://10.0.0.7/hook',
    'https://192.168.1.9:8443/',
    'https://[fd00::7]/',
  ];
  assert.deepEqual(
    called.filter((address) => !isCallable(address, OPEN)),
    [],
  );
  const closed = [
    ...['https://localhost/', 'https://a.localhost/', 'https://127.0.0.1/', 'https://127.9.9.9/', 'https://[::1]/'],
    ...['https://0.0.0.0/', 'https://169.254.169.254/', 'https://224.0.0.1/', 'https://255.255.255.255/'],
    ...['https://[::]/', 'https://[fe80::1]/', 'https://[ff02::1]/', 'https://[::ffff:127.0.0.1]/'],
    // The parser of URLs makes loopback of these.
    ...['https://0x7f.1/', 'https://2130706433/', 'https://[::ffff:a9fe:a9fe]/'],
    ...['http://app.example/hook', 'ftp://app.example/', 'app.example', '', 'https://user:secret@app.example/'],
    `https://app.example/${'x'.repeat(2_048)}`,
  ];
  assert.deepEqual(
    closed.filter((address) => isCallable(address, OPEN)),
    [],
  );
});

test('a site on loopback calls this machine, over http too, and nothing else over http', () => {
  assert.ok(isCallable('http://127.0.0.1:8080/hook', LOOPBACK));
  assert.ok(isCallable('http://localhost/', LOOPBACK));
  assert.ok(isCallable('https://[::1]:9/', LOOPBACK));
  assert.ok(!isCallable('http://10.0.0.7/', LOOPBACK));
  assert.ok(!isCallable('https://169.254.169.254/', LOOPBACK));
});

test('a listed host is called whatever it stands for; with a port, on that port alone', () => {
  const policy: ChannelPolicy = { loopback: false, hosts: ['Hooks.internal', '127.0.0.1:8080', 'tls.internal:443'] };
  assert.ok(isCallable('http://hooks.internal:9/x', policy));
  assert.ok(isCallable('http://127.0.0.1:8080/', policy));
  assert.ok(isCallable('https://tls.internal/', policy));
  assert.ok(!isCallable('http://127.0.0.1:8081/', policy));
  assert.ok(!isCallable('http://tls.internal/', policy));
  assert.ok(mayConnect('127.0.0.1', new URL('http://hooks.internal/'), policy));
});

test('a name is judged by what it stands for when it is connected to', () => {
  const url = new URL('https://app.example/');
  assert.ok(mayConnect('203.0.113.7', url, OPEN));
  assert.ok(mayConnect('2001:db8::7', url, OPEN));
  for (const ip of ['127.0.0.1', '::1', '169.254.169.254', 'fe80::1', '::ffff:169.254.169.254']) {
    assert.ok(!mayConnect(ip, url, OPEN), ip);
  }
  assert.ok(mayConnect('127.0.0.1', url, LOOPBACK));
});
