/** The OpenFaaS gateway as its callers see it. */

/** OpenFaaS's `FunctionStatus`; what the wire omits (zero values) is filled in. */
export interface FunctionStatus {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly replicas: number;
  readonly availableReplicas: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly limits: { readonly cpu?: string | undefined; readonly memory?: string | undefined };
  readonly requests: { readonly cpu?: string | undefined; readonly memory?: string | undefined };
}

/** The HTTP answer of a function. */
export interface InvocationAnswer {
  readonly status: number;
  readonly body: string;
}

/** Lists and calls functions. Its methods reject when no answer comes. */
export interface FunctionGateway {
  list(): Promise<readonly FunctionStatus[]>;
  /** GETs a function, with a query: how the status of a part is read. Resolves with whatever status came back. */
  ask(functionName: string, query?: Readonly<Record<string, string>>): Promise<InvocationAnswer>;
  /** POSTs `body` to a function; resolves with whatever status came back, rejects only when none came. */
  invoke(
    functionName: string,
    body: string,
    headers?: Readonly<Record<string, string>>,
    timeoutMs?: number,
  ): Promise<InvocationAnswer>;
}
