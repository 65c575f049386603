"""What the quality gates do to a page: scripts that move its controls, ask axe, and say what has the focus."""

import re

from site_helpers import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

#: The rules of WCAG 2.2 A and AA.
WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]}
#: Those that hang on colours: the others find the same in the dark as in the light.
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}

#: Violations of some rules; with tags, a rule that axe holds for experimental is Lighthouse's too. Of a long table it looks
#: at the first and the last rows: one after another is made alike, and every cell costs it milliseconds.
VIOLATIONS = """async (runOnly) => {
  const rules = {"label-content-name-mismatch": {enabled: true}};
  const bodies = [...document.querySelectorAll("tbody")].map(body => [body, [...body.rows]]);
  const tables = bodies.filter(([, rows]) => rows.length > 16);
  for (const [body, rows] of tables) body.replaceChildren(...rows.slice(0, 8), ...rows.slice(-8));
  const found = await axe.run({runOnly, ...(runOnly.type === "tag" && {rules}), resultTypes: ["violations"]});
  for (const [body, rows] of tables) body.replaceChildren(...rows);
  return found.violations.flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.html.slice(0, 120)}`));
}"""

#: The explorers of a page with their controls, each with the settings to try: an end of a slider, in turn the lower and the
#: upper one, and one between, up to three options of a list; the numbers of every stop are asked for without a page.
CONTROLS = """() => [...document.querySelectorAll("section[data-explorer]")].map(section => ({
  name: section.dataset.explorer,
  controls: [...section.querySelectorAll("[data-control]")].map((box, place) => {
    const slider = section.querySelector(`[data-slider-for="${box.dataset.control}"]`);
    const many = slider ? Number(slider.max) : 0, length = box.options?.length;
    const settings = slider ? [place % 2 * many, Math.floor(many / 3)]
      : length ? [...Array(length).keys()].filter(at => at % Math.ceil(length / 3) === 0)
      : box.type === "checkbox" ? [!box.checked, box.checked] : [""];
    return {key: box.dataset.control, kind: slider ? "range" : box.type, settings};
  }),
}))"""

#: Set a control as a hand does: a slider to a stop, a list to an option, a switch or a text to a value.
MOVE = """([name, key, setting]) => {
  const section = document.querySelector(`section[data-explorer="${name}"]`);
  const box = section.querySelector(`[data-control="${key}"]`);
  const hand = section.querySelector(`[data-slider-for="${key}"]`) ?? box;
  if (hand.options) hand.selectedIndex = setting;
  else if (hand.type === "checkbox") hand.checked = setting;
  else hand.value = setting;
  for (const event of ["input", "change"]) hand.dispatchEvent(new Event(event, {bubbles: true}));
}"""

#: What one sees of the element that has the focus: where it is, what it is, and whether an edge shows it.
FOCUS = """() => {
  const it = document.activeElement, style = getComputedStyle(it), at = it.closest("section[data-explorer]");
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const name = it.dataset.control ?? it.dataset.sliderFor ?? it.dataset.action ?? it.tagName;
  return {at: at?.dataset.explorer ?? null, name: `${it.type ?? ""} ${name}`, seen: outlined || style.boxShadow !== "none"};
}"""

#: All that a keyboard should reach in an explorer, in the order of the page.
REACHABLE = """(name) => [...document.querySelectorAll(
  `section[data-explorer="${name}"] :is(input, select, textarea, summary, button, a[href], [tabindex="0"])`)]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest("details:not([open]) > :not(summary)"))
  .map(e => `${e.type ?? ""} ${e.dataset.control ?? e.dataset.sliderFor ?? e.dataset.action ?? e.tagName}`)"""

#: Everything that an explorer shows, to tell one state from another.
STATE = """(name) => {
  const section = document.querySelector(`section[data-explorer="${name}"]`);
  const told = what => section.querySelector(what)?.textContent.trim() ?? "";
  const shown = [...section.querySelectorAll("figure svg")].find(svg => svg.checkVisibility());
  return {
    engine: section.dataset.engine, busy: section.getAttribute("aria-busy"), status: told(".explorer-status"),
    error: section.querySelector(".explorer-error").hidden ? "" : told(".explorer-error"),
    stale: section.querySelector(".metrics").classList.contains("stale"),
    lags: section.querySelector("figure").classList.contains("stale"),
    metrics: Object.fromEntries([...section.querySelectorAll("output")].map(e => [e.dataset.metric, e.dataset.value])),
    controls: Object.fromEntries([...section.querySelectorAll("[data-control]")].map(
      e => [e.dataset.control, e.type === "checkbox" ? e.checked : e.value])),
    picture: shown?.innerHTML ?? "",
    table: [...section.querySelector("details table")?.rows ?? []]
      .map(row => [...row.cells].map(cell => cell.textContent.trim()).join("|")).join("\\n"),
  };
}"""

#: Whether figures have nothing left to do. One that refuses a move keeps numbers and picture of moves before, marked: the
#: picture may be the older of the two, for a move that comes soon stops the rows of the one before.
AT_REST = """(name) => [...document.querySelectorAll("section[data-explorer]")].every(section =>
  (name && section.dataset.explorer !== name) || (section.getAttribute("aria-busy") === "false"
    && !section.querySelector("fieldset").disabled
    && (!section.querySelector("figure.stale") || !section.querySelector(".explorer-error").hidden)))"""


#: Move one control after another; what is said to be wrong each time the figure is at rest again.
DRIVE = f"""async ([name, moves]) => {{
  const move = {MOVE};
  const section = document.querySelector(`section[data-explorer="${{name}}"]`);
  const atRest = {AT_REST};
  const told = [];
  for (const moved of moves) {{
    move([name, ...moved]);
    for (const until = Date.now() + 90_000; !atRest(name);) {{
      if (Date.now() > until) throw Error(`${{name}} is not at rest: ${{moved}}`);
      await new Promise(go => setTimeout(go, 5));
    }}
    const refused = !section.querySelector(".explorer-error").hidden;
    told.push({{ refused, stale: section.querySelector(".metrics").classList.contains("stale"), moved }});
  }}
  return told;
}}"""


class Figure:
    """One explorer of a page that is open in a tab."""

    def __init__(self, tab, name, controls=()):
        self.tab, self.name, self.controls = tab, name, controls
        self.section = tab.locator(f'section[data-explorer="{name}"]')

    def control(self, key):
        return self.section.locator(f'[data-control="{key}"]')

    def move(self, key, setting):
        self.tab.evaluate(MOVE, [self.name, key, setting])

    def drive(self, moves) -> list:
        """Make moves one after another, each (control, setting); what is wrong once each is answered."""
        return self.tab.evaluate(DRIVE, [self.name, list(moves)])

    def put(self, key, text):
        """Put a text into a box, as someone who types it and goes on."""
        self.control(key).fill(text)
        self.control(key).dispatch_event("change")

    def press(self, action):
        self.section.locator(f'[data-action="{action}"]').click()

    def unfold(self):
        """Open all that is folded: further controls, further numbers, the table."""
        self.section.evaluate("section => { for (const folded of section.querySelectorAll('details')) folded.open = true }")

    def rest(self, timeout=90_000):
        self.tab.wait_for_function(AT_REST, arg=self.name, timeout=timeout)

    def engine(self, state, timeout=90_000):
        self.section.and_(self.tab.locator(f'[data-engine="{state}"]')).wait_for(timeout=timeout)

    @property
    def state(self):
        return self.tab.evaluate(STATE, self.name)


def sentence(answer) -> str:
    """What the command line says is wrong."""
    assert answer.code == 2
    return re.sub(r"^moecalc: ", "", answer.err.strip())
