"""The front page: its figure, the bar of verdicts, the cards, and what it says we found."""

import json
import re

import pytest
from bs4 import BeautifulSoup
from site_helpers import FRONT
from visits import visits

from moebook import front
from moebook.ledger import VERDICTS, anchor_of, verdict_bar
from moebook.prose import claims_filter
from moebook.thumbnail import HEIGHT, WIDTH, thumbnail
from moecalc import InputError, claims, explore, load_model
from moecalc.explorers import explorer

pytest_plugins = ["site_fixtures"]

NAME = "what-would-it-take"


def took(**controls) -> dict:
    return explore(NAME, **controls)["metrics"]


# --- its figure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "published", "digits"),
    [
        ("gpu_hours", 2664, -3),
        ("usd", 5328, -3),
        ("wall_days", 54.2, 1),
        ("total", 671, -9),
        ("kv_bytes_per_token", 70_272, 0),
    ],
)
def test_the_defaults_are_the_published_run(metric, published, digits):
    """The report's Table 1, and the days and cache that it and its successor name; rounded as they are printed."""
    value = took()[metric]
    assert round(value, digits) == pytest.approx(published * 10 ** max(0, -digits), rel=1e-12)


#: A state of the figure, and the options by which the command line counts the same.
CASES = [
    {},
    {"model": "llama-3.1-405b", "accelerator": "h100-sxm", "num_tokens": 15.6, "num_gpus": 16_000, "seq_len": 8192},
    {"model": "qwen3-next-80b-a3b", "accelerator": "a100-sxm", "mfu": 20, "bytes_per_element": 1, "usd_per_gpu_hour": 1.5},
]


@pytest.mark.parametrize("controls", CASES, ids=lambda case: case.get("model", "defaults"))
def test_the_commands_say_the_same(controls, moecalc):
    """A second route: each number by the command that is about it, the utilisation found again from the hours."""
    told = explore(NAME, **controls)
    state, metrics = told["controls"], told["metrics"]
    model = f"--model {state['model']}"
    params = moecalc(f"params {model} --json").json
    flops = moecalc(f"flops {model} --seq-len {state['seq_len']} --json").json
    cache = moecalc(
        f"kv-cache {model} --context {state['seq_len']} --bytes-per-element {state['bytes_per_element']} --json"
    ).json
    hours, tokens = metrics["gpu_hours"], state["num_tokens"] * 1e12
    run = f"--seq-len {state['seq_len']} --num-tokens {tokens} --gpu-hours {hours} --gpu {state['accelerator']}"
    mfu = moecalc(f"mfu {model} {run} --json").json
    cost = moecalc(f"cost --gpu-hours {hours} --usd-per-gpu-hour {state['usd_per_gpu_hour']} --json").json
    assert (metrics["total"], metrics["activated"]) == (params["total"], params["activated"])
    assert metrics["training_flops_per_token"] == flops["training_per_token"]
    assert metrics["kv_bytes_per_token"] == cache["bytes_per_token"]
    assert mfu["mfu"] == pytest.approx(state["mfu"] / 100, rel=1e-12)
    assert metrics["usd"] == pytest.approx(cost["usd"], rel=1e-12)
    assert metrics["wall_days"] * 24 * state["num_gpus"] == pytest.approx(hours, rel=1e-12)
    assert metrics["tokens_per_s"] * metrics["wall_days"] * 86_400 == pytest.approx(tokens, rel=1e-12)


