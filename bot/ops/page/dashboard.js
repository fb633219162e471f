"use strict";
// The status comes as server-sent events, read by fetch: EventSource cannot send a token. What stands in events is put
// into the page as text only.

const byId = (id) => document.getElementById(id);
const KEPT = "greenlight-ops-token";
const AGAIN_AFTER = 3000, HISTORY_EVERY = 60000, SILENT_AFTER = 15000;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Words for numbers

function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function size(bytes) {
  if (bytes === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 2 ** (10 * step)).toFixed(step > 2 ? 1 : 0)} ${units[step]}`;
}

const dollars = (microusd) => `$${(microusd / 1e6).toFixed(2)}`;
const percent = (share) => (share === null ? "–" : `${Math.round(share * 100)} %`);
const clock = (at) => new Date(at * 1000).toISOString().slice(11, 16) + " UTC";
const sum = (counts) => Object.values(counts).reduce((total, each) => total + each, 0);

// The parts of the page

function tile(name, value, more) {
  return make("div", { class: "tile" }, make("dt", {}, name), make("dd", {}, value, make("small", {}, more || "")));
}

const VERDICTS = { well: "All is well", warning: "Somebody should look", critical: "People are let down now" };

function showVerdict(status) {
  const verdict = byId("verdict");
  const words = VERDICTS[status.well];
  if (verdict.textContent !== words) verdict.textContent = words;
  verdict.className = status.well;
  const here = status.processes.find((each) => each.is_here);
  byId("facts").textContent =
    `Version ${status.version}, ${here.role}, up ${span(status.uptime_seconds)}; as of ${clock(status.at)}`;
}

function showFindings(status) {
  byId("findings").hidden = status.findings.length === 0;
  const told = status.findings.map((each) => {
    const word = each.severity[0].toUpperCase() + each.severity.slice(1);
    return make("li", { class: each.severity }, `${word}: `, make("span", {}, each.what), make("em", {}, each.remedy));
  });
  byId("findings-list").replaceChildren(...told);
}

function showNumbers(status) {
  const { films, discord, database, money, queue } = status;
  const waiting = Object.values(queue).reduce((total, line) => total + line.waiting, 0);
  const oldest = Math.max(0, ...Object.values(queue).map((line) => line.oldest_seconds || 0));
  const p95 = Object.values(queue).map((line) => line.p95_seconds).filter((each) => each !== null);
  const over = sum(films.last_day);
  byId("numbers").replaceChildren(
    tile("Films running", films.now.running || 0, `${films.now.held || 0} held, ${films.now.asking || 0} asking`),
    tile("Films in line", films.line.waiting,
      films.line.waiting ? `the first for ${span(films.line.oldest_seconds)}`
        : films.line.p50_seconds === null ? "none began in 24 h" : `half began within ${span(films.line.p50_seconds)}`),
    tile("Waiting for a key", waiting,
      waiting ? `the first for ${span(oldest)}` : p95.length ? `95 of 100 within ${span(Math.max(...p95))}` : "nobody in the last hour"),
    tile("Films, 24 h", over, `${films.last_day.done || 0} done, ${films.last_day.failed || 0} failed, ${films.last_day.cancelled || 0} cancelled`),
    money ? tile("Spent today", dollars(money.today.used_microusd),
      money.today.cap_microusd === null ? "no cap" : `of ${dollars(money.today.cap_microusd)}`) : tile("Spent today", "–", "not known"),
    discord ? tile("Discord", discord.is_connected ? span(discord.latency_seconds) : "away",
      `${discord.refused_last_ten_minutes} refused in 10 min, ${discord.rate_limited} rate limited`) : tile("Discord", "–", "not this process's part"),
    tile("Database", database.error ? "away" : span(database.latency_seconds), `${database.kind}, ${size(database.bytes)}`),
    tile("Disk", size(status.disk.free_bytes), `free of ${size(status.disk.total_bytes)}`),
  );
}

function meter(name, used, limit) {
  const share = limit ? Math.min(1, used / limit) : 0;
  const bar = draw("svg", { "aria-hidden": "true", preserveAspectRatio: "none", viewBox: "0 0 100 8" },
    draw("rect", { width: 100, height: 8, rx: 2 }),
    draw("rect", { width: share * 100, height: 8, rx: 2, class: share > 0.8 ? "used full" : "used" }));
  return make("div", { class: "meter" },
    make("span", {}, make("span", {}, name), make("span", {}, `${used.toLocaleString("en")} of ${limit.toLocaleString("en")}`)), bar);
}

function period(seconds) {
  return { 60: "a minute", 3600: "an hour", 86400: "a day" }[seconds] || `${seconds} s`;
}

const HEALTHS = {
  healthy: "✓ healthy", cooling: "◷ cooling", probing: "◌ being tried", out: "✕ out",
  paused: "⏸ paused by an operator", retired: "– retired",
};

function asked(key, share) {
  const number = key.requests_last_hour;
  if (!number) return "Not asked in the last hour";
  return `${number} request${number === 1 ? "" : "s"} in the last hour` +
    (share === null ? "" : `, ${percent(share)} of its service`) + `; errors ${percent(key.error_rate)}`;
}

// How the requests of the last hour spread over a service's keys; the tiles tell the same in words.
function balance(keys, whole) {
  if (keys.length < 2 || !whole) return null;
  let x = 0;
  const parts = keys.map((key, number) => {
    const width = 100 * key.requests_last_hour / whole;
    const part = draw("rect", { x, width: Math.max(0, width - 0.6), height: 8, class: number % 2 ? "other" : "used" });
    x += width;
    return part;
  });
  const bar = draw("svg", { "aria-hidden": "true", preserveAspectRatio: "none", viewBox: "0 0 100 8" }, ...parts);
  return make("div", { class: "meter balance" }, make("span", {}, "balance of the last hour, key by key"), bar);
}

function keyTile(key, whole) {
  const meters = key.windows.flatMap((each) => {
    const where = each.model ? `${each.model}, ` : "";
    const found = [];
    if (each.requests_limit !== null) found.push([`${where}requests ${period(each.period_seconds)}`, each.requests, each.requests_limit]);
    if (each.tokens_limit !== null) found.push([`${where}tokens ${period(each.period_seconds)}`, each.tokens, each.tokens_limit]);
    return found;
  });
  if (key.room !== null) meters.push(["open at once", key.open, key.room]);
  const share = whole ? key.requests_last_hour / whole : null;
  return make("div", { class: `key ${key.health}`, "data-key": key.id },
    make("h4", {}, key.id),
    make("p", { class: "state" }, (HEALTHS[key.health] || key.health) + (key.why ? `: ${key.why}` : "") +
      (key.until !== null ? `, until ${clock(key.until)}` : "")),
    make("p", {}, asked(key, share) + `; ${key.open} open`),
    key.left === null ? null : make("p", {}, `${key.left.toLocaleString("en")} ${key.unit} left` + (key.plan ? ` (${key.plan})` : "")),
    ...meters.map(([name, used, limit]) => meter(name, used, limit)));
}

function showKeys(status) {
  const services = status.services.map((service) => {
    const whole = service.keys.reduce((total, key) => total + key.requests_last_hour, 0);
    const waiting = sum(service.waiting);
    return make("div", { class: "service" },
      make("h3", {}, `${service.name}: `, make("span", { class: service.state }, service.state),
        waiting ? `, ${waiting} waiting` : ""),
      balance(service.keys, whole),
      make("div", { class: "keys" }, ...service.keys.map((key) => keyTile(key, whole))));
  });
  byId("keys").replaceChildren(...(services.length ? services : [make("p", {}, "No service has a key.")]));
}

function showRest(status) {
  const rows = status.processes.map((each) => [
    `${each.role}${each.shards ? ` ${each.shards}` : ""}`,
    `${each.name}${each.is_here ? " (this one)" : `, heard of ${span(status.at - each.seen_at)} ago`}: ` +
      `version ${each.version}, ${size(each.memory_bytes)}, loop late ${span(each.loop_late_seconds)}`,
  ]);
  if (status.discord) rows.push(["Discord sessions",
    status.discord.sessions_left === null ? "not told yet" : `${status.discord.sessions_left} of ${status.discord.sessions_of} left when it connected`]);
  rows.push(["Backups", status.backups.made_at === null ? "none yet" : `${span(status.at - status.backups.made_at)} ago, ${size(status.backups.bytes)}`]);
  rows.push(["Paused", status.paused.map((each) => each.name).join(", ") || "nothing"]);
  rows.push(["Closed channels", status.channels_closed.map((each) => each.id).join(", ") || "none"]);
  rows.push(["Models ending", status.models_ending.map((each) => `${each.model} (${each.day})`).join(", ") || "none soon"]);
  if (status.money) rows.push(["Spent most today",
    status.money.users_today.slice(0, 5).map((each) => `${each.id}: ${dollars(each.used_microusd)}`).join(", ") || "nobody"]);
  byId("rest").replaceChildren(...rows.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value))));
}

function show(status) {
  showVerdict(status);
  showFindings(status);
  showNumbers(status);
  showKeys(status);
  showRest(status);
}

// The last day, as small lines with their words

function line(name, points, value, words) {
  const values = points.map(value);
  const top = Math.max(1, ...values);
  const end = points.length ? points[points.length - 1].at : 0;
  let path = "", before = null;
  points.forEach((point, number) => {
    const x = 100 - (end - point.at) / 864, y = 39 - 36 * values[number] / top;
    path += `${before === null || point.at - before > 1200 ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)} `;
    before = point.at;
  });
  const picture = draw("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: ${words(values)}` },
    draw("path", { d: path || "M0 39" }));
  return make("div", { class: "tile day" }, make("div", { class: "name" }, name), picture, make("p", {}, words(values)));
}

