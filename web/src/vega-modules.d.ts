/** The parts of Vega that are used; its packages bring no types of their own. */

declare module "vega-view" {
  export class View {
    constructor(runtime: object, options: { renderer: "none"; expr: unknown; logger: object });
    data(name: string, rows: object[]): this;
    runAsync(): Promise<this>;
    toSVG(): Promise<string>;
    finalize(): this;
  }
}
declare module "vega-parser" {
  export function parse(spec: object, config?: object, options?: { ast: boolean }): object;
}
declare module "vega-interpreter" {
  export const expressionInterpreter: unknown;
}
declare module "vega-dataflow" {
  export const transforms: Record<string, unknown>;
}
declare module "vega-transforms";
declare module "vega-view-transforms";
declare module "vega-encode";
