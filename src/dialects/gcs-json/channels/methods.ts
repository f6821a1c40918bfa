import type { Handlers } from '../api/handlers.ts';
import { stopChannel, watchObjects } from './channels.ts';

export const channelMethods = {
  'channels.stop': stopChannel,
  'objects.watchAll': watchObjects,
} satisfies Partial<Handlers>;