function showDay(history) {
  const points = history.points;
  if (!points.length) return byId("day").replaceChildren(make("p", {}, "Nothing was measured yet; the first point comes within a minute."));
  const most = (values) => Math.max(0, ...values), all = (values) => values.reduce((total, each) => total + each, 0);
  byId("day").replaceChildren(
    line("Requests to services", points, (each) => sum(each.requests), (values) => `${all(values)} in all, ${most(values)} at most in five minutes`),
    line("Waiting, films and requests", points, (each) => each.films + sum(each.waiting), (values) => `${most(values)} at most`),
    line("Longest wait", points, (each) => each.oldest_seconds, (values) => `${span(most(values))} at most`),
    line("Errors and answers of 429", points, (each) => each.errors + each.limited, (values) => `${all(values)} in all`),
    line("Spent since midnight UTC", points, (each) => each.spent_microusd / 1e6, (values) => `$${values[values.length - 1].toFixed(2)} so far`),
  );
}

// Talking with the bot

let token = null;

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, "", location.pathname); // nothing of it stays in the address or the history
  }
  token = sessionStorage.getItem(KEPT);
}

function ask(path, options = {}) {
  return fetch(path, { ...options, headers: token === null ? {} : { Authorization: `Bearer ${token}` } });
}

function lose(words) {
  const verdict = byId("verdict");
  if (verdict.textContent !== words) verdict.textContent = words;
  verdict.className = "lost";
}

