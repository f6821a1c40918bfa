/** The settings of the commands other than `serve`: flags and variables, never the file. */
import type { Section } from '../../runtime/config/render-settings.ts';
import { SETTINGS } from '../../runtime/config/schema.ts';
import { type Setting, variableOf } from '../../runtime/config/setting.ts';

const PLAIN = { unit: null, default: null, min: null, max: null, secret: false, from: ['flag', 'variable'] } as const;

/** The running site that `status` and `verify` ask about. */
const SITE_URL = {
  ...PLAIN,
  key: 'site',
  type: 'url',
  default: 'http://127.0.0.1:9001',
  placeholder: 'URL',
  help: 'The running site to ask, also as $STRAIT_SITE.',
} as const satisfies Setting;

const CLOUD_URL = {
  ...PLAIN,
  key: 'cloud',
  type: 'url',
  placeholder: 'URL',
  help: 'Accepted so that status and verify take the same flags; the site itself knows its cloud.',
} as const satisfies Setting;

export const STATUS_SETTINGS = [SITE_URL, CLOUD_URL] as const;
export const STATUS_SECTION: Section = { title: 'The site', settings: STATUS_SETTINGS };

/** Variables that other commands read. */
export const OTHER_VARIABLES = SETTINGS.map(({ key }) => variableOf(key));

export const VERIFY_SETTINGS = [
  SITE_URL,
  {
    ...PLAIN,
    key: 'cloud',
    type: 'url',
    placeholder: 'URL',
    help: 'What to compare it with. Unset: the cloud that the site says it follows.',
  },
  {
    ...PLAIN,
    key: 'cloudCredentials',
    type: 'text',
    placeholder: 'none|adc|FILE',
    help: 'How to sign in to the cloud. Unset: none when the cloud is on loopback, else adc.',
  },
  { ...PLAIN, key: 'project', type: 'text', placeholder: 'ID', help: 'The project whose buckets are listed.' },
  {
    ...PLAIN,
    key: 'bucket',
    type: 'list',
    default: [],
    placeholder: 'NAME',
    help: 'A bucket to compare; repeat it for more. Unset: every bucket the site follows.',
  },
  {
    ...PLAIN,
    key: 'names',
    type: 'boolean',
    default: false,
    from: ['flag'],
    help: 'Compares names, sizes, checksums and generations, and leaves the bytes unread.',
  },
] as const satisfies readonly Setting[];

export const VERIFY_SECTION: Section = { title: 'What to compare', settings: VERIFY_SETTINGS };

export const DEMO_SETTINGS = [
  {
    ...PLAIN,
    from: ['flag'],
    key: 'once',
    type: 'boolean',
    default: false,
    help: 'Ends when everything has arrived, instead of staying up.',
  },
  {
    ...PLAIN,
    from: ['flag'],
    key: 'reset',
    type: 'boolean',
    default: false,
    help: 'Begins anew: removes the data of earlier runs.',
  },
  {
    ...PLAIN,
    from: ['flag'],
    key: 'rate',
    type: 'integer',
    unit: 'commits a second',
    default: 5,
    min: 1,
    max: 1_000,
    help: 'How fast commits are replayed at the cloud.',
  },
  {
    ...PLAIN,
    from: ['flag'],
    key: 'data',
    type: 'text',
    default: '.strait-demo',
    placeholder: 'DIR',
    help: 'Where the three sites keep their data and logs.',
  },
] as const satisfies readonly Setting[];

export const DEMO_SECTION: Section = { title: 'The demo', settings: DEMO_SETTINGS };
