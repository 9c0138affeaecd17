// stack:up, down, status and logs as a user meets them, with stand-ins for Docker and Podman on the PATH.

import assert from "node:assert/strict";
import { explain } from "../../sim/stack/compose.ts";
import { type Ended, squall } from "../cli/squall.ts";
import { needs } from "../permissions.ts";
import { allOn, type Answers, DOCKER, freePort, psLines, StandIns } from "./stand_ins.ts";

const ignore = needs("read", "write", "run", "env", "net") || Deno.build.os === "windows";
const RUNNING = { grafana: "running", loki: "running", tempo: "running", prometheus: "running", promtail: "running" };

interface Result extends Ended {
  readonly commands: readonly string[];
}

/** Runs a command of the stack with nothing on the PATH but the stand-ins. */
async function stack(
  args: readonly string[],
  programs: Readonly<Record<string, Answers>>,
  env: Record<string, string> = {},
): Promise<Result> {
  const standIns = new StandIns(programs);
  const logs = Deno.makeTempDirSync({ prefix: "squall-logs-" });
  try {
    const ended = await squall(args, {
      env: { PATH: standIns.path, SQUALL_LOGS: logs, ...allOn(freePort()), ...env },
    });
    return { ...ended, commands: standIns.commands };
  } finally {
    standIns.remove();
    Deno.removeSync(logs, { recursive: true });
  }
}

/** One message, and nothing else. */
function refuses({ code, stdout, stderr }: Ended, says: RegExp): void {
  assert.equal(code, 104, stderr);
  assert.match(stderr, says);
  assert.equal(stderr.match(/^error: /gm)?.length, 1, stderr);
  assert.equal(stdout, "");
}