@pytest.mark.parametrize("controls", CASES, ids=lambda case: case.get("model", "defaults"))
def test_the_commands_serve_the_same(controls, moecalc):
    """The GPUs by the command that says what fits, the speed by the one that times a step there; three digits are told."""
    told = explore(NAME, **controls)
    state, metrics = told["controls"], told["metrics"]
    sized = f"--model {state['model']} --gpu {state['accelerator']} --context {state['seq_len']}"
    width = state["bytes_per_element"]
    users = f"--users {state['users']} --bytes-per-element {width}"
    fit = moecalc(f"fit {sized} {users} --pp 1 --json").json
    if fit["num_gpus"] is None:
        assert metrics["serving_gpus"] == moecalc(f"fit {sized} {users} --json").json["num_gpus"]
        assert metrics["tokens_per_s_per_gpu"] is metrics["usd_per_million"] is None
        return
    layout = fit["layout"]
    gpus = layout["tp"] * layout["dp"]
    how = f"--tp {layout['tp']} --dp {layout['dp']} --ep {layout['ep']} --num-gpus {gpus}"
    cache = "fp8" if width == 1 else "bfloat16"
    batch = f"--phase decode --batch {fit['users_per_group']} --cache {cache}"
    step = moecalc(f"serve {sized} {batch} {how} --json").json
    assert metrics["serving_gpus"] == fit["num_gpus"]
    assert metrics["tokens_per_s_per_gpu"] == pytest.approx(step["tokens_per_s_per_gpu"], rel=5e-3)
    price = state["usd_per_gpu_hour"] / 3600 / step["tokens_per_s_per_gpu"] * 1e6
    assert metrics["usd_per_million"] == pytest.approx(price, rel=5e-3)
    low, high = (100 * step[end] / step["step_s"] for end in ("low_s", "high_s"))
    assert metrics["interval"] == f"{low:.0f} to {high:.0f} %"


def test_more_users_need_no_fewer_gpus_and_what_is_not_known_stays_empty():
    """Where nothing is known of serving the other numbers stand."""
    found = [took(users=2**power)["serving_gpus"] for power in range(0, 15, 2)]
    assert found == sorted(found)
    numbers = {"accelerator": "typed-in", "accelerator_numbers": "bf16=1e14"}
    told, usual = took(**numbers), took()
    assert told["serving_gpus"] is told["tokens_per_s_per_gpu"] is told["usd_per_million"] is None
    assert told["total"] == usual["total"] and told["gpu_hours"] > usual["gpu_hours"]
    beyond = took(seq_len=1_048_576)
    assert beyond["serving_gpus"] == took(seq_len=163_840)["serving_gpus"], "no longer than the model was made for"


def test_the_price_of_a_token_is_linear_in_rent():
    once, twice = (took(usd_per_gpu_hour=price)["usd_per_million"] for price in (2, 4))
    assert twice == pytest.approx(2 * once, rel=1e-2)


def test_a_pasted_config_wins_and_an_empty_one_does_not():
    pasted = json.dumps(load_model("llama-3.1-8b").raw)
    assert took(config=pasted) == took(model="llama-3.1-8b")
    assert took(config=" \n") == took()
    with pytest.raises(InputError):
        took(config='{"model_type": "bert"}')


# --- the bar, the cards, the small pictures --------------------------------------------------------------------------


def parsed(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "html.parser")


def test_the_bar_has_every_verdict_and_every_claim_once():
    assert sorted(VERDICTS) == sorted(claims.VERDICTS)
    bar = parsed(verdict_bar("claims.html"))
    told = {part.span.get_text(): int(part.b.get_text()) for part in bar.select(".ledger li")}
    assert told == {verdict: count for verdict, count in claims.counts_by_verdict().items() if count}
    assert sum(told.values()) == len(claims.ledger())
    for part in bar.select(".ledger li"):
        verdict = part.span.get_text()
        assert part["style"] == f"flex-grow: {told[verdict]}"
        assert part.a["href"] == f"claims.html#{anchor_of(verdict)}"


def test_a_link_of_the_bar_leads_to_what_filters_the_claims():
    page = parsed(claims_filter().data)
    for link in parsed(verdict_bar()).select("a[href]"):
        target = page.find(id=link["href"].removeprefix("#"))
        assert f"#{target['id']}:target" in page.style.get_text()


