/**
 * The retry test API (googleapis/storage-testbench, README "Retry Test API"): tests of clients say here which of their
 * calls shall fail, and how. Served only where `--test-faults` was given.
 */
import { StraitError } from '../../model/errors.ts';
import type { Route } from '../shared/app.ts';
import type { HttpReply } from '../shared/http-message.ts';
import { readBody } from '../shared/request-body.ts';
import { parseFault } from './fault-instruction.ts';
import { type FaultPlan, type FaultPlans, type Instruction, isCompleted } from './fault-plans.ts';
import { renderJson, renderStatus } from './render.ts';

const BODY_BYTES_MAX = 64 * 1024;

export function retryTestRoutes(plans: FaultPlans): readonly Route[] {
  const operation = 'retryTest';
  return [
    {
      method: 'POST',
      pattern: '/retry_test',
      operation,
      handle: async (request) => {
        const { instructions, transport } = decodePlan(await readBody(request, BODY_BYTES_MAX));
        return renderJson(200, describe(plans.create(instructions, transport)));
      },
    },
    {
      method: 'GET',
      pattern: '/retry_tests',
      operation,
      handle: async () => renderJson(200, { retry_test: plans.list().map(describe) }),
    },
    {
      method: 'GET',
      pattern: '/retry_test/:id',
      operation,
      handle: async (_request, { id = '' }) => withPlan(plans.get(id), (plan) => renderJson(200, describe(plan))),
    },
    {
      method: 'DELETE',
      pattern: '/retry_test/:id',
      operation,
      handle: async (_request, { id = '' }) =>
        withPlan(plans.get(id), () => {
          plans.delete(id);
          return renderJson(200, { message: `Deleted retry test ${id}.` });
        }),
    },
  ];
}

function withPlan(plan: FaultPlan | undefined, answer: (plan: FaultPlan) => HttpReply): HttpReply {
  return plan === undefined ? renderStatus(404, 'There is no retry test of this id.') : answer(plan);
}

function decodePlan(body: Uint8Array): Pick<FaultPlan, 'instructions' | 'transport'> {
  const { instructions, transport } = parseJson(body);
  if (typeof instructions !== 'object' || instructions === null) throw badPlan('"instructions" must be an object.');
  const decoded = new Map<string, Instruction[]>();
  for (const [method, texts] of Object.entries(instructions)) {
    if (!Array.isArray(texts)) throw badPlan(`The instructions of ${method} must be a list.`);
    decoded.set(method, texts.map(decodeInstruction));
  }
  return { instructions: decoded, transport: typeof transport === 'string' ? transport : 'HTTP' };
}

function decodeInstruction(text: unknown): Instruction {
  const fault = typeof text === 'string' ? parseFault(text) : undefined;
  if (fault === undefined || typeof text !== 'string') throw badPlan(`Unknown instruction: ${JSON.stringify(text)}`);
  return { text, fault };
}

function parseJson(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch (cause) {
    throw new StraitError('invalidArgument', 'Parse Error', { reason: 'parseError' }, { cause });
  }
}

function badPlan(message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field: 'instructions', reason: 'invalid' });
}

function describe(plan: FaultPlan): object {
  const { id, transport } = plan;
  const instructions = Object.fromEntries(
    [...plan.instructions].map(([method, due]) => [method, due.map(({ text }) => text)]),
  );
  return { id, instructions, completed: isCompleted(plan), transport };
}