/** Answers everything with 200. */
async function withServer(work: (port: number) => Promise<void>, answer = () => new Response("ok")): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  try {
    await work(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

test("stack:up without Docker and Podman says so, and what to install", async () => {
  refuses(await stack(["stack:up"], {}), /^error: there is neither Docker nor Podman on the PATH: install Docker/);
});

test("Docker without Compose is not enough", async () => {
  const docker: Answers = [["--version", {}], ["compose*", {
    code: 1,
    stderr: "docker: unknown command: docker compose",
  }]];
  refuses(await stack(["stack:up"], { docker }), /Docker is here, but Compose is not: install/);
});

test("docker-compose without docker is not enough either", async () => {
  const says = /docker-compose is here, but docker, which knows the containers, is not: install Docker/;
  refuses(await stack(["stack:up"], { "docker-compose": [] }), says);
});

for (
  const says of [
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct",
  ]
) {
  test(`a dead daemon ("${says.slice(0, 30)}…") is called one`, async () => {
    const docker: Answers = [...DOCKER, ["info*", { code: 1, stderr: says }]];
    for (const command of says.startsWith("C") ? ["stack:up", "stack:status"] : ["stack:logs"]) {
      refuses(await stack([command], { docker }), /Docker is installed, but its daemon does not answer: start Docker/);
    }
  });
}

test("who may not use Docker's socket is told how to", async () => {
  const docker: Answers = [...DOCKER, ["info*", {
    code: 1,
    stderr: "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
  }]];
  refuses(await stack(["stack:up"], { docker }), /you may not use its socket: add yourself to the group docker/);
});

test("a port that a container has is named with the container, and with the way out", async () => {
  await withServer(async (port) => {
    const docker: Answers = [...DOCKER, ["ps --filter publish=*", { stdout: "old-grafana (grafana/grafana:9.5.2)\n" }]];
    const result = await stack(["stack:up"], { docker }, { GRAFANA_PORT: String(port) });
    refuses(
      result,
      new RegExp(`port ${port} of grafana is taken by the container old-grafana \\(grafana/grafana:9.5.2\\)`),
    );
    assert.match(result.stderr, /GRAFANA_PORT=\d+ deno task stack:up/);
    assert.ok(!result.commands.some((command) => command.includes(" up ")), "nothing is started then");
  });
});

test("the other port that is proposed is one that no part of the stack wants", async () => {
  await withServer(async (port) => {
    const env = { OTLP_GRPC_PORT: String(port), OTLP_HTTP_PORT: String(port + 1), LOKI_PORT: String(port + 2) };
    const { stderr } = await stack(["stack:up"], { docker: DOCKER }, env);
    const proposed = Number(/OTLP_GRPC_PORT=(\d+) deno task stack:up/.exec(stderr)?.[1]);
    assert.ok(proposed > port + 2, stderr);
  });
});

test("a port that a program has is named with the program, whether ss or lsof knows it", async () => {
  await withServer(async (port) => {
    const ss: Answers = [["*", {
      stdout: `LISTEN 0 511 127.0.0.1:${port} 0.0.0.0:* users:(("node",pid=4242,fd=21))\n`,
    }]];
    const lsof: Answers = [["*", { stdout: "p4243\ncnext-server\n" }]];
    const env = { GRAFANA_PORT: String(port) };
    refuses(await stack(["stack:up"], { docker: DOCKER, ss }, env), /is taken by node, process 4242: end that/);
    refuses(
      await stack(["stack:up"], { docker: DOCKER, lsof }, env),
      /is taken by next-server, process 4243: end that/,
    );
    refuses(await stack(["stack:up"], { docker: DOCKER }, env), /of grafana is taken: end that/);
  });
});

for (
  const [problem, stderr, says] of [
    [
      "an image that is missing",
      "Error response from daemon: manifest for grafana/loki:3.7.6 not found: manifest unknown",
      /an image is missing: .*grafana\/loki:3\.7\.6/,
    ],
    [
      "a registry that is not reached",
      'Error response from daemon: Get "…/v2/": dial tcp: lookup registry: no such host',
      /an image could not be fetched: is there a network\?/,
    ],
    ["a full disk", "failed to register layer: write /data: no space left on device", /the disk is full/],
    [
      "a port that was taken in between",
      "Error response from daemon: driver failed programming: Bind for 127.0.0.1:3000 failed: port is already allocated",
      /a port of the stack is taken/,
    ],
    ["what nobody foresaw", "Error: the moon is in the wrong phase", /docker compose failed: Error: the moon/],
  ] as const
) {
  Deno.test(`${problem} is told in a sentence, with Compose's own words`, () => {
    assert.match(explain({ code: 18, stdout: "", stderr }, "docker compose"), says);
  });
}

test("what Compose refuses ends stack:up", async () => {
  const stderr = "Error response from daemon: manifest for grafana/loki:3.7.6 not found: manifest unknown";
  const docker: Answers = [...DOCKER, ["compose * up *", { code: 18, stderr }]];
  const { code, stdout, stderr: said } = await stack(["stack:up"], { docker });
  assert.equal(code, 104);
  assert.match(said, /^error: an image is missing: .*grafana\/loki:3\.7\.6/m);
  assert.equal(stdout, "");
});

test("a folder of logs that cannot be read is named before anything is started", async () => {
  const file = Deno.makeTempFileSync();
  const result = await stack(["stack:up"], { docker: DOCKER }, { SQUALL_LOGS: file });
  refuses(result, /cannot be read .*so no log would be found/);
  assert.ok(!result.commands.some((command) => command.includes(" up ")));
  Deno.removeSync(file);
});

test("a variable that is no port is refused", async () => {
  refuses(
    await stack(["stack:up"], { docker: DOCKER }, { LOKI_PORT: "loki" }),
    /LOKI_PORT=loki is no number of a port/,
  );
});

test("stack:up starts Promtail, waits until every part answers, and says what to open", async () => {
  await withServer(async (port) => {
    const docker: Answers = [...DOCKER, ["ps --all*", { stdout: psLines(RUNNING) }]];
    const { code, stdout, stderr, commands } = await stack(["stack:up"], { docker }, allOn(port));
    assert.equal(code, 0, stderr);
    for (const part of Object.keys(RUNNING)) assert.match(stderr, new RegExp(`^  ${part} +ready`, "m"));
    assert.match(stdout, new RegExp(`Grafana +http://localhost:${port}\n`));
    assert.ok(
      stdout.includes(`GRAFANA_URL=http://localhost:${port} deno task run scenarios/checkout.yaml --metrics otlp`),
    );
    const endpoints =
      `--otlp-endpoint http://localhost:${port} --metrics-endpoint http://localhost:${port}/api/v1/otlp`;
    assert.ok(stdout.includes(endpoints), "what is not at its usual port is named");
    const up = commands.find((command) => command.includes(" up "))!;
    assert.match(up, /^docker compose --project-name squall --file \S+compose\.yaml --profile promtail up --detach/);
    assert.ok(commands.some((command) => / --profile alloy rm --stop --force alloy$/.test(command)));
  });
});

test("stack:up --alloy takes Promtail away and starts Alloy", async () => {
  await withServer(async (port) => {
    const { promtail: _, ...others } = RUNNING;
    const docker: Answers = [...DOCKER, ["ps --all*", { stdout: psLines({ ...others, alloy: "running" }) }]];
    const { code, stdout, commands } = await stack(["stack:up", "--alloy", "--json"], { docker }, allOn(port));
    assert.equal(code, 0);
    assert.deepEqual(
      JSON.parse(stdout).parts.map(({ part }: { part: string }) => part),
      ["grafana", "loki", "tempo", "prometheus", "alloy"],
    );
    assert.ok(commands.some((command) => / --profile promtail rm --stop --force promtail$/.test(command)));
    assert.ok(commands.some((command) => / --profile alloy up /.test(command)));
  });
});

test("a part that ended is named with its last words, at once and with exit code 1", async () => {
  await withServer(async (port) => {
    const docker: Answers = [
      ...DOCKER,
      ["ps --all*", { stdout: psLines({ ...RUNNING, loki: "exited" }) }],
      ["compose * logs *loki", { stdout: "loki-1 | failed parsing config: field lmits_config not found\n" }],
    ];
    const env = { ...allOn(port), LOKI_PORT: String(freePort()) };
    const { code, stderr } = await stack(["stack:up"], { docker }, env);
    assert.equal(code, 1);
    assert.match(stderr, /error: loki is not ready: Exited \(1\)/);
    assert.match(stderr, /field lmits_config not found/);
  });
});

test("a part that never becomes ready is waited for as long as --timeout says", async () => {
  await withServer(async (port) => {
    const docker: Answers = [...DOCKER, ["ps --all*", { stdout: psLines(RUNNING) }]];
    const { code, stderr } = await stack(["stack:up", "--timeout", "1ms"], { docker }, allOn(port));
    assert.equal(code, 1);
    assert.match(stderr, /error: loki is not ready: answers 503: Ingester not ready/);
  }, () => new Response("Ingester not ready: waiting for 15s after being ready\n", { status: 503 }));
});

test("docker-compose serves where the plugin is missing, and Podman where there is no Docker", async () => {
  await withServer(async (port) => {
    const noPlugin: Answers = [
      ["--version", {}],
      ["compose*", { code: 1 }],
      ["ps --all*", { stdout: psLines(RUNNING) }],
    ];
    const old = await stack(["stack:up"], { docker: noPlugin, "docker-compose": [] }, allOn(port));
    assert.equal(old.code, 0, old.stderr);
    assert.ok(old.commands.some((command) => /^docker-compose .* up /.test(command)));
    const podman = await stack(["stack:up"], { podman: [["ps --all*", { stdout: psLines(RUNNING) }]] }, allOn(port));
    assert.equal(podman.code, 0, podman.stderr);
    assert.ok(podman.commands.some((command) => /^podman compose .* up /.test(command)));
  });
});

test("Podman serves where Docker's daemon is dead", async () => {
  await withServer(async (port) => {
    const docker: Answers = [...DOCKER, ["info*", { code: 1, stderr: "Cannot connect to the Docker daemon" }]];
    const podman: Answers = [["ps --all*", { stdout: psLines(RUNNING) }]];
    const { code, commands } = await stack(["stack:up"], { docker, podman }, allOn(port));
    assert.equal(code, 0);
    assert.ok(commands.some((command) => /^podman compose .* up /.test(command)));
  });
});

test("stack:status tells which parts are ready, and gives 1 when one is not", async () => {
  await withServer(async (port) => {
    const docker: Answers = [...DOCKER, ["ps --all*", { stdout: psLines({ ...RUNNING, tempo: "restarting" }) }]];
    const { code, stdout } = await stack(["stack:status"], { docker }, allOn(port));
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`grafana +ready +http://localhost:${port}`));
    assert.match(stdout, /tempo +not ready +restarting/);
  });
  const nothing = await stack(["stack:status"], { docker: DOCKER });
  assert.equal(nothing.code, 1);
  assert.match(nothing.stdout, /Nothing of the stack is there: deno task stack:up starts it/);
});

test("stack:down keeps what the stack holds, unless --volumes is given", async () => {
  const kept = await stack(["stack:down"], { docker: DOCKER });
  assert.equal(kept.code, 0);
  assert.match(kept.commands.at(-1)!, /--profile promtail --profile alloy --profile generator down --remove-orphans$/);
  const gone = await stack(["stack:down", "--volumes"], { docker: DOCKER });
  assert.match(gone.commands.at(-1)!, / down --remove-orphans --volumes$/);
  assert.match(gone.stdout, /what it held is gone/);
});

test("stack:logs shows the parts' own logs, and knows the names of the parts", async () => {
  const docker: Answers = [...DOCKER, ["compose * logs *", { stdout: "loki-1  | level=info msg=started\n" }]];
  const { code, stdout, commands } = await stack(["stack:logs", "loki", "--tail", "7"], { docker });
  assert.equal(code, 0);
  assert.match(stdout, /level=info msg=started/);
  assert.match(commands.at(-1)!, / logs --tail 7 loki$/);
  refuses(await stack(["stack:logs", "lokki"], { docker }), /the stack has no part lokki: it has grafana, loki/);
});
