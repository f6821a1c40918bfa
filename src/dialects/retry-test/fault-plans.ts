import { type Random, randomHex } from '../../runtime/random.ts';
import type { Fault } from './fault-instruction.ts';

/** One instruction as it was given, and what it means. */
export interface Instruction {
  readonly text: string;
  readonly fault: Fault;
}

/** What is to go wrong with the calls that carry one test's id. */
export interface FaultPlan {
  readonly id: string;
  readonly transport: string;
  /** By tested method, in order; what has happened is gone. */
  readonly instructions: ReadonlyMap<string, Instruction[]>;
}

const PLANS_MAX = 10_000;

/** The retry tests under way; the oldest are forgotten when there are very many. */
export class FaultPlans {
  readonly #random: Random;
  readonly #plans = new Map<string, FaultPlan>();

  constructor(random: Random) {
    this.#random = random;
  }

  create(instructions: FaultPlan['instructions'], transport: string): FaultPlan {
    const plan = { id: randomHex(this.#random, 16), transport, instructions };
    this.#plans.set(plan.id, plan);
    for (const oldest of this.#plans.keys()) {
      if (this.#plans.size <= PLANS_MAX) break;
      this.#plans.delete(oldest);
    }
    return plan;
  }

  get(id: string): FaultPlan | undefined {
    return this.#plans.get(id);
  }

  list(): readonly FaultPlan[] {
    return [...this.#plans.values()];
  }

  delete(id: string): boolean {
    return this.#plans.delete(id);
  }
}

/** The fault that is due for a method. It stays due until `takeFault`. */
export function dueFault(plan: FaultPlan, method: string): Fault | undefined {
  return plan.instructions.get(method)?.[0]?.fault;
}

export function takeFault(plan: FaultPlan, method: string): void {
  plan.instructions.get(method)?.shift();
}

export function isCompleted(plan: FaultPlan): boolean {
  return [...plan.instructions.values()].every((due) => due.length === 0);
}
