"""A page of the site, opened once for all tests of a worker that look at it, and what goes wrong in its tab."""

import pytest
from gates_helpers import AT_REST, AXE, CONTROLS, VIOLATIONS, WCAG, Figure

#: How a page is opened: on a laptop, on a phone, and in both without scripts.
LAPTOP = {"viewport": {"width": 1280, "height": 900}, "permissions": ["clipboard-read", "clipboard-write"]}
PHONE = {"viewport": {"width": 375, "height": 900}, "has_touch": True, "is_mobile": True}
STILL = {"java_script_enabled": False}
SIZES = {
    "laptop": LAPTOP,
    "phone": PHONE,
    "laptop without scripts": {**LAPTOP, **STILL},
    "phone without scripts": {**PHONE, **STILL},
}

#: Fold every table and list that was folded, leave every box, and go back to the top.
TIDY = """() => {
  for (const details of document.querySelectorAll("details")) details.open = details.hasAttribute("data-was-open");
  document.activeElement?.blur();
  window.scrollTo(0, 0);
}"""
REMEMBER = """() => document.querySelectorAll("details[open]").forEach(one => one.setAttribute("data-was-open", ""))"""

#: Whether the page has the colours of a scheme; those that fade into them are made to arrive. What inherits a colour that
#: has just arrived may begin to fade in the next frame, so two frames must be quiet.
COLOURED = """async (name) => {
  let quiet = document.documentElement.dataset.theme === name;
  for (let frame = 0; frame < 3; frame += 1) {
    const fading = document.getAnimations().filter(one => one.playState !== "finished");
    for (const one of fading) one.finish();
    quiet &&= fading.length === 0;
    await new Promise(requestAnimationFrame);
  }
  return quiet;
}"""

#: Wait until the browser has kept a picture of the engine, from which it starts faster on the next page; whether it has.
#: That takes a moment in which nothing is asked, and is not done at all where memory has grown by then.
KEPT = """async () => {
  for (const until = Date.now() + 3_000; Date.now() < until; await new Promise(go => setTimeout(go, 50))) {
    for (const name of await caches.keys()) {
      if ((await (await caches.open(name)).keys()).length) return true;
    }
  }
  return false;
}"""


#: On a phone, a reader who spares data: the engine starts when a figure is used, and not by itself.
SPARING = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"

#: A reader who has asked for all answers: no figure is covered by its question. A page that is none yet keeps nothing.
ANSWERS_SHOWN = "try { sessionStorage.setItem('guess:*', '') } catch {}"


class View:
    """One tab, and what goes wrong in it: in a profile of its own, or beside another, whose engine starts faster.

    All answers of figures are shown, unless the reader is `guessing`.
    """

    def __init__(self, browser, address, beside=None, guessing=False, **how):
        self.address, self.beside = address, beside
        self.context = beside.context if beside else browser.new_context(**how)
        if not guessing and not beside:
            self.context.add_init_script(ANSWERS_SHOWN)
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(60_000)
        self.tab.on("console", lambda said: said.type in ("error", "warning") and self.wrong.append(said.text))
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("request", self.see)
        self.wrong = []
        self.engine_is_kept = False

    def see(self, request):
        """Note what is asked of another host, where the browser finds none; a route would have it cache nothing."""
        if not request.url.startswith((self.address, "data:", "blob:", "about:")):
            self.wrong.append(f"asks another host: {request.url}")

    def open(self, path):
        self.wrong.clear()
        answer = self.tab.goto(f"{self.address}{path}")
        self.tab.wait_for_timeout(50)  # what scripts do at their leisure
        return answer

    def measure(self, script, *given):
        return self.tab.evaluate(script, *given)

    @property
    def fetched(self) -> list:
        """The addresses of the page and of all that it asked for; a worker asks for itself."""
        return self.measure("[location.href, ...performance.getEntriesByType('resource').map(one => one.name)]")

    def violations(self, rules=WCAG) -> list:
        """What axe finds in the page."""
        if not self.measure("typeof axe !== 'undefined'"):
            self.measure(AXE.read_text(encoding="utf-8"))
        return self.measure(VIOLATIONS, rules)

    def keep_engine(self):
        """Wait until the browser has kept the engine that runs here, so that it starts much faster on the next page."""
        owner = self.beside or self
        if not owner.engine_is_kept and self.tab.locator('section[data-engine="ready"]').count():
            owner.engine_is_kept = self.measure(KEPT)

    def close(self):
        if self.beside:
            self.tab.close()
        else:
            self.context.close()


#: Whether the theme has found out anew which tables are wider than the page: it waits for a while after a change of size.
SCROLLED_BY_KEYS = """() => [...document.querySelectorAll(".pst-scrollable-table-container")].every(
  ({tabIndex, scrollWidth, clientWidth}) => (tabIndex === 0) === scrollWidth > clientWidth)"""


class Visit(View):
    """A page in a tab of its worker; each test finds it as it was when it had just opened."""

    def __init__(self, browser, address, size):
        self.size, self.scripted = SIZES[size]["viewport"], "without scripts" not in size
        super().__init__(browser, address, **SIZES[size], color_scheme="light")
        if size == "phone":
            self.context.add_init_script(SPARING)
        self.page = None

    def at(self, page):
        """Go to a page, or tidy up if the tab is there already."""
        if self.tab.viewport_size != self.size:
            self.resize(**self.size)
            if self.page and self.scripted:
                self.tab.wait_for_function(SCROLLED_BY_KEYS)
        if self.page != page or not self.restore():
            if self.page and self.scripted:
                self.keep_engine()
            self.page = None
            self.status = self.open(f"{page}.html").status
            if self.scripted:
                # a figure comes to life once it has fetched its definition, which the page does not wait for
                self.tab.wait_for_function(AT_REST)
                self.measure(REMEMBER)
                self.built = {figure.name: shows(figure) for figure in self.figures}
            self.page = page
        return self

    def restore(self) -> bool:
        """Bring the page back to what it was at first; whether that worked."""
        if not self.scripted:
            return self.tab.url == f"{self.address}{self.page}.html"
        self.scheme("light")
        for figure in self.figures:
            if shows(figure) != self.built[figure.name]:
                figure.section.locator('[data-action="reset"]').dispatch_event("click")
                figure.rest()
        self.measure(TIDY)
        return self.tab.url.partition("#")[0] == f"{self.address}{self.page}.html" and all(
            shows(figure) == self.built[figure.name] for figure in self.figures
        )

    @property
    def is_phone(self) -> bool:
        return self.size["width"] < 600

    @property
    def figures(self) -> list:
        """Every figure of the page, with its controls and the settings to try of each: figure.controls."""
        return [Figure(self.tab, told["name"], told["controls"]) for told in self.measure(CONTROLS)]

    def figure(self, name):
        return next(figure for figure in self.figures if figure.name == name)

    def scheme(self, name):
        """Light or dark, as the reader's system asks for."""
        if self.measure("document.documentElement.dataset.theme") != name:
            self.tab.emulate_media(color_scheme=name)
            self.tab.wait_for_function(COLOURED, arg=name)

    def resize(self, width, height):
        self.tab.set_viewport_size({"width": width, "height": height})


def shows(figure) -> dict:
    """What a figure shows, whatever its engine does."""
    state = figure.state
    return {key: state[key] for key in ("controls", "metrics", "error", "stale")}


def visits(pages, *sizes):
    """Run a test on these pages in these sizes, with the page as its argument `visit`."""
    cases = [(page, size) for size in sizes for page in pages]
    return pytest.mark.parametrize("visit", cases, ids=[f"{page} on a {size}" for page, size in cases], indirect=True)
