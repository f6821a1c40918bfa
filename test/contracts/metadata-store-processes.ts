import type { Subject } from './metadata-subject.ts';

export function testProcesses(_subject: Subject): void {}
