// The keys of thresholds, as k6 reads them.

import assert from "node:assert/strict";
import { parseSelector } from "../../sim/objectives/selector.ts";

function read(key: string): string {
  const selector = parseSelector(key);
  if ("message" in selector) return `error at "${key.slice(selector.at, selector.at + selector.length)}"`;
  return [selector.metric.text, ...selector.tags.map((tag) => `${tag.name.text}=${tag.value.text}`)].join(" ");
}

Deno.test("a selector has a metric, and tags in braces", () => {
  assert.equal(read("http_reqs"), "http_reqs");
  assert.equal(read("http_reqs{scenario:buy}"), "http_reqs scenario=buy");
  assert.equal(read("http_reqs{scenario:buy, status:200}"), "http_reqs scenario=buy status=200");
});

Deno.test("quotes around a tag's name and value are optional", () => {
  assert.equal(read(`m{"service":"web",'status':'200'}`), "m service=web status=200");
  assert.equal(read(`m{ service : "web" }`), "m service=web");
});

Deno.test("a value may contain colons, braces and spaces", () => {
  assert.equal(read("m{endpoint:GET /cart/{id}}"), "m endpoint=GET /cart/{id}");
  assert.equal(read("m{name:http://${}.com,url:ssh://a:b/c}"), "m name=http://${}.com url=ssh://a:b/c");
  assert.equal(read("m{group:::mygroup}"), "m group=::mygroup");
});

Deno.test("what k6 calls malformed is refused at its place", () => {
  assert.equal(read("m{abc:1"), 'error at ""');
  assert.equal(read("mabc:1}"), 'error at "}"');
  assert.equal(read("m}abc{x"), 'error at "}"');
  assert.equal(read("m{foo:ba}r"), 'error at "r"');
  assert.equal(read("m{}"), 'error at "}"');
  assert.equal(read("m{easyas}"), 'error at "easyas"');
  assert.equal(read("m{easyas:}"), 'error at "easyas:"');
  assert.equal(read("m{abc:123,easyas:}"), 'error at "easyas:"');
  assert.equal(read("m{abc:123,}"), 'error at "}"');
});

Deno.test("a tag that stands twice is refused, for no sample can have two values of it", () => {
  assert.equal(read("m{a:1,a:2}"), 'error at "a"');
});

Deno.test("places are those of the words within the key", () => {
  const selector = parseSelector(`m{ service : "web" }`);
  assert.ok(!("message" in selector));
  const [tag] = selector.tags;
  assert.deepEqual([tag!.name.at, tag!.name.length], [3, 7]);
  assert.deepEqual([tag!.value.at, tag!.value.length], [13, 5]);
});
