/** The scale targets there are, each by the name that `SCALE_TARGET` gives it. A new one is its file and its line here. */
export { kubernetes } from "./kubernetes.ts";
export { openfaas } from "./openfaas.ts";
