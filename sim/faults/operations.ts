// Which endpoints write, as their names say.

const READS =
  /^(GET|HEAD|OPTIONS|TRACE|QUERY|SELECT|SHOW|EXPLAIN|MGET|HGET\w*|LRANGE|SCAN|find\w*|aggregate|count\w*|search|receive|poll|Get\w*|List\w*|Find\w*|Read\w*|Fetch\w*|Search\w*)(?![a-z])/;

/** Whether an endpoint changes what is stored. What says nothing of it is taken to. */
export function writes(endpoint: string): boolean {
  return !READS.test(endpoint);
}
