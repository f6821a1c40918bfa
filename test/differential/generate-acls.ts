import fc from 'fast-check';
import { objectName, objectPath } from './arbitrary-parts.ts';
import type { Step } from './step.ts';

const ENTITIES = ['allUsers', 'allAuthenticatedUsers', 'user-a@example.com', 'project-owners-p', 'domain-example.com'];

/** The three lists: of a bucket, of an object, and of the objects to come. */
const list = fc.oneof(
  fc.constant({ family: 'bucketAccessControls', path: '/storage/v1/b/<bucket 0>/acl' }),
  fc.constant({ family: 'defaultObjectAccessControls', path: '/storage/v1/b/<bucket 0>/defaultObjectAcl' }),
  objectName.map((name) => ({ family: 'objectAccessControls', path: `${objectPath('0', name)}/acl` })),
);

const entity = fc.constantFrom(...ENTITIES);
const role = fc.constantFrom('READER', 'OWNER', 'WRITER');

const oneCall = fc
  .tuple(list, entity, role, fc.constantFrom('insert', 'list', 'get', 'patch', 'update', 'delete'))
  .map(([{ family, path }, who, may, verb]): readonly Step[] => {
    const member = `${path}/${who}`;
    const method = `${family}.${verb}`;
    const traits = [`entity ${who}`, `role ${may}`];
    if (verb === 'insert') return [{ method, traits, verb: 'POST', path, body: { entity: who, role: may } }];
    if (verb === 'list') return [{ method, traits: [], verb: 'GET', path }];
    if (verb === 'get') return [{ method, traits, verb: 'GET', path: member }];
    if (verb === 'patch') return [{ method, traits, verb: 'PATCH', path: member, body: { role: may } }];
    if (verb === 'update') return [{ method, traits, verb: 'PUT', path: member, body: { entity: who, role: may } }];
    return [{ method, traits, verb: 'DELETE', path: member }];
  });

/** An entry that is made, looked at and taken away again. */
const life = fc.tuple(list, entity, role).map(([{ family, path }, who, may]): readonly Step[] => {
  const traits = [`entity ${who}`, `role ${may}`];
  return [
    { method: `${family}.insert`, traits, verb: 'POST', path, body: { entity: who, role: may } },
    { method: `${family}.get`, traits, verb: 'GET', path: `${path}/${who}` },
    { method: `${family}.list`, traits: [], verb: 'GET', path },
    { method: `${family}.delete`, traits, verb: 'DELETE', path: `${path}/${who}` },
    { method: `${family}.get`, traits, verb: 'GET', path: `${path}/${who}` },
  ];
});

export const aclSteps: fc.Arbitrary<readonly Step[]> = fc.oneof(oneCall, life);
