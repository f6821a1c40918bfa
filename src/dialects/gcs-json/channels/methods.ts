import { type Handlers, notYet } from '../api/handlers.ts';

export const channelMethods = {
  'channels.stop': notYet,
} satisfies Partial<Handlers>;
