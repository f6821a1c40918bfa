import type { Handlers } from '../api/handlers.ts';
import { deleteNotification, getNotification, insertNotification, listNotifications } from './notifications.ts';

export const notificationMethods = {
  'notifications.delete': deleteNotification,
  'notifications.get': getNotification,
  'notifications.insert': insertNotification,
  'notifications.list': listNotifications,
} satisfies Partial<Handlers>;
