// deno task stack:up: starts the stack of compose/, waits until each part is ready, and says what to open.

import { Command } from "commander";
import { visible } from "../base/diagnostics.ts";
import { parseDuration } from "../base/time.ts";
import type { Compose, Container } from "../stack/compose.ts";
import { StackError } from "../stack/engine.ts";
import { checkReadableByAll, prepareFolder } from "../stack/folders.ts";
import { type Part, partsWith, portOf, type Shipper } from "../stack/parts.ts";
import { isPortTaken, whoHasPort } from "../stack/ports.ts";
import { runProgram } from "../stack/program.ts";
import { askParts, type PartState, waitUntilReady } from "../stack/readiness.ts";
import { parsed } from "./command.ts";
import { print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { projectPath, shownPath } from "./paths.ts";
import { stackLogsFolder } from "./stack_folder.ts";
import { COMPOSE_FOLDER, environment, openStack, statusJson, statusLine } from "./stack_setting.ts";

interface UpFlags {
  readonly alloy?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

const TIMEOUT_DEFAULT_MS = 180_000;
const LAST_LINES = 8;

const EXAMPLES = `
Another port: GRAFANA_PORT=3001 deno task stack:up (also LOKI_PORT, TEMPO_PORT, OTLP_GRPC_PORT, OTLP_HTTP_PORT,
PROMETHEUS_PORT, PROMTAIL_PORT, ALLOY_PORT). SQUALL_LOGS names another folder of log files than logs/.

Exit codes:
  0 every part is ready, 1 a part is not, 104 the stack cannot be started here
`;

export function stackUpCommand(finish: (code: ExitCode) => void): Command {
  return new Command("stack:up")
    .summary("start Grafana, Loki, Promtail, Tempo and Prometheus, and wait until they are ready")
    .description("Starts the stack of compose/ with Docker or Podman and waits until each part is ready.")
    .option("--alloy", "Alloy reads the log files in Promtail's place")
    .option(
      "--timeout <duration>",
      "how long to wait until all is ready (default: 3m)",
      parseTimeout,
      TIMEOUT_DEFAULT_MS,
    )
    .option("--json", "the state of each part as JSON on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: UpFlags) => finish(await up(flags)));
}

function parseTimeout(text: string): number {
  const duration = parseDuration(text);
  return parsed(duration === undefined || duration <= 0 ? undefined : duration / 1e6, "It is a time like 90s or 5m.");
}

async function up(flags: UpFlags): Promise<ExitCode> {
  const shipper: Shipper = flags.alloy ? "alloy" : "promtail";
  const parts = partsWith(shipper);
  const { compose, containers } = await openStack();
  const logs = stackLogsFolder();
  prepareFolder(logs, shownPath(logs));
  prepareFolder(projectPath("runs"), "runs");
  checkReadableByAll(COMPOSE_FOLDER, shownPath(COMPOSE_FOLDER));
  await checkPorts(parts, await compose.containers(), containers);

  printError(`starting the stack with ${compose.words}; the first time its images are fetched, about 1 GB\n`);
  await compose.up(shipper);
  const states = await waitUntilReady({
    timeoutMs: flags.timeout,
    ask: async () => await askParts(parts, await compose.containers(), environment),
    onReady: (state) => printError(statusLine(state) + "\n"),
  });
  if (flags.json) print(statusJson(states));
  const late = states.filter(({ ready }) => !ready);
  if (late.length > 0) {
    await explainLate(late, compose);
    return ExitCode.unready;
  }
  if (!flags.json) print(whatToOpen(states, shownPath(logs)));
  return ExitCode.success;
}

/** @throws {StackError} with every port of the stack that somebody else has */
async function checkPorts(
  parts: readonly Part[],
  ours: readonly Container[],
  containers: "docker" | "podman",
): Promise<void> {
  const taken: string[] = [];
  const used = new Set(parts.flatMap(({ ports }) => ports.map((published) => portOf(published, environment))));
  for (const part of parts) {
    // A part that is up has its ports itself.
    if (ours.some(({ part: name, state }) => name === part.name && state === "running")) continue;
    for (const published of part.ports) {
      const port = portOf(published, environment);
      if (!await isPortTaken(port)) continue;
      const other = await nextFree(port, used);
      used.add(other);
      const who = await whoHasPort(port, containers, runProgram);
      taken.push(
        `port ${port} of ${part.name} is taken${who === undefined ? "" : ` by ${who}`}: end that, or choose ` +
          `another one (${published.variable}=${other} deno task stack:up)`,
      );
    }
  }
  if (taken.length > 0) throw new StackError(taken.join("\n       "));
}

/** The first port above this one that nobody has, and that no other part of the stack wants. */
async function nextFree(port: number, used: ReadonlySet<number>): Promise<number> {
  let other = port + 1;
  while (used.has(other) || await isPortTaken(other)) other++;
  return other;
}

async function explainLate(late: readonly PartState[], compose: Compose): Promise<void> {
  for (const state of late) {
    printError(`error: ${state.part.name} is not ready: ${visible(state.why)}\n`);
    for (const line of await compose.lastLines(state.part.name, LAST_LINES)) printError(`  ${visible(line)}\n`);
  }
  printError("deno task stack:status asks again, deno task stack:logs shows more\n");
}

function whatToOpen(states: readonly PartState[], logs: string): string {
  const grafana = states.find(({ part }) => part.name === "grafana")!.url;
  return `
The stack is ready.

  Grafana         ${grafana}
  all services    ${grafana}/d/squall-overview
  the incident    ${grafana}/d/squall-incident
  alerts          ${grafana}/alerting/list
  logs            ${grafana}/a/grafana-lokiexplore-app
  traces          ${grafana}/a/grafana-exploretraces-app

Log files are read from ${logs}/<service>/. Now give it something to show:

  ${exampleRun(states, logs)}
`;
}

/** The run to begin with; it is told where the parts are that are not at their usual places. */
function exampleRun(states: readonly PartState[], logs: string): string {
  const moved = (variable: string): number | undefined => {
    const published = states.flatMap(({ part }) => part.ports).find((port) => port.variable === variable)!;
    const port = portOf(published, environment);
    return port === published.port ? undefined : port;
  };
  const grafana = moved("GRAFANA_PORT"), otlp = moved("OTLP_HTTP_PORT"), prometheus = moved("PROMETHEUS_PORT");
  return [
    ...(grafana === undefined ? [] : [`GRAFANA_URL=http://localhost:${grafana}`]),
    "deno task run scenarios/checkout.yaml --metrics otlp",
    ...(stackLogsFolder() === projectPath("logs") ? [] : [`--logs ${logs}`]),
    ...(otlp === undefined ? [] : [`--otlp-endpoint http://localhost:${otlp}`]),
    ...(prometheus === undefined ? [] : [`--metrics-endpoint http://localhost:${prometheus}/api/v1/otlp`]),
  ].join(" ");
}
