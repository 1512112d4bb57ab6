/** A metrics source whose CPU and memory come from somewhere else. */
import { closeWindow } from "#shared/core/window.ts";
import type { ContainerSource, MetricsSource } from "#shared/ports/metrics-source.ts";

/** The measurements of `functions`, with CPU and memory from `containers`. */
export function withContainers(functions: MetricsSource, containers: ContainerSource): MetricsSource {
  return {
    async look(instant, expected) {
      const [look, other] = await Promise.all([
        functions.look(instant, expected),
        instant.window && containers.look(instant, expected),
      ]);
      return {
        problems: [...look.problems, ...(other?.problems ?? [])],
        tick: (about) => look.tick(about),
        sloFit: (about) => look.sloFit(about),
        window(about) {
          const window = look.window(about);
          if (window === null || other === null) return window;
          const { missing: _missing, ...measured } = window;
          return closeWindow({ ...measured, ...other.ratios(about) });
        },
      };
    },
  };
}
