// deno task verify: reads back from Loki, Tempo and Prometheus what a run claims to have delivered.

import { Command } from "commander";
import { visible } from "../base/diagnostics.ts";
import { parseDuration } from "../base/time.ts";
import { type AlertExpectation, readExpectations } from "../stack/verify/alert_expectations.ts";
import { Backend, BackendError } from "../stack/verify/backend.ts";
import { readRun, type RecordedRun, RecordedRunError } from "../stack/verify/recorded_run.ts";
import { type Verification, verify } from "../stack/verify/verify.ts";
import { verifyText } from "../stack/verify/verify_text.ts";
import { collect, parsed, UsageError } from "./command.ts";
import { columnsOf, print, printError } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { shownPath, userPath } from "./paths.ts";
import { parseVariables } from "./scenario_files.ts";

interface VerifyFlags {
  /** False with --no-loki; true when neither was given. */
  readonly loki: string | boolean;
  readonly tempo: string | boolean;
  readonly prometheus: string | boolean;
  readonly grafana?: string;
  readonly promtail?: string;
  readonly label?: string;
  readonly wait: number;
  readonly spansOf: number;
  readonly expectAlerts?: string;
  readonly env?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Exit codes:
  0 all is there, 110 something is missing, there twice or strange, or an alert is not as expected,
  104 no such run or backend

Examples:
  deno task verify runs/20261125-120000-1a2b3c4d
  deno task verify runs/20261125-120000-1a2b3c4d --spans-of all --wait 5m
  deno task verify runs/20261125-120000-1a2b3c4d --expect-alerts alerts.yaml

A file of alerts:
  alerts:
    - { alert: CheckoutErrors, fault: bad deploy, within: 2m, clears: 5m }
    - { alert: SlowPayments, labels: { service: payment }, at: 80s, until: 120s, within: 1m }
`;

export function verifyCommand(finish: (code: ExitCode) => void): Command {
  return new Command("verify")
    .summary("read back what a run claims to have delivered")
    .description(
      "Reads back from Loki, Tempo and Prometheus what a run claims to have delivered, line by line, trace by trace and " +
        "sample by sample: the run is simulated again, and compared with what is there.",
    )
    .argument("<run>", "folder of a run, like runs/<run id>")
    .option("--loki <url>", "Loki (default: LOKI_URL or http://localhost:3100)", address)
    .option("--no-loki", "ask for no logs")
    .option("--tempo <url>", "Tempo (default: TEMPO_URL or http://localhost:3200)", address)
    .option("--no-tempo", "ask for no traces")
    .option(
      "--prometheus <url>",
      "Prometheus, for metrics and alerts (default: PROMETHEUS_URL or http://localhost:9090)",
      address,
    )
    .option("--no-prometheus", "ask for no metrics, nor for Prometheus' alerts")
    .option("--grafana <url>", "Grafana, for alerts of its own (default: GRAFANA_URL)", address)
    .option(
      "--promtail <url>",
      "Promtail, for its counters (default: PROMTAIL_URL or http://localhost:9080)",
      address,
    )
    .option("--label <name>", "label that holds the service's name (default: job; service_name for OTLP logs)")
    .option("--wait <duration>", "how long to wait once nothing comes any more", parseWait, parseWait("1m"))
    .option("--spans-of <count>", "how many traces to compare span by span: a number, or all", parseCount, 200)
    .option("--expect-alerts <file>", "alerts that shall have fired, and cleared, after which fault")
    .option("-e, --env <NAME=value>", "a variable that the scenario was run with (repeatable)", collect)
    .option("-q, --quiet", "print no progress")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, flags: VerifyFlags) => finish(await runVerify(folder, flags)));
}

/** Where a backend is: by its flag, its variable, or where the stack has it; undefined when it is not to be asked. */
function backend(name: string, flag: string | boolean | undefined, port: number): Backend | undefined {
  if (flag === false) return undefined;
  const variable = Deno.env.get(`${name.toUpperCase()}_URL`) ?? "";
  const url = typeof flag === "string"
    ? flag
    : variable === ""
    ? `http://localhost:${port}`
    : fromVariable(name, variable);
  return new Backend(name, url, `--${name.toLowerCase()}`);
}

function fromVariable(name: string, url: string): string {
  try {
    return address(url);
  } catch {
    throw new UsageError(`${name.toUpperCase()}_URL: "${url}" is not an address like http://localhost:3100`);
  }
}

function address(text: string): string {
  const valid = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  return parsed(valid ? text.replace(/\/+$/, "") : undefined, "It is an address like http://localhost:3100.");
}

function parseWait(text: string): number {
  const wait = parseDuration(text);
  return parsed(wait === undefined ? undefined : wait / 1e6, "It is a duration like 30s or 5m.");
}

function parseCount(text: string): number {
  return parsed(text === "all" ? Infinity : /^\d+$/.test(text) ? Number(text) : undefined, "It is a number, or all.");
}

async function runVerify(folder: string, flags: VerifyFlags): Promise<ExitCode> {
  try {
    const run = readRun(userPath(folder), parseVariables(flags.env ?? []));
    const alerts = expectations(run, flags.expectAlerts);
    const grafana = flags.grafana ?? Deno.env.get("GRAFANA_URL");
    let told = 0;
    const verification = await verify({
      run,
      loki: backend("Loki", flags.loki, 3100),
      tempo: backend("Tempo", flags.tempo, 3200),
      prometheus: backend("Prometheus", flags.prometheus, 9090),
      // Not everybody has one, and Prometheus may know all alerts.
      grafana: grafana === undefined || grafana === "" ? undefined : backend("Grafana", flags.grafana, 3000),
      promtail: backend("Promtail", flags.promtail, 9080),
      label: flags.label ?? (run.manifest.logs.to === "otlp" ? "service_name" : "job"),
      waitMs: flags.wait,
      compare: flags.spansOf,
      alerts,
      onWait(text) {
        if (flags.quiet === true || performance.now() - told < 5_000) return;
        told = performance.now();
        printError(`${text}, asking again\n`);
      },
    });
    print(
      flags.json === true
        ? JSON.stringify(jsonOf(run, verification), undefined, 2) + "\n"
        : verifyText(run, verification, columnsOf(Deno.stdout)),
    );
    return verification.ok ? ExitCode.success : ExitCode.undelivered;
  } catch (error) {
    if (error instanceof BackendError || error instanceof RecordedRunError) throw new UsageError(error.message);
    throw error;
  }
}

function expectations(run: RecordedRun, file: string | undefined): AlertExpectation[] {
  if (file === undefined) return [];
  const path = userPath(file);
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(
      `cannot read ${shownPath(path)}: ${visible(error instanceof Error ? error.message : String(error))}`,
    );
  }
  return readExpectations(shownPath(path), text, run.plan);
}

function jsonOf(run: RecordedRun, verification: Verification): Record<string, unknown> {
  return {
    run: run.manifest.id,
    ...verification,
    alerts: verification.alerts.map(({ expectation, ...finding }) => ({
      alert: expectation.alert,
      cause: expectation.cause,
      ...finding,
    })),
  };
}
