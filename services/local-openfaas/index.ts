/** The door of the local platform: all that the command line may use of it. */
export { busServerPid } from "./bus/memory-of-home.ts";
export { binOf, hasDockerEngine, installStandIn, pathWithout } from "./faas-cli/docker-stand-in/install.ts";
export { writeTemplate } from "./faas-cli/node22-template/write.ts";
export { busAccess } from "./start/bus-access.ts";
export { startEmptyPlatform } from "./start/empty-platform.ts";
export { startLocalPlatform, type LocalPlatform } from "./start/local-platform.ts";
export { startLocalStack } from "./start/local-stack.ts";
