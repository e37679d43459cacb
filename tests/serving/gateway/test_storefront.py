"""The page in a real Chromium, before a real gateway and a real Triton."""

import re

import httpx
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.triton]

WAIT_MS = 30_000
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture
def open_page(browser, gateway):
    """`open_page(user)` shows the page; whatever its console says in the end fails the test."""
    contexts, said = [], []

    def open_page(user, viewport=DESKTOP, **options):
        context = browser.new_context(viewport=viewport, **options)
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"http://127.0.0.1:{gateway.port}/#user={user}")
        page.locator("#items .card").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def titles(page, part="#items"):
    return page.locator(f"{part} .title").all_text_contents()


def test_the_page_shows_what_the_api_answers_with_prices_reasons_latency_and_model(
    open_page, gateway, release
):
    page = open_page("household-2")

    answer = gateway.ask.get("/recommend", params={"user_id": "household-2", "k": 10}).json()
    assert titles(page) == [item["title"] for item in answer["items"]]
    assert page.locator("#items .price").first.text_content() == f"{answer['items'][0]['price']:.2f}"
    assert page.locator("#model").get_attribute("title") == release.digest
    assert re.fullmatch(r"[0-9.]+ ms", page.locator("#latency").text_content())
    assert page.locator("#history li").count() > 0
    assert page.locator("#items .reasons li").count() > 0


def test_the_households_that_bought_last_can_be_chosen(open_page):
    page = open_page("household-1")
    before = titles(page)

    page.get_by_label("Shopper").select_option("household-8")
    page.locator("#suggestions-note", has_text="from 64 events").wait_for()

    assert titles(page) != before
    assert page.get_by_label("Shopper").locator("option").count() == 9


def test_buying_shows_in_the_history_changes_the_list_and_is_said_aloud(open_page):
    page = open_page("browser-buyer")
    assert "Nothing is known of this shopper" in page.locator("#suggestions-note").text_content()
    wanted = titles(page)[0]

    page.get_by_role("button", name=f"Buy: {wanted}", exact=True).click()

    page.locator("#said", has_text=f"Bought: {wanted}. The list has").wait_for()
    assert page.locator("#history li").first.text_content().startswith(wanted)
    assert "from 1 events" in page.locator("#suggestions-note").text_content()
    assert page.locator("#items .move", has_text=re.compile("new|▲|▼")).count() > 0


def test_what_is_not_wanted_leaves_the_list(open_page):
    page = open_page("household-3")
    unwanted = titles(page)[0]

    page.get_by_role("button", name=f"Not for me: {unwanted}", exact=True).click()

    page.locator("#said", has_text=f"Hidden: {unwanted}").wait_for()
    assert unwanted not in titles(page)


def test_a_mistyped_search_finds_and_says_what_it_took_it_for(open_page):
    page = open_page("household-4")

    page.get_by_role("searchbox", name="Search the shop").fill("thnig 7")

    page.locator("#found-note", has_text="for “thing 7”").wait_for()
    assert "Thing 7" in titles(page, "#found-items")
    page.get_by_role("button", name="Back to the suggestions").click()
    assert page.locator("#found").is_hidden()


def test_everything_works_with_the_keyboard_alone(open_page):
    page = open_page("household-5")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the suggestions"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == f"Buy: {titles(page)[0]}"
    page.keyboard.press("Enter")

    page.locator("#said", has_text="Bought:").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_can_use_it(open_page, scheme, viewport):
    """axe-core's rules, contrast among them; nothing wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe

    page = open_page("household-6", viewport, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_role("searchbox").fill("thing")
    page.locator("#found-items .card").first.wait_for()

    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_nothing_is_fetched_from_elsewhere_and_no_inline_script_would_run(open_page, gateway):
    page = open_page("household-7")
    hosts = page.evaluate("performance.getEntriesByType('resource').map((each) => new URL(each.name).host)")
    assert set(hosts) == {f"127.0.0.1:{gateway.port}"}

    policy = gateway.ask.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/", "/static/app.js", "/static/style.css"):
        assert gateway.ask.get(path).headers["x-content-type-options"] == "nosniff"


def test_no_file_beside_the_page_can_be_fetched(gateway):
    with httpx.Client(base_url=f"http://127.0.0.1:{gateway.port}", trust_env=False) as ask:
        for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"):
            assert ask.get(path).status_code == 404


def test_a_name_of_another_site_that_leads_here_gets_nothing(gateway):
    for path in ("/", "/storefront/session", "/recommend?user_id=1"):
        assert gateway.ask.get(path, headers={"Host": "evil.example"}).status_code == 400
