// Which hosts and origins are let in.
import assert from "node:assert/strict";
import { isAllowedHost, isLoopbackAddress, isSameOrigin } from "../../lib/http/guard.ts";

Deno.test("`isAllowedHost()` lets loopback names and addresses in, with and without ports", () => {
  const names = ["localhost", "LOCALHOST:8420", "127.0.0.1", "127.0.0.1:8420", "127.255.3.7:1", "[::1]", "[::1]:8420"];
  for (const host of names) assert.equal(isAllowedHost(host), true, host);
});

Deno.test("`isAllowedHost()` refuses everything else", () => {
  const names = [
    "",
    "localhost.",
    "localhost.evil.com",
    "evil.com",
    "evil.com:8420",
    "evil-localhost",
    "xlocalhost",
    "127.0.0.1.evil.com",
    "127.0.0.1.",
    "127.0.0.1:",
    "127.0.0.1:x",
    "127.0.0.1:8420:1",
    "127.0.0.1:123456",
    "127.1",
    "127.0.0.256",
    "2130706433",
    "0x7f.0.0.1",
    "0.0.0.0",
    "128.0.0.1",
    "10.0.0.1",
    "::1",
    "[::2]",
    "[::ffff:127.0.0.1]",
    "localhost, evil.com",
    "user@localhost",
    "localhost/",
    "localhost\n",
    " localhost",
    "localhost:80 ",
  ];
  for (const host of names) assert.equal(isAllowedHost(host), false, JSON.stringify(host));
  assert.equal(isAllowedHost(undefined), false);
});

Deno.test("`isAllowedHost()` lets configured names in, with any port unless one is given", () => {
  const hosts = ["lab.example.org", "box:9000"];
  for (const host of ["lab.example.org", "Lab.Example.org:8420", "box:9000"]) {
    assert.equal(isAllowedHost(host, hosts), true, host);
  }
  for (const host of ["example.org", "x.lab.example.org", "lab.example.org.", "box", "box:9001", "lab.example.org:x"]) {
    assert.equal(isAllowedHost(host, hosts), false, host);
  }
});

Deno.test("`isSameOrigin()` refuses other sites' scripts and images, and lets links through", () => {
  const check = (headers: Record<string, string>) => isSameOrigin(new Headers({ host: "localhost:8420", ...headers }));
  assert.equal(check({}), true, "programs send neither");
  assert.equal(check({ origin: "http://localhost:8420" }), true);
  assert.equal(check({ "sec-fetch-site": "same-origin" }), true);
  assert.equal(check({ "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }), true);
  assert.equal(
    check({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }),
    true,
    "a link from elsewhere",
  );
  for (
    const origin of ["http://evil.com", "http://localhost:3000", "https://localhost.evil.com", "null", "", "file://"]
  ) {
    assert.equal(check({ origin }), false, origin);
  }
  assert.equal(
    check({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }),
    false,
  );
  assert.equal(check({ "sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }), false);
  assert.equal(
    check({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }),
    false,
  );
});

Deno.test("`isLoopbackAddress()` knows this machine's own addresses, mapped ones too", () => {
  for (const address of ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"]) {
    assert.ok(isLoopbackAddress(address), address);
  }
  for (
    const address of ["192.168.1.7", "10.0.0.1", "fe80::1", "::", "0.0.0.0", "::ffff:10.0.0.1", "127.evil.com", ""]
  ) {
    assert.ok(!isLoopbackAddress(address), address);
  }
});
