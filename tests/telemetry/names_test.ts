import assert from "node:assert/strict";
import { protocolOf } from "../../sim/model/model.ts";
import { handlerNames, routeParts, rpcMethod, serviceWords, singular, wordsOf } from "../../sim/telemetry/names.ts";
import { databaseName, queryOf, systemOf } from "../../sim/telemetry/systems.ts";

Deno.test("words come from any spelling, and only identifiers come out", () => {
  assert.deepEqual(wordsOf("GetCart"), ["get", "cart"]);
  assert.deepEqual(wordsOf("product-catalog_v2"), ["product", "catalog", "v2"]);
  assert.deepEqual(wordsOf("HTTPProxy"), ["http", "proxy"]);
  assert.deepEqual(wordsOf("2fa"), ["v2fa"]);
  assert.deepEqual(wordsOf("\u202e…"), []);
});

Deno.test("a handler is named by what it does", () => {
  const name = (endpoint: string): string => handlerNames(protocolOf(endpoint)).handler.join(" ");
  assert.equal(name("GET /"), "index");
  assert.equal(name("GET /products"), "list products");
  assert.equal(name("GET /api/v1/products/{id}"), "get product");
  assert.equal(name("POST /orders"), "create order");
  assert.equal(name("POST /checkout"), "checkout");
  assert.equal(name("DELETE /cart/:id"), "delete cart");
  assert.equal(name("GetCart"), "get cart");
  assert.equal(name("…"), "handle request");
});

Deno.test("English plurals become singular", () => {
  const words = ["orders", "categories", "boxes", "address", "status", "analysis", "bus"];
  assert.deepEqual(words.map(singular), ["order", "category", "box", "address", "status", "analysis", "bus"]);
});

Deno.test("a route's parameters are found in the spellings of the frameworks", () => {
  const names = (route: string): string[] =>
    routeParts(route).filter((part) => part.isParameter).map((part) => part.text);
  assert.deepEqual(names("/a/{id}/b/:name/<int:page>"), ["id", "name", "page"]);
  assert.deepEqual(names("/a/{id:int}/{*rest}"), ["id", "rest"]);
  assert.deepEqual(names("/plain"), []);
});

Deno.test("a gRPC method has a package, a service and a version; a full one stays as it is", () => {
  assert.equal(rpcMethod("payment", "shop", "Charge"), "shop.payment.v1.PaymentService/Charge");
  assert.equal(rpcMethod("product-catalog-service", "", "Get"), "product_catalog.v1.ProductCatalogService/Get");
  assert.equal(rpcMethod("x", "shop", "/oteldemo.AdService/GetAds"), "oteldemo.AdService/GetAds");
});

Deno.test("the words of a service do not repeat that it is one", () => {
  assert.deepEqual(serviceWords("payment-service"), ["payment"]);
  assert.deepEqual(serviceWords("service"), ["service"]);
});

Deno.test("a query's text follows from the endpoint's name and the system's dialect", () => {
  const text = (system: string, name: string): string => queryOf(systemOf("database", system), "database", name).text;
  assert.equal(text("postgresql", "SELECT orders"), "SELECT * FROM orders WHERE order_id = $1");
  assert.equal(text("mysql", "UPDATE orders"), "UPDATE orders SET status = ?, updated_at = ? WHERE order_id = ?");
  assert.equal(text("mssql", "DELETE orders"), "DELETE FROM orders WHERE order_id = @p1");
  assert.equal(text("mongodb", "find orders"), '{"find":"orders","filter":{"_id":"?"}}');
  assert.equal(queryOf(systemOf("cache", undefined), "cache", "HGETALL cart").text, "HGETALL cart:?");
  const whole = queryOf(systemOf("database", undefined), "database", "select * from public.orders where id = $1");
  assert.deepEqual(whole, {
    operation: "SELECT",
    target: "public.orders",
    text: "select * from public.orders where id = $1",
  });
});

Deno.test("a broker's destination follows from the endpoint's name", () => {
  const kafka = systemOf("queue", undefined);
  assert.deepEqual(queryOf(kafka, "queue", "publish orders"), {
    operation: "publish",
    target: "orders",
    text: "publish orders",
  });
  assert.equal(queryOf(kafka, "queue", "orders").operation, "send");
});

Deno.test("a database is called what its service holds", () => {
  assert.deepEqual(["orders-db", "catalog", "postgres", "user-data-store"].map(databaseName), [
    "orders",
    "catalog",
    "postgres",
    "user_data",
  ]);
});
