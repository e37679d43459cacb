// The storefront: one shopper, their history, what they are likely to buy next, and search. No framework, no build.
import { Gateway } from "/static/gateway.js";
import { card, eventLine, relatedItem, tell } from "/static/view.js";

const SUGGESTIONS = 10;
const FOUND = 8;
const TYPING_PAUSE_MS = 250;

const byId = (id) => document.getElementById(id);
const gateway = new Gateway();
let user = "";
let ranks = new Map();
// Answers to questions that were overtaken by newer ones are thrown away.
let asked = 0;

async function start() {
  const shoppers = await gateway.shoppers();
  for (const { user_id, events } of shoppers) {
    byId("shopper").append(new Option(`Household ${user_id} (${events} events)`, user_id));
  }
  byId("shopper").append(new Option("Somebody new", `new-${Math.random().toString(36).slice(2, 8)}`));
  const wished = new URLSearchParams(location.hash.slice(1)).get("user");
  if (wished && ![...byId("shopper").options].some((option) => option.value === wished)) {
    byId("shopper").append(new Option(`Household ${wished}`, wished));
  }
  byId("shopper").value = wished || byId("shopper").options[0].value;
  await choose();
}

async function choose() {
  user = byId("shopper").value;
  ranks = new Map();
  leaveSearch();
  await refresh();
}

async function refresh() {
  const mine = ++asked;
  const began = performance.now();
  const [answer, history] = await Promise.all([
    gateway.recommend(user, SUGGESTIONS),
    gateway.history(user),
  ]);
  if (mine !== asked) return "";
  showFacts(answer, performance.now() - began);
  showHistory(history);
  return showSuggestions(answer);
}

function showSuggestions(answer) {
  const known = ranks.size > 0;
  const before = ranks;
  ranks = new Map(answer.items.map((item, rank) => [item.item_id, rank]));
  const cards = answer.items.map((item, rank) => {
    const was = before.get(item.item_id);
    const move = !known || was === rank ? "" : was === undefined ? "new" : was > rank ? `▲ ${was - rank}` : `▼ ${rank - was}`;
    return card(item, { move, act });
  });
  slide(byId("items"), cards);
  byId("suggestions-note").textContent = answer.fallback
    ? { "no-history": "Nothing is known of this shopper yet: this is what sells most." }[answer.fallback_reason] ||
      "The model did not answer in time: this is what sells in their categories."
    : `from ${answer.history_events} events of this shopper`;
  const arrived = answer.items.filter((item) => known && !before.has(item.item_id)).length;
  return known ? `The list has ${arrived} new ${arrived === 1 ? "item" : "items"}.` : "";
}

// Cards glide from where they were to where they are (FLIP); whoever wants less motion gets none by the style sheet.
function slide(list, cards) {
  const places = new Map([...list.children].map((each) => [each.dataset.item, each.getBoundingClientRect().top]));
  list.replaceChildren(...cards);
  for (const each of cards) {
    const was = places.get(each.dataset.item);
    if (was === undefined) each.classList.add("enters");
    else each.style.transform = `translateY(${was - each.getBoundingClientRect().top}px)`;
  }
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      for (const each of cards) {
        each.classList.remove("enters");
        each.style.transform = "";
      }
    }),
  );
}

function showHistory(events) {
  byId("history").replaceChildren(...events.map(eventLine));
  byId("history-note").textContent = events.length ? `the newest ${events.length}` : "nothing yet: buy something";
}

function showFacts(answer, roundTrip) {
  const source = byId("source");
  source.textContent = answer.fallback ? `popular items (${answer.fallback_reason})` : answer.cached ? "the model, asked before" : "the model";
  source.classList.toggle("warn", answer.fallback);
  byId("model").textContent = answer.model.slice(0, 19) + "…";
  byId("model").title = answer.model;
  byId("latency").textContent = `${answer.latency_ms.toFixed(1)} ms`;
  byId("round-trip").textContent = `${roundTrip.toFixed(0)} ms`;
}

// What a button does: tell the gateway, then ask again.
async function act(item, event, value, button) {
  button.disabled = true;
  const done = { purchase: "Bought", click: "Looked at", rating: "Hidden" }[event];
  try {
    await gateway.happened(user, item.item_id, event, value);
    const change = await refresh();
    if (!byId("found").hidden) await search();
    tell(`${done}: ${item.title}. ${change}`);
  } catch (error) {
    tell(`That did not work: ${error.message}`);
  } finally {
    button.disabled = false;
  }
}

async function search() {
  const words = byId("query").value.trim();
  if (!words) return leaveSearch();
  const began = performance.now();
  const answer = await gateway.search(user, words, FOUND);
  if (words !== byId("query").value.trim()) return;
  const told = {
    "all-words": answer.corrected_query ? `for “${answer.corrected_query}”` : `for “${words}”`,
    "meaning": `No item has words of “${words}”; these come near it`,
    "some-words": `No item has all of “${words}”; these have some of it`,
    nothing: `Nothing is called “${words}”`,
  }[answer.matched];
  byId("found-note").textContent = answer.fallback ? `${told}, by words and sales only` : `${told}, likeliest for this shopper first`;
  byId("found-items").replaceChildren(...answer.items.map((item) => card(item, { move: "", act })));
  byId("related-title").textContent = answer.matched === "nothing" ? "They may want" : "On the same shelves";
  byId("related").replaceChildren(...answer.related.map((item) => relatedItem(item, act)));
  byId("found").hidden = false;
  showFacts(answer, performance.now() - began);
  tell(`${answer.items.length} results ${told}`);
}

function leaveSearch() {
  byId("query").value = "";
  byId("found").hidden = true;
}

const troubled = (work) => async (event) => {
  event?.preventDefault();
  try {
    await work();
  } catch (error) {
    tell(`That did not work: ${error.message}`);
    byId("suggestions-note").textContent = `The gateway does not answer: ${error.message}`;
  }
};

let typing;
byId("query").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(troubled(search), TYPING_PAUSE_MS);
});
byId("search").addEventListener("submit", troubled(search));
byId("clear").addEventListener("click", () => {
  leaveSearch();
  byId("query").focus();
});
byId("shopper").addEventListener("change", troubled(choose));
troubled(start)();
