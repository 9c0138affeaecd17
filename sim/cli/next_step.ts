// What to look at first when a run is over, as a command that can be pasted.

import type { Plan } from "../plan/plan.ts";
import type { LogFormat } from "../model/model.ts";

/** How lines about errors are told in each format. Plain lines look as each language writes them. */
const ERROR_PATTERNS: { readonly [format in LogFormat]: string } = {
  json: '"level":"error"',
  logfmt: "level=error",
  plain: String.raw`ERROR|FATAL|\[error\]|error:|fail:`,
};

/** In quotes where a shell would take the path apart. */
function quoted(path: string): string {
  return /^[\w./:@%+,~-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * Finds the errors in the logs, in the formats that the services write. On two lines where one would be too long.
 * @param folder of the logs, as the user would write it
 */
export function errorsCommand({ services }: Plan, folder: string, runId: string, columns: number): string[] {
  const writing = services.filter(({ kind }) => kind !== "external").map(({ logs }) => logs.format);
  const formats = (Object.keys(ERROR_PATTERNS) as LogFormat[]).filter((format) => writing.includes(format));
  const [first = "json", ...more] = formats;
  const pattern = formats.map((format) => ERROR_PATTERNS[format]).join("|");
  const search = `grep -h${pattern.includes("|") ? "E" : ""} '${pattern}'`;
  // Lines of one format begin with their time, but for the plain ones, which stack traces follow.
  const sort = more.length === 0 && first !== "plain" ? " | sort" : "";
  const files = `${quoted(folder)}/*/*-${runId}.log${sort}`;
  return search.length + 1 + files.length <= columns ? [`${search} ${files}`] : [`${search} \\`, `  ${files}`];
}