def test_a_card_links_to_every_page_of_its_chapter():
    told = {"Industry": ("open-models", "A claim & more."), "Overview": ("cost", "Another.")}
    drawn = parsed(front.cards(told).data).select("section")
    for card, chapter in zip(drawn, (front.chapters()[0], front.chapters()[3]), strict=True):
        links = {f"../{page}.html": title for page, title in chapter.pages}
        assert {link["href"]: link.get_text() for link in card.select("a")} == links
        assert card.p.get_text() == told[chapter.caption][1]
        assert card.svg["aria-hidden"] == "true" and not card.select("svg text, svg [aria-label]")


@pytest.mark.parametrize("name", ["cost", "balancing", "model-states", "open-models"])
def test_a_small_picture_has_marks_and_no_words(name):
    drawn = parsed(thumbnail(name)).svg
    width, height = (float(side) for side in drawn["viewbox"].split()[2:])
    assert (width, height) == pytest.approx((WIDTH, HEIGHT), abs=20)
    assert not drawn.select("text, title") and len(drawn.select("path")) > 3


# --- the built page --------------------------------------------------------------------------------------------------


@pytest.mark.site
@visits([FRONT], "laptop", "laptop without scripts")
def test_the_first_screen_answers_something(visit):
    """On 1280 x 800 one sees the bar, every leading control, all eleven numbers and the picture."""
    visit.tab.set_viewport_size({"width": 1280, "height": 800})
    leading = [f'[data-control="{control.key}"]' for control in explorer(NAME).leading]
    below = {
        what: visit.tab.locator(what).locator("visible=true").first.bounding_box()
        for what in (".ledger", ".explorer-title", ".headline", ".explorer-shown figure svg", *leading)
    }
    visit.tab.set_viewport_size(visit.size)
    assert {what: box for what, box in below.items() if box["y"] + box["height"] > 800} == {}
    assert visit.tab.locator(".headline output").count() == 11
    assert visit.tab.locator("#pst-secondary-sidebar, .secondary-toggle").locator("visible=true").count() == 0


@pytest.mark.site
@visits([FRONT], "phone", "laptop")
def test_every_part_of_the_bar_can_be_hit_and_read(visit):
    parts = visit.measure("""() => [...document.querySelectorAll(".ledger a")].map(a => {
      const {width, height} = a.getBoundingClientRect(), number = a.querySelector("b").getBoundingClientRect();
      return [width, height, number.right <= a.getBoundingClientRect().right, a.textContent.trim()]; })""")
    assert len(parts) > 5
    for width, height, whole, words in parts:
        assert width >= 24 and height >= 24 and whole, words


@pytest.mark.site
@visits([FRONT], "laptop without scripts")
def test_a_part_of_the_bar_opens_its_claims_without_scripts(visit):
    shown = """() => [...document.querySelectorAll(".claims > li")].filter(claim => claim.checkVisibility())
      .map(claim => claim.dataset.verdict)"""
    visit.tab.get_by_role("link", name="contradicted").first.click()
    visit.tab.wait_for_url("**/claims.html#verdict-contradicted")
    assert visit.measure(shown) == ["contradicted"] * claims.counts_by_verdict()["contradicted"]
    visit.tab.locator('a[href="#verdict-all"]').click()
    assert len(visit.measure(shown)) == len(claims.ledger())
    visit.open(f"{FRONT}.html")


@pytest.mark.site
def test_nine_findings_each_with_a_number_and_a_link(site):
    findings = parsed((site / f"{FRONT}.html").read_text(encoding="utf-8")).select(".findings li")
    assert len(findings) == 9
    for finding in findings:
        assert re.search(r"\d", finding.strong.get_text()), "the number is computed: the test of pages says so"
        assert (site / FRONT).parent.joinpath(finding.select_one("a:not(.computed)")["href"]).resolve().is_file()
    assert findings[0].strong.get_text() == "39.06 %, not 37.2 %"