function askForToken() {
  byId("refused").textContent = token === null ? "" : "That is not the token.";
  sessionStorage.removeItem(KEPT);
  byId("ask").hidden = false;
  lose("A token is needed");
  byId("token").focus();
}

async function watch() {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENT_AFTER);
  try {
    const answer = await ask("/api/events", { signal: silence.signal });
    if (answer.status === 401) return askForToken();
    if (!answer.ok) {
      lose(answer.status === 503 ? "Too many pages watch; this one waits" : `The bot answers ${answer.status}`);
      return setTimeout(watch, AGAIN_AFTER);
    }
    byId("ask").hidden = true;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_AFTER);
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.split("\n").find((each) => each.startsWith("data: "));
        if (data) show(JSON.parse(data.slice(6)));
      }
    }
    lose("The bot has stopped; trying again");
  } catch (error) {
    lose("The bot cannot be reached; trying again");
  } finally {
    clearTimeout(timer);
  }
  setTimeout(watch, AGAIN_AFTER);
}

async function remember() {
  try {
    const answer = await ask("/api/history");
    if (answer.ok) showDay(await answer.json());
    else if (answer.status === 503) byId("day").replaceChildren(make("p", {}, "Not known just now: the database is not reached."));
  } catch (error) { /* the other line tells that the bot is away */ }
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("token").value = "";
  sessionStorage.setItem(KEPT, token);
  watch();
  remember();
});

takeToken();
watch();
remember();
setInterval(remember, HISTORY_EVERY);
