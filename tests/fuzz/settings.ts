// Which seeds the fuzzer tries: FUZZ_FROM and FUZZ_COUNT, where the environment may be read.

function setting(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** @param count how many, unless FUZZ_COUNT says it @param from the first, unless FUZZ_FROM says it */
export function settings(count: number, from = 1): { readonly from: number; readonly count: number } {
  return { from: Number(setting("FUZZ_FROM") ?? from), count: Number(setting("FUZZ_COUNT") ?? count) };
}
