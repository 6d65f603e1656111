// The vendor's description of the REST API: validates answers, and fills in what a scenario does not care about.
import fs from 'node:fs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

export class Description {
  #api;
  #validators = new Map();
  #ajv = addFormats(new Ajv({ strict: false, allErrors: true, logger: false }));

  get api() {
    // 14 MB: read when the first answer needs it
    const file = new URL('./node_modules/@octokit/openapi/generated/ghec.json', import.meta.url);
    this.#api ??= JSON.parse(fs.readFileSync(file, 'utf8'));
    return this.#api;
  }

  /// What is wrong with an answer, or nothing. Error answers are validated where the description has them.
  validate(template, status, body) {
    const response = this.#resolve(this.#operation(template).responses[String(status)]);
    if (!response) return status === 200 ? `no answer ${status} is described` : undefined;
    const schema = response.content?.['application/json']?.schema;
    if (!schema) return body === undefined ? undefined : `an answer ${status} has no body`;
    const key = `${template} ${status}`;
    if (!this.#validators.has(key)) this.#validators.set(key, this.#ajv.compile(this.#standalone(schema)));
    const validator = this.#validators.get(key);
    return validator(body) ? undefined : this.#ajv.errorsText(validator.errors.slice(0, 5));
  }

  /// An answer that has what the description requires, with these values in it.
  fill(template, values, { item = false, at } = {}) {
    let schema = this.#operation(template).responses['200'].content['application/json'].schema;
    if (at) schema = this.#resolve(schema).properties[at];
    if (item) schema = this.#resolve(schema).items;
    return this.#fill(schema, values);
  }

  #operation(template) {
    const operation = this.api.paths[template]?.get;
    if (!operation) throw new Error(`the description has no GET ${template}`);
    return operation;
  }

  #resolve(schema) {
    while (schema?.$ref) schema = this.#at(schema.$ref);
    return schema;
  }

  #at(reference) {
    const names = reference.slice(2).split('/').map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    return names.reduce((value, name) => value[name], this.api);
  }

  #fill(schema, value) {
    schema = this.#resolve(schema);
    if (value === null) return null;
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => this.#fill(part, value)));
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) {
      const fitting = choices.map((choice) => this.#resolve(choice)).find((choice) => this.#fits(choice, value));
      return this.#fill(fitting ?? choices[0], value);
    }
    if (schema.type === 'array') return (value ?? []).map((item) => this.#fill(schema.items ?? {}, item));
    if (schema.properties) return this.#fillObject(schema, value);
    if (value !== undefined) return value;
    return schema.nullable ? null : plain(schema);
  }

  #fillObject(schema, value) {
    if (value === undefined && schema.nullable) return null;
    const filled = {};
    for (const [name, property] of Object.entries(schema.properties)) {
      const given = value?.[name];
      if (given !== undefined) filled[name] = this.#fill(property, given);
      else if (schema.required?.includes(name)) filled[name] = this.#fill(property, undefined);
    }
    // what the description does not know stays, so that validation speaks of it where it matters
    for (const [name, given] of Object.entries(value ?? {})) if (!(name in filled)) filled[name] = given;
    return filled;
  }

  /// Whether a value can be of this alternative: its enumerated members agree.
  #fits(schema, value) {
    if (schema.allOf) return schema.allOf.every((part) => this.#fits(this.#resolve(part), value));
    return Object.entries(schema.properties ?? {}).every(([name, property]) => {
      const words = this.#resolve(property).enum;
      return !words || value?.[name] === undefined || words.includes(value[name]);
    });
  }

  /// A schema with all that it refers to, in JSON Schema's words: `nullable` is OpenAPI's alone.
  #standalone(schema) {
    const definitions = {};
    const rewrite = (part) => {
      if (Array.isArray(part)) return part.map(rewrite);
      if (part === null || typeof part !== 'object') return part;
      if (part.$ref) {
        const name = part.$ref.split('/').pop();
        if (!(name in definitions)) {
          definitions[name] = true;
          definitions[name] = rewrite(this.#at(part.$ref));
        }
        return { $ref: `#/definitions/${name}` };
      }
      const { nullable, example, examples, ...rest } = part;
      const rewritten = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, rewrite(value)]));
      return nullable ? { anyOf: [rewritten, { type: 'null' }] } : rewritten;
    };
    return { ...rewrite(schema), definitions };
  }
}

function plain(schema) {
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1;
  if (schema.type === 'boolean') return false;
  if (schema.type === 'object') return {};
  if (schema.format === 'date-time') return '2026-01-05T08:00:00Z';
  if (schema.format === 'uri') return 'https://api.github.com/';
  if (schema.format === 'email') return 'nobody@example.org';
  return 'x';
}
