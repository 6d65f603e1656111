// What goes wrong by a scenario: answers in place of the real ones.
export class Faults {
  constructor(faults) {
    this.faults = faults.map((fault) => ({ ...fault, left: fault.times ?? Infinity }));
  }

  /// The answer in place of the real one, if this call is to fail. A GraphQL fault may only add errors to the real answer.
  take(operation, parameters, page, query) {
    const fault = this.faults.find((fault) => fault.left > 0
      && fault.operation === operation
      && (fault.page === undefined || fault.page === page)
      && (fault.larger_than === undefined || (parameters.first ?? 0) > fault.larger_than)
      && Object.entries(fault.where ?? {}).every(([name, value]) => (parameters[name] ?? query?.get(name)) === value));
    if (!fault) return undefined;
    fault.left -= 1;
    if (fault.reset) return { status: 200, destroy: true };
    if (fault.raw) return { status: fault.status ?? 502, raw: fault.raw, headers: fault.headers };
    if (fault.errors || fault.data !== undefined) return { errors: fault.errors ?? [], data: fault.data };
    return {
      status: fault.status,
      body: { message: fault.message ?? 'Not Found', documentation_url: 'https://docs.github.com/rest', status: String(fault.status) },
      headers: fault.headers,
    };
  }
}
