/** What is wrong with a request, as errors in GCS's words: 400, with the parameter or field at fault. */
import { StraitError } from '../../../model/errors.ts';

export function invalidParameter(name: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field: name, reason: 'invalidParameter' });
}

export function requiredParameter(name: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', `Required parameter: ${name}`, { field: name, reason: 'required' });
}

export function invalidField(name: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field: name, reason: 'invalid' });
}
